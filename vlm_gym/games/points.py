"""The points games: make a target number out of the cards, each used exactly once.

EZPoints and Points24 of Zhai et al. 2024 (arXiv 2405.10292, section 5.1) press one token a turn; the formula forms
take the whole formula at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

import numpy as np

from vlm_gym.actions import ActionSet
from vlm_gym.games import formula
from vlm_gym.games.cards import OF_RANK, RANKS, Card, FaceCards, value_of
from vlm_gym.games.formula_words import formula_tokens, read_formula
from vlm_gym.games.outcome import Outcome
from vlm_gym.games.plates import PlateColor

POINTS24_SYMBOLS: Final = ("+", "-", "*", "/", "(", ")", "=")
EZPOINTS_SYMBOLS: Final = ("+", "*", "=")
SYMBOL_WORDS: Final = {
    "plus": "+", "add": "+", "minus": "-", "subtract": "-", "times": "*", "multiply": "*", "x": "*",
    "divide": "/", "divided by": "/", "equals": "=", "equal": "=",
    "open parenthesis": "(", "left parenthesis": "(", "close parenthesis": ")", "right parenthesis": ")",
}  # fmt: skip
NUMBER_WORDS: Final = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
)  # fmt: skip

MAX_DEALS: Final = 1000  # the rarest solvable deals in use, EZPoints', are one in ten

Result = Literal["solved", "wrong"]


@dataclass(frozen=True)
class FormulaVocabulary:
    """The open vocabulary of the formula forms: any formula over these numbers and symbols, as one text."""

    num_cards: int
    symbols: tuple[str, ...]
    key: str = "formula"

    def read(self, words: str) -> str | None:
        """Return the formula that `words` as a whole are, its tokens apart; None if they are none."""
        return read_formula(words)

    def could_go_on(self, words: str) -> bool:  # noqa: ARG002
        """Whether another formula may begin with `words`: always."""
        return True

    def nearest(self, words: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: any formula may be meant."""
        return ()

    def sample(self, rng: np.random.Generator) -> str:
        """Draw numbers from 1 to 10 and operators between them, each with the same probability."""
        operators = [symbol for symbol in self.symbols if symbol in formula.OPERATORS]
        numbers = [str(int(number)) for number in rng.integers(1, 11, size=self.num_cards)]
        signs = [operators[int(i)] for i in rng.integers(len(operators), size=self.num_cards - 1)]
        return " ".join([numbers[0], *(part for pair in zip(signs, numbers[1:], strict=True) for part in pair)])


@dataclass(frozen=True)
class PointsState:
    """The cards, the tokens pressed so far, and the result once the game is over.

    In the formula forms `tokens` is the last formula that was judged, and `attempts_left` counts the formulas that may
    still be judged.
    """

    cards: tuple[Card, ...]
    tokens: tuple[str, ...] = ()
    attempts_left: int = 1
    result: Result | None = None
    deal: "Deal | None" = None


@dataclass(frozen=True)
class PointsView:
    """What the player sees.

    `value` is what the formula on the table came to, in the formula forms' retries; `presses_left` counts the tokens
    that may still be written, and `deal` is what was dealt besides the cards.
    """

    cards: tuple[Card, ...]
    tokens: tuple[str, ...]
    target: int
    value: str | None = None
    presses_left: int | None = None
    deal: "Deal | None" = None


