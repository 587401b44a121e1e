"""What every task has in common: picture, prompt, information, named rewards, three kinds of wrong."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, Literal, NamedTuple, TypeVar

import gymnasium as gym
import numpy as np

from vlm_gym.actions import ActionSet, Vocabulary
from vlm_gym.envs.rewards import RewardTerms
from vlm_gym.envs.spaces import AnswerSpace
from vlm_gym.errors import ConfigError, check_choice, check_int
from vlm_gym.fields import Field, check_fields
from vlm_gym.games.outcome import Outcome
from vlm_gym.prompts.answer import PromptSettings
from vlm_gym.render.canvas import Canvas, Picture
from vlm_gym.thoughts.thinker import Thinker

MIN_IMAGE_SIZE: Final = 84
MAX_IMAGE_SIZE: Final = 1024
NOT_DRAWN: Final[Picture] = np.zeros((0, 0, 3), np.uint8)
MAX_MASKS: Final = 256  # action masks that an env remembers

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")
Turn = tuple[Picture, float, bool, bool, dict[str, Any]]


@dataclass(frozen=True)
class TaskSettings:
    """The arguments that every task has.

    Attributes:
        image_size: Width and height of the picture in pixels, 84 to 1024.
        theme: A theme's name, or a mapping of theme fields (`vlm_gym.render.theme`).
        prompt: How the task is put into words (`PromptSettings`).
        rewards: Weights of reward terms, in place of the task's own; terms that are left out keep theirs.
        render_mode: None or "rgb_array".
    """

    image_size: int = 300
    theme: str | Mapping[str, str] = "classic"
    prompt: PromptSettings = field(default_factory=PromptSettings)
    rewards: Mapping[str, float] = field(default_factory=dict)
    render_mode: Literal["rgb_array"] | None = None

    def __post_init__(self) -> None:
        check_int("image_size", self.image_size, MIN_IMAGE_SIZE, MAX_IMAGE_SIZE)
        check_choice("render_mode", self.render_mode, (None, "rgb_array"))
        if not isinstance(self.rewards, Mapping):
            raise ConfigError(f"rewards must map names of reward terms to weights, got {self.rewards!r}")


class Status(NamedTuple):
    """Where a game stands. `progress` is the share of the goal's conditions that are met, 0 to 1.

    `is_truncated` says of a game that is over that it was cut off by a limit of its own.
    """

    is_over: bool
    is_success: bool
    progress: float
    is_truncated: bool = False


class TaskEnv(gym.Env[Picture, ActionT], ABC, Generic[StateT, ActionT]):
    """Base class of all tasks; a subclass supplies the methods that have no body here.

    The observation is the picture, all text is in `info` (docs/environments.md, "What is in info"). `step` plays an
    action of the task's vocabulary; `vlm_gym.wrappers.TextPlay` reads free text.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 2}  # type: ignore[misc]
    reward_weights: ClassVar[Mapping[str, float]]
    """The task's reward terms and their weights: the arguments' defaults."""
    option_names: ClassVar[tuple[str, ...]]
    """The keys that `reset(options=...)` understands."""
    keys: ClassVar[Mapping[str, str]] = {}
    """For play with the keyboard: the action that each key plays, by its name; none where the actions change."""
    themes: ClassVar[tuple[str, ...]] = ()
    """The names that the argument `theme` understands."""
    oracle_note: ClassVar[str] = ""
    """What a reader of the oracle's texts must know of it: a sentence for data cards."""
    tells_mistakes: ClassVar[bool] = False
    """Whether the next prompt says why the last action was illegal or could not be read."""

    def __init__(self, settings: TaskSettings, actions: Vocabulary, num_actions: int | None = None) -> None:
        """Set up spaces: `Discrete(num_actions)`, or without a number all texts (`AnswerSpace`)."""
        self.settings = settings
        self.actions = actions
        self.num_actions = num_actions
        self.render_mode = settings.render_mode
        self.canvas: Canvas | None = None
        """Where a picture may be drawn: a part of a vector environment's array."""
        self.is_drawn_later = False
        """Whether a step leaves its picture to `draw_onto`, and returns an empty one."""
        self._terms = RewardTerms.merge(type(self).__name__, self.reward_weights, settings.rewards)
        shape = (settings.image_size, settings.image_size, 3)
        self.observation_space = gym.spaces.Box(0, 255, shape, np.uint8)
        space = AnswerSpace(actions) if num_actions is None else gym.spaces.Discrete(num_actions)
        self.action_space = space  # type: ignore[assignment]  # the subclass binds ActionT to match its vocabulary
        self._state: StateT | None = None
        self._has_ended = False
        self._masks: dict[tuple[str, ...], bytearray] = {}
        self._sight: tuple[StateT, bool, str, tuple[str, ...]] | None = None

    # What a task supplies

    @abstractmethod
    def _deal(self, options: Mapping[str, Any]) -> StateT:
        """Return a start state: drawn from `self.np_random`, or as `options` say."""

    @abstractmethod
    def _move(self, state: StateT, action: str) -> Outcome[StateT]:
        """Play an action of the vocabulary."""

    @abstractmethod
    def _legal_actions(self, state: StateT) -> tuple[str, ...]:
        """Return the actions that break no rule in a game that goes on."""

    @abstractmethod
    def _status(self, state: StateT) -> Status:
        """Return where the game stands."""

    @abstractmethod
    def _draw(self, state: StateT) -> Picture:
        """Draw the player's view."""

    @abstractmethod
    def _write_prompt(self, state: StateT) -> str:
        """Write the task prompt for this turn."""

    # What it may supply

    def _describe(self, state: StateT) -> str:
        """Put the player's view into words; "" where there are none."""
        return ""

    def _read_out(self, state: StateT) -> tuple[Field, ...]:
        """Return the fields of the picture that the prompt asks for, each with what a right answer says there."""
        return ()

    def _best_action(self, state: StateT) -> str | None:
        """Return a best action in a game that goes on, as text; None where none leads to success or none is known."""
        return None

    def _best_value(self, state: StateT) -> float | None:
        """Return the exact probability of success of the best play in a game that goes on; None without an oracle."""
        return None

    def _action_values(self, state: StateT) -> dict[str, float]:
        """Return the value of each action in a game of chance that goes on."""
        return {}

    def _searcher_action(self, state: StateT) -> str | None:
        """Return what a good player without hidden knowledge does in a game that goes on; None if there is none."""
        return None

    # The oracle

    def has_oracle(self) -> bool:
        """Return whether the task knows best actions, or good ones where nobody knows their value."""
        return type(self)._best_action is not TaskEnv._best_action

    def oracle_action(self) -> str | None:
        """Return a best action now, as text; None where none can lead to success any more, or the episode is over."""
        return None if self._has_ended else self._best_action(self.state)

    def searcher_action(self) -> str | None:
        """Return what a good player does now that knows only what it has seen since the last reset, as text.

        None where a task has no such player (where nothing is hidden, the oracle is one), or the episode is over.
        """
        return None if self._has_ended else self._searcher_action(self.state)

    def problem(self) -> str:
        """Return what the episode that has just begun asks: the same words for starts of which one answers the other.

        Who shall meet new problems in evaluation, not only new starts, holds some of these back from training.
        """
        return self._describe(self.state)

    def optimal_value(self) -> float | None:
        """Return the exact probability of success of the best play from here, without the turn limit.

        None while nobody knows: in a task without an oracle, or with one that cannot tell what its actions are worth.
        """
        return float(self._status(self.state).is_success) if self._has_ended else self._best_value(self.state)

    def action_values(self) -> dict[str, float]:
        """Return the exact probability of success of each action now, if the best play follows it.

        Empty where nothing is left to chance: then an action is worth the `optimal_value` that follows it.
        """
        return {} if self._has_ended else self._action_values(self.state)

    def starts(self) -> tuple[dict[str, Any], ...] | None:
        """Return all starts, as options of `reset`, where a task has a list of them; None where they are drawn.

        They are in playing order: `reset(seed=i)` plays start i, modulo their number.
        """
        return None

    # What others ask of a task

    def readings(self) -> tuple[Field, ...]:
        """Return the fields of the picture that the prompt asks for, each with its kind and the truth.

        Raises:
            ConfigError: if the task's class gives a field without a kind or without a truth.
        """
        return check_fields(f"{type(self).__module__}.{type(self).__qualname__}", self._read_out(self.state))

    def thinker(self) -> Thinker | None:
        """Return who thinks aloud, for data, in the episode that has just begun; None where nobody can."""
        return None

    def kind_of(self, action: str) -> str | None:
        """Return what counts as the same when actions are counted: the action itself, if they can be listed.

        None where hardly one comes twice.
        """
        return action if isinstance(self.actions, ActionSet) else None

    @classmethod
    def own_speeds(cls, task: str, arguments: Mapping[str, Any], seconds: float) -> Iterable[tuple[str, str]]:
        """Measure what a task has to measure beside its speed as an environment, for some seconds each.

        Return the names of the rows of `vlm-gym bench`, and what they say.
        """
        return ()

    @classmethod
    def field_kinds(cls, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the kinds of the fields that records without kinds have, which were written before there were kinds.

        `arguments` are those of the env. A task that is newer than that has none to name.
        """
        return {}

    # The Gymnasium interface

    @property
    def state(self) -> StateT:
        """The full state, hidden parts included: for oracles and tests, never for players."""
        if self._state is None:
            raise gym.error.ResetNeeded("expected reset() before anything else: no episode has been started")
        return self._state

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Picture, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Seeds all chance from here on; None goes on with the generator as it is.
            options: The start, if it is not to be drawn; the task's class docstring names the keys.

        Raises:
            ConfigError: if `seed` is not an int >= 0, or an option is unknown or wrong.
        """
        _check_seed(seed)
        super().reset(seed=None if seed is None else int(seed))
        self._state = self._deal(self._known_options(options))
        self._has_ended = False
        return self._draw(self._state), self._info(Outcome(self._state, {}), self._status(self._state))

    def step(self, action: ActionT) -> Turn:
        """Play an action: its number in `Discrete`, or its text in a task without one.

        Raises:
            ConfigError: if the action is not in the action space.
            gymnasium.error.ResetNeeded: before the first reset, and after the end of an episode.
        """
        return self.play(self.name_of(action))

    def play(self, name: str) -> Turn:
        """Play an action of the vocabulary by its name."""
        outcome = self._move(self._running_state(), name)
        self._state = outcome.state
        turn = self._turn(outcome, action=name)
        if self.tells_mistakes and outcome.illegal is not None:
            info = turn[-1]
            info["prompt"] = f"Your last answer broke a rule: {outcome.illegal}.\n\n{info['prompt']}"
        return turn

    def name_of(self, action: object) -> str:
        """Return the name of an action of the action space, as `play` takes it; numbers may change with the turn.

        Raises:
            ConfigError: if it is none.
        """
        if self.num_actions is None:
            if isinstance(action, str):
                return action
            raise ConfigError(f"action must be a str, got {action!r}")
        number = int(action) if isinstance(action, np.integer) else action
        if isinstance(number, np.ndarray) and number.shape == ():
            number = number.item()
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < self.num_actions:
            return self._numbered(number)
        raise ConfigError(f"action must be an int from 0 to {self.num_actions - 1}, got {action!r}")

    def forfeit(self, fault: str, *, is_charged: bool, is_end: bool = False) -> Turn:
        """Let a turn pass because the answer could not be read: the state stays as it is.

        Without a charge the next prompt says what was wrong and asks again.
        """
        outcome = Outcome(self._running_state(), {"fault": 1.0} if is_charged else {})
        turn = self._turn(outcome, fault=fault, is_end=is_end)
        if self.tells_mistakes or not is_charged:
            info = turn[-1]
            note = f"Your last answer could not be read ({fault}). Please answer again."
            info["prompt"] = f"{note}\n\n{info['prompt']}"
        return turn

    def draw_onto(self, canvas: Canvas) -> None:
        """Draw the current picture onto a canvas."""
        self.canvas = canvas
        try:
            picture = self._draw(self.state)
        finally:
            self.canvas = None
        canvas.fill(picture)  # for a task whose `_draw` does not look at the canvas

    def render(self) -> Picture | None:
        """Return the current picture, (image_size, image_size, 3) uint8; None without a render mode."""
        if self.render_mode is None:
            gym.logger.warn("render() draws nothing without a render mode: make the env with render_mode='rgb_array'")
            return None
        return self._draw(self.state)

    def action_masks(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which actions of `Discrete` are legal now, (n,) bool: the name that sb3-contrib calls."""
        return self._mask(self._admissible()).astype(np.bool_)

    def get_keys_to_action(self) -> dict[str, int]:
        """Return the number of the action that each key plays: the name that `gymnasium.utils.play` calls.

        Raises:
            ConfigError: in a task whose actions are texts or change every turn.
        """
        if not self.keys or not isinstance(self.actions, ActionSet):
            raise ConfigError(
                f"{type(self).__name__} cannot be played with single keys, since its actions are texts or change every "
                "turn: use `vlm-gym play`, or give `play` a keys_to_action of your own"
            )
        names = self.actions.names
        return {key: names.index(name) for key, name in self.keys.items() if name in names}

    # Private

    def _running_state(self) -> StateT:
        state = self.state
        if self._has_ended:
            raise gym.error.ResetNeeded("expected reset(): the episode has ended")
        return state

    def _numbered(self, number: int) -> str:
        """Return the action that has this number in `Discrete` now."""
        assert isinstance(self.actions, ActionSet)  # noqa: S101  # a task with another vocabulary has its own numbers
        return self.actions.names[number]

    def _known_options(self, options: Mapping[str, Any] | None) -> Mapping[str, Any]:
        if options is None:
            return {}
        if not isinstance(options, Mapping):
            raise ConfigError(f"options must be a dict or None, got {options!r}")
        for name in options:
            check_choice("a key of options", name, self.option_names)
        return options

    def _turn(
        self, outcome: Outcome[StateT], action: str | None = None, fault: str | None = None, *, is_end: bool = False
    ) -> Turn:
        status = self._status(outcome.state)
        self._has_ended = status.is_over or is_end
        info = self._info(outcome, status, action, fault)
        picture = NOT_DRAWN if self.is_drawn_later else self._draw(outcome.state)
        is_terminated = self._has_ended and not status.is_truncated
        return picture, sum(info["rewards"].values()), is_terminated, status.is_truncated, info

    def _info(
        self, outcome: Outcome[StateT], status: Status, action: str | None = None, fault: str | None = None
    ) -> dict[str, Any]:
        description, admissible = self._look(outcome.state)
        prompt = self._write_prompt(outcome.state)
        if self.settings.prompt.include_text:
            prompt = f"The picture in words: {description}\n\n{prompt}"
        return {
            "prompt": prompt,
            "observation_text": description,
            "admissible_actions": admissible,
            "action_mask": self._mask(admissible),
            "is_success": bool(status.is_success),
            "progress": float(status.progress),
            "rewards": self._terms.pay(outcome.events),
            "action": action,
            "illegal": outcome.illegal,
            "fault": fault,
            **self._more_info(outcome.state),
        }

    def _look(self, state: StateT) -> tuple[str, tuple[str, ...]]:
        """Return the picture in words and the admissible actions; after an illegal move they are what they were."""
        if self._sight is None or self._sight[0] is not state or self._sight[1] != self._has_ended:
            self._sight = state, self._has_ended, self._describe(state), self._admissible()
        return self._sight[2:]

    def _more_info(self, state: StateT) -> dict[str, Any]:
        """Return what a task has to say beyond the keys that all have."""
        return {}

    def _admissible(self) -> tuple[str, ...]:
        return () if self._has_ended else self._legal_actions(self.state)

    def _mask(self, admissible: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int8]]:
        mask = self._masks.get(admissible)
        if mask is None:
            mask = bytearray(self.num_actions or 0)
            for number in self._numbers_of(admissible):
                mask[number] = 1
            if len(self._masks) >= MAX_MASKS:
                self._masks.clear()
            self._masks[admissible] = mask
        return np.frombuffer(mask.copy(), np.int8)

    def _numbers_of(self, admissible: tuple[str, ...]) -> Iterable[int]:
        """Return the numbers of admissible actions in `Discrete`."""
        return map(self.actions.index, admissible) if isinstance(self.actions, ActionSet) else ()


def _check_seed(seed: object) -> None:
    if seed is None or (isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0):
        return
    raise ConfigError(f"seed must be None or an int >= 0, got {seed!r}")
