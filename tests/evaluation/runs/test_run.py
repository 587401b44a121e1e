"""A run: its records hang on the plan and the agent alone, whatever happens on the way."""

import asyncio
import json
import sys
from dataclasses import replace

import pytest
from openai_server import OpenAIServer
from recorded import results

from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError, RunError
from vlm_gym.evaluation.models.agents import Agent, OracleAgent, RandomAgent, Reply, random_answer
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.runs.limits import Limits
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.evaluation.runs.plan import Plan, Shard, panel_of, planned_episodes, repeated
from vlm_gym.evaluation.runs.players import LocalPlayer
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import (
    EPISODES_FILE,
    TEXTS_FILE,
    TURNS_FILE,
    RunWriter,
    read_episodes,
    read_run,
    read_turns,
)

CARDS = get_panel("cards-v0").first(4)
PLAN = Plan(CARDS.episodes, panel_of(CARDS))


def run(folder, plan=PLAN, agent=None, **more):
    return asyncio.run(evaluate(folder, plan, agent or RandomAgent(), **more))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The results of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    progress = run(folder, concurrency=1)
    assert progress.is_complete
    assert progress.num_turns == len(read_turns(folder))
    return results(folder)


class Fallible(Agent):
    """Plays like RandomAgent and takes its time; `check` may raise before an answer."""

    def __init__(self, check=lambda session: None):
        self.check = check
        self.num_now = self.most_at_once = self.num_answers = 0

    async def answer(self, session, rng):
        self.check(session)
        self.num_now += 1
        self.most_at_once = max(self.most_at_once, self.num_now)
        for _ in range(int(rng.integers(5)) + 1):
            await asyncio.sleep(0)
        self.num_now -= 1
        self.num_answers += 1
        text = random_answer(session, rng)
        return Reply(text, prompt_tokens=90, completion_tokens=10, cost=0.25, num_requests=1)

    def describe(self):
        return {"name": "fallible"}


def failing(should_fail, error=AgentError):
    """Return a check that fails where `should_fail(session, number of the answer)` says so."""
    number = iter(range(10**9))

    def check(session):
        if should_fail(session, next(number)):
            raise error("the server is down")

    return check


@pytest.mark.parametrize("concurrency", [2, 16, 1000])
def test_the_records_do_not_hang_on_concurrency(tmp_path, whole, concurrency):
    run(tmp_path, concurrency=concurrency)
    assert results(tmp_path) == whole


def test_as_many_episodes_are_in_play_as_allowed_and_no_more(tmp_path):
    agent = Fallible()
    run(tmp_path, agent=agent, concurrency=7)
    assert agent.most_at_once == 7


def test_a_task_is_built_once_for_episodes_that_follow_each_other(tmp_path, monkeypatch):
    built = []
    make = EpisodeSpec.make
    monkeypatch.setattr(EpisodeSpec, "make", lambda self, **more: built.append(self.task) or make(self, **more))
    plan = Plan(tuple(EpisodeSpec("vlm_gym/NumberLine-v0", seed) for seed in range(30)))
    run(tmp_path, plan, concurrency=3)
    assert len(built) == 1 + 3  # for run.json, and one for each episode in play


def test_run_json_says_all_that_determines_the_result(tmp_path):
    plan = replace(PLAN, parser="tagged", chat=ChatSettings(history=2, system="Play well."))
    run(tmp_path, plan, OracleAgent(0.5))
    told = read_run(tmp_path)
    assert told["panel"] == {"name": "cards-v0", "fingerprint": CARDS.fingerprint, "first": 4, "tasks": None}
    assert told["agent"] == {"name": "oracle:0.5", "p": 0.5}
    assert told["parser"] == "tagged"
    assert told["chat"]["history"] == 2
    assert told["chat"]["system"] == "Play well."
    assert (told["shard"], told["num_repeats"]) == (None, 1)
    assert {"python", "gymnasium", "numpy", "pillow", "opencv-python"} == set(told["versions"])
    assert planned_episodes(told) == plan.episodes
    assert set(told["specs"]) == {episode.task for episode in plan.episodes}
    assert json.loads(told["specs"]["vlm_gym/Points24-v0"])["kwargs"]["parser"] == "tagged"


