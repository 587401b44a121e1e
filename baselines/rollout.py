"""Playing: environments that start their next episode by themselves, and turns that remember what was said to what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, SupportsFloat

import gymnasium as gym
import numpy as np
import torch

from baselines.models.policy import Answer, Policy, Prompt
from baselines.models.spans import action_mask
from baselines.settings import TaskConfig
from vlm_gym.errors import ConfigError
from vlm_gym.parsers import AnswerText
from vlm_gym.wrappers import PotentialShaping

TRAINING_SEEDS: Final = 2**32  # training episodes have seeds from here on; evaluation has those below


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn. Temperature 0 is greedy."""

    max_new_tokens: int
    temperature: float


class Start(NamedTuple):
    """What an episode begins with: the arguments of `reset`."""

    seed: int
    options: dict[str, Any] | None = None


class Turn(NamedTuple):
    """One turn, with the prompt and the picture that this very answer was given to.

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

    def after(self, turn: Turn, *, reward: float, is_success: bool) -> "Episode":
        """Return the episode with one more turn, which the task itself rewards with `reward`."""
        return Episode(
            is_success,
            self.total + reward,
            self.num_turns + 1,
            self.num_faults + turn.is_fault,
            self.num_illegal + turn.is_illegal,
            self.num_cut_off + turn.answer.is_cut_off,
        )


class Seat:
    """One environment, played episode after episode.

    `starts` gives each episode its start by its number, so the number and the answers since are all it takes to come
    back to exactly this place. Where `starts` has no more, the seat is done.
    """

    prompt: Prompt
    is_done: bool
    _episode: Episode
    _answers: list[AnswerText]

    def __init__(
        self, env: gym.Env[Any, str], write_prompt: "PromptWriter", starts: Callable[[int], Start | None]
    ) -> None:
        self.env = env
        self.write_prompt = write_prompt
        self.starts = starts
        self._begin(0)

    def play(self, answer: Answer) -> tuple[Turn, Episode | None]:
        """Play an answer; after the end of an episode the prompt is that of the next one."""
        prompt = self.prompt
        text = AnswerText(answer.text, is_cut_off=answer.is_cut_off)
        picture, reward, is_terminated, is_truncated, info = self.env.step(text)
        self.prompt = self.write_prompt(picture, info)
        read = info["answer"]
        turn = Turn(
            prompt=prompt,
            answer=answer,
            is_action=action_mask(answer, read["span"]) if read["span"] else (True,) * len(answer.tokens),
            reward=float(reward),
            is_terminated=is_terminated,
            is_truncated=is_truncated,
            following=self.prompt,
            is_fault=info["fault"] is not None,
            is_illegal=info["illegal"] is not None,
        )
        self._answers.append(text)
        paid, is_success = _task_reward(reward, info), bool(info["is_success"])
        self._episode = self._episode.after(turn, reward=paid, is_success=is_success)
        if not turn.is_last:
            return turn, None
        episode = self._episode
        self._begin(self._number + 1)
        return turn, episode

    def state(self) -> dict[str, Any]:
        """Return where this seat is, as plain values."""
        return {
            "number": self._number,
            "answers": [str(answer) for answer in self._answers],
            "are_cut_off": [answer.is_cut_off for answer in self._answers],
            "episode": list(self._episode),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to where `state` says, by playing the episode up to there again.

        Raises:
            ConfigError: if the environment does not come to the same place.
        """
        self._begin(state["number"])
        total, is_over = 0.0, False
        are_cut_off = state.get("are_cut_off") or [False] * len(state["answers"])  # checkpoints of before
        answers = [AnswerText(text, is_cut_off=cut) for text, cut in zip(state["answers"], are_cut_off, strict=True)]
        for text in answers:
            if is_over:
                break
            picture, reward, is_terminated, is_truncated, info = self.env.step(text)
            total, is_over = total + _task_reward(reward, info), is_terminated or is_truncated
            self.prompt = self.write_prompt(picture, info)
        self._answers = answers
        self._episode = Episode(*state["episode"])
        if is_over or total != self._episode.total:
            raise ConfigError("the checkpoint's episodes go otherwise here: the task or its arguments have changed")

    def _begin(self, number: int) -> None:
        self._number = number
        self._answers = []
        self._episode = Episode()
        start = self.starts(number)
        self.is_done = start is None
        if start is None:
            return
        picture, info = self.env.reset(seed=start.seed, options=start.options)
        self.prompt = self.write_prompt(picture, info)


class PromptWriter:
    """Puts a turn into words: the environment's own prompt, or a template with keys of its `info`."""

    def __init__(self, template: str | None) -> None:
        self.template = template

    def __call__(self, picture: np.ndarray[Any, Any], info: Mapping[str, Any]) -> Prompt:
        """Return the prompt of this turn.

        Raises:
            ConfigError: if the template names a key that `info` does not have.
        """
        if self.template is None:
            return Prompt(picture, info["prompt"])
        words = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in info.items()}
        try:
            return Prompt(picture, self.template.format_map(words))
        except (KeyError, IndexError, ValueError) as error:
            raise ConfigError(
                f"task.prompt {self.template!r} must be text with keys of info in braces: {error}"
            ) from error


def training_starts(run_seed: int, rank: int, seat: int) -> Callable[[int], Start]:
    """Return the start of each episode of one seat: distinct over seats, ranks and runs, and none of evaluation."""

    def start_of(episode: int) -> Start:
        words = np.random.SeedSequence((run_seed, rank, seat, episode)).generate_state(1, np.uint64)
        return Start(TRAINING_SEEDS + int(words[0] >> 1))

    return start_of


def make_env(task: TaskConfig, *, shaping: float = 0.0, gamma: float = 1.0) -> gym.Env[Any, str]:
    """Make the environment of a run, played in text; `shaping` weighs the oracle's potential in its rewards."""
    if "info" in task.arguments:
        raise ConfigError(f"task.arguments must leave info as it is, in words; got {task.arguments['info']!r}")
    arguments = {"parser": "json", **task.arguments}
    env: gym.Env[Any, str] = gym.make(task.full_id, disable_env_checker=True, **arguments)
    return PotentialShaping(env, gamma, shaping) if shaping else env


def _task_reward(reward: SupportsFloat, info: Mapping[str, Any]) -> float:
    """Return what the task itself pays for a turn, without shaping."""
    terms = info.get("rewards", {})
    return sum(terms[name] for name in terms if name != "shaping") if "shaping" in terms else float(reward)


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
