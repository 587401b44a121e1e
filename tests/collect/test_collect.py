"""What comes into a data set, in which order, and what an interruption does to it."""

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from data_sets import BLACKJACK, EZPOINTS, HOUSEHOLD, NUMBER_LINE, answers_of, bytes_of, make, rows_of

from vlm_gym.collect.settings import MAX_SEED, CollectSettings
from vlm_gym.collect.sources import EPISODES_PER_SEED, FIRST_TRAINING_SEED, quotas, sources_of
from vlm_gym.errors import ConfigError, DataNotFoundError, RunError
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.panels import PANELS, get_panel
from vlm_gym.fields import truths

CARDS = ("vlm_gym/Points24-v0", "vlm_gym/Points24Formula-v0", BLACKJACK)


class KilledError(Exception):
    """Stands for whatever ends a process."""


def killed_after(num_episodes):
    """Return an `on_progress` that ends the run after so many episodes."""
    numbers = count(1)

    def stop(_):
        if next(numbers) == num_episodes:
            raise KilledError

    return stop


class Says(Agent):
    """Says what a function of the session says."""

    def __init__(self, say):
        self.say = say

    async def answer(self, session, rng):
        return Reply(self.say(session))

    def describe(self):
        return {"name": "says"}


def right(session):
    return f"The action: {session.task.actions.key} it is. <answer>{session.task.oracle_action()}</answer>"


@pytest.mark.parametrize("task", [NUMBER_LINE, EZPOINTS, *CARDS, HOUSEHOLD])
@pytest.mark.parametrize("parser", ["json", "tagged"])
def test_the_parser_reads_every_answer_as_its_action(tmp_path, task, parser):
    from vlm_gym.episodes import EpisodeSpec
    from vlm_gym.parsers import find_parser

    make(tmp_path / "d", task, samples=40, parser=parser)
    for row in rows_of(tmp_path / "d"):
        env = EpisodeSpec(task, row["seed"]).make(parser=parser)
        env.reset(seed=row["seed"])
        read = find_parser(parser).parse(row["conversations"][-1]["value"], env.unwrapped.actions)
        assert read.action == row["action"]
        assert len(read.thoughts) > 10


@pytest.mark.parametrize("style", ["cot", "paper"])
@pytest.mark.parametrize("task", [NUMBER_LINE, EZPOINTS, *CARDS, HOUSEHOLD])
def test_the_fields_that_the_prompt_names_hold_the_truth(tmp_path, task, style):
    from vlm_gym.episodes import EpisodeSpec

    make(tmp_path / "d", task, samples=20, arguments={"prompt": style})
    for row in rows_of(tmp_path / "d"):
        if row["turn"] > 1:
            continue
        env = EpisodeSpec(task, row["seed"], {"prompt": style}).make()
        env.reset(seed=row["seed"])
        answer = json.loads(row["conversations"][-1]["value"])
        right = truths(env.unwrapped.readings())
        assert list(answer) == [*right, "thoughts", env.unwrapped.actions.key]
        assert {name: answer[name] for name in right} == right


def test_a_prompt_that_wants_the_action_only_gets_no_more(tmp_path):
    make(tmp_path / "d", EZPOINTS, samples=10, arguments={"prompt": "action_only"})
    assert all(list(json.loads(answer)) == ["action"] for answer in answers_of(tmp_path / "d"))


def test_without_thoughts_only_the_fields_are_filled(tmp_path):
    make(tmp_path / "d", EZPOINTS, samples=10, cot="none")
    assert all(list(json.loads(answer)) == ["cards", "formula", "action"] for answer in answers_of(tmp_path / "d"))


@pytest.mark.parametrize("agent", ["oracle", "oracle:0.6", "random"])
def test_the_same_settings_give_the_same_bytes(tmp_path, agent):
    settings = {"agent": agent, "samples": 60, "shard_size": 25, "seed": 3}
    for name in ("a", "b"):
        make(tmp_path / name, NUMBER_LINE, EZPOINTS, **settings)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    make(tmp_path / "c", NUMBER_LINE, EZPOINTS, **{**settings, "seed": 4})
    assert not {row["seed"] for row in rows_of(tmp_path / "a")} & {row["seed"] for row in rows_of(tmp_path / "c")}


