"""Themes of the household pictures: materials, walls and floors, and the style of the icons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.render.canvas import Color, rgb

ICON_STYLES: Final = ("outlined", "tinted", "sticker")

_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class HomeTheme:
    """How a home looks. Materials are shared by icons and furniture, so that a theme changes all of them at once.

    `icon_style`: "outlined" has dark lines, "tinted" lines in the colour of each part, "sticker" a white border.
    """

    wall: Color
    floor: Color
    floor_line: Color
    ink: Color
    paper: Color
    wood: Color
    dark_wood: Color
    metal: Color
    dark_metal: Color
    ceramic: Color
    appliance: Color
    stone: Color
    inside: Color
    fabric: Color
    accent: Color
    second_accent: Color
    icon_style: str

    def __post_init__(self) -> None:
        check_choice("theme['icon_style']", self.icon_style, ICON_STYLES)

    def __hash__(self) -> int:
        """Return a hash of few fields: a theme is looked up many times for every picture."""
        return hash((self.wall, self.icon_style))


_CLASSIC: Final = HomeTheme(
    wall=rgb("#efe6d6"), floor=rgb("#d9c3a0"), floor_line=rgb("#c4aa84"),
    ink=rgb("#22252c"), paper=rgb("#fbf8f0"), wood=rgb("#c08a55"),
    dark_wood=rgb("#8a5a34"), metal=rgb("#c3cad3"), dark_metal=rgb("#5d6672"),
    ceramic=rgb("#f6f5f1"), appliance=rgb("#e4e9ee"), stone=rgb("#b9b4ab"),
    inside=rgb("#efe9dd"), fabric=rgb("#6f93b8"), accent=rgb("#d9534a"),
    second_accent=rgb("#2f9c95"),
    icon_style="outlined",
)  # fmt: skip

HOME_THEMES: Final[dict[str, HomeTheme]] = {
    "classic": _CLASSIC,
    "night": replace(
        _CLASSIC, wall=rgb("#2b3448"), floor=rgb("#3d4660"), floor_line=rgb("#525d7c"), ink=rgb("#0e1118"),
        paper=rgb("#e9edf5"), wood=rgb("#a4774f"), dark_wood=rgb("#6e4a30"), metal=rgb("#aab6c6"),
        appliance=rgb("#c3ccda"), stone=rgb("#8d93a3"), inside=rgb("#e2dccf"), fabric=rgb("#7d6fb5"),
        accent=rgb("#f0784f"), second_accent=rgb("#3fb6c9"), icon_style="sticker",
    ),
    "nordic": replace(
        _CLASSIC, wall=rgb("#eef1f2"), floor=rgb("#e6dccb"), floor_line=rgb("#d2c5ae"), ink=rgb("#35383f"),
        wood=rgb("#dcb98a"), dark_wood=rgb("#b08a5e"), appliance=rgb("#f3f5f6"), stone=rgb("#cfd2d4"),
        fabric=rgb("#9db4ab"), accent=rgb("#e08a6d"), second_accent=rgb("#5f8fa8"), icon_style="tinted",
    ),
    "retro": replace(
        _CLASSIC, wall=rgb("#f3d9b1"), floor=rgb("#b9784a"), floor_line=rgb("#9c6039"), ink=rgb("#3a2418"),
        wood=rgb("#b5702f"), dark_wood=rgb("#7b4519"), appliance=rgb("#b9dccb"), stone=rgb("#d8c7a3"),
        fabric=rgb("#d08a2e"), accent=rgb("#c8452d"), second_accent=rgb("#2e7f78"),
    ),
}  # fmt: skip
"""The ready-made themes by name."""


def read_home_theme(theme: object) -> HomeTheme:
    """Return the theme that a caller named, or spelled out as a mapping of fields.

    A mapping changes fields of the theme named by its key "base", or of "classic"; colours are "#rrggbb".

    Raises:
        ConfigError: for an unknown name or field, and for what is not a colour.
    """
    if isinstance(theme, HomeTheme):
        return theme
    if isinstance(theme, str):
        check_choice("theme", theme, HOME_THEMES)
        return HOME_THEMES[theme]
    if isinstance(theme, Mapping):
        return _read_fields(theme)
    known = ", ".join(repr(name) for name in HOME_THEMES)
    raise ConfigError(f"theme must be one of {known}, or a mapping of theme fields; got {theme!r}")


def _read_fields(changes: Mapping[Any, Any]) -> HomeTheme:
    base = changes.get("base", "classic")
    check_choice("theme['base']", base, HOME_THEMES)
    known = tuple(field.name for field in fields(HomeTheme))
    for name in changes:
        check_choice("a field of theme", name, ("base", *known))
    return replace(HOME_THEMES[base], **{name: _read_value(name, changes[name]) for name in changes if name != "base"})


def _read_value(name: str, value: object) -> Any:  # a colour or a style, as the field has it
    if name == "icon_style":
        return value
    if isinstance(value, str) and _HEX.fullmatch(value):
        return rgb(value)
    raise ConfigError(f"theme[{name!r}] must be a colour '#rrggbb', got {value!r}")
