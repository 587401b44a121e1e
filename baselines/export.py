"""Turns a run's checkpoint into an ordinary Hugging Face directory, its adapters merged in.

    python -m baselines.export --resume out/llava-numberline                     the newest checkpoint
    python -m baselines.export --resume out/llava-numberline/ppo/step-000020     that one
    vlm-gym eval --agent hf:out/llava-numberline/model --panel cards-v0 --out runs/trained

It is written to FOLDER/model, with vlm_gym.json, which says how the task was told: `vlm-gym eval` tells it so again.
"""

import json
import logging
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from baselines.checkpoint import disk_errors, find_checkpoint, read_checkpoint
from baselines.run import CHECKPOINTS
from baselines.session import read_train_config, start_accelerator, start_policy
from baselines.settings import TrainConfig
from vlm_gym.errors import ConfigError, VlmGymError
from vlm_gym.evaluation.models.trained import Training, write_training
from vlm_gym.program import run as run_program

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Export from the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        config = read_train_config(sys.argv[1:] if arguments is None else arguments, __doc__ or "")
        if config.resume is None:
            raise ConfigError("expected --resume with the folder of a run, or one of its checkpoints")
        place = Path(config.resume)
        found = find_checkpoint(place) or find_checkpoint(place / CHECKPOINTS)
        if found is None:
            raise ConfigError(f"{place} holds no checkpoint of PPO")
        folder = Path(config.folder)
        start = folder / "sft" / "model"
        policy = start_policy(config, start_accelerator(config), start if start.is_dir() else None)
        policy.load_state_dict(read_checkpoint(found)["policy"].tensors)
        unfinished = folder / "model.unfinished"
        with disk_errors(found.parent, unfinished, "the model"):
            policy.save_pretrained(str(unfinished))
            write_training(unfinished, training_of(config))
            shutil.rmtree(folder / "model", ignore_errors=True)
            unfinished.rename(folder / "model")
        _log.info("%s is now %s", found, folder / "model")
        _log.info("%s", how_to_measure(config, folder / "model"))
    except VlmGymError as error:
        raise SystemExit(f"baselines.export: {error}") from error


def how_to_measure(config: TrainConfig, model: Path) -> str:
    """Return the command that plays the run's task with the model; how it is told is in the model's directory."""
    arguments = [f"--arg {shlex.quote(f'{name}={json.dumps(value)}')}" for name, value in config.task.arguments.items()]
    length = f"--max-tokens {config.sampling.max_new_tokens}"
    command = ["vlm-gym eval", f"--agent hf:{model}", f"--task {config.evaluated_task.id}", *arguments, length]
    return " ".join([*command, f"--seed {config.evaluation.first_seed} --out runs/{model.parent.name}"])


def training_of(config: TrainConfig) -> Training:
    """Return what travels with the model: how it was told its task, which `vlm-gym eval` takes over."""
    arguments = dict(config.task.arguments)
    parser = arguments.pop("parser", "json")
    return Training(config.evaluated_task.full_id, arguments, parser, config.chat.settings)


if __name__ == "__main__":
    sys.exit(run_program("baselines.export", main))
