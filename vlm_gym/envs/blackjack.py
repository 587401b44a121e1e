"""The Blackjack environment."""

from collections.abc import Mapping
from typing import Any, ClassVar

from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError
from vlm_gym.fields import Field, kinds
from vlm_gym.games import blackjack as game
from vlm_gym.games.blackjack import BlackjackRules, BlackjackState
from vlm_gym.games.cards import read_cards
from vlm_gym.games.outcome import Outcome
from vlm_gym.oracles.blackjack import BlackjackOracle
from vlm_gym.prompts import blackjack as words
from vlm_gym.render.blackjack import draw_blackjack
from vlm_gym.render.canvas import Picture
from vlm_gym.render.theme import THEMES, read_theme
from vlm_gym.thoughts.blackjack import BlackjackThinker
from vlm_gym.thoughts.thinker import Thinker


class BlackjackEnv(TaskEnv[BlackjackState, int]):
    """Beat the dealer: come closer to 21 without going over it.

    ## Description
    The rules are those of Gymnasium's `Blackjack-v1`, with an infinite deck, played on a picture of the table. Even
    the best play wins less than half of the hands: read a score beside the exact ceiling (`vlm-gym list`).

    ## Action Space
    `Discrete(2)`: 0 is `stand`, 1 is `hit`.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`: the dealer's cards at the top, the second one face down until
    the hand is over, and the player's at the bottom.

    ## Starting State
    Two cards for each side. `reset(options={"player": ["10H", "6S"], "dealer": ["9C", "QD"]})` sets either or both;
    the dealer's first card lies open.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `win` | +1 | for a won hand |
    | `draw` | 0 | for a draw |
    | `lose` | -1 | for a lost hand |
    | `natural` | +0.5 | besides `win`, for a natural that wins with `natural=True` |
    | `illegal` | -1 | never: both actions are always legal |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    ## Episode End
    Terminates when the player stands or goes over 21. Truncated after 21 turns.

    ## Information
    As in every task; `is_success` is True for a won hand.

    ## Arguments
    `natural=False`: a natural (an ace and a ten-valued card) that wins pays 1.5. `sab=False`: the rules of Sutton and
    Barto, where a natural beats everything but a natural; it overrides `natural`, as in Gymnasium.

    ## Differences from the paper's code
    `natural` and `sab` work. The dealer's hidden card is in no picture, prompt or info. Every card is inside the
    picture. A draw is no success and no failure: it has a term of its own.

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
    keys: ClassVar[Mapping[str, str]] = {"s": "stand", "h": "hit"}

    def __init__(self, settings: TaskSettings | None = None, *, natural: bool = False, sab: bool = False) -> None:
        for name, value in (("natural", natural), ("sab", sab)):
            if not isinstance(value, bool):
                raise ConfigError(f"{name} must be True or False, got {value!r}")
        super().__init__(settings or TaskSettings(), game.ACTIONS, num_actions=len(game.ACTIONS))
        self.theme = read_theme(self.settings.theme)
        self.rules = BlackjackRules(natural=natural, sab=sab)
        self._seen: tuple[BlackjackState, game.BlackjackView] | None = None
        self._prompt = words.write_prompt(self.rules, self.settings.prompt)

    def _deal(self, options: Mapping[str, Any]) -> BlackjackState:
        hands = {name: read_cards(f"options[{name!r}]", codes, 2) for name, codes in options.items()}
        return self.rules.deal(self.np_random, hands.get("player"), hands.get("dealer"))

    def _move(self, state: BlackjackState, action: str) -> Outcome[BlackjackState]:
        return self.rules.play(state, action, self.np_random)

    def _legal_actions(self, state: BlackjackState) -> tuple[str, ...]:
        return game.ACTIONS.names

    def _status(self, state: BlackjackState) -> Status:
        is_success = state.result == "win"
        return Status(state.result is not None, is_success, float(is_success))

    def _draw(self, state: BlackjackState) -> Picture:
        return draw_blackjack(self._view(state), self.settings.image_size, self.theme, self.canvas)

    def _describe(self, state: BlackjackState) -> str:
        return words.describe(self._view(state))

    def _view(self, state: BlackjackState) -> game.BlackjackView:
        """Return what the player sees: once for picture and words."""
        if self._seen is None or self._seen[0] is not state:
            self._seen = state, game.view_of(state)
        return self._seen[1]

    def _read_out(self, state: BlackjackState) -> tuple[Field, ...]:
        return words.read_out(game.view_of(state), self.settings.prompt)

    def _write_prompt(self, state: BlackjackState) -> str:
        return self._prompt

    def _best_action(self, state: BlackjackState) -> str | None:
        return BlackjackOracle(self.rules).best_action(
            game.view_of(state)
        )  # it knows what the player sees, and no more

    def _best_value(self, state: BlackjackState) -> float:
        return BlackjackOracle(self.rules).optimal_value(game.view_of(state))

    def _action_values(self, state: BlackjackState) -> dict[str, float]:
        return BlackjackOracle(self.rules).action_values(game.view_of(state))

    def thinker(self) -> Thinker:
        """Return who thinks aloud in the episode."""
        return BlackjackThinker(lambda: game.view_of(self.state), self.action_values)

    @classmethod
    def field_kinds(cls, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the kinds of the fields in old records."""
        return kinds((words.DEALER, words.HAND, words.TOTAL, words.PAPER_CARDS))
