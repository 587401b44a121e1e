"""A run of a split of ALFWorld by `--task`: all of its games, which ones, and the floor beside its score."""

import json
import re
from pathlib import Path

import pytest
from home_games import COUNTS, write_split

from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import RunError
from vlm_gym.evaluation.report.film import find_episode, make_frames
from vlm_gym.evaluation.runs.episodes import task_episodes
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_run
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.registration import TASKS

NUM_GAMES = sum(COUNTS.values())
SEEN, UNSEEN, TRAIN = (f"vlm_gym/ALFWorld-{name}v0" for name in ("ValidSeen-", "ValidUnseen-", ""))
SMALL = ("--arg", "image_size=84")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with three splits of generated homes, and the names of the games of each."""
    root = tmp_path_factory.mktemp("alfworld")
    return root, {split: write_split(root, split) for split in ("train", "valid_seen", "valid_unseen")}


@pytest.fixture(autouse=True)
def _data(data, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(data[0]))


def run(folder, *arguments, agent="oracle"):
    """Play with the command; return what was played."""
    assert main(["eval", "--agent", agent, *SMALL, *arguments, "--out", str(folder)]) == 0
    return list(read_episodes(folder))


@pytest.mark.parametrize(("task", "split"), [(SEEN, "valid_seen"), (UNSEEN, "valid_unseen")])
def test_a_split_in_order_is_played_whole_and_says_so(task, split, data, tmp_path, capsys):
    episodes = run(tmp_path, "--task", task)
    assert sorted(episode.labels["game"] for episode in episodes) == data[1][split]
    assert f"all of its {NUM_GAMES} games, each once" in capsys.readouterr().err


@pytest.mark.parametrize(
    "chosen",
    [
        ("--arg", "order=sequential"),
        ("--arg", "order=sequential", "--arg", "split=eval_out_of_distribution"),
        ("--arg", "order=sequential", "--arg", "task_types=[3, 6]"),
    ],
)
def test_so_is_any_other_task_that_plays_its_games_in_order(chosen, tmp_path):
    plan = [item["options"]["game"] for item in planned(tmp_path, "--task", TRAIN, *chosen)]
    expected = COUNTS["clean"] + COUNTS["two"] if "task_types=[3, 6]" in chosen else NUM_GAMES
    assert len(set(plan)) == len(plan) == expected


def planned(folder, *arguments):
    """Return the episodes that a run plans, without playing them to their end."""
    main(["eval", "--agent", "random", *SMALL, *arguments, "--out", str(folder), "--shard", "1/18"])
    return read_run(folder)["episodes"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (6, f"6 of its {NUM_GAMES} games, task types mixed"),
        (20, f"20 episodes of its {NUM_GAMES} games, which are played"),
    ],
)
def test_a_number_of_episodes_is_said_beside_that_of_the_games(number, said, tmp_path, capsys):
    plan = planned(tmp_path, "--task", SEEN, "--episodes", str(number))
    assert len(plan) == number
    assert said in capsys.readouterr().err


def test_the_first_games_of_a_split_are_of_all_task_types(tmp_path):
    episodes = run(tmp_path, "--task", UNSEEN, "--episodes", "6")
    assert {episode.labels["task_type"] for episode in episodes} == set(TASK_TYPES)


def test_a_seed_begins_elsewhere_and_still_plays_all(data, tmp_path):
    plan = planned(tmp_path, "--task", SEEN, "--seed", "5")
    assert [item["seed"] for item in plan] == list(range(5, 5 + NUM_GAMES))
    assert sorted(item["options"]["game"] for item in plan) == data[1]["valid_seen"]


def test_the_parts_of_a_run_play_all_games_together(data):
    episodes, num_starts = task_episodes(SEEN, {}, first_seed=0, number=None, num_drawn=100)
    assert num_starts == len(episodes) == NUM_GAMES
    parts = [{episode.options["game"] for episode in episodes[i::3]} for i in range(3)]
    assert set.union(*parts) == set(data[1]["valid_seen"])


def test_a_task_that_draws_its_starts_plays_the_usual_number(tmp_path, capsys):
    assert len(planned(tmp_path, "--task", "NumberLine-v0")) == 100
    assert "of its" not in capsys.readouterr().err


def test_options_are_for_every_episode(data, tmp_path):
    game = data[1]["valid_seen"][3]
    episodes = run(tmp_path, "--task", SEEN, "--options", json.dumps({"game": game}), "--episodes", "2")
    assert [episode.labels["game"] for episode in episodes] == [game, game]


# Which game was played


def test_a_run_names_its_games_though_they_were_drawn(data, tmp_path):
    episodes = run(tmp_path, "--task", TRAIN, "--episodes", "3")
    assert all(episode.options is None for episode in episodes)
    for episode in episodes:
        info = EpisodeSpec(TRAIN, episode.seed, episode.arguments).make().reset(seed=episode.seed)[1]
        assert episode.labels == {"task_type": info["task_type"], "game": info["game"]}
        assert info["game"] in data[1]["train"]


def test_generated_homes_have_names_too(tmp_path):
    (episode,) = run(tmp_path, "--task", "Household-v0", "--episodes", "1")
    assert episode.labels["game"].split("-")[1] == episode.labels["task_type"]


def test_a_task_without_kinds_and_games_has_no_labels(tmp_path):
    (episode,) = run(tmp_path, "--task", "NumberLine-v0", "--episodes", "1")
    assert episode.labels == {}


def test_the_report_and_the_film_name_the_game(data, tmp_path):
    episodes = run(tmp_path / "run", "--task", SEEN, "--episodes", "2")
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "run"), "--out", str(page)]) == 0
    for episode in episodes:
        assert episode.labels["game"] in page.read_text()
        played = find_episode(tmp_path / "run", episode.labels["game"])
        assert played.episode == episode
        *_, last = make_frames(tmp_path / "run", played)
        other = played.episode.labels | {"game": "another/game"}
        *_, renamed = make_frames(tmp_path / "run", type(played)(with_labels(episode, other), played.turns))
        assert last.tobytes() != renamed.tobytes()
    with pytest.raises(RunError, match="or the name of its game"):
        find_episode(tmp_path / "run", "nothing")


def with_labels(episode, labels):
    return type(episode)(**{**vars(episode), "labels": labels})


def test_a_run_that_another_copy_of_the_games_would_change_is_refused(tmp_path, monkeypatch, capsys):
    """Episodes are named by game, not by their place in whatever list of games is on a machine."""
    command = ["eval", "--agent", "random", *SMALL, "--task", SEEN, "--shard", "1/9", "--out", str(tmp_path / "run")]
    assert main(command) == 0
    write_split(tmp_path / "other", "valid_seen", {**COUNTS, "heat": 1})
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path / "other"))
    assert main([*command, "--resume"]) == 2
    assert f"episodes: {NUM_GAMES} there, {NUM_GAMES - 2} here" in capsys.readouterr().err


# The floor


def test_the_table_in_the_docs_has_the_floors_of_the_ids():
    page = (Path(__file__).parents[3] / "docs" / "environments.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(ALFWorld-.*?)` .*\| ([0-9.]+) \([0-9.]+-[0-9.]+\) \|", page, flags=re.MULTILINE))
    ids = [name for name, task in TASKS.items() if task.needs_data and task.random_success and not task.same_rules]
    assert {f"vlm_gym/{name}": float(floor) for name, floor in told.items()} == {
        name: pytest.approx(100 * TASKS[name].random_success) for name in ids
    }


@pytest.mark.parametrize("arguments", [(), ("--arg", "order=sequential"), ("--arg", "labels=false")])
def test_a_split_whose_types_are_not_measured_has_the_floor_of_the_whole(arguments, tmp_path):
    assert not TASKS[UNSEEN].random_by_type
    run(tmp_path, "--task", UNSEEN, *arguments)
    summary = summarise(tmp_path)
    assert summary.tasks[0].floor == TASKS[UNSEEN].random_success == 0.0036
    assert not summary.tasks[0].is_floor_exact
    assert {scores.floor for scores in summary.labels} == {None}


@pytest.mark.parametrize("more", ["split=valid_seen", "task_types=[4]"])
def test_it_has_none_where_other_games_are_played(more, tmp_path):
    run(tmp_path, "--task", UNSEEN, "--episodes", "2", "--arg", more)
    assert summarise(tmp_path).tasks[0].floor is None


def test_a_task_type_keeps_its_floor_where_only_it_is_played(tmp_path):
    run(tmp_path, "--task", SEEN, "--arg", "task_types=[2]")
    assert summarise(tmp_path).tasks[0].floor == pytest.approx(TASKS[SEEN].random_by_type["look"])
