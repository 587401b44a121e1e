"""The agent behind an endpoint, against a real server that misbehaves."""

import asyncio
import contextlib
import json
import logging
import re
import sys
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import numpy as np
import openai_server
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai_server import OpenAIServer, Response, completion, error, text_of, too_many

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError, MissingDependencyError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.models.endpoint_client import backoff_s
from vlm_gym.evaluation.models.endpoint_reply import (
    PassingFailureError,
    clean,
    read_completion,
    read_error,
    retry_after_s,
)
from vlm_gym.installation import install_hint

KEY = "sk-never/to+be-seen=123"
EPISODE = EpisodeSpec("vlm_gym/NumberLine-v0", 0)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture(scope="module")
def session():
    session = ChatSession(EPISODE.make(), ChatSettings(system="You play."))
    session.reset(seed=0)
    return session


def ask(server, session, turn=0, model="model", **settings):
    """Ask once; return the reply. `turn` stands for the turn of an episode, which the agent's chance hangs on."""
    agent = EndpointAgent(model, EndpointSettings(**{"base_url": server.base_url, "timeout_s": 20.0, **settings}))
    return asyncio.run(ask_and_close(agent, session, turn))


async def ask_and_close(agent, session, turn=0):
    try:
        return await agent.answer(session, np.random.default_rng(turn))
    finally:
        await agent.close()


def failing_first(*failures):
    """Return a plan: these failures one after the other, then answers."""
    return lambda number: failures[number] if number < len(failures) else None


def test_an_answer_comes_with_its_tokens_its_cost_and_its_time(session):
    with OpenAIServer(answer=lambda request: "seven words are in this very answer") as server:
        reply = ask(server, session, price_in=2.0, price_out=10.0)
    assert reply.text == "seven words are in this very answer"
    assert reply.completion_tokens == 7
    assert reply.prompt_tokens == sum(map(openai_server._count_tokens, server.requests[0]["messages"]))
    assert reply.cost == pytest.approx((2.0 * reply.prompt_tokens + 10.0 * 7) / 1e6)
    assert 0 < reply.latency_s < 20
    assert reply.num_requests == server.num_requests == 1
    assert not reply.is_cut_off
    assert not reply.is_cached


@pytest.mark.parametrize(
    "failure",
    [
        too_many(),
        openai_server.BROKEN,
        error(503, "Overloaded"),
        error(408, "Timeout"),
        error(529, "Overloaded"),
        openai_server.DROPPED,
        openai_server.HALF,
        openai_server.NO_CHOICE,
        openai_server.HTML,
        Response(),
        Response(body=b"[" * 100_000),
        Response(body=b"\xff\xfe"),
        Response(body=b'{"choices": [{"message": null}]}'),
        Response(body=b'{"choices": [null]}'),
        Response(body=b'{"choices": {"0": 1}}'),
        Response(body=b'{"error": {"message": "busy", "code": 502}}'),
        Response(body=b"null"),
    ],
    ids=lambda failure: f"{failure.status}-{failure.body[:12]!r}-{failure.num_sent}",
)
def test_a_failure_that_may_pass_is_tried_again(session, failure):
    with OpenAIServer(plan=failing_first(failure, failure)) as server:
        reply = ask(server, session)
    assert reply.text == "fine"
    assert reply.num_requests == server.num_requests == 3
    assert server.num_answered == 1


@pytest.mark.parametrize("failure", [openai_server.HANGING, openai_server.STALLING], ids=["hanging", "stalling"])
def test_a_server_that_hangs_is_asked_again_after_the_timeout(session, failure):
    with OpenAIServer(plan=failing_first(failure)) as server:
        reply = ask(server, session, timeout_s=1.0)
    assert reply.text == "fine"
    assert reply.num_requests == 2
    assert reply.latency_s >= 1.0


def test_retry_after_is_waited_for(session):
    with OpenAIServer(plan=failing_first(too_many("0.4"))) as server:
        assert ask(server, session).latency_s >= 0.4


