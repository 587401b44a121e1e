"""What both scripts start with: processes and devices, signals, the run's folder, its policy."""

import logging
import os
import signal
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, NoReturn

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs
from transformers.utils.logging import disable_progress_bar

from baselines.config import FILE_NAME, read_config, write_config
from baselines.models.loading import load_policy
from baselines.models.model_config import TINY
from baselines.models.vlm import VlmPolicy
from baselines.settings import TrainConfig
from vlm_gym.errors import ConfigError
from vlm_gym.files import write_whole
from vlm_gym.parsers import find_parser

ADAPTER_FILE: Final = "adapter_config.json"  # of a PEFT adapter
DEFAULT_CONFIG: Final = "tiny-numberline"
SECOND_SIGNAL_S: Final = 2.0
TIMEOUT: Final = timedelta(hours=2)  # of waiting for another process, which may have the longer episodes to play
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


def read_train_config(arguments: Sequence[str], usage: str) -> TrainConfig:
    """Read the command line of a script."""
    return read_config(TrainConfig, arguments, usage=usage, default=DEFAULT_CONFIG)


def start_accelerator(config: TrainConfig) -> Accelerator:
    """Join the other processes of this run, if there are any.

    Raises:
        ConfigError: if another number of processes was started, a batch cannot be divided among them, or no GPU is
            there where one was asked for.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device='cuda', but PyTorch sees no GPU here: check its build and driver, or --device cpu")
    if config.model.name == TINY:
        disable_progress_bar()  # it is there at once
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    # Buffers never change here; sending them with every forward would make ranks wait for each other in rollouts.
    warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")  # accelerate knows no other name
    plain = DistributedDataParallelKwargs(broadcast_buffers=False)
    patient = InitProcessGroupKwargs(timeout=TIMEOUT)
    is_cpu = config.device == "cpu" or not torch.cuda.is_available()
    accelerator = Accelerator(cpu=is_cpu, kwargs_handlers=[plain, patient])
    wanted = config.processes or int(os.environ.get("WORLD_SIZE", "1"))
    if accelerator.num_processes != wanted:
        raise ConfigError(
            f"expected {wanted} processes, got {accelerator.num_processes}: `accelerate launch --cpu` starts only one; "
            "use ACCELERATE_USE_CPU=true torchrun --nproc-per-node N -m baselines.ppo"
        )
    for name, size in (("sft.batch", config.sft.batch), ("ppo.minibatch", config.ppo.minibatch)):
        if size % accelerator.num_processes:
            raise ConfigError(f"{name} must be a multiple of the {accelerator.num_processes} processes, got {size}")
    return accelerator


def start_policy(config: TrainConfig, accelerator: Accelerator, start: Path | None) -> VlmPolicy:
    """Load the model, or what SFT made of it in `start`."""
    model = config.model
    if start is not None and (start / ADAPTER_FILE).is_file():
        model = replace(model, adapter=str(start))
    elif start is not None:
        model = replace(model, name=str(start))
    parser = find_parser(config.task.arguments.get("parser", "json"))
    return load_policy(
        model,
        device=accelerator.device,
        seed=config.seed,
        parser=parser,
        num_prompts=config.num_prompts,
        has_values=config.ppo.advantages == "gae",
    )


def start_folder(config: TrainConfig, accelerator: Accelerator) -> None:
    """Make the folder of a new run and write the configuration into it; a run that goes on has one that is its own."""
    if not config.resume:
        write_folder(config, accelerator)
    accelerator.wait_for_everyone()


def write_folder(config: TrainConfig, accelerator: Accelerator) -> None:
    """Write the configuration into the run's folder.

    Raises:
        ConfigError: if it cannot be written there.
    """
    if not accelerator.is_main_process:
        return
    folder = Path(config.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = write_config(replace(config, resume=None))
        write_whole(folder / FILE_NAME, lambda draft: draft.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--folder {folder} cannot be written ({error.strerror}): choose another one") from error


class Stopper:
    """Notices SIGTERM and SIGINT, so that a run can write a checkpoint first. The second signal kills as usual.

    Within SECOND_SIGNAL_S it is the first one again, which a launcher has sent on.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._noticed = 0.0

    def __enter__(self) -> "Stopper":
        self._before: dict[int, Any] = {number: signal.signal(number, self._notice) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_stopping(self) -> bool:
        """Whether this process was told to stop."""
        return self.signal is not None

    def is_anyone_stopping(self, accelerator: Accelerator) -> bool:
        """Whether any process was told to stop; all of them ask this together."""
        mine = torch.tensor([float(self.is_stopping())], device=accelerator.device)
        return bool(accelerator.gather(mine).sum().item())

    def exit(self, folder: Path) -> NoReturn:
        """Leave, after the checkpoint has been written."""
        number = self.signal or signal.SIGTERM
        _log.warning("stopped by %s; go on with --resume %s", signal.Signals(number).name, folder)
        raise SystemExit(128 + number)

    def _notice(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the signature of a handler
        if self.signal is None:
            self.signal, self._noticed = number, time.monotonic()
            _log.warning(
                "%s: the run stops after a checkpoint; once more stops it at once", signal.Signals(number).name
            )
        elif time.monotonic() - self._noticed >= SECOND_SIGNAL_S:
            signal.signal(number, self._before[number])
            signal.raise_signal(number)
