"""The searcher: it wins nearly every home, knows nothing that it has not seen, and goes on where others have been."""

import json
import random
from importlib import resources

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.generator import HOME_SPLITS, generate
from vlm_gym.games.household.splits import list_games
from vlm_gym.games.household.tasks import TASK_TYPES, GoalKinds
from vlm_gym.games.household.view import Notes
from vlm_gym.oracles.household_searcher import Rates, load_rates, scene_of, search

TURNS = 50
WALK = 20


def goal_of(game):
    goal = game.world.goal
    return GoalKinds(goal.task, goal.target, goal.destination)


def play(game, notes, turns=TURNS):
    """Play a game with the searcher; return whether it was won and the commands that were not possible."""
    impossible = []
    for _ in range(turns):
        command = search((goal_of(game),), game.view(), notes)
        if command not in game.admissible:
            impossible.append(command)
            notes = notes.refuse(command)
            continue
        game.step(command)
        notes = notes.look(game.view())
        if game.is_won:
            return True, impossible
    return False, impossible


def wander(game, rng):
    """Give some random commands; return the notes."""
    notes = Notes().look(game.view())
    for _ in range(WALK):
        if game.is_won:
            break
        game.step(rng.choice(game.admissible))
        notes = notes.look(game.view())
    return notes


@pytest.mark.parametrize("task", TASK_TYPES)
@pytest.mark.parametrize("split", HOME_SPLITS)
def test_it_wins_nearly_every_home_with_possible_commands(split, task):
    games = [HouseholdGame(generate(np.random.default_rng([4, i]), split=split, task_types=(task,))) for i in range(20)]
    played = [play(game, Notes().look(game.view())) for game in games]
    assert sum(is_won for is_won, _ in played) >= 19
    assert [impossible for _, impossible in played] == [[]] * 20


@pytest.mark.parametrize("task", TASK_TYPES)
def test_it_gets_along_from_where_others_have_been(task):
    rng, won = random.Random(0), 0
    for i in range(15):
        game = HouseholdGame(generate(np.random.default_rng([6, i]), task_types=(task,)))
        is_won, impossible = play(game, wander(game, rng))
        won += is_won
        assert len(impossible) <= 1, impossible
    assert won >= 14


def with_hidden_things_swapped(game, notes):
    """Return a game in which what is in two receptacles of a kind has changed places that nobody has looked into."""
    spots = [i for i, spot in enumerate(game.world.receptacles) if spot.name not in notes.contents]
    pairs = [(a, b) for a in spots for b in spots if a < b and game.state.contents[a] != game.state.contents[b]]
    contents = list(game.state.contents)
    for a, b in pairs[:1]:
        contents[a], contents[b] = contents[b], contents[a]
    other = HouseholdGame(game.world)
    other.restore(game.state._replace(contents=tuple(contents)))
    return other, bool(pairs)


def test_what_it_does_does_not_depend_on_what_it_has_not_seen():
    rng, num_swapped = random.Random(1), 0
    for i in range(60):
        game = HouseholdGame(generate(np.random.default_rng([8, i])))
        notes = Notes().look(game.view())
        for _ in range(i % 7):
            game.step(rng.choice(game.admissible))
            notes = notes.look(game.view())
        other, is_swapped = with_hidden_things_swapped(game, notes)
        num_swapped += is_swapped
        if not game.is_won and not any(spot.is_here and spot.contents is None for spot in game.view().receptacles):
            assert search((goal_of(game),), game.view(), notes) == search((goal_of(other),), other.view(), notes)
    assert num_swapped > 40


def test_an_env_asks_it_with_its_own_notes():
    env = gym.make("vlm_gym/Household-v1")
    for seed in range(5):
        _, info = env.reset(seed=seed)
        is_over = False
        while not is_over:
            number = info["admissible_actions"].index(env.unwrapped.searcher_action())
            *_, is_over, is_cut, info = env.step(number)
            assert not is_cut
        assert info["is_success"]
        assert env.unwrapped.searcher_action() is None


@pytest.mark.parametrize("task_id", ["vlm_gym/NumberLine-v0", "vlm_gym/Blackjack-v0"])
def test_where_nothing_is_to_be_searched_there_is_none(task_id):
    env = gym.make(task_id)
    env.reset(seed=0)
    assert env.unwrapped.searcher_action() is None


def test_chances_are_chances_and_what_is_known_is_counted_in_training_games_alone():
    rates = load_rates()
    chances = [rate for things in rates.holds.values() for spots in things.values() for rate in spots.values()]
    assert len(chances) > 500
    assert all(0 <= chance <= 1 for chance in chances)
    assert {*rates.opens} == {"bathroom", "bedroom", "kitchen", "livingroom"}
    text = resources.files("vlm_gym.oracles").joinpath("household_rates.json").read_text(encoding="utf-8")
    assert "3,553 games of the split train" in json.loads(text)["source"]


def test_what_was_never_seen_in_a_room_of_a_type_is_less_likely_there_than_elsewhere():
    rates = Rates({"kitchen": {"mug": {"shelf": 0.4}}, "any": {"mug": {"shelf": 0.3, "bed": 0.1}}}, {})
    assert rates.chance("kitchen", "mug", "shelf") > rates.chance("bedroom", "mug", "shelf") > 0
    assert rates.chance("kitchen", "mug", "safe") > 0


@pytest.mark.parametrize(
    ("kinds", "scene"),
    [
        (("toilet", "cabinet"), "bathroom"), (("microwave",), "kitchen"), (("fridge", "shelf"), "kitchen"),
        (("bed", "desk"), "bedroom"), (("sofa",), "livingroom"),
    ],
)  # fmt: skip
def test_a_room_is_known_by_its_furniture(kinds, scene):
    assert scene_of(kinds) == scene


@pytest.mark.slow
def test_the_packaged_rates_are_what_the_command_counts(tmp_path, monkeypatch):
    try:
        list_games(split="train")
    except DataNotFoundError as error:
        pytest.skip(str(error))
    from benchmarks import household_rates

    monkeypatch.setattr("sys.argv", ["household_rates", str(tmp_path / "rates.json")])
    household_rates.main()
    packaged = resources.files("vlm_gym.oracles").joinpath("household_rates.json").read_text(encoding="utf-8")
    assert (tmp_path / "rates.json").read_text(encoding="utf-8") == packaged


@pytest.mark.slow
def test_it_wins_the_official_games():
    try:
        games = list_games(split="valid_seen")
    except DataNotFoundError as error:
        pytest.skip(str(error))
    played = [HouseholdGame(load_game(path)) for path in games]
    won = sum(play(game, Notes().look(game.view()))[0] for game in played)
    assert won >= 0.97 * len(games)
