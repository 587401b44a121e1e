"""What a function of `vlm_gym` cannot use is refused at once, with what was expected and what came."""

import asyncio
import inspect
import re

import gymnasium as gym
import numpy as np
import pytest

import vlm_gym
from vlm_gym import ConfigError, EpisodeSpec, Message, Reply
from vlm_gym.assembly import default_arguments

EPISODE = EpisodeSpec("vlm_gym/NumberLine-v0", 0)
PLAN = vlm_gym.Plan((EPISODE,))
MESSAGE = Message("user", "Which way?")
LAKE = {"task": "wrong/Lake-v0", "env": "FrozenLake-v1", "actions": ("l", "d", "r", "u"), "goal": "Walk."}
TAKES_NOTHING = {"Agent": "it is abstract", "ChatTurn": "returned", "Step": "returned", "Panel": "returned"}


def evaluate(folder="run", **arguments):
    return asyncio.run(vlm_gym.evaluate(folder, **{"plan": PLAN, "agent": vlm_gym.make_agent("random"), **arguments}))


def register(**arguments):
    line = vlm_gym.find_task("NumberLine-v0")
    facts = {"id": "wrong/Values-v0", "entry": line.entry, "summary": "s", "turn_limit": 10}
    vlm_gym.register_task(vlm_gym.Task(**{**facts, **arguments}))


def chat(env=None, **arguments):
    return vlm_gym.ChatSession(gym.make(EPISODE.task, parser="json") if env is None else env, **arguments)


CALLS = {
    "ChatSession": (chat, {}),
    "ChatSettings": (vlm_gym.ChatSettings, {}),
    "EpisodeSpec": (EpisodeSpec, {"task": EPISODE.task, "seed": 0}),
    "Limits": (vlm_gym.Limits, {}),
    "Message": (Message, {"role": "user", "text": ""}),
    "Plan": (vlm_gym.Plan, {"episodes": (EPISODE,)}),
    "Reply": (Reply, {"text": ""}),
    "Rollout": (vlm_gym.Rollout, {}),
    "SessionPool": (vlm_gym.SessionPool, {"chat": vlm_gym.ChatSettings()}),
    "Task": (register, {}),
    "adopt": (vlm_gym.adopt, LAKE),
    "evaluate": (evaluate, {}),
    "find_task": (vlm_gym.find_task, {}),
    "get_panel": (vlm_gym.get_panel, {}),
    "make_agent": (vlm_gym.make_agent, {"name": "random"}),
    "register_task": (vlm_gym.register_task, {}),
    "rows": (vlm_gym.rows, {"panel": "cards-v0"}),
    "to_hugging_face": (vlm_gym.to_hugging_face, {"messages": [MESSAGE]}),
    "to_openai": (vlm_gym.to_openai, {"messages": [MESSAGE]}),
    "to_placeholders": (vlm_gym.to_placeholders, {"messages": [MESSAGE]}),
}
CLASSES = {task.entry: task.id for task in vlm_gym.TASKS.values() if not task.needs_data}
GYMNASIUMS = {"render_mode"}  # checked by gymnasium.make, before we see it
ARGUMENTS = [(task, each) for task in CLASSES.values() for each in default_arguments(task) if each not in GYMNASIUMS]
OPTIONS = [(task, each) for task in CLASSES.values() for each in gym.make(task).unwrapped.option_names]
PARAMETERS = [(name, each) for name in CALLS for each in inspect.signature(getattr(vlm_gym, name)).parameters]


def is_called(name):
    value = getattr(vlm_gym, name)
    return callable(value) and not (inspect.isclass(value) and issubclass(value, Exception))


def test_every_function_and_class_is_tried():
    assert {name for name in vlm_gym.__all__ if is_called(name)} == {*CALLS, *TAKES_NOTHING}


@pytest.mark.parametrize("wrong", [object(), np.zeros(3)], ids=["object", "array"])
@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_a_value_that_means_nothing_is_refused(name, parameter, wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, arguments = CALLS[name]
    with pytest.raises(vlm_gym.VlmGymError) as raised:
        call(**{**arguments, parameter: wrong})
    assert re.search(r"\bgot |there is no|lacks", str(raised.value))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [object(), np.zeros(3)], ids=["object", "array"])
