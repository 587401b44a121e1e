"""Text play: a model's answer in, the task's action out."""

from collections import UserDict
from typing import Any, Literal, get_args

import gymnasium as gym
import numpy as np

from vlm_gym.actions import ActionSet, Vocabulary
from vlm_gym.envs.base import TaskEnv, Turn
from vlm_gym.envs.spaces import AnswerSpace
from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.parsers import find_parser
from vlm_gym.parsers.base import Parsed, Parser
from vlm_gym.render.canvas import Picture

FaultPolicy = Literal["charge", "random", "end", "ask"]


class ReadAnswer(UserDict[str, Any]):
    """What was read in an answer: `span` (a pair of int), `thoughts` (str) and other `fields` (dict of str).

    An answer without a readable action has the span None; its thoughts and fields are what it says all the same.
    A mapping, but not a dict: a vector environment takes dicts in `info` apart, key by key, and cannot put one beside
    the None of another environment. Of anything else it makes an array of objects, one an environment.
    """


class TextPlay(gym.Wrapper[Picture, str, Picture, Any]):
    """Turns a task's action space into free text, which a parser reads.

    `on_fault` says what an answer without a readable action does; `info["fault"]` says why in each case:

    - "charge": nothing moves, the reward term `fault` is paid, the turn is used.
    - "random": a random action is played, drawn from the env's own generator, as in Zhai et al. 2024.
    - "end": the term is paid and the episode is over.
    - "ask": nothing moves and nothing is paid; the next prompt says what could not be read. The turn is used.

    `info` gains `answer`, what was read, and loses `action_mask`: that belongs to `Discrete`, and its length differs
    between tasks that can be played side by side in text.

    `gym.make(..., parser=...)` builds this inside the entry point, so the turn limit lies outside and counts
    unreadable answers too. It rebuilds the wrapper from the env's own arguments, so `spec` is the env's.
    """

    def __init__(self, env: TaskEnv[Any, Any], parser: str | Parser = "json", on_fault: FaultPolicy = "charge") -> None:
        if not isinstance(env, TaskEnv):
            raise ConfigError(
                f"TextPlay needs a task of vlm_gym without wrappers (gym.make's parser= builds it); got {env!r}"
            )
        check_choice("on_fault", on_fault, get_args(FaultPolicy))
        super().__init__(env)
        self.task = env
        self.parser = find_parser(parser)
        _check_readable(parser, self.parser, env.actions)
        self.on_fault = on_fault
        self.action_space = AnswerSpace(env.actions, self.parser)

    @property
    def spec(self) -> gym.envs.registration.EnvSpec | None:  # type: ignore[override]
        """The env's own spec, whose arguments rebuild this wrapper."""
        return self.env.spec

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Picture, dict[str, Any]]:
        """Start an episode; there is no answer yet."""
        picture, info = self.env.reset(seed=seed, options=options)
        return picture, _with_answer(info, None)

    def step(self, action: str) -> Turn:
        """Play one answer, a str or an `AnswerText`; `info["answer"]` is what was read in it, a `ReadAnswer`.

        Raises:
            ConfigError: if the answer is not a str. A text of any content is fine.
        """
        if not isinstance(action, str):
            raise ConfigError(f"an answer must be a str, got {action!r}")
        answer = self.parser.parse(action, self.task.actions)
        read = ReadAnswer(span=None, thoughts=answer.thoughts, fields=dict(answer.fields))
        if isinstance(answer, Parsed):
            read["span"] = answer.span
            *turn, info = self.task.play(answer.action)
        else:
            *turn, info = self._fault(str(answer))
        return (*turn, _with_answer(info, read))  # type: ignore[return-value]

    def get_keys_to_action(self) -> dict[str, str]:
        """Return the answer that each key gives, as `gymnasium.utils.play` takes it: one with the action of that key.

        Raises:
            ConfigError: as `TaskEnv.get_keys_to_action`.
        """
        return {key: self.answer(self.task.name_of(number)) for key, number in self.task.get_keys_to_action().items()}

    def answer(self, action: str, thoughts: str = "") -> str:
        """Write an answer that the parser reads as `action`, which may be the oracle's."""
        return self.parser.write(action, self.task.actions, thoughts)

    def _fault(self, fault: str) -> Turn:
        if self.on_fault == "random":
            turn = self.task.play(self.task.actions.sample(self.task.np_random))
            turn[-1]["fault"] = fault
            return turn
        if self.on_fault == "ask":
            return self.task.forfeit(fault, is_charged=False)
        return self.task.forfeit(fault, is_charged=True, is_end=self.on_fault == "end")


def _with_answer(info: dict[str, Any], answer: ReadAnswer | None) -> dict[str, Any]:
    return {**{name: value for name, value in info.items() if name != "action_mask"}, "answer": answer}


def _check_readable(name: str | Parser, parser: Parser, actions: Vocabulary) -> None:
    """Raise ConfigError if the parser cannot read what it writes itself."""
    names = actions.names if isinstance(actions, ActionSet) else (actions.sample(np.random.default_rng(0)),)
    for action in names:
        answer = parser.parse(parser.write(action, actions), actions)
        if not isinstance(answer, Parsed) or answer.action != action:
            raise ConfigError(f"parser={name!r} cannot read {action!r}, an action of this task: use parser='json'")
