"""vlm_gym: Gymnasium tasks that a vision-language model plays by looking at a picture and answering in text.

import gymnasium as gym
import vlm_gym

env = gym.make("vlm_gym/Points24-v0")                  # a picture in, Discrete(17) out
env = gym.make("vlm_gym/Points24-v0", parser="json")   # the same picture, free text out

docs/api.md lists the names that stand here. Most are imported when they are first used, so making an environment does
not wait for the evaluator's imports.
"""

import importlib
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.program import PROGRAM as _PROGRAM  # noqa: F401  # before what takes time: it takes Ctrl-C

# isort: split
from vlm_gym._version import __version__
from vlm_gym.adoption import adopt
from vlm_gym.errors import (
    AgentError,
    AgentRefusedError,
    ConfigError,
    DataNotFoundError,
    DeprecatedTask,
    MissingDependencyError,
    RunError,
    UnknownArgumentError,
    UnplayableError,
    UnreadablePictureWarning,
    VlmGymError,
)
from vlm_gym.registration import TASKS, find_task, register_task
from vlm_gym.task import Task

if TYPE_CHECKING:
    from vlm_gym import wrappers
    from vlm_gym.chat import ChatSession, ChatSettings, ChatTurn
    from vlm_gym.episodes import EpisodeSpec
    from vlm_gym.evaluation.models.agent_names import make_agent
    from vlm_gym.evaluation.models.agents import Agent, Reply
    from vlm_gym.evaluation.runs.limits import Limits
    from vlm_gym.evaluation.runs.panels import Panel, get_panel, rows
    from vlm_gym.evaluation.runs.plan import Plan
    from vlm_gym.evaluation.runs.run import evaluate
    from vlm_gym.messages import Message, to_hugging_face, to_openai, to_placeholders
    from vlm_gym.rollout import Rollout, Step
    from vlm_gym.session_pool import SessionPool

_PLACES: Final = MappingProxyType(
    {
        "ChatSession": "vlm_gym.chat",
        "ChatSettings": "vlm_gym.chat",
        "ChatTurn": "vlm_gym.chat",
        "EpisodeSpec": "vlm_gym.episodes",
        "make_agent": "vlm_gym.evaluation.models.agent_names",
        "Agent": "vlm_gym.evaluation.models.agents",
        "Reply": "vlm_gym.evaluation.models.agents",
        "Panel": "vlm_gym.evaluation.runs.panels",
        "get_panel": "vlm_gym.evaluation.runs.panels",
        "rows": "vlm_gym.evaluation.runs.panels",
        "Plan": "vlm_gym.evaluation.runs.plan",
        "Limits": "vlm_gym.evaluation.runs.limits",
        "evaluate": "vlm_gym.evaluation.runs.run",
        "Message": "vlm_gym.messages",
        "to_hugging_face": "vlm_gym.messages",
        "to_openai": "vlm_gym.messages",
        "to_placeholders": "vlm_gym.messages",
        "Rollout": "vlm_gym.rollout",
        "Step": "vlm_gym.rollout",
        "SessionPool": "vlm_gym.session_pool",
    }
)
"""Where the names are that are imported when they are first used."""

__all__ = [
    "TASKS",
    "Agent",
    "AgentError",
    "AgentRefusedError",
    "ChatSession",
    "ChatSettings",
    "ChatTurn",
    "ConfigError",
    "DataNotFoundError",
    "DeprecatedTask",
    "EpisodeSpec",
    "Limits",
    "Message",
    "MissingDependencyError",
    "Panel",
    "Plan",
    "Reply",
    "Rollout",
    "RunError",
    "SessionPool",
    "Step",
    "Task",
    "UnknownArgumentError",
    "UnplayableError",
    "UnreadablePictureWarning",
    "VlmGymError",
    "__version__",
    "adopt",
    "evaluate",
    "find_task",
    "get_panel",
    "make_agent",
    "register_task",
    "rows",
    "to_hugging_face",
    "to_openai",
    "to_placeholders",
    "wrappers",
]


def __getattr__(name: str) -> Any:
    """Import what is first used now."""
    if name == "wrappers":
        return importlib.import_module("vlm_gym.wrappers")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    value = globals()[name] = getattr(importlib.import_module(_PLACES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
