"""Blackjack in words."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.blackjack import ACTIONS, BlackjackRules, BlackjackView, hand_value
from vlm_gym.games.cards import DECK, Card
from vlm_gym.prompts.answer import PromptSettings, action_rule, answer_section

DEALER: Final = Field("dealer", "the dealer's open card", Kind.CARDS)
HAND: Final = Field("hand", "your cards", Kind.CARDS)
TOTAL: Final = Field("total", "what your cards add up to", Kind.TOTAL)
PAPER_CARDS: Final = Field("cards", "your cards and the dealer's", Kind.CARDS)

_NAMES: Final[Mapping[Card | None, str]] = {None: "a card face down", **{card: card.name for card in DECK}}


def describe(view: BlackjackView) -> str:
    """Return what the picture shows."""
    return f"Dealer: {in_words(view.dealer)}. You: {in_words(view.player)}."


def fields(settings: PromptSettings) -> tuple[Field, ...]:
    """Return the fields of the picture that a prompt asks for."""
    return (PAPER_CARDS,) if settings.style == "paper" else (DEALER, HAND, TOTAL)


def read_out(view: BlackjackView, settings: PromptSettings) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture."""
    if settings.style == "paper":
        return (PAPER_CARDS.reads(describe(view)),)
    shown = tuple(card for card in view.dealer if card is not None)
    return (
        DEALER.reads(in_words(shown)),
        HAND.reads(in_words(view.player)),
        TOTAL.reads(str(hand_value(view.player, view.today))),
    )


def in_words(hand: tuple[Card | None, ...]) -> str:
    """Return the names of a hand's cards."""
    return ", ".join([_NAMES[card] for card in hand])


@lru_cache(maxsize=64)
def write_prompt(rules: BlackjackRules, settings: PromptSettings) -> str:
    """Return the task prompt; it is the same for every hand."""
    answer = answer_section(settings, fields(settings), ACTIONS.key, action_rule(ACTIONS.names))
    return f"{rules_in_words(rules, settings)}\n\n{answer}"


def rules_in_words(rules: BlackjackRules, settings: PromptSettings, deck: str | None = None) -> str:
    """Return the rules as a prompt tells them; `deck` says from where the cards come, if not from full decks."""
    natural = _SAB if rules.sab else _NATURAL if rules.natural else ""
    if settings.style == "paper":
        return f"{_PAPER}{natural}" if deck is None else f"{_PAPER}{natural}\n{deck}"
    return f"{_RULES}{_FULL_DECK if deck is None else deck}{natural}"


_NATURAL: Final = """
A natural, an ace and a ten-valued card as the first two, pays half as much again if it wins."""

_SAB: Final = """
A natural, an ace and a ten-valued card as the first two, wins against every hand that is not a natural."""

_RULES: Final = """\
You are playing Blackjack. The picture shows the dealer's cards at the top, one of them face down, and yours at the \
bottom.
Number cards count their number, J, Q and K count 10, and an ace counts 1, or 11 where that does not take the hand \
over 21.
Each turn you choose one action: "hit" takes another card, "stand" ends your turn. Over 21 you lose. When you stand, \
the dealer draws to 17 or more, and the higher hand up to 21 wins; equal hands are a draw.
"""

_FULL_DECK: Final = "Every card is drawn from a full deck, so cards that have been seen do not matter. Win the hand."

_PAPER: Final = """\
You are an expert blackjack player. The image shows the cards on the table: the dealer's, of which you see one, and \
your own.
You can choose between ['stand', 'hit'].
Your goal is to come closer to 21 than the dealer without going over it."""
