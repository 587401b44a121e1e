"""The points games in words."""

from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.cards import FaceCards
from vlm_gym.games.points import PointsRules, PointsView
from vlm_gym.prompts.answer import PromptSettings, action_rule, answer_section, one_of

EXAMPLE_RULE: Final = 'The formula is plain text, for example "2 * 3 + 1".'
FORM_RULE: Final = (
    "The formula is plain text on one line: the numbers of your cards with a sign between each two, and parentheses "
    "where they are needed."
)
CARDS: Final = Field("cards", "the cards in the picture", Kind.CARDS)
RANKED_CARDS: Final = Field("cards", "the cards in the picture", Kind.RANKED_CARDS)
FORMULA: Final = Field("formula", "the formula so far", Kind.FORMULA)
PAPER_FORMULA: Final = Field("current formula", "the formula so far", Kind.FORMULA)
NUMBER_WORDS: Final = ("no", "one", "two", "three", "four", "five", "six")


def describe(view: PointsView) -> str:
    """Return what the picture shows."""
    cards = ", ".join([card.name for card in view.cards])
    value = f" = {view.value}" if view.value is not None else ""
    return f"Cards: {cards}. Target: {view.target}. Formula: {written(view)}{value}."


def read_out(view: PointsView, rules: PointsRules, settings: PromptSettings) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture, in the games that press one token a turn."""
    return *read_cards_out(view, rules), formula_field(settings).reads(written(view))


def read_cards_out(view: PointsView, rules: PointsRules) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture, in the games that take the formula at once."""
    return (cards_field(rules.face_cards).reads(", ".join(card.name for card in view.cards)),)


def cards_field(face_cards: FaceCards) -> Field:
    """Return the field of the cards, which depends on what J, Q and K count."""
    return CARDS if face_cards == "ten" else RANKED_CARDS


def formula_field(settings: PromptSettings) -> Field:
    """Return the field of the formula, which has a name of its own in the paper's prompts."""
    return PAPER_FORMULA if settings.style == "paper" else FORMULA


def written(view: PointsView) -> str:
    """Return the formula as the fields tell it."""
    return " ".join(view.tokens) or "(empty)"


def write_prompt(view: PointsView, rules: PointsRules, settings: PromptSettings) -> str:
    """Return the task prompt of the games that press one token a turn; only the paper's style holds the formula."""
    return _press_prompt(rules, settings, "".join(view.tokens) if settings.style == "paper" else "")


@lru_cache(maxsize=256)
def _press_prompt(rules: PointsRules, settings: PromptSettings, formula: str) -> str:
    is_paper = settings.style == "paper"
    fields = cards_field(rules.face_cards), formula_field(settings)
    answer = answer_section(settings, fields, rules.actions.key, action_rule(rules.actions.names))
    words = _common_words(rules) | {
        "symbols": one_of(rules.symbols),
        "choices": list(rules.actions.names),
        "formula": formula,
    }
    return f"{(_PAPER if is_paper else _PRESSES).format(**words)}\n\n{answer}"


@lru_cache(maxsize=64)
def write_formula_prompt(rules: PointsRules, key: str, rule: str, settings: PromptSettings, *, is_retry: bool) -> str:
    """Return the task prompt of the games that take the whole formula at once, in the answer's field `key`.

    `rule` says what a formula looks like: EXAMPLE_RULE, or since version 1 FORM_RULE.
    """
    is_paper = settings.style == "paper"
    operators = tuple(symbol for symbol in rules.symbols if symbol != "=")
    words = _common_words(rules) | {"symbols": one_of(operators), "choices": list(operators)}
    answer = answer_section(settings, (cards_field(rules.face_cards),), key, rule)
    retry = _RETRY if is_retry else ""
    return f"{(_PAPER_FORMULA if is_paper else _FORMULA).format(**words)}{retry}\n\n{answer}"


def _common_words(rules: PointsRules) -> dict[str, object]:
    faces = "J, Q and K count 10" if rules.face_cards == "ten" else "J counts 11, Q 12 and K 13"
    num_cards = NUMBER_WORDS[rules.num_cards]
    cards = "card" if rules.num_cards == 1 else "cards"
    return {"target": rules.target, "cards": f"{num_cards} {cards}", "faces": faces}


_PRESSES: Final = """\
You are playing a card game. The picture shows {cards}, the target {target} and the formula written so far.
Write a formula that equals {target} and uses the number of every card exactly once. An ace counts 1; {faces}.
Each turn you choose one action, which is written at the end of the formula: a number or one of {symbols}. Finish \
the formula with "=". In the picture "*" looks like ×."""

_FORMULA: Final = """\
You are playing a card game. The picture shows {cards} and the target {target}.
Write a formula that equals {target} and uses the number of every card exactly once. An ace counts 1; {faces}.
Besides the numbers a formula may hold {symbols}."""

_RETRY: Final = """
The picture shows the last formula that you wrote by the rules, and what it came to."""

_PAPER: Final = """\
You are an expert {target} points card game player. The image shows {cards}, and the current formula is '{formula}'.
You can choose between {choices}; what you choose is appended to the current formula. 'A' counts 1; {faces}.
Your goal is a formula that evaluates to {target} and uses each card once."""

_PAPER_FORMULA: Final = """\
You are an expert {target} points card game player. The image shows {cards}.
You can combine their numbers with {choices}. 'A' counts 1; {faces}.
Your goal is a formula that evaluates to {target} and uses each card once."""
