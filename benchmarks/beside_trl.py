"""Train the tiny model on NumberLine with PPO and with TRL's GRPOTrainer: the same SFT model, task and adapters.

    python -m venv ENV && ENV/bin/pip install 'torch==2.13.0' '.[train,trl]'
    ENV/bin/python -m benchmarks.beside_trl                                    three seeds, each side in turn
    ENV/bin/python -m benchmarks.beside_trl --seeds 11 --sides trl --lr 5e-4   to tune a setting of TRL's

TRL trains on single turns, what suits it best: a row is a start of the task, its reward what the turn pays, and eight
answers to it are a group. Ours plays whole episodes, of `tiny-numberline` as it is. Both learn from as many turns. Of
each side the CPU seconds of one thread are counted for playing and learning; importing, SFT, and the evaluations, which
are the same for both, are not.
"""

import argparse
import copy
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from PIL import Image

from baselines import sft
from baselines.evaluate import Score, evaluate
from baselines.models.model_config import ModelConfig
from baselines.models.vlm import VlmPolicy
from baselines.ppo import learn
from baselines.rollout import Sampling, Seat, make_rollout, training_episodes
from baselines.run import Run, evaluation_starts
from baselines.session import Stopper, read_train_config, start_accelerator, start_folder, start_policy
from baselines.settings import TrainConfig
from vlm_gym.parsers import PARSERS
from vlm_gym.program import run as run_program

CONFIG: Final = "tiny-numberline"
TUNED: Final[Mapping[str, float]] = {"lr": 1e-3, "batch": 64, "per_generation": 4, "iterations": 1}
GROUP: Final = 8


class Point(NamedTuple):
    """What a side had reached after so many turns and CPU seconds."""

    turns: int
    seconds: float
    sampled: float


class Result(NamedTuple):
    """The whole course of a side, and its greedy success at the end."""

    points: list[Point]
    greedy: float


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    print(
        f"| seed | side | turns/CPU-s | CPU-s to {options.goal:.0%} sampled | turns | lowest after | sampled | greedy |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            config = configure(options, folder, seed)
            accelerator = start_accelerator(config)
            start_folder(config, accelerator)
            start = sft.train(config, accelerator, Stopper())
            assert start is not None
            for side in options.sides:
                found = ours(config, start, options) if side == "ours" else theirs(config, start, options)
                print(row(seed, side, found, options.goal), flush=True)
                for point in found.points if options.course else ():
                    print(
                        f"    {point.turns:6} turns {point.seconds:6.1f} CPU-s {point.sampled:.3f} sampled", flush=True
                    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103], help="(default: 101 102 103)")
    parser.add_argument("--sides", nargs="+", choices=("ours", "trl"), default=["ours", "trl"])
    parser.add_argument("--turns", type=int, default=10_240, help="that each learns from (default: %(default)s)")
    parser.add_argument("--every", type=int, default=1024, help="turns between evaluations (default: %(default)s)")
    parser.add_argument("--episodes", type=int, default=200, help="of an evaluation (default: %(default)s)")
    parser.add_argument("--sft-steps", type=int, default=260, help="(default: %(default)s)")
    parser.add_argument("--goal", type=float, default=0.95, help="sampled success (default: %(default)s)")
    parser.add_argument("--course", action="store_true", help="print every evaluation")
    tuned = parser.add_argument_group("TRL's settings, tuned on seed 11")
    tuned.add_argument("--lr", type=float, default=TUNED["lr"], help="(default: %(default)s)")
    tuned.add_argument("--batch", type=int, default=TUNED["batch"], help="answers of a step (default: %(default)s)")
    tuned.add_argument("--per-generation", type=int, default=TUNED["per_generation"], help="batches drawn at once")
    tuned.add_argument("--iterations", type=int, default=TUNED["iterations"], help="passes over what was drawn")
    return parser.parse_args()


