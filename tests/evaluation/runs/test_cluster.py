"""The same episodes on a Ray cluster of two workers on this machine."""

import asyncio
import os
import sys
from functools import partial

import pytest
from cluster_agents import CountingAgent, DefectiveAgent, DyingAgent, FailingAgent, RefusingAgent, impossible
from recorded import results

from vlm_gym.errors import AgentRefusedError, ConfigError
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.agents import RandomAgent
from vlm_gym.evaluation.runs.cluster import ClusterPlayer
from vlm_gym.evaluation.runs.limits import Limits
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.evaluation.runs.plan import Plan, panel_of
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_run, read_turns

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'vlm-gym[ray]'")
pytestmark = pytest.mark.slow

CARDS = get_panel("cards-v0").first(3)
PLAN = Plan(CARDS.episodes, panel_of(CARDS))
STORE_BYTES = 100 * 2**20


@pytest.fixture(scope="module", autouse=True)
def _cluster():
    """Start a cluster with room for two workers, which find what the tests find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            address="local",
            num_cpus=2,
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
        yield
        ray.shutdown()


def run(folder, make, **more):
    async def playing():
        player = ClusterPlayer(make, PLAN, num_workers=2)
        try:
            return await evaluate(folder, PLAN, player, **more)
        finally:
            await player.close()

    return asyncio.run(playing())


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The results of a run in this process."""
    folder = tmp_path_factory.mktemp("local")
    asyncio.run(evaluate(folder, PLAN, RandomAgent()))
    return results(folder)


def test_a_cluster_records_what_one_process_records(tmp_path, local):
    assert run(tmp_path, partial(make_agent, "random")).is_complete
    assert results(tmp_path) == local
    assert read_run(tmp_path)["agent"] == {"name": "random"}


def test_a_run_may_go_on_elsewhere(tmp_path):
    reference = tmp_path / "reference"
    asyncio.run(evaluate(reference, PLAN, CountingAgent()))
    folder = tmp_path / "run"
    stopped = asyncio.run(evaluate(folder, PLAN, CountingAgent(), limits=Limits(max_requests=20)))
    assert not stopped.is_complete
    stopped = run(folder, CountingAgent, limits=Limits(max_requests=50), is_resumed=True)
    assert stopped.stopped_by is not None
    assert 50 <= stopped.num_turns < 80
    assert asyncio.run(evaluate(folder, PLAN, CountingAgent(), is_resumed=True)).is_complete
    assert results(folder) == results(reference)


def test_a_failure_is_that_of_its_episode(tmp_path):
    progress = run(tmp_path, FailingAgent)
    assert {failure.reason for failure in progress.failures} == {"the server is down"}
    assert progress.num_done + len(progress.failures) == progress.num_episodes


def test_a_worker_that_dies_is_started_again(tmp_path, local):
    make = partial(DyingAgent, str(tmp_path / "died"))
    progress = run(tmp_path / "run", make, concurrency=2)
    assert len(progress.failures) in (1, 2)
    assert "a worker of the Ray cluster died" in progress.failures[0].reason
    assert run(tmp_path / "run", make, is_resumed=True).is_complete
    assert results(tmp_path / "run") == local


def test_a_refusal_stops_the_run(tmp_path):
    with pytest.raises(AgentRefusedError, match=r"^the key is wrong$"):
        run(tmp_path, RefusingAgent)


def test_a_defect_of_an_agent_is_raised(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, DefectiveAgent)
    assert read_turns(tmp_path) == []


def test_an_agent_that_cannot_be_made_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot make the agent: (.|\n)*there is no such model"):
        run(tmp_path, impossible)


def test_more_workers_than_there_is_room_for_are_refused():
    with pytest.raises(ConfigError, match="the Ray cluster has room for 2 workers, expected 3"):
        ClusterPlayer(RandomAgent, PLAN, num_workers=3)
    with pytest.raises(ConfigError, match="the Ray cluster has room for 0 workers, expected at least 1"):
        ClusterPlayer(RandomAgent, PLAN, gpus_per_worker=1)
