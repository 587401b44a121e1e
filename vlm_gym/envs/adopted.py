"""Any Gymnasium environment with a picture and a few named actions, as a task."""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, ClassVar, Final

import gymnasium as gym
import numpy as np

from vlm_gym.actions import ActionSet
from vlm_gym.envs.adopted_turns import read_advice, read_reset, read_step
from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError, check_int
from vlm_gym.games.outcome import Outcome
from vlm_gym.prompts.answer import action_rule, answer_section
from vlm_gym.render.canvas import Picture

Rule = Callable[[bool, float, Mapping[str, Any]], object]
MOST_TURNS: Final = 10**9
INFO_RULE: Final = "info:"
PICTURE_MODE: Final = "rgb_array"


@dataclass(frozen=True, eq=False)
class Frame:
    """What the adopted environment shows after a turn; `picture` is (image_size, image_size, 3) uint8."""

    picture: Picture
    words: str
    goal: str
    is_over: bool = False
    is_truncated: bool = False
    is_success: bool = False


class AdoptedEnv(TaskEnv[Frame, int]):
    """Play an environment of Gymnasium by looking at its picture.

    ## Description
    The environment `env` with a name for each of its actions and a goal in words. The picture is what it renders,
    shrunk or enlarged to `image_size` with black margins where it is not square.

    ## Action Space
    `Discrete(n)`, one number for each of `actions`, in their order: those of the environment.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`.

    ## Starting State
    The environment's own; `reset(seed=)` hands it the seed.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `reward` | +1 | what the environment pays |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    ## Episode End
    As the environment says: its own truncation is one. Truncated after `turns` turns, too.

    ## Information
    As in every task, and `goal`. `progress` is 1 where the episode has succeeded and 0 elsewhere.

    ## Arguments
    `env`: an id, with the module that registers it where nobody imports that: "FrozenLake-v1",
    "minigrid:MiniGrid-DoorKey-5x5-v0". `env_arguments`: its own. `actions`: a name for each action. `goal`: what to do,
    in words; `{mission}` stands for what the observation or `info` holds under that name. `success`: "return" (it is
    above 0), "end" (the episode terminated, with a return above 0), "terminated", "info:KEY" (a bool in `info`), or
    "module:function" that takes (is_terminated, the return so far, info) and returns a bool. `text`: "module:function"
    that takes (observation, info) and returns the picture in words. `oracle`: "module:function" that takes the
    environment and returns a best action's name, or None, and the exact probability of success. `turns=100`: the turn
    limit.

    ## Registered Configurations
    Gym-v0, of which `vlm_gym.adopt` makes tasks with ids of their own.

    ## Version History
    v0: first version.
    """

    reward_weights: ClassVar[Mapping[str, float]] = {"reward": 1.0}
    option_names: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        settings: TaskSettings | None = None,
        *,
        env: str = "",
        actions: Sequence[str] = (),
        goal: str = "",
        success: str | Rule = "end",
        env_arguments: Mapping[str, Any] | None = None,
        text: str | Callable[[Any, Mapping[str, Any]], str] | None = None,
        oracle: str | Callable[[gym.Env[Any, Any]], tuple[str | None, float]] | None = None,
        turns: int = 100,
    ) -> None:
        names = check_arguments(
            env=env,
            actions=actions,
            goal=goal,
            success=success,
            env_arguments=env_arguments,
            text=text,
            oracle=oracle,
            turns=turns,
        )
        super().__init__(settings or TaskSettings(), ActionSet(names), len(names))
        self.actions: ActionSet
        self.adopted = _make(env, env_arguments, len(names))
        self._name, self._goal, self._success_name = env, goal, success
        self._succeeds = _success_rule(success)
        self._say = None if text is None else _function("text", text)
        self._ask = None if oracle is None else _function("oracle", oracle)
        self._seed: int | None = None
        self._return = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start an episode; the seed is the environment's too."""
        self._seed = seed
        return super().reset(seed=seed, options=options)

    def _deal(self, options: Mapping[str, Any]) -> Frame:
        seed = None if self._seed is None else int(self._seed)
        observation, info = read_reset(self._name, self.adopted.reset(seed=seed))
        self._return = 0.0
        return Frame(self._shot(), self._words(observation, info), self._goal_now(observation, info))

    def _move(self, state: Frame, action: str) -> Outcome[Frame]:
        number = int(self.adopted.action_space.start) + self.actions.index(action)  # type: ignore[attr-defined]
        turn = read_step(self._name, self.adopted.step(number))
        self._return += turn.reward
        frame = Frame(
            self._shot(),
            self._words(turn.observation, turn.info),
            self._goal_now(turn.observation, turn.info),
            is_over=turn.is_terminated or turn.is_truncated,
            is_truncated=turn.is_truncated and not turn.is_terminated,
            is_success=self._has_succeeded(turn.is_terminated, turn.info),
        )
        return Outcome(frame, {"reward": turn.reward})

    def _has_succeeded(self, is_terminated: bool, info: Mapping[str, Any]) -> bool:
        verdict = self._succeeds(is_terminated, self._return, info)
        if not isinstance(verdict, (bool, np.bool_)):
            raise ConfigError(
                f"{self._name}: the success rule {self._success_name!r} must return a bool, got {verdict!r}"
            )
        return bool(verdict)

    def _legal_actions(self, state: Frame) -> tuple[str, ...]:
        return () if state.is_over else self.actions.names

    def _status(self, state: Frame) -> Status:
        return Status(state.is_over, state.is_success, float(state.is_success), state.is_truncated)

    def _draw(self, state: Frame) -> Picture:
        return state.picture.copy()

    def _describe(self, state: Frame) -> str:
        return state.words

    def _write_prompt(self, state: Frame) -> str:
        rule = action_rule(self.actions.names)
        return f"{state.goal}\n\n{answer_section(self.settings.prompt, (), self.actions.key, rule)}"

    def _more_info(self, state: Frame) -> dict[str, Any]:
        return {"goal": state.goal}

    def has_oracle(self) -> bool:
        """Return whether whoever adopted the environment gave an oracle."""
        return self._ask is not None

    def _best_action(self, state: Frame) -> str | None:
        return self._advice()[0]

    def _best_value(self, state: Frame) -> float | None:
        return self._advice()[1]

    def _advice(self) -> tuple[str | None, float | None]:
        if self._ask is None:
            return None, None
        return read_advice(self._name, self._ask(self.adopted), self.actions.names)

    def _shot(self) -> Picture:
        shown: Any = self.adopted.render()
        picture = np.asarray(shown)
        if picture.ndim != 3 or picture.shape[2] < 3 or not picture.size or picture.dtype != np.uint8:
            raise ConfigError(
                f"{self._name}: render() must return a picture, (height, width, 3) uint8, got {type(shown).__name__} "
                f"of shape {picture.shape} and type {picture.dtype}"
            )
        return _fit(picture[..., :3], self.settings.image_size)

    def _words(self, observation: Any, info: Mapping[str, Any]) -> str:
        if self._say is None:
            return ""
        words = self._say(observation, info)
        if not isinstance(words, str):
            raise ConfigError(f"{self._name}: text must return a str, got {words!r}")
        return words

    def _goal_now(self, observation: Any, info: Mapping[str, Any]) -> str:
        told = {**(observation if isinstance(observation, Mapping) else {}), **info}
        try:
            return self._goal.format_map(told)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            listed = ", ".join(sorted(map(str, told))) or "nothing"
            raise ConfigError(
                f"{self._name}: goal={self._goal!r} names what neither info nor the observation holds ({error}); they "
                f"hold {listed}. Write {{{{ for a brace"
            ) from error

    def close(self) -> None:
        """Close the environment."""
        self.adopted.close()


