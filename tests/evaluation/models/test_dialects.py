"""What servers say, dialect by dialect: an answer is scored, a failure is not, and neither is taken for the other."""

import asyncio
import gzip
import json
import re
import zlib
from pathlib import Path

import numpy as np
import openai_server
import pytest
from openai_server import OpenAIServer, Response, completion, error

from vlm_gym.chat import ChatSession
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError, MissingDependencyError, UnplayableError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.models.endpoint_errors import PassingFailureError, read_error
from vlm_gym.evaluation.models.endpoint_reply import read_completion
from vlm_gym.evaluation.models.finish_reasons import Finish, meaning_of
from vlm_gym.evaluation.models.packing import unpacked
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes

PAGE = Path(__file__).parents[3] / "docs" / "endpoints.md"
COLUMNS = {"finished": Finish.FINISHED, "length": Finish.LENGTH, "filter": Finish.FILTER, "failure": Finish.FAILURE}
EPISODE = EpisodeSpec("vlm_gym/NumberLine-v0", 0)


def documented():
    """Yield every word of the page's table: (server, word, meaning)."""
    heads = list(COLUMNS)
    table = PAGE.read_text(encoding="utf-8").partition("## How an answer ended")[2]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or len(cells) != 1 + len(heads) or cells[1] in ("finished", "---"):
            continue
        for head, cell in zip(heads, cells[1:], strict=True):
            for word in filter(None, (word.strip() for word in cell.split(","))):
                yield cells[0], word, COLUMNS[head]


DOCUMENTED = sorted(set(documented()), key=str)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture(scope="module")
def session():
    session = ChatSession(EPISODE.make())
    session.reset(seed=0)
    return session


def ask(server, session, **settings):
    async def answer():
        agent = EndpointAgent("model", EndpointSettings(**{"base_url": server.base_url, "max_retries": 2, **settings}))
        try:
            return await agent.answer(session, np.random.default_rng(0))
        finally:
            await agent.close()

    return asyncio.run(answer())


def changed(response, **choice):
    """Return a completion whose first choice says something else."""
    body = json.loads(response.body)
    body["choices"][0].update(choice)
    return Response(body=json.dumps(body).encode())


def test_the_page_has_a_word_of_every_meaning():
    assert len({server for server, _, _ in DOCUMENTED}) >= 18
    assert {meaning for _, _, meaning in DOCUMENTED} == set(COLUMNS.values())


@pytest.mark.parametrize(("server", "word", "meaning"), DOCUMENTED, ids=lambda value: re.sub(r"\W+", "_", str(value)))
def test_a_word_means_what_the_page_says_in_any_spelling(server, word, meaning):
    camel = re.sub(r"_(\w)", lambda found: found[1].upper(), word.lower())
    for spelling in (word, word.upper(), word.replace("_", "-"), f"FinishReason.{word}", camel):
        assert meaning_of({"finish_reason": spelling}) == (meaning, spelling)
    said = {"finish_reason": {"type": word, "matched": 2}}, {"finish_reason": None, "native_finish_reason": word}
    assert [meaning_of(choice) for choice in said] == [(meaning, word)] * 2


@pytest.mark.parametrize(("server", "word", "meaning"), DOCUMENTED, ids=lambda value: re.sub(r"\W+", "_", str(value)))
def test_only_what_the_model_ended_itself_is_an_answer(server, word, meaning):
    data = completion("half an ans", finish=word).body
    if meaning in (Finish.FINISHED, Finish.LENGTH):
        read = read_completion(data)
        assert (read.text, read.is_cut_off, read.finish_reason) == ("half an ans", meaning is Finish.LENGTH, word)
        return
    with pytest.raises(PassingFailureError, match=re.escape(repr(word))):
        read_completion(data)


@pytest.mark.parametrize("word", ["banana", 7, "stop_the_world"])
def test_an_unknown_word_is_no_answer_until_somebody_says_what_it_means(session, word):
    with OpenAIServer(answer=lambda request: completion("fine", finish=word)) as server:
        with pytest.raises(AgentError, match=f"'{word}', which may be a failure: .* --finish-reason {word}=finished"):
            ask(server, session, max_retries=0)
        assert ask(server, session, finish_reasons={str(word): "finished"}).text == "fine"
        assert ask(server, session, finish_reasons={str(word): "length"}).is_cut_off


