"""Icons, furniture and gallery of the household: complete, distinct, deterministic, and right in shape."""

import itertools

import numpy as np
import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.render.canvas import rgb
from vlm_gym.render.household import sprites
from vlm_gym.render.household.areas import Area, slots
from vlm_gym.render.household.furniture import FRONTS, HANGERS, OPENABLE, furniture_front, furniture_plan
from vlm_gym.render.household.gallery import WIDTH, gallery
from vlm_gym.render.household.palette import HOME_THEMES, HomeTheme, read_home_theme
from vlm_gym.render.household.sprites import OBJECTS, object_sprite
from vlm_gym.render.household.symbols import SYMBOLS

SIZE = 28
STATES = ("is_hot", "is_cold", "is_clean", "is_sliced", "is_toggled")

# Every type in the PDDL of the 4027 official games (ALFWorld, json_2.1.1).
_OBJECTS = """
    AlarmClock Apple BaseballBat BasketBall Bathtub Blinds Book Boots Bowl Box Bread ButterKnife CD Candle
    CellPhone Chair Cloth CreditCard Cup Curtains DeskLamp DishSponge Egg FloorLamp Footstool Fork Glassbottle
    HandTowel HousePlant Kettle KeyChain Knife Ladle Laptop LaundryHamperLid Lettuce LightSwitch Mirror Mug
    Newspaper Painting Pan PaperTowel PaperTowelRoll Pen Pencil PepperShaker Pillow Plate Plunger Poster Pot
    Potato RemoteControl SaltShaker ScrubBrush ShowerDoor ShowerGlass Sink SoapBar SoapBottle Spatula Spoon
    SprayBottle Statue StoveKnob TeddyBear Television TennisRacket TissueBox ToiletPaper ToiletPaperRoll Tomato
    Towel Vase Watch WateringCan Window WineBottle
"""
_RECEPTACLES = """
    ArmChair BathtubBasin Bed Cabinet Cart CoffeeMachine CoffeeTable CounterTop Desk DiningTable Drawer Dresser Fridge
    GarbageCan HandTowelHolder LaundryHamper Microwave Ottoman PaintingHanger Safe Shelf SideTable SinkBasin Sofa
    StoveBurner TVStand Toaster Toilet ToiletPaperHanger TowelHolder
"""
OFFICIAL_OBJECTS = tuple(_OBJECTS.split())
OFFICIAL_RECEPTACLES = tuple(_RECEPTACLES.split())
SLICEABLE = ("Apple", "Bread", "Egg", "Lettuce", "Potato", "Tomato")
MOST_IN_ONE = 27  # objects in one receptacle of the official games


def are_distinct(pictures):
    return len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_every_official_object_has_an_icon_and_nothing_else_has_one():
    assert {kind.lower() for kind in OFFICIAL_OBJECTS} == set(OBJECTS)


def test_every_official_receptacle_has_a_front_and_a_symbol():
    assert {kind.lower() for kind in OFFICIAL_RECEPTACLES} == set(FRONTS) == set(SYMBOLS)


@pytest.mark.parametrize("theme", HOME_THEMES)
def test_no_two_kinds_look_the_same(theme):
    assert are_distinct([object_sprite(kind, SIZE, theme) for kind in (*OFFICIAL_OBJECTS, "parcel")])
    assert are_distinct([furniture_plan(kind, 18, theme, False) for kind in (*OFFICIAL_RECEPTACLES, "crate")])
    assert are_distinct(
        [furniture_front(kind, 80, 60, theme, False).pixels for kind in (*OFFICIAL_RECEPTACLES, "crate")]
    )


def test_no_two_icons_nearly_look_the_same():
    icons = {kind: object_sprite(kind, SIZE, "classic").astype(float) for kind in OFFICIAL_OBJECTS}
    flat = {kind: icon[:, :, :3] * icon[:, :, 3:] / 255 for kind, icon in icons.items()}
    nearest = min(
        (np.abs(flat[first] - flat[second]).mean(), first, second) for first, second in itertools.combinations(flat, 2)
    )
    assert nearest[0] > 6, nearest


