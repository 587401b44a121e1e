"""Compare the cost of training with that of the published scheme: same model, same turns, same epochs, one process.

    python -m benchmarks.training_speed                        the tiny model on NumberLine, 32 environments
    python -m benchmarks.training_speed --config tiny-ezpoints --envs 64 --repeats 5

Both start from the same SFT. "Rollout" is playing, and the log-probs and values of what was said; "update" is all
epochs. CPU seconds of one thread, so that other programs on the machine count little; the schemes take turns, and
medians count.
"""

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch
from accelerate import Accelerator

from baselines import sft
from baselines.batch import flatten
from baselines.learner import Learner
from baselines.models.policy import Prompt
from baselines.ppo import assess, improve
from baselines.rollout import Sampling, Seat, collect, make_rollout, training_episodes
from baselines.session import Stopper, read_train_config, start_accelerator, start_folder, start_policy
from baselines.settings import TrainConfig
from benchmarks.published_scheme import PublishedScheme

GOALS = {"rollout": 8.0, "update": 2.5, "end to end": 4.0}


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        config = configure(options, folder)
        accelerator = start_accelerator(config)
        start_folder(config, accelerator)
        start = sft.train(config, accelerator, Stopper())
        published = measure_published(config, accelerator, start, options.turns)
        ours = measure_ours(config, accelerator, start)
        times = [(published(), ours()) for _ in range(options.repeats + 1)][1:]  # the first round warms up
    print_table(config, times)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="tiny-numberline", help="of baselines/configs (default: %(default)s)")
    parser.add_argument("--envs", type=int, default=32, help="environments of ours (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=4, help="of both (default: %(default)s)")
    parser.add_argument("--max-new-tokens", type=int, default=64, help="the published scheme pads to twice as many")
    parser.add_argument("--turns", type=int, default=64, help="turns of the published scheme (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="after a first round (default: %(default)s)")
    return parser.parse_args()


def configure(options: argparse.Namespace, folder: str) -> TrainConfig:
    config = read_train_config(["--config", options.config, "--folder", folder, "--threads", "1"], "")
    return replace(
        config,
        task=replace(config.task, num_envs=options.envs),
        sampling=replace(config.sampling, max_new_tokens=options.max_new_tokens),
        ppo=replace(config.ppo, epochs=options.epochs, turns=8, minibatch=64, microbatch=64),
    )


Measure = Callable[[], dict[str, float]]
"""Runs one update and returns CPU seconds per turn, by part."""


def measure_published(config: TrainConfig, accelerator: Accelerator, start: Path | None, num_turns: int) -> Measure:
    policy = start_policy(config, accelerator, start)
    optimizer = torch.optim.AdamW(policy.parameter_groups(lr=0.0, value_lr=0.0))
    scheme = PublishedScheme(policy, config.sampling.max_new_tokens, config.sampling.temperature)
    rollout = make_rollout(config.chat.settings)

    def run() -> dict[str, float]:
        torch.manual_seed(0)
        began = time.process_time()
        samples, seed, is_over = [], 0, True
        for _ in range(num_turns):
            if is_over:
                seed += 1
                rollout.start(config.task.episode(seed))
            text, sample = scheme.act(Prompt(rollout.messages()))
            samples.append(sample)
            is_over = rollout.answer(text).is_over
        played = time.process_time()
        scheme.learn(samples, optimizer, epochs=config.ppo.epochs, minibatch=config.ppo.minibatch)
        return per_turn(num_turns, began, played, time.process_time(), sum(sample.length for sample in samples))

    return run


def measure_ours(config: TrainConfig, accelerator: Accelerator, start: Path | None) -> Measure:
    policy = start_policy(config, accelerator, start)
    optimizer = torch.optim.AdamW(policy.parameter_groups(lr=0.0, value_lr=0.0))
    learner = Learner(policy, optimizer, config.ppo, config.sampling.temperature, accelerator, Path(config.folder))
    seats = [
        Seat(make_rollout(config.chat.settings), training_episodes(config.task, config.seed, 0, number))
        for number in range(config.task.num_envs)
    ]
    sampling = Sampling(config.sampling.max_new_tokens, config.sampling.temperature)
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)

    def run() -> dict[str, float]:
        began = time.process_time()
        rollout = collect(policy, seats, config.ppo.turns, sampling, generator)
        assert rollout is not None
        flat = flatten(rollout[0])
        epochs = learner.plan(rollout[0], rng)
        batch = assess(learner, rollout[0], epochs[0])
        played = time.process_time()
        improve(learner, batch, epochs)
        return per_turn(len(flat), began, played, time.process_time(), sum(len(turn.answer.tokens) for turn in flat))

    return run


def per_turn(num_turns: int, began: float, played: float, ended: float, num_tokens: int) -> dict[str, float]:
    return {
        "rollout": (played - began) / num_turns,
        "update": (ended - played) / num_turns,
        "end to end": (ended - began) / num_turns,
        "tokens": num_tokens / num_turns,
    }


def print_table(config: TrainConfig, times: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    print(
        f"{config.task.id}, model {config.model.name}, rank {config.model.rank}, {config.task.num_envs} environments,"
    )
    print(f"{config.ppo.epochs} epochs, one thread, {platform.machine()}, torch {torch.__version__}\n")
    print("| CPU-ms per turn | published scheme | ours | ratio (of the medians) | lowest to highest | goal |")
    print("|---|---|---|---|---|---|")
    for part, goal in GOALS.items():
        theirs, own = (median(pair[i][part] for pair in times) for i in (0, 1))
        ratios = [pair[0][part] / pair[1][part] for pair in times]
        spread = f"{min(ratios):.1f}-{max(ratios):.1f}"
        print(f"| {part} | {1000 * theirs:.1f} | {1000 * own:.1f} | {theirs / own:.1f} | {spread} | {goal:g} |")
    tokens = [median(pair[i]["tokens"] for pair in times) for i in (0, 1)]
    print(f"| tokens of an answer | {tokens[0]:.1f} | {tokens[1]:.1f} | | | |")


if __name__ == "__main__":
    main()
