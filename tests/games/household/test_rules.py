"""The rules and the texts in a tiny home, one oddity of the domain at a time."""

import pytest

from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.problem import parse_problem

TO_APPLE = ("go to desk 1", "take apple 1 from desk 1")


def play(game, *commands):
    for command in commands:
        assert command in game.admissible, (command, game.admissible)
        answer = game.step(command)
    return answer


def test_the_introduction_lists_the_room_from_the_last_id_to_the_first(make_game):
    assert make_game().feedback == (
        "-= Welcome to TextWorld, ALFRED! =-\n\n"
        "You are in the middle of a room. Looking quickly around you, you see a desk 1, a drawer 1, a fridge 1, "
        "a microwave 1, a shelf 1, and a sinkbasin 1.\n\nYour task is to: put a apple in shelf."
    )


def test_look_before_the_first_step_sees_nothing(make_game):
    answer = play(make_game(), "look")
    assert answer == "You are in the middle of a room. Looking quickly around you, you see nothing."


def test_the_start_offers_the_receptacles_and_three_constant_commands(make_game):
    receptacles = ("desk", "drawer", "fridge", "microwave", "shelf", "sinkbasin")
    assert make_game().admissible == (*(f"go to {name} 1" for name in receptacles), "help", "inventory", "look")


def test_receptacles_at_one_place_need_no_walk_and_are_faced_together(make_game):
    game = make_game()
    answer = play(game, "go to fridge 1", "look")
    assert answer == "You are facing the fridge 1, and microwave 1. Next to it, you see nothing."
    assert "go to microwave 1" not in game.admissible
    assert "open microwave 1" in game.admissible


def test_doors_open_once_and_close_once(make_game):
    game = make_game()
    assert play(game, "go to fridge 1") == "You arrive at fridge 1. The fridge 1 is closed."
    assert play(game, "open fridge 1") == "You open the fridge 1. The fridge 1 is open. In it, you see a apple 2."
    assert "open fridge 1" not in game.admissible
    assert play(game, "close fridge 1") == "You close the fridge 1."
    assert "take apple 2 from fridge 1" not in game.admissible


def test_a_hand_holds_one_thing_and_only_that_can_be_examined(make_game):
    game = make_game()
    assert play(game, "inventory") == "You are not carrying anything."
    assert play(game, *TO_APPLE) == "You pick up the apple 1 from the desk 1."
    assert play(game, "inventory") == "You are carrying: a apple 1."
    assert play(game, "examine apple 1") == "There's nothing special about apple 1."
    assert not [command for command in game.admissible if command.startswith("take ")]
    assert "examine potato 1" not in game.admissible


def test_a_closed_microwave_heats_and_heat_and_cold_exclude_each_other(make_game):
    game = make_game()
    play(game, *TO_APPLE, "go to microwave 1")
    assert play(game, "heat apple 1 with microwave 1") == "You heat the apple 1 using the microwave 1."
    assert play(game, "examine apple 1") == "This is a hot apple 1."
    assert play(game, "cool apple 1 with fridge 1") == "You cool the apple 1 using the fridge 1."
    assert play(game, "examine apple 1") == "This is a cold apple 1."
    assert play(game, "go to sinkbasin 1", "clean apple 1 with sinkbasin 1", "examine apple 1") == (
        "This is a cool and clean apple 1."
    )


def test_a_knife_slices_what_is_here_even_behind_a_door(make_game):
    game = make_game()
    play(game, "go to sinkbasin 1", "take knife 1 from sinkbasin 1", "go to microwave 1")
    assert play(game, "slice apple 2 with knife 1") == "You sliced the apple 2 with the knife 1."
    assert "slice apple 2 with knife 1" in game.admissible
    assert "slice apple 1 with knife 1" not in game.admissible


@pytest.mark.parametrize(
    ("treatments", "words"),
    [
        (["slice"], "sliced"),
        (["slice", "cool"], "cool sliced"),
        (["slice", "clean", "heat"], "hot and clean sliced"),
        (["slice", "clean"], "clean sliced"),
        (["clean", "heat"], "hot and clean"),
        (["clean"], "clean"),
    ],
)
def test_an_object_is_described_by_its_states(make_game, treatments, words):
    game = make_game()
    if "slice" in treatments:
        play(game, "go to sinkbasin 1", "take knife 1 from sinkbasin 1", "go to desk 1", "slice apple 1 with knife 1")
        play(game, "move knife 1 to desk 1")
    play(game, "go to shelf 1", *TO_APPLE)
    tools = {"clean": "sinkbasin 1", "heat": "microwave 1", "cool": "fridge 1"}
    for treatment in (treatment for treatment in treatments if treatment != "slice"):
        play(game, f"go to {tools[treatment]}", f"{treatment} apple 1 with {tools[treatment]}")
    assert play(game, "examine apple 1") == f"This is a {words} apple 1."


