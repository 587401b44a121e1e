"""The folder of answers."""

import asyncio
import json
import logging
from dataclasses import replace

import numpy as np
import pytest
from openai_server import OpenAIServer

from vlm_gym.chat import ChatSession
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agents import Reply
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.models.reply_cache import ReplyCache, request_key

REPLY = Reply('{"action": "+"} \ud800 \x00', 5, 6, cost=1.5, latency_s=2.5, num_requests=3, is_cut_off=True)


@pytest.fixture(scope="module")
def session():
    session = ChatSession(EpisodeSpec("vlm_gym/NumberLine-v0", 0).make())
    session.reset(seed=0)
    return session


def ask(server, session, folder, turn=0, **settings):
    """Ask an agent that is new, so that it knows nothing but the folder."""

    async def answer():
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url, cache=folder, **settings))
        try:
            return await agent.answer(session, np.random.default_rng(turn))
        finally:
            await agent.close()

    return asyncio.run(answer())


def test_a_reply_is_kept_without_what_it_took(tmp_path):
    cache = ReplyCache(tmp_path / "deep" / "folder")
    key = request_key("url", b"body", 0)
    assert cache.read(key) is None
    cache.write(key, REPLY)
    assert ReplyCache(cache.folder).read(key) == Reply(REPLY.text, 5, 6, is_cut_off=True, is_cached=True)


def test_a_key_is_that_of_one_request():
    keys = [request_key(*request) for request in (("a", b"b", 0), ("a", b"b", 1), ("a", b"c", 0), ("b", b"b", 0))]
    assert len(set(keys)) == 4
    assert request_key("a", b"b", 0) == keys[0]


def test_the_same_turn_is_asked_once(session, tmp_path):
    with OpenAIServer(answer=lambda request: "some words") as server:
        first = ask(server, session, tmp_path, price_out=9.0)
        again = ask(server, session, tmp_path, price_out=9.0)
    assert server.num_requests == 1
    assert (first.is_cached, first.num_requests) == (False, 1)
    assert first.cost > 0
    assert again == replace(first, cost=0.0, latency_s=0.0, num_requests=0, is_cached=True)
    assert (again.text, again.completion_tokens, again.finish_reason) == ("some words", 2, "stop")


def test_a_sampled_answer_belongs_to_its_turn_and_a_greedy_one_to_its_request(session, tmp_path):
    with OpenAIServer() as server:
        for turn in range(3):
            ask(server, session, tmp_path / "sampled", turn)
        assert server.num_requests == 3
        for turn in range(3):
            ask(server, session, tmp_path / "greedy", turn, temperature=0.0)
        assert server.num_requests == 4


def test_other_settings_are_another_request(session, tmp_path):
    with OpenAIServer() as server:
        for max_tokens in (5, 6):
            ask(server, session, tmp_path, temperature=0.0, max_tokens=max_tokens)
    assert server.num_requests == 2


WRONG_TYPES = '{"text": 3, "prompt_tokens": 1, "completion_tokens": 1, "is_cut_off": false, "finish_reason": "stop"}'


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"text": 3}', "null", "\ud800", WRONG_TYPES])
def test_a_damaged_file_is_asked_for_again(session, tmp_path, caplog, damage):
    caplog.set_level(logging.WARNING)
    with OpenAIServer() as server:
        ask(server, session, tmp_path)
        (path,) = tmp_path.glob("*/*.json")
        path.write_text(damage, encoding="utf-8", errors="surrogatepass")
        assert ask(server, session, tmp_path).text == "fine"
        assert ask(server, session, tmp_path).is_cached
    assert server.num_requests == 2
    assert "the request is sent again" in caplog.text
    assert json.loads(path.read_text())["text"] == "fine"
    assert [each.name for each in tmp_path.glob("*/*")] == [path.name]


def test_a_cache_that_cannot_be_written_loses_no_answer(tmp_path, caplog):
    cache = ReplyCache(tmp_path)
    key = request_key("url", b"body", 0)
    (tmp_path / key[:2]).write_text("a file where a folder should be")
    cache.write(key, REPLY)
    assert "cannot keep a reply" in caplog.text


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot make the cache's folder"):
        ReplyCache(tmp_path / "file" / "cache")
