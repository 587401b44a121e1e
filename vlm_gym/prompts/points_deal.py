"""The points games in words where more is dealt than the cards: a target, a rule of the day, a card apart, presses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.plates import PlateColor, plate_numbers
from vlm_gym.games.points import PointsRules, PointsView
from vlm_gym.prompts.answer import PromptSettings, action_rule, answer_section, one_of
from vlm_gym.prompts.points import NUMBER_WORDS, cards_field, formula_field, written

CARDS_IN_GAME: Final = "the cards in the picture that are in the game"
TARGET: Final = Field("target", "the target in the picture", Kind.NUMBER)
PRESSES_LEFT: Final = Field("tokens left", "how many tokens you may still write", Kind.NUMBER)


@dataclass(frozen=True)
class Scene:
    """What is the same in every episode: the rules, and whether the target is dealt."""

    rules: PointsRules
    has_dealt_target: bool


@dataclass(frozen=True)
class _Wording:
    """All that the words of a prompt depend on."""

    scene: Scene
    settings: PromptSettings
    today: tuple[str, int] | None
    color: PlateColor | None
    has_card_apart: bool
    are_presses_counted: bool


def describe(view: PointsView) -> str:
    """Return what the picture shows."""
    deal = view.deal
    cards = ", ".join([card.name for card in view.cards])
    parts = [f"Cards: {cards}."]
    if deal is not None and deal.aside is not None:
        parts.append(f"In the tray: {deal.aside.name}.")
    if deal is not None and deal.color is not None and deal.other_target is not None:
        parts.append(plates_in_words(plate_numbers(deal.color, view.target, deal.other_target)))
    else:
        parts.append(f"Target: {view.target}.")
    value = f" = {view.value}" if view.value is not None else ""
    parts.append(f"Formula: {written(view)}{value}.")
    if view.presses_left is not None:
        parts.append(f"Tokens left: {view.presses_left}.")
    return " ".join(parts)


def plates_in_words(numbers: Mapping[PlateColor, int]) -> str:
    """Return what two plates show."""
    return " ".join(f"{color.capitalize()} plate: {number}." for color, number in numbers.items())


def read_out(view: PointsView, scene: Scene, settings: PromptSettings) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture, in the games that press one token a turn."""
    presses = () if view.presses_left is None else (PRESSES_LEFT.reads(str(view.presses_left)),)
    return *read_formula_out(view, scene), formula_field(settings).reads(written(view)), *presses


def read_formula_out(view: PointsView, scene: Scene) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture, in the games that take the formula at once."""
    deal = view.deal
    field = _cards(scene, deal is not None and deal.aside is not None)
    if deal is not None and deal.rules.today is not None:
        field = replace(field, kind=Kind.RANKED_CARDS)  # a J that counts 4 is not a 10
    cards = field.reads(", ".join(card.name for card in view.cards))
    return (cards, TARGET.reads(str(view.target))) if scene.has_dealt_target else (cards,)


def _cards(scene: Scene, has_card_apart: bool) -> Field:
    field = cards_field(scene.rules.face_cards)
    return Field(field.name, CARDS_IN_GAME, field.kind) if has_card_apart else field


def write_prompt(view: PointsView, scene: Scene, settings: PromptSettings) -> str:
    """Return the task prompt of the games that press one token a turn; only the paper's style holds the formula."""
    return _press_prompt(_wording(view, scene, settings), "".join(view.tokens) if settings.style == "paper" else "")


def write_formula_prompt(view: PointsView, scene: Scene, key: str, rule: str, settings: PromptSettings) -> str:
    """Return the task prompt of the games that take the whole formula at once, in the answer's field `key`."""
    return _formula_prompt(_wording(view, scene, settings), key, rule, is_retry=bool(view.tokens))


def _wording(view: PointsView, scene: Scene, settings: PromptSettings) -> _Wording:
    deal = view.deal
    if deal is None:
        return _Wording(scene, settings, None, None, False, False)
    return _Wording(
        scene, settings, deal.rules.today, deal.color, deal.aside is not None, view.presses_left is not None
    )


