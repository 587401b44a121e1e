"""Reads the corpus, and cooks its noise."""

import random
import re
from pathlib import Path
from typing import NamedTuple

from vlm_gym.actions import ActionSet, Vocabulary
from vlm_gym.games import blackjack, number_line
from vlm_gym.games.points import EZPOINTS_SYMBOLS, POINTS24_SYMBOLS, FormulaVocabulary, PointsRules

HOUSEHOLD = ActionSet(
    (
        "go to cabinet 1", "go to cabinet 12", "go to cabinet 2", "open cabinet 1", "open cabinet 12", "open fridge 1",
        "go to fridge 1", "go to armchair 1", "take plate 1 from cabinet 1", "take plate 1 from cabinet 12",
        "look", "look at plate 1", "inventory",
    )
)  # fmt: skip

VOCABULARIES: dict[str, Vocabulary] = {
    "number_line": number_line.ACTIONS,
    "ezpoints": PointsRules(target=12, num_cards=2, symbols=EZPOINTS_SYMBOLS).actions,
    "points24": PointsRules(target=24, num_cards=4, symbols=POINTS24_SYMBOLS).actions,
    "points24_formula": FormulaVocabulary(num_cards=4, symbols=POINTS24_SYMBOLS),
    "blackjack": blackjack.ACTIONS,
    "household": HOUSEHOLD,
}

_RECIPE = re.compile(r"⟦(\w+) (\d+) ?([^⟧]*)⟧")
_WORDS = (
    "the", "card", "I", "hit", "stand", "dealer,", "maybe.", "seventeen!", "(or", "10)", "then;", "cabinet", "12",
    "=", "3", "+", "don't", "我", "ну",
)  # fmt: skip
_MARKS = "{}[]()<>\"'`:,;.!?*_#$\\/|+-=~^&%@ \t\n0123456789"


class Case(NamedTuple):
    """One answer of the corpus; `expected` is an action, or "! " and a fault."""

    task: str
    parser: str
    expected: str
    text: str


def read_corpus() -> dict[str, Case]:
    """Return the cases under the names that pytest shows."""
    files = sorted((Path(__file__).parent / "corpus").glob("*.txt"))
    return dict(named for file in files for named in _read_file(file))


def prose(length: int) -> str:
    """Return words that mention actions and give none."""
    rng = random.Random(length)
    return " ".join(rng.choices(_WORDS, k=length // 2))[:length]


def marks(length: int) -> str:
    """Return punctuation and digits at random."""
    return "".join(random.Random(length).choices(_MARKS, k=length))


def _read_file(file: Path) -> list[tuple[str, Case]]:
    parts = re.split(r"^=== (.*)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [_read_case(file.stem, heading, text) for heading, text in zip(parts[::2], parts[1::2], strict=True)]


def _read_case(stem: str, heading: str, text: str) -> tuple[str, Case]:
    task, parser, expected, title = (part.strip() for part in heading.split(" | ", maxsplit=3))
    return f"{stem}: {task}, {parser}: {title}", Case(task, parser, expected, _RECIPE.sub(_cook, text[:-1]))


def _cook(recipe: re.Match[str]) -> str:
    name, count, what = recipe.groups()
    if name == "repeat":
        return what * int(count)
    return {"prose": prose, "marks": marks}[name](int(count))
