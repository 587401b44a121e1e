"""Pictures of household scenes: what differs looks different, what is hidden does not show, and all is in its place."""

import itertools
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.generator import generate
from vlm_gym.games.household.splits import list_games
from vlm_gym.games.household.view import OBJECT_STATES, SeenObject
from vlm_gym.render.household.palette import HOME_THEMES, read_home_theme
from vlm_gym.render.household.scene import draw_household

from .conftest import OPENABLE, ROOMS, build_view, see

CLASSIC = read_home_theme("classic")
NAMES = ("mug 1", "mug 2", "apple 1", "pan 1", "remotecontrol 3", "peppershaker 2", "book 12", "papertowelroll 1")
WALK_STEPS = 60


def draw(view, size=300, theme=CLASSIC, **options):
    return draw_household(view, size, theme, **options)


def are_equal(first, second):
    return np.array_equal(draw(first), draw(second))


def at_table(at="diningtable 1", **options):
    return build_view("kitchen", at, **options)


def crowd(count):
    kinds = ("apple", "butterknife", "cup", "dishsponge", "peppershaker", "spatula", "tomato", "winebottle")
    return tuple(see(f"{kinds[index % 8]} {index // 8 + 1}") for index in range(count))


objects = st.builds(
    lambda name, states: see(name, *(state for state in OBJECT_STATES if state in states)),
    st.sampled_from(NAMES),
    st.sets(st.sampled_from(OBJECT_STATES), max_size=3),
)
some_objects = st.lists(objects, max_size=6, unique_by=lambda thing: thing.name).map(tuple)


@st.composite
def views(draw_value, room=None):
    room = room or draw_value(st.sampled_from(sorted(ROOMS)))
    names = [row[0] for row in ROOMS[room]]
    at = draw_value(st.sampled_from(["", *names]))
    place = next((row[4] for row in ROOMS[room] if row[0] == at), None)
    here = [row[0] for row in ROOMS[room] if row[4] == place]
    contents = {name: draw_value(some_objects) for name in here if not _is_shut(draw_value, name)}
    beside = draw_value(some_objects) if at else ()
    return build_view(room, at, contents, draw_value(st.none() | objects), beside)


def _is_shut(draw_value, name):
    return name.split()[0] in OPENABLE and draw_value(st.booleans())


@pytest.mark.parametrize("size", [84, 128, 300, 301, 517, 1024])
def test_a_picture_is_fresh_writable_and_of_the_size_asked_for(size):
    view = build_view("bedroom", "desk 1", {"desk 1": crowd(3)})
    first, second = draw(view, size), draw(view, size)
    assert (first.shape, first.dtype) == ((size, size, 3), np.uint8)
    assert first.flags.c_contiguous
    assert first.flags.writeable
    assert not np.shares_memory(first, second)
    first[...] = 0
    assert np.array_equal(draw(view, size), second)


@settings(max_examples=60)
@given(st.data())
def test_two_different_views_never_give_the_same_picture(data):
    room = data.draw(st.sampled_from(sorted(ROOMS)))
    first, second = data.draw(views(room)), data.draw(views(room))
    assert are_equal(first, second) == (first == second)


@settings(max_examples=25)
@given(views(), st.sampled_from(sorted(HOME_THEMES)), st.sampled_from([84, 100, 128, 200]))
def test_any_view_can_be_drawn_in_any_theme_and_size(view, theme, size):
    assert draw(view, size, read_home_theme(theme)).shape == (size, size, 3)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (at_table(contents={"diningtable 1": (see("mug 1"),)}), at_table(contents={"diningtable 1": (see("mug 2"),)})),
        (at_table(contents={"diningtable 1": (see("mug 1"),)}), at_table(contents={"diningtable 1": (see("cup 1"),)})),
        (at_table(contents={"diningtable 1": crowd(28)}), at_table(contents={"diningtable 1": crowd(29)})),
        (at_table(contents={"diningtable 1": crowd(40)}), at_table(contents={"diningtable 1": crowd(40)[::-1]})),
        (at_table(hand=see("mug 1")), at_table(hand=see("mug 1", "hot"))),
        (at_table(hand=see("mug 1")), at_table()),
        (at_table(beside=(see("mug 1"),)), at_table()),
        (at_table(at="fridge 1"), at_table(at="fridge 1", contents={"fridge 1": ()})),
        (at_table(at="cabinet 5"), at_table(at="cabinet 6")),
        (at_table(at=""), at_table(at="cabinet 6")),
    ],
)
def test_what_differs_looks_different(first, second):
    assert not are_equal(first, second)


