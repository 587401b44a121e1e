"""Blackjack on a day that is different, in words."""

from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.blackjack import ACTIONS, BlackjackDay, BlackjackRules, BlackjackView, Today, hand_value
from vlm_gym.games.plates import PLATE_COLORS
from vlm_gym.prompts import blackjack
from vlm_gym.prompts.answer import PromptSettings, action_rule, answer_section

DEALER: Final = Field("dealer", "the dealer's open card", Kind.RANKED_CARDS)
HAND: Final = Field("hand", "your cards", Kind.RANKED_CARDS)
TOTAL: Final = Field("total", "what your cards add up to today", Kind.TOTAL)
PAPER_CARDS: Final = Field("cards", "your cards and the dealer's", Kind.RANKED_CARDS)
_RANK_NAMES: Final = {"A": "ace"}


def describe(view: BlackjackView) -> str:
    """Return what the picture shows."""
    day = view.day
    if day is None or day.color is None:
        told = blackjack.describe(view)
    else:
        places = {color: view.player if color == day.color else day.other for color in PLATE_COLORS}
        hands = " ".join(f"{color.capitalize()}: {blackjack.in_words(hand)}." for color, hand in places.items())
        told = f"Dealer: {blackjack.in_words(view.dealer)}. {hands}"
    return told if day is None or day.aside is None else f"{told} In the tray: {day.aside.name}."


def read_out(view: BlackjackView, settings: PromptSettings) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture."""
    if settings.style == "paper":
        return (PAPER_CARDS.reads(blackjack.describe(view)),)
    shown = tuple(card for card in view.dealer if card is not None)
    return (
        DEALER.reads(blackjack.in_words(shown)),
        HAND.reads(blackjack.in_words(view.player)),
        TOTAL.reads(str(hand_value(view.player, view.today))),
    )


def write_prompt(rules: BlackjackRules, day: BlackjackDay, settings: PromptSettings) -> str:
    """Return the task prompt: it depends on the day, and not on the turn."""
    return _prompt(rules, day.today, day.color, settings, has_tray=day.aside is not None)


@lru_cache(maxsize=1024)
def _prompt(rules: BlackjackRules, today: Today, color: str | None, settings: PromptSettings, *, has_tray: bool) -> str:
    rank, number = today
    never = ", and never 11" if rank == "A" else ""
    told = [
        blackjack.rules_in_words(rules, settings),
        f"Today is different: every {_RANK_NAMES.get(rank, rank)} counts {number}{never}, yours and the dealer's.",
    ]
    if has_tray:
        told.append("The card in the tray is out of the game: do not count it.")
    if color is not None:
        other = next(each for each in PLATE_COLORS if each != color)
        told.append(
            f"Two hands lie at the bottom. Yours is the one at the {color} place; the {other} one means nothing."
        )
    fields = (PAPER_CARDS,) if settings.style == "paper" else (DEALER, HAND, TOTAL)
    answer = answer_section(settings, fields, ACTIONS.key, action_rule(ACTIONS.names))
    return "\n".join([*told, "", answer])