@pytest.mark.parametrize("size", [16, SIZE, 96])
@pytest.mark.parametrize("kind", OFFICIAL_OBJECTS)
def test_an_icon_fills_its_square(kind, size):
    sprite = object_sprite(kind, size, "classic")
    assert (sprite.shape, sprite.dtype) == ((size, size, 4), np.uint8)
    rows, columns = np.nonzero(sprite[:, :, 3])
    assert max(np.ptp(rows), np.ptp(columns)) > 0.75 * size
    assert (sprite[:, :, 3] > 0).mean() > 0.12


@pytest.mark.parametrize("kind", OFFICIAL_OBJECTS)
def test_every_state_and_pair_of_states_changes_the_icon(kind):
    combinations = [{}, *({name: True} for name in STATES)]
    combinations += [{first: True, second: True} for first, second in itertools.combinations(STATES, 2)]
    assert are_distinct([object_sprite(kind, SIZE, "classic", **states) for states in combinations])


@pytest.mark.parametrize("kind", SLICEABLE)
def test_sliced_food_has_a_drawing_of_its_own(kind):
    whole = object_sprite(kind, 48, "classic").astype(int)
    sliced = object_sprite(kind, 48, "classic", is_sliced=True).astype(int)
    assert np.abs(whole - sliced).mean() > 8


@pytest.mark.parametrize("kind", ["DeskLamp", "FloorLamp"])
def test_a_lit_lamp_shines(kind):
    dark, lit = (object_sprite(kind, 48, "classic", is_toggled=is_lit) for is_lit in (False, True))
    yellow = [
        ((s[:, :, 3] > 200) & (s[:, :, 0] > 240) & (s[:, :, 1] > 200) & (s[:, :, 2] < 200)).sum() for s in (dark, lit)
    ]
    assert yellow[1] > yellow[0] + 200


@pytest.mark.parametrize("spelling", ["RemoteControl", "remotecontrol", "remotecontroltype", "RemoteControlType"])
def test_a_kind_can_be_spelled_as_in_the_games(spelling):
    assert np.array_equal(object_sprite(spelling, SIZE, "classic"), object_sprite("remotecontrol", SIZE, "classic"))


def test_an_unknown_kind_is_a_parcel_or_a_crate():
    assert np.array_equal(object_sprite("gizmo", SIZE, "classic"), object_sprite("doohickey", SIZE, "classic"))
    assert furniture_front("gizmo", 60, 60, "classic", True).areas
    assert furniture_plan("gizmo", 16, "classic", True).any()


def test_a_receptacle_as_an_object_is_its_symbol():
    assert np.array_equal(object_sprite("Fridge", 24, "classic"), furniture_plan("Fridge", 24, "classic", False))


@pytest.mark.parametrize("kind", OFFICIAL_RECEPTACLES)
@pytest.mark.parametrize(("width", "height"), [(150, 150), (290, 120), (90, 160)])
def test_a_front_has_its_shape_and_its_areas_inside(kind, width, height):
    for is_open in (False, True):
        front = furniture_front(kind, width, height, "classic", is_open)
        assert (front.pixels.shape, front.pixels.dtype) == ((height, width, 4), np.uint8)
        assert bool(front.areas) == (is_open or kind.lower() not in OPENABLE)
        for area in front.areas:
            assert 0 <= area.left < area.right <= width
            assert 0 <= area.top < area.bottom <= height


@pytest.mark.parametrize("kind", HANGERS)
def test_a_hanger_has_one_large_area_near_its_top(kind):
    (area,) = furniture_front(kind, 120, 120, "classic", False).areas
    assert min(area.width, area.height) > 40