def test_a_task_with_arguments_has_a_spec_of_its_own(tmp_path):
    plan = Plan((EpisodeSpec("vlm_gym/Blackjack-v0", 0), EpisodeSpec("vlm_gym/Blackjack-v0", 0, {"natural": True})))
    run(tmp_path, plan)
    specs = read_run(tmp_path)["specs"]
    assert list(specs) == ["vlm_gym/Blackjack-v0", '["vlm_gym/Blackjack-v0",{"natural":true}]']


async def _played(folder, agent):
    try:
        await evaluate(folder, Plan(CARDS.episodes[:2]), agent)
    finally:
        await agent.close()


def test_no_secret_gets_into_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr(sys, "argv", ["vlm-gym", "eval", "--base-url", "http://me:hunter2@host/v1"])
    with OpenAIServer(answer=lambda request: "?") as server:
        agent = EndpointAgent("model", EndpointSettings(base_url=server.base_url, max_retries=0))
        asyncio.run(_played(tmp_path, agent))
    text = (tmp_path / "run.json").read_text()
    assert "sk-secret" not in text
    assert "hunter2" not in text
    assert "http://host/v1" in text


def test_repeats_are_attempts_at_the_same_starts(tmp_path):
    plan = Plan(repeated(CARDS.episodes[:6], 3))
    progress = run(tmp_path, plan)
    assert progress.num_done == 18
    assert read_run(tmp_path)["num_repeats"] == 3
    assert sorted(episode.repeat for episode in read_episodes(tmp_path)) == [0] * 6 + [1] * 6 + [2] * 6


def test_a_plan_with_an_episode_twice_is_refused():
    with pytest.raises(ConfigError, match=r"a run plays every episode once, got .* twice"):
        Plan(CARDS.episodes + CARDS.episodes[:1])
    with pytest.raises(ConfigError, match="a run needs one episode or more"):
        Plan(())


@pytest.mark.parametrize("shard", [(0, 2), (3, 2), (1, 0), (-1, 3)])
def test_a_shard_that_is_none_is_refused(shard):
    with pytest.raises(ConfigError, match="a shard must be I/N with 1 <= I <= N"):
        Shard(*shard)


# Interruptions


@pytest.mark.parametrize("num_answers", [0, 1, 5, 37, 90, 120])
def test_a_run_goes_on_where_it_was_cancelled(tmp_path, num_answers):
    reference = tmp_path / "reference"
    run(reference, agent=Fallible())

    async def interrupted():
        playing = asyncio.current_task()
        agent = Fallible(lambda session: playing.cancel() if agent.num_answers >= num_answers else None)
        await evaluate(tmp_path / "run", PLAN, agent)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    before = {(turn.episode, turn.turn) for turn in read_turns(tmp_path / "run")}
    assert len(before) >= num_answers
    agent = Fallible()
    progress = run(tmp_path / "run", agent=agent, is_resumed=True)
    assert progress.is_complete
    assert agent.num_answers == progress.num_turns - len(before)  # nothing that was recorded is asked again
    assert results(tmp_path / "run") == results(reference)


@pytest.mark.parametrize("name", [TURNS_FILE, EPISODES_FILE])
def test_a_run_goes_on_from_a_line_cut_anywhere(tmp_path, name):
    """At any byte the reader and the writer are tested in test_run_folder.py; here a part of them is resumed."""
    plan = Plan((EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 1, "target": 4}),))
    run(tmp_path, plan)
    expected, path = results(tmp_path), tmp_path / name
    lines = path.read_bytes()
    begin = lines[:-1].rfind(b"\n") + 1
    for end in (begin, begin + 1, *range(begin + 50, len(lines) - 2, 50), len(lines) - 2, len(lines) - 1):
        path.write_bytes(lines[:end])
        assert run(tmp_path, plan, is_resumed=True).is_complete
        assert results(tmp_path) == expected


