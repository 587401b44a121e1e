"""What a player must be able to read in the household pictures: type that is large enough, furniture, and the agent."""

import importlib
import random
from functools import partial

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.envs.household.home import HomeEnv
from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.generator import generate
from vlm_gym.games.household.splits import list_games
from vlm_gym.games.household.view import OBJECT_STATES
from vlm_gym.prompts.household import SYMBOLS
from vlm_gym.registration import TASKS
from vlm_gym.render.household import close_up, floor_plan, hand, labels, legend, scene, setting
from vlm_gym.render.household.agent import robot
from vlm_gym.render.household.furniture import FRONTS, furniture_plan
from vlm_gym.render.household.palette import read_home_theme

CLASSIC = read_home_theme("classic")
LEAST_SIZE = TASKS["vlm_gym/Household-v1"].least_image_size
LEAST_TYPE = 6  # pixels: digits of 5 run into each other
WRITERS = (
    (close_up, "pill"), (setting, "pill"), (setting, "number_pill"), (hand, "pill"), (floor_plan, "number_pill"),
    (legend, "pill"), (labels, "pill"),
)  # fmt: skip
VISITS = 12  # of a home in the fast tests


@pytest.fixture
def written(monkeypatch):
    """Return a list to which every label that is written adds its font size and text."""
    labels_written = []

    def record(write, lines, size, *colors):
        labels_written.append((size, lines))
        return write(lines, size, *colors)

    for module, name in WRITERS:
        monkeypatch.setattr(module, name, partial(record, getattr(module, name)))
    return labels_written


def visits(game, number=None, seed=0):
    """Yield the view at the start, then at every receptacle, or at some, each open if it can be opened."""
    yield game.view()
    places = [command[len("go to ") :] for command in game.admissible if command.startswith("go to ")]
    for place in places if number is None else random.Random(seed).sample(places, min(number, len(places))):
        game.step(f"go to {place}")
        yield game.view()
        if f"open {place}" in game.admissible:
            game.step(f"open {place}")
            yield game.view()


def homes(seeds, **arguments):
    return (HouseholdGame(generate(np.random.default_rng(seed), **arguments)) for seed in seeds)


def official_games(number):
    try:
        paths = list_games(split="train")
    except DataNotFoundError as error:
        pytest.skip(str(error))
    return (HouseholdGame(load_game(path)) for path in random.Random(1).sample(list(paths), number))


def check_type(games, size, written, number=None):
    draw = scene._Scene(size, CLASSIC, True, 1).draw
    for game in games:
        for view in visits(game, number):
            written.clear()
            draw(view)
            assert min(written, default=(LEAST_TYPE, ()))[0] >= LEAST_TYPE, (game.world.sentence, min(written))


@pytest.mark.parametrize("size", [LEAST_SIZE, 300, 448])
def test_no_label_is_too_small_to_read(size, written):
    check_type(homes((1013, 1047, 1048)), size, written)  # where version 0 writes "coffeemachine 1" small
    check_type(homes(range(8)), size, written, VISITS)


@pytest.mark.parametrize("size", [LEAST_SIZE, 300])
def test_no_label_of_an_official_game_is_too_small_to_read(size, written):
    check_type(official_games(6), size, written, VISITS)


@pytest.mark.exhaustive
@pytest.mark.parametrize("size", [LEAST_SIZE, 300])
def test_no_label_of_many_games_is_too_small_to_read(size, written):
    check_type(homes(range(100)), size, written)
    check_type(official_games(100), size, written)


def test_smaller_pictures_have_type_that_is_too_small(written):
    for size in (84, 128, 192):
        draw = scene._Scene(size, CLASSIC, True, 1).draw
        for view in visits(next(homes([1013])), VISITS):
            draw(view)
        assert min(written)[0] < LEAST_TYPE
        written.clear()


@pytest.mark.parametrize("size", [LEAST_SIZE, 300, 600])
@pytest.mark.parametrize("kind", FRONTS)
def test_a_piece_of_furniture_beside_a_crowd_keeps_its_name_readable(kind, size, written, make_view, make_object):
    rows = ((f"{kind} 12", 0.0, 0.0, 0.5, 1), ("countertop 1", 1.0, 0.0, 0.9, 1))
    crowd = tuple(
        make_object(f"{thing} {number}") for thing in ("mug", "saltshaker", "plate") for number in (1, 2, 3, 4)
    )
    picture = scene._Scene(size, CLASSIC, True, 1).draw(make_view(rows, "countertop 1", {"countertop 1": crowd}))
    title = max(5, round(size / 30))
    names = {" ".join(lines).replace(" ", ""): font for font, lines in written if lines[-1].endswith("12")}
    assert picture.shape == (size, size, 3)
    assert names[f"{kind}12"] == title


@pytest.mark.parametrize("kind", FRONTS)
def test_a_title_breaks_into_words(kind):
    lines = labels.broken_title(f"{kind} 7")
    assert "".join(lines).replace(" ", "") == f"{kind}7"
    assert max(map(len, lines)) <= len("toiletpaper")


