"""Supervised fine-tuning: a model learns the form of an answer, and PPO the rest.

    python -m baselines.sft                                               the built-in tiny model, the first task
    python -m baselines.sft --config llava-numberline --sft.data data/    answers made by `vlm-gym collect`
    python -m baselines.sft --sft.actions oracle --sft.steps 500          imitate the oracle instead
    python -m baselines.sft --resume out/tiny-numberline                  go on where a run stopped

By default the answers have the right form, say what the picture shows, and play at random: so everything that the model
reaches later is PPO's work, not the oracle's. What comes out is FOLDER/sft/model, where `baselines.ppo` starts from.
"""

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
import yaml
from accelerate import Accelerator

from baselines.batch import length
from baselines.checkpoint import (
    Part,
    disk_errors,
    find_checkpoint,
    pack_optimizer,
    read_checkpoint,
    unpack_optimizer,
    write_checkpoint,
)
from baselines.config import write_config
from baselines.learner import NotFiniteError
from baselines.lessons import FOLDER, Lessons
from baselines.losses import answer_loss
from baselines.models.memory import TRAINING_ADVICE, memory_advice
from baselines.models.vlm import VlmPolicy
from baselines.progress import append_metrics, keep_metrics
from baselines.session import (
    Stopper,
    read_train_config,
    start_accelerator,
    start_folder,
    start_policy,
    write_folder,
)
from baselines.settings import SftConfig, TrainConfig
from baselines.sharding import microbatch, prepare, whole, whole_state, whole_weights
from vlm_gym.errors import ConfigError
from vlm_gym.files import write_whole
from vlm_gym.program import run as run_program

BETAS: Final = (0.9, 0.98)
DECAY_PARTS: Final = 3
TOLD_EVERY: Final = 50  # steps
MADE_BY: Final = "made_by.yaml"
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run SFT from the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    config = read_train_config(sys.argv[1:] if arguments is None else arguments, __doc__ or "")
    with Stopper() as stopper:
        check_folder(config)
        accelerator = start_accelerator(config)
        start_folder(config, accelerator)
        train(config, accelerator, stopper)
        if config.resume:
            write_folder(config, accelerator)


def train(config: TrainConfig, accelerator: Accelerator, stopper: Stopper) -> Path | None:
    """Run SFT, or take what an earlier run of it left; return the model's folder, None if the config leaves SFT out."""
    folder = Path(config.folder) / FOLDER
    model = folder / "model"
    if model.is_dir():
        if accelerator.is_main_process:
            _log.info("SFT has been done: %s", model)
        return model
    if not config.sft.steps:
        return None
    if accelerator.is_main_process:
        with disk_errors(folder, folder / f"{MADE_BY}.unfinished", "the settings of SFT"):
            folder.mkdir(exist_ok=True)
            text = yaml.safe_dump(_made_by(config))
            write_whole(folder / MADE_BY, lambda draft: draft.write_text(text, encoding="utf-8"))
    rank = config.model.rank if config.sft.rank is None else config.sft.rank
    policy = start_policy(replace(config, model=replace(config.model, rank=rank)), accelerator, None)
    optimizer = torch.optim.AdamW(
        policy.parameter_groups(lr=config.sft.lr, value_lr=0.0), betas=BETAS, weight_decay=config.sft.weight_decay
    )
    policy.module, optimizer = prepare(policy.module, optimizer, accelerator)
    first = _resume(folder, policy, optimizer)
    started = time.process_time()
    lessons = Lessons(config)
    if accelerator.is_main_process:
        kept = keep_metrics(folder, "step", first)
        started -= max((line["cpu_seconds"] for line in kept if "cpu_seconds" in line), default=0.0)
        _log.info("SFT: %d answers, %d steps", len(lessons), config.sft.steps)
    for step in range(first, config.sft.steps):
        lessons.go_to(step, policy, accelerator, done=first)
        loss = _step(policy, optimizer, lessons, step, config, accelerator)
        is_told = (step + 1) % TOLD_EVERY == 0 or step + 1 == config.sft.steps
        if is_told and accelerator.is_main_process:
            seconds = time.process_time() - started
            append_metrics(folder, {"step": step + 1, "loss": loss, "cpu_seconds": seconds})
            _log.info("SFT step %d/%d  loss %.3f  %.0f CPU-s", step + 1, config.sft.steps, loss, seconds)
        is_stopping = stopper.is_anyone_stopping(accelerator)
        if is_stopping or (step + 1) % config.sft.checkpoint_every == 0:
            parts = {"policy": Part(whole_state(policy, accelerator)), "optimizer": pack_optimizer(optimizer)}
            write_checkpoint(folder, step + 1, parts if accelerator.is_main_process else {}, accelerator, keep=1)
        if is_stopping:
            stopper.exit(Path(config.folder))
    with whole_weights(policy.module, accelerator):
        if accelerator.is_main_process:
            _export(policy, folder)
        accelerator.wait_for_everyone()
    accelerator.free_memory()
    return model


