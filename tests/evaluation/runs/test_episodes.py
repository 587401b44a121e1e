"""One episode: what is recorded of it, and that it can be played again."""

import asyncio
import math
from dataclasses import replace

import pytest
from at_hand import ONE_OF_EACH_KIND

from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentError, RunError
from vlm_gym.evaluation.models.agents import Agent, ConstantAgent, OracleAgent, RandomAgent, Reply, ScriptedAgent
from vlm_gym.evaluation.runs.episodes import run_episode
from vlm_gym.evaluation.runs.lines import from_line, texts_of, to_line
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.messages import picture_name
from vlm_gym.registration import TASKS
from vlm_gym.rollout import Rollout

HOSTILE = "\ud800 \x00\x1b[2J \u2028 </script> \x85 \U0001f600 \r\n \ufffe"
TWENTY = {"player": ["10H", "QS"], "dealer": ["6C", "10D"]}


def play(episode, agent, rollout=None, **more):
    """Return the episode's record and its turns."""
    turns = []
    record = asyncio.run(
        run_episode(rollout or Rollout(), agent, episode, on_turn=lambda turn, _: turns.append(turn), **more)
    )
    return record, turns


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_oracle_regrets_nothing(task, seed):
    record, turns = play(EpisodeSpec(task, seed), OracleAgent())
    assert record.regret == pytest.approx(0.0, abs=1e-9)
    assert record.num_faults == 0
    assert record.num_turns == len(turns)
    if math.isclose(record.start_value, 1.0):
        assert record.is_success
    if math.isclose(record.start_value, 0.0):
        assert not record.is_success


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_noisy_oracle_regrets_what_its_random_actions_cost(task):
    record, turns = play(EpisodeSpec(task, 3), OracleAgent(0.5))
    left = turns[-1].value_after if record.is_truncated else 0.0
    assert record.regret == pytest.approx(sum(turn.regret for turn in turns) + left)
    for turn in turns:
        assert 0.0 <= turn.regret <= 1.0
        assert 0.0 <= turn.value_after <= 1.0
        assert turn.regret <= turn.value_before + 1e-9
    if TASKS[task].is_text_only or "Blackjack" in task:
        return
    for turn in turns:  # nothing is left to chance: what is lost is regretted
        assert turn.regret == pytest.approx(max(0.0, turn.value_before - turn.value_after), abs=1e-9)


def test_a_hit_on_twenty_is_regretted():
    episode = EpisodeSpec("vlm_gym/Blackjack-v0", 0, options=TWENTY)
    hit, turns = play(episode, ConstantAgent("hit"))
    assert turns[0].regret > 0.5
    assert hit.regret >= turns[0].regret
    stand, _ = play(episode, ConstantAgent("stand"))
    assert stand.regret == 0.0


def test_turns_that_run_out_give_away_what_was_left():
    record, turns = play(EpisodeSpec("vlm_gym/EZPoints-v0", 0), ConstantAgent("no answer"))
    assert record.is_truncated
    assert [turn.regret for turn in turns] == [0.0] * 6
    assert record.start_value == record.regret == 1.0


def test_bad_luck_is_not_regretted():
    """Sixteen against a ten loses mostly, whatever is played; the best action regrets nothing when it does."""
    lost = 0
    for seed in range(20):
        episode = EpisodeSpec("vlm_gym/Blackjack-v0", seed, options={"player": ["10H", "6S"]})
        record, _ = play(episode, OracleAgent())
        lost += not record.is_success
        assert record.regret == 0.0
    assert lost > 0


