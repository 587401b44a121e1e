"""Measure rollouts and updates at 7B on one GPU, beside the published scheme: random weights, real shapes, no download.

    python -m benchmarks.training_gpu --model llava-1.6-7b                    all of it, some minutes on an H200
    python -m benchmarks.training_gpu --model qwen2.5-vl-7b --envs 32 64 --new-tokens 128 --static-cache
    python -m benchmarks.training_gpu --model qwen2.5-vl-7b --checkpointing --microbatch 16   less memory
    python -m benchmarks.training_gpu --model llava-1.6-7b --tiny --device cpu --envs 2 --new-tokens 8     tries it out

NumberLine at 300 pixels with its own prompt; LoRA of rank 128 on all parts, as in the paper. With random weights an
answer runs to its full length. A "turn" is one answer of one environment; an update is measured with one epoch, whose
seconds are multiplied by --epochs. MFU counts the operations of a forward pass as torch does, twice (the backward pass
through frozen weights costs another forward; the adapters' own gradients and recomputation are left out).
"""

import argparse
import gc
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from accelerate import Accelerator
from torch.utils.flop_counter import FlopCounterMode

from baselines.batch import Batch, Minibatch, flatten
from baselines.learner import Learner
from baselines.models.memory import OutOfMemoryError
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Prompt
from baselines.models.vlm import VlmPolicy
from baselines.ppo import assess, improve
from baselines.rollout import Sampling, Seat, Turn, collect, make_rollout, training_episodes
from baselines.session import read_train_config
from baselines.settings import PpoConfig, TaskConfig
from benchmarks.large_models import MODELS, build
from benchmarks.published_scheme import PublishedScheme, Sample
from vlm_gym.parsers import PARSERS

PEAK_TFLOPS = {"H200": 989.0, "H100": 989.0, "A100": 312.0, "L40S": 362.0}  # dense bfloat16
TASK = TaskConfig("NumberLine-v0", {"image_size": 300})
CONFIGS = {
    "llava-1.6-7b": "llava-numberline",
    "qwen2.5-vl-7b": "qwen2.5-vl-numberline",
    "qwen2.5-vl-3b": "qwen2.5-vl-3b-numberline",
    "qwen3-vl-8b": "qwen3-vl-numberline",
}
MINIBATCH = 128  # turns of an optimizer step, as in the paper


@dataclass(frozen=True)
class Row:
    """What one setting reached; a number that was not measured is NaN."""

    scheme: str
    new_tokens: int
    turns_per_s: float
    tokens_per_s: float
    rollout_s: float  # a turn, log-probs and value included
    update_s: float  # a turn, all epochs
    gibibytes: float
    mfu: float


def main() -> None:
    options = parse()
    device = torch.device(options.device)
    policy = load(options, device)
    describe(options, policy)
    rows = [row for new_tokens in options.new_tokens for row in measure(options, policy, new_tokens)]
    print_table(rows)
    if options.clipping:
        measure_clipping(options, policy)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(MODELS), required=True)
    parser.add_argument("--envs", type=int, nargs="+", default=[32, 64], help="(default: 32 64)")
    parser.add_argument("--new-tokens", type=int, nargs="+", default=[128, 256], help="(default: 128 256)")
    parser.add_argument("--turns", type=int, default=2, help="of each environment (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--microbatch", type=int, default=8, help="turns of a forward (default: %(default)s)")
    parser.add_argument("--published-turns", type=int, default=4, help="of the published scheme; 0 leaves it out")
    parser.add_argument("--checkpointing", action="store_true", help="recompute activations: less memory, slower")
    parser.add_argument("--static-cache", action="store_true", help="compiled decoding with a static cache")
    parser.add_argument("--clipping", action="store_true", help="also the clipped share of each epoch of an update")
    parser.add_argument("--frozen-vision", action="store_true", help="train projector and language model only")
    parser.add_argument("--peak-tflops", type=float, help="of the device in bfloat16, where it is not known here")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="the same with narrow, shallow models: to try it out")
    return parser.parse_args()


def load(options: argparse.Namespace, device: torch.device) -> VlmPolicy:
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    model, processor = build(options.model, device, dtype, is_tiny=options.tiny, texts=[start_prompt().question.text])
    config = ModelConfig(
        name=options.model,
        rank=128,
        alpha=256,
        parts=("projector", "language") if options.frozen_vision else ("vision", "projector", "language"),
        checkpointing=options.checkpointing,
        static_cache=options.static_cache,
    )
    return VlmPolicy(model, processor, config, PARSERS["json"])