def configure(options: argparse.Namespace, folder: str, seed: int) -> TrainConfig:
    settings = ("--config", CONFIG, "--folder", folder, "--seed", str(seed), "--device", "cpu")
    config = read_train_config([*settings, "--sft.steps", str(options.sft_steps)], "")
    updates = max(1, options.turns // (config.task.num_envs * config.ppo.turns))
    return replace(
        config,
        ppo=replace(config.ppo, updates=updates),
        evaluation=replace(config.evaluation, episodes=options.episodes),
    )


class Course:
    """Stops the clock while a policy is measured, every so many turns."""

    def __init__(self, config: TrainConfig, every: int) -> None:
        self.config, self.every = config, every
        self.points: list[Point] = []
        self._seconds, self._turns = 0.0, 0
        self._began = time.process_time()

    def turn(self, num_turns: int, policy: Callable[[], VlmPolicy], *, is_end: bool = False) -> None:
        """Note that turns have been learnt from, and measure if it is time to."""
        now = time.process_time()
        self._seconds += now - self._began
        self._turns += num_turns
        last = self.points[-1].turns if self.points else 0
        if is_end or self._turns - last >= self.every:
            sampled = measure(policy(), self.config, self.config.sampling.temperature)
            self.points.append(Point(self._turns, self._seconds, sampled.share(self.config.evaluation.metric)))
        self._began = time.process_time()


def measure(policy: VlmPolicy, config: TrainConfig, temperature: float) -> Score:
    """Play the episodes of the evaluation."""
    (starts,) = evaluation_starts(config).values()
    score = evaluate(
        policy,
        lambda own: Seat(make_rollout(config.chat.settings), own),
        starts,
        Sampling(config.sampling.max_new_tokens, temperature),
        start_accelerator(config),
        num_seats=config.task.num_envs,
    )
    assert score is not None
    return score


def ours(config: TrainConfig, start: Path, options: argparse.Namespace) -> Result:
    """Run PPO as baselines.ppo does, without its records."""
    run = Run.start(config, start_accelerator(config), start)
    policy = run.learner.policy
    assert isinstance(policy, VlmPolicy)
    course, stopper = Course(config, options.every), Stopper()
    for update in range(1, config.ppo.updates + 1):
        run.follow_schedules(update)
        rows, _ = run.play(update, stopper)
        learn(run.learner, rows, run.shuffling)
        course.turn(sum(map(len, rows)), lambda: policy, is_end=update == config.ppo.updates)
    return Result(course.points, measure(policy, config, 0.0).share(config.evaluation.metric))


def theirs(config: TrainConfig, start: Path, options: argparse.Namespace) -> Result:
    """Run TRL's GRPOTrainer on single turns."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from datasets import Dataset, disable_progress_bars
    from peft import LoraConfig
    from transformers import PrinterCallback, TrainerCallback
    from transformers.trainer_callback import ProgressCallback
    from trl import GRPOConfig, GRPOTrainer

    disable_progress_bars()
    loaded = start_policy(replace(config, model=replace(config.model, rank=0)), start_accelerator(config), start)
    model, processor = loaded.model.requires_grad_(True), loaded.processor
    per_generation, batch = options.per_generation, options.batch
    arguments = GRPOConfig(
        output_dir=f"{config.folder}/trl",
        seed=config.seed,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        per_device_train_batch_size=batch,
        steps_per_generation=per_generation,
        num_generations=GROUP,
        num_iterations=options.iterations,
        max_steps=options.iterations * (options.turns // batch),
        max_completion_length=config.sampling.max_new_tokens,
        temperature=config.sampling.temperature,
        learning_rate=options.lr,
        adam_beta2=config.ppo.betas[1],
        generation_kwargs={"suppress_tokens": list(loaded.special.suppressed)},
    )
    course = Course(config, options.every)

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            course._began = time.process_time()

        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            is_through = state.global_step % options.iterations == 0
            is_end = state.global_step == arguments.max_steps
            course.turn(batch * is_through, lambda: as_policy(trainer.model, loaded), is_end=is_end)

    adapters = LoraConfig(
        r=config.model.rank, lora_alpha=config.model.alpha, lora_dropout=0.0, target_modules="all-linear"
    )
    trainer = GRPOTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(starts_of(config, options.turns // GROUP)),
        processing_class=processor,
        reward_funcs=Reward(config),
        peft_config=adapters,
        callbacks=[Clock()],
    )
    for printing in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(printing)
    trainer.train()
    return Result(course.points, measure(as_policy(trainer.model, loaded), config, 0.0).share(config.evaluation.metric))


def starts_of(config: TrainConfig, number: int) -> list[dict[str, Any]]:
    """Return rows that TRL asks: the picture of a start, the question, and the number of the episode."""
    rollout, episodes = make_rollout(config.chat.settings), training_episodes(config.task, config.seed, 0, 0)
    rows = []
    for episode in range(number):
        start = episodes(episode)
        assert start is not None
        (message,) = rollout.start(start).news
        assert message.picture is not None
        prompt = [{"role": "user", "content": message.text}]
        rows.append({"prompt": prompt, "image": Image.fromarray(message.picture), "episode": episode})
    return rows


class Reward:
    """What the task pays for the answer to a start."""

    __name__ = "pay"  # TRL asks for it

    def __init__(self, config: TrainConfig) -> None:
        self.rollout = make_rollout(config.chat.settings)
        self.episodes = training_episodes(config.task, config.seed, 0, 0)

    def __call__(
        self, completions: Sequence[Sequence[Mapping[str, str]]], episode: Sequence[int], **_: Any
    ) -> list[float]:
        """Return the reward of each answer to the start of its episode."""
        paid = []
        for said, number in zip(completions, episode, strict=True):
            start = self.episodes(number)
            assert start is not None
            self.rollout.start(start)
            paid.append(self.rollout.answer(said[0]["content"]).reward)
        return paid


def as_policy(trained: Any, like: VlmPolicy) -> VlmPolicy:
    """Return what TRL has trained as a policy that can be measured: a copy with its adapters merged in."""
    merged = copy.deepcopy(trained).merge_and_unload()
    return VlmPolicy(merged.eval(), like.processor, ModelConfig(rank=0), PARSERS["json"])


def row(seed: int, side: str, found: Result, goal: float) -> str:
    """Return a line of the table."""
    points = found.points
    there = next((number for number, point in enumerate(points) if point.sampled >= goal), None)
    reached = " |  | " if there is None else f"{points[there].seconds:.0f} | {points[there].turns:,} | "
    lowest = "" if there is None else f"{min(point.sampled for point in points[there:]):.1%}"
    speed = points[-1].turns / points[-1].seconds
    return f"| {seed} | {side} | {speed:.0f} | {reached}{lowest} | {points[-1].sampled:.1%} | {found.greedy:.1%} |"


if __name__ == "__main__":
    sys.exit(run_program("benchmarks.beside_trl", main))