def check_folder(config: TrainConfig) -> None:
    """Refuse to take, or to go on with, what SFT made with other settings than these.

    Raises:
        ConfigError: it names the settings that differ.
    """
    folder = Path(config.folder) / FOLDER
    if not (folder / MADE_BY).is_file():
        return
    before, now = yaml.safe_load((folder / MADE_BY).read_text(encoding="utf-8")), _made_by(config)
    both = [name for name in now if name in before]  # a setting may be newer than the folder
    different = [f"{name} was {before[name]!r}, now {now[name]!r}" for name in both if before[name] != now[name]]
    if different:
        raise ConfigError(
            f"{folder} was made with other settings ({'; '.join(different)}): choose another --folder, or remove "
            "that one"
        )


def _made_by(config: TrainConfig) -> dict[str, Any]:
    """Return the settings on which SFT's model depends, by name; the seed is none, so that runs may share a model."""
    plain = yaml.safe_load(write_config(config))
    names = {
        "task": ("id", "arguments"),
        "chat": tuple(plain["chat"]),
        "model": ("name", "layers", "added_share", "adapter", "parts", "rank"),
    }
    names["sft"] = tuple(name for name in plain["sft"] if name not in ("microbatch", "checkpoint_every"))
    found = {f"{section}.{name}": plain[section][name] for section in names for name in names[section]}
    if config.sft.rank is not None:
        del found["model.rank"]
    return found


def lr_share(config: SftConfig, step: int) -> float:
    """Return the share of the learning rate in a step, counted from 0: up, level, and down over the last third."""
    up = (step + 1) / max(1, config.warmup)
    down = DECAY_PARTS * (1 - step / config.steps)
    return min(1.0, up, down)


@memory_advice(TRAINING_ADVICE)
def _step(
    policy: VlmPolicy,
    optimizer: torch.optim.Optimizer,
    lessons: Lessons,
    step: int,
    config: TrainConfig,
    accelerator: Accelerator,
) -> float:
    """Take one optimizer step on answers that the seed and the step's number choose; return the loss."""
    settings = config.sft
    chosen = [lessons[number] for number in lessons.chosen(step)]
    answers = [policy.write(one.text) for one in chosen]
    num_tokens = sum(len(answer.tokens) for answer in answers)
    rank, world = accelerator.process_index, accelerator.num_processes
    pairs = [(one.prompt, answer) for one, answer in zip(chosen, answers, strict=True)]
    mine = sorted(pairs[rank::world], key=lambda pair: length(*pair))  # a microbatch is padded to its longest
    for group in optimizer.param_groups:
        group["lr"] = settings.lr * lr_share(settings, step)
    total = 0.0
    for place in range(0, len(mine), settings.microbatch):
        part = mine[place : place + settings.microbatch]
        is_last = place + settings.microbatch >= len(mine)
        with microbatch(policy.module, accelerator, is_last=is_last):
            found = policy.evaluate(*zip(*part, strict=True), temperature=1.0)
            share = found.mask.sum() * world / num_tokens  # gradients are averaged over the processes
            # DDP wants a gradient for every parameter, the value head's too.
            loss = share * answer_loss(found.logp, found.mask) + 0.0 * found.value.sum()
            accelerator.backward(loss)
        total += loss.item()
    norm = whole({"norm": accelerator.clip_grad_norm_(policy.module.parameters(), settings.max_grad_norm)})["norm"]
    if not torch.isfinite(norm):
        raise NotFiniteError(
            f"the gradient of SFT's step {step + 1} is {norm.item()}: a smaller --sft.lr may help, or "
            "--model.precision float32"
        )
    optimizer.step()
    optimizer.zero_grad()
    return total


def _resume(folder: Path, policy: VlmPolicy, optimizer: torch.optim.Optimizer) -> int:
    """Go on from the newest checkpoint, if there is one; return the number of steps done."""
    place = find_checkpoint(folder)
    if place is None:
        return 0
    parts = read_checkpoint(place)
    policy.load_state_dict(parts["policy"].tensors)
    unpack_optimizer(optimizer, parts["optimizer"])
    return int(place.name.removeprefix("step-"))


def _export(policy: VlmPolicy, folder: Path) -> None:
    """Write the adapter, or without one the model, whole or not at all."""
    unfinished = folder / "model.unfinished"
    with disk_errors(folder, unfinished, "what SFT made"):
        if policy.peft:
            policy.save_adapter(str(unfinished))
        else:
            policy.save_pretrained(str(unfinished))
        unfinished.rename(folder / "model")


if __name__ == "__main__":
    sys.exit(run_program("baselines.sft", main))
