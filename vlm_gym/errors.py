"""The exceptions of vlm_gym.

    VlmGymError
    ├── ConfigError (ValueError)                a caller's mistake: what was expected, what came, what to do
    │   └── UnknownArgumentError (TypeError)    ... an argument that a task does not have
    ├── DataNotFoundError (FileNotFoundError)   data that is not on this machine, and how to get it
    ├── MissingDependencyError (ImportError)    an extra that is not installed, and how to install it
    ├── AgentError                              an agent that cannot answer: this episode cannot go on
    │   ├── AgentRefusedError                   ... nor can any other: a wrong key, model or address
    │   └── UnplayableError                     ... because of what it asks: too long for the model, or filtered
    └── RunError                                a folder that is not a run, or a damaged one, or one of other settings

    UnreadablePictureWarning (UserWarning)      a task made with pictures too small to be read; no error
    DeprecatedTask (FutureWarning)              a task made that another one replaces; no error

Model output never raises: an illegal move and an unreadable answer are values in `info`.
"""

from collections.abc import Hashable, Iterable
from typing import Any, Final

MAX_TOLD: Final = 200  # characters of a value that was wrong
_ADDED_BY_GYMNASIUM: Final = " was raised from the environment creator for "


class VlmGymError(Exception):
    """Base class of all errors of this package."""


class ConfigError(VlmGymError, ValueError):
    """An argument, option or action that the caller got wrong."""


class UnknownArgumentError(ConfigError, TypeError):
    """A keyword argument that does not exist.

    A TypeError too, with Python's own words for it: libraries that try whether an environment has an argument look for
    both (torchrl's `GymEnv` tries `frameskip`). What Gymnasium adds to a TypeError, all arguments again, is left off.
    """

    def __init__(self, message: str) -> None:
        """Take the message; Gymnasium raises the error anew with a longer one."""
        super().__init__(message.partition(_ADDED_BY_GYMNASIUM)[0])


class DataNotFoundError(VlmGymError, FileNotFoundError):
    """Data that is needed here and not on this machine."""


class MissingDependencyError(VlmGymError, ImportError):
    """An optional dependency that is needed here and not installed."""


class AgentError(VlmGymError):
    """An agent could not answer; other episodes may fare better, and this one when it is tried again."""


class AgentRefusedError(AgentError):
    """An agent will never answer as it is set up."""


class UnplayableError(AgentError):
    """An agent will never answer this very request, because of its content; other episodes may fare better.

    Args:
        reason: Why, in words.
        kind: "context" if the request is too long for the model, "filter" if its content is not let through.
    """

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind

    def __reduce__(self) -> tuple[type["UnplayableError"], tuple[str, str]]:  # for other processes
        return type(self), (str(self), self.kind)


class RunError(VlmGymError):
    """A run's folder that cannot be used as it is."""


class DeprecatedTask(FutureWarning):  # Gymnasium has a DeprecatedEnv
    """A task that should not be used for new work, since another one replaces it (CONTRIBUTING.md, "Versions")."""


class UnreadablePictureWarning(UserWarning):
    """A task was made with pictures so small that some of their type cannot be read."""


def did_you_mean(word: object, choices: Iterable[object]) -> str:
    """Return `" Did you mean 'x'?"` for the closest choice, or an empty string if none is close."""
    import difflib  # not above: all programs import this file before they can take Ctrl-C

    matches = difflib.get_close_matches(str(word), [str(choice) for choice in choices], n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raise ConfigError unless `value` is one of `choices`."""
    known = tuple(choices)
    if isinstance(value, Hashable) and value in known:
        return
    listed = ", ".join(repr(choice) for choice in known)
    raise ConfigError(f"{name} must be one of {listed}; got {value!r}.{did_you_mean(value, known)}")


def check_is(name: str, value: object, kind: Any, expected: str) -> None:
    """Raise ConfigError unless `value` is of this type, or of a union's; `expected` says in words of which."""
    if isinstance(value, kind):
        return
    told = repr(value)
    raise ConfigError(f"{name} must be {expected}, got {told if len(told) <= MAX_TOLD else told[:MAX_TOLD] + '...'}")


def apart(one: str, other: str, reason: str) -> ConfigError:
    """Return the error for two arguments, each "name=value", that are right by themselves and not together."""
    names = " or ".join(argument.partition("=")[0] for argument in (one, other))
    return ConfigError(f"{one} does not go with {other}: {reason}. Leave out {names}")


def check_int(name: str, value: object, low: int, high: int) -> None:
    """Raise ConfigError unless `value` is an int (and no bool) from `low` to `high`."""
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return
    raise ConfigError(f"{name} must be an int from {low} to {high}, got {value!r}")
