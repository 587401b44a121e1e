"""Thoughts in the points games: the cards' numbers, a formula that works, and how it is calculated."""

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import Final, Protocol

import numpy as np

from vlm_gym.games.cards import FACE_RANKS
from vlm_gym.games.formula import EQUALS, OPEN, PLUS_MINUS, TIMES_OVER, evaluate
from vlm_gym.games.formula_words import formula_tokens
from vlm_gym.games.points import PointsView
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import listing, name_choice, pick

Numbers = tuple[int, ...]

CARDS: Final = (
    "The cards are {cards}: the numbers {numbers}.",
    "I see {cards}, so I have {numbers}.",
    "On the table lie {cards}, which count {numbers}.",
    "My numbers are {numbers}, from {cards}.",
    "{cards} give the numbers {numbers}.",
    "I have to make {target} out of {numbers}.",
    "The numbers are {numbers}, and the target is {target}.",
    "With {numbers} I need {target}.",
)
FACES: Final = (" The {card} counts {number}.", " I count the {card} as {number}.", " The {card} stands for {number}.")
NOTHING_WRITTEN: Final = (
    "Nothing is written yet.",
    "The formula is still empty.",
    "No token has been written so far.",
    "I begin with an empty formula.",
)
WRITTEN: Final = (
    "The formula so far is {formula}.",
    "So far I have written {formula}.",
    "What is written now: {formula}.",
    "The picture shows the formula {formula}.",
)
PLANS: Final = (
    "{whole} = {target} works.",
    "A way to {target} is {whole}.",
    "{target} can be made as {whole}.",
    "I aim for {whole} = {target}.",
    "One solution is {whole}.",
    "My plan is {whole}, which is {target}.",
)
CHECKS: Final = (
    " Check: {steps}.",
    " Step by step: {steps}.",
    " Indeed, {steps}.",
    " Calculated: {steps}.",
    " That is right, since {steps}.",
)
NEXT: Final = (
    "Next comes {action}.",
    "So I write {action} now.",
    "The next token is {action}.",
    "Therefore I append {action}.",
    "To go on I need {action}.",
    "So the action is {action}.",
)
FINISH: Final = (
    "Every number is used and {whole} = {target}, so I finish with =.",
    "{whole} is {target}, and no number is left: I write =.",
    "The formula is complete and worth {target}, so = comes last.",
    "All numbers are in it and it equals {target}. I finish with =.",
)
ANSWER: Final = ("So I answer {whole}.", "My formula is {whole}.", "That is my formula: {whole}.", "I write {whole}.")
FAILED: Final = (
    "My last formula, {formula}, came to {value}, not {target}.",
    "{formula} was {value}, but {target} is wanted.",
    "The formula on the table, {formula}, is worth {value} instead of {target}.",
)
NO_WAY: Final = (
    "I see no formula for {target} yet.",
    "I do not know yet how to make {target}.",
    "I have no plan that leads to {target}.",
)

_OPERATIONS: Final = {"+": add, "-": sub, "*": mul, "/": truediv}


class Table(Protocol):
    """What a thinker looks at: a points game in progress."""

    def view(self) -> PointsView:
        """Return what the player sees."""

    def numbers(self) -> Numbers:
        """Return what the cards count, in their order."""

    def rest_after(self, action: str) -> tuple[str, ...] | None:
        """Return what follows a token in a solution; None if it breaks a rule or leads to none."""


class PressThinker(Thinker):
    """Thinks where the formula is written token by token."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""
        return describe(self._table.view(), self._table.numbers(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for a token."""
        table = self._table
        return think_press(table.view(), table.numbers(), action, table.rest_after(action), rng)

    def plan(self, action: str) -> str:
        """Return the rest of a formula that begins with a token: "( 7 - 1 ) * 4 ="; "" if it is part of none."""
        rest = self._table.rest_after(action)
        return "" if rest is None else " ".join((action, *rest))


class FormulaThinker(Thinker):
    """Thinks where the whole formula is one answer."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""
        return describe_attempt(self._table.view(), self._table.numbers(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for a formula."""
        view, numbers, tokens = self._table.view(), self._table.numbers(), formula_tokens(action)
        used = sorted(int(token) for token in tokens if token.isdecimal())
        is_right = used == sorted(numbers) and evaluate(tokens) == view.target
        return think_formula(view, numbers, tokens, rng, is_right=is_right)


def describe(view: PointsView, numbers: Numbers, rng: np.random.Generator) -> str:
    """Say what the cards count and what is written. `numbers` are those of the cards, in their order."""
    formula = " ".join(view.tokens)
    written = pick(rng, WRITTEN if formula else NOTHING_WRITTEN, {"formula": formula})
    return f"{_describe_cards(view, numbers, rng)} {written}"


