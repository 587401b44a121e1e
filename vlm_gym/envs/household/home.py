"""What the household environments share: commands, picture, rewards, oracle."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Literal, get_args

from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.envs.household.engine import Engine, GameState
from vlm_gym.errors import ConfigError, check_choice, check_int
from vlm_gym.fields import Field, kinds
from vlm_gym.games.household.tasks import GoalKinds
from vlm_gym.games.household.thor import ThorState
from vlm_gym.games.household.view import HouseholdView, Notes
from vlm_gym.games.household.vocabulary import CommandVocabulary
from vlm_gym.games.household.world import World
from vlm_gym.games.outcome import Outcome
from vlm_gym.oracles import household as oracle
from vlm_gym.oracles import household_thor as thor_oracle
from vlm_gym.oracles.household_searcher import search
from vlm_gym.prompts import household as words
from vlm_gym.render.canvas import Picture, lay
from vlm_gym.render.household.palette import HOME_THEMES, read_home_theme
from vlm_gym.thoughts.household import HomeThinker, verb_of
from vlm_gym.thoughts.thinker import Thinker

NUM_COMMANDS: Final = 128  # of Discrete; official games have at most 74 admissible commands at a time
NO_COMMAND: Final = "command "  # what a number beyond them is called, as no command is
LATEST_VERSION: Final = 1  # of pictures and prompts
ProgressReward = Literal["change", "level"]
TakenNotes = bool | Literal["goal"]
"""Whether the player is shown what it has seen: all of it, nothing, or what matters for the goal."""


class HomeEnv(TaskEnv[GameState, int]):
    """Base class of the household environments; a subclass says which game an episode plays."""

    reward_weights: ClassVar[Mapping[str, float]] = {"success": 50.0, "progress": 1.0, "illegal": -1.0}
    themes: ClassVar[tuple[str, ...]] = tuple(HOME_THEMES)
    oracle_note: ClassVar[str] = (
        "The oracle of the household tasks knows the whole home. Where the player cannot know, as of what is behind a "
        "door, its\nchoice is told as a guess; so guesses in these texts are right more often than a player's can be."
    )
    tells_mistakes: ClassVar[bool] = True
    actions: CommandVocabulary
    game: Engine
    """The game in progress."""

    def __init__(
        self,
        settings: TaskSettings | None,
        *,
        labels: bool,
        include_admissible: bool,
        progress_reward: ProgressReward,
        notes: TakenNotes,
        version: int,
    ) -> None:
        from vlm_gym.render.household import photo  # needs OpenCV, which card tasks do without
        from vlm_gym.render.household.scene import draw_household

        check_int("version", version, 0, LATEST_VERSION)
        for name, value in (("labels", labels), ("include_admissible", include_admissible)):
            if not isinstance(value, bool):
                raise ConfigError(f"{name} must be True or False, got {value!r}")
        if not isinstance(notes, bool | str) or notes not in (True, False, "goal"):
            raise ConfigError(f"notes must be True, False or 'goal', got {notes!r}")
        check_choice("progress_reward", progress_reward, get_args(ProgressReward))
        super().__init__(settings or TaskSettings(), CommandVocabulary(), NUM_COMMANDS)
        self.theme = read_home_theme(self.settings.theme)
        self.labels = labels
        self.include_admissible = include_admissible
        self.progress_reward = progress_reward
        self.notes = notes
        self.version = version
        self._notes = Notes()
        self._seen: tuple[GameState, HouseholdView] | None = None
        self._draw_household = draw_household
        self._fit_photo = photo.fit
        self._drawn: tuple[HouseholdView, Picture] | None = None

    @abstractmethod
    def _start_game(self, options: Mapping[str, Any]) -> Engine:
        """Return the game of a new episode, at its start."""

    @abstractmethod
    def _game_name(self) -> str:
        """Return what `info["game"]` calls the game in progress."""

    def _deal(self, options: Mapping[str, Any]) -> GameState:
        self.game = self._start_game(options)
        self.actions.names = self.game.admissible
        self._note(Notes().look(self._view(self.game.state)))
        return self.game.state

    def _move(self, state: GameState, action: str) -> Outcome[GameState]:
        rule = self.game.refusal(action)
        before = self.game.progress
        self.game.step(action)
        self.actions.names = self.game.admissible
        if rule is not None:  # nothing has changed
            if not action.startswith(NO_COMMAND):
                self._note(self._notes.refuse(action))
            return Outcome(state, {"illegal": 1.0, **self._progress_events(before, before)}, illegal=rule)
        events = self._progress_events(before, self.game.progress)
        self._note(self._notes.look(self._view(self.game.state)))
        return Outcome(self.game.state, {**events, "success": 1.0} if self.game.is_won else events)

    def _note(self, notes: Notes) -> None:
        """Keep what the player knows now."""
        self._notes = notes
        if self.notes:
            self._sight = None  # the words have changed, though the state may be the same

    def _progress_events(self, before: float, now: float) -> dict[str, float]:
        return {"progress": now if self.progress_reward == "level" else now - before}

    def _legal_actions(self, state: GameState) -> tuple[str, ...]:
        return self.game.admissible

    def _numbered(self, number: int) -> str:
        names = self.actions.names
        return names[number] if number < len(names) else f"{NO_COMMAND}{number} of {len(names)}"

    def _numbers_of(self, admissible: tuple[str, ...]) -> Iterable[int]:
        return range(min(len(admissible), NUM_COMMANDS))

    def _status(self, state: GameState) -> Status:
        is_won = self.game.is_won
        return Status(is_won, is_won, self.game.progress)

    def _draw(self, state: GameState) -> Picture:
        if isinstance(state, ThorState):
            return self._fit_photo(state.photo, self.settings.image_size)
        view, size = self._view(state), self.settings.image_size
        if self._drawn is None or self._drawn[0] is not view:  # else a move changed nothing
            picture = self._draw_household(view, size, self.theme, has_labels=self.labels, version=self.version)
            self._drawn = view, picture
        return lay(self._drawn[1], (), self.canvas)

    def _describe(self, state: GameState) -> str:
        if self.notes == "goal":
            return words.describe_for_goal(self._noted(state), self._goal)
        return words.describe(self._noted(state))

    def _read_out(self, state: GameState) -> tuple[Field, ...]:
        return words.read_out(self._view(state), self.settings.prompt)

    def _view(self, state: GameState) -> HouseholdView:
        """Return what the player sees: once for picture and words."""
        if self._seen is None or self._seen[0] is not state:
            self._seen = state, self.game.view()
        return self._seen[1]

    def _noted(self, state: GameState) -> HouseholdView:
        """Return what the player sees, with its notes if it is shown them."""
        return replace(self._view(state), notes=self._notes) if self.notes else self._view(state)

    def _write_prompt(self, state: GameState) -> str:
        settings = self.settings.prompt
        feedback = self.game.feedback if settings.include_text else None
        admissible = self.game.admissible if self.include_admissible else ()
        look: words.Look = "photo" if isinstance(state, ThorState) else "symbols" if self.version else "drawing"
        notes = self._written_notes(state) if self.notes and not settings.include_text else ""
        return words.write_prompt(self._task_in_words(), feedback, admissible, settings, look=look, notes=notes)

    def _task_in_words(self) -> str:
        """Return what the prompt says is to be done."""
        return self.game.world.sentence

    def _told_worlds(self) -> tuple[World, ...]:
        """Return the worlds of the tasks that the player knows of and has not done."""
        return (self.game.world,)

    def _written_notes(self, state: GameState) -> str:
        """Return the notes that the player is shown, in words."""
        view = self._noted(state)
        return words.write_goal_notes(view, self._goal) if self.notes == "goal" else words.write_notes(view)

    @property
    def _goal(self) -> GoalKinds:
        return self._told_goals()[0]

    def _more_info(self, state: GameState) -> dict[str, Any]:
        goal = self.game.world.goal
        return {
            "feedback": self.game.feedback,
            "goal": self.game.world.sentence,
            "task_type": goal.task,
            "stuck": self.game.is_stuck,
            "game": self._game_name(),
        }

    def _best_action(self, state: GameState) -> str | None:
        if isinstance(state, ThorState):
            return thor_oracle.best_action(state)
        return oracle.best_action_of(self._told_worlds(), state)

    def _best_value(self, state: GameState) -> float | None:
        if isinstance(state, ThorState):
            return None  # AI2-THOR's physics may refuse what the rules allow
        return min(oracle.optimal_value(world, state) for world in self._told_worlds())

    def _searcher_action(self, state: GameState) -> str:
        return search(self._told_goals(), self._view(state), self._notes)

    def _told_goals(self) -> tuple[GoalKinds, ...]:
        """Return the goals that the player knows of and has not reached."""
        goals = [world.goal for world in self._told_worlds()]
        return tuple(GoalKinds(goal.task, goal.target, goal.destination) for goal in goals)

    def problem(self) -> str:
        """Return the game's name: a home and what is to be done in it."""
        return self._game_name()

    def thinker(self) -> Thinker:
        """Return who thinks aloud in the episode."""
        return HomeThinker(self.game, self._told_goals)

    def kind_of(self, action: str) -> str:
        """Return the verb of a command: commands are counted by it."""
        return verb_of(action)

    @classmethod
    def field_kinds(cls, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the kinds of the fields in old records."""
        return kinds((words.PLACE, words.HAND, words.PAPER_DESCRIPTION))


def check_some(name: str, values: object, choices: Sequence[str]) -> tuple[str, ...]:
    """Return an argument that must be some of `choices`; raise ConfigError for anything else."""
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise ConfigError(f"{name} must be a sequence of {', '.join(choices)}; got {values!r}")
    for value in values:
        check_choice(name, value, choices)
    return tuple(values)
