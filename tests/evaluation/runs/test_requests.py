"""What was sent and what came back is on record: the record of a run tells every byte of its requests."""

import asyncio
import base64
import json
from dataclasses import replace

import pytest
from openai_server import OpenAIServer, completion, error
from recorded import results

from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import Agent, OracleAgent, Reply
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.runs.merge import merge
from vlm_gym.evaluation.runs.plan import Plan, Shard
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import TEXTS_FILE, TURNS_FILE, picture_path, read_episodes, read_run, read_turns

HOSTILE = ("", "<image>", "\ud800 \x00 \u2028", '{"action": "+"}', "é" * 3, "no idea", '{"action": "-"}')
EPISODES = (
    EpisodeSpec("vlm_gym/NumberLine-v0", 1),
    EpisodeSpec("vlm_gym/Points24-v0", 2),
    EpisodeSpec("vlm_gym/Household-v0", 3),
)
CHATS = {
    "plain": ChatSettings(),
    "all": ChatSettings(system="Play <image> well.", history="all", max_reasks=1, tell_mistakes=True),
    "some": ChatSettings(history=2, history_pictures=False, max_reasks=2),
    "text": ChatSettings(show="text", history=1, system=""),
    "both": ChatSettings(show="both", token_budget=900, history="all"),
}


def play(folder, chat, server, episodes=EPISODES, **more):
    async def run():
        settings = EndpointSettings(base_url=server.base_url, temperature=0.5, seed=7)
        agent = EndpointAgent("model", settings)
        try:
            return await evaluate(folder, Plan(tuple(episodes), chat=chat), agent, concurrency=1, **more)
        finally:
            await agent.close()

    return asyncio.run(run())


def told(folder, request):
    """Return a recorded request as the messages of the protocol."""
    messages = []
    for message in request:
        content = message.text
        if message.picture is not None:
            url = (
                "data:image/png;base64," + base64.b64encode(picture_path(folder, message.picture).read_bytes()).decode()
            )
            content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": message.text}]
        messages.append({"role": message.role, "content": content})
    return messages


@pytest.mark.parametrize("chat", CHATS.values(), ids=CHATS)
def test_the_requests_on_record_are_those_that_the_server_got(tmp_path, chat):
    numbers = iter(range(10**6))
    with OpenAIServer(answer=lambda request: HOSTILE[next(numbers) % len(HOSTILE)]) as server:
        assert play(tmp_path, chat, server).is_complete
    turns = read_turns(tmp_path)
    recorded = [(request, reply) for turn in turns for request, reply in zip(turn.requests, turn.replies, strict=True)]
    assert len(recorded) == len(server.requests)
    rest = {**read_run(tmp_path)["agent"]["sampling"], "model": read_run(tmp_path)["agent"]["model"]}
    for (request, reply), sent in zip(recorded, server.requests, strict=True):
        assert {"messages": told(tmp_path, request), "seed": reply.seed, **rest} == sent
    for turn in turns:
        assert [reply.text for reply in turn.replies] == list(turn.answers)
        assert (chat.show == "text") == (turn.requests[0][-1].picture is None)
        assert turn.requests[0][-1].picture in (None, turn.picture)


def test_every_text_is_stored_once(tmp_path):
    with OpenAIServer(answer=lambda request: "no idea") as server:
        play(tmp_path, CHATS["all"], server)
        texts = [json.loads(line) for line in (tmp_path / TEXTS_FILE).read_text().splitlines()]
        assert len({text["name"] for text in texts}) == len({text["text"] for text in texts}) == len(texts)
        sent = {message.text for turn in read_turns(tmp_path) for request in turn.requests for message in request}
        assert sent == {text["text"] for text in texts}
        lines = (tmp_path / TURNS_FILE).read_text().splitlines(keepends=True)
        (tmp_path / TURNS_FILE).write_text("".join(lines[:5]))
        assert play(tmp_path, CHATS["all"], server, is_resumed=True).is_complete
    assert len((tmp_path / TEXTS_FILE).read_text().splitlines()) == len(texts)  # the texts that are there stay


