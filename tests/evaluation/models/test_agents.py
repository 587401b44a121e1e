"""Agents that need no model."""

import asyncio
import json
import sys
import threading
import time

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_KIND

from vlm_gym.chat import ChatSession
from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError
from vlm_gym.evaluation.models.agents import (
    CallableAgent,
    ConstantAgent,
    OracleAgent,
    RandomAgent,
    Reply,
    ScriptedAgent,
    SearcherAgent,
    callable_agent,
)
from vlm_gym.parsers.base import Parsed

BY_CHANCE = (RandomAgent(), OracleAgent(0.5), OracleAgent())


def start(task="vlm_gym/NumberLine-v0", parser="json", seed=0, options=None):
    session = ChatSession(gym.make(task, parser=parser))
    session.reset(seed=seed, options=options)
    return session


def ask(agent, session, turn=0):
    return asyncio.run(agent.answer(session, np.random.default_rng(turn)))


def action_of(session, reply):
    answer = session.parser.parse(reply.text, session.task.actions)
    assert isinstance(answer, Parsed)
    return answer.action


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
@pytest.mark.parametrize("agent", BY_CHANCE, ids=lambda agent: agent.describe()["name"])
def test_the_same_turn_is_answered_alike_and_readably(task, agent):
    session = start(task)
    answers = [ask(agent, session, turn) for turn in (1, 1, 2, 3, 4)]
    assert answers[0] == answers[1] == Reply(answers[0].text)
    for reply in answers:
        action_of(session, reply)


def test_random_play_is_uniform():
    session = start("vlm_gym/Blackjack-v0")
    actions = [action_of(session, ask(RandomAgent(), session, turn)) for turn in range(400)]
    assert set(actions) == {"hit", "stand"}
    assert 150 < actions.count("hit") < 250


def test_the_oracle_plays_best_actions():
    session = start(options={"position": 0, "target": 5})
    assert all(action_of(session, ask(OracleAgent(), session, turn)) == "+" for turn in range(20))


def test_the_searcher_does_a_household_task():
    session = start("vlm_gym/Household-v1", seed=4)
    while not session.is_over:
        session.answer(ask(SearcherAgent(), session).text)
    assert session.info["is_success"]


def test_where_there_is_no_searcher_the_agent_refuses():
    with pytest.raises(AgentRefusedError, match=r"NumberLineEnv has no searcher.*the agent oracle is one"):
        ask(SearcherAgent(), start())


def test_the_noisy_oracle_is_right_with_its_probability():
    """Of two actions a random one is right half of the time: 0.6 + 0.4 / 2."""
    session = start(options={"position": 0, "target": 5})
    num_right = sum(action_of(session, ask(OracleAgent(0.6), session, turn)) == "+" for turn in range(1000))
    assert abs(num_right - 800) < 4 * np.sqrt(1000 * 0.8 * 0.2)


def test_the_oracle_plays_on_where_nothing_can_succeed():
    session = start("vlm_gym/Points24-v0", options={"cards": ["AS", "AH", "AD", "AC"]})
    assert session.task.oracle_action() is None
    action_of(session, ask(OracleAgent(), session))


@pytest.mark.parametrize("parser", ["json", "tagged", "paper"])
def test_agents_write_what_the_parser_reads(parser):
    session = start(parser=parser, options={"position": 0, "target": 5})
    assert action_of(session, ask(OracleAgent(), session)) == "+"
    action_of(session, ask(RandomAgent(), session))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), True, "half", None])
def test_a_probability_is_one(p):
    with pytest.raises(ConfigError, match="must be from 0 to 1"):
        OracleAgent(p)


def test_the_constant_agent_says_the_same():
    assert [ask(ConstantAgent("hm \ud800"), start(seed=seed)).text for seed in range(3)] == ["hm \ud800"] * 3


def test_a_script_is_followed_turn_by_turn_and_its_last_text_repeated():
    session, agent = start(options={"position": 0, "target": 5}), ScriptedAgent(["a", '{"action": "+"}'])
    played = []
    for _ in range(4):
        played.append(ask(agent, session).text)
        session.answer(played[-1])
    assert played == ["a", *['{"action": "+"}'] * 3]


@pytest.mark.parametrize("texts", [[], ["a", 5], {"a": "b"}, "a", 5])
def test_a_script_is_a_list_of_texts(texts):
    with pytest.raises(ConfigError, match="a script must be a list of one text or more"):
        ScriptedAgent(texts)


