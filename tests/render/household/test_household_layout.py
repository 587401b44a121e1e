"""Where things are in household pictures: tiles on the plan, icons on furniture, labels, caches and blending."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_gym.games.household.world import Pose
from vlm_gym.render.canvas import BLACK, WHITE
from vlm_gym.render.household import room, spread
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.blend import _stamps as stamps
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.furniture import furniture_front
from vlm_gym.render.household.labels import broken_name, fitting_pill, label_width, pill
from vlm_gym.render.household.legend import draw_legend
from vlm_gym.render.household.palette import read_home_theme
from vlm_gym.render.household.room import lay_out
from vlm_gym.render.household.rows import arrange
from vlm_gym.render.household.spread import spread_out

LOW, HIGH = np.array([5.0, 5.0]), np.array([227.0, 138.0])
CLASSIC = read_home_theme("classic")
MOST = 54  # receptacles in one official room

metres = st.integers(-40, 40).map(lambda value: value / 10)
rooms = st.lists(st.tuples(metres, metres, st.integers(0, 20).map(lambda value: value / 10)), min_size=1, max_size=MOST)


def lay(places):
    key = tuple((f"drawer {index}", x, y, height) for index, (x, y, height) in enumerate(places, 1))
    return lay_out(key, LOW, HIGH, 28, 300)


def boxes(room):
    return [(t.x - t.size / 2, t.y - t.size / 2, t.x + t.size / 2, t.y + t.size / 2) for t in room.tiles]


@settings(max_examples=40)
@given(rooms)
def test_receptacles_never_hide_each_other_on_the_plan(places):
    room = lay(places)
    assert all(tile.size >= 12 for tile in room.tiles)
    for left, top, right, bottom in boxes(room):
        assert LOW[0] <= left < right <= HIGH[0]
        assert LOW[1] <= top < bottom <= HIGH[1]
    for a, b in itertools.combinations(boxes(room), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_fifty_four_receptacles_in_one_corner_find_a_place():
    assert min(tile.size for tile in lay([(0.0, 0.0, 0.5)] * MOST).tiles) >= 12


def test_the_plan_keeps_left_and_right_and_up_and_down():
    west, east, north, south = lay([(-3, 0, 0), (3, 0, 0), (0, 2, 0), (0, -2, 0)]).tiles
    assert west.x < north.x < east.x
    assert north.y < west.y < south.y


def test_a_deep_room_is_turned_and_its_headings_too():
    room = lay([(0, -3, 0), (0, 3, 0), (1, 0, 0)])
    south, north, east = room.tiles
    assert room.is_turned
    assert south.x < east.x < north.x
    assert east.y > north.y
    assert room.screen_heading(Pose(0, 0, 0, 0)) == 90


@pytest.mark.parametrize(("heading", "target"), [(0, 2), (90, 1), (180, 3), (270, 0)])
def test_the_agent_stands_behind_what_it_faces(heading, target):
    room = lay([(-3, 0, 0), (3, 0, 0), (0, 2, 0), (0, -2, 0)])
    faced = room.tiles[target]
    x, y = room.stand(Pose(0.0, 0.0, heading, 0), (faced.name,), 22)
    right, down = {0: (0, -1), 90: (1, 0), 180: (0, 1), 270: (-1, 0)}[heading]
    assert right * (faced.x - x) + down * (faced.y - y) > faced.size / 2


def test_high_and_stacked_receptacles_are_marked():
    low, above, wall = lay([(0, 0, 0.4), (0.1, 0, 0.9), (2, 1, 1.8)]).tiles
    assert (low.is_high, above.is_high, wall.is_high) == (False, True, True)


def test_tiles_without_room_are_refused():
    assert spread_out(np.zeros((9, 2)), np.full((9, 2), 10.0), np.zeros(2), np.full(2, 25.0)) is None


def test_tiles_stay_where_they_do_not_overlap():
    targets = np.array([[20.0, 20.0], [60.0, 40.0]])
    places = spread_out(targets, np.full((2, 2), 10.0), np.zeros(2), np.full(2, 100.0))
    assert np.abs(places - targets).max() <= 1


@settings(max_examples=60)
@given(st.lists(st.integers(5, 60), max_size=30), st.integers(0, 20), st.integers(1, 3))
def test_icons_and_labels_do_not_overlap(widths, label_height, num_areas):
    areas = [Area(10, 5 + 45 * index, 270, 45 * (index + 1)) for index in range(num_areas)]
    arrangement = arrange(areas, widths, label_height, 48, 1)
    assert len(arrangement.spots) == len(widths)
    if not arrangement.has_room:
        return
    cells = [
        (s.x - max(width, arrangement.size) / 2, s.top, s.x + max(width, arrangement.size) / 2, s.label_bottom)
        for s, width in zip(arrangement.spots, widths, strict=True)
    ]
    for a, b in itertools.combinations(cells, 2):
        assert a[2] <= b[0] + 1e-6 or b[2] <= a[0] + 1e-6 or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6


def test_shelves_fill_evenly():
    areas = [Area(0, 0, 100, 35), Area(0, 40, 100, 75), Area(0, 80, 100, 118)]
    bottoms = {spot.label_bottom for spot in arrange(areas, [40, 40, 40], 11, 48, 1).spots}
    assert bottoms == {35, 75, 118}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("mug 2", ("mug", "2")),
        ("peppershaker 1", ("pepper", "shaker 1")),
        ("papertowelroll 1", ("papertowel", "roll 1")),
        ("butterknife 12", ("butter", "knife 12")),
        ("television 1", ("television", "1")),
        ("empty", ("empty",)),
    ],
)
def test_names_break_between_words(name, lines):
    assert broken_name(name) == lines


def test_a_pill_that_has_to_fit_is_never_wider():
    for width in (12, 20, 40, 80):
        assert fitting_pill([("soapbottle 2",), ("soap", "bottle 2")], 10, width, WHITE, BLACK).shape[1] <= width


def test_numbers_on_labels_differ():
    assert len({pill((f"cup {n}",), 8, WHITE, BLACK).tobytes() for n in range(1, 30)}) == 29


def test_labels_are_as_wide_as_they_say():
    assert pill(("saltshaker 1", "x"), 9, WHITE, BLACK).shape[1] == label_width(("saltshaker 1", "x"), 9)


def test_a_legend_tells_which_numbers_there_are():
    names = ("cabinet 1", "cabinet 2", "fridge 1")
    legends = [
        draw_legend(list_, 294, 149, 300, CLASSIC) for list_ in (names, (*names, "cabinet 3"), (*names, "cabinet 4"))
    ]
    assert len({legend.tobytes() for legend in legends}) == 3


def test_a_cache_stays_within_its_bytes_and_forgets_the_oldest():
    cache, drawn = PictureCache(1000), []

    def picture(key):
        drawn.append(key)
        return np.zeros((10, 10, 3), np.uint8)

    for key in (1, 2, 3, 1, 4, 2):
        cache.get(key, lambda key=key: picture(key))
    assert drawn == [1, 2, 3, 4, 2]
    assert cache.num_bytes == 900
    with pytest.raises(ValueError, match="read-only"):
        cache.get(2, lambda: None)[0, 0, 0] = 1


@pytest.mark.parametrize(("left", "top"), [(0, 0), (-3, 2), (8, 8), (-9, 0), (0, 30)])
def test_a_sprite_that_sticks_out_is_cut_off(left, top):
    picture = np.full((10, 10, 3), 100, np.uint8)
    sprite = np.full((6, 6, 4), 255, np.uint8)
    sprite[:, :, 3] = 128
    blend(picture, sprite, left, top)
    expected = np.full((10, 10), 100)
    expected[max(0, top) : max(0, top + 6), max(0, left) : max(0, left + 6)] = 178
    assert np.array_equal(picture[:, :, 0], expected)


def one_by_one(picture, sprite, left, top):
    """Lay a sprite pixel by pixel."""
    for row, column in np.ndindex(sprite.shape[:2]):
        y, x = top + row, left + column
        if 0 <= y < picture.shape[0] and 0 <= x < picture.shape[1]:
            *color, alpha = sprite[row, column].tolist()
            mixed = [(alpha * c + (255 - alpha) * g) / 255 for c, g in zip(color, picture[y, x].tolist(), strict=True)]
            picture[y, x] = np.rint(np.float32(mixed))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(5, 9), (60, 70)]), st.sampled_from([0.0, 0.02, 0.6]), st.integers(-75, 90), st.integers(-65, 60),
    st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_sprites_of_all_kinds_are_laid_as_pixel_by_pixel(size, edges, left, top, is_cached, seed):
    """Small and large, with few pixels that let the ground through, many or none, inside and sticking out."""
    rng = np.random.default_rng(seed)
    sprite = rng.integers(0, 256, (*size, 4), np.uint8)
    solid = rng.random(size) >= edges
    sprite[solid, 3] = np.where(rng.random(size) < 0.5, 0, 255)[solid]
    sprite.flags.writeable = not is_cached
    ground = rng.integers(0, 256, (62, 80, 3), np.uint8)
    expected, laid = ground.copy(), ground.copy()
    one_by_one(expected, sprite, left, top)
    for _ in range(2):  # the second time from what was prepared
        laid = ground.copy()
        blend(laid, sprite, left, top)
    assert np.abs(laid.astype(int) - expected).max() <= (1 if edges else 0)  # halves may be rounded either way


def test_what_is_prepared_of_a_sprite_goes_with_it():
    sprite = np.full((6, 6, 4), 255, np.uint8)
    sprite.flags.writeable = False
    before = len(stamps)
    blend(np.zeros((10, 10, 3), np.uint8), sprite, 0, 0)
    assert len(stamps) == before + 1
    del sprite
    assert len(stamps) == before


def nearest_by_trying(targets, sizes, low, high):
    """Place tiles as `Floor.place` says, by trying every place; before tiles change places."""
    places = [low[axis] + 2 * (np.arange(max(1, (high[axis] - low[axis]) // 2)) + 0.5) for axis in (0, 1)]
    far = np.abs(targets - np.median(targets, axis=0)).sum(axis=1)
    placed = {}
    for index in sorted(range(len(targets)), key=lambda i: (-sizes[i, 0], -round(float(far[i])), i)):
        size, best = sizes[index], None
        for y, x in itertools.product(places[1], places[0]):
            inside = all(low + size / 2 <= (x, y)) and all((x, y) <= high - size / 2)
            clear = all((np.abs(np.subtract((x, y), p)) >= (size + sizes[o]) / 2).any() for o, p in placed.items())
            way = np.rint((x - targets[index, 0]) ** 2 + (y - targets[index, 1]) ** 2)
            if inside and clear and (best is None or way < best[0]):
                best = way, (x, y)
        if best is None:
            return None
        placed[index] = best[1]
    return np.array([placed[index] for index in range(len(targets))])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 60), st.sampled_from([8.0, 11.0])), min_size=1, max_size=12))
def test_tiles_take_the_nearest_free_places(tiles):
    low, high = np.array([3.0, 3.0]), np.array([93.0, 61.0])
    targets = np.array([[x, y] for x, y, _ in tiles])
    sizes = np.array([[size, size] for _, _, size in tiles])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "_untangle", lambda *_: None)
        found = spread_out(targets, sizes, low, high)
    expected = nearest_by_trying(targets, sizes, low, high)
    assert (found is None) == (expected is None)
    assert found is None or np.array_equal(found, expected)


@settings(max_examples=25, deadline=None)
@given(rooms, st.tuples(metres, metres), st.sampled_from([0, 90, 180, 270]), st.integers(0, 60))
def test_the_agent_stands_where_a_search_of_the_whole_floor_would_have_it(places, at, heading, faced):
    floor = lay(places)
    agent, facing = Pose(*at, heading, 0), (f"drawer {faced}",)
    found = [floor.stand(agent, facing, 22), floor.stand_clear(agent, facing, 22)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_near", lambda *_: slice(0, 0))
        assert [floor.stand(agent, facing, 22), floor.stand_clear(agent, facing, 22)] == found


def test_furniture_can_be_wider_than_it_is_by_nature():
    natural, wide = (furniture_front("fridge", 280, 120, CLASSIC, True, is_wide=is_wide) for is_wide in (False, True))
    assert max(area.width for area in wide.areas) > 1.5 * max(area.width for area in natural.areas)
