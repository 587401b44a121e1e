"""What SFT learns from: a data set, or answers that a player made here gives, more with every round."""

import functools
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from baselines.checkpoint import disk_errors
from baselines.demonstrations import CollectedAnswers, Demonstration, Wording, correct, demonstrate
from baselines.models.policy import Policy, Prompt
from baselines.progress import append_metrics
from baselines.rollout import Sampling, generate, make_rollout, training_episodes
from baselines.settings import SftConfig, TrainConfig
from baselines.sharding import whole_weights
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.files import write_whole
from vlm_gym.parsers import AnswerText

FOLDER: Final = "sft"
TEACHER_SEAT: Final = 2**31  # its episodes are none of PPO's
LEARNER_SEAT: Final = 2**31 + 1
_log = logging.getLogger(__name__)


class Played(NamedTuple):
    """An episode of the learner's: what it said, and whether it succeeded."""

    said: list[AnswerText]
    is_success: bool


class Lessons(Sequence[Demonstration]):
    """The answers to learn from, the same ones in every process.

    Where the settings ask for it, each round adds further episodes, and some that the learner itself has played, with
    the answers of the teacher. What the learner said is written into the run's folder: it is all that a run which goes
    on needs to have the same answers again.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.round = 0
        self._manner: dict[str, Any] = {
            "chat": config.chat.settings,
            "wording": Wording(config.sft.is_brief, config.sft.has_plan),
            "held_out": config.sft.held_out,
        }
        self._rng = np.random.default_rng(config.seed)
        self._data: CollectedAnswers | None = None
        self._made: list[Demonstration] = []
        self._num_old = 0  # answers of earlier rounds
        if config.sft.data:
            self._data = CollectedAnswers(Path(config.sft.data), config.chat.settings)
            if config.task.full_id not in self._data.tasks:
                found = ", ".join(self._data.tasks)
                _log.warning("%s holds %s, none of %s", config.sft.data, found, config.task.full_id)
        else:
            self._teach(range(config.sft.episodes))
        if not len(self):
            raise ConfigError(
                f"SFT has no answers to learn from: {config.sft.episodes} episodes of {config.task.full_id} with "
                f"sft.actions {config.sft.actions!r} gave none. Choose other sft.actions, more sft.episodes, a lower "
                f"sft.held_out, or sft.steps 0"
            )

    def __len__(self) -> int:
        return len(self._made if self._data is None else self._data)

    def __getitem__(self, number: Any) -> Any:
        return (self._made if self._data is None else self._data)[number]

    def go_to(self, step: int, policy: Policy, accelerator: Accelerator, *, done: int) -> None:
        """Go to the round of a step; `done` are the steps of earlier processes, whose learner is not there any more."""
        settings = self.config.sft
        while self.round < round_of(step, settings):
            self.round += 1
            self._num_old = len(self)
            first = settings.episodes + (self.round - 1) * settings.more_episodes
            self._teach(range(first, first + settings.more_episodes))
            if settings.learner_episodes:
                is_played = first_step(self.round, settings) < done
                played = self._read() if is_played else self._play(step, policy, accelerator)
                starts = self._learner_starts()
                self._made += correct(starts, played, settings.actions, **self._manner)
            if accelerator.is_main_process and settings.rounds > 1:
                _log.info("SFT round %d/%d: %d answers", self.round + 1, settings.rounds, len(self))

    def chosen(self, step: int) -> list[int]:
        """Return the numbers of a step's answers."""
        settings = self.config.sft
        first, end = (first_step(number, settings) for number in (self.round, self.round + 1))
        if self.round == 0:
            return choose(len(self), settings.batch, step, self.config.seed)
        order = mix(len(self), self._num_old, (end - first) * settings.batch, (self.config.seed, self.round))
        return order[(step - first) * settings.batch :][: settings.batch]

    def _teach(self, numbers: range) -> None:
        settings, starts = self.config.sft, training_episodes(self.config.task, self.config.seed, 0, TEACHER_SEAT)
        self._made += demonstrate(
            map(starts, numbers),
            settings.actions,
            self._rng,
            noise=settings.noise,
            later_turns=settings.later_turns,
            **self._manner,
        )

    def _learner_starts(self) -> list[EpisodeSpec]:
        number = self.config.sft.learner_episodes
        starts = training_episodes(self.config.task, self.config.seed, 0, LEARNER_SEAT)
        return list(map(starts, range((self.round - 1) * number, self.round * number)))

    def _play(self, step: int, policy: Policy, accelerator: Accelerator) -> list[list[AnswerText]]:
        """Have the learner play, greedily in every other round; write down what it said, and return it.

        These are homes, or deals, that it has not seen: the share in which it succeeds is recorded.
        """
        rank, world = accelerator.process_index, accelerator.num_processes
        words = np.random.SeedSequence((self.config.seed, self.round, rank)).generate_state(1)
        temperature = 0.0 if self.round % 2 else self.config.sampling.temperature
        sampling = Sampling(self.config.sampling.max_new_tokens, temperature)
        generator = torch.Generator().manual_seed(int(words[0]))
        with whole_weights(policy.module, accelerator):
            mine = list(self._play_all(policy, self._learner_starts()[rank::world], sampling, generator))
        gathered: list[tuple[int, list[Played]]] = gather_object([(rank, mine)])
        shares = [share for _, share in sorted(gathered, key=lambda pair: pair[0])]
        played = [shares[number % world][number // world] for number in range(self.config.sft.learner_episodes)]
        if accelerator.is_main_process:
            success = fmean(one.is_success for one in played)
            append_metrics(
                self._file.parent, {"step": step + 1, "learner/success": success, "learner/temperature": temperature}
            )
            self._write([one.said for one in played])
        accelerator.wait_for_everyone()
        return [one.said for one in played]

    def _play_all(
        self, policy: Policy, starts: Sequence[EpisodeSpec], sampling: Sampling, generator: torch.Generator
    ) -> Iterator[Played]:
        """Play episodes, as many at once as PPO does; yield each."""
        size = self.config.task.num_envs
        for begin in range(0, len(starts), size):
            rollouts = [make_rollout(self.config.chat.settings) for _ in starts[begin : begin + size]]
            said: list[list[AnswerText]] = [[] for _ in rollouts]
            for rollout, start in zip(rollouts, starts[begin : begin + size], strict=True):
                rollout.start(start)
            while running := [place for place, rollout in enumerate(rollouts) if not rollout.is_over]:
                prompts = [Prompt(rollouts[place].messages()) for place in running]
                for place, answer in zip(running, generate(policy, prompts, sampling, generator), strict=True):
                    said[place].append(AnswerText(answer.text, is_cut_off=answer.is_cut_off))
                    rollouts[place].answer(said[place][-1])
            for rollout, answers in zip(rollouts, said, strict=True):
                yield Played(answers, bool(rollout.session.info["is_success"]))

    @property
    def _file(self) -> Path:
        return Path(self.config.folder) / FOLDER / f"learner-{self.round:03d}.json"

    def _write(self, played: Sequence[Sequence[AnswerText]]) -> None:
        text = json.dumps([[[str(answer), answer.is_cut_off] for answer in answers] for answers in played])
        with disk_errors(self._file.parent, self._file.with_suffix(".unfinished"), "what the learner said"):
            write_whole(self._file, lambda draft: draft.write_text(text, encoding="utf-8"))

    def _read(self) -> list[list[AnswerText]]:
        rows = json.loads(self._file.read_text(encoding="utf-8"))
        return [[AnswerText(text, is_cut_off=is_cut_off) for text, is_cut_off in row] for row in rows]


def round_of(step: int, config: SftConfig) -> int:
    """Return the round of a step, both counted from 0."""
    return step * config.rounds // config.steps


def first_step(number: int, config: SftConfig) -> int:
    """Return the first step of a round, both counted from 0."""
    return -(-number * config.steps // config.rounds)


def choose(num_answers: int, batch: int, step: int, seed: int) -> list[int]:
    """Return the numbers of the answers of a step, both counted from 0: pass after pass, each in its own order.

    So no answer comes a second time before every other one has come once.
    """
    places = range(step * batch, (step + 1) * batch)
    passes = range(places[0] // num_answers, places[-1] // num_answers + 1)
    orders = {one: np.random.default_rng((seed, one)).permutation(num_answers) for one in passes}
    return [int(orders[place // num_answers][place % num_answers]) for place in places]


@functools.lru_cache(maxsize=1)
def mix(num_answers: int, num_old: int, places: int, seed: tuple[int, ...]) -> list[int]:
    """Return the numbers of the answers at a round's places: each new one once, as far as they go, and old ones.

    What a learner does wrong now is in the new ones; the old ones keep it from forgetting.
    """
    rng = np.random.default_rng(seed)
    new = num_old + rng.permutation(num_answers - num_old)[:places]
    old = rng.integers(num_old, size=places - len(new))
    return [int(number) for number in rng.permutation(np.concatenate([new, old]))]