@dataclass(frozen=True)
class PointsRules:
    """One points game: which cards, which symbols, which target.

    `face_cards` says whether J, Q and K count ten or their rank (11, 12, 13); `today` is a rank that counts otherwise
    for one episode, and what it counts.
    """

    target: int
    num_cards: int
    symbols: tuple[str, ...]
    face_cards: FaceCards = "ten"
    today: tuple[str, int] | None = None

    @cached_property
    def actions(self) -> ActionSet:
        """The presses: the numbers that a card can count, then the symbols."""
        highest = 10 if self.face_cards == "ten" else len(RANKS)
        numbers = tuple(str(number) for number in range(1, highest + 1))
        aliases = {word: symbol for word, symbol in SYMBOL_WORDS.items() if symbol in self.symbols}
        aliases |= {f"{number}.{zeros}": number for number in numbers for zeros in ("0", "00")}  # as programs write it
        aliases |= dict(zip(NUMBER_WORDS, numbers, strict=False))
        return ActionSet(numbers + self.symbols, aliases)

    def numbers(self, cards: tuple[Card, ...]) -> tuple[int, ...]:
        """Return what the cards count, in their order on the table."""
        if self.today is not None:
            rank, number = self.today
            return tuple([number if card.rank == rank else value_of(card.rank, self.face_cards) for card in cards])
        return tuple([value_of(card.rank, self.face_cards) for card in cards])

    def deal(self, rng: np.random.Generator) -> tuple[Card, ...]:
        """Draw the cards: ranks independently, as in the paper; suits so that no card lies there twice if it can be."""
        return _with_suits(self._draw_ranks(rng), rng)

    def deal_wanted(
        self, rng: np.random.Generator, is_wanted: Callable[[tuple[int, ...]], bool]
    ) -> tuple[Card, ...] | None:
        """Deal up to `MAX_DEALS` times, until `is_wanted` takes the cards' numbers; return None if it takes none."""
        for _ in range(MAX_DEALS):
            ranks = self._draw_ranks(rng)
            if is_wanted(tuple(value_of(rank, self.face_cards) for rank in ranks)):
                return _with_suits(ranks, rng)
        return None

    def deal_numbers(self, numbers: Sequence[int], rng: np.random.Generator) -> tuple[Card, ...]:
        """Draw cards that count these numbers, in a random order, each such deal with the same probability."""
        ranks_of = {number: [rank for rank in RANKS if value_of(rank, self.face_cards) == number] for number in numbers}
        shuffled = [numbers[int(i)] for i in rng.permutation(len(numbers))]
        return _with_suits([ranks_of[number][int(rng.integers(len(ranks_of[number])))] for number in shuffled], rng)

    def press(self, state: PointsState, token: str) -> Outcome[PointsState]:
        """Append a token. Events: `solved` or `wrong` at "="; `illegal` for a token that breaks a rule.

        Where the tokens are counted, the last one that is not "=" is `wrong` too.
        """
        rule = formula.broken_rule(self._prefix(state), token)
        if rule is not None:
            return Outcome(state, {"illegal": 1.0}, illegal=rule)
        tokens = (*state.tokens, token)
        is_last = state.deal is not None and len(tokens) == state.deal.presses
        if token != formula.EQUALS and not is_last:
            return Outcome(PointsState(state.cards, tokens, state.attempts_left, None, state.deal), {})
        result = self._judge(tokens) if token == formula.EQUALS else "wrong"
        return Outcome(PointsState(state.cards, tokens, state.attempts_left, result, state.deal), {result: 1.0})

    def legal_presses(self, state: PointsState) -> tuple[str, ...]:
        """Return the tokens that break no rule now."""
        legal = self._prefix(state).legal
        return tuple([name for name in self.actions.names if name in legal])

    def submit(self, state: PointsState, text: str) -> Outcome[PointsState]:
        """Judge a whole formula. Events: `solved`, `wrong` (the last attempt or not), or `illegal`.

        A formula that breaks a rule uses up an attempt too, and leaves the table as it is.
        """
        tokens = formula_tokens(text)
        attempts_left = state.attempts_left - 1
        rule = self._foreign_token(tokens) or formula.check(tokens, self.numbers(state.cards))
        if rule is not None:
            tried = replace(state, attempts_left=attempts_left, result=None if attempts_left else "wrong")
            return Outcome(tried, {"illegal": 1.0}, illegal=rule)
        result = self._judge(tokens)
        is_over = result == "solved" or attempts_left == 0
        judged = replace(state, tokens=tokens, attempts_left=attempts_left, result=result if is_over else None)
        return Outcome(judged, {result: 1.0})

    def _draw_ranks(self, rng: np.random.Generator) -> list[str]:
        return [RANKS[rng.integers(len(RANKS))] for _ in range(self.num_cards)]  # faster than an array of so few

    def _prefix(self, state: PointsState) -> formula.Prefix:
        return formula.read_prefix(state.tokens, self.numbers(state.cards))

    def _judge(self, tokens: tuple[str, ...]) -> Result:
        return "solved" if formula.evaluate(tokens) == self.target else "wrong"

    def _foreign_token(self, tokens: tuple[str, ...]) -> str | None:
        for token in tokens:
            if not token.isdecimal() and token not in self.symbols:
                return f"{token} is not a sign of this game, which has {' '.join(self.symbols)}"
        return None


@dataclass(frozen=True)
class Deal:
    """What is dealt besides the cards, for one episode.

    Attributes:
        rules: The rules of the episode: with its target, and with what a rank counts today.
        presses: How many tokens may be written; None if they are not counted.
        aside: A card that lies apart and is not in the game.
        color: The colour of the plate that shows the target, where two plates lie on the table.
        other_target: The number on the other plate.
    """

    rules: PointsRules
    presses: int | None = None
    aside: Card | None = None
    color: PlateColor | None = None
    other_target: int | None = None


def _with_suits(ranks: Sequence[str], rng: np.random.Generator) -> tuple[Card, ...]:
    cards: list[Card] = []
    for rank in ranks:
        free = [card for card in OF_RANK[rank] if card not in cards] or OF_RANK[rank]
        cards.append(free[int(rng.integers(len(free)))])
    return tuple(cards)
