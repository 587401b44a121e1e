"""Shards and their merge: the same run as on one machine."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from recorded import results

from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.models.agents import OracleAgent, RandomAgent
from vlm_gym.evaluation.runs.merge import merge
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.evaluation.runs.plan import Plan, Shard, panel_of, planned_episodes
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import (
    EPISODES_FILE,
    TURNS_FILE,
    picture_path,
    read_episodes,
    read_run,
    read_turns,
)

CARDS = get_panel("cards-v0").first(3)
PLAN = Plan(CARDS.episodes, panel_of(CARDS))


def run(folder, plan=PLAN, agent=None, **more):
    return asyncio.run(evaluate(folder, plan, agent or RandomAgent(), **more))


@pytest.fixture
def shards(tmp_path):
    """Three folders of shards that are finished."""
    folders = [tmp_path / f"shard-{i}" for i in (1, 2, 3)]
    for i, folder in enumerate(folders, start=1):
        assert run(folder, replace(PLAN, shard=Shard(i, 3))).is_complete
    return folders


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The results of the run on one machine."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder)
    return results(folder)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 18, 40])
def test_every_episode_is_in_one_shard(count):
    shards = [Shard(i + 1, count).of(PLAN.episodes) for i in range(count)]
    assert sorted(episode.key for shard in shards for episode in shard) == sorted(each.key for each in PLAN.episodes)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_shards_merge_into_the_run_of_one_machine(tmp_path, shards, whole):
    merged = merge(shards, tmp_path / "run")
    assert (merged.num_episodes, merged.missing) == (18, ())
    assert results(tmp_path / "run") == whole
    told = read_run(tmp_path / "run")
    assert told["shard"] is None
    assert planned_episodes(told) == PLAN.episodes
    assert run(tmp_path / "run", is_resumed=True).is_complete
    assert not (tmp_path / "run.part").exists()


def test_episodes_are_merged_in_the_order_of_the_plan(tmp_path, shards):
    merge(shards[::-1], tmp_path / "run")
    assert [episode.episode for episode in read_episodes(tmp_path / "run")] == [each.key for each in PLAN.episodes]


def test_a_merge_without_a_shard_names_what_is_missing_and_can_be_resumed(tmp_path, shards, whole):
    merged = merge([shards[0], shards[2]], tmp_path / "run")
    assert merged.missing == tuple(episode.key for episode in Shard(2, 3).of(PLAN.episodes))
    assert run(tmp_path / "run", is_resumed=True).is_complete
    assert results(tmp_path / "run") == whole


def test_half_played_episodes_are_merged_too(tmp_path, shards, whole):
    (shards[1] / EPISODES_FILE).write_bytes(b"")
    turns = (shards[1] / TURNS_FILE).read_bytes().splitlines(keepends=True)
    (shards[1] / TURNS_FILE).write_bytes(b"".join(turns[:-3]))
    merged = merge(shards, tmp_path / "run")
    assert len(merged.missing) == 6
    assert len(read_turns(tmp_path / "run")) == len(whole[0]) - 3
    run(tmp_path / "run", is_resumed=True)
    assert results(tmp_path / "run") == whole


def test_a_merge_may_be_merged_again_and_the_finished_episode_is_kept(tmp_path, shards, whole):
    merge(shards[:2], tmp_path / "two")
    merge([shards[0], tmp_path / "two", shards[2]], tmp_path / "run")
    assert results(tmp_path / "run") == whole


def test_different_results_of_an_episode_are_refused(tmp_path, shards):
    path = shards[0] / EPISODES_FILE
    path.write_text(path.read_text().replace('"is_success": false', '"is_success": true'))
    run(tmp_path / "again", replace(PLAN, shard=Shard(1, 3)))
    with pytest.raises(RunError, match=r"shard-1 and .*again hold different results of the episode .*: leave one"):
        merge([shards[0], tmp_path / "again"], tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("plan", "agent", "difference"),
    [
        (PLAN, OracleAgent(), 'agent.name: "random" there, "oracle" here'),
        (replace(PLAN, parser="tagged"), RandomAgent(), 'parser: "json" there, "tagged" here'),
        (replace(PLAN, episodes=PLAN.episodes[:6]), RandomAgent(), "episodes: 18 there, 6 here"),
    ],
)
def test_shards_of_different_runs_are_refused(tmp_path, shards, plan, agent, difference):
    run(tmp_path / "other", plan, agent)
    with pytest.raises(RunError) as refusal:
        merge([shards[0], tmp_path / "other"], tmp_path / "run")
    assert "are not shards of one run" in str(refusal.value)
    assert difference in str(refusal.value)


def test_a_folder_that_is_no_run_or_that_is_full_is_refused(tmp_path, shards):
    with pytest.raises(RunError, match="is not a run of `vlm-gym eval`"):
        merge([tmp_path / "nothing"], tmp_path / "run")
    with pytest.raises(RunError, match="holds something already: choose another --out"):
        merge(shards[:2], shards[2])
    with pytest.raises(ConfigError, match="a merge needs one run's folder or more"):
        merge([], tmp_path / "run")


def test_a_file_in_the_way_is_left_alone(tmp_path, shards):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="holds something already: choose another --out"):
        merge(shards, tmp_path / "file")
    assert (tmp_path / "file").is_file()


def test_the_working_directory_is_no_new_folder(tmp_path, shards, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"expected its name, got '\.'"):
        merge(shards, Path())


def test_a_picture_that_is_missing_is_named_and_nothing_is_written(tmp_path, shards):
    name = read_turns(shards[1])[0].picture
    picture_path(shards[1], name).unlink()
    with pytest.raises(RunError, match=f"cannot copy .*{name}.png: No such file"):
        merge(shards[1:], tmp_path / "run")
    assert not (tmp_path / "run").exists()