def test_a_function_gets_messages_with_pictures():
    got = []
    agent = CallableAgent(lambda messages: got.append(messages) or "fine")
    session = start()
    assert ask(agent, session) == Reply("fine")
    ((message,),) = got
    picture, text = message["content"]
    assert np.array_equal(np.asarray(picture["image"]), session.picture)
    assert text == {"type": "text", "text": session.info["prompt"]}


def test_a_plain_function_is_called_once_at_a_time_beside_the_event_loop():
    threads, running, most = set(), [], []

    def slow(messages):
        threads.add(threading.get_ident())
        running.append(1)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()
        return "fine"

    async def ask_all():
        agent, rng = CallableAgent(slow), np.random.default_rng(0)
        return await asyncio.gather(*(agent.answer(start(), rng) for _ in range(5)))

    assert [reply.text for reply in asyncio.run(ask_all())] == ["fine"] * 5
    assert max(most) == 1
    assert threading.get_ident() not in threads


def test_a_coroutine_function_is_called_for_many_at_once():
    waiting = []

    async def answer(messages):
        waiting.append(1)
        while len(waiting) < 5:
            await asyncio.sleep(0)
        return "fine"

    async def ask_all():
        agent, rng = CallableAgent(answer), np.random.default_rng(0)
        return await asyncio.wait_for(asyncio.gather(*(agent.answer(start(), rng) for _ in range(5))), 60)

    assert len(asyncio.run(ask_all())) == 5


class Model:
    async def __call__(self, messages):
        return "from an object"


def test_an_object_that_is_called_as_coroutine_is_awaited():
    assert ask(CallableAgent(Model()), start()).text == "from an object"


def test_what_a_function_returns_must_be_text():
    with pytest.raises(ConfigError, match="the agent answer_5 must return a str, got 5"):
        ask(CallableAgent(lambda messages: 5, "answer_5"), start())


class Greedy:
    """Takes one argument more."""

    def __call__(self, messages, temperature):
        return ""


@pytest.mark.parametrize("function", [lambda: "", Greedy(), Greedy, lambda *, messages: ""])
def test_what_cannot_take_the_messages_is_refused_at_once(function):
    with pytest.raises(ConfigError, match=r"must be a function that takes the messages alone, \(messages\) -> str"):
        CallableAgent(function, "mine")


async def _fails_later(messages):
    return messages[10**6]


@pytest.mark.parametrize("function", [lambda messages: 1 / 0, lambda messages: messages["x"], _fails_later])
def test_what_a_function_raises_is_told_with_its_line(function):
    with pytest.raises(AgentError, match=rf"the agent mine failed: \w+Error: .* \({__file__}, line \d+\)") as caught:
        ask(CallableAgent(function, "mine"), start())
    assert isinstance(caught.value.__cause__, (ZeroDivisionError, TypeError, IndexError))


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Give the working directory a module with functions."""
    (tmp_path / "my_model_for_tests.py").write_text("def answer(messages): return 'mine'\nnumber = 5\n")
    (tmp_path / "broken_model_for_tests.py").write_text("import not_installed_anywhere\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return "my_model_for_tests"


def test_a_function_is_imported_by_name(module):
    agent = callable_agent(f"{module}:answer")
    assert ask(agent, start()).text == "mine"
    assert agent.describe() == {"name": "my_model_for_tests:answer"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("my_model_for_tests", "must be named module:function"),
        ("", "must be named module:function"),
        (":answer", "must be named module:function, got ':answer'"),
        (".models:answer", "must be named module:function"),
        ("my_model_for_tests:other", "cannot import the agent 'my_model_for_tests:other'"),
        ("no_model_for_tests:answer", "No module named 'no_model_for_tests'"),
        ("broken_model_for_tests:answer", "No module named 'not_installed_anywhere'"),
        ("my_model_for_tests:number", "must be a function (messages) -> str, got 5"),
        (
            "os:getpid",
            "'os:getpid' must be a function that takes the messages alone, (messages) -> str; it is getpid",
        ),
        ("operator:add", "it is add(a, b, /): missing a required argument: 'b'"),
        ("types:SimpleNamespace.__init__", "cannot import the agent"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(module, target, message):
    with pytest.raises(ConfigError) as caught:
        callable_agent(target)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "agent",
    [*BY_CHANCE, ConstantAgent("\ud800"), ScriptedAgent(["a"]), CallableAgent(len)],
    ids=lambda agent: type(agent),
)
def test_a_description_is_json_with_a_name(agent):
    described = agent.describe()
    assert isinstance(described["name"], str)
    assert json.loads(json.dumps(described)) == described
    asyncio.run(agent.close())
