"""Playing: seats that start their next episode by themselves, and turns that remember what was said to what."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import gymnasium as gym
import numpy as np
import torch

from baselines.models.policy import Answer, Policy, Prompt
from baselines.models.spans import action_mask, action_tail_mask
from baselines.settings import ActionTokens, TaskConfig
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.parsers import AnswerText
from vlm_gym.rollout import Rollout, Step
from vlm_gym.session_pool import SessionPool
from vlm_gym.wrappers import PotentialShaping

TRAINING_SEEDS: Final = 2**32  # training episodes have seeds from here on; evaluation has those below


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn. Temperature 0 is greedy."""

    max_new_tokens: int
    temperature: float


class Turn(NamedTuple):
    """One turn, with the prompt that this very answer was given to.

    `is_action` marks the tokens that name the action: in an answer without one all of them, since the charge is for the
    whole of it. `following` is what came after in the same episode, also behind its last turn.
    """

    prompt: Prompt
    answer: Answer
    is_action: tuple[bool, ...]
    reward: float
    is_terminated: bool
    is_truncated: bool
    following: Prompt
    is_fault: bool
    is_illegal: bool

    @property
    def is_last(self) -> bool:
        """Whether another episode begins after this turn."""
        return self.is_terminated or self.is_truncated


class Episode(NamedTuple):
    """How an episode went. `is_success` is the task's own; a positive `total` is what Zhai et al. 2024 count.

    `total` is without shaping.
    """

    is_success: bool = False
    total: float = 0.0
    num_turns: int = 0
    num_faults: int = 0
    num_illegal: int = 0
    num_cut_off: int = 0
    is_held_out: bool = False

    def after(self, turn: Turn, *, reward: float, is_success: bool) -> "Episode":
        """Return the episode with one more turn, which the task itself rewards with `reward`."""
        return self._replace(
            is_success=is_success,
            total=self.total + reward,
            num_turns=self.num_turns + 1,
            num_faults=self.num_faults + turn.is_fault,
            num_illegal=self.num_illegal + turn.is_illegal,
            num_cut_off=self.num_cut_off + turn.answer.is_cut_off,
        )


class PlayedTurn(NamedTuple):
    """A turn of an episode that goes on, as a checkpoint holds it."""

    text: str
    is_cut_off: bool
    action: str | None
    reward: float

    @property
    def said(self) -> tuple[AnswerText, ...]:
        """The answer, as it is played again."""
        return (AnswerText(self.text, is_cut_off=self.is_cut_off),)


Episodes = Callable[[int], EpisodeSpec | None]
"""Gives each episode of a seat by its number, from 0; None where there are no more."""


