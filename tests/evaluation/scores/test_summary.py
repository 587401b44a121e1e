"""Summaries and comparisons, of real runs."""

import asyncio
import json
import shutil
from dataclasses import replace

import pytest

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import RunError
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.agents import OracleAgent, Reply
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.evaluation.runs.plan import Plan, panel_of, repeated
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns
from vlm_gym.evaluation.scores.summary import compare, summarise, to_json
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.registration import TASKS

NUMBER_LINE = "vlm_gym/NumberLine-v0"
BLACKJACK = "vlm_gym/Blackjack-v0"


class CostlyAgent(OracleAgent):
    """The oracle, with a bill."""

    async def answer(self, session, rng):
        reply = await super().answer(session, rng)
        return Reply(reply.text, prompt_tokens=100, completion_tokens=10, cost=0.5, latency_s=2.0, num_requests=1)


def play(folder, plan, agent):
    asyncio.run(evaluate(folder, plan, make_agent(agent) if isinstance(agent, str) else agent))
    return folder


def plan_of(episodes, **more):
    return Plan(tuple(episodes), **more)


def starts_of(task, count, **more):
    return [EpisodeSpec(task, seed, **more) for seed in range(count)]


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    """The first 20 starts of each card game, played by three agents."""
    panel = get_panel("cards-v0").first(20)
    root = tmp_path_factory.mktemp("runs")
    plan = plan_of(panel.episodes, panel=panel_of(panel))
    return {name: play(root / name.replace(":", "-"), plan, name) for name in ("random", "oracle", "oracle:0.8")}


@pytest.fixture(scope="module")
def summaries(cards):
    return {name: summarise(folder) for name, folder in cards.items()}


# One run


def test_random_play_scores_the_floor(summaries):
    for task in summaries["random"].tasks:
        assert task.is_floor_exact
        assert task.floor == pytest.approx(TASKS[task.task].random_success)
        assert task.success.low <= task.floor <= task.success.high
        assert task.score.low <= 0.0 <= task.score.high
    overall = summaries["random"].overall
    assert overall.success.low <= overall.floor <= overall.success.high


def test_the_oracle_scores_the_ceiling_of_its_own_starts(summaries):
    for task in summaries["oracle"].tasks:
        assert task.regret == 0.0
        if task.task == BLACKJACK:
            assert 0.0 < task.ceiling < 1.0
            assert task.success.low <= task.ceiling <= task.success.high
        else:
            assert task.success.value == task.ceiling
            assert task.score.value == pytest.approx(1.0)
            assert task.score.low < task.score.high == pytest.approx(1.0)
    points = {task.task: task for task in summaries["oracle"].tasks}["vlm_gym/Points24-v0"]
    assert 0.5 <= points.ceiling < 1.0  # some deals have no solution


def test_a_noisy_oracle_lies_between(summaries):
    low, middle, high = (summaries[name].overall for name in ("random", "oracle:0.8", "oracle"))
    assert low.success.value < middle.success.value < high.success.value
    assert low.score.value < middle.score.value < high.score.value
    assert low.regret_per_turn > middle.regret_per_turn > high.regret_per_turn == 0.0


def test_a_summary_says_what_was_played(summaries):
    summary = summaries["oracle:0.8"]
    panel = get_panel("cards-v0")
    assert (summary.run, summary.agent) == ("oracle-0.8", "oracle:0.8")
    assert (summary.panel, summary.fingerprint, summary.num_first) == ("cards-v0", panel.fingerprint, 20)
    assert summary.num_planned == summary.num_episodes == summary.overall.num_episodes == 120
    assert [task.name for task in summary.tasks] == list(dict.fromkeys(e.task[8:] for e in panel.episodes))
    assert [task.num_episodes for task in summary.tasks] == [20] * 6
    assert summary.labels == ()


def test_the_figures_are_those_of_the_records(cards, summaries):
    task = summaries["random"].tasks[1]
    episodes = [episode for episode in read_episodes(cards["random"]) if episode.task == task.task]
    turns = [turn for turn in read_turns(cards["random"]) if turn.episode in {e.episode for e in episodes}]
    assert task.mean_return.value == pytest.approx(sum(e.total_reward for e in episodes) / 20)
    assert task.turns == len(turns) / 20
    assert task.illegal_rate == sum(turn.illegal is not None for turn in turns) / len(turns)
    assert task.fault_rate == 0.0
    assert task.truncation_rate == sum(e.is_truncated for e in episodes) / 20
    assert task.regret_per_turn == pytest.approx(sum(turn.regret for turn in turns) / len(turns))
    assert task.regret == pytest.approx(sum(e.regret for e in episodes) / 20)