def test_a_meaning_that_is_none_is_named():
    with pytest.raises(ConfigError, match=r"finish reason 'banana' must be one of 'finished', .* got 'failing'"):
        EndpointSettings(finish_reasons={"banana": "failing"})


def unsaid(text, **more):
    body = json.loads(completion(text).body)
    del body["choices"][0]["finish_reason"]
    body["choices"][0].update(more)
    return Response(body=json.dumps(body).encode())


@pytest.mark.parametrize("more", [{}, {"finish_reason": None}, {"finish_reason": ""}])
def test_a_server_that_never_says_how_an_answer_ended_is_believed(session, more):
    with OpenAIServer(answer=lambda request: unsaid("fine", **more)) as server:
        assert ask(server, session, max_retries=0).finish_reason is None
        with pytest.raises(AgentError, match="no finish_reason"):
            ask(server, session, max_retries=0, finish_reasons={"null": "failure"})


@pytest.mark.parametrize(
    "reply",
    [unsaid(""), unsaid(None), unsaid("half", delta={"content": "half"}), unsaid(" \n", finish_reason=None)],
    ids=["empty", "null", "piece of a stream", "blank"],
)
def test_nothing_is_no_answer_unless_the_server_says_that_it_is_the_end(reply):
    with pytest.raises(PassingFailureError):
        read_completion(reply.body)


def test_a_server_that_says_it_once_must_say_it_always(session):
    replies = [completion("whole"), unsaid("half", finish_reason=None), completion("whole again")]

    async def ask_twice():
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url))
        try:
            return [await agent.answer(session, np.random.default_rng(i)) for i in range(2)]
        finally:
            await agent.close()

    with OpenAIServer(plan=lambda number: replies[number]) as server:
        assert [reply.text for reply in asyncio.run(ask_twice())] == ["whole", "whole again"]
    assert server.num_requests == 3