def test_retry_after_may_be_a_date():
    in_a_minute = datetime.now(timezone.utc) + timedelta(seconds=60)
    assert 55 < retry_after_s({"retry-after": format_datetime(in_a_minute, usegmt=True)}) <= 60
    assert 55 < retry_after_s({"retry-after": in_a_minute.strftime("%a, %d %b %Y %H:%M:%S -0000")}) <= 60
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "Wed, 99 Foo", "1e"])
def test_a_retry_after_that_says_nothing_is_no_wait(value):
    assert retry_after_s({"retry-after": value}) == 0
    assert retry_after_s({}) == 0


@pytest.mark.parametrize("value", ["86400", "inf"])
def test_a_server_that_asks_for_a_long_pause_ends_the_run(session, value):
    with (
        OpenAIServer(plan=lambda number: too_many(value)) as server,
        pytest.raises(AgentRefusedError, match=r"asks to wait .* s \(HTTP 429: Rate limit reached\)"),
    ):
        ask(server, session)
    assert server.num_requests == 1


def test_pauses_grow_and_differ():
    rng = np.random.default_rng(0)
    for num_failures, bound_s in ((1, 0.01), (2, 0.02), (5, 0.16), (20, 60.0), (10_000, 60.0)):
        pauses = [backoff_s(num_failures, rng) for _ in range(300)]
        assert 0 <= min(pauses) < 0.05 * bound_s
        assert 0.95 * bound_s < max(pauses) <= bound_s


def test_a_request_is_given_up_after_the_last_retry(session):
    with (
        OpenAIServer(plan=lambda number: openai_server.BROKEN) as server,
        pytest.raises(AgentError, match="4 requests; the last one: HTTP 500: The server had an error") as caught,
    ):
        ask(server, session, max_retries=3)
    assert not isinstance(caught.value, AgentRefusedError)
    assert server.num_requests == 4


REFUSALS = {
    "a wrong key": (error(401, "Incorrect API key", "invalid_api_key"), "refuses the key .* OPENAI_API_KEY"),
    "no right to it": (error(403, "Country not supported"), "refuses the key .HTTP 403: Country not supported"),
    "no money left": (error(429, "You exceeded your quota", "insufficient_quota"), "wants money .* --resume"),
    "no money": (error(402, "Insufficient Balance"), "wants money"),
    "an unknown model": (error(404, "no model `x`", "model_not_found"), "knows no such model or address .* --base-url"),
    "an unknown model as 400": (error(400, "x", "model_not_found"), "knows no such model"),
    "an unknown model in words": (error(400, "The model `x` does not exist."), "knows no such model"),
    "a stream": (Response(body=b'data: {"choices": []}\n\ndata: [DONE]\n\n'), "streams its replies.* Turn it off"),
    "a stream with a comment": (Response(body=b": OPENROUTER PROCESSING\n\ndata: {}\n\n"), "streams its replies"),
    "an address that moved": (Response(307, headers=(("Location", "https://h/v1"),)), "points to https://h/v1"),
    "another parameter": (
        error(400, "Unsupported parameter: use 'max_completion_tokens' instead.", "unsupported_parameter"),
        "Try --max-tokens-field max_completion_tokens",
    ),
}


@pytest.mark.parametrize(("failure", "message"), REFUSALS.values(), ids=REFUSALS)
def test_what_asking_again_cannot_change_is_refused_at_once(session, failure, message):
    with OpenAIServer(plan=lambda number: failure) as server, pytest.raises(AgentRefusedError, match=message):
        ask(server, session)
    assert server.num_requests == 1


def test_the_server_itself_refuses_wrong_keys_and_models(session, monkeypatch):
    with OpenAIServer(key=KEY) as server:
        with pytest.raises(AgentRefusedError, match="refuses the key"):
            ask(server, session)
        monkeypatch.setenv("MY_KEY", KEY)
        assert ask(server, session, key_env="MY_KEY").text == "fine"
        with pytest.raises(AgentRefusedError, match="The model `model-2` does not exist"):
            ask(server, session, model="model-2", key_env="MY_KEY")
        with pytest.raises(AgentRefusedError, match=r"knows no such model or address .*Unknown request URL"):
            ask(server, session, base_url=server.base_url + "/v2", key_env="MY_KEY")


