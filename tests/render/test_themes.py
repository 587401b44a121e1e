"""Themes: what a caller may ask for, and what an error says."""

from pathlib import Path

import pytest

import vlm_gym.render.theme as theme_module
from vlm_gym.errors import ConfigError
from vlm_gym.render.canvas import contrast, rgb
from vlm_gym.render.theme import DECKS, FONTS, SUIT_STYLES, THEMES, Theme, read_theme


@pytest.mark.parametrize("name", THEMES)
def test_every_ready_made_theme_can_be_read_by_name(name):
    assert read_theme(name) == Theme(**THEMES[name])


def test_ready_made_themes_differ():
    assert len({read_theme(name) for name in THEMES}) == len(THEMES)


def test_a_theme_is_hashable_and_read_as_it_is():
    theme = read_theme({"table": "navy"})
    assert hash(theme) == hash(read_theme({"table": "#17233d"}))
    assert read_theme(theme) is theme


def test_a_mapping_changes_fields_of_classic_or_of_its_base():
    assert read_theme({"deck": "index"}) == Theme(deck="index")
    night = read_theme({"base": "night", "suits": "four_color"})
    assert night.suits == "four_color"
    assert night.table == read_theme("night").table


def test_hex_colours_are_read_in_either_case():
    assert read_theme({"table": "#AABBCC"}).table == "#aabbcc"


@pytest.mark.parametrize(
    ("theme", "message"),
    [
        ("clasic", r"theme must be one of 'classic', .*; got 'clasic'. Did you mean 'classic'\?"),
        (7, r"theme must be one of 'classic', .* or a mapping of theme fields; got 7"),
        (None, r"theme must be one of 'classic'.*; got None"),
        ({"tabel": "red"}, r"a field of theme must be one of 'base', .*; got 'tabel'. Did you mean 'table'\?"),
        ({"base": "day"}, r"theme\['base'\] must be one of 'classic', .*; got 'day'"),
        ({"base": ["night"]}, r"theme\['base'\] must be one of"),
        ({"deck": "big"}, r"theme\['deck'\] must be one of 'pips', 'index'; got 'big'"),
        ({"font": "comic"}, r"theme\['font'\] must be one of 'sans', 'serif'; got 'comic'"),
        ({"suits": "pink"}, r"theme\['suits'\] must be one of 'two_color', 'four_color', 'black'; got 'pink'"),
        ({"back_pattern": 3}, r"theme\['back_pattern'\] must be one of .*; got 3"),
        (
            {"table": "gren"},
            r"theme\['table'\] must be '#rrggbb' or one of black, .*; got 'gren'. Did you mean 'green'\?",
        ),
        ({"table": (0, 0, 0)}, r"theme\['table'\] must be '#rrggbb' or one of .*; got \(0, 0, 0\)"),
        ({"paper": "black"}, r"theme\['paper'\] must stand out from black .*; got '#15171c', which has 1.0. Choose"),
        ({"back": "white"}, r"theme\['back'\] must stand out from paper"),
        ({"target": "cream"}, r"theme\['target'\] must stand out from panel"),
        ({"current": "#fbf6e8"}, r"theme\['current'\] must stand out from panel"),
    ],
)
def test_what_cannot_be_read_is_named(theme, message):
    with pytest.raises(ConfigError, match=message):
        read_theme(theme)


@pytest.mark.parametrize("name", THEMES)
def test_both_marks_and_all_suits_stand_out(name):
    theme = read_theme(name)
    for mark in (theme.target, theme.current):
        assert contrast(rgb(mark), rgb(theme.panel)) >= 3
    for suit in ("spades", "hearts", "diamonds", "clubs"):
        assert contrast(theme.suit_color(suit), rgb(theme.paper)) >= 4.5


def test_all_styles_are_used_by_a_ready_made_theme():
    themes = [read_theme(name) for name in THEMES]
    assert {theme.deck for theme in themes} == set(DECKS)
    assert {theme.font for theme in themes} == set(FONTS)
    assert {theme.suits for theme in themes} == set(SUIT_STYLES)


def test_every_font_is_named_in_a_licence():
    fonts = Path(theme_module.__file__).parent / "fonts"
    licences = "".join(path.read_text(encoding="utf-8") for path in fonts.glob("LICENSE-*.txt"))
    assert [path.name for path in fonts.glob("*.ttf") if path.name not in licences] == []
