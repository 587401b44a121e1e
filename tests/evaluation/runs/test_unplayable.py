"""Episodes that cannot be played to their end, and figures over fewer episodes than planned."""

import asyncio
import json
import pickle

import pytest
from openai_server import OpenAIServer, completion, error
from sample_runs import number_lines

from vlm_gym.cli import main, run_arguments
from vlm_gym.cli.score_table import score_table
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError, UnplayableError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.runs import limits
from vlm_gym.evaluation.runs.limits import Limits
from vlm_gym.evaluation.runs.merge import merge
from vlm_gym.evaluation.runs.plan import Plan, Shard
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import EPISODES_FILE, read_episodes, read_turns
from vlm_gym.evaluation.scores.comparison import compare
from vlm_gym.evaluation.scores.coverage import coverage, coverage_notes
from vlm_gym.evaluation.scores.summary import summarise, to_json

LONG = error(400, "This model's maximum context length is 512 tokens.", "context_length_exceeded")
FLAGGED = error(403, "The model requires moderation and your input was flagged.")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def up_to(num_messages):
    """Return a model that always goes on, behind a server that takes so many messages."""
    return lambda request: LONG if len(request["messages"]) > num_messages else '{"action": "+"}'


def play(folder, server, *more, episodes=20):
    arguments = ["eval", "--agent", "openai:model", "--base-url", server.base_url, "--task", "NumberLine-v0"]
    arguments += ["--episodes", str(episodes), "--history", "all", "--out", str(folder), "--resume"]
    return main([*arguments, *more])


class Stopping(Agent):
    """Plays like the oracle, but refuses the episodes of some seeds after so many turns."""

    def __init__(self, seeds, num_turns=0, kind="context"):
        self.seeds, self.num_turns, self.kind = seeds, num_turns, kind

    async def answer(self, session, rng):
        if session.env.unwrapped.np_random_seed in self.seeds and len(session.turns) >= self.num_turns:
            raise UnplayableError(f"turn {len(session.turns)} of 512 is too long", self.kind)
        return Reply(session.parser.write(session.task.oracle_action(), session.task.actions))

    def describe(self):
        return {"name": "stopping"}


def sit(folder, agent, episodes, **more):
    return asyncio.run(evaluate(folder, Plan(tuple(episodes)), agent, is_resumed=True, **more))


def test_a_short_context_makes_failures_and_no_better_score(tmp_path, capsys):
    with OpenAIServer(answer=up_to(7)) as server:
        assert play(tmp_path / "short", server) == 0
        told = capsys.readouterr().out
        server.answer = up_to(99)
        assert play(tmp_path / "long", server) == 0
    short, long = (summarise(tmp_path / name).tasks[0] for name in ("short", "long"))
    assert (short.num_episodes, short.num_planned, short.bounds) == (20, 20, None)
    assert short.num_unplayable > 0
    assert short.success.value <= long.success.value < 1
    assert f"{short.num_unplayable} of 20 episodes could not be played to their end" in told
    assert "they count as failures" in told


def test_what_is_left_out_is_said_everywhere_with_its_bounds(tmp_path, capsys):
    with OpenAIServer(answer=up_to(7)) as server:
        assert play(tmp_path / "short", server, "--unplayable", "missing") == 1
        told = capsys.readouterr()
        num_requests = server.num_requests
        server.answer = up_to(99)
        assert play(tmp_path / "long", server) == 0
    summary = summarise(tmp_path / "short", "missing")
    task, num_missing = summary.tasks[0], 20 - summary.num_episodes
    assert num_missing == summarise(tmp_path / "short").tasks[0].num_unplayable > 0
    assert task.success.value == 1.0
    assert (task.bounds.low, task.bounds.high) == (pytest.approx(1 - num_missing / 20), 1.0)
    assert summary.overall.bounds == task.bounds
    assert f"{20 - num_missing} of 20" in told.out.splitlines()[1]
    assert told.out.splitlines()[0].endswith("if missing")
    assert f"{num_missing} of 20 episodes are missing in these figures: if they all failed" in told.out
    assert f"{num_missing} of 20 episodes are missing: --resume plays them" in told.err
    capsys.readouterr()
    report = ["report", str(tmp_path / "short"), str(tmp_path / "long"), "--out", str(tmp_path / "r.html")]
    assert main([*report, "--unplayable", "missing"]) == 0
    markdown = (tmp_path / "r.md").read_text()
    assert f"| {20 - num_missing} of 20 |" in markdown
    low = f"{100 * (1 - num_missing / 20):.2f}"
    assert f"; {low} to 100.00 with those missing" in markdown
    assert f"{num_missing} of 20 episodes are missing" in markdown
    results = json.loads((tmp_path / "r.results.json").read_text())
    run, other = results["runs"]
    assert run["summary"]["overall"]["bounds"] == {"low": task.bounds.low, "high": 1.0}
    assert (run["summary"]["num_episodes"], run["summary"]["num_planned"]) == (20 - num_missing, 20)
    assert run["notes"]
    assert not other["notes"]
    overall = results["comparisons"][0]["overall"]
    assert (overall["num_episodes"], overall["num_planned"]) == (20 - num_missing, 20)
    assert overall["bounds"]["low"] <= overall["success"]["value"] <= overall["bounds"]["high"]
    page = (tmp_path / "r.html").read_text()
    assert '"bounds": {"low":' in page
    assert num_requests > 20


