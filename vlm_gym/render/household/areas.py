"""Where things lie: areas on furniture, and their division into places for icons."""

from typing import NamedTuple


class Area(NamedTuple):
    """A rectangle, in the units of the drawing that it belongs to."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Return the width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return the height."""
        return self.bottom - self.top

    def scaled(self, factor: float) -> "Area":
        """Return the area in other units."""
        return Area(self.left * factor, self.top * factor, self.right * factor, self.bottom * factor)

    def moved(self, x: float, y: float) -> "Area":
        """Return the area shifted."""
        return Area(self.left + x, self.top + y, self.right + x, self.bottom + y)


def slots(areas: tuple[Area, ...], count: int, largest: int, label_height: int = 0) -> tuple[Area, ...]:
    """Divide areas into `count` places of one size: squares of at most `largest`, with room for a label below.

    Returns fewer than `count` places only if the areas are too small for squares of one pixel.
    """
    size = next((size for size in range(largest, 0, -1) if _room(areas, size, label_height) >= count), 1)
    rooms = [_columns(area, size) * _rows(area, size, label_height) for area in areas]
    shares = _shares(rooms, count)
    cells = [_cells(area, share, size, label_height) for area, share in zip(areas, shares, strict=True)]
    return tuple(cell for group in cells for cell in group)


def _shares(rooms: list[int], count: int) -> list[int]:
    """Fill the areas evenly, one place after the other."""
    shares = [0] * len(rooms)
    for _ in range(min(count, sum(rooms))):
        free = [index for index, room in enumerate(rooms) if shares[index] < room]
        shares[min(free, key=lambda index: shares[index] / rooms[index])] += 1
    return shares


def _room(areas: tuple[Area, ...], size: int, label_height: int) -> int:
    return sum(_columns(area, size) * _rows(area, size, label_height) for area in areas)


def _columns(area: Area, size: int) -> int:
    return int(area.width // size)


def _rows(area: Area, size: int, label_height: int) -> int:
    return int(area.height // (size + label_height))


def _cells(area: Area, count: int, size: int, label_height: int) -> list[Area]:
    """Set `count` places in rows, from the front of the area to its back, each row spread over the width."""
    if count == 0:
        return []
    rows = -(-count // _columns(area, size))
    height = min(area.height / rows, 1.25 * (size + label_height))
    cells: list[Area] = []
    for row in range(rows):
        in_row = count // rows + (row < count % rows)
        bottom = area.bottom - height * (rows - 1 - row)
        step = area.width / in_row
        lefts = [area.left + step * (index + 0.5) - size / 2 for index in range(in_row)]
        cells += [Area(left, bottom - size - label_height, left + size, bottom) for left in lefts]
    return cells
