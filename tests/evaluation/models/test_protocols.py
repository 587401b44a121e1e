"""Every protocol of endpoints, against a strict server of it: whatever the evaluator does, it does alike with each."""

import asyncio
import base64
import contextlib
import json
from dataclasses import dataclass

import numpy as np
import openai_server
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai_server import OpenAIServer, Response, completion, error
from other_servers import (
    AnthropicServer,
    ResponsesServer,
    anthropic_error,
    blocks,
    message_item,
    output,
    reasoning_item,
    text_block,
)

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.cli import main
from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError, UnplayableError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.models.endpoint_reply import PassingFailureError, read_completion
from vlm_gym.evaluation.models.protocols.names import PROTOCOLS
from vlm_gym.evaluation.runs.episodes import EpisodeSpec
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns
from vlm_gym.messages import Message

TASK = "vlm_gym/NumberLine-v0"
SETTINGS = {"max_retries": 6, "timeout_s": 20.0}


@dataclass(frozen=True)
class Kind:
    """What differs between protocols in these tests: the server, and what a reply looks like."""

    server: type[OpenAIServer]
    said: object  # a text as a reply
    length: object
    filtered: object
    thought: object
    picture: object  # a request's last picture, in base64
    words: object  # the words of its last message
    key: str


KINDS = {
    "openai": Kind(
        OpenAIServer,
        completion,
        lambda text: completion(text, finish="length"),
        completion("", finish="content_filter"),
        lambda thought, text: completion(text, reasoning_content=thought),
        lambda request: request["messages"][-1]["content"][0]["image_url"]["url"].split(",")[1],
        lambda request: request["messages"][-1]["content"][1]["text"],
        "authorization",
    ),
    "anthropic": Kind(
        AnthropicServer,
        lambda text: blocks(text_block(text)),
        lambda text: blocks(text_block(text), stop="max_tokens"),
        blocks(stop="refusal"),
        lambda thought, text: blocks(
            {"type": "thinking", "thinking": thought, "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "EmwK"},
            text_block(text),
        ),
        lambda request: request["messages"][-1]["content"][0]["source"]["data"],
        lambda request: request["messages"][-1]["content"][1]["text"],
        "x-api-key",
    ),
    "responses": Kind(
        ResponsesServer,
        lambda text: output(message_item(text)),
        lambda text: output(
            message_item(text), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
        ),
        output(status="incomplete", incomplete_details={"reason": "content_filter"}),
        lambda thought, text: output(reasoning_item(thought), message_item(text)),
        lambda request: request["input"][-1]["content"][0]["image_url"].split(",")[1],
        lambda request: request["input"][-1]["content"][1]["text"],
        "authorization",
    ),
}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.001)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=list(PROTOCOLS))
def prefix(request):
    return request.param


@pytest.fixture
def kind(prefix):
    return KINDS[prefix]


@pytest.fixture(scope="module")
def session():
    session = ChatSession(EpisodeSpec(TASK, 0).make(), ChatSettings(system="You play.", history="all", max_reasks=1))
    session.reset(seed=0)
    session.answer('{"action": "+"}')
    session.answer(" ")  # no action: it is asked for again
    return session


def agent_of(prefix, server, model="model", **settings):
    return make_agent(f"{prefix}:{model}", EndpointSettings(base_url=server.base_url, **{**SETTINGS, **settings}))


def ask(prefix, server, session, turn=0, **settings):
    agent = agent_of(prefix, server, **settings)

    async def asking():
        try:
            return await agent.answer(session, np.random.default_rng(turn))
        finally:
            await agent.close()

    return asyncio.run(asking())


def failing_first(*failures):
    return lambda number: failures[number] if number < len(failures) else None


def test_every_protocol_is_tested_here():
    assert set(KINDS) == set(PROTOCOLS)