def test_missing_ones_are_played_on_from_where_they_stopped(tmp_path):
    with OpenAIServer(answer=up_to(7)) as server:
        play(tmp_path / "run", server, "--unplayable", "missing")
        before = {turn.episode: turn.turn for turn in read_turns(tmp_path / "run")}
        server.answer, server.num_answered = up_to(99), 0
        assert play(tmp_path / "run", server, "--unplayable", "missing") == 0
        played_on = len(read_turns(tmp_path / "run")) - sum(before.values())
        assert server.num_answered == played_on
        assert play(tmp_path / "whole", server) == 0
    assert not any(episode.is_unplayable for episode in read_episodes(tmp_path / "run"))
    assert (
        to_json(summarise(tmp_path / "run").tasks[0])["success"]
        == to_json(summarise(tmp_path / "whole").tasks[0])["success"]
    )


def test_failures_are_finished_and_not_played_again(tmp_path):
    with OpenAIServer(answer=up_to(7)) as server:
        assert play(tmp_path / "run", server) == 0
        num_requests = server.num_requests
        assert play(tmp_path / "run", server) == 0
        assert server.num_requests == num_requests


@pytest.mark.parametrize("num_turns", [0, 1])
def test_a_stopped_episode_says_why_and_gives_away_what_was_left(tmp_path, num_turns):
    progress = sit(tmp_path / "run", Stopping({0}, num_turns), number_lines(4))
    assert (progress.num_done, progress.num_unplayable, progress.num_successes) == (4, 1, 3)
    record = next(episode for episode in read_episodes(tmp_path / "run") if episode.seed == 0)
    assert (record.stopped, record.num_turns, record.is_success, record.is_truncated) == (
        "context",
        num_turns,
        False,
        False,
    )
    assert record.stop_words == f"turn {num_turns} of 512 is too long"
    assert record.final_prompt
    assert record.regret == pytest.approx(1.0)  # the oracle gave nothing away before
    summary = summarise(tmp_path / "run")
    assert summary.tasks[0].success.value == 0.75
    assert summary.tasks[0].num_starts == 4
    assert write_report([tmp_path / "run"], tmp_path / "r.html").page.exists()


def test_records_of_episodes_that_were_played_look_as_before(tmp_path):
    sit(tmp_path / "run", Stopping({0}), number_lines(2))
    lines = [json.loads(line) for line in (tmp_path / "run" / EPISODES_FILE).read_text().splitlines()]
    assert {"stopped" in line for line in lines if line["seed"] == 0} == {True}
    assert not any(name in line for line in lines if line["seed"] == 1 for name in ("stopped", "stop_words"))


def test_attempts_that_were_refused_at_once_are_of_the_same_start(tmp_path):
    episodes = [EpisodeSpec("vlm_gym/NumberLine-v0", seed, repeat=i) for i in range(3) for seed in (0, 1)]
    sit(tmp_path / "all", Stopping(set()), episodes)
    sit(tmp_path / "none", Stopping({0, 1}), episodes)
    sit(tmp_path / "half", Stopping({0}), episodes)
    starts = {name: summarise(tmp_path / name).tasks[0].num_starts for name in ("all", "none", "half")}
    assert starts == {"all": 2, "none": 2, "half": 2}
    assert summarise(tmp_path / "none").tasks[0].fault_rate == 0.0
    assert (
        len({*(item.start for item in _played(tmp_path / "all")), *(item.start for item in _played(tmp_path / "none"))})
        == 2
    )


def _played(folder):
    from vlm_gym.evaluation.runs.played import read_played

    return read_played(folder)


def test_a_moderation_ends_an_episode_and_not_the_run(tmp_path):
    with OpenAIServer() as server:
        server.answer = lambda request: FLAGGED if server.num_requests == 3 else '{"action": "+"}'
        assert play(tmp_path / "run", server, "--concurrency", "1") == 0
    assert [episode.stopped for episode in read_episodes(tmp_path / "run")].count("filter") == 1


