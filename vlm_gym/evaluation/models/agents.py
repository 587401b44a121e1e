"""What plays: agents that answer a conversation. Those here need no model."""

import asyncio
import importlib
import inspect
import sys
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vlm_gym.chat import ChatSession
from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError, VlmGymError, check_is
from vlm_gym.messages import to_hugging_face


@dataclass(frozen=True)
class Reply:
    """What an agent said, and what it took.

    Attributes:
        text: The answer as it came.
        prompt_tokens: Tokens read, as the endpoint counted them; 0 where nobody counts.
        completion_tokens: Tokens written.
        cost: Money, in the currency of the prices given.
        latency_s: Seconds from the first request to the answer, waiting for retries included.
        num_requests: Requests sent, failed ones included.
        is_cut_off: Whether the answer ended at the token limit.
        is_cached: Whether it came from the response cache.
        is_repeated: Whether the model was not asked, since it would have said the same again (`Plan.stop_repeats`).
        finish_reason: How it ended, in the server's word; None where nobody says.
        reasoning: What the model thought, where that is told apart from the answer.
        model: The model that answered, as the server calls it.
        request_id: The server's name for the reply.
        seed: The sampling seed of this answer; None where none was sent, and for greedy models in this process.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    latency_s: float = 0.0
    num_requests: int = 0
    is_cut_off: bool = False
    is_cached: bool = False
    is_repeated: bool = False
    finish_reason: str | None = None
    reasoning: str = ""
    model: str = ""
    request_id: str = ""
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("text", "reasoning", "model", "request_id"):
            check_is(name, getattr(self, name), str, "a str")
        check_is("finish_reason", self.finish_reason, str | None, "a str or None")
        for name in ("prompt_tokens", "completion_tokens", "cost", "latency_s", "num_requests"):
            number = getattr(self, name)
            if not isinstance(number, int | float) or not number >= 0:
                raise ConfigError(f"{name} must be a number of 0 or more, got {number!r}")
        for name in ("is_cut_off", "is_cached", "is_repeated"):
            check_is(name, getattr(self, name), bool, "True or False")
        check_is("seed", self.seed, int | None, "an int or None")


class Agent(ABC):
    """Answers one turn of a conversation at a time, many conversations at once.

    An agent keeps no state of a conversation: all that it knows is in `session`. It raises `AgentError` if it cannot
    answer.
    """

    @abstractmethod
    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer `session.messages()`. All chance comes from `rng`, which belongs to this turn of this episode."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what determines the answers, as plain values and without secrets; `name` is the name in reports."""

    async def check(self, session: ChatSession, rng: np.random.Generator) -> Reply | None:
        """Answer a first request, before anything is played, if that can tell whether later ones will be answered.

        The same question with the same chance may come again as an episode's first turn: the answer may be kept for it.
        Return None where there is nothing to find out.
        """
        return None

    async def close(self) -> None:  # noqa: B027  # most agents have nothing to close
        """Close connections and end processes."""


class RandomAgent(Agent):
    """Plays uniformly random actions of the task's vocabulary."""

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with a random action."""
        return Reply(random_answer(session, rng))

    def describe(self) -> dict[str, Any]:
        """Return the name."""
        return {"name": "random"}


class OracleAgent(Agent):
    """Plays a best action with probability `p`, else a random one; a random one too where nothing can succeed.

    With p < 1 it is the noisy oracle.
    """

    def __init__(self, p: float = 1.0) -> None:
        if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0.0 <= p <= 1.0:
            raise ConfigError(f"p, the oracle's probability of a best action, must be from 0 to 1, got {p!r}")
        self.p = float(p)

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with the oracle's action, or a random one."""
        if not session.task.has_oracle():
            raise AgentRefusedError(f"{type(session.task).__name__} has no oracle: play it with another agent")
        action = session.task.oracle_action() if rng.random() < self.p else None
        if action is None:
            return Reply(random_answer(session, rng))
        return Reply(session.parser.write(action, session.task.actions))

    def describe(self) -> dict[str, Any]:
        """Return name and probability."""
        return {"name": "oracle" if self.p == 1.0 else f"oracle:{self.p:g}", "p": self.p}


