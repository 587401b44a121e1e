"""Run folders of every format that there has been are read, scored, reported, merged and resumed."""

import asyncio
import json
import sys
import tarfile
from dataclasses import asdict
from pathlib import Path

import pytest

from vlm_gym._version import __version__
from vlm_gym.chat import ChatSettings
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.report.write import write_report
from vlm_gym.evaluation.runs.lines import DEFAULTS, ESSENTIAL, from_line
from vlm_gym.evaluation.runs.merge import merge
from vlm_gym.evaluation.runs.plan import Plan, differences, planned_episodes, versions
from vlm_gym.evaluation.runs.played import read_played_run
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.rescore import rescore
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import EPISODES_FILE, RUN_FILE, TURNS_FILE, read_episodes, read_run, read_turns
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.web.recording import Recording, describe_open_run

FORMATS = Path(__file__).parents[1] / "run_formats"
NAMES = sorted(path.name.removesuffix(".tar.xz") for path in FORMATS.glob("*.tar.xz"))
FILES = ((TURNS_FILE, TurnRecord, read_turns), (EPISODES_FILE, EpisodeRecord, read_episodes))

sys.path.insert(0, str(FORMATS))
from make import EPISODES, Player  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*too small to be read")  # the small pictures make small folders


@pytest.fixture(params=NAMES)
def folder(request, tmp_path):
    """A run as a version of its day left it, but for its versions of packages, which are those of here."""
    with tarfile.open(FORMATS / f"{request.param}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    here = tmp_path / request.param
    change_run(here, vlm_gym=__version__, versions=versions())
    return here


def change_run(folder, **values):
    run = json.loads((folder / RUN_FILE).read_text())
    (folder / RUN_FILE).write_text(json.dumps({**run, **values}))


def test_a_run_is_read_and_scored(folder):
    run = read_played_run(folder)
    assert planned_episodes(run.settings) == EPISODES
    successes = {(item.episode.task, item.episode.seed): item.episode.is_success for item in run.played}
    assert successes.pop(("vlm_gym/EZPoints-v0", 7)) == (not run.num_unplayable)
    assert not successes.pop(("vlm_gym/Blackjack-v0", 5))
    assert all(successes.values())
    faults = [turn for item in run.played for turn in item.turns if turn.fault is not None]
    assert {(turn.fault_kind, turn.is_last_cut_off) for turn in faults} == {("cut off", True)}
    assert not any(turn.is_last_cut_off for item in run.played for turn in item.turns if turn.fault is None)
    overall = summarise(folder).overall
    assert (overall.num_episodes, overall.num_planned) == (9, 10)
    assert overall.cut_off_rate == overall.fault_rate > 0


def test_a_run_is_reported(folder, tmp_path):
    report = write_report([folder], tmp_path / "report.html")
    assert len(json.loads(report.results.read_text())["runs"][0]["episodes"]) == 9


def test_a_run_is_merged(folder, tmp_path):
    (missing,) = merge([folder], tmp_path / "merged").missing
    assert '"vlm_gym/Household-v0",10' in missing
    for _, _, read in FILES:
        assert {repr(each) for each in read(tmp_path / "merged")} == {repr(each) for each in read(folder)}


def test_a_run_is_read_again(folder):
    again = asyncio.run(rescore(folder))
    assert (again.num_same, again.partings) == (9, ())
    assert [item.episode.is_success for item in again.run.played] == [
        item.episode.is_success for item in read_played_run(folder).played
    ]


def test_a_run_goes_on_where_it_stopped(folder):
    turns, episodes = read_turns(folder), read_episodes(folder)
    chat = ChatSettings(system="Play well.", history=1, max_reasks=1, tell_mistakes=True)
    Player.is_away = False
    try:
        progress = asyncio.run(evaluate(folder, Plan(EPISODES, chat=chat), Player(), is_resumed=True))
    finally:
        Player.is_away = True
    assert progress.is_complete
    assert read_episodes(folder)[:-1] == episodes
    assert [turn for turn in read_turns(folder) if turn in turns] == turns
    last = [turn for turn in read_turns(folder) if turn not in turns]
    assert [turn.turn for turn in last] == list(range(3, 3 + len(last)))
    assert last[0].requests[0][1].text.endswith(turns[-1].prompt)  # the past is told as it was


def test_a_persons_run_which_was_not_planned_is_read_and_gone_on_with(folder):
    told = {
        "episodes": [],
        "agent": {"name": "human", "interface": "web"},
        "chat": asdict(ChatSettings()),
        "num_repeats": 1,
    }
    change_run(folder, **told, parser=describe_open_run()["parser"])
    summary = summarise(folder)
    assert (summary.num_planned, summary.num_episodes, summary.agent) == (9, 9, "human")
    recording = Recording(folder, describe_open_run())
    assert [recording.is_finished(episode) for episode in EPISODES] == [True] * 9 + [False]
    assert len(recording.turns(EPISODES[-1])) == 2
    recording.close()


@pytest.mark.parametrize(("name", "kind", "read"), FILES)
def test_fields_of_other_versions_are_tolerated(folder, name, kind, read):
    path = folder / name
    whole, lines = read(folder), [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({**line, "mood": {"later": [1]}, "": None}) + "\n" for line in lines))
    assert read(folder) == whole
    for field in set(lines[0]) - set(ESSENTIAL[kind]):
        line = json.dumps({key: value for key, value in lines[0].items() if key != field})
        told = getattr(from_line(line, kind), field)
        assert told == DEFAULTS[kind].get(field) or not told


def test_parts_of_a_run_that_other_versions_lack_or_have_too_many_are_tolerated(folder):
    run = read_run(folder)
    for name in ("shard", "parser", "panel", "specs", "versions", "platform", "git"):
        (folder / RUN_FILE).write_text(json.dumps({key: value for key, value in run.items() if key != name}))
        assert summarise(folder).num_episodes == 9
    episodes = [{**episode, "mood": "later"} for episode in run["episodes"]]
    (folder / RUN_FILE).write_text(json.dumps({**run, "episodes": episodes, "later": 1}))
    assert summarise(folder).num_planned == 10


def test_settings_that_came_later_are_no_difference_where_they_say_nothing(folder):
    run = read_run(folder)
    chat = {name: value for name, value in run["chat"].items() if name != "tell_mistakes"}
    assert differences({**run, "chat": chat}, {**run, "chat": {**chat, "tell_mistakes": False}}) == []
    assert differences({**run, "chat": chat}, run) == ["chat.tell_mistakes: false there, true here"]


def test_a_model_is_described_as_in_the_first_format(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    agent = EndpointAgent("m", EndpointSettings(base_url="http://localhost:1/v1", temperature=0.0))
    first = {
        "name": "openai:m",
        "model": "m",
        "base_url": "http://localhost:1/v1",
        "sampling": {"temperature": 0.0, "max_tokens": 1024},
        "seed": None,
        "price_in": 0.0,
        "price_out": 0.0,
    }
    assert differences({"agent": first}, {"agent": agent.describe()}) == []