def difference_by_the_agent(view, size, monkeypatch):
    """Return which pixels of the plan the agent changes, beside its own sprite, and the room."""
    sprites = []

    def remembered(*arguments):
        sprites.append(robot(*arguments))
        return sprites[-1]

    with monkeypatch.context() as patch:
        patch.setattr(floor_plan, "robot", remembered)
        plan = scene._Scene(size, CLASSIC, True, 1)._plan
        with_agent = plan.draw(view).copy()
        patch.setattr(floor_plan, "robot", lambda *_: np.zeros((1, 1, 4), np.uint8))
        without = scene._Scene(size, CLASSIC, True, 1)._plan.draw(view)
    room = plan._room(tuple((r.name, r.x, r.y, r.height) for r in view.receptacles))
    return (with_agent != without).any(axis=2), sprites[0][:, :, 3] > 127, room


def check_agent(games, size, monkeypatch, number=None):
    for game in games:
        for view in visits(game, number):
            changed, shape, room = difference_by_the_agent(view, size, monkeypatch)
            for tile in room.tiles:
                top, left = round(tile.y - tile.size / 2), round(tile.x - tile.size / 2)
                opaque = furniture_plan(tile.kind, tile.size, CLASSIC, False)[:, :, 3] == 255
                box = changed[top : top + tile.size, left : left + tile.size]
                assert not (box & opaque[: box.shape[0], : box.shape[1]]).any(), tile.name
            assert changed.sum() >= 0.55 * shape.sum(), [r.name for r in view.facing]  # the agent can be seen too


def test_the_agent_hides_no_furniture_and_is_seen(monkeypatch):
    check_agent(homes((13, 40, 42), scenes=("kitchen",)), 300, monkeypatch, VISITS)
    check_agent(homes((0, 1)), LEAST_SIZE, monkeypatch, VISITS)


@pytest.mark.exhaustive
def test_the_agent_hides_no_furniture_of_many_games(monkeypatch):
    check_agent(homes(range(40)), 300, monkeypatch)
    check_agent(official_games(40), 300, monkeypatch)


def test_the_beam_points_at_what_the_agent_stands_at():
    plan = scene._Scene(300, CLASSIC, True, 1)._plan
    for game in homes(range(6)):
        for view in visits(game, VISITS):
            room = plan._room(tuple((r.name, r.x, r.y, r.height) for r in view.receptacles))
            facing = tuple(receptacle.name for receptacle in view.facing)
            x, y, degrees = room.stand_clear(view.agent, facing, 22)
            middle = np.mean([(tile.x, tile.y) for tile in room.tiles if tile.name in facing] or [(x, y - 1)], axis=0)
            wanted = np.degrees(np.arctan2(middle[0] - x, y - middle[1])) if facing else room.screen_heading(view.agent)
            assert abs((degrees - wanted + 180) % 360 - 180) <= 7.5 + 1e-6


LATER = [task for task in TASKS.values() if task.same_rules and not task.axis]
HOMES = [task for task in LATER if "household" in task.entry]


def start(task, **arguments):
    env = gym.make(f"vlm_gym/{task}", disable_env_checker=True, **arguments)
    return env, *env.reset(seed=3)


@pytest.mark.parametrize("style", ["cot", "action_only", "paper"])
def test_the_prompt_explains_the_symbols_and_is_the_old_one_otherwise(style):
    _, _, old = start("Household-v0", prompt=style)
    _, _, new = start("Household-v1", prompt=style)
    assert SYMBOLS in new["prompt"]
    assert new["prompt"].replace(f"\n{SYMBOLS}", "") == old["prompt"]


@pytest.mark.parametrize("state", OBJECT_STATES)
def test_every_state_of_an_object_is_explained(state):
    assert f"{state}" in SYMBOLS.replace("Sliced", "sliced").split() or f"{state}," in SYMBOLS or f"{state}." in SYMBOLS


def test_a_later_version_plays_as_the_first_one():
    (old, _, first), (new, picture, info) = start("Household-v0"), start("Household-v1")
    rng = np.random.default_rng(0)
    for _ in range(30):
        assert {name: first[name] for name in first if name not in ("prompt", "action_mask")} == {
            name: info[name] for name in first if name not in ("prompt", "action_mask")
        }
        action = int(rng.choice(np.flatnonzero(info["action_mask"])))
        _, reward, is_over, is_cut, first = old.step(action)
        picture, *outcome, info = new.step(action)
        assert outcome == [reward, is_over, is_cut]
        if is_over:
            break
    assert picture.shape == (300, 300, 3)


@pytest.mark.parametrize("task", LATER, ids=lambda task: task.id)
def test_a_later_version_has_the_floors_of_the_first_one(task):
    first = TASKS[task.same_rules]
    assert (task.random_success, task.turns(), task.entry) == (first.random_success, first.turns(), first.entry)
    assert task.random_by_type == first.random_by_type


def test_every_household_task_has_a_later_version():
    drawn = [
        task for task in TASKS.values() if issubclass(env_class(task), HomeEnv) and not task.setup and not task.axis
    ]
    first = {task.id for task in drawn if not task.same_rules}
    assert {task.same_rules for task in HOMES} == first
    assert {task.id for task in HOMES} == {name.replace("-v0", "-v1") for name in first}


def env_class(task):
    module, _, name = task.entry.partition(":")
    return getattr(importlib.import_module(module), name)
