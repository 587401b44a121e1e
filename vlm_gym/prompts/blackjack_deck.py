"""Blackjack from one deck in words."""

from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.blackjack_deck import ACTIONS, DiscardsView, OneDeckRules
from vlm_gym.games.cards import Card
from vlm_gym.prompts import blackjack
from vlm_gym.prompts.answer import PromptSettings, answer_section

DISCARDS: Final = Field("cards", "the cards that lie face up", Kind.CARDS)


def describe(view: DiscardsView) -> str:
    """Return what the picture shows of the discards."""
    covered = f" {view.covered} cards lie face down." if view.covered else ""
    return f"Dealt before, picture {view.page} of {view.pages}: {_listed(view.open)}.{covered}"


def read_out(view: DiscardsView) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture."""
    return (DISCARDS.reads(_listed(view.open)),)


def _listed(cards: tuple[Card, ...]) -> str:
    return ", ".join(card.name for card in cards)


@lru_cache(maxsize=64)
def write_look_prompt(settings: PromptSettings) -> str:
    """Return the prompt while discards are shown; it is the same for all of them."""
    rule = 'The action is "deal" now: it covers these cards and goes on. In the hand it is "stand" or "hit".'
    told = _PAPER_LOOK if settings.style == "paper" else _LOOK
    return f"{told}\n\n{answer_section(settings, (DISCARDS,), ACTIONS.key, rule)}"


@lru_cache(maxsize=64)
def write_hand_prompt(rules: OneDeckRules, settings: PromptSettings) -> str:
    """Return the prompt of the hand; it is the same for every one."""
    rule = 'The action is "stand" or "hit", and no longer "deal".'
    answer = answer_section(settings, blackjack.fields(settings), ACTIONS.key, rule)
    return f"{blackjack.rules_in_words(rules, settings, deck=_DECK)}\n\n{answer}"


_DECK: Final = """\
All cards are drawn from one deck of 52, and those that were dealt before, which you have seen and which lie face down \
in the corner now, do not come again. Win the hand."""

_LOOK: Final = """\
You are going to play Blackjack with one deck of 52 cards, which is not shuffled in between. Before your hand you see \
the cards that were dealt in earlier rounds, some in each picture and each card once; then they lie face down. They do \
not come again: remember them, since they change what it is best to do with your hand."""

_PAPER_LOOK: Final = """\
You are an expert blackjack player, who remembers which cards of the deck have been dealt. The image shows some that \
were dealt in earlier rounds.
You can choose between ['deal'].
Your goal is to come closer to 21 than the dealer without going over it, in the hand that follows."""
