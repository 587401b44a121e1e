"""The first request: what would fail in every episode is found before anything is played."""

import asyncio

import pytest
from openai_server import OpenAIServer, completion, error

from vlm_gym.chat import ChatSettings
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentRefusedError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.agents import RandomAgent
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.preflight import longest_telling
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns
from vlm_gym.registration import TASKS
from vlm_gym.rollout import Rollout

PLUS = '{"action": "+"}'


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def play(folder, server, *more, episodes=6):
    arguments = ["eval", "--agent", "openai:model", "--base-url", server.base_url, "--task", "NumberLine-v0"]
    return main([*arguments, "--episodes", str(episodes), "--out", str(folder), "--resume", *more])


def images(request):
    contents = (message["content"] for message in request["messages"] if isinstance(message["content"], list))
    return sum(part["type"] == "image_url" for content in contents for part in content)


def text_only(request):
    words = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
    return error(500, words) if images(request) else PLUS


def without(field, words, code=None):
    return lambda request: error(400, words, code) if field in request else PLUS


FOUND = {
    "no pictures": (text_only, ["--max-tokens", "9"], "reads no pictures .* --show text"),
    "no temperature": (
        without("temperature", "Unsupported value: 'temperature' does not support 0.0 with this model."),
        ["--temperature", "0"],
        "a first request is not answered, so nothing was played: .* Leave out --temperature",
    ),
    "no max_tokens": (
        without("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        [],
        "Try --max-tokens-field max_completion_tokens",
    ),
    "too many tokens": (
        without("max_tokens", "max_tokens is too large: 99999. This model supports at most 4096 completion tokens."),
        ["--max-tokens", "99999"],
        "--max-tokens N asks for fewer",
    ),
    "no seed": (without("seed", "Unrecognized argument: seed"), ["--sampling-seed", "3"], "--sampling-seed"),
    "a short context": (
        lambda request: error(400, "This model's maximum context length is 99 tokens."),
        [],
        "not even an episode's first request fits, so nothing was played: .* --max-tokens N leaves more room",
    ),
    "one picture": (
        lambda request: error(400, "At most 1 image(s) may be provided.") if images(request) > 1 else PLUS,
        ["--history", "all"],
        "--history-no-pictures",
    ),
    "a missing model": (lambda request: error(404, "no such model", "model_not_found"), [], "knows no such model"),
    "an unknown end": (lambda request: completion(PLUS, finish="fin"), [], "--finish-reason fin=finished"),
    "a body that is none": (lambda request: error(422, "[{'loc': 'body'}]"), [], "does not take the request"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "more", "message"), FOUND.values(), ids=FOUND)
def test_what_fails_in_every_episode_is_found_once_and_said_with_what_helps(tmp_path, capsys, answer, more, message):
    import re

    with OpenAIServer(answer=answer) as server:
        assert play(tmp_path / "run", server, "--max-retries", "0", *more) == 2
        assert server.num_requests == 1
    told = capsys.readouterr().err
    assert re.search(message, told.replace("\n", " "))
    assert "Traceback" not in told
    assert not read_turns(tmp_path / "run")


def test_the_first_request_is_the_first_turn_and_paid_for_once(tmp_path):
    with OpenAIServer(answer=lambda request: PLUS) as server:
        assert play(tmp_path / "run", server, "--sampling-seed", "7", "--concurrency", "1") == 0
        first = server.num_requests
        assert play(tmp_path / "other", server, "--sampling-seed", "7", "--concurrency", "1", "--no-preflight") == 0
    assert first == server.num_requests - first == sum(turn.num_requests for turn in read_turns(tmp_path / "run"))
    assert [request["seed"] for request in server.requests[:first]] == [
        request["seed"] for request in server.requests[first:]
    ]


def test_the_longest_telling_is_sent_where_past_turns_are_shown(tmp_path):
    with OpenAIServer(answer=lambda request: PLUS) as server:
        assert play(tmp_path / "run", server, "--history", "all", "--max-reasks", "1") == 0
    sizes = [len(request["messages"]) for request in server.requests]
    assert sizes[0] == max(sizes) == 2 * 9 + 1 + 2  # nine turns before the tenth, and one asked again
    assert images(server.requests[0]) == 10


def test_a_context_too_short_for_the_longest_is_a_note_and_the_run_goes_on(tmp_path, capsys):
    long = error(400, "This model's maximum context length is 512 tokens.")
    with OpenAIServer(answer=lambda request: long if len(request["messages"]) > 7 else PLUS) as server:
        assert play(tmp_path / "run", server, "--history", "all") == 0
    told = capsys.readouterr().err
    assert "note: a request with all turns that an episode may have to show, 19 messages, does not fit" in told
    assert "--token-budget N or --history K leaves out the oldest turns" in told
    assert len(read_episodes(tmp_path / "run")) == 6


def test_a_first_request_that_is_filtered_is_a_note(tmp_path, capsys):
    flagged = error(403, "The model requires moderation and your input was flagged.")
    with OpenAIServer(plan=lambda number: flagged if number < 1 else None, answer=lambda request: PLUS) as server:
        assert play(tmp_path / "run", server) == 0
    assert "note: a first request was not answered for its content" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        (
            completion("half", finish="length"),
            "note: the first answer was cut off at the token limit: see --max-tokens",
        ),
        (completion(None, reasoning_content="hm"), "note: the first answer is empty: a model that reasons first"),
    ],
)
def test_a_first_answer_that_is_none_is_a_note(tmp_path, capsys, reply, note):
    with OpenAIServer(answer=lambda request: reply) as server:
        assert play(tmp_path / "run", server, episodes=1) == 0
    assert note in capsys.readouterr().err