def test_a_lamp_only_turns_on_and_cannot_be_taken(make_game):
    game = make_game()
    assert play(game, "go to desk 1", "use desklamp 1") == "You turn on the desklamp 1."
    assert play(game, "use desklamp 1") == "You turn on the desklamp 1."
    assert "take desklamp 1 from desk 1" not in game.admissible


def test_what_holds_objects_tells_what_was_in_it(make_game):
    assert play(make_game(), "go to desk 1", "take mug 1 from desk 1", "examine mug 1") == (
        "This is a normal mug 1. In it, you see nothing."
    )


def test_a_thing_moved_beside_where_it_came_from_is_next_to_it(make_game):
    game = make_game(contents={"desk": ["cd1"], "shelf": ["apple1"]})
    play(game, "go to desk 1", "take cd 1 from desk 1", "open drawer 1")
    assert play(game, "move cd 1 to drawer 1") == "You move the cd 1 to the drawer 1."
    assert play(game, "look") == "You are facing the desk 1, and drawer 1. Next to it, you see a cd 1."
    play(game, "take cd 1 from drawer 1", "move cd 1 to desk 1")
    assert play(game, "look") == "You are facing the desk 1, and drawer 1. Next to it, you see a cd 1."


def test_a_thing_in_two_receptacles_stays_in_one(make_game):
    game = make_game("put", "cd", "shelf")
    assert game.is_won
    play(game, "go to drawer 1", "open drawer 1", "take cd 1 from drawer 1")
    assert play(game, "go to shelf 1") == "You arrive at shelf 1. On the shelf 1, you see a boots 1, and a cd 1."
    assert game.is_won


@pytest.mark.parametrize("command", ["Look", "go to desk", "go  to desk 1", "", "put apple 1 in/on desk 1", "take"])
def test_any_other_words_change_nothing(make_game, command):
    game = make_game()
    before = (game.state, game.admissible)
    assert game.step(command) == "Nothing happens."
    assert (game.state, game.admissible) == before


def test_space_around_a_command_does_not_matter(make_game):
    assert make_game().step(" go to desk 1\n").startswith("You arrive at desk 1. On the desk 1, you see ")


def test_help_ends_with_a_newline(make_game):
    answer = play(make_game(), "help")
    assert answer.startswith("Available commands:\n  look:")
    assert answer.endswith("sharp object\n")


def test_a_game_that_starts_at_a_receptacle_looks_at_it_first(make_problem):
    problem = make_problem().replace("(atLocation agent1 loc_bar_0_", "(atLocation agent1 loc_bar_3_")
    game = HouseholdGame(
        parse_problem(problem.replace("loc_bar_3_bar__minus_0_bar_0", "loc_bar_3_bar__minus_3_bar_3"), ".")
    )
    assert "\n\nYou are facing the desk 1, and drawer 1. Next to it, you see nothing.\n\n" in game.feedback


def test_a_lamp_that_could_be_taken_would_be_on(make_problem):
    lamp = "Desklamp_bar__plus_01_dot_50_bar__plus_00_dot_90_bar__minus_01_dot_25"
    problem = make_problem().replace("(openable", f"(pickupable {lamp})\n(openable", 1)
    game = HouseholdGame(parse_problem(problem, "."))
    play(game, "go to desk 1", "use desklamp 1", "take desklamp 1 from desk 1")
    assert play(game, "examine desklamp 1") == "This desklamp 1 is on."


def test_a_lamp_behind_a_door_can_be_turned_on(make_game):
    game = make_game(contents={"fridge": ["desklamp1"], "desk": ["apple1"]})
    assert play(game, "go to fridge 1", "use desklamp 1") == "You turn on the desklamp 1."


def test_a_thing_is_next_to_each_receptacle_that_it_was_taken_from(make_problem):
    problem = make_problem().replace("loc_bar_1_bar__minus_1_bar_1_bar_45)", "loc_bar_3_bar__minus_3_bar_3_bar_45)")
    game = HouseholdGame(parse_problem(problem, "."))
    play(game, "go to desk 1", "open fridge 1", "open microwave 1")
    play(game, "take apple 1 from desk 1", "move apple 1 to fridge 1")
    play(game, "take apple 1 from fridge 1", "move apple 1 to microwave 1")
    answer = play(game, "take apple 2 from fridge 1", "move apple 2 to desk 1", "look")
    assert answer.endswith("Next to it, you see a apple 2, a apple 1, and a apple 1.")
    assert [thing.name for thing in game.view().beside] == ["apple 2", "apple 1"]