BUSY = {"message": "upstream is busy", "code": 502}
FAILURES = {
    "OpenRouter's choice": changed(completion(""), finish_reason="error", error={"code": 502}),
    "an error beside a text": changed(completion("half"), error=BUSY),
    "an error beside choices": Response(body=json.dumps({**json.loads(completion("x").body), "error": BUSY}).encode()),
    "a code as text": Response(body=json.dumps({"error": {**BUSY, "code": "502"}}).encode()),
    "a code as name": Response(body=json.dumps({"error": {**BUSY, "code": "rate_limit_exceeded"}}).encode()),
    "Google's name": Response(body=json.dumps({"error": {"status": "RESOURCE_EXHAUSTED", "message": "x"}}).encode()),
    "Google's list": Response(body=json.dumps([{"error": {"code": 429, "message": "quota"}}]).encode()),
    "Anthropic's": Response(body=b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'),
    "SGLang's": Response(body=b'{"object": "error", "message": "died", "code": 500}'),
    "FastAPI's": Response(body=b'{"detail": "Internal error"}'),
    "Cloudflare's": Response(body=b'{"success": false, "errors": [{"code": 7003, "message": "no route"}]}'),
    "MiniMax's": Response(body=b'{"base_resp": {"status_code": 1000, "status_msg": "unknown error"}, "choices": null}'),
    "words alone": Response(body=b'{"error": "model runner has stopped"}'),
    "a code beyond any status": Response(body=b'{"error": {"code": 20015, "message": "odd"}}'),
    "an event of a stream": Response(body=b'event: error\ndata: {"error": {"message": "x", "code": 503}}\n\n'),
    "comments alone": Response(body=b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n"),
    "text behind": Response(body=completion("fine").body + b"\nSegmentation fault"),
    "two objects": Response(body=completion("fine").body + completion("other").body),
    "no choice": openai_server.NO_CHOICE,
    "half a body": Response(body=completion("fine").body[:-40]),
    "a page": openai_server.HTML,
    "empty": Response(),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_failure_with_status_200_is_tried_again_and_never_kept(session, tmp_path, failure):
    with OpenAIServer(plan=lambda number: failure if number < 2 else None) as server:
        reply = ask(server, session, cache=tmp_path / "cache")
        assert (reply.text, reply.num_requests) == ("fine", 3)
        assert ask(server, session, cache=tmp_path / "cache").is_cached
    with OpenAIServer(plan=lambda number: failure) as server:
        with pytest.raises(AgentError, match="after 3 requests") as caught:
            ask(server, session, cache=tmp_path / "other")
        assert not isinstance(caught.value, (AgentRefusedError, UnplayableError))
    assert not list((tmp_path / "other").glob("*/*"))


CODES = [
    ({"code": 401, "message": "No auth"}, AgentRefusedError, "refuses the key"),
    ({"code": "invalid_api_key", "message": "No auth"}, AgentRefusedError, "refuses the key"),
    ({"code": "402", "message": "x"}, AgentRefusedError, "wants money"),
    ({"code": 400, "message": "Your credit balance is too low"}, AgentRefusedError, "wants money"),
    ({"code": 404, "message": "x"}, AgentRefusedError, "no such model"),
    ({"type": "not_found_error", "message": "model: x"}, AgentRefusedError, "no such model"),
    ({"code": 400, "message": "odd"}, AgentError, "does not take the request"),
    ({"code": "context_length_exceeded", "message": "x"}, UnplayableError, "too long"),
    ({"code": 403, "message": "flagged", "metadata": {"flagged_input": "x"}}, UnplayableError, "content through"),
    (
        {"code": 400, "message": "Provider returned error", "metadata": {"raw": '{"error": "prompt is too long: 9"}'}},
        UnplayableError,
        "prompt is too long: 9",
    ),
]


@pytest.mark.parametrize(("told", "kind", "message"), CODES, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("place", ["body", "choice"])
def test_the_code_of_an_error_with_status_200_counts_as_its_status(session, told, kind, message, place):
    whole = Response(body=json.dumps({"error": told}).encode())
    reply = whole if place == "body" else changed(completion(""), finish_reason="error", error=told)
    with OpenAIServer(plan=lambda number: reply) as server, pytest.raises(kind, match=message) as caught:
        ask(server, session)
    assert type(caught.value) is kind
    assert server.num_requests == 1


READ = {
    "comments": Response(body=b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\r\n\n" + completion("fine").body),
    "a byte order mark": Response(body=b"\xef\xbb\xbf" + completion("fine").body),
    "a stream's end": Response(body=completion("fine").body + b"\n\ndata: [DONE]\n\n"),
    "blanks": Response(body=b"\r\n \n" + completion("fine").body + b"\n\n"),
    "created": Response(201, completion("fine").body),
    "an error that is none": changed(completion("fine"), error=None),
    "an empty error": Response(body=json.dumps({**json.loads(completion("fine").body), "error": {}}).encode()),
    "gzip": Response(body=gzip.compress(completion("fine").body), headers=(("Content-Encoding", "gzip"),)),
    "gzip without a header": Response(body=gzip.compress(completion("fine").body)),
    "a header without gzip": Response(body=completion("fine").body, headers=(("Content-Encoding", "gzip"),)),
    "deflate": Response(body=zlib.compress(completion("fine").body), headers=(("Content-Encoding", "deflate"),)),
    "bare deflate": Response(
        body=zlib.compress(completion("fine").body)[2:-4], headers=(("Content-Encoding", "deflate"),)
    ),
}


@pytest.mark.parametrize("reply", READ.values(), ids=READ)
def test_a_reply_is_read_however_it_comes(session, reply):
    with OpenAIServer(plan=lambda number: reply) as server:
        assert ask(server, session, max_retries=0).text == "fine"


def test_a_reply_packed_with_br_is_read(session):
    brotli = pytest.importorskip("brotli")
    reply = Response(body=brotli.compress(completion("fine").body), headers=(("Content-Encoding", "br"),))
    with OpenAIServer(plan=lambda number: reply) as server:
        assert ask(server, session, max_retries=0).text == "fine"
    for damaged in (reply.body[:-1], b"\x1bno brotli"):
        with pytest.raises(PassingFailureError, match="packed"):
            unpacked(damaged, "br", 10**6)
    with pytest.raises(AgentError, match="longer than 1000 bytes"):
        unpacked(brotli.compress(bytes(10**7)), "br", 1000)


def test_without_the_package_for_br_its_name_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "brotli", None)
    with pytest.raises(MissingDependencyError, match="packs its replies with br, though not asked to: pip install"):
        unpacked(b"\x1b", "br", 1000)


def test_what_unpacks_without_end_is_cut():
    with pytest.raises(AgentError, match="longer than 1000 bytes"):
        unpacked(gzip.compress(bytes(10**7)), "gzip", 1000)
    with pytest.raises(PassingFailureError, match="breaks off"):
        unpacked(gzip.compress(b"whole text")[:-9], "gzip", 1000)
    with pytest.raises(AgentRefusedError, match="packs its replies as 'zstd'"):
        unpacked(b"(\xb5/\xfd", "zstd", 1000)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (2, 1), (None, 1)])
def test_choices_are_taken_by_their_index(order):
    first, second = (json.loads(completion(f"index {i}").body)["choices"][0] for i in order)
    first["index"], second["index"] = order
    body = json.loads(completion("").body) | {"choices": [first, second]}
    lowest = min(order, key=lambda index: index or 0)
    assert read_completion(json.dumps(body).encode()).text == f"index {lowest}"


@pytest.mark.parametrize(
    ("content", "more", "text", "reasoning"),
    [
        ("a", {"reasoning_content": "r"}, "a", "r"),
        ("a", {"reasoning": "r"}, "a", "r"),
        ([{"type": "thinking", "thinking": "r"}, {"type": "text", "text": "a"}], {}, "a", "r"),
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "r"}]}, {"type": "text", "text": "a"}],
            {},
            "a",
            "r",
        ),
        ([{"type": "reasoning", "text": "r"}, {"type": "output_text", "text": "a"}], {}, "a", "r"),
        ([{"type": "refusal", "refusal": "I will not."}], {}, "I will not.", ""),
        ({"type": "text", "text": "a"}, {}, "a", ""),
        (None, {"reasoning": {"effort": "low"}}, "", ""),
    ],
)
def test_thoughts_are_no_part_of_the_answer(content, more, text, reasoning):
    read = read_completion(completion(content, **more).body)
    assert (read.text, read.reasoning) == (text, reasoning)