@pytest.mark.parametrize("name", [TURNS_FILE, EPISODES_FILE])
def test_a_run_goes_on_without_a_line_that_was_deleted(tmp_path, whole, name):
    run(tmp_path)
    path = tmp_path / name
    lines = path.read_bytes().splitlines(keepends=True)
    for number in (0, len(lines) // 2, len(lines) - 1):
        path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        assert run(tmp_path, is_resumed=True).is_complete
        assert results(tmp_path) == whole


@pytest.mark.parametrize("name", [TURNS_FILE, EPISODES_FILE, TEXTS_FILE])
@pytest.mark.parametrize("damage", [b"\x00\x00", b"", b'{"episode": "x', b"[]"])
def test_what_a_damaged_line_told_is_played_again(tmp_path, whole, name, damage):
    run(tmp_path)
    path = tmp_path / name
    lines = path.read_bytes().split(b"\n")
    for number in (0, len(lines) // 2, len(lines) - 2):
        path.write_bytes(b"\n".join([*lines[:number], damage, *lines[number + 1 :]]))
        assert run(tmp_path, is_resumed=True).is_complete
        if name != TEXTS_FILE:  # a text that was lost comes again with the next turn that needs it, if there is one
            assert results(tmp_path) == whole


def test_a_finished_run_that_is_resumed_stays_as_it_is(tmp_path):
    run(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    agent = Fallible(failing(lambda session, number: True))
    agent.describe = RandomAgent().describe
    assert run(tmp_path, agent=agent, is_resumed=True).is_complete
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_resume_begins_a_run_that_is_not_there(tmp_path, whole):
    run(tmp_path / "new", is_resumed=True)
    assert results(tmp_path / "new") == whole


# Refusals


def test_a_run_is_not_written_over(tmp_path):
    run(tmp_path)
    with pytest.raises(RunError, match="holds a run already: add --resume to go on with it, or choose another --out"):
        run(tmp_path)


def test_a_run_that_never_got_an_answer_holds_no_folder(tmp_path, whole):
    """A wrong address can be set right without another --out."""
    with pytest.raises(AgentRefusedError):
        run(tmp_path, agent=Fallible(failing(lambda session, number: True, AgentRefusedError)))
    run(tmp_path)
    assert read_run(tmp_path)["agent"] == {"name": "random"}
    assert results(tmp_path) == whole


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("important")
    for is_resumed in (False, True):
        with pytest.raises(RunError, match="is not a run of `vlm-gym eval`"):
            run(tmp_path, is_resumed=is_resumed)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("plan", "agent", "difference"),
    [
        (PLAN, OracleAgent(), 'agent.name: "random" there, "oracle" here'),
        (replace(PLAN, parser="tagged"), RandomAgent(), 'parser: "json" there, "tagged" here'),
        (replace(PLAN, chat=ChatSettings(history="all")), RandomAgent(), 'chat.history: 0 there, "all" here'),
        (replace(PLAN, shard=Shard(1, 2)), RandomAgent(), "shard: null there, [1,2] here"),
        (replace(PLAN, episodes=PLAN.episodes[:-1]), RandomAgent(), "episodes: 24 there, 23 here"),
        (
            replace(PLAN, panel={**PLAN.panel, "fingerprint": "other"}),
            RandomAgent(),
            f'panel.fingerprint: "{CARDS.fingerprint}" there, "other" here',
        ),
    ],
)
def test_a_run_of_other_settings_is_not_resumed(tmp_path, plan, agent, difference):
    run(tmp_path)
    with pytest.raises(RunError) as refusal:
        run(tmp_path, plan, agent, is_resumed=True)
    assert "holds a run of other settings" in str(refusal.value)
    assert difference in str(refusal.value)


def test_many_differences_are_counted_and_long_values_cut(tmp_path):
    run(tmp_path)
    panel = get_panel("cards-shift-v0").first(3)
    other = Plan(panel.episodes, panel_of(panel), chat=ChatSettings(system="x" * 500))
    with pytest.raises(RunError, match=r"and [0-9]+ more") as refusal:
        run(tmp_path, other, is_resumed=True)
    assert max(map(len, str(refusal.value).splitlines()[1:])) < 250


def test_a_run_that_another_process_writes_is_left_alone(tmp_path):
    run(tmp_path)
    with RunWriter(tmp_path, {}), pytest.raises(RunError, match="is being written by another process"):
        run(tmp_path, is_resumed=True)


@pytest.mark.parametrize("concurrency", [0, -1, 1.5])
def test_concurrency_is_checked(tmp_path, concurrency):
    with pytest.raises(ConfigError, match="concurrency must be an int from 1 to 10000"):
        run(tmp_path, concurrency=concurrency)


# Agents that fail


def test_an_episode_whose_agent_fails_is_listed_and_tried_again(tmp_path):
    reference = tmp_path / "reference"
    run(reference, agent=Fallible())
    seen = []
    check = failing(lambda session, number: number % 9 == 8)
    folder = tmp_path / "run"
    progress = run(folder, agent=Fallible(check), on_progress=seen.append)
    assert not progress.is_complete
    assert progress.num_done + len(progress.failures) == progress.num_episodes == 24
    assert {failure.reason for failure in progress.failures} == {"the server is down"}
    assert len(read_episodes(folder)) == progress.num_done
    assert max(len(each.failures) for each in seen) == len(progress.failures)
    for _ in range(20):
        if run(folder, agent=Fallible(check), is_resumed=True).is_complete:
            break
    assert results(folder) == results(reference)


def test_an_agent_that_refuses_stops_the_run_at_once(tmp_path):
    agent = Fallible(failing(lambda session, number: number == 30, AgentRefusedError))
    with pytest.raises(AgentRefusedError, match="the server is down"):
        run(tmp_path, agent=agent, concurrency=4)
    assert agent.num_answers <= 34
    kept = len(read_turns(tmp_path))
    assert kept == agent.num_answers
    assert run(tmp_path, agent=Fallible(), is_resumed=True).is_complete


def test_a_defect_of_an_agent_is_raised_and_the_turns_are_kept(tmp_path):
    agent = Fallible(failing(lambda session, number: number == 30, ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, agent=agent)
    assert len(read_turns(tmp_path)) >= 15
    assert run(tmp_path, agent=Fallible(), is_resumed=True).is_complete


# Budgets


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(max_requests=40), "requests: 40 spent of 40"),
        (Limits(max_tokens=4000), "tokens: 4000 spent of 4000"),
        (Limits(max_cost=10.0), "cost: 10 spent of 10"),
    ],
)
def test_a_run_stops_at_a_limit_and_goes_on_with_a_larger_one(tmp_path, limits, told):
    reference = tmp_path / "reference"
    run(reference, agent=Fallible())
    folder = tmp_path / "run"
    progress = run(folder, agent=Fallible(), limits=limits, concurrency=1)
    assert progress.stopped_by == told
    assert progress.num_turns == progress.num_requests == 40
    agent = Fallible()
    again = run(folder, agent=agent, limits=limits, is_resumed=True)
    assert (agent.num_answers, again.stopped_by) == (0, told)
    assert run(folder, agent=Fallible(), is_resumed=True).stopped_by is None
    assert results(folder) == results(reference)


