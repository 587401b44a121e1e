"""The view shows what the text game tells, and nothing hidden."""

import random

import pytest

from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.view import SeenObject


def find(view, name):
    return next(receptacle for receptacle in view.receptacles if receptacle.name == name)


def test_nothing_is_faced_and_nothing_seen_inside_at_the_start(make_game):
    view = make_game().view()
    assert view.facing == ()
    assert view.hand is None
    assert all(receptacle.contents is None and receptacle.is_open is None for receptacle in view.receptacles)
    assert [receptacle.name for receptacle in view.receptacles][:2] == ["desk 1", "drawer 1"]


def test_a_closed_door_hides_what_is_behind_it(make_game):
    game = make_game()
    game.step("go to fridge 1")
    fridge = find(game.view(), "fridge 1")
    assert (fridge.is_here, fridge.is_openable, fridge.is_open, fridge.contents) == (True, True, False, None)
    assert "apple 2" not in str(game.view())
    game.step("open fridge 1")
    fridge = find(game.view(), "fridge 1")
    assert (fridge.is_open, fridge.contents) == (True, (SeenObject("apple 2", "apple"),))
    game.step("go to desk 1")
    assert find(game.view(), "fridge 1").is_open is None
    assert find(game.view(), "fridge 1").contents is None


def test_all_receptacles_in_reach_are_faced(make_game):
    game = make_game()
    game.step("go to microwave 1")
    assert [receptacle.name for receptacle in game.view().facing] == ["fridge 1", "microwave 1"]
    assert game.view().agent == find(game.view(), "fridge 1").pose


def test_hand_states_and_neighbours_are_seen(make_game):
    game = make_game(contents={"desk": ["cd1", "desklamp1", "apple1"], "sinkbasin": ["knife1"]})
    for command in (
        "go to desk 1",
        "use desklamp 1",
        "take cd 1 from desk 1",
        "open drawer 1",
        "move cd 1 to drawer 1",
    ):
        assert game.step(command) != "Nothing happens."
    view = game.view()
    assert view.beside == (SeenObject("cd 1", "cd"),)
    assert find(view, "drawer 1").contents == view.beside
    assert SeenObject("desklamp 1", "desklamp", ("on",)) in find(view, "desk 1").contents
    for command in ("take apple 1 from desk 1", "go to fridge 1", "cool apple 1 with fridge 1"):
        assert game.step(command) != "Nothing happens."
    assert game.view().hand == SeenObject("apple 1", "apple", ("cold",))


@pytest.mark.parametrize("name", ["task", "goal", "sentence"])
def test_the_task_is_not_part_of_the_view(make_game, name):
    assert not hasattr(make_game().view(), name)


def test_the_view_of_official_games_agrees_with_their_texts(seen_games, recorder):
    for path in seen_games[::9]:
        game = HouseholdGame(load_game(path))
        for command in recorder.errands(HouseholdGame(game.world), random.Random(path.parent.name)):
            answer = game.step(command)
            if command.startswith("go to ") and answer != "Nothing happens.":
                receptacle = find(game.view(), command.removeprefix("go to "))
                assert receptacle.is_here
                assert (receptacle.contents is None) == answer.endswith("is closed.")
                assert all(f"a {thing.name}" in answer for thing in receptacle.contents or ())