def test_a_strict_server_takes_a_whole_conversation(prefix, kind, session):
    with kind.server(answer=lambda request: "three words said") as server:
        reply = ask(prefix, server, session, temperature=0.5, top_p=0.9, max_tokens=99, price_in=2.0, price_out=10.0)
    assert (reply.text, reply.completion_tokens, reply.num_requests) == ("three words said", 3, 1)
    assert reply.prompt_tokens > 100
    assert reply.cost == pytest.approx((2.0 * reply.prompt_tokens + 10.0 * 3) / 1e6)
    assert not reply.is_cut_off
    assert reply.model
    assert reply.request_id
    (request,) = server.requests
    told = json.dumps(request)
    assert all(json.dumps(message.text)[1:-1] in told for message in session.messages() if message.text.strip())
    assert all(message.picture_base64 in told for message in session.messages() if message.picture is not None)
    assert told.count("iVBOR") == sum(message.picture is not None for message in session.messages()) == 2


@pytest.mark.parametrize(
    "failure",
    [
        openai_server.too_many(),
        anthropic_error(429, "rate_limit_error", "Number of requests has exceeded your rate limit", retry_after="0"),
        anthropic_error(529, "overloaded_error", "Overloaded"),
        anthropic_error(500, "api_error", "Internal server error"),
        openai_server.BROKEN,
        openai_server.DROPPED,
        openai_server.HTML,
        Response(body=anthropic_error(529, "overloaded_error", "Overloaded").body),  # with status 200
        Response(body=output(status="failed", error={"code": "server_error", "message": "Sorry"}).body),
        Response(body=b"{}"),
        Response(body=b'{"content": null, "output": 5, "choices": {}}'),
        Response(
            body=b'{"content": [5], "output": [5], "choices": [5], "stop_reason": "end_turn", "status": "completed"}'
        ),
    ],
    ids=lambda failure: f"{failure.status}-{failure.body[:20]!r}",
)
def test_a_failure_that_may_pass_is_tried_again(prefix, kind, session, failure):
    with kind.server(answer=lambda request: "fine", plan=failing_first(failure, failure)) as server:
        reply = ask(prefix, server, session)
    assert (reply.text, reply.num_requests) == ("fine", 3)


def test_retry_after_is_waited_for(prefix, kind, session):
    busy = anthropic_error(429, "rate_limit_error", "slow down", retry_after="0.3")
    with kind.server(plan=failing_first(busy)) as server:
        assert ask(prefix, server, session).latency_s >= 0.3


def test_a_limit_of_length_is_told(prefix, kind, session):
    with kind.server(answer=lambda request: kind.length('{"action"')) as server:
        reply = ask(prefix, server, session)
    assert (reply.text, reply.is_cut_off) == ('{"action"', True)
    assert reply.finish_reason


def test_thoughts_are_told_apart(prefix, kind, session):
    with kind.server(answer=lambda request: kind.thought("I see a 3.", "+")) as server:
        reply = ask(prefix, server, session)
    assert (reply.text, reply.reasoning) == ("+", "I see a 3.")


def test_what_a_filter_took_is_no_answer(prefix, kind, session):
    with kind.server(answer=lambda request: kind.filtered) as server:
        with pytest.raises(AgentError, match="filter took the model's answer"):
            ask(prefix, server, session, max_retries=1)
        assert server.num_requests == 2