@pytest.mark.parametrize("task", ["vlm_gym/NumberLine-v0", "vlm_gym/Blackjack-v0", "vlm_gym/Household-v0"])
@pytest.mark.parametrize("agent", [RandomAgent(), OracleAgent(0.7)], ids=["random", "noisy"])
def test_an_episode_plays_on_from_every_turn_as_if_it_had_never_stopped(task, agent):
    episode = EpisodeSpec(task, 5)
    rollout = Rollout(ChatSettings(history=2, max_reasks=1))
    whole, turns = play(episode, agent, rollout)
    places = range(len(turns) + 1) if len(turns) < 12 else (0, 1, 7, len(turns) - 1, len(turns))
    for place in places:
        again, rest = play(episode, agent, rollout, past=turns[:place])
        assert again == whole
        assert rest == turns[place:]


def test_a_session_may_have_played_anything_before():
    episode = EpisodeSpec("vlm_gym/Blackjack-v0", 8)
    used = Rollout()
    for seed in range(4):
        play(EpisodeSpec(episode.task, seed), RandomAgent(), used)
    assert play(episode, OracleAgent(0.5), used) == play(episode, OracleAgent(0.5))


def test_repeats_of_a_start_differ_in_the_agents_chance_alone():
    records = [play(EpisodeSpec("vlm_gym/Points24-v0", 0, repeat=i), RandomAgent()) for i in range(3)]
    assert len({turns[0].picture for _, turns in records}) == 1
    assert len({tuple(turn.answers for turn in turns) for _, turns in records}) == 3


def test_a_past_that_was_not_like_this_is_refused():
    episode = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 4})
    _, turns = play(episode, ConstantAgent("-"))
    changed = replace(turns[0], reward=7.0)
    words = (
        r"turn 1 of .* expected the action '-' and the reward 7, got the action '-' and the reward -1. Another version"
    )
    with pytest.raises(RunError, match=words):
        play(episode, RandomAgent(), past=[changed])


class _Failing(Agent):
    """Answers so many turns and then fails."""

    def __init__(self, num_turns):
        self.num_turns = num_turns

    async def answer(self, session, rng):
        if len(session.turns) == self.num_turns:
            raise AgentError("no answer")
        return Reply("-", num_requests=2, prompt_tokens=10, completion_tokens=3, cost=0.5)

    def describe(self):
        return {"name": "failing"}


def test_a_failing_agent_leaves_the_turns_before():
    episode, turns = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 4}), []
    with pytest.raises(AgentError, match="no answer"):
        asyncio.run(run_episode(Rollout(), _Failing(2), episode, on_turn=lambda turn, _: turns.append(turn)))
    assert [turn.turn for turn in turns] == [1, 2]


def test_an_episode_sums_up_what_its_turns_took():
    episode = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 4})
    record, turns = play(episode, _Failing(99))
    assert len(turns) == record.num_turns == 10
    assert record.is_truncated
    assert (record.num_requests, record.prompt_tokens, record.completion_tokens, record.cost) == (20, 100, 30, 5.0)


def test_an_answer_that_was_asked_for_again_is_recorded_and_counted():
    episode = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 2})
    rollout = Rollout(ChatSettings(max_reasks=2))
    agent = _Talking(["what?", "hm", "+"])
    record, turns = play(episode, agent, rollout)
    assert turns[0].answers == ("what?", "hm", "+")
    assert turns[0].num_requests == 3
    assert record.is_success
    again, _ = play(episode, agent, rollout, past=turns)
    assert again == record


class _Talking(ScriptedAgent):
    """Gives its texts one after the other, whatever turn it is."""

    async def answer(self, session, rng):
        number = len(session.messages()) // 2
        return Reply(self.texts[min(number, len(self.texts) - 1)], num_requests=1)


def test_a_picture_is_handed_over_with_each_turn_and_at_the_end():
    episode, shown = EpisodeSpec("vlm_gym/Blackjack-v0", 0), []
    rollout = Rollout(ChatSettings(picture_size=600))
    record = asyncio.run(
        run_episode(
            rollout,
            RandomAgent(),
            episode,
            on_turn=lambda turn, message: shown.append((turn.picture, picture_name(message.picture))),
            on_picture=lambda message: shown.append((record_name := picture_name(message.picture), record_name)),
        )
    )
    assert all(name == pixels for name, pixels in shown)
    assert shown[-1][0] == record.final_picture