def check_arguments(
    *,
    env: object,
    actions: object,
    goal: object,
    success: object,
    env_arguments: object,
    text: object,
    oracle: object,
    turns: object,
) -> tuple[str, ...]:
    """Check all that can be told without making the environment or importing a function; return the actions' names.

    Raises:
        ConfigError: if an argument is wrong, with its name.
    """
    names = _read_names(actions)
    ActionSet(names).read("")  # refuses names that read alike
    for name, value in (("env", env), ("goal", goal)):
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{name} must be a text, and not an empty one, got {value!r}")
    try:
        tuple(Formatter().parse(str(goal)))
    except ValueError as error:
        raise ConfigError(f"goal={goal!r} is not a template: {error}. Write {{{{ for a brace") from error
    is_mapping = isinstance(env_arguments, Mapping) and all(isinstance(name, str) for name in env_arguments)
    if env_arguments is not None and not is_mapping:
        raise ConfigError(f"env_arguments must map names to values, got {env_arguments!r}")
    check_int("turns", turns, 1, MOST_TURNS)
    _check_rule(success)
    for name, target in (("text", text), ("oracle", oracle)):
        if target is not None:
            _check_function(name, target)
    return names


def _check_rule(success: object) -> None:
    if isinstance(success, str) and (success in SUCCESS_RULES or success.removeprefix(INFO_RULE) not in ("", success)):
        return
    if isinstance(success, str) and (":" not in success or success == INFO_RULE):
        known = ", ".join(map(repr, SUCCESS_RULES))
        raise ConfigError(f"success must be one of {known}, 'info:KEY' or 'module:function', got {success!r}")
    _check_function("success", success)