def test_turns_in_flight_are_finished_when_a_limit_is_reached(tmp_path):
    agent = Fallible()
    progress = run(tmp_path, agent=agent, limits=Limits(max_requests=40), concurrency=8)
    assert 40 <= progress.num_turns < 48
    assert progress.num_turns == agent.num_answers == len(read_turns(tmp_path))


def test_a_limit_that_is_met_by_the_last_turn_stops_nothing(tmp_path):
    plan = Plan((EpisodeSpec("vlm_gym/EZPointsFormula-v0", 0),))
    progress = run(tmp_path, plan, Fallible(), limits=Limits(max_requests=1))
    assert progress.is_complete
    assert progress.stopped_by is None


@pytest.mark.parametrize("limits", [{"max_requests": 0}, {"max_tokens": -1}, {"max_cost": float("nan")}])
def test_a_limit_that_is_none_is_refused(limits):
    with pytest.raises(ConfigError, match="must be a number above 0 or None"):
        Limits(**limits)


# Players


def test_a_player_outlives_a_run(tmp_path, whole):
    async def both():
        player = LocalPlayer(RandomAgent(), PLAN)
        await evaluate(tmp_path / "one", PLAN, player)
        await evaluate(tmp_path / "other", PLAN, player)
        await player.close()

    asyncio.run(both())
    assert results(tmp_path / "one") == results(tmp_path / "other") == whole