class Seat:
    """One place at which episode after episode is played.

    The number of an episode and the answers since are all it takes to come back to exactly this place. Where `episodes`
    has no more, the seat is done. Episodes of the share `held_out` of all problems are marked.
    """

    prompt: Prompt
    is_done: bool
    _episode: Episode
    _turns: list[PlayedTurn]

    def __init__(
        self, rollout: Rollout, episodes: Episodes, action_tokens: ActionTokens = "value", held_out: float = 0.0
    ) -> None:
        self.rollout = rollout
        self.episodes = episodes
        self.held_out = held_out
        self.mark_action = action_mask if action_tokens == "value" else action_tail_mask
        self._begin(0)

    def play(self, answer: Answer) -> tuple[Turn, Episode | None]:
        """Play an answer; after the end of an episode the prompt is that of the next one."""
        prompt = self.prompt
        step = self.rollout.answer(AnswerText(answer.text, is_cut_off=answer.is_cut_off))
        self.prompt = Prompt(self.rollout.messages())
        info = step.info
        span = info["answer"]["span"]
        turn = Turn(
            prompt=prompt,
            answer=answer,
            is_action=self.mark_action(answer, span) if span else (True,) * len(answer.tokens),
            reward=step.reward,
            is_terminated=step.is_terminated,
            is_truncated=step.is_truncated,
            following=self.prompt,
            is_fault=info["fault"] is not None,
            is_illegal=info["illegal"] is not None,
        )
        self._turns.append(PlayedTurn(answer.text, answer.is_cut_off, info["action"], step.reward))
        self._episode = self._episode.after(turn, reward=_task_reward(step), is_success=bool(info["is_success"]))
        if not turn.is_last:
            return turn, None
        episode = self._episode
        self._begin(self._number + 1)
        return turn, episode

    def state(self) -> dict[str, Any]:
        """Return where this seat is, as plain values."""
        return {"number": self._number, "turns": list(map(list, self._turns)), "episode": list(self._episode)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to where `state` says, by playing the episode up to there again.

        Raises:
            ConfigError: if the environment does not come to the same place, or the checkpoint is of an earlier version.
        """
        if "turns" not in state:
            raise ConfigError(
                "the checkpoint is of an earlier version, which recorded its episodes otherwise: begin anew"
            )
        self._begin(state["number"])
        self._turns = [PlayedTurn(*turn) for turn in state["turns"]]
        try:
            self.rollout.replay(self._turns)
        except RunError as error:
            raise ConfigError(f"the checkpoint's episodes go otherwise here: {error}") from error
        if self.rollout.is_over:
            raise ConfigError("the checkpoint's episodes go otherwise here: the task or its arguments have changed")
        self._episode = Episode(*state["episode"])
        self.prompt = Prompt(self.rollout.messages())

    def _begin(self, number: int) -> None:
        self._number = number
        self._turns = []
        episode = self.episodes(number)
        self.is_done = episode is None
        if episode is None:
            return
        self.rollout.start(episode)
        self._episode = Episode(is_held_out=is_held_out(self.rollout, self.held_out))
        self.prompt = Prompt(self.rollout.messages())


def training_episodes(task: TaskConfig, run_seed: int, rank: int, seat: int) -> Callable[[int], EpisodeSpec]:
    """Return the episodes of one seat: distinct over seats, ranks and runs, and none of evaluation.

    Seats of a group, whose episodes begin alike, share the number of one.
    """

    def episode_of(number: int) -> EpisodeSpec:
        words = np.random.SeedSequence((run_seed, rank, seat, number)).generate_state(1, np.uint64)
        return task.episode(TRAINING_SEEDS + int(words[0] >> 1))

    return episode_of


def is_held_out(rollout: Rollout, share: float) -> bool:
    """Whether the episode that has just begun is of the share of all problems that is held out of SFT."""
    return share > 0 and zlib.crc32(rollout.session.task.problem().encode()) < share * 2**32


def make_rollout(chat: ChatSettings | None = None, *, shaping: float = 0.0, gamma: float = 1.0) -> Rollout:
    """Make what drives a run's episodes; `shaping` weighs the oracle's potential in its rewards.

    Turns that are told in text are not drawn: in homes that takes half of the time.
    """
    settings = chat or ChatSettings()

    def prepare(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        env.unwrapped.is_drawn_later = settings.show == "text"  # type: ignore[attr-defined]
        return PotentialShaping(env, gamma, shaping) if shaping else env

    return Rollout(pool=SessionPool(settings, wrap=prepare))


def _task_reward(step: Step) -> float:
    """Return what the task itself pays for a turn, without shaping."""
    terms = step.info["rewards"]
    return sum(terms[name] for name in terms if name != "shaping") if "shaping" in terms else step.reward


def collect(
    policy: Policy,
    seats: Sequence[Seat],
    num_turns: int,
    sampling: Sampling,
    generator: torch.Generator,
    is_stopping: Callable[[], bool] = lambda: False,
) -> tuple[list[list[Turn]], list[Episode]] | None:
    """Play `num_turns` turns in every seat; return them, (T, N), and the episodes that ended; None if told to stop."""
    turns, episodes = [], []
    for _ in range(num_turns):
        if is_stopping():
            return None
        answers = generate(policy, [seat.prompt for seat in seats], sampling, generator)
        played = [seat.play(answer) for seat, answer in zip(seats, answers, strict=True)]
        turns.append([turn for turn, _ in played])
        episodes += [episode for _, episode in played if episode]
    return turns, episodes


def collect_episodes(
    policy: Policy,
    seats: Sequence[Seat],
    sampling: Sampling,
    generator: torch.Generator,
    is_stopping: Callable[[], bool] = lambda: False,
) -> tuple[list[list[Turn]], list[Episode]] | None:
    """Play one whole episode in every seat; return their turns, N rows, and how they went; None if told to stop."""
    rows: list[list[Turn]] = [[] for _ in seats]
    episodes: dict[int, Episode] = {}
    while going := [number for number in range(len(seats)) if number not in episodes]:
        if is_stopping():
            return None
        answers = generate(policy, [seats[number].prompt for number in going], sampling, generator)
        for number, answer in zip(going, answers, strict=True):
            turn, episode = seats[number].play(answer)
            rows[number].append(turn)
            if episode:
                episodes[number] = episode
    return rows, [episodes[number] for number in range(len(seats))]


def generate(
    policy: Policy, prompts: Sequence[Prompt], sampling: Sampling, generator: torch.Generator | None = None
) -> list[Answer]:
    """Answer prompts without gradients."""
    with torch.no_grad():
        return policy.generate(
            prompts,
            max_new_tokens=sampling.max_new_tokens,
            temperature=sampling.temperature,
            generator=generator,
        )