@pytest.mark.parametrize("kind", OPENABLE)
def test_open_and_closed_look_different(kind):
    closed, opened = (furniture_front(kind, 90, 90, "classic", is_open).pixels for is_open in (False, True))
    assert np.abs(closed.astype(int) - opened).mean() > 10
    assert not np.array_equal(furniture_plan(kind, 16, "classic", False), furniture_plan(kind, 16, "classic", True))


@pytest.mark.parametrize("kind", ["Bed", "Shelf", "Toilet"])
def test_what_cannot_be_opened_looks_the_same(kind):
    assert furniture_front(kind, 90, 90, "classic", False) is furniture_front(kind, 90, 90, "classic", False)
    closed, opened = (furniture_front(kind, 90, 90, "classic", is_open).pixels for is_open in (False, True))
    assert np.array_equal(closed, opened)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 9, MOST_IN_ONE])
@pytest.mark.parametrize("kind", OFFICIAL_RECEPTACLES)
def test_every_object_gets_a_place_of_its_own(kind, count):
    areas = furniture_front(kind, 150, 150, "classic", True).areas
    places = slots(areas, count, 40, label_height=8)
    assert len(places) == count
    for first, second in itertools.combinations(places, 2):
        assert (
            first.right <= second.left
            or second.right <= first.left
            or first.bottom <= second.top
            or second.bottom <= first.top
        )
    for place in places:
        assert any(
            a.left - 1e-6 <= place.left and place.right <= a.right + 1e-6 and place.bottom <= a.bottom + 1e-6
            for a in areas
        )


def test_slots_grow_no_larger_than_asked_and_shrink_to_fit():
    area = (Area(0, 0, 100, 50),)
    assert [place.width for place in slots(area, 2, 30)] == [30, 30]
    assert {place.width for place in slots(area, 8, 30)} == {25}


def test_the_same_drawing_twice_is_the_same_bytes():
    first = object_sprite("kettle", 37, "night", is_clean=True).tobytes()
    sprites._sprite.cache_clear()
    assert object_sprite("kettle", 37, "night", is_clean=True).tobytes() == first


def test_cached_drawings_cannot_be_written_to():
    for pixels in (object_sprite("mug", 20, "classic"), furniture_plan("bed", 20, "classic", False)):
        with pytest.raises(ValueError, match="read-only"):
            pixels[0, 0, 0] = 1


@pytest.mark.parametrize("style", ["outlined", "tinted", "sticker"])
def test_each_style_is_drawn_in_its_way(style):
    others = {"outlined", "tinted", "sticker"} - {style}
    own = object_sprite("apple", 48, {"icon_style": style})
    assert all(not np.array_equal(own, object_sprite("apple", 48, {"icon_style": other})) for other in others)


def test_a_theme_changes_every_front():
    for kind in set(FRONTS) - {"garbagecan", "laundryhamper"}:
        classic, nordic = (furniture_front(kind, 60, 60, theme, False).pixels for theme in ("classic", "nordic"))
        assert not np.array_equal(classic, nordic)


def test_a_theme_is_a_name_a_mapping_or_itself():
    themed = read_home_theme({"base": "retro", "wall": "#102030"})
    assert isinstance(themed, HomeTheme)
    assert (themed.wall, themed.floor) == (rgb("#102030"), HOME_THEMES["retro"].floor)
    assert read_home_theme(themed) is themed


@pytest.mark.parametrize(
    ("theme", "message"),
    [
        ("clasic", "Did you mean 'classic'"),
        ({"base": "nowhere"}, "theme\\['base'\\]"),
        ({"wal": "#ffffff"}, "Did you mean 'wall'"),
        ({"wall": "white"}, "must be a colour '#rrggbb', got 'white'"),
        ({"icon_style": "cubist"}, "theme\\['icon_style'\\]"),
        (3, "mapping of theme fields; got 3"),
    ],
)
def test_a_wrong_theme_is_explained(theme, message):
    with pytest.raises(ConfigError, match=message):
        object_sprite("mug", 20, theme)


def test_the_gallery_shows_everything():
    picture = gallery("classic")
    assert picture.width == WIDTH
    assert picture.height > 1500
