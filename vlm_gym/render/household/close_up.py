"""The close-up: the receptacles within reach from the front, what can be seen in and on them, and what lies beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from vlm_gym.games.household.view import SeenObject, SeenReceptacle
from vlm_gym.render.canvas import BLACK, Picture, Sketch, mix, to_picture
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.brush import Sprite
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.furniture import HANGERS, furniture_front
from vlm_gym.render.household.labels import Lines, broken_name, label_height, label_width, pill
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.household.rows import Arrangement, arrange
from vlm_gym.render.household.sprites import object_sprite

STAGE_BYTES: Final = 8_000_000
PANEL_BYTES: Final = 16_000_000
LARGEST_ICON: Final = 0.16  # of the picture
GOOD_ICON: Final = 0.095  # of the picture: what is larger counts little
EXTRA: Final = 0.25  # how much
ZOOMS: Final = (1.0, 1.35, 1.8, 2.3)
FEW, SEVERAL = 3, 8  # objects: with more, a receptacle gets two or three times the width

_STYLES: Final = ((1, 10, 1.0), (1, 9, 0.96), (2, 9, 0.94), (2, 8, 0.86), (1, 8, 0.86))  # lines, font at 300, worth
_NUMBER_WORTH: Final = 0.5


def icon(thing: SeenObject, size: int, theme: HomeTheme) -> Sprite:
    """Return the icon of an object in its state."""
    states = thing.states
    return object_sprite(
        thing.kind, size, theme, is_hot="hot" in states, is_cold="cold" in states, is_clean="clean" in states,
        is_sliced="sliced" in states, is_toggled="on" in states,
    )  # fmt: skip


@dataclass(frozen=True)
class _Setting:
    """How objects are laid out: their icons and the text under each."""

    arrangement: Arrangement
    texts: tuple[Lines, ...]
    font: int
    score: float


@dataclass(frozen=True)
class _Stage:
    """An empty receptacle in front of the wall, and where things lie on it."""

    pixels: Picture
    areas: tuple[Area, ...]


class CloseUp:
    """Close-ups of one size and theme."""

    def __init__(self, width: int, height: int, image_size: int, theme: HomeTheme, *, has_labels: bool) -> None:
        self._width, self._height, self._image_size, self._theme = width, height, image_size, theme
        self._has_labels = has_labels
        self._title_font = self._scaled(10)
        self._title_height = label_height(1, self._title_font) + 2
        self._pictures = PictureCache(PANEL_BYTES)

    def draw(self, facing: tuple[SeenReceptacle, ...], beside: tuple[SeenObject, ...]) -> Picture:
        """Return the picture of what is within reach: not writable."""
        key = (tuple([(r.name, r.is_open, r.contents) for r in facing]), beside)
        return self._pictures.get(key, lambda: self._draw(facing, beside))

    def _draw(self, facing: Sequence[SeenReceptacle], beside: tuple[SeenObject, ...]) -> Picture:
        picture = self.backdrop()
        floor_height = self._beside_height() if beside else 0
        edges = _edges([_weight(r) for r in facing], self._width)
        for receptacle, left, right in zip(facing, edges, edges[1:], strict=False):
            self._draw_receptacle(picture[: self._height - floor_height, left:right], receptacle)
        if beside:
            self._draw_beside(picture, beside, floor_height)
        return picture

    def backdrop(self) -> Picture:
        """Return the wall and the floor."""
        theme, line = self._theme, max(1, round(self._image_size / 150))
        bottom = round(0.8 * self._height)
        sketch = Sketch(self._width, self._height, theme.wall)
        sketch.box(0, bottom, self._width, self._height, 0, theme.floor)
        sketch.box(0, bottom - line, self._width, bottom + line, 0, mix(theme.wall, theme.ink, 0.3))
        return to_picture(sketch.finish())

    def _draw_receptacle(self, room: Picture, receptacle: SeenReceptacle) -> None:
        margin = max(1, round(self._image_size / 100))
        stage = room[self._title_height + margin : room.shape[0] - margin, margin : room.shape[1] - margin]
        height, width = stage.shape[:2]
        things = receptacle.contents or ()
        choices = (self._zoomed(receptacle, width, height, zoom) for zoom in ZOOMS)
        best = next(choices)
        for choice in choices if things else ():
            if best[2].score >= self._good_score():
                break
            if choice is not None and choice[2].score > best[2].score:
                best = choice
        front, top, setting = best
        blend(stage, front.pixels, 0, -top)
        self._put_down(stage, things, setting)
        self._write_title(room, receptacle.name)

    def _good_score(self) -> float:
        return 0.85 * GOOD_ICON * self._image_size

    def _zoomed(self, receptacle: SeenReceptacle, width: int, height: int, zoom: float):
        front = furniture_front(receptacle.kind, width, round(zoom * height), self._theme, receptacle.contents is not None)
        things = receptacle.contents or ()
        if not front.areas:
            return front, 0, self.set_objects((Area(0, 0, width, height),), ())
        top, bottom = min(a.top for a in front.areas), max(a.bottom for a in front.areas)
        if zoom > 1 and bottom - top > height - 4:
            return None
        shift = 0 if bottom <= height - 4 else round(bottom + 4 - height)
        areas = tuple(area.moved(0, -shift) for area in front.areas)
        return front, shift, self.set_objects(areas, things, receptacle.kind)

    def set_objects(self, areas: Sequence[Area], things: Sequence[SeenObject], kind: str = "") -> _Setting:
        """Choose the size of icons and labels that reads best."""
        return max((self._set(areas, things, *style) for style in self._styles()), key=lambda setting: setting.score)

    def _styles(self):
        if not self._has_labels:
            return [(0, 5, 1.0)]
        return [*((n, self._scaled(f), w) for n, f, w in _STYLES), (-1, self._scaled(9), _NUMBER_WORTH)]

    def _set(self, areas: Sequence[Area], things: Sequence[SeenObject], lines: int, font: int, worth: float) -> _Setting:
        texts = tuple(_text(thing.name, lines) for thing in things)
        widths = [label_width(text, font) for text in texts]
        largest = round(LARGEST_ICON * self._image_size)
        arrangement = arrange(areas, widths, label_height(abs(lines), font), largest, 1)
        good = GOOD_ICON * self._image_size
        size = arrangement.size
        return _Setting(arrangement, texts, font, worth * (min(size, good) + EXTRA * max(0, size - good)))

    def _put_down(self, picture: Picture, things: Sequence[SeenObject], setting: _Setting) -> None:
        size = setting.arrangement.size
        for thing, text, spot in zip(things, setting.texts, setting.arrangement.spots, strict=True):
            blend(picture, icon(thing, size, self._theme), round(spot.x - size / 2), round(spot.top))
            if text:
                label = pill(text, setting.font, self._theme.paper, BLACK)
                blend(picture, label, round(spot.x - label.shape[1] / 2), round(spot.label_top))

    def _write_title(self, room: Picture, name: str) -> None:
        font = self._title_font
        while font > 5 and label_width((name,), font) > room.shape[1] - 2:
            font -= 1
        title = pill((name,), font, self._theme.ink, self._theme.paper)
        blend(room, title, (room.shape[1] - title.shape[1]) // 2, 2)

    def _beside_height(self) -> int:
        return round(0.11 * self._image_size)

    def _draw_beside(self, picture: Picture, things: tuple[SeenObject, ...], height: int) -> None:
        caption = pill(("next to it",), self._scaled(9), self._theme.ink, self._theme.paper)
        top = self._height - height
        blend(picture, caption, 2, top + (height - caption.shape[0]) // 2)
        area = Area(caption.shape[1] + 5.0, top, self._width - 2.0, self._height - 1.0)
        self._put_down(picture, things, self.set_objects((area,), things))

    def _scaled(self, size: int) -> int:
        return max(5, round(size * self._image_size / 300))


def _text(name: str, lines: int) -> Lines:
    if lines < 0:
        return (name.rpartition(" ")[2],)
    return () if lines == 0 else (name,) if lines == 1 else broken_name(name)


def _weight(receptacle: SeenReceptacle) -> int:
    count = len(receptacle.contents or ())
    return 1 if count <= FEW else 2 if count <= SEVERAL else 3


def _edges(weights: Sequence[int], width: int) -> list[int]:
    return [round(width * sum(weights[:index]) / max(1, sum(weights))) for index in range(len(weights) + 1)]