@pytest.mark.parametrize("num_episodes", [1, 17, 40, 71, 100])
def test_an_interrupted_run_goes_on_to_the_same_bytes(tmp_path, num_episodes):
    settings = {"samples": 300, "shard_size": 40, "agent": "oracle:0.8"}
    make(tmp_path / "whole", NUMBER_LINE, EZPOINTS, BLACKJACK, **settings)
    part = tmp_path / "part"
    with pytest.raises(KilledError):
        make(part, NUMBER_LINE, EZPOINTS, BLACKJACK, on_progress=killed_after(num_episodes), **settings)
    with pytest.raises(KilledError):
        make(part, NUMBER_LINE, EZPOINTS, BLACKJACK, resume=True, on_progress=killed_after(30), **settings)
    counts = make(part, NUMBER_LINE, EZPOINTS, BLACKJACK, resume=True, **settings)
    assert bytes_of(part) == bytes_of(tmp_path / "whole")
    assert counts["num_samples"] == 300
    assert make(part, NUMBER_LINE, EZPOINTS, BLACKJACK, resume=True, **settings) == counts


def test_a_shard_that_nobody_counted_is_written_again(tmp_path):
    settings = {"samples": 200, "shard_size": 40}
    make(tmp_path / "whole", EZPOINTS, **settings)
    with pytest.raises(KilledError):
        make(tmp_path / "part", EZPOINTS, on_progress=killed_after(30), **settings)
    last = sorted((tmp_path / "part/.progress").iterdir())[-1]
    last.unlink()
    (tmp_path / "part/data.json.part").write_text("half a")
    make(tmp_path / "part", EZPOINTS, resume=True, **settings)
    (tmp_path / "part/data.json.part").unlink(missing_ok=True)
    assert bytes_of(tmp_path / "part") == bytes_of(tmp_path / "whole")


PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from data_sets import make
limit, num_episodes = int(sys.argv[2]), int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
def kill(_, played=[]):
    played.append(1)
    if len(played) == num_episodes:
        os.kill(os.getpid(), signal.SIGKILL)