def _check_function(argument: str, target: object) -> None:
    module, _, name = str(target).partition(":")
    if not callable(target) and not (isinstance(target, str) and module and name):
        raise ConfigError(f"{argument} must be a function, or 'module:function', got {target!r}")


def _read_names(actions: object) -> tuple[str, ...]:
    is_list = isinstance(actions, Sequence) and not isinstance(actions, str)
    names = tuple(actions) if isinstance(actions, Sequence) and is_list else ()
    if not names or not all(isinstance(name, str) and name.strip() and name.isprintable() for name in names):
        raise ConfigError(f"actions must be a list with a name for each action of the environment, got {actions!r}")
    return names


def _make(name: str, arguments: Mapping[str, Any] | None, num_actions: int) -> gym.Env[Any, Any]:
    """Make the environment that is adopted, and check that it can be."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not in the possible render_modes")  # told below, as an error
            env: gym.Env[Any, Any] = gym.make(
                name, render_mode=PICTURE_MODE, disable_env_checker=True, **dict(arguments or {})
            )
    except (gym.error.Error, ImportError, TypeError) as error:
        raise ConfigError(
            f"env={name!r} with env_arguments={dict(arguments or {})!r} cannot be made: {error}"
        ) from error
    if PICTURE_MODE not in env.metadata.get("render_modes", ()):
        raise ConfigError(f"env={name!r} draws no pictures: its render modes lack {PICTURE_MODE!r}")
    space = env.action_space
    if not isinstance(space, gym.spaces.Discrete):
        raise ConfigError(f"env={name!r} must have a Discrete action space, got {space}")
    if int(space.n) != num_actions:
        raise ConfigError(f"actions must name the {int(space.n)} actions of env={name!r}, got {num_actions} names")
    return env


def _has_earned(is_terminated: bool, total: float, info: Mapping[str, Any]) -> bool:  # noqa: ARG001
    return total > 0


def _has_ended_well(is_terminated: bool, total: float, info: Mapping[str, Any]) -> bool:  # noqa: ARG001
    return is_terminated and total > 0


def _has_terminated(is_terminated: bool, total: float, info: Mapping[str, Any]) -> bool:  # noqa: ARG001
    return is_terminated


@dataclass(frozen=True)
class _InfoSays:
    """Success as a key of info says it; False where the key is not there yet, but it must be at an episode's end."""

    key: str

    def __call__(self, is_terminated: bool, total: float, info: Mapping[str, Any]) -> object:
        if is_terminated and self.key not in info:
            listed = ", ".join(sorted(map(str, info))) or "nothing"
            raise ConfigError(
                f"success={INFO_RULE + self.key!r} needs that key in info at the end of an episode, where there is "
                f"{listed}"
            )
        return info.get(self.key, False)


SUCCESS_RULES: Final[Mapping[str, Rule]] = {
    "return": _has_earned,
    "end": _has_ended_well,
    "terminated": _has_terminated,
}
"""When an episode has succeeded: from whether it terminated, its return so far and the last info."""


def _success_rule(success: object) -> Rule:
    if isinstance(success, str) and success in SUCCESS_RULES:
        return SUCCESS_RULES[success]
    if isinstance(success, str) and success.startswith(INFO_RULE):
        return _InfoSays(success.removeprefix(INFO_RULE))
    return _function("success", success)


def _function(argument: str, target: object) -> Callable[..., Any]:
    """Return a function as it is, or by "module:function"; modules of the working directory are found too."""
    if callable(target):
        return target
    module, _, name = str(target).partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        function = getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever a module does at import
        raise ConfigError(f"{argument}={target!r} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise ConfigError(f"{argument}={target!r} must be a function, got {function!r}")
    return function  # type: ignore[no-any-return]


def _fit(picture: Picture, size: int) -> Picture:
    """Return a picture as a square of `size` pixels, with black margins; small ones keep their sharp edges."""
    from vlm_gym.render.opencv import cv2

    height, width = picture.shape[:2]
    scale = size / max(height, width)
    wanted = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    small = cv2.resize(np.ascontiguousarray(picture), wanted, interpolation=way)
    square = np.zeros((size, size, 3), np.uint8)
    top, left = (size - small.shape[0]) // 2, (size - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square
