"""The close-up: the receptacles within reach from the front, what can be seen in and on them, and what lies beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from vlm_gym.games.household.view import SeenObject, SeenReceptacle
from vlm_gym.render.canvas import Picture, Sketch, mix, to_picture
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.brush import Sprite
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.furniture import furniture_front
from vlm_gym.render.household.labels import broken_title, fitting_pill, label_height, label_width, pill
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.household.setting import Setting, Typesetter

PANEL_BYTES: Final = 12_000_000
ZOOMS: Final = (1.3, 1.5, 1.7, 1.9)
ZOOM_COST: Final = 0.1  # of the score, for twice the size
WIDE_COST: Final = 0.2  # of the score
TOPS: Final = (
    "armchair", "bathtubbasin", "bed", "coffeetable", "countertop", "desk", "diningtable", "dresser", "ottoman",
    "sidetable", "sinkbasin", "sofa", "tvstand",
)  # fmt: skip
"""What can be looked at from nearer, so that its lower part is outside the picture."""
WIDE: Final = ("cabinet", "fridge", "microwave", "safe", "cart", "toilet", "garbagecan")
"""What is drawn wider where it is crowded."""
FEW, SEVERAL = 3, 8  # objects: with more, a receptacle gets more room
SMALL: Final = ("cabinet", "drawer", "safe", "stoveburner")
"""What is set in two rows where it is crowded."""
CROWD: Final = 4  # receptacles within reach
LEAST_PAIR: Final = 48  # pixels

_FLOOR: Final = 0.11  # of the picture: the floor in front, for what lies there
_LEAST_FLOOR: Final = 15  # pixels

Column = tuple[SeenReceptacle, ...]


@dataclass(frozen=True)
class _Lens:
    zoom: float = 1.0
    is_wide: bool = False


@dataclass(frozen=True)
class _Shot:
    """A receptacle seen from near: its front, the rows cut off at its top, and what lies on it."""

    front: Sprite
    cut: int
    setting: Setting
    score: float


class CloseUp:
    """Close-ups of one size and theme.

    `keeps_titles` is whether names of furniture are never smaller than others: broken in two where there is little
    room, with at least that much room for each.
    """

    def __init__(
        self,
        width: int,
        height: int,
        image_size: int,
        theme: HomeTheme,
        *,
        has_labels: bool,
        keeps_titles: bool = False,
    ) -> None:
        self._keeps_titles = keeps_titles
        self._width, self._height, self._image_size, self._theme = width, height, image_size, theme
        self._typesetter = Typesetter(image_size, theme, has_labels=has_labels)
        self._title_font = max(5, round(image_size / 30))
        self._title_height = label_height(1, self._title_font) + 2
        self._backdrop = backdrop(width, height, image_size, theme)
        self._pictures = PictureCache(PANEL_BYTES)

    def draw(self, facing: tuple[SeenReceptacle, ...], beside: tuple[SeenObject, ...]) -> Picture:
        """Return the picture of what is within reach: not writable."""
        key = (tuple([(r.name, r.is_open, r.contents) for r in facing]), beside)
        return self._pictures.get(key, lambda: self._draw(facing, beside))

    def _draw(self, facing: tuple[SeenReceptacle, ...], beside: tuple[SeenObject, ...]) -> Picture:
        picture = self._backdrop.copy()
        floor_height = max(_LEAST_FLOOR, round(_FLOOR * self._image_size)) if beside else 0
        columns = _columns(facing, self._height - floor_height)
        edges = self._column_edges(columns)
        for column, left, right in zip(columns, edges, edges[1:], strict=False):
            levels = _edges([_weight(receptacle) for receptacle in column], self._height - floor_height)
            for receptacle, top, bottom in zip(column, levels, levels[1:], strict=False):
                self._draw_receptacle(picture[top:bottom, left:right], receptacle)
        if beside:
            self._draw_beside(picture, beside, floor_height)
        return picture

    def _column_edges(self, columns: Sequence[Column]) -> list[int]:
        """Share the width out by weights; each column gets at least what its titles need."""
        weights = [sum(map(_weight, column)) for column in columns]
        if not self._keeps_titles:
            return _edges(weights, self._width)
        needs = [max(self._least_width(receptacle.name) for receptacle in column) for column in columns]
        return _edges(_with_least(weights, needs, self._width), self._width)

    def _least_width(self, name: str) -> int:
        return label_width(broken_title(name), self._title_font) + 4

    def _draw_receptacle(self, room: Picture, receptacle: SeenReceptacle) -> None:
        margin, title = max(1, round(self._image_size / 100)), self._title(receptacle.name, room.shape[1])
        top = max(self._title_height, title.shape[0] + 2) if self._keeps_titles else self._title_height
        stage = room[top + margin : room.shape[0] - margin, margin : room.shape[1] - margin]
        shot = self._best_shot(receptacle, *stage.shape[:2])
        blend(stage, shot.front, 0, -shot.cut)
        self._typesetter.draw(stage, receptacle.contents or (), shot.setting)
        blend(room, title, (room.shape[1] - title.shape[1]) // 2, 2)

    def _best_shot(self, receptacle: SeenReceptacle, height: int, width: int) -> _Shot:
        """Go nearer to a crowded receptacle, or draw it wider, so that the room for objects fills the picture."""
        best = self._shot(receptacle, height, width, _Lens())
        for lens in _lenses(receptacle.kind):
            if not receptacle.contents or self._typesetter.reads_well(best.setting):
                break
            best = max(best, self._shot(receptacle, height, width, lens), key=lambda shot: shot.score)
        return best

    def _shot(self, receptacle: SeenReceptacle, height: int, width: int, lens: _Lens) -> _Shot:
        kind, things, is_open = receptacle.kind, receptacle.contents or (), receptacle.contents is not None
        tall = round(lens.zoom * height)
        front = furniture_front(kind, width, tall, self._theme, is_open, is_wide=lens.is_wide)
        areas = front.areas or (Area(0, 0, width, height),)
        top, bottom = min(area.top for area in areas), max(area.bottom for area in areas)
        cut = max(0, min(round(bottom + 0.05 * height), tall) - height)
        setting = self._typesetter.set([area.moved(0, -cut) for area in areas], things, kind)
        worth = 1 - ZOOM_COST * (lens.zoom - 1) - WIDE_COST * lens.is_wide
        is_whole = cut == 0 or top >= cut
        return _Shot(front.pixels, cut, setting, worth * setting.score if is_whole else 0.0)

    def _title(self, name: str, width: int) -> Sprite:
        wordings = [(name,), broken_title(name)] if self._keeps_titles else [(name,)]
        return fitting_pill(wordings, self._title_font, width - 2, self._theme.ink, self._theme.paper)

    def _draw_beside(self, picture: Picture, things: tuple[SeenObject, ...], height: int) -> None:
        """Show what the game calls "next to it" on the floor."""
        caption = pill(("next to it",), max(5, round(0.03 * self._image_size)), self._theme.ink, self._theme.paper)
        top = self._height - height
        picture[top:] = self._theme.floor
        blend(picture, caption, 2, top + (height - caption.shape[0]) // 2)
        area = Area(caption.shape[1] + 5.0, top + 1.0, self._width - 2.0, self._height - 1.0)
        self._typesetter.draw(picture, things, self._typesetter.set([area], things))


def _lenses(kind: str) -> list[_Lens]:
    """Return other ways to look at a kind."""
    if kind in TOPS:
        return [_Lens(zoom) for zoom in ZOOMS]
    return [_Lens(is_wide=True)] if kind in WIDE else []


@lru_cache(maxsize=8)
def backdrop(width: int, height: int, image_size: int, theme: HomeTheme) -> Picture:
    """Return a wall and a floor: not writable."""
    line, bottom = max(1, round(image_size / 150)), round(0.8 * height)
    sketch = Sketch(width, height, theme.wall)
    sketch.box(0, bottom, width, height, 0, theme.floor)
    sketch.box(0, bottom - line, width, bottom + line, 0, mix(theme.wall, theme.ink, 0.3))
    picture = to_picture(sketch.finish())
    picture.flags.writeable = False
    return picture


def _columns(facing: tuple[SeenReceptacle, ...], height: int) -> list[Column]:
    """Set receptacles side by side; in a crowd, small ones in pairs above each other if that is high enough.

    A full one is paired with an empty one, which leaves it most of the height.
    """
    if len(facing) < CROWD or height < LEAST_PAIR:
        return [(receptacle,) for receptacle in facing]
    small = sorted((receptacle for receptacle in facing if receptacle.kind in SMALL), key=_weight, reverse=True)
    singles = [receptacle for receptacle in facing if receptacle.kind not in SMALL]
    if len(small) % 2:
        singles.append(small.pop(0))
    half = len(small) // 2
    return [*((receptacle,) for receptacle in singles), *zip(small[:half], small[half:], strict=True)]


def _weight(receptacle: SeenReceptacle) -> float:
    """Return the share of the picture that a receptacle should get: little if there is nothing to see in it."""
    count = len(receptacle.contents or ())
    if count == 0:
        return 0.6
    return 1.3 if count <= FEW else 2 if count <= SEVERAL else 3


def _with_least(weights: Sequence[float], needs: Sequence[int], width: int) -> list[float]:
    """Return widths in proportion to the weights, but for those that need more; to the needs if there is no room."""
    if sum(needs) > width:
        return list(needs)
    needy: set[int] = set()
    while True:
        rest = width - sum(needs[i] for i in needy)
        total = sum(weight for i, weight in enumerate(weights) if i not in needy)
        widths = [needs[i] if i in needy else weight * rest / total for i, weight in enumerate(weights)]
        more = {i for i, share in enumerate(widths) if share < needs[i]} - needy
        if not more:
            return widths
        needy |= more


def _edges(weights: Sequence[float], width: int) -> list[int]:
    return [round(width * sum(weights[:index]) / sum(weights)) for index in range(len(weights) + 1)]