class SearcherAgent(Agent):
    """Plays what a good player does that knows only what it has seen: a teacher that does not see through doors."""

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with the searcher's action."""
        action = session.task.searcher_action()
        if action is None:
            raise AgentRefusedError(
                f"{type(session.task).__name__} has no searcher, a player without hidden knowledge; where nothing is "
                "hidden the agent oracle is one"
            )
        return Reply(session.parser.write(action, session.task.actions))

    def describe(self) -> dict[str, Any]:
        """Return the name."""
        return {"name": "searcher"}


class ConstantAgent(Agent):
    """Gives the same answer at every turn."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with the text."""
        return Reply(self.text)

    def describe(self) -> dict[str, Any]:
        """Return the text."""
        return {"name": f"constant:{self.text}", "text": self.text}


class ScriptedAgent(Agent):
    """Gives the answers of a script, one a turn; the last one again and again once they are used up."""

    def __init__(self, texts: Sequence[str]) -> None:
        is_list = isinstance(texts, (list, tuple)) and all(isinstance(text, str) for text in texts)
        if not is_list or not texts:
            raise ConfigError(f"a script must be a list of one text or more, got {texts!r}")
        self.texts = tuple(texts)

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with the text of this turn."""
        return Reply(self.texts[min(len(session.turns), len(self.texts) - 1)])

    def describe(self) -> dict[str, Any]:
        """Return the script."""
        return {"name": "script", "texts": list(self.texts)}


class CallableAgent(Agent):
    """Asks a Python function, `(messages) -> str`, or a coroutine function of that form.

    It gets the messages with PIL images, as `to_hugging_face` writes them. A plain function runs in a thread beside
    the other episodes, one call at a time; a coroutine function is called for many episodes at once.
    """

    def __init__(self, function: Callable[[list[dict[str, Any]]], Any], name: str | None = None) -> None:
        self.function = function
        self.name = name or getattr(function, "__qualname__", type(function).__name__)
        _check_takes_messages(function, str(self.name))
        self._lock = threading.Lock()

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with what the function returns."""
        messages = to_hugging_face(session.messages())
        is_coroutine = any(map(inspect.iscoroutinefunction, (self.function, type(self.function).__call__)))
        try:
            text = await (self.function(messages) if is_coroutine else asyncio.to_thread(self._call, messages))
        except VlmGymError:
            raise
        except Exception as error:  # whatever somebody's function does
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise AgentError(
                f"the agent {self.name} failed: {type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
            ) from error
        if not isinstance(text, str):
            raise ConfigError(f"the agent {self.name} must return a str, got {text!r}")
        return Reply(text)

    def describe(self) -> dict[str, Any]:
        """Return the function's name."""
        return {"name": self.name}

    def _call(self, messages: list[dict[str, Any]]) -> Any:
        with self._lock:
            return self.function(messages)


def _check_takes_messages(function: object, name: str) -> None:
    """Raise ConfigError for what cannot be called with the messages."""
    if not callable(function):
        raise ConfigError(f"the agent {name!r} must be a function (messages) -> str, got {function!r}")
    try:
        form = inspect.signature(function)
    except (TypeError, ValueError):
        return  # written in C: nobody knows
    try:
        form.bind([])
    except TypeError as error:
        raise ConfigError(
            f"the agent {name!r} must be a function that takes the messages alone, (messages) -> str; it is "
            f"{getattr(function, '__name__', type(function).__name__)}{form}: {error}"
        ) from error


def random_answer(session: ChatSession, rng: np.random.Generator) -> str:
    """Write an answer with a uniformly random action of the vocabulary."""
    actions = session.task.actions
    return session.parser.write(actions.sample(rng), actions)


def callable_agent(target: str) -> CallableAgent:
    """Import `module:function`, the module from the working directory too, as an agent.

    Raises:
        ConfigError: if there is no such module or function.
    """
    module_name, _, name = target.partition(":")
    if not name or not module_name or module_name.startswith("."):
        raise ConfigError(f"an agent in Python must be named module:function, got {target!r}")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        function = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"cannot import the agent {target!r}: {error}") from error
    if not callable(function):
        raise ConfigError(f"the agent {target!r} must be a function (messages) -> str, got {function!r}")
    return CallableAgent(function, target)