def test_overall_weighs_every_task_alike(tmp_path):
    episodes = [*starts_of(NUMBER_LINE, 3), *starts_of(BLACKJACK, 30)]
    summary = summarise(play(tmp_path / "run", plan_of(episodes), "oracle"))
    first, second = summary.tasks
    assert summary.overall.success.value == pytest.approx((first.success.value + second.success.value) / 2)
    assert summary.overall.num_episodes == 33
    assert summary.overall.mean_return is None
    assert summary.panel is None


def test_costs_are_added_up(tmp_path):
    summary = summarise(play(tmp_path / "run", plan_of(starts_of("vlm_gym/EZPointsFormula-v0", 4)), CostlyAgent()))
    for scores in (*summary.tasks, summary.overall):
        assert (scores.prompt_tokens, scores.completion_tokens, scores.num_requests) == (400, 40, 4)
        assert (scores.cost, scores.latency_s) == (2.0, 2.0)


def test_an_unreadable_answer_is_a_fault(tmp_path):
    summary = summarise(play(tmp_path / "run", plan_of(starts_of(BLACKJACK, 2)), "constant:hm"))
    assert summary.tasks[0].fault_rate == 1.0
    assert summary.tasks[0].truncation_rate == 1.0
    assert summary.tasks[0].turns == TASKS[BLACKJACK].turns()


def test_repeats_of_a_start_are_one_cluster(tmp_path):
    episodes = repeated(starts_of("vlm_gym/EZPoints-v0", 6), 5)
    task = summarise(play(tmp_path / "run", plan_of(episodes), "oracle")).tasks[0]
    assert (task.num_episodes, task.num_starts) == (30, 6)
    assert task.success.low == pytest.approx(6 / (6 + 1.959964**2))  # Wilson's, of 6 successes in 6 trials


@pytest.mark.parametrize(
    ("more", "is_known"),
    [
        ({}, True),
        ({"arguments": {"theme": "night", "image_size": 128}}, True),
        ({"arguments": {"max_position": 9}}, False),
        ({"options": {"position": 1, "target": 4}}, False),
    ],
)
def test_a_floor_is_given_only_for_the_rules_and_starts_that_it_is_of(tmp_path, more, is_known):
    summary = summarise(play(tmp_path / "run", plan_of(starts_of(NUMBER_LINE, 2, **more)), "oracle"))
    for scores in (*summary.tasks, summary.overall):
        assert (scores.floor is not None) == is_known
        assert (scores.score is not None) == is_known
    assert summary.overall.ceiling == 1.0
    assert ("{" in summary.tasks[0].name) == ("arguments" in more)


@pytest.mark.parametrize("task", [task.id for task in TASKS.values() if task.random_by_type and task.random_success])
def test_the_floors_of_the_task_types_fit_the_tasks_floor(task):
    """Types are not equally frequent, so the task's floor lies somewhere between those of its types."""
    floors = TASKS[task].random_by_type
    assert set(floors) == set(TASK_TYPES)
    assert min(floors.values()) < TASKS[task].random_success < max(floors.values())


def test_a_household_run_has_a_row_for_each_task_type(tmp_path):
    panel = get_panel("household-v0").first(12)
    summary = summarise(play(tmp_path / "run", plan_of(panel.episodes, panel=panel_of(panel)), "oracle"))
    assert [scores.label for scores in summary.labels] == sorted(TASK_TYPES)
    assert [scores.num_episodes for scores in summary.labels] == [2] * 6
    assert summary.labels[0].name == "Household-v0, clean"
    floors = TASKS["vlm_gym/Household-v0"].random_by_type
    assert summary.tasks[0].floor == pytest.approx(sum(floors.values()) / 6)
    assert not summary.tasks[0].is_floor_exact
    assert summary.tasks[0].score.value == pytest.approx(1.0)


def test_an_unfinished_episode_is_left_out(cards, tmp_path):
    folder = tmp_path / "cut"
    shutil.copytree(cards["oracle"], folder)
    lines = (folder / "episodes.jsonl").read_text().splitlines(keepends=True)
    (folder / "episodes.jsonl").write_text("".join(lines[:-1]) + lines[-1][:40])
    summary = summarise(folder)
    assert (summary.num_planned, summary.num_episodes) == (120, 119)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(RunError, match="is not a run of `vlm-gym eval`"):
        summarise(tmp_path)


