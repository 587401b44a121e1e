"""Themes: how the pictures look, as plain values that a caller can name or spell out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from vlm_gym.errors import ConfigError, check_choice, did_you_mean
from vlm_gym.games.cards import Suit
from vlm_gym.render.canvas import Color, contrast, rgb

PALETTE: Final = {
    "black": "#15171c", "white": "#ffffff", "gray": "#7b828c", "silver": "#c9ced6", "cream": "#fbf6e9",
    "green": "#1f6b4c", "mint": "#bfe3d0", "teal": "#12616b", "blue": "#2257a5", "sky": "#bcdcf5",
    "navy": "#17233d", "purple": "#5b3a8e", "pink": "#f2c4cf", "red": "#b3262e", "wine": "#6d1f33",
    "orange": "#d9701b", "gold": "#e2b33c", "brown": "#6b4a2f", "sand": "#dcc9a3",
}  # fmt: skip
DECKS: Final = ("pips", "index")
FONTS: Final = ("sans", "serif")
SUIT_STYLES: Final = ("two_color", "four_color", "black")
BACK_PATTERNS: Final = ("lattice", "dots", "stripes", "rings")
LEAST_CONTRAST: Final = 3.0  # WCAG ratio for large print and graphics
LEAST_PAPER_CONTRAST: Final = 12.0  # of the paper against black: red suits stay readable on it

_COLOR_FIELDS: Final = ("table", "panel", "paper", "back", "target", "current")
_CHOICES: Final = {"deck": DECKS, "font": FONTS, "suits": SUIT_STYLES, "back_pattern": BACK_PATTERNS}
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_BLACK_SUIT: Final[Color] = (24, 26, 31)
_RED_SUIT: Final[Color] = (200, 30, 45)
_BLUE_SUIT: Final[Color] = (24, 92, 196)
_GREEN_SUIT: Final[Color] = (18, 122, 62)


@dataclass(frozen=True)
class Theme:
    """How a picture looks. Colours are "#rrggbb" or names of `PALETTE`.

    `table` lies behind everything, `panel` behind formulas and number lines; `paper` is the face of a card, `back` and
    `back_pattern` its back; `deck`, `font` and `suits` are styles; `target` and `current` colour the two marks on a
    number line.
    """

    table: str = "green"
    panel: str = "cream"
    paper: str = "#fffefb"
    back: str = "blue"
    back_pattern: str = "lattice"
    deck: str = "pips"
    font: str = "sans"
    suits: str = "two_color"
    target: str = "#c9302c"
    current: str = "#1f66c1"

    def __post_init__(self) -> None:
        for name in _COLOR_FIELDS:
            object.__setattr__(self, name, _read_color(f"theme[{name!r}]", getattr(self, name)))
        for name, choices in _CHOICES.items():
            check_choice(f"theme[{name!r}]", getattr(self, name), choices)
        _check_contrast("paper", self.paper, "black", PALETTE["black"], LEAST_PAPER_CONTRAST)
        for name, other in (("back", "paper"), ("target", "panel"), ("current", "panel")):
            _check_contrast(name, getattr(self, name), other, getattr(self, other), LEAST_CONTRAST)

    def __hash__(self) -> int:
        """Return a hash of few fields: a theme is looked up for every picture."""
        return hash((self.table, self.back))

    def suit_color(self, suit: Suit) -> Color:
        """Return the colour of a suit."""
        if self.suits == "black" or suit == "spades":
            return _BLACK_SUIT
        if suit == "hearts":
            return _RED_SUIT
        if suit == "clubs":
            return _GREEN_SUIT if self.suits == "four_color" else _BLACK_SUIT
        return _BLUE_SUIT if self.suits == "four_color" else _RED_SUIT


THEMES: Final[dict[str, dict[str, str]]] = {
    "classic": {},
    "night": {
        "table": "#141b2d", "panel": "#243049", "back": "purple", "back_pattern": "dots",
        "target": "#ff8a5c", "current": "#6fb7ff",
    },
    "four_color": {
        "table": "#2d5f8b", "panel": "white", "back": "red", "back_pattern": "stripes", "suits": "four_color",
    },
    "black_suits": {
        "table": "#7a2437", "back": "black", "back_pattern": "rings", "suits": "black", "font": "serif",
    },
    "paper": {"table": "#e9e2d2", "panel": "white", "back": "teal", "back_pattern": "stripes", "font": "serif"},
    "big_index": {"table": "teal", "panel": "white", "back": "wine", "back_pattern": "dots", "deck": "index"},
}  # fmt: skip
"""The ready-made themes by name, as changes of the default, "classic"."""


def read_theme(theme: object) -> Theme:
    """Return the theme that a caller named, or spelled out as a mapping of fields.

    A mapping changes fields of the theme named by its key "base", or of "classic".

    Raises:
        ConfigError: for an unknown name, field or value, and for colours that cannot be told apart.
    """
    if isinstance(theme, Theme):
        return theme
    if isinstance(theme, str):
        check_choice("theme", theme, THEMES)
        return Theme(**THEMES[theme])
    if isinstance(theme, Mapping):
        return _read_fields(theme)
    known = ", ".join(repr(name) for name in THEMES)
    raise ConfigError(f"theme must be one of {known}, or a mapping of theme fields; got {theme!r}")


def _read_fields(changes: Mapping[Any, Any]) -> Theme:
    base = changes.get("base", "classic")
    check_choice("theme['base']", base, THEMES)
    known = tuple(field.name for field in fields(Theme))
    for name in changes:
        check_choice("a field of theme", name, ("base", *known))
    return Theme(**{**THEMES[base], **{name: changes[name] for name in changes if name != "base"}})


def _read_color(name: str, color: object) -> str:
    if isinstance(color, str) and _HEX.fullmatch(color):
        return color.lower()
    if isinstance(color, str) and color in PALETTE:
        return PALETTE[color]
    raise ConfigError(
        f"{name} must be '#rrggbb' or one of {', '.join(PALETTE)}; got {color!r}.{did_you_mean(color, PALETTE)}"
    )


def _check_contrast(name: str, color: str, other_name: str, other: str, least: float) -> None:
    if contrast(rgb(color), rgb(other)) >= least:
        return
    raise ConfigError(
        f"theme[{name!r}] must stand out from {other_name} ({other}) with a contrast of {least:g}; "
        f"got {color!r}, which has {contrast(rgb(color), rgb(other)):.1f}. Choose a darker or lighter colour"
    )
