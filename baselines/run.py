"""A run of PPO with all that changes in it: what it plays, what a checkpoint holds, what is measured and recorded."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Final

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from baselines.checkpoint import (
    Part,
    find_checkpoint,
    list_checkpoints,
    pack_generators,
    pack_optimizer,
    read_checkpoint,
    unpack_generators,
    unpack_optimizer,
    write_checkpoint,
)
from baselines.evaluate import Score, bounds_of, evaluate, score_of
from baselines.learner import Learner, Step, Update
from baselines.progress import Recorder, score_metrics
from baselines.rollout import (
    Episode,
    Sampling,
    Seat,
    Turn,
    collect,
    collect_episodes,
    make_rollout,
    training_episodes,
)
from baselines.samples import record_play, write_samples
from baselines.session import Stopper, start_policy
from baselines.settings import EvaluationConfig, PpoConfig, TaskConfig, TrainConfig, full_id
from baselines.sharding import prepare, whole_state, whole_weights
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import get_panel

CHECKPOINTS: Final = "ppo"  # the folder of the checkpoints within that of the run


@dataclass
class Run:
    """What one process holds of a run. `recorder` is the main process's."""

    config: TrainConfig
    accelerator: Accelerator
    learner: Learner
    seats: tuple[Seat, ...]
    generator: torch.Generator
    shuffling: np.random.Generator
    recorder: Recorder | None
    num_turns: int = 0
    best: float = -math.inf
    earlier_seconds: float = 0.0  # of CPU, before this process went on

    @classmethod
    def start(cls, config: TrainConfig, accelerator: Accelerator, start: Path | None) -> "Run":
        """Load the model that SFT left in `start`, and begin the first episodes."""
        policy = start_policy(config, accelerator, start)
        groups = policy.parameter_groups(lr=config.ppo.lr, value_lr=config.ppo.value_lr)
        first, second = config.ppo.betas
        optimizer = torch.optim.AdamW(groups, betas=(first, second), eps=config.ppo.epsilon, weight_decay=0.0)
        policy.module, optimizer = prepare(policy.module, optimizer, accelerator)
        rank, folder = accelerator.process_index, Path(config.folder)
        chat = config.chat.settings
        return cls(
            config,
            accelerator,
            Learner(policy, optimizer, config.ppo, config.sampling.temperature, accelerator, folder),
            seats=tuple(
                Seat(
                    make_rollout(chat, shaping=config.ppo.shaping, gamma=config.ppo.gamma),
                    training_episodes(config.task, config.seed, rank, number // (config.ppo.group_size or 1)),
                    config.ppo.action_tokens,
                )
                for number in range(config.task.num_envs)
            ),
            generator=torch.Generator().manual_seed(_seed_of(config.seed, rank)),
            shuffling=np.random.default_rng((config.seed, rank)),
            recorder=_recorder(config) if accelerator.is_main_process else None,
        )

    def follow_schedules(self, update: int) -> None:
        """Set both learning rates for an update, and the reference's weight; they depend on its number alone."""
        settings = self.config.ppo
        share = lr_share(settings, update)
        for group in self.learner.optimizer.param_groups:
            group["lr"] = share * (settings.value_lr if group["name"] == "value_head" else settings.lr)
        weight = settings.reference_weight * reference_share(settings, update)
        self.learner = replace(self.learner, config=replace(settings, reference_weight=weight))

    @property
    def sampling(self) -> Sampling:
        """How answers are drawn in training."""
        return Sampling(self.config.sampling.max_new_tokens, self.config.sampling.temperature)

    @property
    def cpu_seconds(self) -> float:
        """The CPU time of this run, in all processes that it took one after the other."""
        return self.earlier_seconds + time.process_time()

    def play(self, update: int, stopper: Stopper) -> tuple[list[list[Turn]], list[Episode]]:
        """Play an update's turns, (T, N), or with group advantages an episode in every seat; return what ended, too.

        A run that is stopped while it plays ends here, with a checkpoint from before this update.
        """
        place, policy, settings = self.place(), self.learner.policy, self.config.ppo
        with whole_weights(policy.module, self.accelerator):
            if settings.advantages == "group":
                rollout = collect_episodes(policy, self.seats, self.sampling, self.generator, stopper.is_stopping)
            else:
                turns = settings.turns
                rollout = collect(policy, self.seats, turns, self.sampling, self.generator, stopper.is_stopping)
        if stopper.is_anyone_stopping(self.accelerator) or rollout is None:
            self.save(update - 1, place)
            stopper.exit(Path(self.config.folder))
        return rollout

    # Checkpoints

    def place(self) -> Part:
        """Return where this process is: its generators, its episodes, its counters."""
        part = pack_generators(self.generator, self.shuffling)
        seats = [seat.state() for seat in self.seats]
        counters = {"num_turns": self.num_turns, "best": self.best, "cpu_seconds": self.cpu_seconds}
        return Part(part.tensors, {**part.facts, **counters, "seats": seats})

    def save(self, update: int, place: Part, *, is_best: bool = False) -> None:
        """Write the checkpoint of an update; `place` is where this process was after it."""
        shared = {
            "policy": Part(whole_state(self.learner.policy, self.accelerator)),
            "optimizer": pack_optimizer(self.learner.optimizer),
        }  # every process takes part in bringing these together; one writes them
        own = {f"process-{self.accelerator.process_index}": place}
        parts = {**shared, **own} if self.accelerator.is_main_process else own
        folder = Path(self.config.folder) / CHECKPOINTS
        write_checkpoint(folder, update, parts, self.accelerator, keep=self.config.checkpoint.keep, is_best=is_best)

    def resume(self, place: Path) -> int:
        """Go to a checkpoint, or to the newest one of a run's folder; return the number of updates done.

        Raises:
            CheckpointError: if it is damaged.
            ConfigError: if it was written by another number of processes or environments.
        """
        found = find_checkpoint(place) or find_checkpoint(place / CHECKPOINTS)
        if found is None:
            return self.begin()
        parts = read_checkpoint(found)
        mine = self._own_part(parts, found)
        self.learner.policy.load_state_dict(parts["policy"].tensors)
        unpack_optimizer(self.learner.optimizer, parts["optimizer"])
        for seat, state in zip(self.seats, mine.facts["seats"], strict=True):
            seat.restore(state)
        unpack_generators(mine, self.generator, self.shuffling)
        self.num_turns, self.best = mine.facts["num_turns"], mine.facts["best"]
        self.earlier_seconds = mine.facts["cpu_seconds"]
        update = int(found.name.removeprefix("step-"))
        if self.recorder:
            self.recorder.begin(update, is_wandb_on=self.config.wandb)
            self.recorder.say(f"going on from {found}")
        return update

    def _own_part(self, parts: Mapping[str, Part], place: Path) -> Part:
        """Return this process's part of a checkpoint, which must have one for each process of now."""
        seats = [len(part.facts["seats"]) for name, part in parts.items() if name.startswith("process-")]
        if seats != [len(self.seats)] * self.accelerator.num_processes:
            raise ConfigError(
                f"{place} was written by {len(seats)} processes with {max(seats, default=0)} environments each: here "
                f"are {self.accelerator.num_processes} and {len(self.seats)}; start as many with the same task.num_envs"
            )
        return parts[f"process-{self.accelerator.process_index}"]

    def begin(self) -> int:
        """Measure the model that PPO starts from; return 0, the number of updates done."""
        if self.recorder:
            self.recorder.begin(-1, is_wandb_on=self.config.wandb)
        self.measure(0)
        self._record_play("before PPO")
        self.best = -math.inf  # there is no checkpoint of this one
        return 0

    def keep(self, update: int) -> None:
        """Evaluate and write a checkpoint where it is time to; the best by evaluation is always written."""
        is_end = update == self.config.ppo.updates
        is_best = (is_end or update % self.config.evaluation.every == 0) and self.measure(update)
        if is_best or is_end or update % self.config.checkpoint.every == 0:
            self.save(update, self.place(), is_best=is_best)

    def finish(self) -> None:
        """Write the page of samples, once all updates are done."""
        if self.config.ppo.updates:
            self._record_play(f"after update {self.config.ppo.updates}")
        page = write_samples(self.config) if self.recorder else None
        if self.recorder and page:
            self.recorder.say(f"what it says, turn by turn: {page}")

    def close(self) -> None:
        """Draw the curve and close the records, however the run ended."""
        if self.recorder:
            self.recorder.close()

    # Measuring

    def measure(self, update: int) -> bool:
        """Evaluate greedily and sampled, and record it; return whether the greedy score is the best so far.

        The first task's metrics are called greedy/... and sampled/..., those of others TASK/greedy/... too.
        """
        metric = self.config.evaluation.metric
        found: dict[str, float] = {}
        for place, (task, starts) in enumerate(evaluation_starts(self.config).items()):
            for name in ("greedy", "sampled"):
                score = self._evaluate(starts, name)
                found |= score_metrics(f"{task}/{name}" if place else name, score, metric)
                if self.recorder:
                    what = f"{task}, {name}: {self.recorder.describe(score, bounds_of(full_id(task), metric))}"
                    self.recorder.say(f"evaluation after update {update}, {what}")
        if self.recorder:
            self.recorder.record(update, {**found, "cpu_seconds": self.cpu_seconds})
        is_best = found[f"greedy/{metric}"] >= self.best
        self.best = max(self.best, found[f"greedy/{metric}"])
        return is_best

    def report(
        self,
        update: int,
        rows: Sequence[Sequence[Turn]],
        episodes: Sequence[Episode],
        done: Update,
        seconds: Mapping[str, float],
    ) -> None:
        """Record an update: its turns and the episodes that ended, in all processes, its optimizer steps, its time."""
        num_turns = sum(gather_object([sum(map(len, rows))]))
        self.num_turns += num_turns
        score = score_of(gather_object(list(episodes)))
        if not self.recorder:
            return
        metrics = {
            **score_metrics("rollout", score, self.config.evaluation.metric),
            **{f"update/{name}": fmean(getattr(step, name) for step in done.steps) for name in Step._fields},
            **{
                f"epoch_{number}/{name}": fmean(getattr(step, name) for step in steps)
                for number, steps in enumerate(done.epochs, start=1)
                for name in ("divergence", "clipped_share")
            },
            "update/sampler_divergence": done.sampler_divergence,
            **{f"seconds/{name}": value for name, value in seconds.items()},
            "lr": self.learner.optimizer.param_groups[0]["lr"],
            "env_turns": self.num_turns,
            "cpu_seconds": self.cpu_seconds,
        }
        self.recorder.record(update, metrics)
        self.recorder.show(update, score, num_turns / sum(seconds.values()))

    def _record_play(self, name: str) -> None:
        """Record greedy play turn by turn, divided over the processes."""
        most = self.config.evaluation.samples
        starts = [start for of_task in evaluation_starts(self.config).values() for start in of_task[:most]]
        if not starts:
            return
        with whole_weights(self.learner.policy.module, self.accelerator):
            record_play(self.learner.policy, self.config, starts, name, self.accelerator)

    def _evaluate(self, starts: Sequence[EpisodeSpec], name: str) -> Score:
        temperature = 0.0 if name == "greedy" else self.config.sampling.temperature
        with whole_weights(self.learner.policy.module, self.accelerator):
            return evaluate(
                self.learner.policy,
                lambda own: Seat(make_rollout(self.config.chat.settings), own, held_out=self.config.sft.held_out),
                starts,
                Sampling(self.config.sampling.max_new_tokens, temperature),
                self.accelerator,
                num_seats=len(self.seats),
            )


def check_folder(config: TrainConfig) -> None:
    """Refuse to overwrite a run, and to go on with another one than that of the folder, whose SFT it would miss.

    Raises:
        ConfigError: it says what to do.
    """
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


def evaluation_starts(config: TrainConfig) -> dict[str, tuple[EpisodeSpec, ...]]:
    """Return the episodes of an evaluation by task, with the arguments of the run's task.

    Raises:
        ConfigError: if the panels have no episode of a task.
    """
    return {task.id: _starts_of(task, config.evaluation) for task in config.evaluated_tasks}


def _starts_of(task: TaskConfig, settings: EvaluationConfig) -> tuple[EpisodeSpec, ...]:
    if settings.panel is None:
        return tuple(map(task.episode, range(settings.first_seed, settings.first_seed + settings.episodes)))
    listed = [episode for panel in settings.panel for episode in get_panel(panel).episodes]
    episodes = [episode for episode in listed if episode.task == task.full_id]
    if not episodes:
        names = ", ".join(map(repr, settings.panel))
        raise ConfigError(f"the panel {names} has no episode of {task.full_id}: choose another one")
    return tuple(task.episode(episode.seed, episode.options) for episode in episodes)


def lr_share(config: PpoConfig, update: int) -> float:
    """Return the share of the learning rates in an update, counted from 1: it changes once per update."""
    done = (update - 1) / config.updates
    decayed = {"linear": 1 - done, "cosine": 0.5 * (1 + math.cos(math.pi * done)), "constant": 1.0}[config.schedule]
    return config.final_lr_share + (1 - config.final_lr_share) * decayed


def reference_share(config: PpoConfig, update: int) -> float:
    """Return the share of the reference's weight in an update, counted from 1: straight down to what is left."""
    return 1 - (1 - config.final_reference_share) * (update - 1) / max(1, config.updates - 1)


def _recorder(config: TrainConfig) -> Recorder:
    metric = config.evaluation.metric
    bounds = bounds_of(config.evaluated_tasks[0].full_id, metric)
    return Recorder(Path(config.folder), config.task.id, metric, bounds, config.ppo.updates, asdict(config))


def _seed_of(seed: int, rank: int) -> int:
    return int(np.random.SeedSequence((seed, rank)).generate_state(1)[0])