def test_an_address_where_nobody_listens_is_refused_after_a_few_tries(session):
    with OpenAIServer() as server:
        pass
    with pytest.raises(AgentRefusedError, match=r"cannot reach http://127.* 4 tries\). Is the server running"):
        ask(server, session)


def test_a_server_that_restarts_is_waited_for(session):
    """One that has answered before gets all retries, not only a few."""

    async def play():
        with server:
            agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url, max_retries=30))
            await agent.answer(session, np.random.default_rng(0))
        later = asyncio.create_task(ask_and_close(agent, session))
        await asyncio.sleep(0.5)
        with server:
            return await later

    server = OpenAIServer()
    reply = asyncio.run(play())
    assert reply.text == "fine"
    assert reply.num_requests > endpoint_client.NUM_TRIES_TO_REACH


def test_other_refusals_end_the_episode_alone_with_the_servers_words(session):
    words = "This model's maximum\x1b[31m context\x00 length\u202e is 4096 tokens" + " and more" * 200
    with (
        OpenAIServer(plan=lambda number: error(400, words, "context_length_exceeded")) as server,
        pytest.raises(AgentError, match=r"HTTP 400: This model's maximum \[31m context length is") as caught,
    ):
        ask(server, session)
    assert not isinstance(caught.value, AgentRefusedError)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()
    assert server.num_requests == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"detail": "image input is not supported"}', "image input is not supported"),
        (b'{"error": "model runner crashed"}', "model runner crashed"),
        (b'{"error": {"detail": [{"loc": ["body"]}]}}', '[{"loc": ["body"]}]'),
        (b"<h1>Bad Request</h1>", "<h1>Bad Request</h1>"),
        (b'{"error": null}', '{"error": null}'),
        (b"", "HTTP 400: )"),
    ],
)
def test_words_are_found_in_whatever_shape(body, words):
    assert words in str(read_error(400, {}, body, "KEY"))


def test_a_reply_without_end_is_cut(session):
    body = completion("x" * (endpoint_client.MAX_REPLY_BYTES + 1))
    with OpenAIServer(plan=lambda number: body) as server, pytest.raises(AgentError, match="longer than 8388608 bytes"):
        ask(server, session)


def test_a_packed_reply_is_not_unpacked(session):
    packed = Response(body=b"\x1f\x8b" + bytes(1000), headers=(("Content-Encoding", "gzip"),))
    with OpenAIServer(plan=failing_first(packed)) as server:
        assert ask(server, session).num_requests == 2


@pytest.mark.parametrize(
    ("content", "more", "text"),
    [
        ("an answer", {"reasoning_content": "long thoughts"}, "an answer"),
        (None, {"reasoning_content": "thoughts that used up all tokens"}, ""),
        (None, {"refusal": "I cannot help with gambling."}, "I cannot help with gambling."),
        (None, {"tool_calls": []}, ""),
        ([{"type": "text", "text": "a"}, {"type": "refusal"}, {"type": "text", "text": "b"}, "c", 7], {}, "abc"),
        ([{"type": "image"}], {}, ""),
        ([], {}, ""),
        ({"type": "text", "text": "a"}, {}, "a"),
        ("\ud800 \x00 <script>", {}, "\ud800 \x00 <script>"),
    ],
)
def test_an_answer_is_read_in_any_form(content, more, text):
    assert read_completion(completion(content, **more).body).text == text


@pytest.mark.parametrize("content", [12, 0.5, True, {}, {"action": "hit"}, [None], [7, []], [{"action": "hit"}]])
def test_content_that_no_server_sends_is_a_failure_and_no_empty_answer(content):
    with pytest.raises(PassingFailureError, match="no message that can be read"):
        read_completion(completion(content).body)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 6}, (5, 6)),
        (None, (0, 0)),
        ([], (0, 0)),
        ({"prompt_tokens": None, "completion_tokens": "6"}, (0, 0)),
        ({"prompt_tokens": -5, "completion_tokens": True}, (0, 0)),
        ({"prompt_tokens": 1e300, "completion_tokens": 10**30}, (0, 0)),
    ],
)
def test_a_count_that_is_none_counts_nothing(usage, expected):
    body = json.loads(completion("x").body)
    body["usage"] = usage
    read = read_completion(json.dumps(body).encode())
    assert (read.prompt_tokens, read.completion_tokens) == expected


