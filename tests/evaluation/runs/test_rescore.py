"""Answers that are read again: what is said to be known is what a model would have come to, and nothing else is."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from at_hand import PLAYABLE_IDS
from recorded import results

from vlm_gym.chat import ChatSettings
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.models.agents import Agent, ConstantAgent, OracleAgent, Reply
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.rescore import rescore
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import RUN_FILE, read_episodes, read_run, read_turns
from vlm_gym.parsers import Fault, Unparsed, registry
from vlm_gym.parsers.json_answer import JsonParser

sys.path.insert(0, str(Path(__file__).parents[1] / "run_formats"))
from make import EPISODES, Player

pytestmark = pytest.mark.filterwarnings("ignore:.*too small to be read")
TASKS = ("NumberLine", "Points24", "Blackjack", "EZPointsFormula")


class Strict(JsonParser):
    """Asks for what JsonParser asks for, and reads whole JSON alone."""

    def parse(self, text, actions):
        try:
            json.loads(text)
        except ValueError:
            return Unparsed(Fault.NO_ACTION, "no JSON")
        return super().parse(text, actions)


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setitem(registry._parsers, "strict", Strict())


class Loose(Agent):
    """Answers what follows from the request alone: in JSON, in prose, in other tags, or nothing that can be read."""

    async def answer(self, session, rng):
        said = "".join(message.text + message.png.hex() for message in session.messages())
        number = sum(said.encode()) + len(said)
        names = getattr(session.task.actions, "names", ("1+2", "3*4"))
        action, key = names[number // 7 % len(names)], session.task.actions.key
        forms = (f'{{"{key}": "{action}"}}', f'I say {{"{key}": "{action}"}}', "no idea", f"<answer>{action}</answer>")
        return Reply(forms[number % 4], num_requests=1, prompt_tokens=number % 100, finish_reason="stop")

    def describe(self):
        return {"name": "loose"}


def play(folder, agent, episodes, chat=None, parser="json"):
    plan = Plan(tuple(episodes), chat=chat or ChatSettings(), parser=parser)
    assert asyncio.run(evaluate(folder, plan, agent)).is_complete
    return folder


def read_again(folder, **more):
    return asyncio.run(rescore(folder, **more))


CHATS = (
    ChatSettings(),
    ChatSettings(history=2, max_reasks=1),
    ChatSettings(tell_mistakes=True, system="Play.", show="both"),
    ChatSettings(max_reasks=2),
)


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize(
    "change", [{"parser": "strict"}, {"on_fault": "end"}, {"on_fault": "random"}, {"on_fault": "ask"}]
)
def test_what_is_known_is_what_would_have_been_played(tmp_path, chat, change):
    on_fault = change.get("on_fault", "charge")
    episodes = [EpisodeSpec(f"vlm_gym/{task}-v0", seed) for task in TASKS for seed in range(2)]
    changed = [replace(each, arguments={"on_fault": on_fault}) for each in episodes]
    play(tmp_path / "recorded", Loose(), episodes, chat)
    play(tmp_path / "real", Loose(), changed, chat, change.get("parser", "json"))
    again = read_again(tmp_path / "recorded", **change)
    real = {(each.task, each.seed): each for each in read_episodes(tmp_path / "real")}
    turns = {}
    for turn in read_turns(tmp_path / "real"):
        turns.setdefault(turn.episode, []).append(replace(turn, episode=""))
    known = {(item.episode.task, item.episode.seed): item for item in again.run.played}
    for name, item in known.items():
        found = replace(item.episode, episode=real[name].episode, arguments=real[name].arguments)
        assert found == real[name]
        assert [replace(turn, episode="") for turn in item.turns] == turns[real[name].episode]
    recorded = {(each.task, each.seed): each for each in read_episodes(tmp_path / "recorded")}
    assert again.num_same + len(again.partings) == len(episodes)
    assert len(known) == again.num_same + sum(parting.is_known for parting in again.partings)
    for parting in again.partings:
        name = parting.episode.task, parting.episode.seed
        assert parting.is_known == (name in known)
        assert parting.recorded != parting.read or recorded[name] != real[name]
    assert again.partings


@pytest.mark.parametrize("parser", ["json", "tagged"])
def test_the_same_parser_reads_the_same(tmp_path, parser):
    episodes = [EpisodeSpec(task, seed) for task in PLAYABLE_IDS for seed in range(2)]
    play(tmp_path / "run", OracleAgent(0.6), episodes, ChatSettings(history=1, max_reasks=1), parser)
    again = read_again(tmp_path / "run", out=tmp_path / "again")
    assert (again.num_same, again.partings) == (len(episodes), ())
    assert results(tmp_path / "again") == results(tmp_path / "run")
    run = read_run(tmp_path / "again")
    assert run["read_again"] == {"run": "run", "parser": parser, "on_fault": None}


def test_a_run_that_is_read_otherwise_is_reported_beside_the_first_and_cannot_be_resumed(tmp_path, capsys):
    folder, again = tmp_path / "run", tmp_path / "again"
    command = ["eval", "--agent", 'constant:Well: {"action": "+"}', "--panel", "cards-v0", "--first", "3", "--out"]
    assert main([*command, str(folder)]) == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(["rescore", str(folder), "--parser", "strict", "--out", str(again)]) == 0
    told = capsys.readouterr().out
    assert "NumberLine-v0:1000000000, turn 1: was '+', is no action: no JSON" in told
    assert "what would come then is not known" in told
    assert "as it was recorded: success" in told
    assert "if they all failed, the success would be" in told
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert main(["report", str(folder), str(again), "--out", str(tmp_path / "report.html")]) == 0
    assert main([*command, str(again), "--resume", "--parser", "strict"]) == 2
    assert "holds a run of other settings" in capsys.readouterr().err


def test_unfinished_and_unplayable_episodes_stay_what_they_are(tmp_path):
    asyncio.run(evaluate(tmp_path, Plan(EPISODES, chat=ChatSettings(max_reasks=1)), Player()))
    again = read_again(tmp_path)
    assert (again.num_same, again.partings) == (9, ())
    assert {item.episode.episode for item in again.run.played} == {each.episode for each in read_episodes(tmp_path)}
    (stopped,) = [item.episode for item in again.run.played if item.episode.is_unplayable]
    assert stopped in read_episodes(tmp_path)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"parser": "yaml"}, ConfigError, "parser must be one of"),
        ({"parser": "paper"}, ConfigError, "cannot read"),
        ({"on_fault": "pray"}, ConfigError, "on_fault must be one of"),
    ],
)
def test_a_wrong_choice_is_told_and_leaves_nothing(tmp_path, change, error, message):
    play(tmp_path / "run", ConstantAgent("9"), [EpisodeSpec("vlm_gym/EZPoints-FaceRank-v0", 0)])
    with pytest.raises(error, match=message):
        read_again(tmp_path / "run", out=tmp_path / "out", **change)


def test_a_run_without_turns_and_a_folder_in_use_are_told(tmp_path):
    play(tmp_path / "run", ConstantAgent("+"), [EpisodeSpec("vlm_gym/NumberLine-v0", 0)])
    with pytest.raises(RunError, match="holds something already"):
        read_again(tmp_path / "run", out=tmp_path / "run")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / RUN_FILE).write_bytes((tmp_path / "run" / RUN_FILE).read_bytes())
    with pytest.raises(RunError, match="has no turn yet"):
        read_again(tmp_path / "empty")