def test_a_run_without_a_finished_episode_is_named(cards, tmp_path):
    shutil.copytree(cards["oracle"], tmp_path / "empty")
    (tmp_path / "empty" / "episodes.jsonl").write_text("")
    with pytest.raises(RunError, match="has no finished episode yet"):
        summarise(tmp_path / "empty")


@pytest.mark.parametrize(
    "damage", ["", "\0\0\n", '{"episode": "x", "turn": 1, "answers": [], "action": null, "reward": 0}\n']
)
@pytest.mark.parametrize("number", [0, -1])
def test_an_episode_with_a_lost_turn_is_missing_and_said_to_be(cards, tmp_path, caplog, damage, number):
    folder = tmp_path / "lost"
    shutil.copytree(cards["oracle"], folder)
    lines = (folder / "turns.jsonl").read_text().splitlines(keepends=True)
    lines[number] = damage
    (folder / "turns.jsonl").write_text("".join(lines))
    whole, summary = summarise(cards["oracle"]), summarise(folder)
    assert summary.num_episodes == whole.num_episodes - 1
    assert summary.overall.bounds is not None
    assert "turns.jsonl is damaged. The episode counts as not finished" in caplog.text


def test_a_summary_is_json(summaries, cards):
    for result in (summaries["random"], compare(cards["random"], cards["oracle"])):
        values = json.loads(json.dumps(to_json(result), allow_nan=False))
        assert values["panel"] == "cards-v0"
        assert set(values["overall"]["success"]) == {"value", "low", "high"}


# Two runs


def test_the_oracle_beats_random_play(cards):
    result = compare(cards["random"], cards["oracle"])
    assert (result.agent_a, result.agent_b) == ("random", "oracle")
    assert (result.num_common, result.num_only_a, result.num_only_b) == (120, 0, 0)
    assert result.overall.success.low > 0.4
    assert result.overall.success_p < 1e-6
    points = {task.name: task for task in result.tasks}["EZPoints-v0"]
    assert points.success.value == points.success_b - points.success_a == 1.0
    assert points.success_p < 0.001
    assert points.mean_return.low > 10.0
    assert points.return_p < 0.001


def test_a_run_does_not_differ_from_itself(cards):
    result = compare(cards["oracle:0.8"], cards["oracle:0.8"])
    for task in (*result.tasks, result.overall):
        assert task.success.value == 0.0
        assert task.success.low < 0.0 < task.success.high
        assert task.success_p == 1.0
    assert all(task.mean_return.low == task.mean_return.high == 0.0 for task in result.tasks)


def test_a_comparison_is_symmetric(cards):
    there, back = compare(cards["oracle:0.8"], cards["oracle"]), compare(cards["oracle"], cards["oracle:0.8"])
    for one, other in zip((*there.tasks, there.overall), (*back.tasks, back.overall), strict=True):
        assert one.success.value == pytest.approx(-other.success.value)
        assert (one.success.low, one.success.high) == pytest.approx((-other.success.high, -other.success.low))
        assert one.success_p == pytest.approx(other.success_p)
        assert (one.success_a, one.success_b) == (other.success_b, other.success_a)


def test_only_episodes_that_both_runs_finished_are_compared(tmp_path):
    a = play(tmp_path / "a", plan_of(starts_of(BLACKJACK, 8)), "random")
    b = play(tmp_path / "b", plan_of(starts_of(BLACKJACK, 11)[3:]), "oracle")
    result = compare(a, b)
    assert (result.num_common, result.num_only_a, result.num_only_b) == (5, 3, 3)
    assert result.overall.num_episodes == 5
    assert result.panel is None


def test_runs_without_a_common_episode_are_refused(tmp_path):
    a = play(tmp_path / "a", plan_of(starts_of(BLACKJACK, 2)), "random")
    b = play(tmp_path / "b", plan_of(starts_of(NUMBER_LINE, 2)), "random")
    with pytest.raises(RunError, match="share no finished episode"):
        compare(a, b)


@pytest.mark.parametrize("change", [{"name": "cards-v1"}, {"fingerprint": "0-0"}])
def test_runs_of_different_panels_are_refused(cards, tmp_path, change):
    panel = get_panel("cards-v0").first(1)
    other = play(tmp_path / "b", plan_of(panel.episodes, panel=panel_of(replace(panel, **change))), "random")
    with pytest.raises(RunError, match="the runs are of different panels"):
        compare(cards["random"], other)


def test_a_panels_first_episodes_compare_with_all(cards, tmp_path):
    panel = get_panel("cards-v0").first(2)
    other = play(tmp_path / "b", plan_of(panel.episodes, panel=panel_of(panel)), "oracle")
    assert compare(cards["random"], other).num_common == 12