def describe_attempt(view: PointsView, numbers: Numbers, rng: np.random.Generator) -> str:
    """Say what the cards count, and what became of the last formula, where whole formulas are written."""
    cards = _describe_cards(view, numbers, rng)
    if not view.tokens:
        return cards
    words = {"formula": " ".join(view.tokens), "value": view.value, "target": view.target}
    return f"{cards} {pick(rng, FAILED, words)}"


def think_press(
    view: PointsView, numbers: Numbers, action: str, rest: Sequence[str] | None, rng: np.random.Generator
) -> str:
    """Say how the formula goes on with a token and why.

    `rest` are the tokens that follow it in a solution, () if it ends one; None if it is not part of any.
    """
    seen = describe(view, numbers, rng)
    if rest is None:
        return f"{seen} {name_choice(action, rng)}"
    whole = [token for token in (*view.tokens, action, *rest) if token != EQUALS]
    words = {"whole": " ".join(whole), "target": view.target, "action": action}
    if action == EQUALS:
        return f"{seen} {pick(rng, FINISH, words)}"
    return f"{seen} {pick(rng, PLANS, words)}{_check(whole, rng)} {pick(rng, NEXT, words)}"


def think_formula(
    view: PointsView, numbers: Numbers, formula: Sequence[str], rng: np.random.Generator, *, is_right: bool
) -> str:
    """Say what a whole formula does, if it solves the game."""
    seen = describe_attempt(view, numbers, rng)
    words = {"whole": " ".join(formula), "target": view.target}
    if not is_right:
        return f"{seen} {pick(rng, NO_WAY, words)}"
    return f"{seen} {pick(rng, PLANS, words)}{_check(formula, rng)} {pick(rng, ANSWER, words)}"


def steps(formula: Sequence[str]) -> tuple[str, ...]:
    """Return the calculations by which a formula that divides by nothing is worked out: "10 - 4 = 6", "6 * 4 = 24"."""
    told: list[str] = []
    _sum(deque(formula), told)
    return tuple(told)


def _describe_cards(view: PointsView, numbers: Numbers, rng: np.random.Generator) -> str:
    words = {
        "cards": listing([card.name for card in view.cards]),
        "numbers": listing([str(number) for number in numbers]),
        "target": view.target,
    }
    return f"{pick(rng, CARDS, words)}{_count_face(view, numbers, rng)}"


def _count_face(view: PointsView, numbers: Numbers, rng: np.random.Generator) -> str:
    """Say what one of the cards without a number counts, half of the time."""
    faces = [(card.name, number) for card, number in zip(view.cards, numbers, strict=True) if _has_no_number(card.rank)]
    if not faces or rng.random() < 0.5:
        return ""
    card, number = faces[int(rng.integers(len(faces)))]
    return pick(rng, FACES, {"card": card, "number": number})


def _has_no_number(rank: str) -> bool:
    return rank == "A" or rank in FACE_RANKS


def _check(formula: Sequence[str], rng: np.random.Generator) -> str:
    """Calculate a formula step by step, three times out of four."""
    told = steps(formula)
    if not told or rng.random() < 0.25:
        return ""
    return pick(rng, CHECKS, {"steps": ", ".join(told)})


def _sum(tokens: deque[str], told: list[str]) -> Fraction:
    value = _product(tokens, told)
    while tokens and tokens[0] in PLUS_MINUS:
        value = _calculate(value, tokens.popleft(), _product(tokens, told), told)
    return value


def _product(tokens: deque[str], told: list[str]) -> Fraction:
    value = _factor(tokens, told)
    while tokens and tokens[0] in TIMES_OVER:
        value = _calculate(value, tokens.popleft(), _factor(tokens, told), told)
    return value


def _factor(tokens: deque[str], told: list[str]) -> Fraction:
    token = tokens.popleft()
    if token != OPEN:
        return Fraction(token)
    value = _sum(tokens, told)
    tokens.popleft()  # the closing parenthesis
    return value


def _calculate(left: Fraction, sign: str, right: Fraction, told: list[str]) -> Fraction:
    value: Fraction = _OPERATIONS[sign](left, right)
    told.append(f"{_operand(left)} {sign} {_operand(right)} = {value}")
    return value


def _operand(value: Fraction) -> str:
    """Write a number so that it stays one behind an operator."""
    return str(value) if value.denominator == 1 and value >= 0 else f"({value})"
