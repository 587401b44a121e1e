"""Runs by the providers' batch APIs, against strict stand-ins of them."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter

import openai_server
import pytest
from batch_servers import AnthropicBatchServer, OpenAIBatchServer, ResponsesBatchServer
from openai_server import OpenAIServer, error
from other_servers import anthropic_error, blocks, output

from vlm_gym.chat import ChatSettings
from vlm_gym.cli import main
from vlm_gym.errors import AgentRefusedError, RunError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.batches import batcher
from vlm_gym.evaluation.models.batches.services import SERVICES
from vlm_gym.evaluation.models.endpoint import EndpointSettings
from vlm_gym.evaluation.runs.episodes import EpisodeSpec
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns

SERVERS = {"openai": OpenAIBatchServer, "responses": ResponsesBatchServer, "anthropic": AnthropicBatchServer}
TASK = "vlm_gym/NumberLine-v0"
ANSWER = '{"action": "+"}'
ARGUMENTS = {"max_position": 2}  # short episodes
NUM_EPISODES = 4


BROKEN = {
    "openai": openai_server.BROKEN,
    "responses": openai_server.BROKEN,
    "anthropic": anthropic_error(500, "api_error", "Internal server error"),
}
BUSY = {
    "openai": openai_server.too_many(),
    "responses": error(503, "busy"),
    "anthropic": anthropic_error(529, "overloaded_error", "Overloaded"),
}
EMPTY = {
    "openai": openai_server.completion("", finish="content_filter"),
    "responses": output(status="incomplete", incomplete_details={"reason": "content_filter"}),
    "anthropic": blocks(stop="refusal"),
}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.001)
    monkeypatch.setattr(batcher, "QUIET_S", 0.03)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=list(SERVERS))
def prefix(request):
    return request.param


@pytest.fixture
def server(prefix):
    with SERVERS[prefix](answer=lambda request: ANSWER) as server:
        yield server


def play(prefix, server, folder, *, num_episodes=NUM_EPISODES, online=False, chat=None, **settings):
    """Play a run; return where it stands."""
    plan = Plan(tuple(EpisodeSpec(TASK, seed, ARGUMENTS) for seed in range(num_episodes)), chat=chat or ChatSettings())
    batches = {} if online else {"batches": folder / "batches", "poll_s": 0.002}
    own = EndpointSettings(**{"base_url": server.base_url, "max_retries": 3, **batches, **settings})

    async def playing():
        agent = make_agent(f"{prefix}:model", own)
        try:
            return await evaluate(folder, plan, agent, concurrency=num_episodes, is_resumed=True)
        finally:
            await agent.close()

    return asyncio.run(playing())


def turns_of(folder):
    """Return what was said and done, whatever it took."""
    return sorted((turn.episode, turn.turn, turn.answers, turn.reward, turn.is_cut_off) for turn in read_turns(folder))


def test_every_batch_api_is_tested_here():
    assert set(SERVERS) == set(SERVICES)


def test_one_turn_of_all_episodes_is_one_batch_and_scores_as_online(prefix, server, tmp_path):
    assert play(prefix, server, tmp_path / "online", online=True).is_complete
    progress = play(prefix, server, tmp_path / "batch", price_in=1.0, price_out=1.0)
    assert progress.is_complete
    assert turns_of(tmp_path / "batch") == turns_of(tmp_path / "online")
    left = Counter(turn.turn for turn in read_turns(tmp_path / "batch"))
    assert [len(job.requests) for job in server.jobs.values()] == [left[turn] for turn in sorted(left)]
    assert server.paths[server.path] == server.num_requests == len(turns_of(tmp_path / "online"))
    assert all(turn.prompt_tokens and turn.cost and turn.num_requests == 1 for turn in read_turns(tmp_path / "batch"))


def failing_once(fates):
    """Return a fate that each kind of failure gets in the first batch, by its place there."""
    return lambda job, key: fates.get(list(job.requests).index(key)) if job.name.endswith("_0") else None


@pytest.mark.parametrize("loss", ["expired", "lost", BUSY, EMPTY], ids=["expired", "lost", "busy", "filtered"])
def test_a_request_that_fails_is_in_the_next_batch(prefix, server, tmp_path, loss):
    server.fate = failing_once({0: loss if isinstance(loss, str) else loss[prefix], 3: BROKEN[prefix]})
    assert play(prefix, server, tmp_path / "run").is_complete
    assert play(prefix, server, tmp_path / "online", online=True).is_complete
    assert turns_of(tmp_path / "run") == turns_of(tmp_path / "online")
    first, second = list(server.jobs.values())[:2]
    assert len(set(first.requests) & set(second.requests)) == 2
    assert sum(turn.num_requests for turn in read_turns(tmp_path / "run")) == len(server.asked)


def test_what_fails_always_is_given_up_as_online_and_asked_again_when_resumed(prefix, server, tmp_path):
    server.fate = lambda job, key: BROKEN[prefix] if key == server.asked[0] else None
    (failure,) = play(prefix, server, tmp_path / "run", max_retries=2).failures
    assert "after 3 requests" in failure.reason
    assert Counter(server.asked)[server.asked[0]] == 3
    server.fate = lambda job, key: None
    assert play(prefix, server, tmp_path / "run").is_complete
    assert sum(number > 1 for number in Counter(server.asked).values()) == 1


def test_a_refusal_for_its_content_ends_one_episode(prefix, server, tmp_path):
    long = anthropic_error(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum")
    server.fate = failing_once({2: long})
    progress = play(prefix, server, tmp_path / "run")
    assert progress.is_complete
    assert progress.num_unplayable == 1
    assert [each.stopped for each in read_episodes(tmp_path / "run") if each.is_unplayable] == ["context"]


@pytest.mark.parametrize("prefix", ["anthropic"])
def test_a_wrong_model_ends_the_run(prefix, server, tmp_path):
    server.model = "another"
    with pytest.raises(AgentRefusedError, match="model"):
        play(prefix, server, tmp_path / "run")
    server.model = "model"
    assert play(prefix, server, tmp_path / "run").is_complete


def test_a_batch_that_is_cancelled_stops_the_run_and_is_not_paid_for_again_by_itself(prefix, server, tmp_path):
    server.fate = failing_once({0: "cancelled", 1: "cancelled"})
    with pytest.raises(AgentRefusedError, match="cancelled"):
        play(prefix, server, tmp_path / "run")
    assert len(server.asked) == NUM_EPISODES
    assert play(prefix, server, tmp_path / "run").is_complete
    asked = Counter(server.asked)
    assert sorted(asked.values(), reverse=True)[:3] == [2, 2, 1]


@pytest.mark.parametrize("prefix", ["openai", "responses"])
def test_a_cancelled_batch_may_say_nothing_of_its_rest(prefix, server, tmp_path):
    server.ends = lambda job: "cancelled" if job.name == "batch_0" else "completed"
    server.fate = lambda job, key: "lost" if job.name == "batch_0" else None
    with pytest.raises(AgentRefusedError, match="batch_0 was cancelled at the provider: --resume asks"):
        play(prefix, server, tmp_path / "run")
    assert play(prefix, server, tmp_path / "run").is_complete


@pytest.mark.parametrize("prefix", ["openai", "responses"])
def test_a_batch_that_expires_is_asked_for_again(prefix, server, tmp_path):
    server.ends = lambda job: "expired" if job.name == "batch_0" else "completed"
    assert play(prefix, server, tmp_path / "run").is_complete
    assert Counter(Counter(server.asked).values())[2] == NUM_EPISODES


@pytest.mark.parametrize("prefix", ["openai", "responses"])
def test_a_batch_that_the_provider_does_not_take_stops_the_run(prefix, server, tmp_path):
    server.ends = lambda job: "failed"
    with pytest.raises(AgentRefusedError, match=r"Enqueued token limit reached.*--concurrency N makes smaller batches"):
        play(prefix, server, tmp_path / "run")
    server.ends = lambda job: "completed"
    assert play(prefix, server, tmp_path / "run").is_complete


def test_a_lost_beginning_is_looked_for_and_not_paid_twice(prefix, server, tmp_path):
    number = 0 if prefix == "anthropic" else 1  # before it, OpenAI's file is uploaded
    server.drops = lambda seen: openai_server.DROPPED if seen == number else None
    assert play(prefix, server, tmp_path / "run").is_complete
    assert set(Counter(server.asked).values()) == {1}


def test_a_beginning_that_was_killed_is_looked_for_when_resumed(prefix, server, tmp_path):
    """The process ended after it had sent the batch, and before it knew the name."""
    server.drops = lambda seen: error(401, "no more") if seen >= 2 else None
    with pytest.raises(AgentRefusedError):
        play(prefix, server, tmp_path / "run")
    (path,) = (tmp_path / "run" / "batches").glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": None}))
    server.drops = lambda seen: None
    assert play(prefix, server, tmp_path / "run").is_complete
    assert set(Counter(server.asked).values()) == {1}


def test_a_beginning_that_never_was_is_sent_when_resumed(prefix, server, tmp_path):
    """The process ended after it had kept the batch, and before it sent it."""
    server.drops = lambda seen: error(401, "no more") if seen >= 2 else None
    with pytest.raises(AgentRefusedError):
        play(prefix, server, tmp_path / "run")
    (path,) = (tmp_path / "run" / "batches").glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": None}))
    server.jobs.clear()
    server.drops = lambda seen: None
    assert play(prefix, server, tmp_path / "run").is_complete
    assert set(Counter(server.asked).values()) == {1}


@pytest.mark.parametrize("prefix", ["anthropic"])
def test_short_outages_of_the_batch_api_are_outlived(prefix, server, tmp_path):
    server.drops = lambda seen: openai_server.BROKEN if seen % 3 == 2 else None
    assert play(prefix, server, tmp_path / "run").is_complete


def test_a_batch_api_that_is_not_there_stops_the_run(tmp_path):
    with OpenAIServer() as server, pytest.raises(AgentRefusedError, match=r"not found|Unknown request URL"):
        play("openai", server, tmp_path / "run")


@pytest.mark.parametrize("prefix", ["openai"])
def test_a_run_that_ends_between_results_and_turns_pays_for_nothing_twice(prefix, server, tmp_path):
    play(prefix, server, tmp_path / "run", num_episodes=4)
    lines = (tmp_path / "run" / "turns.jsonl").read_bytes().splitlines(keepends=True)
    whole = turns_of(tmp_path / "run")
    (tmp_path / "run" / "turns.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    (tmp_path / "run" / "episodes.jsonl").write_bytes(b"")
    num_asked = len(server.asked)
    assert play(prefix, server, tmp_path / "run", num_episodes=4).is_complete
    assert turns_of(tmp_path / "run") == whole
    assert len(server.asked) == num_asked


@pytest.mark.parametrize("prefix", ["openai"])
def test_answers_that_are_asked_for_again_are_in_the_next_batch(prefix, server, tmp_path):
    said = Counter()

    def answer(request):
        said["all"] += 1
        return "no action" if said["all"] <= NUM_EPISODES else ANSWER

    server.answer = answer
    assert play(prefix, server, tmp_path / "run", chat=ChatSettings(max_reasks=1)).is_complete
    assert all(turn.answers[0] == "no action" for turn in read_turns(tmp_path / "run") if turn.turn == 1)
    assert [len(job.requests) for job in server.jobs.values()][:2] == [NUM_EPISODES] * 2


@pytest.mark.parametrize("prefix", ["responses"])
def test_large_batches_are_parted(prefix, server, tmp_path, monkeypatch):
    monkeypatch.setattr(SERVICES[prefix], "max_requests", 3)
    assert play(prefix, server, tmp_path / "run").is_complete
    assert max(len(job.requests) for job in server.jobs.values()) == 3
    monkeypatch.setattr(SERVICES[prefix], "max_bytes", 10)  # less than any request: each goes alone
    assert play(prefix, server, tmp_path / "other").is_complete
    assert len(list(server.jobs.values())[-1].requests) == 1


@pytest.mark.parametrize("damage", ["{", "[]", '{"keys": 5}', '{"keys": [], "file": "", "name": null, "since_s": "x"}'])
@pytest.mark.parametrize("prefix", ["openai"])
def test_a_damaged_batch_is_named(server, prefix, tmp_path, damage):
    folder = tmp_path / "run" / "batches"
    folder.mkdir(parents=True)
    (folder / "000001.json").write_text(damage)
    with pytest.raises(RunError, match=r"000001\.json.*Delete it to ask, and pay, for its requests again"):
        play(prefix, server, tmp_path / "run")


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "x" * 300, "a?b"])
def test_a_name_that_would_lead_elsewhere_is_refused(tmp_path, name):
    with OpenAIBatchServer() as server:
        server.drops = lambda seen: openai_server.Response(body=json.dumps({"id": name}).encode())
        with pytest.raises(AgentRefusedError, match="names no file"):
            play("openai", server, tmp_path / "run")


WORDS = ["--task", "NumberLine-v0", "--arg", "max_position=2", "--episodes", "3"]


def test_the_command_tells_of_its_batches(prefix, server, tmp_path, capsys):
    server.num_looks = 2
    more = ["--base-url", server.base_url, "--out", str(tmp_path / "run"), "--batch", "--poll", "0.01"]
    assert main(["eval", "--agent", f"{prefix}:model", *WORDS, *more]) == 0
    told = capsys.readouterr().err
    name = next(iter(server.jobs))
    assert f"note: batch {name}: 3 requests sent" in told
    assert f"note: batch {name}: 0 of 3 requests done, in_progress" in told
    assert server.num_requests == 1  # the preflight, whose answer counts for no batch


@pytest.mark.parametrize(
    ("agent", "more", "message"),
    [
        ("random", [], "a provider's batch API, openai, responses, anthropic; not for the agent random"),
        ("openai:m", ["--executor", "ray"], "not for --executor ray"),
        ("openai:m", ["--poll", "0"], "--poll"),
    ],
)
def test_where_there_are_no_batches_it_is_said(tmp_path, capsys, agent, more, message):
    command = ["eval", "--agent", agent, *WORDS, "--out", str(tmp_path / "run"), "--batch", *more]
    try:
        status = main(command)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("prefix", ["anthropic"])
def test_a_run_that_is_killed_while_it_waits_goes_on_and_pays_for_nothing_twice(prefix, tmp_path):
    with SERVERS[prefix](answer=lambda request: ANSWER) as server:
        server.num_looks = 10**9  # it is not over before the run is killed
        arguments = ["eval", "--agent", f"{prefix}:model", *WORDS, "--base-url", server.base_url]
        arguments += ["--out", str(tmp_path / "run"), "--batch", "--poll", "0.05", "--no-preflight"]
        program = [sys.executable, "-m", "vlm_gym", *arguments]
        with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                while not any(job.num_looks for job in server.jobs.values()):
                    assert process.poll() is None
                    time.sleep(0.01)  # until the other process has begun to wait
            finally:
                process.kill()
        server.num_looks = 1
        assert main([*arguments, "--resume"]) == 0
        assert set(Counter(server.asked).values()) == {1}
        assert server.num_requests == 0