@lru_cache(maxsize=1024)
def _press_prompt(wording: _Wording, formula: str) -> str:
    scene, settings = wording.scene, wording.settings
    rules = scene.rules
    target = (TARGET,) if scene.has_dealt_target else ()
    presses = (PRESSES_LEFT,) if wording.are_presses_counted else ()
    fields = _cards(scene, wording.has_card_apart), *target, formula_field(settings), *presses
    answer = answer_section(settings, fields, rules.actions.key, action_rule(rules.actions.names))
    told = f"{_seen(wording, ' and the formula written so far')}\n{_task(wording)}{_today(wording)}"
    if settings.style == "paper":
        choices = list(rules.actions.names)
        turn = _PAPER_PRESS.format(choices=choices, formula=formula)
    else:
        turn = _PRESS.format(symbols=one_of(rules.symbols))
    counted = _COUNTED if wording.are_presses_counted else ""
    return f"{told}\n{turn}{counted}\n\n{answer}"


@lru_cache(maxsize=1024)
def _formula_prompt(wording: _Wording, key: str, rule: str, *, is_retry: bool) -> str:
    scene = wording.scene
    target = (TARGET,) if scene.has_dealt_target else ()
    operators = tuple(symbol for symbol in scene.rules.symbols if symbol != "=")
    answer = answer_section(wording.settings, (_cards(scene, wording.has_card_apart), *target), key, rule)
    told = f"{_seen(wording, '')}\n{_task(wording)}{_today(wording)}"
    retry = _RETRY if is_retry else ""
    return f"{told}\nBesides the numbers a formula may hold only {one_of(operators)}.{retry}\n\n{answer}"


def _seen(wording: _Wording, more: str) -> str:
    """Say what the picture shows."""
    rules = wording.scene.rules
    cards = f"{NUMBER_WORDS[rules.num_cards]} {'card' if rules.num_cards == 1 else 'cards'}"
    apart = ", a card apart in a tray" if wording.has_card_apart else ""
    if wording.color is not None:
        target = "a blue and an orange plate with a number each"
    else:
        target = "the target" if wording.scene.has_dealt_target else f"the target {rules.target}"
    left = ", and how many tokens are left" if wording.are_presses_counted else ""
    is_paper = wording.settings.style == "paper"
    opening = "You are an expert points card game player." if is_paper else "You are playing a card game."
    joint = "," if more else " and"
    return f"{opening} The {'image' if is_paper else 'picture'} shows {cards}{apart}{joint} {target}{more}{left}."


def _task(wording: _Wording) -> str:
    """Say what is to be done, and what the cards count on other days."""
    rules = wording.scene.rules
    target = "the target" if wording.scene.has_dealt_target else str(rules.target)
    every = f"each of the {NUMBER_WORDS[rules.num_cards]} cards" if wording.has_card_apart else "every card"
    faces = "J, Q and K count 10" if rules.face_cards == "ten" else "J counts 11, Q 12 and K 13"
    return (
        f"Write a formula that equals {target} and uses the number of {every} exactly once. An ace counts 1; {faces}."
    )


def _today(wording: _Wording) -> str:
    """Say what is otherwise today."""
    told = []
    if wording.today is not None:
        rank, number = wording.today
        told.append(f"Today is different: every {_RANK_NAMES.get(rank, rank)} counts {number}.")
    if wording.color is not None:
        told.append(f"Today the target is the number on the {wording.color} plate; the other number means nothing.")
    if wording.has_card_apart:
        told.append("The card in the tray is out of the game: do not use it.")
    return "".join(f"\n{sentence}" for sentence in told)


_RANK_NAMES: Final = {"A": "ace"}

_PRESS: Final = """\
Each turn you choose one action, which is written at the end of the formula: a number or one of {symbols}. Finish \
the formula with "=". In the picture "*" looks like ×."""

_PAPER_PRESS: Final = """\
The current formula is '{formula}'. You can choose between {choices}; what you choose is appended to the current \
formula."""

_COUNTED: Final = """
Each number and each sign is one token, the "=" at the end too. When no token is left the game is lost."""

_RETRY: Final = """
The picture shows the last formula that you wrote by the rules, and what it came to."""