def describe(options: argparse.Namespace, policy: VlmPolicy) -> None:
    inputs, _ = policy.module.encode([start_prompt()])
    token = policy.model.config.image_token_id
    num_tokens, num_image = inputs["input_ids"].shape[1], int((inputs["input_ids"] == token).sum())
    billions = sum(parameter.numel() for parameter in policy.model.parameters()) / 1e9
    device = torch.cuda.get_device_name() if options.device == "cuda" else platform.machine()
    print(f"{options.model}{' (tiny)' if options.tiny else ''}: {billions:.2f} billion parameters, adapters included;")
    print(f"a prompt has {num_tokens} tokens, {num_image} of them the picture")
    print(f"{device}, torch {torch.__version__}, {policy.model.dtype}, microbatch {options.microbatch}")
    print(f"checkpointing {options.checkpointing}, static cache {options.static_cache}\n", flush=True)


def measure(options: argparse.Namespace, policy: VlmPolicy, new_tokens: int) -> Iterator[Row]:
    if options.published_turns:
        yield measure_published(options, policy, new_tokens)
    for num_envs in options.envs:
        try:
            yield measure_ours(options, policy, new_tokens, num_envs)
        except (OutOfMemoryError, torch.OutOfMemoryError) as error:
            print(f"{num_envs} environments, {new_tokens} tokens: {error}", flush=True)
        gc.collect()


def measure_published(options: argparse.Namespace, policy: VlmPolicy, new_tokens: int) -> Row:
    scheme = PublishedScheme(policy, new_tokens, temperature=1.0)
    clock = Clock(options.device)
    prompt = start_prompt()
    scheme.act(prompt)  # warms up
    with clock.running("rollout"):
        samples: list[Sample] = [scheme.act(prompt)[1] for _ in range(options.published_turns)]
    optimizer = torch.optim.AdamW(policy.parameter_groups(lr=0.0, value_lr=0.0))
    scheme.learn(samples[:1], optimizer, epochs=1, minibatch=MINIBATCH)
    with clock.running("update"):
        scheme.learn(samples, optimizer, epochs=1, minibatch=MINIBATCH)
    num_tokens = sum(sample.length for sample in samples)
    return clock.row("published, batch 1", new_tokens, len(samples), num_tokens, options.epochs, float("nan"))


def measure_ours(options: argparse.Namespace, policy: VlmPolicy, new_tokens: int, num_envs: int) -> Row:
    clock, rng = Clock(options.device), np.random.default_rng(0)
    config = PpoConfig(turns=options.turns, minibatch=MINIBATCH, microbatch=options.microbatch, epochs=1)
    optimizer = torch.optim.AdamW(policy.parameter_groups(lr=0.0, value_lr=0.0))
    accelerator = Accelerator(cpu=options.device == "cpu")
    learner = Learner(policy, optimizer, config, 1.0, accelerator, Path("out/training_gpu"))
    seats = [Seat(make_rollout(), training_episodes(TASK, 0, 0, number)) for number in range(num_envs)]
    sampling, generator = Sampling(new_tokens, 1.0), torch.Generator().manual_seed(0)
    collect(policy, seats, 1, sampling, generator)  # warms up, and compiles
    with clock.running("rollout"):
        rollout = collect(policy, seats, options.turns, sampling, generator)
        assert rollout is not None
        turns = rollout[0]
    flat = flatten(turns)
    epoch = learner.plan(turns, rng)[0]
    with clock.running("rollout"):
        batch = assess(learner, turns, epoch)
    improve(learner, batch, [warm_up(epoch)])
    with clock.running("update"):
        improve(learner, batch, [epoch])
    num_tokens = sum(len(turn.answer.tokens) for turn in flat)
    operations = 2 * count_operations(policy, batch, epoch, flat)
    mfu = operations / clock.seconds["update"] / (peak_tflops(options) * 1e12)
    return clock.row(f"{num_envs} environments", new_tokens, len(flat), num_tokens, options.epochs, mfu)