def test_what_a_turn_shows_can_be_text_alone():
    episode = EpisodeSpec("vlm_gym/NumberLine-v0", 0)
    rollout = Rollout(ChatSettings(show="text"))
    _, turns = play(episode, OracleAgent(), rollout)
    assert len(turns[0].picture) == 32  # of what there is to see, for the report


def test_records_survive_any_text():
    episode = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 4})
    record, turns = play(episode, ConstantAgent(HOSTILE))
    for turn in turns:
        line = to_line(turn)
        assert line.isascii()
        assert line.count("\n") == 1
        assert len(line.splitlines()) == 1
        assert from_line(line, TurnRecord, texts_of(turn)) == turn
        assert turn.answers == (HOSTILE,)
    assert from_line(to_line(record), EpisodeRecord) == record


def test_records_survive_hostile_fields():
    answer = '{"thoughts": "\\ud800 \\u0000 \\u2028", "current number": "\\u0007", "action": "+"}'
    _, turns = play(
        EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 2}), ConstantAgent(answer)
    )
    assert turns[0].action == "+"
    assert from_line(to_line(turns[0]), TurnRecord, texts_of(turns[0])) == turns[0]


@pytest.mark.parametrize("line", ["", "[]", "5", "null", '{"episode": 1}', "{", "\x00\x00", '"x"'])
def test_a_line_that_is_no_record_is_refused(line):
    with pytest.raises(RunError, match=r"expected a line of JSON|a TurnRecord lacks"):
        from_line(line, TurnRecord)


def test_a_key_does_not_hang_on_the_order_of_arguments():
    one = EpisodeSpec("t", 0, {"a": 1, "b": {"c": 2, "d": 3}})
    other = EpisodeSpec("t", 0, {"b": {"d": 3, "c": 2}, "a": 1})
    assert one.key == other.key
    assert one.key != EpisodeSpec("t", 0, {"a": 1}).key


class CutOffAgent(Agent):
    """Gives the same answer again and again; every second one, the first included, is cut off at the token limit."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.num_asked = 0

    async def answer(self, session, rng):
        self.num_asked += 1
        return Reply(self.text, is_cut_off=self.num_asked % 2 == 1)

    def describe(self):
        return {"name": "cut off"}


@pytest.mark.parametrize("max_reasks", [0, 1])
def test_a_cut_off_answer_is_read_as_one_and_plays_again_as_it_did(max_reasks):
    episode = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 4})
    rollout = Rollout(ChatSettings(max_reasks=max_reasks))

    record, turns = play(episode, CutOffAgent("Action: +"), rollout)

    assert record.is_success
    assert turns[0].cut_off == (0,)
    if max_reasks:  # the cut-off one is asked for again, and the whole one counts
        assert [len(turn.answers) for turn in turns] == [2, 2, 2]
        assert record.num_faults == 0
    else:
        assert [turn.fault and turn.fault.partition(":")[0] for turn in turns] == ["cut off", None] * 3
    read = [from_line(to_line(turn), TurnRecord, texts_of(turn)) for turn in turns]
    assert read == turns
    again, _ = play(episode, ConstantAgent("never asked"), rollout, past=read)
    assert again == record


@pytest.mark.parametrize("parser", ["json", "tagged"])
def test_what_an_unreadable_answer_names_is_recorded(parser):
    text = '{"current number": 3, "target number": 4, "thoughts": "one more"}'
    answer = f"<answer>{text}</answer>" if parser == "tagged" else text
    episode = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 4})

    _, turns = play(episode, ConstantAgent(answer), Rollout(parser=parser))

    assert turns[0].fault is not None
    assert turns[0].span is None
    assert turns[0].fields["current number"] == "3"