make(Path(sys.argv[1]), "vlm_gym/EZPoints-v0", samples=300, shard_size=50, resume=True, on_progress=kill)
"""


def run_program(folder, *, limit=0, num_episodes=0):
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    command = [sys.executable, "-c", PROGRAM, str(folder), str(limit), str(num_episodes)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})


def test_a_process_that_is_killed_loses_nothing(tmp_path):
    make(tmp_path / "whole", EZPOINTS, samples=300, shard_size=50)
    for num_episodes in (45, 20):
        assert run_program(tmp_path / "part", num_episodes=num_episodes).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "part/.progress").iterdir())) >= 3
    assert run_program(tmp_path / "part").returncode == 0
    assert bytes_of(tmp_path / "part") == bytes_of(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is Unix's")
def test_a_full_disk_is_told_and_can_be_gone_on_from(tmp_path):
    make(tmp_path / "whole", EZPOINTS, samples=300, shard_size=50)
    failed = run_program(tmp_path / "part", limit=40_000)
    assert "RunError: cannot write" in failed.stderr
    assert "make room, then go on with --resume" in failed.stderr
    assert not list((tmp_path / "part").rglob("*.part"))
    assert run_program(tmp_path / "part").returncode == 0
    assert bytes_of(tmp_path / "part") == bytes_of(tmp_path / "whole")


def test_samples_come_once_and_their_end_is_noticed(tmp_path):
    counts = make(tmp_path / "d", NUMBER_LINE, samples=100, cot="none", patience=300)
    (task,) = counts["tasks"]
    assert (task["num_samples"], counts["num_pictures"]) == (30, 30)
    assert len(set(answers_of(tmp_path / "d"))) == 30
    assert task["notice"].startswith("30 of 100 samples: 300 episodes in a row gave nothing new")
    assert task["num_duplicates"] > 300
    card = (tmp_path / "d/README.md").read_text()
    assert f"**{NUMBER_LINE}**: 30 of 100 samples" in card


def test_duplicates_are_kept_for_those_who_want_them(tmp_path):
    counts = make(tmp_path / "d", NUMBER_LINE, samples=100, cot="none", keep_duplicates=True)
    assert counts["num_samples"] == 100
    assert len(set(answers_of(tmp_path / "d"))) <= 30


def test_tasks_share_evenly(tmp_path):
    counts = make(tmp_path / "d", NUMBER_LINE, EZPOINTS, BLACKJACK, samples=50)
    assert [task["num_samples"] for task in counts["tasks"]] == [17, 17, 16]
    assert quotas(None, 2) == (None, None)


@pytest.mark.parametrize(
    ("task", "samples", "arguments"),
    [(BLACKJACK, 200, {}), (HOUSEHOLD, 150, {"task_types": ["put", "heat"]}), ("vlm_gym/Points24-v0", 340, {})],
)
def test_balanced_actions_have_even_shares(tmp_path, task, samples, arguments):
    (tally,) = make(tmp_path / "d", task, samples=samples, balance_actions=True, arguments=arguments)["tasks"]
    assert tally["num_samples"] == samples
    assert max(tally["actions"].values()) <= -(-samples // len(tally["actions"])) + 3
    assert len(tally["actions"]) == {BLACKJACK: 2, HOUSEHOLD: 5}.get(task, 17)


def test_formulas_cannot_be_balanced(tmp_path):
    with pytest.raises(ConfigError, match="formulas have none"):
        make(tmp_path / "d", "vlm_gym/EZPointsFormula-v0", samples=5, balance_actions=True)


def test_random_labels_are_uniform_and_say_nothing_for_the_action(tmp_path):
    (tally,) = make(tmp_path / "d", EZPOINTS, samples=1300, label="random")["tasks"]
    assert len(tally["actions"]) == 13
    assert all(60 < number < 145 for number in tally["actions"].values())
    assert len({row["turn"] for row in rows_of(tmp_path / "d")}) == 4
    thoughts = [json.loads(answer)["thoughts"] for answer in answers_of(tmp_path / "d")]
    assert not any("= 12" in thought or "12 can be made" in thought for thought in thoughts)


def test_best_labels_are_the_oracles_whoever_plays(tmp_path):
    make(tmp_path / "d", NUMBER_LINE, samples=100, label="best", agent="random")
    for row in rows_of(tmp_path / "d"):
        answer = json.loads(row["conversations"][-1]["value"])
        assert answer["action"] == ("+" if int(answer["current number"]) < int(answer["target number"]) else "-")
    assert max(row["turn"] for row in rows_of(tmp_path / "d")) > 5


def test_the_searcher_teaches_what_a_player_can_know(tmp_path):
    """Whoever plays: its labels are commands that the player could think of, from what the words list."""
    arguments = {"notes": True, "image_size": 84}
    make(tmp_path / "own", HOUSEHOLD, samples=40, agent="searcher", arguments=arguments)
    make(tmp_path / "visited", HOUSEHOLD, samples=40, agent="random", label="searcher", arguments=arguments)
    for name in ("own", "visited"):
        rows = rows_of(tmp_path / name)
        assert len(rows) == 40
        for row in rows:
            command = json.loads(row["conversations"][-1]["value"])["action"]
            assert "Seen so far: " in row["conversations"][0]["value"]
            if command.startswith("take "):
                assert command.removeprefix("take ").partition(" from ")[0] in row["conversations"][0]["value"]
    assert answers_of(tmp_path / "own") != answers_of(tmp_path / "visited")


def test_where_there_is_no_searcher_its_label_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="NumberLineEnv has no searcher: use another label"):
        make(tmp_path / "d", NUMBER_LINE, samples=10, label="searcher")


def test_a_noisy_oracles_mistakes_are_played_and_learnt_but_those_that_break_a_rule(tmp_path):
    make(tmp_path / "d", NUMBER_LINE, samples=200, agent="oracle:0.5")
    answers = [json.loads(answer) for answer in answers_of(tmp_path / "d")]
    up = [answer["action"] == "+" for answer in answers]
    is_below = [int(answer["current number"]) < int(answer["target number"]) for answer in answers]
    assert 0.6 < sum(map(lambda a, b: a == b, up, is_below)) / len(up) < 0.9
    assert not any((answer["current number"], answer["action"]) in {("0", "-"), ("5", "+")} for answer in answers)


def test_deals_without_a_solution_teach_nothing(tmp_path):
    counts = make(tmp_path / "d", "vlm_gym/Points24Formula-v0", samples=30)
    (task,) = counts["tasks"]
    assert task["num_episodes"] > 30
    assert all(row["is_success"] for row in rows_of(tmp_path / "d"))


def test_only_successful_episodes_if_asked(tmp_path):
    make(tmp_path / "d", BLACKJACK, samples=40, successful_only=True)
    assert all(row["is_success"] for row in rows_of(tmp_path / "d"))
    make(tmp_path / "all", BLACKJACK, samples=40)
    assert not all(row["is_success"] for row in rows_of(tmp_path / "all"))


def test_a_conversation_holds_every_turn(tmp_path):
    make(tmp_path / "d", HOUSEHOLD, samples=4, unit="conversation")
    for row in rows_of(tmp_path / "d"):
        speakers = [message["from"] for message in row["conversations"]]
        assert speakers == ["human", "gpt"] * len(row["actions"])
        assert len(row["images"]) == len(row["actions"])
        assert row["is_success"]


def test_history_comes_before_the_question(tmp_path):
    from vlm_gym.chat import ChatSettings

    chat = ChatSettings(system="You play.", history=2, history_pictures=False)
    make(tmp_path / "d", EZPOINTS, samples=12, chat=chat)
    for row in rows_of(tmp_path / "d"):
        past = min(2, row["turn"] - 1)
        speakers = [message["from"] for message in row["conversations"]]
        assert speakers == ["system", *["human", "gpt"] * (past + 1)]
        assert len(row["images"]) == 1
        assert ["<image>" in message["value"] for message in row["conversations"]].index(True) == 2 * past + 1
        assert all("thoughts" in message["value"] for message in row["conversations"][1:])


def test_a_model_that_speaks_is_quoted(tmp_path):
    make(tmp_path / "d", NUMBER_LINE, samples=20, agent=Says(right))
    assert all(answer.startswith("The action: action it is. <answer>") for answer in answers_of(tmp_path / "d"))
    assert "whose terms apply" in (tmp_path / "d/README.md").read_text()


def test_answers_that_cannot_be_read_teach_nothing(tmp_path):
    def every_other(session):
        return right(session) if len(session.turns) % 2 else "I see nothing. \ud800 <image>"

    make(tmp_path / "steps", NUMBER_LINE, samples=5, agent=Says(every_other))
    assert all(row["turn"] % 2 == 0 for row in rows_of(tmp_path / "steps"))
    counts = make(tmp_path / "whole", NUMBER_LINE, samples=5, agent=Says(every_other), unit="conversation", patience=20)
    assert counts["num_samples"] == 0
    assert counts["tasks"][0]["notice"]


def test_a_hostile_answer_is_made_fit_for_a_file(tmp_path):
    def hostile(session):
        return f"\ud800<image> {right(session)}"

    make(tmp_path / "d", NUMBER_LINE, samples=5, agent=Says(hostile))
    for row in rows_of(tmp_path / "d"):
        assert row["conversations"][-1]["value"].startswith("?< image> The")
        assert sum(message["value"].count("<image>") for message in row["conversations"]) == len(row["images"])


def test_many_models_at_once_keep_the_order(tmp_path):
    import asyncio

    class Slow(Says):
        async def answer(self, session, rng):
            for _ in range(int(rng.integers(20))):
                await asyncio.sleep(0)
            return await super().answer(session, rng)

    make(tmp_path / "fast", NUMBER_LINE, samples=25, agent=Says(right))
    make(tmp_path / "slow", NUMBER_LINE, samples=25, agent=Slow(right))
    assert answers_of(tmp_path / "fast") == answers_of(tmp_path / "slow")


def test_training_seeds_are_no_panels():
    for name in PANELS:
        try:
            episodes = get_panel(name).episodes
        except DataNotFoundError:
            continue
        assert all(episode.seed < FIRST_TRAINING_SEED for episode in episodes)
    assert FIRST_TRAINING_SEED + (MAX_SEED + 1) * EPISODES_PER_SEED < 2**53, "JSON would round the seeds"


def test_a_panel_is_collected_only_by_its_name(tmp_path):
    counts = make(tmp_path / "d", EZPOINTS, panel="cards-v0")
    assert counts["tasks"][0]["num_episodes"] == 100
    assert "must not be scored on it" in (tmp_path / "d/README.md").read_text().replace("\n", " ")
    with pytest.raises(ConfigError, match="a task here must be one of"):
        make(tmp_path / "e", HOUSEHOLD, panel="cards-v0")


def test_official_games_for_evaluation_are_refused():
    with pytest.raises(ConfigError, match="'valid_seen', which are for evaluation: use vlm_gym/ALFWorld-v0"):
        sources_of(CollectSettings(("vlm_gym/ALFWorld-ValidSeen-v0",), samples=5))
    for split in ("valid_unseen", "eval_out_of_distribution"):
        with pytest.raises(ConfigError, match=f"'{split}', which are for evaluation"):
            sources_of(CollectSettings(("vlm_gym/ALFWorld-v0",), {"split": split}, samples=5))


@pytest.mark.parametrize(("name", "arguments"), [("Household-Unseen-v0", {}), ("Household-v0", {"split": "unseen"})])
def test_held_out_homes_are_pointed_out(tmp_path, name, arguments):
    make(tmp_path / "d", f"vlm_gym/{name}", samples=2, arguments=arguments)
    assert f"{name} is held out for evaluation" in (tmp_path / "d/README.md").read_text()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "expected one task or more, a panel or a run"),
        ({"tasks": (EZPOINTS,)}, "samples must say how many"),
        ({"tasks": (EZPOINTS,), "samples": 0}, "samples must be an int from 1"),
        ({"tasks": (EZPOINTS,), "samples": 5, "format": "parket"}, "Did you mean 'parquet'?"),
        ({"tasks": (EZPOINTS,), "samples": 5, "label": "bst"}, "Did you mean 'best'?"),
        ({"tasks": (EZPOINTS, EZPOINTS), "samples": 5}, "every task can be named once"),
        ({"panel": "cards-v0", "arguments": {"theme": "night"}}, "have arguments of their own"),
        ({"panel": "cards-v0", "balance_actions": True}, "needs the number of samples"),
        ({"tasks": (EZPOINTS,), "samples": 5, "unit": "conversation", "label": "best"}, "holds what was played"),
        ({"tasks": (EZPOINTS,), "samples": 5, "unit": "conversation", "balance_actions": True}, "holds many actions"),
    ],
)
def test_a_wrong_setting_is_told(settings, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        CollectSettings(**settings)


def test_a_wrong_combination_with_history_is_told():
    from vlm_gym.chat import ChatSettings

    chat = ChatSettings(history=1)
    for settings, message in (
        ({"format": "trl", "label": "random"}, "is not random"),
        ({"format": "parquet"}, "one prompt and one picture"),
        ({"format": "trl", "unit": "conversation"}, "holds all turns"),
    ):
        with pytest.raises(ConfigError, match=message):
            CollectSettings((EZPOINTS,), samples=5, chat=chat, **settings)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    make(tmp_path / "d", EZPOINTS, samples=5)
    before = bytes_of(tmp_path / "d")
    with pytest.raises(ConfigError, match="holds something already: choose another folder, or go on with --resume"):
        make(tmp_path / "d", EZPOINTS, samples=5)
    with pytest.raises(RunError, match=r"other settings: settings.samples: 5 there, 6 here"):
        make(tmp_path / "d", EZPOINTS, samples=6, resume=True)
    assert bytes_of(tmp_path / "d") == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other/notes.txt").write_text("mine")
    with pytest.raises(RunError, match="is not a data set of `vlm-gym collect`"):
        make(tmp_path / "other", EZPOINTS, samples=5, resume=True)
    with pytest.raises(ConfigError, match="must be a folder, but it is a file"):
        make(tmp_path / "other/notes.txt", EZPOINTS, samples=5)


def test_a_household_card_says_what_the_oracle_knows(tmp_path):
    make(tmp_path / "home", HOUSEHOLD, samples=2)
    assert "its\nchoice is told as a guess" in (tmp_path / "home/README.md").read_text()
    make(tmp_path / "cards", BLACKJACK, samples=2)
    assert "told as a guess" not in (tmp_path / "cards/README.md").read_text()


def test_a_model_behind_an_endpoint_is_asked_many_times_at_once(tmp_path):
    pytest.importorskip("httpx", reason="httpx is not installed: pip install 'vlm-gym[eval]'")
    from openai_server import OpenAIServer

    from vlm_gym.evaluation.models.agent_names import make_agent
    from vlm_gym.evaluation.models.endpoint import EndpointSettings

    with OpenAIServer(answer=lambda _: '{"thoughts": "a card more", "action": "hit"}') as server:
        agent = make_agent("openai:model", EndpointSettings(base_url=server.base_url))
        make(tmp_path / "d", BLACKJACK, samples=30, agent=agent)
    assert {row["action"] for row in rows_of(tmp_path / "d")} == {"hit"}
    described = json.loads((tmp_path / "d/data.json").read_text())
    assert described["agent"]["name"] == "openai:model"
