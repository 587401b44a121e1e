"""The Blackjack environment."""

from collections.abc import Mapping
from typing import Any, ClassVar

from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError, apart, check_int
from vlm_gym.fields import Field, kinds
from vlm_gym.games import blackjack as game
from vlm_gym.games import blackjack_deck as deck
from vlm_gym.games.blackjack import BlackjackRules, BlackjackState
from vlm_gym.games.blackjack_course import CARD_APART, TWO_PLACES, DayRules
from vlm_gym.games.cards import read_cards
from vlm_gym.games.outcome import Outcome
from vlm_gym.oracles.blackjack import BlackjackOracle
from vlm_gym.oracles.blackjack_deck import OneDeckOracle
from vlm_gym.prompts import blackjack as words
from vlm_gym.prompts import blackjack_course as course_words
from vlm_gym.prompts import blackjack_deck as deck_words
from vlm_gym.render.blackjack import BlackjackPictures
from vlm_gym.render.blackjack_course import draw_blackjack_day
from vlm_gym.render.blackjack_deck import draw_discards, lay_pile
from vlm_gym.render.canvas import Picture
from vlm_gym.render.seeing.look import MAX_SEEING, Look, draw_look
from vlm_gym.render.theme import THEMES, read_theme
from vlm_gym.thoughts.blackjack import BlackjackThinker
from vlm_gym.thoughts.blackjack_course import BlackjackDayThinker
from vlm_gym.thoughts.blackjack_deck import OneDeckThinker
from vlm_gym.thoughts.thinker import Thinker