@pytest.mark.parametrize(("task", "argument"), ARGUMENTS)
def test_an_argument_of_a_task_that_means_nothing_is_refused(task, argument, wrong):
    with pytest.raises(ConfigError, match=argument):
        gym.make(task, **{argument: wrong}).reset(seed=0)


@pytest.mark.parametrize("wrong", [object(), np.zeros(3)], ids=["object", "array"])
@pytest.mark.parametrize(("task", "option"), OPTIONS)
def test_an_option_that_means_nothing_is_refused(task, option, wrong):
    with pytest.raises(ConfigError, match=option):
        gym.make(task).reset(options={option: wrong})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: chat("vlm_gym/NumberLine-v0"), "gym.make"),
        (lambda: chat(settings={"history": 1}), "settings must be ChatSettings"),
        (lambda: vlm_gym.Plan(vlm_gym.get_panel("cards-v0")), "get_panel('cards-v0').episodes"),
        (lambda: vlm_gym.Plan(vlm_gym.rows("cards-v0", 1)), "EpisodeSpec.from_row"),
        (lambda: vlm_gym.Plan((EPISODE,), shard="1/2"), "Shard(1, 2)"),
        (lambda: vlm_gym.Limits(max_cost="5"), "max_cost must be a number above 0 or None, got '5'"),
        (lambda: vlm_gym.Limits(max_requests=float("nan")), "got nan"),
        (lambda: vlm_gym.Limits(max_requests=True), "got True"),
        (lambda: vlm_gym.rows(vlm_gym.get_panel("cards-v0").episodes), "panel must be a Panel or its name"),
        (lambda: vlm_gym.to_openai(MESSAGE), "messages must be a list"),
        (lambda: vlm_gym.to_openai([{"role": "user", "content": "?"}]), "each message must be a vlm_gym.Message"),
        (lambda: vlm_gym.to_hugging_face([MESSAGE], "<|im_end|>"), "special_tokens must be a list"),
        (lambda: vlm_gym.make_agent("openai:m", "http://localhost:8000/v1"), "EndpointSettings(...)"),
        (lambda: evaluate(agent="oracle"), "make_agent('oracle')"),
        (lambda: evaluate(agent=lambda messages: "+"), "make_agent('oracle')"),
        (lambda: evaluate(agent=vlm_gym.Agent), "make_agent('oracle')"),
        (lambda: Message("user", "?", np.zeros((3, 3, 3))), "(height, width, 3) uint8, got (3, 3, 3) float64"),
        (lambda: Message("robot", "?"), "role must be one of 'system', 'user', 'assistant'; got 'robot'"),
        (lambda: Reply("", prompt_tokens="12"), "prompt_tokens must be a number of 0 or more, got '12'"),
    ],
)
def test_a_likely_mistake_is_told_what_to_do(call, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as raised:
        call()
    assert words in str(raised.value)
    assert len(str(raised.value)) < 400


class Careless(vlm_gym.Agent):
    """Answers and describes itself with what it is given."""

    def __init__(self, said, description):
        self.said, self.description = said, description

    async def answer(self, session, rng):
        return self.said

    def describe(self):
        return self.description


class Hasty(Careless):
    """Its `answer` is not a coroutine function."""

    def answer(self, session, rng):
        return self.said


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (Careless("+", {"name": "a"}), "what Careless.answer returns must be a Reply, such as Reply(text), got '+'"),
        (Careless(None, {"name": "a"}), "got None"),
        (Careless(Reply("+"), None), "what Careless.describe returns must be a dict"),
        (Hasty(Reply("+"), {"name": "a"}), "Hasty.answer must be a coroutine function"),
    ],
    ids=["text", "nothing", "no description", "no coroutine"],
)
def test_an_agent_that_is_written_wrong_is_told_so(agent, words, tmp_path):
    with pytest.raises(ConfigError) as raised:
        evaluate(tmp_path / "run", agent=agent)
    assert words in str(raised.value)