@pytest.mark.parametrize("size", [84, 300])
def test_a_walk_never_shows_two_situations_alike(size):
    walks = [HouseholdGame(generate(np.random.default_rng(seed))) for seed in range(6)]
    assert all(_find_alike(game, size) is None for game in walks)


def test_a_walk_through_official_games_never_shows_two_situations_alike():
    try:
        paths = list_games(split="valid_seen")
    except DataNotFoundError as error:
        pytest.skip(str(error))
    games = [HouseholdGame(load_game(path)) for path in random.Random(5).sample(list(paths), 10)]
    assert all(_find_alike(game, 300) is None for game in games)


def _find_alike(game, size):
    """Return two views that give the same picture, if a random walk finds any."""
    rng, seen = random.Random(3), {}
    for _ in range(WALK_STEPS):
        game.step(rng.choice(game.admissible))
        view = game.view()
        if seen.setdefault(draw(view, size).tobytes(), view) != view:
            return seen[draw(view, size).tobytes()], view
    return None


def test_what_is_behind_a_closed_door_does_not_show():
    game = next(
        game
        for seed in itertools.count()
        if "go to fridge 1" in (game := HouseholdGame(generate(np.random.default_rng(seed)))).admissible
    )
    game.step("go to fridge 1")
    fridge = game.world.receptacle_numbers["fridge 1"]
    contents = [list(inside) for inside in game.state.contents]
    contents[fridge] = contents[fridge][1:] or [0]
    pictures = [draw(game.view())]
    game.restore(game.state._replace(contents=tuple(map(tuple, contents))))
    pictures.append(draw(game.view()))
    assert np.array_equal(*pictures)
    game.step("open fridge 1")
    assert not np.array_equal(draw(game.view()), pictures[0])


def test_the_same_view_gives_the_same_bytes_in_another_process():
    code = (
        "import hashlib, numpy as np\n"
        "from vlm_gym.games.household.game import HouseholdGame\n"
        "from vlm_gym.games.household.generator import generate\n"
        "from vlm_gym.render.household.palette import read_home_theme\n"
        "from vlm_gym.render.household.scene import draw_household\n"
        "game = HouseholdGame(generate(np.random.default_rng(7)))\n"
        "pictures = []\n"
        "for command in game.admissible:\n"
        "    game.step(command)\n"
        "    pictures.append(draw_household(game.view(), 200, read_home_theme('retro')).tobytes())\n"
        "print(hashlib.sha256(b''.join(pictures)).hexdigest())\n"
    )
    digests = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_without_labels_there_is_no_text_on_objects():
    first, second = (
        build_view("kitchen", "diningtable 1", {"diningtable 1": (see(name),)}, see(name))
        for name in ("mug 1", "mug 2")
    )
    assert not np.array_equal(draw(first), draw(second))
    assert np.array_equal(draw(first, has_labels=False), draw(second, has_labels=False))
    assert not np.array_equal(draw(first), draw(first, has_labels=False))


def test_every_theme_looks_different():
    view = build_view("livingroom", "sofa 1", {"sofa 1": crowd(2)})
    pictures = {draw(view, theme=read_home_theme(theme)).tobytes() for theme in HOME_THEMES}
    assert len(pictures) == len(HOME_THEMES)


def test_an_unknown_kind_of_furniture_and_object_is_drawn():
    room = (("jacuzzi 1", 0.0, 0.0, 0.3, 1),)
    view = build_view(room, "jacuzzi 1", {"jacuzzi 1": (SeenObject("rubberduckling 1", "rubberduckling"),)})
    empty = build_view(room, "jacuzzi 1", {})
    assert not are_equal(view, empty)


def test_a_receptacle_crowded_beyond_reason_is_drawn():
    view = build_view("kitchen", "diningtable 1", {"diningtable 1": crowd(300)}, see("x" * 80 + " 1"))
    for size in (84, 300):
        assert draw(view, size).shape == (size, size, 3)