class BlackjackEnv(TaskEnv[BlackjackState, int]):
    """Beat the dealer: come closer to 21 without going over it.

    ## Description
    The rules are those of Gymnasium's `Blackjack-v1`, with an infinite deck, played on a picture of the table. Even
    the best play wins less than half of the hands: read a score beside the exact ceiling (`vlm-gym list`).

    With `ranks_out` the hand comes from one deck, of which all cards of so many ranks were dealt before. The first one
    to three pictures show them, up to twelve in each, and then they lie face down: who remembers them plays better.

    ## Action Space
    `Discrete(2)`: 0 is `stand`, 1 is `hit`. With `ranks_out` `Discrete(3)`: 2 is `deal`, the one legal action while the
    picture shows cards that were dealt before; it goes on to the next picture, and after the last to the hand.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`: the dealer's cards at the top, the second one face down until
    the hand is over, and the player's at the bottom. With `ranks_out` what was dealt before is a pile in the corner.

    ## Starting State
    Two cards for each side. `reset(options={"player": ["10H", "6S"], "dealer": ["9C", "QD"]})` sets either or both;
    the dealer's first card lies open. With `ranks_out` a seed deals the same hand at every level.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `win` | +1 | for a won hand |
    | `draw` | 0 | for a draw |
    | `lose` | -1 | for a lost hand |
    | `natural` | +0.5 | besides `win`, for a natural that wins with `natural=True` |
    | `illegal` | -1 | never, but with `ranks_out` for `deal` in the hand, or anything else before it |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    ## Episode End
    Terminates when the player stands or goes over 21. Truncated after 21 turns, in the levels of
    *remembering* after 30.

    ## Information
    As in every task; `is_success` is True for a won hand.

    ## Arguments
    `natural=False`: a natural (an ace and a ten-valued card) that wins pays 1.5. `sab=False`: the rules of Sutton and
    Barto, where a natural beats everything but a natural; it overrides `natural`, as in Gymnasium. `ranks_out=0`: 2 to
    9 for a hand from one deck without so many ranks; the oracle then knows what a player knows who remembers all that
    was shown, and while it is shown, what the hand will be worth to that player. `seeing=0`: how
    hard the cards are to read, 0 to 4: 1 turned a little, of any size and deck, 2 turned any way, one on another, seen
    from the table's edge, 3 in light and shadow on a busy table, 4 smaller besides; only without `ranks_out`.

    `course=0`: how much is otherwise for one episode, as its prompt says: from 1 a rank that lies open counts another
    number, from 2 a card lies in a tray and is not in the game, with 3 there are a blue and an orange place with a hand
    each, one of which is the player's. Up to 1 it goes with `seeing`, and never with `ranks_out`.

    ## Registered Configurations
    `Blackjack-Remembering-L1-v0`, `-L2-v0` and `-L3-v0` have three, six and nine ranks out, in one, two and three
    pictures. `Blackjack-Seeing-L1-v0`, `Blackjack-Course-L1-v0` and so on are the levels of the other axes
    (`vlm_gym.ladders`).

    ## Differences from the paper's code
    `natural` and `sab` work. The dealer's hidden card is in no picture, prompt or info. Every card is inside the
    picture. A draw is neither a success nor a failure: it has a term of its own.

    ## References
    Sutton and Barto 2018, example 5.1; Zhai et al. 2024, arXiv 2405.10292, section 5.1.

    ## Version History
    v0: first version.
    """

    reward_weights: ClassVar[Mapping[str, float]] = {
        "win": 1.0,
        "draw": 0.0,
        "lose": -1.0,
        "natural": 0.5,
        "illegal": -1.0,
    }
    option_names: ClassVar[tuple[str, ...]] = ("player", "dealer")
    themes: ClassVar[tuple[str, ...]] = tuple(THEMES)
    keys: ClassVar[Mapping[str, str]] = {"s": "stand", "h": "hit", "d": "deal"}

    def __init__(
        self,
        settings: TaskSettings | None = None,
        *,
        natural: bool = False,
        sab: bool = False,
        ranks_out: int = 0,
        seeing: int = 0,
        course: int = 0,
    ) -> None:
        for name, value in (("natural", natural), ("sab", sab)):
            if not isinstance(value, bool):
                raise ConfigError(f"{name} must be True or False, got {value!r}")
        self.is_one_deck = not isinstance(ranks_out, int) or ranks_out != 0
        if self.is_one_deck:
            check_int("ranks_out, if not 0,", ranks_out, deck.LEAST_RANKS_OUT, deck.MOST_RANKS_OUT)
        check_int("seeing", seeing, 0, MAX_SEEING)
        check_int("course", course, 0, TWO_PLACES)
        _check_together(ranks_out, seeing, course)
        actions = deck.ACTIONS if self.is_one_deck else game.ACTIONS
        super().__init__(settings or TaskSettings(), actions, num_actions=len(actions))
        self.seeing = seeing
        self.look: Look | None = None
        self.theme = read_theme(self.settings.theme)
        self._pictures = BlackjackPictures(self.settings.image_size, self.theme)
        self._seen: tuple[BlackjackState, game.BlackjackView] | None = None
        self.rules: BlackjackRules
        self.oracle: BlackjackOracle | OneDeckOracle
        self._days = DayRules(natural, sab, course=course) if course else None
        if self.is_one_deck:
            self.rules = rules = deck.OneDeckRules(natural=natural, sab=sab, ranks_out=ranks_out)
            self.oracle = OneDeckOracle(rules)
            self._look_prompt = deck_words.write_look_prompt(self.settings.prompt)
            self._prompt = deck_words.write_hand_prompt(rules, self.settings.prompt)
            return
        self.rules = BlackjackRules(natural=natural, sab=sab)
        self.oracle = BlackjackOracle(self.rules)
        self._prompt = words.write_prompt(self.rules, self.settings.prompt)

    def _deal(self, options: Mapping[str, Any]) -> BlackjackState:
        hands = {name: read_cards(f"options[{name!r}]", codes, 2) for name, codes in options.items()}
        rules = self.rules if self._days is None else self._days
        state = rules.deal(self.np_random, hands.get("player"), hands.get("dealer"))
        if self._days is not None and state.day is not None:
            self.rules = self._days.of_day(state.day.today)
            self.oracle = BlackjackOracle(self.rules)
            self._prompt = course_words.write_prompt(self.rules, state.day, self.settings.prompt)
        self.look = draw_look(self.seeing, self.np_random)
        return state

    def _move(self, state: BlackjackState, action: str) -> Outcome[BlackjackState]:
        return self.rules.play(state, action, self.np_random)

    def _legal_actions(self, state: BlackjackState) -> tuple[str, ...]:
        return ("deal",) if state.page else game.ACTIONS.names

    def _status(self, state: BlackjackState) -> Status:
        is_success = state.result == "win"
        return Status(state.result is not None, is_success, float(is_success))

    def _draw(self, state: BlackjackState) -> Picture:
        size = self.settings.image_size
        if state.page:
            return draw_discards(deck.page_of(state), size, self.theme, self.canvas)
        if state.day is not None and state.day.aside is not None:
            return draw_blackjack_day(self._view(state), size, self.theme, self.canvas)
        picture = self._pictures.draw(self._view(state), self.canvas, self.look)
        if self.is_one_deck:
            lay_pile(picture, self.theme)
        return picture

    def _describe(self, state: BlackjackState) -> str:
        if state.day is not None:
            return course_words.describe(self._view(state))
        return deck_words.describe(deck.page_of(state)) if state.page else words.describe(self._view(state))

    def _view(self, state: BlackjackState) -> game.BlackjackView:
        """Return what the player sees: once for picture and words."""
        if self._seen is None or self._seen[0] is not state:
            self._seen = state, game.view_of(state)
        return self._seen[1]

    def _read_out(self, state: BlackjackState) -> tuple[Field, ...]:
        if state.page:
            return deck_words.read_out(deck.page_of(state))
        if state.day is not None:
            return course_words.read_out(game.view_of(state), self.settings.prompt)
        return words.read_out(game.view_of(state), self.settings.prompt)

    def _write_prompt(self, state: BlackjackState) -> str:
        return self._look_prompt if state.page else self._prompt

    def _best_action(self, state: BlackjackState) -> str | None:
        # the oracle knows what the player sees, and no more
        return "deal" if state.page else self.oracle.best_action(game.view_of(state))

    def _best_value(self, state: BlackjackState) -> float:
        return self.oracle.optimal_value(game.view_of(state))

    def _action_values(self, state: BlackjackState) -> dict[str, float]:
        return {} if state.page else self.oracle.action_values(game.view_of(state))

    def thinker(self) -> Thinker:
        """Return who thinks aloud in the episode."""
        if self.is_one_deck:
            return OneDeckThinker(self._on_table, self.action_values)
        thinker = BlackjackThinker if self._days is None else BlackjackDayThinker
        return thinker(lambda: game.view_of(self.state), self.action_values)

    def _on_table(self) -> game.BlackjackView | deck.DiscardsView:
        return deck.page_of(self.state) if self.state.page else game.view_of(self.state)

    @classmethod
    def field_kinds(cls, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the kinds of the fields in old records."""
        return kinds((words.DEALER, words.HAND, words.TOTAL, words.PAPER_CARDS))


def _check_together(ranks_out: int, seeing: int, course: int) -> None:
    """Raise ConfigError for arguments of which each is right, but which do not go together."""
    if ranks_out and seeing:
        reason = "the cards that were dealt before are drawn on the plain table only"
        raise apart(f"seeing={seeing}", f"ranks_out={ranks_out}", reason)
    if ranks_out and course:
        reason = "the oracle of one deck knows the cards' usual values only"
        raise apart(f"course={course}", f"ranks_out={ranks_out}", reason)
    if seeing and course >= CARD_APART:
        reason = "the tray, which course=1 does not have, is drawn on the plain table only"
        raise apart(f"seeing={seeing}", f"course={course}", reason)
