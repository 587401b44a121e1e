"""The legend, shown while the agent faces nothing: what the symbols on the floor plan mean, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vlm_gym.render.canvas import BLACK, Picture
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.close_up import backdrop
from vlm_gym.render.household.furniture import furniture_plan
from vlm_gym.render.household.labels import fitting_pill, label_height, label_width, pill
from vlm_gym.render.household.palette import HomeTheme

TITLE: Final = "in the middle of the room"

_LARGEST: Final = 0.085  # of the picture: a symbol
_FONTS: Final = (0.037, 0.033, 0.03, 0.027, 0.023, 0.02, 0.017)
_MOST_COLUMNS: Final = 4


@dataclass(frozen=True)
class _Entry:
    """A kind of receptacle, and its numbers: "1-6"."""

    kind: str
    numbers: str


@dataclass(frozen=True)
class _Table:
    texts: tuple[str, ...]
    num_columns: int
    font: int
    symbol: int


def draw_legend(names: Sequence[str], width: int, height: int, image_size: int, theme: HomeTheme) -> Picture:
    """Return a picture that lists all kinds of receptacles with their numbers."""
    picture = backdrop(width, height, image_size, theme).copy()
    title = fitting_pill([(TITLE,)], max(5, round(image_size / 30)), width - 2, theme.ink, theme.paper)
    blend(picture, title, (width - title.shape[1]) // 2, 2)
    body = picture[title.shape[0] + 4 :]
    entries = _entries(names)
    table = _choose(entries, body.shape[1], body.shape[0], image_size)
    num_rows = -(-len(entries) // table.num_columns)
    for index, (entry, text) in enumerate(zip(entries, table.texts, strict=True)):
        column, row = divmod(index, num_rows)
        left, middle = round(width * column / table.num_columns) + 3, body.shape[0] * (row + 0.5) / num_rows
        blend(body, furniture_plan(entry.kind, table.symbol, theme, False), left, round(middle - table.symbol / 2))
        label = pill((text,), table.font, theme.paper, BLACK)
        blend(body, label, left + table.symbol + 2, round(middle - label.shape[0] / 2))
    return picture


def _entries(names: Sequence[str]) -> list[_Entry]:
    numbers: dict[str, list[int]] = {}
    for name in names:
        kind, _, number = name.rpartition(" ")
        numbers.setdefault(kind, []).append(int(number))
    return [_Entry(kind, _range(found)) for kind, found in sorted(numbers.items())]


def _range(numbers: list[int]) -> str:
    """Return numbers in short: "1", "1-4", or "1-2, 5" if some are missing."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _choose(entries: Sequence[_Entry], width: int, height: int, image_size: int) -> _Table:
    """Choose the columns that allow the largest type; without the names if nothing else helps."""
    largest = round(_LARGEST * image_size)
    names = tuple(f"{entry.kind} {entry.numbers}" for entry in entries)
    bare = tuple(entry.numbers for entry in entries)
    for texts, share in [*((names, share) for share in _FONTS), (bare, _FONTS[-1])]:
        font = max(5, round(share * image_size))
        widest = max(label_width((text,), font) for text in texts)
        for num_columns in range(1, _MOST_COLUMNS + 1):
            symbol = min(largest, height // -(-len(texts) // num_columns) - 1)
            if widest <= width // num_columns - symbol - 6 and symbol >= label_height(1, font):
                return _Table(texts, num_columns, font, symbol)
    num_rows = -(-len(texts) // _MOST_COLUMNS)
    return _Table(texts, _MOST_COLUMNS, 5, max(3, min(largest, height // num_rows - 1)))