def measure_clipping(options: argparse.Namespace, policy: VlmPolicy) -> None:
    """Take the steps of one update of the model's configuration, on advantages at random, and print each epoch's.

    Without training every ratio is 1, in bf16 too: what is clipped has been moved by the steps before.
    """
    config = read_train_config(["--config", CONFIGS[options.model]], "")
    small = {"epochs": options.epochs, "minibatch": min(MINIBATCH, options.envs[-1]), "microbatch": options.microbatch}
    settings = replace(config.ppo, **small)
    groups = policy.parameter_groups(lr=settings.lr, value_lr=settings.value_lr)
    optimizer = torch.optim.AdamW(groups, betas=settings.betas, eps=settings.epsilon, weight_decay=0.0)
    temperature, accelerator = config.sampling.temperature, Accelerator(cpu=options.device == "cpu")
    learner = Learner(policy, optimizer, settings, temperature, accelerator, Path("out/training_gpu"))
    seats = [Seat(make_rollout(), training_episodes(TASK, 0, 1, number)) for number in range(options.envs[-1])]
    sampling, generator = Sampling(options.new_tokens[0], temperature), torch.Generator().manual_seed(0)
    rollout = collect(policy, seats, options.turns, sampling, generator)
    assert rollout is not None
    epochs = learner.plan(rollout[0], np.random.default_rng(0))
    batch = assess(learner, rollout[0], epochs[0])
    advantages = torch.randn(len(batch.advantages), generator=torch.Generator().manual_seed(0))
    print(
        f"\nOne update of {CONFIGS[options.model]}: {len(advantages)} turns, lr {settings.lr:g}, clip {settings.clip:g}"
    )
    print("| epoch | clipped % | KL from the old policy |\n|---|---|---|")
    for number, steps in enumerate(improve(learner, replace(batch, advantages=advantages), epochs), start=1):
        clipped, divergence = (fmean(getattr(step, name) for step in steps) for name in ("clipped_share", "divergence"))
        print(f"| {number} | {100 * clipped:.1f} | {divergence:.2g} |", flush=True)


def warm_up(epoch: Sequence[Minibatch]) -> list[Minibatch]:
    """Return an epoch of one microbatch."""
    return [(epoch[0][0],)]


def count_operations(policy: VlmPolicy, batch: Batch, epoch: Sequence[Minibatch], turns: Sequence[Turn]) -> float:
    """Return the operations of one forward pass over all turns, from one microbatch of them."""
    numbers = epoch[0][0]
    part = batch.select(numbers)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        policy.evaluate(part.prompts, part.answers, temperature=1.0)
    return float(counter.get_total_flops()) * len(turns) / len(numbers)


def start_prompt() -> Prompt:
    return Prompt(make_rollout().start(TASK.episode(0)).news)


def peak_tflops(options: argparse.Namespace) -> float:
    if options.peak_tflops or options.device == "cpu":
        return options.peak_tflops or float("nan")
    name = torch.cuda.get_device_name()
    return next((peak for part, peak in PEAK_TFLOPS.items() if part in name), float("nan"))


class Clock:
    """Adds up the seconds of rollout and update, and sees the peak memory of a device."""

    def __init__(self, device: str) -> None:
        self.is_cuda = device != "cpu"
        self.seconds = {"rollout": 0.0, "update": 0.0}
        if self.is_cuda:
            torch.cuda.reset_peak_memory_stats()

    @contextmanager
    def running(self, part: str) -> Iterator[None]:
        """Add the seconds of what is in the block."""
        self._wait()
        began = time.monotonic()
        yield
        self._wait()
        self.seconds[part] += time.monotonic() - began

    def row(self, scheme: str, new_tokens: int, num_turns: int, num_tokens: int, epochs: int, mfu: float) -> Row:
        """Return what was measured, for one turn; of an update one epoch was."""
        rollout, update = self.seconds["rollout"], self.seconds["update"]
        return Row(
            scheme=scheme,
            new_tokens=new_tokens,
            turns_per_s=num_turns / rollout,
            tokens_per_s=num_tokens / rollout,
            rollout_s=rollout / num_turns,
            update_s=epochs * update / num_turns,
            gibibytes=torch.cuda.max_memory_allocated() / 2**30 if self.is_cuda else float("nan"),
            mfu=mfu,
        )

    def _wait(self) -> None:
        if self.is_cuda:
            torch.cuda.synchronize()


def print_table(rows: Sequence[Row]) -> None:
    heads = ("scheme", "new tokens", "turns/s in rollouts", "tokens/s", "s per turn: rollout", "update", "both")
    print(f"| {' | '.join(heads)} | times faster | peak GiB | MFU of the update |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    first = {}
    for row in rows:
        base = first.setdefault(row.new_tokens, row)
        faster = (base.rollout_s + base.update_s) / (row.rollout_s + row.update_s)
        print(
            f"| {row.scheme} | {row.new_tokens} | {row.turns_per_s:.2f} | {row.tokens_per_s:.0f} | {row.rollout_s:.3f} "
            f"| {row.update_s:.3f} | {row.rollout_s + row.update_s:.3f} "
            f"| {base.rollout_s / row.rollout_s:.1f} in rollouts, {faster:.1f} in all "
            f"| {row.gibibytes:.1f} | {100 * row.mfu:.0f} % |"
        )


if __name__ == "__main__":
    main()