def test_thoughts_that_took_all_tokens_are_an_answer_cut_off():
    body = json.loads(completion(None, finish="length").body)
    del body["choices"][0]["message"]
    assert read_completion(json.dumps(body).encode()).is_cut_off


REFUSED_CONTENT = [
    (400, "This model's maximum context length is 4096 tokens. Please reduce the length.", None, "context"),
    (400, "Prompt is 900 tokens but the model context window is 512 tokens.", None, "context"),
    (400, "x", "context_length_exceeded", "context"),
    (400, "the request exceeds the available context size, try increasing it", "exceed_context_size_error", "context"),
    (400, "The input (61709 tokens) is longer than the model's context length (40960 tokens).", None, "context"),
    (400, "prompt is too long: 210000 tokens > 200000 maximum", None, "context"),
    (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", None, "context"),
    (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2050", None, "context"),
    (400, "'max_tokens' is too large: 1024. This model's maximum context length is 512 tokens", None, "context"),
    (413, "<h1>413 Request Entity Too Large</h1>", None, "context"),
    (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000.", None, "context"),
    (400, "The response was filtered due to Azure OpenAI's content management policy.", "x", "filter"),
    (400, "x", "content_filter", "filter"),
    (400, "Invalid prompt: your prompt was flagged as violating our usage policy.", "invalid_prompt", "filter"),
    (403, "openai/gpt-4 requires moderation on OpenAI. Your input was flagged for \"violence\".", None, "filter"),
    (400, "Input data may contain inappropriate content.", "data_inspection_failed", "filter"),
    (451, "Blocked by a guardrail", None, "filter"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "words", "code", "kind"), REFUSED_CONTENT, ids=lambda value: str(value)[:30])
def test_a_request_that_is_refused_for_its_content_says_so(session, status, words, code, kind):
    with (
        OpenAIServer(plan=lambda number: error(status, words, code)) as server,
        pytest.raises(UnplayableError) as caught,
    ):
        ask(server, session)
    assert caught.value.kind == kind
    assert server.num_requests == 1


def test_a_context_that_may_be_full_for_now_is_tried_again_first(session):
    full = error(500, "Context size has been exceeded.", "server_error")
    with OpenAIServer(plan=lambda number: full if number < 1 else None) as server:
        assert ask(server, session).num_requests == 2
    with OpenAIServer(plan=lambda number: full) as server, pytest.raises(UnplayableError, match="after 3 requests"):
        ask(server, session)


def test_a_rate_in_tokens_is_waited_for(session):
    words = "This request would exceed your organization's rate limit of 50,000 input tokens per minute."
    with OpenAIServer(plan=lambda number: error(429, words) if number < 1 else None) as server:
        assert ask(server, session).num_requests == 2


REFUSED_REQUESTS = [
    (
        500,
        "image input is not supported - hint: you may need to provide the mmproj",
        "reads no pictures .* --show text",
    ),
    (400, "Qwen2.5-7B is not a multimodal model", "reads no pictures"),
    (404, "No endpoints found that support image input", "reads no pictures"),
    (422, "messages[0]: unknown variant `image_url`, expected `text`", "reads no pictures"),
    (500, "this model is missing data required for image input", "reads no pictures"),
    (400, "'messages.0' : for 'role:user' ... content must be a string", "reads no pictures"),
    (400, "At most 1 image(s) may be provided in one request.", "--history-no-pictures"),
    (400, "Your credit balance is too low to access the API.", "wants money"),
    (403, "Your account was flagged", "refuses the key"),
    (407, "Proxy Authentication Required", "the proxy refuses"),
    (400, "openrouter/x is not a valid model ID", "no such model"),
]


@pytest.mark.parametrize(("status", "words", "message"), REFUSED_REQUESTS, ids=lambda value: str(value)[:30])
def test_what_every_request_would_be_refused_for_ends_the_run_at_once(session, status, words, message):
    with OpenAIServer(plan=lambda number: error(status, words)) as server:
        with pytest.raises(AgentRefusedError, match=message):
            ask(server, session)
        assert server.num_requests == 1


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (
            "max_tokens is too large: 9. This model supports at most 4 completion tokens.",
            "--max-tokens N asks for fewer",
        ),
        ("temperature: range: 0..1", "Leave out --temperature"),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "--max-tokens-field max_comple"),
        ("Unrecognized request argument supplied: seed", "--sampling-seed"),
    ],
)
def test_a_parameter_that_is_not_taken_comes_with_the_option_that_helps(words, hint):
    assert hint in str(read_error(400, {}, error(400, words).body, "KEY"))


