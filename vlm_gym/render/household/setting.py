"""Setting objects in their places: the sizes of icons and labels that read best, and drawing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vlm_gym.games.household.view import SeenObject
from vlm_gym.render.canvas import BLACK, Picture
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.brush import Sprite
from vlm_gym.render.household.furniture import HANGERS
from vlm_gym.render.household.labels import Lines, broken_name, label_height, label_width, number_pill, pill
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.household.rows import Arrangement, Spot, arrange
from vlm_gym.render.household.sprites import object_sprite

LARGEST_ICON: Final = 0.16  # of the picture
GOOD_ICON: Final = 0.085  # of the picture: what is larger counts little
EXTRA: Final = 0.25  # how much


@dataclass(frozen=True)
class _Style:
    """How labels are written: on how many lines, the font size in thousandths of the picture, and what it is worth.

    `is_number` leaves the kind to the icon; a badge is a small number on the icon itself.
    """

    num_lines: int
    font: float
    worth: float
    is_number: bool = False
    is_badge: bool = False

    def room(self, font: int) -> int:
        """Return how many pixels below its icon a label takes."""
        return 1 if self.is_badge else label_height(self.num_lines, font)


_STYLES: Final = (
    _Style(1, 33, 1.0), _Style(1, 30, 0.96), _Style(2, 30, 0.95), _Style(2, 27, 0.86), _Style(1, 27, 0.86),
    _Style(1, 30, 0.3, is_number=True), _Style(1, 27, 0.25, is_number=True),
    _Style(1, 17, 0.05, is_number=True, is_badge=True), _Style(0, 17, 0.02),
)  # fmt: skip
_NO_LABELS: Final = _Style(0, 17, 1.0)


@dataclass(frozen=True)
class Setting:
    """How objects are laid out: their icons and the text on each."""

    arrangement: Arrangement
    texts: tuple[Lines, ...]
    font: int
    score: float
    is_badge: bool = False


def icon(thing: SeenObject, size: int, theme: HomeTheme) -> Sprite:
    """Return the icon of an object in its state."""
    states = thing.states
    return object_sprite(
        thing.kind, size, theme, is_hot="hot" in states, is_cold="cold" in states, is_clean="clean" in states,
        is_sliced="sliced" in states, is_toggled="on" in states,
    )  # fmt: skip


class Typesetter:
    """Sets objects with their labels in areas."""

    def __init__(self, image_size: int, theme: HomeTheme, *, has_labels: bool) -> None:
        self._image_size, self._theme = image_size, theme
        self._styles = _STYLES if has_labels else (_NO_LABELS,)
        self._largest, self._good = round(LARGEST_ICON * image_size), GOOD_ICON * image_size

    def set(self, areas: Sequence[Area], things: Sequence[SeenObject], kind: str = "") -> Setting:
        """Choose the icons and labels that read best in these areas of a receptacle."""
        if kind in HANGERS and len(things) == 1:
            return self._hang(areas[0], things[0])
        best = self._try(areas, things, self._styles[0])
        for style in self._styles[1:]:
            if self._score(self._largest, style) > best.score:  # else it cannot become the best
                best = max(best, self._try(areas, things, style), key=lambda setting: setting.score)
        return best

    def reads_well(self, setting: Setting) -> bool:
        """Whether there is nothing to gain from more room."""
        return setting.score >= 0.85 * self._good

    def draw(self, picture: Picture, things: Sequence[SeenObject], setting: Setting) -> None:
        """Draw the icons and then all labels."""
        size, spots = setting.arrangement.size, setting.arrangement.spots
        for thing, spot in zip(things, spots, strict=True):
            blend(picture, icon(thing, size, self._theme), round(spot.x - size / 2), round(spot.top))
        for text, spot in zip(setting.texts, spots, strict=True):
            if text:
                self._draw_label(picture, text, spot, setting)

    def _draw_label(self, picture: Picture, text: Lines, spot: Spot, setting: Setting) -> None:
        """Draw a label below its icon, or a badge in its corner; never outside the picture."""
        paint = number_pill if setting.is_badge else pill
        label = paint(text, setting.font, self._theme.paper, BLACK)
        height, width = label.shape[:2]
        left = (
            round(spot.x + setting.arrangement.size / 2 - width) + 1 if setting.is_badge else round(spot.x - width / 2)
        )
        left, bottom = min(max(0, left), picture.shape[1] - width), min(round(spot.label_bottom), picture.shape[0])
        blend(picture, label, left, bottom - height)

    def _try(self, areas: Sequence[Area], things: Sequence[SeenObject], style: _Style) -> Setting:
        font = max(5, round(style.font * self._image_size / 1000))
        texts = tuple(_text(thing.name, style) for thing in things)
        widths = [0 if style.is_badge else label_width(text, font) for text in texts]
        arrangement = arrange(areas, widths, style.room(font), self._largest, 1)
        score = self._score(arrangement.size, style) if arrangement.has_room else -style.worth
        return Setting(arrangement, texts, font, score, style.is_badge)

    def _score(self, size: int, style: _Style) -> float:
        """Return how well icons of this size with such labels read."""
        return style.worth * (min(size, self._good) + EXTRA * max(0.0, size - self._good))

    def _hang(self, area: Area, thing: SeenObject) -> Setting:
        """Make a thing as large as its area, so that it touches its hanger."""
        size, style = int(min(area.width, area.height)), self._styles[0]
        font = max(5, round(style.font * self._image_size / 1000))
        middle = (area.left + area.right) / 2
        spot = Spot(middle, area.top, area.top + size + label_height(style.num_lines, font) / 2)
        return Setting(Arrangement(size, (spot,)), (_text(thing.name, style),), font, float(size))


def _text(name: str, style: _Style) -> Lines:
    if style.is_number:
        return (name.rpartition(" ")[2],)
    return (name,) if style.num_lines == 1 else broken_name(name) if style.num_lines == 2 else ()