def test_an_answer_at_the_token_limit_is_cut_off():
    assert read_completion(completion("half", finish="length").body).is_cut_off
    assert not read_completion(completion("whole").body).is_cut_off


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "error", "text", "code", "prompt_tokens"]), inner
        )
    ),
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(), st.integers(100, 599))
@example(b":", 200)  # a stream of events, which is refused
def test_no_reply_breaks_the_reading(data, status):
    with contextlib.suppress(PassingFailureError, AgentError):
        assert isinstance(read_completion(data).text, str)
    assert str(read_error(status, {}, data, "KEY")).isprintable()


@given(st.text())
def test_clean_words_are_one_short_line(text):
    assert clean(text).isprintable()
    assert clean(text.encode("utf-8", "replace")).isprintable()
    assert len(clean(text * 100)) <= 300


def test_a_request_holds_what_was_chosen_and_nothing_else(session):
    with OpenAIServer(more_fields=frozenset({"top_k"})) as server:
        ask(server, session, max_tokens=None)
        ask(server, session, temperature=0.5, top_p=0.9, max_tokens=99, extra_body={"top_k": 5})
        ask(server, session, max_tokens=99, max_tokens_field="max_completion_tokens")
    bare, full, other = server.requests
    assert set(bare) == {"model", "messages"}
    assert {**full, "messages": []} == {
        "model": "model",
        "messages": [],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 99,
        "top_k": 5,
    }
    assert set(other) == {"model", "messages", "max_completion_tokens"}
    assert [message["role"] for message in full["messages"]] == ["system", "user"]
    assert text_of(full) == session.info["prompt"]


def test_each_turn_has_a_sampling_seed_of_its_own_that_comes_again(session):
    with OpenAIServer() as server:
        for turn, seed in ((1, 5), (1, 5), (2, 5), (1, 6)):
            ask(server, session, turn, "model", seed=seed)
    seeds = [request["seed"] for request in server.requests]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_200_requests_are_in_flight_at_once(session):
    async def ask_all():
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url))
        try:
            return await asyncio.gather(*(agent.answer(session, np.random.default_rng(i)) for i in range(200)))
        finally:
            await agent.close()

    with OpenAIServer(gate=200) as server:
        replies = asyncio.run(ask_all())
    assert [reply.text for reply in replies] == ["fine"] * 200
    assert server.max_in_flight == 200
    assert sum(reply.num_requests for reply in replies) == server.num_requests


def test_an_agent_can_be_used_in_one_event_loop_after_the_other(session):
    with OpenAIServer() as server:
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url))
        for _ in range(2):
            assert asyncio.run(ask_and_close(agent, session)).text == "fine"


def test_the_key_is_told_to_the_endpoint_alone(session, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    escaped = Response(401, json.dumps({"error": {"message": f"bad key {KEY}"}}).replace("/", "\\/").encode())
    told = []
    with OpenAIServer(answer=lambda request: f"your key is {KEY}", key=KEY) as server:
        told.append(ask(server, session).text)
        server.plan = lambda number: escaped
        with pytest.raises(AgentRefusedError) as caught:
            ask(server, session)
        told += [str(caught.value), repr(caught.value)]
        server.plan = lambda number: error(400, f"bad key {KEY}")
        with pytest.raises(AgentError) as caught:
            ask(server, session)
        told.append(repr(caught.value))
        server.plan = lambda number: error(500, f"bad key {KEY}")
        with pytest.raises(AgentError) as caught:
            ask(server, session, max_retries=1)
        told += [repr(caught.value), repr(caught.value.__cause__)]
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url))
        told += [repr(agent), repr(agent.describe()), repr(agent.settings), caplog.text]
    assert not [text for text in told if KEY in text or "sk-never" in text]
    assert "your key is ***" in told[0]


