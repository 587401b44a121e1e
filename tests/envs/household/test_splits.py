"""A split of ALFWorld in order, and ALFWorld's own names for splits and tasks: on generated games in its layout."""

import shutil
from collections import Counter

import gymnasium as gym
import numpy as np
import pytest
from home_games import COUNTS, write_split

from vlm_gym import ConfigError, DataNotFoundError
from vlm_gym.games.household.splits import ALFWORLD_SPLITS, UNFINISHED
from vlm_gym.games.household.tasks import ALFWORLD_NAMES, TASK_TYPES
from vlm_gym.registration import TASKS

NUM_GAMES = sum(COUNTS.values())
IN_ORDER = [task.id for task in TASKS.values() if task.arguments.get("order") == "sequential"]
# AI2-THOR wants more than a game's file: tests/envs/household/test_thor.py
ORDERED = [task for task in IN_ORDER if TASKS[task].arguments.get("engine") != "thor"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with the three splits of the ids."""
    root = tmp_path_factory.mktemp("alfworld")
    for split in ("train", "valid_seen", "valid_unseen"):
        write_split(root, split)
    return root


@pytest.fixture(autouse=True)
def _data(data, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(data))


def make(task="vlm_gym/ALFWorld-v0", **arguments):
    return gym.make(task, disable_env_checker=True, **{"image_size": 84, **arguments})


def played(env, number):
    """Return what info says of so many episodes, from start 0 on."""
    return [env.reset(seed=0)[1], *(env.reset()[1] for _ in range(number - 1))]


@pytest.mark.parametrize("task", ORDERED)
def test_an_ordered_id_plays_every_game_once_and_the_task_types_mixed(task):
    env = make(task)
    infos = played(env, NUM_GAMES + 1)
    names = [info["game"] for info in infos]
    assert len(set(names[:-1])) == NUM_GAMES
    assert names[-1] == names[0]
    assert [info["task_type"] for info in infos[:6]] == list(TASK_TYPES)
    assert Counter(info["task_type"] for info in infos[:-1]) == COUNTS


@pytest.mark.parametrize("split", ["train", "valid_seen", "."])
def test_any_split_can_be_played_in_order(split, data, monkeypatch):
    monkeypatch.chdir(data / "json_2.1.1" / "valid_seen")
    infos = played(make(split=split, order="sequential"), NUM_GAMES)
    assert len({info["game"] for info in infos}) == NUM_GAMES
    assert {info["task_type"] for info in infos[:6]} == set(TASK_TYPES)


def test_a_seed_is_the_number_of_a_start():
    env = make(order="sequential")
    names = [info["game"] for info in played(env, NUM_GAMES)]
    assert [start["game"] for start in env.unwrapped.starts()] == names
    for seed in (5, np.int64(3), NUM_GAMES + 2):
        assert env.reset(seed=seed)[1]["game"] == names[seed % NUM_GAMES]


def test_starts_are_options_of_reset():
    env = make(order="sequential", task_types=["look", "clean"])
    starts = env.unwrapped.starts()
    assert len(starts) == 7
    assert [env.reset(options=start)[1]["game"] for start in starts] == [start["game"] for start in starts]


def test_games_of_one_name_are_told_apart_by_their_files(tmp_path, data):
    for copy in ("one", "two"):
        shutil.copytree(data / "json_2.1.1" / "valid_seen", tmp_path / copy)
    starts = make(split=str(tmp_path), order="sequential").unwrapped.starts()
    assert len({start["game"] for start in starts}) == 2 * NUM_GAMES


@pytest.mark.parametrize("task", [task for task in TASKS if task not in IN_ORDER])
def test_all_other_ids_draw_their_starts(task):
    arguments = {"parser": "json"} if TASKS[task].is_text_only else {}
    assert make(task, **arguments).unwrapped.starts() is None


def test_what_a_seed_draws_does_not_hang_on_the_order_of_a_split():
    """Random starts are drawn from the names, sorted: a seed plays the game that it always played."""
    env = make()
    games = env.unwrapped.games
    assert list(games) == sorted(games)
    for seed in range(5):
        number = int(np.random.default_rng(seed).integers(NUM_GAMES))
        assert str(games[number]).find(env.reset(seed=seed)[1]["game"]) > 0


# ALFWorld's own names


@pytest.mark.parametrize(("theirs", "ours"), ALFWORLD_SPLITS.items())
def test_alfworlds_names_of_splits_are_understood(theirs, ours):
    first, second = make(split=theirs, order="sequential"), make(split=ours, order="sequential")
    assert first.unwrapped.starts() == second.unwrapped.starts()
    assert first.unwrapped.games == second.unwrapped.games


@pytest.mark.parametrize("household", [False, True])
@pytest.mark.parametrize("number", range(1, 7))
def test_task_types_are_understood_by_number_and_by_name(number, household):
    task, known = "vlm_gym/Household-v0" if household else "vlm_gym/ALFWorld-v0", TASK_TYPES[number - 1]
    for value in (known, number, np.int64(number), ALFWORLD_NAMES[known]):
        assert make(task, task_types=[value]).reset(seed=0)[1]["task_type"] == known
    everything = make(task, task_types=list(range(1, 7)))
    assert everything.reset(seed=1)[1]["goal"] == make(task).reset(seed=1)[1]["goal"]


@pytest.mark.parametrize("value", ["heat", 4, "pick_heat_then_place_in_recep"])
def test_the_start_of_a_generated_home_takes_the_same_names(value):
    env = make("vlm_gym/Household-v0")
    assert env.reset(seed=0, options={"task_type": value})[1]["task_type"] == "heat"
    with pytest.raises(ConfigError, match=r"options\['task_type'\] must be one of 'put'; got 'heat'"):
        make("vlm_gym/Household-v0", task_types=[1]).reset(options={"task_type": value})


@pytest.mark.parametrize("household", [False, True])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task_types": [0]}, r"one of 'put' \(1, 'pick_and_place_simple'\), 'look' \(2, .*got 0"),
        ({"task_types": [7]}, "got 7"),
        ({"task_types": [True]}, "got True"),
        ({"task_types": [1.0]}, r"got 1\.0"),
        ({"task_types": ["pick_and_place"]}, "Did you mean 'pick_and_place_simple'"),
        ({"task_types": [["heat"]]}, r"got \['heat'\]"),
        ({"task_types": 4}, "must be a sequence"),
        ({"task_types": []}, "must be a sequence"),
    ],
)
def test_other_task_types_are_refused_with_all_names(arguments, message, household):
    with pytest.raises(ConfigError, match=message):
        make("vlm_gym/Household-v0" if household else "vlm_gym/ALFWorld-v0", **arguments)


@pytest.mark.parametrize(
    ("split", "meant"),
    [
        ("eval_in_dist", "eval_in_distribution"),
        ("eval_out_of_dist", "eval_out_of_distribution"),
        ("valid-unseen", "valid_unseen"),
    ],
)
def test_another_word_for_a_split_is_told_the_right_one(split, meant):
    with pytest.raises(ConfigError, match=f"Did you mean '{meant}'"):
        make(split=split)


def test_games_that_are_not_all_unpacked_are_not_played(tmp_path):
    write_split(tmp_path, "valid_seen", {"put": 1})
    make(data_dir=str(tmp_path), split="valid_seen")
    (tmp_path / "json_2.1.1" / UNFINISHED).touch()
    with pytest.raises(DataNotFoundError, match="are not all there"):
        make(data_dir=str(tmp_path), split="valid_seen")
