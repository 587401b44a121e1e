"""The legend, shown while the agent faces nothing: what the symbols on the floor plan mean, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vlm_gym.render.canvas import Picture, ink_on
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.close_up import backdrop
from vlm_gym.render.household.furniture import furniture_plan
from vlm_gym.render.household.labels import label_height, label_width, pill
from vlm_gym.render.household.palette import HomeTheme

TITLE: Final = "in the middle of the room"

_LARGEST: Final = 0.085  # of the picture: a symbol
_FONTS: Final = (0.037, 0.033, 0.03, 0.027, 0.023, 0.02, 0.017)
_MOST_COLUMNS: Final = 4


@dataclass(frozen=True)
class _Table:
    columns: int
    font: int
    symbol: int


def draw_legend(names: Sequence[str], width: int, height: int, image_size: int, theme: HomeTheme) -> Picture:
    """Return a picture that lists all kinds of receptacles with their numbers."""
    picture = backdrop(width, height, image_size, theme)
    title = pill((TITLE,), _title_font(width, image_size), theme.ink, theme.paper)
    blend(picture, title, (width - title.shape[1]) // 2, 2)
    entries = _entries(names)
    body = picture[title.shape[0] + 4 :]
    table = _choose([text for _, text in entries], body.shape[1], body.shape[0], image_size)
    rows = -(-len(entries) // table.columns)
    for index, (kind, text) in enumerate(entries):
        column, row = divmod(index, rows)
        left, middle = round(width * column / table.columns) + 3, body.shape[0] * (row + 0.5) / rows
        blend(body, furniture_plan(kind, table.symbol, theme, False), left, round(middle - table.symbol / 2))
        label = pill((text,), table.font, theme.paper, ink_on(theme.paper))
        blend(body, label, left + table.symbol + 2, round(middle - label.shape[0] / 2))
    return picture


def _title_font(width: int, image_size: int) -> int:
    font = max(5, round(image_size / 30))
    while font > 5 and label_width((TITLE,), font) > width - 2:
        font -= 1
    return font


def _entries(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return every kind with its numbers: ("cabinet", "cabinet 1-6")."""
    numbers: dict[str, list[int]] = {}
    for name in names:
        kind, _, number = name.rpartition(" ")
        numbers.setdefault(kind, []).append(int(number))
    return [(kind, f"{kind} {_range(found)}") for kind, found in sorted(numbers.items())]


def _range(numbers: list[int]) -> str:
    """Return numbers in short: "1", "1-4", or "1-2, 5" if some are missing."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _choose(texts: Sequence[str], width: int, height: int, image_size: int) -> _Table:
    """Choose the columns that allow the largest type."""
    for share in _FONTS:
        font = max(5, round(share * image_size))
        for columns in range(1, _MOST_COLUMNS + 1):
            row_height = height // -(-len(texts) // columns)
            symbol = min(round(_LARGEST * image_size), row_height - 1)
            room = width // columns - symbol - 6
            is_wide = max(label_width((text,), font) for text in texts) <= room
            if is_wide and symbol >= label_height(1, font):
                return _Table(columns, font, symbol)
    rows = -(-len(texts) // _MOST_COLUMNS)
    return _Table(_MOST_COLUMNS, 5, max(3, min(round(_LARGEST * image_size), height // rows - 1)))
