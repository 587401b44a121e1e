"""The same games in other pictures: two tasks of one run, set side by side in the report."""

import json
from dataclasses import replace

import pytest
from sample_runs import play

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import OracleAgent, RandomAgent
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.runs.played import read_played_run
from vlm_gym.evaluation.scores.same_games import same_games
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.registration import TASKS, register_task

FIRST, LATER = "vlm_gym/Household-v0", "vlm_gym/Household-v1"
THERE = "thor/Household-v0"
NUM_GAMES = 12


@pytest.fixture(autouse=True)
def _photographed():
    """A task that says of itself that another program draws the games of Household-v0."""
    register_task(replace(TASKS[FIRST], id=THERE, same_games=FIRST))


def episodes(task, seeds=range(NUM_GAMES)):
    return [EpisodeSpec(task, seed, {"image_size": 84}, {"task_type": "put"}) for seed in seeds]


def run(folder, *specs, agent=None):
    with pytest.warns(match="too small to be read"):
        return play(folder / "run", agent or RandomAgent(), [spec for group in specs for spec in group])


@pytest.mark.parametrize("drawn", [FIRST, LATER])
def test_two_tasks_of_the_same_games_are_set_side_by_side(drawn, tmp_path):
    folder = run(tmp_path, episodes(drawn), episodes(THERE), agent=OracleAgent(0.5))
    (pair,) = same_games(read_played_run(folder))
    scores = {each.name: each for each in summarise(folder).tasks}
    assert pair.difference.num_episodes == NUM_GAMES
    assert pair.difference.success_a == scores[pair.drawn].success.value
    assert pair.difference.success_b == scores[pair.photographed].success.value
    assert pair.difference.success.value == pytest.approx(pair.difference.success_b - pair.difference.success_a)
    assert pair.drawn.startswith(drawn.removeprefix("vlm_gym/"))
    assert pair.photographed.startswith(THERE)


def test_only_games_that_were_played_in_both_count(tmp_path):
    folder = run(tmp_path, episodes(FIRST, range(6)), episodes(THERE, range(4, 9)))
    assert [pair.difference.num_episodes for pair in same_games(read_played_run(folder))] == [2]
    other = run(tmp_path / "other", episodes(FIRST, range(3)), episodes(THERE, range(5, 8)))
    assert same_games(read_played_run(other)) == ()


def test_tasks_of_other_games_are_not_set_beside(tmp_path):
    assert same_games(read_played_run(run(tmp_path, episodes(FIRST), episodes(LATER)))) == ()
    folder = run(tmp_path / "other", episodes("vlm_gym/Household-Unseen-v0"), episodes(THERE))
    assert same_games(read_played_run(folder)) == ()


def test_the_report_tells_it(tmp_path):
    folder = run(tmp_path, episodes(LATER), episodes(THERE))
    write_report([folder], tmp_path / "report.html")
    told = json.loads((tmp_path / "results.json").read_text())
    (pair,) = told["runs"][0]["same_games"]
    assert pair["difference"]["num_episodes"] == NUM_GAMES
    table = (tmp_path / "report.md").read_text()
    assert "## The same games in other pictures" in table
    assert f"| {NUM_GAMES} |" in table.split("## The same games in other pictures")[1].split("\n\n")[1]


def test_a_report_without_such_games_says_nothing_of_it(tmp_path):
    folder = run(tmp_path, episodes(FIRST, range(3)))
    write_report([folder], tmp_path / "report.html")
    assert "The same games" not in (tmp_path / "report.md").read_text()
