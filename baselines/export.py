"""Turns a run's checkpoint into an ordinary Hugging Face directory: the model, or its adapter alone.

    python -m baselines.export --resume out/llava-numberline                     the newest checkpoint, merged;
                                                                                 of SFT if there was no PPO
    python -m baselines.export --resume out/llava-numberline/ppo/step-000020     that one
    python -m baselines.export --resume out/llava-numberline --adapter           a PEFT adapter of its first model
    python -m baselines.export --resume out/llava-numberline --push OWNER/NAME   the same, and to the Hugging Face Hub
    vlm-gym eval --agent hf:out/llava-numberline/model --panel cards-v0 --out runs/trained

It is written to FOLDER/model, the adapter to FOLDER/adapter, with vlm_gym.json, which says how the task was told:
`vlm-gym eval` tells it so again. The adapter is exact; merged weights in bf16 are rounded, and quantised ones cannot
take it in: a run with model.quantization is exported with --adapter. --push makes a private repository, unless it is
there, in the name of whoever has logged in.
"""

import json
import logging
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from baselines.checkpoint import disk_errors, find_checkpoint, read_checkpoint
from baselines.hub import create_repository, upload, write_card
from baselines.run import CHECKPOINTS
from baselines.session import read_train_config, start_accelerator, start_policy
from baselines.settings import TrainConfig
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.trained import Training, write_training
from vlm_gym.program import run as run_program

ADAPTER_FLAG: Final = "--adapter"
PUSH_FLAG: Final = "--push"
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Export from the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    given = list(sys.argv[1:] if arguments is None else arguments)
    is_adapter = ADAPTER_FLAG in given
    rest, name = _take_push([argument for argument in given if argument != ADAPTER_FLAG])
    config = read_train_config(rest, __doc__ or "")
    export(config, is_adapter=is_adapter, push=name)


def export(config: TrainConfig, *, is_adapter: bool, push: str | None = None) -> Path:
    """Write the checkpoint that `config.resume` names; return the directory. `push` is a name on the hub, OWNER/NAME.

    Raises:
        CheckpointError: if it cannot be read, or the disk is full.
        ConfigError: if there is none, or the run trained whole weights, which are not an adapter, or quantised ones,
            which cannot be merged; if one may not write to `push`.
        RunError: if the hub cannot be reached.
    """
    if config.resume is None:
        raise ConfigError("expected --resume with the folder of a run, or one of its checkpoints")
    if is_adapter and not config.model.rank:
        raise ConfigError(f"this run trained whole weights (model.rank 0), not an adapter: leave {ADAPTER_FLAG} out")
    if config.model.quantization and not is_adapter:
        raise ConfigError(f"quantised weights cannot take the adapter in: export it with {ADAPTER_FLAG}")
    place = Path(config.resume)
    found = find_checkpoint(place) or find_checkpoint(place / CHECKPOINTS)
    folder = Path(config.folder)
    start = folder / "sft" / "model"
    if found is None and not start.is_dir():
        raise ConfigError(f"{place} holds no checkpoint of PPO, and no model that SFT has made")
    if push is not None:
        create_repository(push)
    target = folder / ("adapter" if is_adapter else "model")
    exported = replace(config, model=replace(config.model, adapter_apart=is_adapter))
    policy = start_policy(exported, start_accelerator(config), start if start.is_dir() else None)
    if found is not None:  # else SFT was all
        policy.load_state_dict(read_checkpoint(found)["policy"].tensors)
    unfinished = target.with_name(f"{target.name}.unfinished")
    with disk_errors((found or start).parent, unfinished, "the model"):
        (policy.save_adapter if is_adapter else policy.save_pretrained)(str(unfinished))
        write_training(unfinished, training_of(config))
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    _log.info("%s is now %s", found or start, target)
    for command in how_to_measure(config, target):
        _log.info("%s", command)
    if push is not None:
        directory = Path(push.rpartition("/")[2])
        fetched = (f"hf download {push} --local-dir {directory}", *how_to_measure(config, directory))
        write_card(target, config, push, fetched)
        _log.info("%s is now at %s", target, upload(target, push))
    return target


def how_to_measure(config: TrainConfig, model: Path) -> tuple[str, ...]:
    """Return the commands that play the run's tasks with the model; how they are told is in the model's directory."""
    arguments = [f"--arg {shlex.quote(f'{name}={json.dumps(value)}')}" for name, value in config.task.arguments.items()]
    length = f"--max-tokens {config.sampling.max_new_tokens}"
    commands = []
    for place, task in enumerate(config.evaluated_tasks):
        folder = f"runs/{model.parent.name}{f'-{task.id}' if place else ''}"
        command = ["vlm-gym eval", f"--agent hf:{model}", f"--task {task.id}", *arguments, length]
        commands.append(" ".join([*command, f"--seed {config.evaluation.first_seed} --out {folder}"]))
    return tuple(commands)


def _take_push(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the arguments without --push, and what it says."""
    rest = list(arguments)
    for place, argument in enumerate(rest):
        flag, has_value, name = argument.partition("=")
        if flag == PUSH_FLAG:
            following = [name] if has_value else rest[place + 1 : place + 2]
            if not following or not following[0] or following[0].startswith("--"):
                raise ConfigError(f"{PUSH_FLAG} needs a name on the Hugging Face Hub, OWNER/NAME")
            return rest[:place] + rest[place + (1 if has_value else 2) :], following[0]
    return rest, None


def training_of(config: TrainConfig) -> Training:
    """Return what travels with the model: how it was told its task, which `vlm-gym eval` takes over."""
    arguments = dict(config.task.arguments)
    parser = arguments.pop("parser", "json")
    return Training(config.evaluated_tasks[0].full_id, arguments, parser, config.chat.settings)


if __name__ == "__main__":
    sys.exit(run_program("baselines.export", main))
