"""`stop_repeats`: a greedy model is not asked again for what it would say again, and every figure stays what it was."""

import asyncio
import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest
from at_hand import ONE_OF_EACH_KIND

from vlm_gym.chat import ChatSettings
from vlm_gym.cli import main
from vlm_gym.cli.score_table import score_table
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.limits import Limits
from vlm_gym.evaluation.runs.plan import Plan, describe
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns
from vlm_gym.evaluation.scores.summary import summarise

UNREADABLE = ("I cannot say.", '{"thoughts": "hm', "", "{}")


class Greedy(Agent):
    """Answers what follows from the request, now and then an action; counts how often it is asked."""

    def __init__(self, share=0.3):
        self.share, self.num_asked = share, 0

    async def answer(self, session, rng):
        self.num_asked += 1
        digest = hashlib.sha256()
        for message in session.messages():
            digest.update(message.text.encode() + message.png)
        number = int.from_bytes(digest.digest()[:4], "big")
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "num_requests": 1}
        if number % 100 >= 100 * self.share:
            return Reply(UNREADABLE[number % len(UNREADABLE)], is_cut_off=number % 4 == 1, **usage)
        names = getattr(session.task.actions, "names", ("1+2",))
        return Reply(session.parser.write(names[number % len(names)], session.task.actions), **usage)

    def describe(self):
        return {"name": "greedy"}


def play(folder, episodes, chat=None, agent=None, stop_repeats=None, **more):
    agent = agent or Greedy()
    plan = Plan(tuple(episodes), chat=chat or ChatSettings(), stop_repeats=stop_repeats)
    asyncio.run(evaluate(folder, plan, agent, **more))
    return agent.num_asked


def played(folder):
    """What was played and scored: all but what it took."""
    free = {"prompt_tokens": 0, "completion_tokens": 0, "num_requests": 0, "latency_s": 0.0, "cost": 0.0}
    turns = [replace(turn, replies=(), **free) for turn in read_turns(folder)]
    return sorted(turns, key=lambda turn: (turn.episode, turn.turn)), [
        replace(episode, **free) for episode in sorted(read_episodes(folder), key=lambda each: each.episode)
    ]


CHATS = (
    ChatSettings(),
    ChatSettings(max_reasks=2, tell_mistakes=True),
    ChatSettings(history=1, history_pictures=False),
    ChatSettings(show="text", system="Play."),
)


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("on_fault", ["charge", "ask", "random", "end"])
@pytest.mark.parametrize("number", [1, 3])
def test_the_turns_are_those_that_would_have_been_played(tmp_path, chat, on_fault, number):
    tasks = ("NumberLine", "Points24", "Blackjack", "EZPointsFormula")
    episodes = [EpisodeSpec(f"vlm_gym/{task}-v0", seed, {"on_fault": on_fault}) for task in tasks for seed in range(2)]
    num_all = play(tmp_path / "asked", episodes, chat)
    num_some = play(tmp_path / "stopped", episodes, chat, stop_repeats=number)
    assert played(tmp_path / "stopped") == played(tmp_path / "asked")
    turns = read_turns(tmp_path / "stopped")
    assert num_all - num_some == sum(reply.is_repeated for turn in turns for reply in turn.replies)
    for turn in turns:
        if turn.is_repeated:
            assert (turn.num_requests, turn.prompt_tokens, turn.completion_tokens) == (0, 0, 0)
            assert turn.fault is not None
    if on_fault == "charge" and chat is CHATS[0]:
        assert num_some < num_all


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_model_that_cannot_be_read_is_asked_so_often_and_no_more(tmp_path, task):
    episode = EpisodeSpec(task, 3)
    play(tmp_path, [episode], agent=Greedy(share=0.0), stop_repeats=2)
    turns = read_turns(tmp_path)
    asked = [turn.turn for turn in turns if not turn.is_repeated]
    changed = [turn.turn for before, turn in pairwise(turns) if turn.requests != before.requests]
    assert len(asked) <= 2 * (1 + len(changed))
    assert asked[:2] == [1, 2][: len(turns)]


def test_an_answer_that_is_read_is_always_asked_for(tmp_path):
    line = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 0, "target": 5})

    class Minus(Greedy):
        async def answer(self, session, rng):
            self.num_asked += 1
            return Reply('{"action": "-"}')  # nothing moves, and the same is asked again

    assert play(tmp_path, [line], agent=Minus(), stop_repeats=1) == len(read_turns(tmp_path)) > 2


def test_a_run_that_is_resumed_goes_on_with_its_repeats(tmp_path):
    episodes = [EpisodeSpec("vlm_gym/Points24-v0", seed) for seed in range(6)]
    play(tmp_path / "whole", episodes, agent=Greedy(0.1), stop_repeats=2)
    for number in range(3, 60, 9):
        play(
            tmp_path / "parts", episodes, agent=Greedy(0.1), stop_repeats=2, is_resumed=True, concurrency=1,
            limits=Limits(max_requests=number),
        )  # fmt: skip
    play(tmp_path / "parts", episodes, agent=Greedy(0.1), stop_repeats=2, is_resumed=True)
    assert played(tmp_path / "parts") == played(tmp_path / "whole")
    repeated = [[turn.is_repeated for turn in read_turns(tmp_path / name)] for name in ("parts", "whole")]
    assert sum(repeated[0]) == sum(repeated[1]) > 0


def test_a_run_in_which_answers_repeat_may_go_on_without_asking(tmp_path):
    episodes = [EpisodeSpec("vlm_gym/Points24-v0", seed) for seed in range(3)]
    play(tmp_path / "asked", episodes, agent=Greedy(0.1))
    play(tmp_path / "run", episodes, agent=Greedy(0.1), limits=Limits(max_requests=20))
    play(tmp_path / "run", episodes, agent=Greedy(0.1), stop_repeats=2, is_resumed=True)
    assert played(tmp_path / "run") == played(tmp_path / "asked")
    assert any(turn.is_repeated for turn in read_turns(tmp_path / "run"))


def test_it_is_said_in_the_summary_and_in_run_json(tmp_path):
    play(tmp_path, [EpisodeSpec("vlm_gym/Points24-v0", 0)], agent=Greedy(0.0), stop_repeats=2)
    summary = summarise(tmp_path)
    assert summary.overall.repeated_rate == pytest.approx(18 / 20)
    assert "90.0 % of the turns had an answer that was taken again without asking" in score_table(summary)


def test_a_model_that_samples_is_refused(tmp_path, capsys):
    plan = Plan((EpisodeSpec("vlm_gym/Points24-v0", 0),), stop_repeats=2)
    for sampling in ({"sampling": {}}, {"sampling": {"temperature": 0.7}}, {"temperature": 1.0}):
        with pytest.raises(ConfigError, match="give --temperature 0"):
            describe(plan, {"name": "m", "model": "m", **sampling})
    assert describe(plan, {"name": "m", "model": "m", "sampling": {"temperature": 0.0}})["stop_repeats"] == 2
    assert "stop_repeats" not in describe(replace(plan, stop_repeats=None), {"name": "m"})
    command = ["eval", "--agent", "openai:m", "--task", "Points24-v0", "--out", str(tmp_path / "run")]
    assert main([*command, "--base-url", "http://127.0.0.1:1/v1", "--stop-repeats", "2"]) == 2
    assert "give --temperature 0, got None" in capsys.readouterr().err


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "2"])
def test_the_number_of_repeats_is_checked(number):
    with pytest.raises(ConfigError, match="stop_repeats must be an int from 1"):
        Plan((EpisodeSpec("vlm_gym/Points24-v0", 0),), stop_repeats=number)
