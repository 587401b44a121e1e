"""The NumberLine environment."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError, check_int
from vlm_gym.fields import Field, kinds
from vlm_gym.games import number_line as game
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.games.outcome import Outcome
from vlm_gym.oracles import number_line as oracle
from vlm_gym.prompts import number_line as words
from vlm_gym.render.canvas import Picture
from vlm_gym.render.number_line import draw_number_line
from vlm_gym.render.seeing.look import MAX_SEEING, Look, draw_look
from vlm_gym.render.theme import THEMES, read_theme
from vlm_gym.thoughts.number_line import NumberLineThinker
from vlm_gym.thoughts.thinker import Thinker

MAX_MAX_POSITION: Final = 100


class NumberLineEnv(TaskEnv[NumberLineState, int]):
    """Walk along a number line to a target.

    ## Description
    The picture shows a number line with the current number and the target. Every turn moves one step. The task asks
    whether a model can read two numbers off a picture and compare them.

    ## Action Space
    `Discrete(2)`: 0 is `-`, 1 is `+`.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`: the line, a mark for each of the two numbers, and both numbers
    in writing.

    ## Starting State
    Every pair of a position and a different target from 0 to `max_position` has the same probability.
    `reset(options={"position": 1, "target": 4})` sets either or both.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `goal` | +1 | for the step onto the target |
    | `away` | -1 | for a step that comes no closer |
    | `illegal` | -1 | for a step over an end of the line |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    ## Episode End
    Terminates at the target. Truncated after `2 * max_position` turns.

    ## Information
    As in every task; `progress` is 1 at the target and 0 elsewhere.

    ## Arguments
    `max_position=5`: the line's end, 1 to 100. `seeing=0`: how hard the line is to read, 0 to 4. Above 0 the numbers
    do not stand in writing, unless the line is too fine to be read: 1 is tilted, 2 bent, with two or three labels and
    ticks for every 0.5, 1 or 2, 3 in light and shadow on a busy table, 4 smaller besides.

    ## Differences from the paper's code
    Targets are uniform. An episode succeeds when the target is reached, where the paper counts episodes whose return
    is positive (then one wrong step is a failure). The turn limit is exact.

    ## References
    Zhai et al. 2024, arXiv 2405.10292, section 5.1.

    ## Version History
    v0: first version.
    """

    reward_weights: ClassVar[Mapping[str, float]] = {"goal": 1.0, "away": -1.0, "illegal": -1.0}
    option_names: ClassVar[tuple[str, ...]] = ("position", "target")
    themes: ClassVar[tuple[str, ...]] = tuple(THEMES)
    keys: ClassVar[Mapping[str, str]] = {"-": "-", "+": "+", "=": "+", "a": "-", "d": "+"}  # = is + without shift

    def __init__(self, settings: TaskSettings | None = None, *, max_position: int = 5, seeing: int = 0) -> None:
        check_int("max_position", max_position, 1, MAX_MAX_POSITION)
        check_int("seeing", seeing, 0, MAX_SEEING)
        super().__init__(settings or TaskSettings(), game.ACTIONS, num_actions=len(game.ACTIONS))
        self.theme = read_theme(self.settings.theme)
        self.max_position = max_position
        self.seeing = seeing
        self.look: Look | None = None

    def _deal(self, options: Mapping[str, Any]) -> NumberLineState:
        for name, number in options.items():
            check_int(f"options[{name!r}]", number, 0, self.max_position)
        state = game.deal(self.max_position, self.np_random, **options)
        if state.is_solved:
            raise ConfigError(f"options must have two different numbers, got position and target {state.target}")
        self.look = draw_look(self.seeing, self.np_random)
        return state

    def _move(self, state: NumberLineState, action: str) -> Outcome[NumberLineState]:
        return game.move(state, action)

    def _legal_actions(self, state: NumberLineState) -> tuple[str, ...]:
        return game.legal_actions(state)

    def _status(self, state: NumberLineState) -> Status:
        return Status(state.is_solved, state.is_solved, float(state.is_solved))

    def _draw(self, state: NumberLineState) -> Picture:
        return draw_number_line(state, self.settings.image_size, self.theme, self.canvas, self.look)

    def _describe(self, state: NumberLineState) -> str:
        return words.describe(state)

    def _read_out(self, state: NumberLineState) -> tuple[Field, ...]:
        return words.read_out(state)

    def _write_prompt(self, state: NumberLineState) -> str:
        return words.write_prompt(state, self.settings.prompt)

    def _best_action(self, state: NumberLineState) -> str | None:
        return oracle.best_action(state)

    def _best_value(self, state: NumberLineState) -> float:
        return oracle.optimal_value(state)

    def thinker(self) -> Thinker:
        """Return who thinks aloud in the episode."""
        return NumberLineThinker(lambda: self.state)

    @classmethod
    def field_kinds(cls, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the kinds of the fields in old records."""
        return kinds(words.FIELDS)