@pytest.mark.parametrize("key", ["sk-ü", "two words", "two\nlines", "tab\tkey"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ConfigError, match="the key in OPENAI_API_KEY must be printable ASCII") as caught:
        EndpointAgent("model")
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "localhost:8000"}, "base_url must be an address like http://localhost:8000/v1"),
        ({"base_url": "http://:80/v1"}, "base_url must be an address"),
        ({"base_url": "http://h:99999/v1"}, "base_url must be an address"),
        ({"base_url": "http://h/v 1"}, "base_url must be an address"),
        ({"base_url": "http://[::1/v1"}, "base_url must be an address"),
        ({"base_url": "http://ä..b/v1"}, "base_url must be an address"),
        ({"base_url": "http://user:secret@h/v1"}, "base_url must have no user"),
        ({"base_url": "http://h/v1?key=secret"}, "base_url must have no user"),
        ({"temperature": -1.0}, "temperature must be a number from 0 to 100, got -1.0"),
        ({"temperature": float("nan")}, "temperature must be a number"),
        ({"top_p": 1.5}, "top_p must be a number from 0 to 1, got 1.5"),
        ({"max_tokens": 0}, "max_tokens must be an int from 1"),
        ({"max_tokens_field": "tokens"}, "max_tokens_field must be one of"),
        ({"seed": -1}, "seed must be an int from 0"),
        ({"extra_body": []}, "extra_body must map names of fields to values"),
        ({"extra_body": {"stream": True}}, "extra_body must not hold 'stream'"),
        ({"extra_body": {"x": float("nan")}}, "extra_body must hold what JSON can say"),
        ({"extra_body": {"x": {1, 2}}}, "extra_body must hold what JSON can say"),
        ({"timeout_s": 0}, "timeout_s must be a number from 0.001"),
        ({"timeout_s": None}, "timeout_s must be a number"),
        ({"max_retries": -1}, "max_retries must be an int from 0"),
        ({"price_in": -1}, "price_in must be a number from 0"),
        ({"price_out": float("inf")}, "price_out must be a number from 0"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(settings, message):
    with pytest.raises(ConfigError) as caught:
        EndpointAgent("model", EndpointSettings(**settings))
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["xn--", "xn--a-ecp.ru", "xn--0"])
def test_a_host_that_is_no_name_is_refused(name):
    with pytest.raises(ConfigError, match="base_url must be an address"):
        EndpointAgent("model", EndpointSettings(base_url=f"http://{name}/v1"))


@pytest.mark.parametrize(
    "url", ["http://h:1/v1", "http://h:1/v1/", " http://h:1/v1/chat/completions ", "http://h:1/v1//"]
)
def test_an_address_may_be_written_in_full(url):
    assert EndpointSettings(base_url=url).base_url == "http://h:1/v1"


def test_without_a_model_there_is_no_agent():
    with pytest.raises(ConfigError, match="openai:MODEL"):
        EndpointAgent("")


def test_without_httpx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingDependencyError, match=re.escape(install_hint("eval"))):
        EndpointAgent("model")


def test_the_description_tells_what_determines_the_answers():
    settings = EndpointSettings(base_url="http://h/v1", temperature=0.0, extra_body={"top_k": 1}, seed=3, timeout_s=7)
    assert EndpointAgent("m", settings).describe() == {
        "name": "openai:m",
        "model": "m",
        "base_url": "http://h/v1",
        "sampling": {"temperature": 0.0, "max_tokens": 1024, "top_k": 1},
        "seed": 3,
        "price_in": 0.0,
        "price_out": 0.0,
    }


def test_the_server_serves_other_clients_too():
    """The server is real HTTP: another client reads it, and refusals have a status."""
    with OpenAIServer() as server, httpx.Client(base_url=server.base_url) as client:
        body = {"model": "model", "messages": [{"role": "user", "content": "hello"}]}
        start_s = time.perf_counter()
        assert client.post("/chat/completions", json=body).json()["choices"][0]["message"]["content"] == "fine"
        assert client.post("/chat/completions", json={**body, "messages": [{"role": "u"}]}).status_code == 400
        assert client.post("/chat/completions", json={**body, "surprise": 1}).status_code == 400
        assert client.post("/other", json=body).status_code == 404
        assert time.perf_counter() - start_s < 20
