"""The NumberLine environment."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError, apart, check_int
from vlm_gym.fields import Field, kinds
from vlm_gym.games import number_line as game
from vlm_gym.games.line_course import OLD_FLAG, TWO_COLORS, draw_day
from vlm_gym.games.line_moves import MOVES, LineMoves, action_set, line_moves
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.games.outcome import Outcome
from vlm_gym.oracles import line_moves as planner
from vlm_gym.oracles import number_line as oracle
from vlm_gym.prompts import line_course as course_words
from vlm_gym.prompts import line_moves as moves_words
from vlm_gym.prompts import number_line as words
from vlm_gym.render.canvas import Picture
from vlm_gym.render.number_line import draw_number_line
from vlm_gym.render.seeing.look import MAX_SEEING, Look, draw_look
from vlm_gym.render.theme import THEMES, read_theme
from vlm_gym.thoughts.line_course import LineCourseThinker
from vlm_gym.thoughts.line_moves import LineMovesThinker
from vlm_gym.thoughts.number_line import NumberLineThinker
from vlm_gym.thoughts.thinker import Thinker

MAX_MAX_POSITION: Final = 100
MAX_SPARE_MOVES: Final = 100


class NumberLineEnv(TaskEnv[NumberLineState, int]):
    """Walk along a number line to a target.

    ## Description
    The picture shows a number line with the current number and the target. Every turn moves one step. The task asks
    whether a model can read two numbers off a picture and compare them.

    ## Action Space
    `Discrete(2)`: 0 is `-`, 1 is `+`. With `moves` it is these, in their order.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`: the line, a mark for each of the two numbers, and both numbers
    in writing. With `moves` it says too how many moves are left.

    ## Starting State
    Every pair of a position and a different target from 0 to `max_position` has the same probability; with `moves`
    every pair whose shortest way has `least_moves` or more. `reset(options={"position": 1, "target": 4})` sets either
    or both.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `goal` | +1 | for the step onto the target |
    | `away` | -1 | for a step that comes no closer; with `moves`, after which the shortest way is no shorter |
    | `illegal` | -1 | for a step over an end of the line; with `moves`, to no whole number too |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    ## Episode End
    Terminates at the target, and with `moves` where none is left. Truncated after `2 * max_position` turns.

    ## Information
    As in every task; `progress` is 1 at the target and 0 elsewhere.

    ## Arguments
    `max_position=5`: the line's end, 1 to 100. `seeing=0`: how hard the line is to read, 0 to 4. Above 0 the numbers
    do not stand in writing, unless the line is too fine to be read: 1 is tilted, 2 bent, with two or three labels and
    ticks for every 0.5, 1 or 2, 3 in light and shadow on a busy table, 4 smaller besides.

    `moves=None`: the actions in place of - and +, as in "+1 -3 *2": two or more of +1 +2 +3 +5 -1 -2 -3 -5 *2 *3 /2 /3,
    one of which is possible everywhere. As many may be played as the shortest way has, and `spare_moves=0` more; a move
    that is not possible uses up none. `least_moves=1`: the shortest way of a start has so many or more.

    `course=0`: how much is otherwise for one episode, as its prompt says: from 1 either the signs have changed what
    they do, or flag and pointer what they mean; from 2 there is an old flag, which means nothing; with 3 there are a
    blue and an orange flag, of which one counts. Up to 1 it goes with `seeing`, and never with `moves`.

    ## Registered Configurations
    `NumberLine-Seeing-L1-v0`, `NumberLine-Planning-L1-v0`, `NumberLine-Course-L1-v0` and so on are its levels
    (`vlm_gym.ladders`).

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
    keys: ClassVar[Mapping[str, str]] = {
        "-": "-", "+": "+", "=": "+", "a": "-", "d": "+",  # = is + without shift
        "1": "+1", "2": "+2", "3": "+3", "5": "+5", "q": "-1", "w": "-2", "e": "-3", "t": "-5",
        "x": "*2", "c": "*3", "h": "/2", "j": "/3",
    }  # fmt: skip

    def __init__(
        self,
        settings: TaskSettings | None = None,
        *,
        max_position: int = 5,
        seeing: int = 0,
        moves: str | None = None,
        spare_moves: int = 0,
        least_moves: int = 1,
        course: int = 0,
    ) -> None:
        check_int("max_position", max_position, 1, MAX_MAX_POSITION)
        check_int("seeing", seeing, 0, MAX_SEEING)
        check_int("spare_moves", spare_moves, 0, MAX_SPARE_MOVES)
        check_int("least_moves", least_moves, 1, MAX_MAX_POSITION)
        check_int("course", course, 0, TWO_COLORS)
        self.moves = None if moves is None else _read_moves(moves, max_position, least_moves)
        _check_together(self.moves, spare_moves, least_moves, course, seeing)
        actions = game.ACTIONS if self.moves is None else action_set(self.moves.names)
        super().__init__(settings or TaskSettings(), actions, num_actions=len(actions))
        self.theme = read_theme(self.settings.theme)
        self.max_position = max_position
        self.seeing = seeing
        self.spare_moves = spare_moves
        self.least_moves = least_moves
        self.course = course
        self.look: Look | None = None

    def _deal(self, options: Mapping[str, Any]) -> NumberLineState:
        for name, number in options.items():
            check_int(f"options[{name!r}]", number, 0, self.max_position)
        state = self._deal_numbers(options)
        if self.course:
            state = draw_day(state, self.course, self.np_random)
        self.look = draw_look(self.seeing, self.np_random)
        return state

    def _deal_numbers(self, options: Mapping[str, Any]) -> NumberLineState:
        if self.moves is not None:
            return self._deal_planned(self.moves, options)
        state = game.deal(self.max_position, self.np_random, **options)
        if state.is_solved:
            raise ConfigError(f"options must have two different numbers, got position and target {state.target}")
        return state

    def _deal_planned(self, moves: LineMoves, options: Mapping[str, Any]) -> NumberLineState:
        """Draw a start; where options say one of its numbers, any with a way."""
        starts = moves.starts(self.least_moves)
        if options:
            position, target = options.get("position"), options.get("target")
            starts = tuple(one for one in moves.starts(1) if position in (None, one[0]) and target in (None, one[1]))
        if not starts:
            told = " ".join(moves.names)
            raise ConfigError(
                f"options must have two different numbers, with a way from position to target by {told}; got "
                f"{dict(options)}"
            )
        return moves.draw(starts, self.spare_moves, self.np_random)

    def _move(self, state: NumberLineState, action: str) -> Outcome[NumberLineState]:
        return game.move(state, action) if self.moves is None else self.moves.move(state, action)

    def _legal_actions(self, state: NumberLineState) -> tuple[str, ...]:
        return game.legal_actions(state) if self.moves is None else self.moves.legal_actions(state)

    def _status(self, state: NumberLineState) -> Status:
        return Status(state.is_over, state.is_solved, float(state.is_solved))

    def _draw(self, state: NumberLineState) -> Picture:
        return draw_number_line(state, self.settings.image_size, self.theme, self.canvas, self.look)

    def _describe(self, state: NumberLineState) -> str:
        if state.day is not None:
            return course_words.describe(state)
        return words.describe(state) if self.moves is None else moves_words.describe(state)

    def _read_out(self, state: NumberLineState) -> tuple[Field, ...]:
        if state.day is not None:
            return course_words.read_out(state)
        return words.read_out(state) if self.moves is None else moves_words.read_out(state)

    def _write_prompt(self, state: NumberLineState) -> str:
        if state.day is not None:
            return course_words.write_prompt(state, self.settings.prompt)
        if self.moves is not None:
            return moves_words.write_prompt(self.moves.names, self.max_position, self.settings.prompt)
        return words.write_prompt(state, self.settings.prompt)

    def _best_action(self, state: NumberLineState) -> str | None:
        return oracle.best_action(state) if self.moves is None else planner.best_action(self.moves, state)

    def _best_value(self, state: NumberLineState) -> float:
        return oracle.optimal_value(state) if self.moves is None else planner.optimal_value(self.moves, state)

    def thinker(self) -> Thinker:
        """Return who thinks aloud in the episode."""
        moves = self.moves
        if moves is not None:
            return LineMovesThinker(lambda: self.state, lambda: planner.shortest_way(moves, self.state))
        if self.course:
            return LineCourseThinker(lambda: self.state)
        return NumberLineThinker(lambda: self.state)

    @classmethod
    def field_kinds(cls, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the kinds of the fields in old records."""
        return kinds(words.FIELDS)


def _read_moves(moves: str, max_position: int, least_moves: int) -> LineMoves:
    names = tuple(moves.split()) if isinstance(moves, str) else ()
    if len(names) < 2 or len(set(names)) < len(names) or not set(names) <= set(MOVES):
        raise ConfigError(
            f"moves must be None, or a text with two or more different ones of '{' '.join(MOVES)}'; got {moves!r}"
        )
    read = line_moves(names, max_position)
    stuck = read.dead_ends()
    if stuck:
        raise ConfigError(
            f"moves={moves!r}: at {stuck[0]} on a line to {max_position} none of them is possible; add one that is, "
            "such as '+1' or '-1'"
        )
    if not read.starts(least_moves):
        raise ConfigError(
            f"least_moves={least_moves} is more than any way has with moves={moves!r} on a line to {max_position}: "
            "choose less, or a longer line"
        )
    return read


def _check_together(moves: LineMoves | None, spare_moves: int, least_moves: int, course: int, seeing: int) -> None:
    """Raise ConfigError for arguments of which each is right, but which do not go together."""
    if moves is None and (spare_moves, least_moves) != (0, 1):
        raise ConfigError(
            f"spare_moves={spare_moves} and least_moves={least_moves} count moves, so they need moves such as "
            "'+1 -3 *2'; got moves=None"
        )
    if moves is not None and course:
        told = " ".join(moves.names)
        raise apart(f"course={course}", f"moves={told!r}", "a day that is different changes what - and + do")
    if seeing and course >= OLD_FLAG:
        raise apart(
            f"seeing={seeing}",
            f"course={course}",
            "the second flag, which course=1 does not have, is drawn on the plain line only",
        )
