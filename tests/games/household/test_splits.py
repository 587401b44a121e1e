"""Finding the games of a split by the names of their folders, and the order in which a split is played."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from vlm_gym.errors import ConfigError, DataNotFoundError, VlmGymError
from vlm_gym.games.household.splits import (
    ALFWORLD_SPLITS,
    UNFINISHED,
    find_data_dir,
    in_mixed_order,
    list_games,
    name_of_game,
    task_of_folder,
)
from vlm_gym.games.household.tasks import ALFWORLD_NAMES

TRIALS = (
    "pick_and_place_simple-Mug-None-Desk-308/trial_2",
    "pick_and_place_simple-Mug-None-Desk-308/trial_1",
    "look_at_obj_in_light-Book-None-DeskLamp-301/trial_1",
    "pick_heat_then_place_in_recep-AppleSliced-None-Fridge-1/trial_1",
    "pick_and_place_with_movable_recep-Pen-Mug-Desk-302/trial_1",
)


@pytest.fixture
def root(tmp_path):
    """A data folder with three games, two that are not played, and a folder without a game."""
    for trial in TRIALS:
        folder = tmp_path / "json_2.1.1" / "train" / trial
        folder.mkdir(parents=True)
        (folder / "game.tw-pddl").touch()
    (tmp_path / "json_2.1.1" / "train" / TRIALS[0] / ".." / "trial_3").mkdir()
    (tmp_path / "json_2.1.1" / "train" / "readme.txt").touch()
    return tmp_path


def names(games):
    return [f"{game.parts[-3]}/{game.parts[-2]}" for game in games]


def test_games_are_sorted_and_sliced_and_movable_ones_left_out(root):
    assert names(list_games(root)) == [TRIALS[2], TRIALS[1], TRIALS[0]]


def test_tasks_can_be_chosen(root):
    assert names(list_games(root, "train", ["look"])) == [TRIALS[2]]
    assert names(list_games(root, "train", ("put", "heat"))) == [TRIALS[1], TRIALS[0]]


def test_the_folder_of_the_splits_itself_will_do(root):
    assert list_games(root / "json_2.1.1") == list_games(root)


def test_the_environment_variable_names_the_folder(root, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(root))
    assert list_games() == list_games(root)


def test_without_the_variable_it_is_where_alfworld_download_puts_it(root, monkeypatch):
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    monkeypatch.setenv("HOME", str(root))
    (root / ".cache").mkdir()
    (root / "json_2.1.1").rename(root / "moved")
    (root / ".cache" / "alfworld").mkdir()
    (root / "moved").rename(root / ".cache" / "alfworld" / "json_2.1.1")
    assert find_data_dir() == root / ".cache" / "alfworld" / "json_2.1.1"


@pytest.mark.parametrize(
    ("split", "tasks", "message"),
    [
        ("train", ["two"], "no game of the tasks two"),
        ("valid_seen", ["put"], "the split 'valid_seen' is missing"),
    ],
)
def test_what_is_not_there_is_said(root, split, tasks, message):
    with pytest.raises(DataNotFoundError, match=message):
        list_games(root, split, tasks)


def test_missing_data_says_how_to_get_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="`vlm-gym download alfworld` or `alfworld-download`") as caught:
        list_games(tmp_path / "nowhere")
    assert isinstance(caught.value, VlmGymError)
    assert "nowhere" in str(caught.value)


@pytest.mark.parametrize(
    ("split", "tasks", "message"),
    [
        ("valid_sen", ["put"], "Did you mean 'valid_seen'?"),
        ("eval_in_distributon", ["put"], "Did you mean 'eval_in_distribution'?"),
        ("unseen", ["put"], "Did you mean 'valid_unseen'?"),
        ("train", ["heet"], "Did you mean 'heat'?"),
        ("train", ["pick_heat_then_place"], "Did you mean 'pick_heat_then_place_in_recep'?"),
        ("train", [0], "one of 'put' (1, 'pick_and_place_simple')"),
        ("train", [7], "got 7"),
        ("train", [True], "got True"),
        ("train", [1.0], "got 1.0"),
        ("train", [None], "got None"),
        ("train", 4, "must be a sequence of"),
        ("train", "heat", "must be a sequence of"),
        ("train", [], "must be a sequence of"),
    ],
)
def test_a_wrong_word_is_an_error(root, split, tasks, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        list_games(root, split, tasks)


# ALFWorld's own names


@pytest.mark.parametrize(("theirs", "ours"), ALFWORLD_SPLITS.items())
def test_the_splits_of_alfworlds_configurations_are_understood(root, theirs, ours):
    (root / "json_2.1.1" / "train").rename(root / "json_2.1.1" / ours)
    assert list_games(root, theirs) == list_games(root, ours)


def test_a_missing_split_is_called_by_the_name_of_its_folder(root):
    with pytest.raises(DataNotFoundError, match=r"the split 'valid_unseen' is missing: no folder .*json_2\.1\.1"):
        list_games(root, "eval_out_of_distribution")


@pytest.mark.parametrize("number", [1, np.int64(1)])
def test_task_types_have_alfworlds_numbers_and_names(root, number):
    puts = list_games(root, "train", ["put"])
    assert names(puts) == [TRIALS[1], TRIALS[0]]
    assert list_games(root, "train", [number]) == list_games(root, "train", ["pick_and_place_simple"]) == puts
    assert list_games(root, "train", [2, "put"]) == list_games(root)


# The order of a split


def make_games(**counts):
    """Return the paths of games, so many of each task, sorted by name; none is on the disk."""
    return tuple(
        sorted(
            Path("valid", f"{ALFWORLD_NAMES[task]}-Thing{i // 3}-None-Desk-{i // 3}", f"trial_{i}", "game.tw-pddl")
            for task, count in counts.items()
            for i in range(count)
        )
    )


def tasks_of(games):
    return [task_of_folder(game.parent.parent.name) for game in games]


OFFICIAL = {"put": 24, "look": 18, "clean": 31, "heat": 23, "cool": 21, "two": 17}  # as in valid_unseen
TRAIN = {"put": 790, "look": 308, "clean": 650, "heat": 459, "cool": 533, "two": 813}
UNEVEN = [OFFICIAL, TRAIN, {"put": 40, "two": 2}]


@pytest.mark.parametrize("counts", [*UNEVEN, {"heat": 5}])
def test_the_mixed_order_has_every_game_once(counts):
    games = make_games(**counts)
    assert sorted(in_mixed_order(games)) == list(games)
    assert in_mixed_order(games[::-1]) == in_mixed_order(games)


@pytest.mark.parametrize("counts", UNEVEN)
def test_the_first_games_are_of_all_task_types(counts):
    assert tasks_of(in_mixed_order(make_games(**counts)))[: len(counts)] == list(counts)


@pytest.mark.parametrize("counts", UNEVEN)
def test_any_first_games_have_the_tasks_as_often_as_the_whole(counts):
    """None is two games ahead of its share, or behind it."""
    tasks, total = tasks_of(in_mixed_order(make_games(**counts))), sum(counts.values())
    for length in range(1, total + 1):
        found = Counter(tasks[:length])
        for task, count in counts.items():
            assert abs(found[task] - count * length / total) < 2.0


def test_within_a_task_objects_and_rooms_are_mixed():
    games = make_games(heat=60)
    things = [game.parent.parent.name for game in in_mixed_order(games)[:20]]
    assert len(set(things)) > 10  # sorted by name they are 7


def test_the_mixed_order_does_not_hang_on_where_the_games_are():
    games = make_games(**OFFICIAL)
    moved = tuple(Path("/elsewhere", game) for game in games)
    assert list(map(name_of_game, in_mixed_order(moved))) == list(map(name_of_game, in_mixed_order(games)))


def test_games_whose_folders_tell_no_task_are_in_the_order_too():
    games = (*make_games(put=2), Path("mine/a/game.tw-pddl"), Path("mine/b/game.tw-pddl"))
    assert sorted(in_mixed_order(games)) == sorted(games)
    assert in_mixed_order(()) == ()


# A download that was stopped


@pytest.mark.parametrize("split", ["train", ".", "json_2.1.1", "json_2.1.1/train", f"json_2.1.1/train/{TRIALS[0]}"])
def test_games_that_are_not_all_unpacked_are_not_played(root, split, monkeypatch):
    monkeypatch.chdir(root)
    assert list_games(root, split)
    (root / "json_2.1.1" / UNFINISHED).touch()
    with pytest.raises(DataNotFoundError, match=r"are not all there: `vlm-gym download alfworld` was interrupted"):
        list_games(root, split)


def test_the_official_splits_have_all_their_games(data_dir):
    assert len(list_games(data_dir, "valid_seen")) == 140
    assert len(list_games(data_dir, "train")) == 3553
