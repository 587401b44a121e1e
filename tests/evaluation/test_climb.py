"""Adaptive play of ladders: few episodes, chosen by what finished rounds say alone, in a run that can be finished."""

import asyncio

import numpy as np
import pytest
from long_lines import LINE, long_lines

from vlm_gym import ConfigError
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.climb import Climb, climb, plan_of_ladders, standings
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.played import read_played_run
from vlm_gym.evaluation.runs.run import Limits, evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes
from vlm_gym.evaluation.scores.coverage import coverage_notes
from vlm_gym.evaluation.scores.ladders import half_words, ladder_scores
from vlm_gym.evaluation.scores.statistics import Estimate
from vlm_gym.evaluation.scores.summary import summarise

LEVELS = 4
STARTS = 30


@pytest.fixture
def plan():
    return Plan(long_lines("patience", LEVELS, STARTS))


class UpTo(Agent):
    """Plays best on lines up to a length, and never answers on longer ones. Replies count as a request each."""

    def __init__(self, longest):
        self.longest = longest

    def describe(self):
        return {"name": "up-to", "longest": self.longest}

    async def answer(self, session, rng):
        if session.task.max_position > self.longest:
            return Reply("I do not know", num_requests=1)
        return Reply(session.parser.write(session.task.oracle_action(), session.task.actions), num_requests=1)


def test_few_episodes_find_the_level_that_breaks_a_player(tmp_path, plan):
    progress = asyncio.run(climb(tmp_path / "run", plan, UpTo(15)))
    (found,) = standings(tmp_path / "run", plan)
    assert progress.is_complete
    assert found.half.low < 2.5 < found.half.high <= found.half.low + 1  # level 2 is the last that it wins
    assert progress.num_done == found.num_episodes < len(plan.episodes) / 2
    (reported,) = ladder_scores(read_played_run(tmp_path / "run"))
    assert reported.half == found.half
    assert (reported.axis, reported.name) == ("patience", "NumberLine-v0")
    assert [rung.success.value for rung in reported.rungs] == [1, 1, 1, 0, 0][: len(reported.rungs)]
    missing, why = coverage_notes(summarise(tmp_path / "run"))
    assert "episodes are missing" in missing
    assert "vlm-gym ladder" in why


@pytest.mark.parametrize(("longest", "level"), [(100, LEVELS), (0, 0)])
def test_a_player_beyond_the_levels_is_soon_known(tmp_path, plan, longest, level):
    asyncio.run(climb(tmp_path / "run", plan, UpTo(longest)))
    (found,) = standings(tmp_path / "run", plan)
    assert found.half.low > LEVELS if level else found.half.high < 0
    assert found.num_episodes < STARTS * 2


def test_a_run_that_was_stopped_anywhere_ends_with_the_same_episodes(tmp_path, plan):
    asyncio.run(climb(tmp_path / "whole", plan, UpTo(15)))
    whole = {episode.episode for episode in read_episodes(tmp_path / "whole")}
    rng, is_complete, spent = np.random.default_rng(0), False, 0
    while not is_complete:
        spent += int(rng.integers(3, 60))
        limits = Limits(max_requests=spent)
        progress = asyncio.run(climb(tmp_path / "parts", plan, UpTo(15), is_resumed=True, limits=limits, concurrency=3))
        is_complete = progress.is_complete
    assert {episode.episode for episode in read_episodes(tmp_path / "parts")} == whole


def test_what_is_missing_is_played_by_eval(tmp_path, plan):
    asyncio.run(climb(tmp_path / "run", plan, UpTo(15)))
    progress = asyncio.run(evaluate(tmp_path / "run", plan, UpTo(15), is_resumed=True))
    assert (progress.num_done, progress.is_complete) == (len(plan.episodes), True)


def test_starts_are_taken_in_order_and_no_more_than_allowed(tmp_path, plan):
    progress = asyncio.run(climb(tmp_path / "run", plan, UpTo(15), Climb(width=0.01, round=5, most=33)))
    assert progress.num_done == 33
    for task in {each.task for each in plan.episodes}:
        seeds = sorted(each.seed for each in read_episodes(tmp_path / "run") if each.task == task)
        assert seeds == list(range(len(seeds)))


def test_all_episodes_of_a_plan_may_be_needed(tmp_path, plan):
    progress = asyncio.run(climb(tmp_path / "run", plan, UpTo(15), Climb(width=0.001, round=40)))
    assert progress.num_done == len(plan.episodes)


def test_a_plan_can_be_cut_to_some_ladders(plan):
    with pytest.raises(ConfigError, match=r"no ladder has the axis 'seeing'\. They have patience"):
        plan_of_ladders(plan, axes=["seeing"])
    with pytest.raises(ConfigError, match=r"no ladder has the axis 'patence'\. Did you mean 'patience'\?"):
        plan_of_ladders(plan, axes=["patience", "patence"])
    with pytest.raises(
        ConfigError, match=r"no ladder has the task at level 0 'vlm_gym/Blackjack-v0'\. They have vlm_gym"
    ):
        plan_of_ladders(plan, bases=[LINE.id, "vlm_gym/Blackjack-v0"])
    assert plan_of_ladders(plan, axes=["patience"], bases=[LINE.id]).episodes == plan.episodes


@pytest.mark.parametrize("wrong", [{"width": 0}, {"width": True}, {"round": 0}, {"most": 0}], ids=str)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Climb(**wrong)


def test_a_plan_without_a_ladder_is_refused(tmp_path):
    plan = Plan((EpisodeSpec(LINE.id, 0),))
    with pytest.raises(ConfigError, match="expected episodes of a ladder's levels"):
        asyncio.run(climb(tmp_path / "run", plan, UpTo(15)))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("half", "told"),
    [
        ((1.25, 0.5, 2.0), ("1.2", "0.5 to 2.0")),
        ((-3.0, -9.0, -1.0), ("<0", "<0")),
        ((5.0, 3.5, 9.0), (">4", "3.5 to >4")),
        ((1.6, -0.1, 4.1), ("?", "<0 to >4")),  # as of Blackjack, where luck is larger than skill
    ],
)
def test_a_half_is_told_as_far_as_it_is_known(half, told):
    assert half_words(Estimate(*half), 0, 4) == told
