"""Where icons stand: rows of icons with labels below them, in the areas of a piece of furniture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from vlm_gym.render.household.areas import Area

_FILLS: Final = (0.34, 0.42, 0.5, 0.58, 0.66, 0.74, 0.82, 0.9, 0.95, 1.0)  # of a row's width; the first that is enough
_LOOSE: Final = 1.3  # times the height of a row with its label; rows stand no further apart
_SMALLEST: Final = 3
_SMALL: Final = 12  # larger icons have even sizes only: there are fewer to draw and to remember


class Spot(NamedTuple):
    """A place for an icon: its middle, its top, and the bottom of its label, in pixels."""

    x: float
    top: float
    label_bottom: float


@dataclass(frozen=True)
class Arrangement:
    """Icons of one size, each at its spot; `has_room` is whether none covers another or its label."""

    size: int
    spots: tuple[Spot, ...]
    has_room: bool = True


class _Row(NamedTuple):
    left: float
    width: float
    bottom: float


def arrange(areas: Sequence[Area], widths: Sequence[int], label_height: int, largest: int, gap: int) -> Arrangement:
    """Set icons with labels of these widths in rows, as large as they fit; crowded beyond reason, they overlap."""
    if not widths:
        return Arrangement(largest, ())
    areas = _alike(areas)
    size = _largest_size(areas, widths, label_height, largest, gap)
    rows = _rows(areas, size, label_height, len(widths))
    wide = [max(size, width) for width in widths]
    shares = next((s for fill in _FILLS if (s := _share(rows, wide, gap, fill)) is not None), None)
    if shares is None:
        return _overlapping(areas, len(widths), size)
    spots: list[Spot] = []
    for row, share in zip(rows, shares, strict=False):
        spots += _line_up(row, widths[len(spots) : len(spots) + share], size, label_height)
    return Arrangement(size, tuple(spots))


def _alike(areas: Sequence[Area]) -> list[Area]:
    """Cut areas to the same height, so that shelves fill evenly."""
    height = min(area.height for area in areas)
    return [Area(area.left, area.bottom - height, area.right, area.bottom) for area in areas]


def _largest_size(areas: Sequence[Area], widths: Sequence[int], label_height: int, largest: int, gap: int) -> int:
    low, high = _SMALLEST, largest
    while low < high:
        middle = (low + high + 1) // 2
        wide = [max(middle, width) for width in widths]
        low, high = (middle, high) if _fit(areas, wide, middle + label_height, gap) else (low, middle - 1)
    return low - low % 2 if low > _SMALL else low


def _fit(areas: Sequence[Area], wide: Sequence[int], height: int, gap: int) -> bool:
    """Whether things of these widths go into rows of this height, each filled from one end to the other."""
    index, count = 0, len(wide)
    for area in areas:
        width = area.width
        for _ in range(min(int(area.height // height), count)):
            used = -gap
            while used + wide[index] + gap <= width:
                used += wide[index] + gap
                index += 1
                if index == count:
                    return True
    return False


def _rows(areas: Sequence[Area], size: int, label_height: int, count: int) -> list[_Row]:
    """Return rows from top to bottom, those of an area spread over it."""
    rows: list[_Row] = []
    for area in areas:
        room = min(int(area.height // (size + label_height)), count)
        step = min(area.height / max(1, room), _LOOSE * (size + label_height))
        bottoms = [area.bottom - step * (room - 1 - index) for index in range(room)]
        rows += [_Row(area.left, area.width, bottom) for bottom in bottoms]
    return rows


def _share(rows: list[_Row], wide: Sequence[int], gap: int, fill: float) -> list[int] | None:
    """Return how many go into each row if each is filled to a share of its width; None if some are left over."""
    shares, index, count = [], 0, len(wide)
    for row in rows:
        start, used, most = index, -gap, fill * row.width
        while index < count and used + wide[index] + gap <= most:
            used += wide[index] + gap
            index += 1
        shares.append(index - start)
    return shares if index == count else None


def _line_up(row: _Row, widths: Sequence[int], size: int, label_height: int) -> list[Spot]:
    """Spread icons over a row with equal gaps."""
    wide = [max(size, width) for width in widths]
    gap = (row.width - sum(wide)) / max(1, len(wide))
    spots, left = [], row.left + gap / 2
    for width in wide:
        spots.append(Spot(left + width / 2, row.bottom - label_height - size, row.bottom))
        left += width + gap
    return spots


def _overlapping(areas: Sequence[Area], count: int, size: int) -> Arrangement:
    """Spread icons over all areas by their order alone."""
    per_area = -(-count // len(areas))
    columns = max(1, round((per_area * areas[0].width / max(1.0, areas[0].height)) ** 0.5))
    rows = -(-per_area // columns)
    spots = [_grid_spot(areas[index // per_area], index % per_area, columns, rows, size) for index in range(count)]
    return Arrangement(size, tuple(spots), has_room=False)


def _grid_spot(area: Area, index: int, columns: int, rows: int, size: int) -> Spot:
    x = area.left + area.width * (index % columns + 0.5) / columns
    y = area.top + area.height * (index // columns + 0.5) / rows
    return Spot(x, y - size / 2, y + size)