def test_what_came_back_is_on_record(tmp_path):
    def answer(request):
        return completion('{"action": "+"}', model="model", prompt_tokens=11, reasoning_content="3 is below 5")

    with OpenAIServer(answer=answer) as server:
        play(tmp_path, ChatSettings(), server, EPISODES[:1])
    for turn in read_turns(tmp_path):
        (reply,) = turn.replies
        assert reply.reasoning == "3 is below 5"
        assert (reply.model, reply.request_id, reply.finish_reason) == ("model", "chatcmpl-1", "stop")
        assert (reply.prompt_tokens, reply.completion_tokens) == (turn.prompt_tokens, turn.completion_tokens) == (11, 2)
        assert reply.latency_s == turn.latency_s > 0


def test_enlarged_pictures_are_named_as_they_were_before(tmp_path):
    with OpenAIServer(answer=lambda request: '{"action": "+"}') as server:
        play(tmp_path, ChatSettings(picture_size=448), server, EPISODES[:1])
    for turn in read_turns(tmp_path):
        assert turn.requests[0][-1].picture == turn.picture
        assert picture_path(tmp_path, turn.picture).exists()


class Half(OracleAgent):
    """Plays as the oracle does, but is unreadable at every second turn."""

    async def answer(self, session, rng):
        reply = await super().answer(session, rng)
        return reply if len(session.turns) % 2 else Reply("hm", reasoning="\ud800", finish_reason="stop")


def test_shards_and_sittings_record_what_one_run_does(tmp_path):
    chat = CHATS["some"]
    plan = Plan(tuple(EpisodeSpec("vlm_gym/EZPoints-v0", seed) for seed in range(6)), chat=chat)
    asyncio.run(evaluate(tmp_path / "whole", plan, Half()))
    for number in (1, 2):
        asyncio.run(evaluate(tmp_path / f"{number}", replace(plan, shard=Shard(number, 2)), Half()))
    merge([tmp_path / "1", tmp_path / "2"], tmp_path / "merged")
    assert results(tmp_path / "merged") == results(tmp_path / "whole")
    lines = (tmp_path / "whole" / TURNS_FILE).read_text().splitlines(keepends=True)
    (tmp_path / "whole" / TURNS_FILE).write_text("".join(lines[: len(lines) // 2]))
    asyncio.run(evaluate(tmp_path / "whole", plan, Half(), is_resumed=True))
    assert results(tmp_path / "whole") == results(tmp_path / "merged")
    assert all(turn.requests and turn.replies for turn in read_turns(tmp_path / "merged"))


def test_an_agent_that_sends_nothing_has_its_messages_on_record_all_the_same(tmp_path):
    class Silent(Agent):
        async def answer(self, session, rng):
            return Reply("+")

        def describe(self):
            return {"name": "silent"}

    asyncio.run(evaluate(tmp_path, Plan(EPISODES[:1]), Silent()))
    turn = read_turns(tmp_path)[0]
    assert [message.text for message in turn.requests[0]] == [turn.prompt]


@pytest.mark.parametrize("max_reasks", [0, 1])
def test_a_request_that_was_refused_is_on_record(tmp_path, max_reasks):
    chat = ChatSettings(history="all", max_reasks=max_reasks, system="Play.")

    def answer(request):
        return error(400, "too long", "context_length_exceeded") if len(request["messages"]) > 7 else "no idea"

    with OpenAIServer(answer=answer) as server:
        play(tmp_path, chat, server, EPISODES[:1])
    (episode,) = read_episodes(tmp_path)
    assert episode.stopped == "context"
    assert told(tmp_path, episode.final_request) == server.requests[-1]["messages"]
    merge([tmp_path], tmp_path / "merged")
    assert read_episodes(tmp_path / "merged") == [episode]
    (tmp_path / TEXTS_FILE).write_text("")
    assert read_episodes(tmp_path) == [replace(episode, final_request=())]
