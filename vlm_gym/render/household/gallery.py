"""A gallery of all icons and furniture, with their names: for the documentation, and for looking at them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from vlm_gym.render.canvas import Color, ink_on, write
from vlm_gym.render.household.brush import Sprite
from vlm_gym.render.household.furniture import FRONTS, OPENABLE, furniture_front, furniture_plan
from vlm_gym.render.household.palette import HomeTheme, read_home_theme
from vlm_gym.render.household.sprites import OBJECTS, object_sprite
from vlm_gym.render.household.symbols import SYMBOLS

WIDTH: Final = 1200
ICON_SIZES: Final = (72, 28)
FRONT_SIZE: Final = (150, 150)
PLAN_SIZES: Final = (48, 24, 16)

_GAP: Final = 8
_NAME_HEIGHT: Final = 16
_NAME_SIZE: Final = 10
_TITLE_HEIGHT: Final = 36
_TITLE_SIZE: Final = 18
_STATE_NAMES: Final = ("hot", "cold", "clean", "sliced", "toggled")
_STATE_KINDS: Final = (
    ("apple", "hot"), ("mug", "hot"), ("potato", "hot sliced"), ("tomato", "cold"), ("pan", "cold"),
    ("winebottle", "cold"), ("plate", "clean"), ("fork", "clean"), ("cloth", "clean"), ("egg", "hot clean"),
    ("lettuce", "cold clean"), ("apple", "sliced"), ("bread", "sliced"), ("egg", "sliced"), ("lettuce", "sliced"),
    ("potato", "sliced"), ("tomato", "sliced"), ("apple", "hot cold clean sliced"), ("desklamp", "toggled"),
    ("floorlamp", "toggled"), ("television", "toggled"), ("box", "sliced"), ("something", ""),
)  # fmt: skip


@dataclass(frozen=True)
class _Exhibit:
    name: str
    sprites: tuple[Sprite, ...]

    @property
    def size(self) -> tuple[int, int]:
        width = sum(sprite.shape[1] for sprite in self.sprites) + _GAP * (len(self.sprites) - 1)
        return width, max(sprite.shape[0] for sprite in self.sprites)


def gallery(theme: object) -> Image.Image:
    """Return a picture of every icon, state, piece of furniture and floor-plan symbol in a theme, with names."""
    look = read_home_theme(theme)
    rooms = (
        ("Objects", look.wall, [_icon(kind, "", look) for kind in sorted(OBJECTS)]),
        ("States", look.wall, [_icon(kind, states, look) for kind, states in _STATE_KINDS]),
        ("Receptacles", look.wall, [_front(kind, is_open, look) for kind, is_open in _pieces(FRONTS)]),
        ("Floor plan", look.floor, [_plan(kind, is_open, look) for kind, is_open in _pieces(SYMBOLS)]),
    )
    walls = [_wall(title, color, exhibits) for title, color, exhibits in rooms]
    picture = Image.new("RGB", (WIDTH, sum(wall.height for wall in walls)))
    top = 0
    for wall in walls:
        picture.paste(wall, (0, top))
        top += wall.height
    return picture


def _icon(kind: str, states: str, theme: HomeTheme) -> _Exhibit:
    flags = {f"is_{name}": name in states.split() for name in _STATE_NAMES}
    sprites = tuple(object_sprite(kind, size, theme, **flags) for size in ICON_SIZES)
    return _Exhibit(f"{states} {kind}".strip(), sprites)


def _pieces(kinds: Iterable[str]) -> Iterator[tuple[str, bool]]:
    for kind in sorted(kinds):
        yield kind, False
        if kind in OPENABLE:
            yield kind, True


def _front(kind: str, is_open: bool, theme: HomeTheme) -> _Exhibit:
    return _Exhibit(_title(kind, is_open), (furniture_front(kind, *FRONT_SIZE, theme, is_open).pixels,))


def _plan(kind: str, is_open: bool, theme: HomeTheme) -> _Exhibit:
    return _Exhibit(_title(kind, is_open), tuple(furniture_plan(kind, size, theme, is_open) for size in PLAN_SIZES))


def _title(kind: str, is_open: bool) -> str:
    return f"{kind} (open)" if is_open else kind


def _wall(title: str, color: Color, exhibits: Sequence[_Exhibit]) -> Image.Image:
    width, height = exhibits[0].size
    columns = (WIDTH - _GAP) // (width + 2 * _GAP)
    rows = -(-len(exhibits) // columns)
    step = height + _NAME_HEIGHT + 2 * _GAP
    wall = Image.new("RGB", (WIDTH, _TITLE_HEIGHT + rows * step), color)
    write(wall, (WIDTH / 2, _TITLE_HEIGHT / 2), title, "sans", _TITLE_SIZE, ink_on(color))
    for index, exhibit in enumerate(exhibits):
        center = (index % columns + 0.5) * WIDTH / columns
        _hang(wall, exhibit, center, _TITLE_HEIGHT + index // columns * step, ink_on(color))
    return wall


def _hang(wall: Image.Image, exhibit: _Exhibit, center: float, top: int, ink: Color) -> None:
    width, height = exhibit.size
    left = round(center - width / 2)
    for sprite in exhibit.sprites:
        image = Image.fromarray(sprite)
        wall.paste(image, (left, top + height - image.height), image)
        left += image.width + _GAP
    write(wall, (center, top + height + _NAME_HEIGHT / 2 + 2), exhibit.name, "sans", _NAME_SIZE, ink)
