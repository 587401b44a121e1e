"""ALFWorld-v0, on the official games."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import get_args

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import ConfigError, DataNotFoundError
from vlm_gym.envs.household.alfworld import TIMEOUTS, EngineName
from vlm_gym.games.household.splits import find_data_dir, list_games

ALFWORLD = "vlm_gym/ALFWorld-v0"


@pytest.fixture(autouse=True, scope="module")
def _games():
    try:
        find_data_dir()
    except DataNotFoundError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI unpacks the official games first: {error}")
        pytest.skip(str(error))


def make(**arguments):
    return gym.make(ALFWORLD, disable_env_checker=True, **{"split": "valid_seen", **arguments})


def test_sequential_order_plays_every_game_once():
    env = make(order="sequential")
    infos = [env.reset(seed=0)[1], *(env.reset()[1] for _ in range(139))]
    names = [info["game"] for info in infos]
    assert len(set(names)) == 140
    assert [info["task_type"] for info in infos[:6]] == ["put", "look", "clean", "heat", "cool", "two"]
    assert env.reset()[1]["game"] == names[0]
    assert env.reset(seed=141)[1]["game"] == names[1]


@pytest.mark.parametrize(("split", "column"), [("train", 4), ("valid_seen", 5)])
def test_the_table_in_the_docs_counts_the_games_of_each_task(split, column):
    page = (Path(__file__).parents[3] / "docs" / "environments.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip(" `") for cell in row.split("|")[1:-1]] for row in re.findall(r"^\| [1-6] \|.*", page, re.MULTILINE)
    ]
    assert [int(row[column]) for row in rows] == [len(list_games(split=split, task_types=[row[2]])) for row in rows]
    assert [list_games(split=split, task_types=[int(row[0])]) for row in rows] == [
        list_games(split=split, task_types=[row[1]]) for row in rows
    ]


def test_a_seed_of_numpy_chooses_the_same_game():
    env = make(order="sequential")
    assert [env.reset(seed=np.int64(seed))[1]["game"] for seed in (5, 0)] == [
        env.reset(seed=seed)[1]["game"] for seed in (5, 0)
    ]


@pytest.mark.parametrize(
    "arguments", [{"split": None}, {"split": 5}, {"split": ""}, {"split": "x" * 5000}, {"split": "~"}, {"data_dir": 5}]
)
def test_a_wrong_place_is_named(arguments):
    with pytest.raises(ConfigError, match=r"split must be one of|data_dir must be"):
        make(**arguments)


def test_a_game_can_be_chosen_by_name_and_by_file():
    env = make()
    name = env.reset(seed=0)[1]["game"]
    path = next(game for game in env.unwrapped.games if str(game).find(name) >= 0)
    for chosen in (name, str(path), path):
        assert env.reset(options={"game": chosen})[1]["game"] == name


def test_an_unknown_game_is_named():
    with pytest.raises(ConfigError, match=r"options\['game'\] must be a game of this split, as '.*got 'nothing'"):
        make().reset(options={"game": "nothing"})
    with pytest.raises(ConfigError, match=r"options\['game'\] must be a game of this split"):
        make().reset(options={"game": "x" * 5000})
    with pytest.raises(ConfigError, match=r"options\['game'\] must be the name of a game .*got 3"):
        make().reset(options={"game": 3})


def test_a_split_may_be_any_folder(tmp_path):
    env = make()
    source = env.unwrapped.games[0].parent
    target = tmp_path / "mine" / source.parent.name / source.name
    shutil.copytree(source, target)
    mine = make(split=str(tmp_path / "mine"))
    assert [mine.reset(seed=0)[1]["game"]] == [f"{source.parent.name}/{source.name}"]


def test_tasks_can_be_chosen():
    env = make(task_types=["heat"], order="sequential")
    assert len(env.unwrapped.games) == 16
    assert env.reset(seed=0)[1]["task_type"] == "heat"


def test_missing_data_says_how_to_get_it(tmp_path):
    with pytest.raises(DataNotFoundError, match="vlm-gym download alfworld"):
        make(data_dir=str(tmp_path))
    with pytest.raises(DataNotFoundError, match="no game of the tasks"):
        make(split=str(tmp_path))
    with pytest.raises(ConfigError, match=r"split must be one of .*, 'a folder with games'; got '.*nowhere'"):
        make(split=str(tmp_path / "nowhere"))


def test_a_damaged_game_is_named(tmp_path):
    env = make()
    content = env.unwrapped.games[0].read_text()
    for name, text in (("cut", content[:1000]), ("foreign", json.dumps({"hello": 1})), ("empty", "")):
        path = tmp_path / name / "trial" / "game.tw-pddl"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        with pytest.raises(ConfigError, match=f"{name}/trial/game.tw-pddl"):
            env.reset(options={"game": str(path)})


@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")
def test_the_oracle_wins_every_game_of_valid_seen():
    env = make(order="sequential", parser="json", image_size=84)
    env.reset(seed=0)
    for _ in range(140):
        terminated = False
        while not terminated:
            *_, terminated, truncated, info = env.step(json.dumps({"action": env.unwrapped.oracle_action()}))
            assert not truncated
        assert info["is_success"]
        env.reset()


@pytest.mark.parametrize("engine", get_args(EngineName))
@pytest.mark.parametrize("name", TIMEOUTS)
def test_timeouts_are_numbers_of_seconds_for_the_engines_that_wait(engine, name):
    with pytest.raises(ConfigError, match=f"{name} (must be a number of seconds|is for the engines that play in)"):
        make(engine=engine, **{name: 0})
    if engine == "symbolic":
        with pytest.raises(ConfigError, match=f"{name} is for the engines that play in another process"):
            make(engine=engine, **{name: 5.0})
    else:
        assert make(engine=engine, **{name: 5.0}).unwrapped.engine == engine


@pytest.mark.parametrize("arguments", [{"theme": "night"}, {"labels": False}])
def test_arguments_about_drawings_are_refused_where_ai2thor_draws(arguments):
    with pytest.raises(ConfigError, match="is about drawn pictures, and AI2-THOR's are as they are"):
        make(engine="thor", **arguments)