def test_a_run_that_has_nothing_new_to_play_asks_nothing(tmp_path):
    with OpenAIServer(answer=lambda request: PLUS) as server:
        play(tmp_path / "run", server)
        num_requests = server.num_requests
        assert play(tmp_path / "run", server) == 0
        assert server.num_requests == num_requests


def test_of_several_tasks_the_longest_is_asked_first():
    """The task with the most turns, since all past turns are shown."""
    tasks = [EpisodeSpec(f"vlm_gym/{name}-v0", 0) for name in ("EZPointsFormula", "Points24", "NumberLine")]
    plan = Plan(tuple(tasks), chat=ChatSettings(history="all", system="You play."))

    async def run(folder):
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url))
        try:
            await evaluate(folder, plan, agent, on_check=lambda note: None)
        finally:
            await agent.close()

    import tempfile
    from pathlib import Path

    with OpenAIServer(answer=lambda request: "hm") as server, tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
    assert len(server.requests[0]["messages"]) == 1 + 2 * 19 + 1


@pytest.mark.parametrize("task", [name for name, task in TASKS.items() if "ALFWorld" not in name])
def test_the_longest_telling_of_every_task_can_be_made(task):
    rollout = Rollout(ChatSettings(history="all"))
    telling = longest_telling(rollout, EpisodeSpec(task, 0))
    short = longest_telling(Rollout(), EpisodeSpec(task, 0))
    assert telling.num_tokens >= short.num_tokens > 0
    assert short.num_answers == 0
    rollout.close()


def test_agents_without_a_server_are_not_asked(tmp_path):
    notes = []
    plan = Plan((EpisodeSpec("vlm_gym/NumberLine-v0", 0),))
    assert asyncio.run(evaluate(tmp_path / "run", plan, RandomAgent(), on_check=notes.append)).is_complete
    assert notes == []


def test_without_a_check_the_first_answer_tells_and_a_refused_run_leaves_no_folder(tmp_path):
    plan = Plan((EpisodeSpec("vlm_gym/NumberLine-v0", 0),))

    async def run():
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url, max_retries=0))
        try:
            return await evaluate(tmp_path / "run", plan, agent)
        finally:
            await agent.close()

    with OpenAIServer(answer=text_only) as server, pytest.raises(AgentRefusedError, match="reads no pictures"):
        asyncio.run(run())
    assert not (tmp_path / "run").exists()
