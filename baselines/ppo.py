"""PPO for a vision-language model that plays by answering: collect, advantages, loss, step.

    python -m baselines.ppo                                           the built-in tiny model learns the first task
    python -m baselines.ppo --config tiny-ezpoints --seed 1           another run of configs/
    python -m baselines.ppo --config llava-numberline --ppo.lr 2e-5   the same with a setting changed
    python -m baselines.ppo --resume out/tiny-numberline              go on where a run stopped
    accelerate launch -m baselines.ppo --config llava-numberline      every GPU of this machine

A run begins with SFT (baselines.sft), unless its folder holds a model that had it. All that is measured stands in
FOLDER/metrics.jsonl: "greedy" and "sampled" are evaluations on episodes that training never sees.
Method: Zhai et al. 2024 (arXiv 2405.10292), with PPO as in Schulman et al. 2017 (arXiv 1707.06347).
"""

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from baselines import sft
from baselines.checkpoint import list_checkpoints
from baselines.progress import check_wandb
from baselines.rollout import collect
from baselines.run import CHECKPOINTS, Run
from baselines.session import Stopper, read_train_config, start_accelerator, start_folder, write_folder
from baselines.settings import TrainConfig
from baselines.sharding import whole_weights
from vlm_gym.errors import ConfigError, VlmGymError
from vlm_gym.program import run as run_program


def main(arguments: Sequence[str] | None = None) -> None:
    """Run PPO from the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("baselines").setLevel(logging.INFO)
    try:
        config = read_train_config(sys.argv[1:] if arguments is None else arguments, __doc__ or "")
        with Stopper() as stopper:
            train(config, stopper)
    except VlmGymError as error:
        raise SystemExit(f"baselines.ppo: {error}") from error


def train(config: TrainConfig, stopper: Stopper) -> None:
    """Run SFT if need be, then PPO, from the start or from a checkpoint, to the end."""
    _check_folder(config)
    sft.check_folder(config)
    if config.wandb:
        check_wandb()
    accelerator = start_accelerator(config)
    start_folder(config, accelerator)
    run = Run.start(config, accelerator, sft.train(config, accelerator, stopper))
    done = run.resume(Path(config.resume)) if config.resume else run.begin()
    if config.resume:
        write_folder(config, accelerator)
    try:
        for update in range(done + 1, config.ppo.updates + 1):
            advance(run, update, stopper)
        run.finish()
    finally:
        run.close()


def advance(run: Run, update: int, stopper: Stopper) -> None:
    """Run one update: play, learn, report, keep. One that is stopped while it plays is not begun on disk."""
    settings, place, began = run.config.ppo, run.place(), time.monotonic()
    run.set_learning_rates(update)
    policy = run.learner.policy
    with whole_weights(policy.module, run.accelerator):
        rollout = collect(policy, run.seats, settings.turns, run.sampling, run.generator, stopper.is_stopping)
    if stopper.is_anyone_stopping(run.accelerator) or rollout is None:
        run.save(update - 1, place)
        stopper.exit(Path(run.config.folder))
    turns, episodes = rollout  # turns (T, N)
    collected = time.monotonic()
    done = run.learner.learn(turns, run.shuffling)
    seconds = {"collect": collected - began, "learn": time.monotonic() - collected}
    run.report(update, episodes, done, seconds)
    run.keep(update)


def _check_folder(config: TrainConfig) -> None:
    """Refuse to overwrite a run, and to go on with another one than that of the folder, whose SFT it would miss."""
    folder = Path(config.folder)
    if config.resume:
        place = Path(config.resume).resolve()
        if folder.resolve() not in (place, *place.parents[:2]):
            raise ConfigError(
                f"--resume {config.resume} goes on in that run's own folder, got --folder {folder}: leave it out, or "
                "copy the run and resume the copy"
            )
        return
    found = list_checkpoints(folder / CHECKPOINTS)
    if found:
        raise ConfigError(
            f"{folder} holds a run already, up to {found[-1].name}: go on with --resume {folder}, or choose another "
            "--folder"
        )


if __name__ == "__main__":
    sys.exit(run_program("baselines.ppo", main))
