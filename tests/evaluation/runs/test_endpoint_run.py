"""Whole runs against an endpoint: nothing is lost, and nothing counted twice."""

import asyncio
import random
from dataclasses import replace

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletionMessageParam
from openai_server import BROKEN, DROPPED, HALF, HANGING, HTML, NO_CHOICE, OpenAIServer, error, too_many

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentRefusedError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns
from vlm_gym.messages import Message, to_openai

TASK, ARGUMENTS = "vlm_gym/NumberLine-v0", {"max_position": 3}
FAILURES = (too_many("0.01"), BROKEN, DROPPED, HALF, NO_CHOICE, HTML, error(503, "Overloaded"))
STYLES = ('{{"action": "{0}"}}', 'Well... I think:\n```json\n{{"thoughts": "hm", "action": "{0}"}}\n```', "no idea")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.01)


@pytest.fixture(scope="module")
def table():
    """What the server knows: for each picture of a number line an answer, wrong or unreadable for some of them."""
    answers = {}
    env = EpisodeSpec(TASK, 0, ARGUMENTS).make()
    for i, (position, target) in enumerate((p, t) for p in range(4) for t in range(4) if p != t):
        picture, _ = env.reset(options={"position": position, "target": target})
        action = "+" if (target > position) != (i == 4) else "-"
        answers[Message("user", "", picture).picture_url] = STYLES[i % 3 if i < 9 else 0].format(action)
    return answers


def plan(num_episodes):
    return Plan(tuple(EpisodeSpec(TASK, seed, ARGUMENTS) for seed in range(num_episodes)))


def answering(table):
    return lambda request: table[request["messages"][-1]["content"][0]["image_url"]["url"]]


def play(folder, server, num_episodes, concurrency=64, **settings):
    """Play a run; return where it stands."""

    async def run():
        settings_ = EndpointSettings(**{"base_url": server.base_url, "max_retries": 30, **settings})
        agent = EndpointAgent("model", settings_)
        try:
            return await evaluate(
                folder, plan(num_episodes), agent, concurrency=concurrency, is_resumed=folder.exists()
            )
        finally:
            await agent.close()

    return asyncio.run(run())


def scores(folder):
    """Return all that was recorded of the episodes but the time and requests they took."""
    episodes = {each.episode: replace(each, latency_s=0.0, num_requests=0) for each in read_episodes(folder)}
    assert len(episodes) == len(read_episodes(folder))
    return episodes


def a_third(number):
    """Fail a third of the requests, each in its own way; one in a hundred hangs."""
    rng = random.Random(number)
    if rng.random() < 0.01:
        return HANGING
    return rng.choice(FAILURES) if rng.random() < 1 / 3 else None


@pytest.mark.slow
def test_a_server_that_fails_a_third_of_the_requests_changes_no_score(tmp_path, table):
    with OpenAIServer(answer=answering(table)) as healthy:
        play(tmp_path / "healthy", healthy, 500)
    with OpenAIServer(answer=answering(table), plan=a_third) as failing:
        progress = play(tmp_path / "failing", failing, 500, timeout_s=3.0)
    assert progress.is_complete
    assert progress.failures == ()
    expected = scores(tmp_path / "healthy")
    assert len(expected) == 500
    assert 0 < sum(episode.is_success for episode in expected.values()) < 500
    assert scores(tmp_path / "failing") == expected
    turns = read_turns(tmp_path / "failing")
    assert len(turns) == healthy.num_answered == failing.num_answered
    assert sum(turn.num_requests for turn in turns) == progress.num_requests == failing.num_requests
    assert failing.num_requests > 1.3 * healthy.num_requests
    assert healthy.num_requests == sum(turn.num_requests for turn in read_turns(tmp_path / "healthy"))


def test_a_run_that_was_refused_goes_on_where_it_stopped(tmp_path, table):
    """The key expires after 30 requests; with another one the run is finished, and no turn is asked for again."""
    with OpenAIServer(answer=answering(table)) as server:
        server.plan = lambda number: error(401, "expired") if number >= 30 else None
        with pytest.raises(AgentRefusedError, match="refuses the key"):  # of several in flight some answers are lost
            play(tmp_path / "run", server, 20, concurrency=1)
        server.plan = lambda number: None
        assert play(tmp_path / "run", server, 20, concurrency=4).is_complete
        play(tmp_path / "whole", server, 20)
    assert scores(tmp_path / "run") == scores(tmp_path / "whole")
    assert server.num_answered == 2 * len(read_turns(tmp_path / "whole"))


def test_a_cached_run_asks_for_nothing(tmp_path, table):
    with OpenAIServer(answer=answering(table)) as server:
        first = play(tmp_path / "first", server, 10, cache=tmp_path / "cache", price_in=5.0)
        num_requests = server.num_requests
        again = play(tmp_path / "again", server, 10, cache=tmp_path / "cache", price_in=5.0)
    assert server.num_requests == num_requests
    assert (again.num_requests, again.cost) == (0, 0.0)
    assert again.num_tokens == first.num_tokens > 0
    assert first.cost > 0
    assert {each.is_success for each in scores(tmp_path / "again").values()} <= {True, False}
    assert all(turn.is_cached for turn in read_turns(tmp_path / "again"))


@pytest.fixture
def session():
    """A conversation with all kinds of messages."""
    settings = ChatSettings(system="You play.", history="all", max_reasks=1)
    session = ChatSession(EpisodeSpec(TASK, 0).make(), settings)
    session.reset(options={"position": 0, "target": 3})
    for answer in ("hm", "\ud800\x00", '{"action": "+"}', "what?"):
        session.answer(answer)
    return session


def test_the_official_types_take_our_messages(session):
    messages = to_openai(session.messages())
    roles = [message["role"] for message in messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user", "assistant", "user"]
    pydantic.TypeAdapter(list[ChatCompletionMessageParam]).validate_python(messages)


def test_the_official_client_and_the_server_understand_each_other(session):
    with (
        OpenAIServer(answer=lambda request: "fine", key="k") as server,
        openai.OpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client,
    ):
        messages = to_openai(session.messages())
        reply = client.chat.completions.create(model="model", messages=messages, max_tokens=5)
        assert reply.choices[0].message.content == "fine"
        assert reply.usage.completion_tokens == 1
        assert reply.usage.prompt_tokens > 300
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="other", messages=messages)
        server.plan = lambda number: too_many("1")
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model="model", messages=messages)