def test_a_provider_that_fails_every_fifth_time_changes_no_score(tmp_path):
    """The oracle's answers behind a server whose provider fails: what is not answered is missing, and plays later."""
    failure = changed(completion(""), finish_reason="error", error={"code": 502})
    plan = Plan(tuple(EpisodeSpec("vlm_gym/NumberLine-v0", seed, {"max_position": 3}) for seed in range(12)))

    async def play():
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url, max_retries=0))
        try:
            return await evaluate(tmp_path / "run", plan, agent, concurrency=1, is_resumed=True)
        finally:
            await agent.close()

    with OpenAIServer(answer=answer_of_oracle) as server:
        server.plan = lambda number: failure if number % 5 == 4 else None
        first = asyncio.run(play())
        assert first.failures
        assert first.num_successes == first.num_done < 12
        server.plan = lambda number: None
        assert asyncio.run(play()).num_successes == 12
    assert all(episode.is_success and not episode.num_faults for episode in read_episodes(tmp_path / "run"))


def answer_of_oracle(request):
    """Answer by the picture's words, which the server of this test reads off the prompt's picture."""
    return json.dumps({"action": ORACLE[request["messages"][-1]["content"][0]["image_url"]["url"]]})


def _oracle():
    from vlm_gym.messages import Message

    answers, env = {}, EpisodeSpec("vlm_gym/NumberLine-v0", 0, {"max_position": 3}).make()
    for position in range(4):
        for target in range(4):
            if position != target:
                picture, _ = env.reset(options={"position": position, "target": target})
                answers[Message("user", "", picture).picture_url] = "+" if target > position else "-"
    return answers


ORACLE = _oracle()
