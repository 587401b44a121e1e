"""Finding the games of a split by the names of their folders."""

import pytest

from vlm_gym.errors import ConfigError, DataNotFoundError, VlmGymError
from vlm_gym.games.household.splits import find_data_dir, list_games

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
        ("train", ["heet"], "Did you mean 'heat'?"),
        ("train", "heat", "must be a sequence of"),
        ("train", [], "must be a sequence of"),
    ],
)
def test_a_wrong_word_is_an_error(root, split, tasks, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        list_games(root, split, tasks)


def test_the_official_splits_have_all_their_games(data_dir):
    assert len(list_games(data_dir, "valid_seen")) == 140
    assert len(list_games(data_dir, "train")) == 3553