def test_refusals_for_the_same_reason_in_a_row_stop_the_run(tmp_path, capsys):
    with OpenAIServer(answer=lambda request: FLAGGED) as server:
        arguments = ("--max-refusals", "5", "--concurrency", "1", "--no-preflight")
        assert play(tmp_path / "run", server, *arguments) == 1
        assert server.num_requests == 5
    told = capsys.readouterr().err
    assert "stopped by 5 episodes in a row that were refused for the same reason, " in told
    assert "your input was flagged" in told
    assert "15 of 20 episodes are missing: --resume plays them" in told


def test_numbers_in_a_reason_make_no_other_reason_but_an_episode_in_between_does(tmp_path):
    episodes = number_lines(12)
    same = sit(tmp_path / "same", Stopping(set(range(12)), 0), episodes, concurrency=1, limits=Limits(max_refusals=4))
    assert (same.num_done, same.is_complete) == (4, False)
    mixed = sit(
        tmp_path / "mixed", Stopping({0, 1, 2, 4, 5, 6}), episodes, concurrency=1, limits=Limits(max_refusals=4)
    )
    assert mixed.is_complete
    endless = sit(tmp_path / "all", Stopping(set(range(12))), episodes, concurrency=1, limits=Limits(max_refusals=None))
    assert endless.is_complete


def test_the_defaults_agree():
    assert run_arguments.MAX_REFUSALS == limits.MAX_REFUSALS == Limits().max_refusals


def test_a_task_without_a_finished_episode_counts_in_the_bounds(tmp_path):
    episodes = [*number_lines(4), EpisodeSpec("vlm_gym/Blackjack-v0", 0)]
    sit(tmp_path / "run", Stopping({0}), episodes, unplayable="missing")
    summary = summarise(tmp_path / "run", "missing")
    assert summary.unscored_tasks == ("Blackjack-v0",)
    assert (summary.overall.bounds.low, summary.overall.bounds.high) == (pytest.approx(0.375), 1.0)
    assert "No episode is finished of Blackjack-v0." in coverage_notes(summary)
    assert "No episode is finished of Blackjack-v0." in score_table(summary)
    assert coverage(summary.tasks[0]) == "3 of 4"


def test_bounds_of_a_difference_know_what_one_run_has_finished(tmp_path):
    episodes = number_lines(4)
    sit(tmp_path / "a", Stopping({0}), episodes, unplayable="missing")
    sit(tmp_path / "b", Stopping({1}), episodes, unplayable="failure")
    comparison = compare(tmp_path / "a", tmp_path / "b")
    assert (comparison.overall.num_episodes, comparison.overall.bounds) == (4, None)
    from vlm_gym.evaluation.runs.played import read_played_run
    from vlm_gym.evaluation.scores.comparison import compare_runs

    left_out = compare_runs(*(read_played_run(tmp_path / name, "missing") for name in "ab"))
    assert (left_out.overall.num_episodes, left_out.overall.num_planned) == (2, 4)
    assert (left_out.overall.bounds.low, left_out.overall.bounds.high) == (-0.25, 0.25)


def test_a_merge_keeps_the_attempt_that_was_played(tmp_path):
    episodes = tuple(number_lines(4))
    for name, seeds, shard in (("a", {0, 1}, Shard(1, 1)), ("b", {1}, Shard(1, 1))):
        asyncio.run(evaluate(tmp_path / name, Plan(episodes, shard=shard), Stopping(seeds)))
    for order in (("a", "b"), ("b", "a")):
        out = tmp_path / "".join(order)
        merge([tmp_path / name for name in order], out)
        assert [episode.seed for episode in read_episodes(out) if episode.is_unplayable] == [1]


def test_a_run_of_nothing_but_refusals_has_no_score_without_them(tmp_path):
    sit(tmp_path / "run", Stopping({0, 1}), number_lines(2), unplayable="missing")
    assert summarise(tmp_path / "run").tasks[0].success.value == 0.0
    with pytest.raises(RunError, match="no finished episode yet that could be played to its end"):
        summarise(tmp_path / "run", "missing")


def test_a_policy_that_is_none_is_named(tmp_path):
    with pytest.raises(ConfigError, match="unplayable must be one of 'failure', 'missing'; got 'skip'"):
        sit(tmp_path / "run", Stopping(set()), number_lines(1), unplayable="skip")


def test_the_error_travels_between_processes():
    error = pickle.loads(pickle.dumps(UnplayableError("too long", "context")))
    assert (str(error), error.kind) == ("too long", "context")


def test_an_answer_that_a_filter_took_is_missing_and_played_later(tmp_path, capsys):
    with OpenAIServer(answer=lambda request: completion("", finish="content_filter")) as server:
        assert play(tmp_path / "run", server, "--max-retries", "0", episodes=2) == 1
        told = capsys.readouterr().err
        assert "note: a first request was not answered for its content" in told
        assert "2 episodes failed, the first is NumberLine-v0:0: no answer from" in told
        assert not read_episodes(tmp_path / "run")
        server.answer = up_to(99)
        assert play(tmp_path / "run", server, episodes=2) == 0