@pytest.mark.parametrize(
    ("failure", "refusal", "message"),
    [
        (anthropic_error(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), None, "too long"),
        (anthropic_error(413, "request_too_large", "Request exceeds the maximum size"), None, "too long"),
        (error(400, "Invalid prompt: flagged as violating our usage policy", "invalid_prompt"), None, "content"),
        (anthropic_error(401, "authentication_error", "invalid x-api-key"), AgentRefusedError, "refuses the key"),
        (
            anthropic_error(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API"),
            AgentRefusedError,
            "money",
        ),
        (
            Response(
                429,
                b'{"type": "error", "error": {"type": "rate_limit_error", "message": "You have reached your limit", '
                b'"details": {"error_code": "enforced_spend_limit_reached"}}}',
            ),
            AgentRefusedError,
            "money",
        ),
        (anthropic_error(404, "not_found_error", "model: claude-9"), AgentRefusedError, "model"),
    ],
    ids=lambda value: getattr(value, "body", b"")[:90] if isinstance(value, Response) else None,
)
def test_a_refusal_is_known_for_what_it_is(prefix, kind, session, failure, refusal, message):
    with kind.server(answer=lambda request: failure) as server:
        with pytest.raises(AgentError, match=message) as caught:
            ask(prefix, server, session)
        assert server.num_requests == 1
    assert isinstance(caught.value, refusal or UnplayableError)


def test_the_key_comes_from_the_providers_variable_and_is_told_to_the_endpoint_alone(
    prefix, kind, session, monkeypatch
):
    protocol = PROTOCOLS[prefix]
    monkeypatch.setenv(protocol.key_env, "sk-right")
    leak = anthropic_error(400, "invalid_request_error", "you sent sk-right")
    with kind.server(key="sk-right") as server:
        assert ask(prefix, server, session).text == "fine"
        assert kind.key in server.headers[0]
    with kind.server(plan=lambda number: leak) as server, pytest.raises(AgentError) as caught:
        ask(prefix, server, session)
    assert "sk-right" not in str(caught.value)
    monkeypatch.setenv(protocol.key_env, "sk-wrong")
    with kind.server(key="sk-right") as server, pytest.raises(AgentRefusedError, match=protocol.key_env):
        ask(prefix, server, session)


def test_a_header_takes_the_place_of_the_keys(prefix, kind, session, monkeypatch):
    monkeypatch.setenv(PROTOCOLS[prefix].key_env, "sk-other")
    monkeypatch.setenv("MY_HEADER", "mine")
    with kind.server() as server:
        ask(prefix, server, session, headers={"Authorization": "MY_HEADER", "X-More": "MY_HEADER"})
    (headers,) = server.headers
    assert headers["authorization"] == headers["x-more"] == "mine"
    assert "sk-other" not in str(headers)


def test_the_cache_knows_protocols_apart_and_keeps_all_that_was_said(session, tmp_path):
    for prefix, kind in KINDS.items():
        with kind.server(answer=lambda request, kind=kind: kind.thought("Hm.", "+"), port=0) as server:
            first = ask(prefix, server, session, cache=tmp_path)
            again = ask(prefix, server, session, cache=tmp_path)
            assert server.num_requests == 1
        assert (first.is_cached, again.is_cached) == (False, True)
        said = [(reply.text, reply.reasoning, reply.finish_reason, reply.model) for reply in (first, again)]
        assert said[0] == said[1]


def test_a_whole_run_scores_alike_with_every_protocol(tmp_path):
    """Pictures alone decide the answers: all protocols must send them, and read what comes back."""
    runs = {}
    for prefix, kind in KINDS.items():
        answers = {}
        env = EpisodeSpec(TASK, 0).make()
        for seed in range(12):
            picture, _ = env.reset(seed=seed)
            answers[Message("user", "", picture).picture_base64] = f'{{"action": "{env.unwrapped.oracle_action()}"}}'
        busy = anthropic_error(529, "overloaded_error", "Overloaded")

        def answer(request, kind=kind, answers=answers):
            return answers.get(kind.picture(request), "?")

        with kind.server(answer=answer, plan=lambda number, busy=busy: busy if number % 5 == 0 else None) as server:
            plan = Plan(tuple(EpisodeSpec(TASK, seed) for seed in range(12)))

            async def playing(agent, folder, plan=plan):
                try:
                    return await evaluate(folder, plan, agent, on_check=print)
                finally:
                    await agent.close()

            progress = asyncio.run(playing(agent_of(prefix, server, max_retries=20), tmp_path / prefix))
        assert progress.is_complete
        runs[prefix] = [
            (turn.episode, turn.turn, turn.answers, turn.reward)
            for turn in sorted(read_turns(tmp_path / prefix), key=str)
        ]
        assert sum(each.is_success for each in read_episodes(tmp_path / prefix)) > 0
    assert runs["openai"] == runs["anthropic"] == runs["responses"]


def test_the_command_line_plays_with_every_protocol_within_a_budget(prefix, kind, tmp_path, capsys):
    arguments = [
        "eval",
        "--agent",
        f"{prefix}:model",
        "--task",
        "NumberLine-v0",
        "--episodes",
        "3",
        "--max-tokens",
        "64",
    ]
    with kind.server(answer=lambda request: '{"action": "+"}') as server:
        more = ["--base-url", server.base_url, "--out", str(tmp_path / "run"), "--concurrency", "1"]
        assert main([*arguments, *more, "--max-requests", "2"]) == 1
        assert "requests: 2 spent of 2" in capsys.readouterr().err
        assert server.num_requests == 2
        assert main([*arguments, *more, "--resume"]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["agent"]["name"] == f"{prefix}:model"


@pytest.mark.parametrize(
    ("prefix", "settings", "message"),
    [
        ("anthropic", {"seed": 5}, "anthropic: models take no seed: leave out --sampling-seed"),
        ("responses", {"seed": 5}, "responses: models take no seed"),
        ("anthropic", {"max_tokens": None}, "anthropic: models must be told the most tokens of an answer"),
        ("anthropic", {"max_tokens_field": "max_completion_tokens"}, "leave out --max-tokens-field"),
        ("responses", {"max_tokens_field": "max_completion_tokens"}, "leave out --max-tokens-field"),
        ("anthropic", {"extra_body": {"system": "x"}}, "extra_body must not hold 'system'"),
        ("responses", {"extra_body": {"input": []}}, "extra_body must not hold 'input'"),
        ("openai", {"extra_body": {"messages": []}}, "extra_body must not hold 'messages'"),
    ],
)
def test_what_a_protocol_cannot_say_is_refused_in_a_sentence(prefix, settings, message):
    with pytest.raises(ConfigError, match=message):
        make_agent(f"{prefix}:m", EndpointSettings(**settings))


def test_where_nothing_is_said_the_provider_is_asked(prefix):
    protocol = PROTOCOLS[prefix]
    agent = make_agent(f"{prefix}:m")
    assert agent.settings.base_url == protocol.base_url == agent.describe()["base_url"]
    with pytest.raises(ConfigError, match=f"{prefix}:MODEL"):
        make_agent(f"{prefix}:")


def test_an_address_may_be_written_in_full(prefix):
    protocol = PROTOCOLS[prefix]
    assert EndpointSettings(base_url=f"http://h/v1{protocol.path}/?a=b").base_url == "http://h/v1?a=b"


def test_an_extra_field_is_sent_as_it_is(session):
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    with AnthropicServer() as server:
        ask("anthropic", server, session, extra_body=thinking)
    assert server.requests[0]["thinking"] == thinking["thinking"]
    assert server.requests[0]["system"] == "You play."
    reasoning = {"reasoning": {"effort": "low", "summary": "auto"}}
    with ResponsesServer() as server:
        ask("responses", server, session, extra_body=reasoning)
    assert server.requests[0]["reasoning"] == reasoning["reasoning"]
    assert server.requests[0]["store"] is False


def test_neighbours_of_one_role_are_one_message():
    told = PROTOCOLS["anthropic"].request(
        "m", [Message("system", "A"), Message("user", "one"), Message("user", "two"), Message("assistant", " ")], str
    )
    assert told["system"] == "A"
    assert told["messages"] == [
        {"role": "user", "content": [text_block("one"), text_block("two")]},
        {"role": "assistant", "content": [text_block("(no answer)")]},
    ]


@pytest.mark.parametrize(
    ("prefix", "reply", "text", "finish"),
    [
        ("anthropic", blocks(stop="end_turn"), "", "end_turn"),
        ("anthropic", blocks(text_block("a"), text_block("b"), stop="stop_sequence"), "ab", "stop_sequence"),
        ("anthropic", blocks(text_block("a"), stop="model_context_window_exceeded"), "a", None),
        (
            "anthropic",
            blocks(text_block("a"), {"type": "tool_use", "name": "f", "input": {}}, stop="tool_use"),
            "a",
            None,
        ),
        ("responses", output(message_item("No.", "refusal")), "No.", "completed"),
        ("responses", output(message_item("a"), message_item("b")), "ab", "completed"),
        ("responses", output({"type": "function_call", "name": "f", "arguments": "{}"}), "", "completed"),
        (
            "responses",
            output(reasoning_item(), status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "",
            None,
        ),
    ],
)
def test_what_the_model_ended_itself_is_its_answer(prefix, reply, text, finish):
    read = read_completion(reply.body, protocol=PROTOCOLS[prefix])
    assert read.text == text
    assert finish in (None, read.finish_reason)


@pytest.mark.parametrize(
    ("prefix", "reply"),
    [
        ("anthropic", blocks(text_block("a"), stop="pause_turn")),
        ("anthropic", blocks(text_block("a"), stop="something_new")),
        ("anthropic", blocks(stop=None)),
        ("anthropic", completion("another protocol")),
        ("responses", output(message_item("a"), status="cancelled")),
        ("responses", output(message_item("a"), status="in_progress")),
        ("responses", output(status="queued")),
        ("responses", output(message_item("a"), status="incomplete")),
        ("responses", blocks(text_block("another protocol"))),
        ("openai", output(message_item("another protocol"))),
    ],
)
def test_all_else_is_none(prefix, reply):
    with pytest.raises(PassingFailureError):
        read_completion(reply.body, protocol=PROTOCOLS[prefix])


def test_tokens_of_a_cache_of_prompts_are_read_tokens_too():
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 7}
    read = read_completion(blocks(text_block("a"), usage=usage).body, protocol=PROTOCOLS["anthropic"])
    assert (read.prompt_tokens, read.completion_tokens) == (123, 7)


def test_reasoning_in_full_goes_before_its_summary():
    full = reasoning_item("short", content=[{"type": "reasoning_text", "text": "long and open"}])
    read = read_completion(output(full, message_item("+")).body, protocol=PROTOCOLS["responses"])
    assert (read.reasoning, read.text) == ("long and open", "+")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["content", "output", "type", "text", "thinking", "usage", "status", "stop_reason", "error", "summary"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", list(PROTOCOLS))
@given(
    reply=st.dictionaries(st.sampled_from(["content", "output", "choices", "usage", "status", "type", "error"]), VALUES)
)
def test_no_reply_breaks_the_reading(name, reply):
    with contextlib.suppress(PassingFailureError, AgentError):
        assert isinstance(read_completion(json.dumps(reply).encode(), protocol=PROTOCOLS[name]).text, str)


def test_pictures_are_sent_whatever_is_said_around_them(prefix, kind):
    """The picture is put in after JSON is written: hostile words must not be taken for its place."""
    session = ChatSession(EpisodeSpec(TASK, 3).make(), ChatSettings(history=2))
    session.reset(seed=3)
    with kind.server() as server:
        agent = agent_of(prefix, server)
        session.answer('"\\" \u2028 data:image/png;base64,iVBOR <image>')
        reply = asyncio.run(_ask_and_close(agent, session))
    assert reply.text == "fine"
    png = base64.b64decode(kind.picture(server.requests[0]))
    assert png == session.question.png


async def _ask_and_close(agent: EndpointAgent, session):
    try:
        return await agent.answer(session, np.random.default_rng(0))
    finally:
        await agent.close()
