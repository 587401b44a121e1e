"""A task of which nobody knows the best play: all that is not known shows as "?", and no number is invented."""

import sys
import types
from dataclasses import replace

import gymnasium as gym
import pytest
from data_sets import make as collect
from sample_runs import play
from test_write_a_task import FILES

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.cli.score_table import score_table
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentRefusedError, ConfigError
from vlm_gym.evaluation.models.agents import ConstantAgent, OracleAgent, RandomAgent
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.registration import find_task, register_task
from vlm_gym.testing import CHECKS, CheckError, check_task, fault_of
from vlm_gym.web.game import Game, seeds_from
from vlm_gym.web.recording import Recording, describe_open_run
from vlm_gym.wrappers import PotentialShaping

DIM = "dim/Lamps-v0"
OPTIONAL = "    # From here on nothing is needed"


def bring(monkeypatch, source, name="dim"):
    """Register the page's task as `name`/Lamps-v0, from other source."""
    module = types.ModuleType(f"{name}_lamps")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    task = replace(module.LAMPS, id=f"{name}/Lamps-v0", entry=f"{module.__name__}:LampsEnv")
    register_task(task)
    return task


@pytest.fixture(autouse=True)
def dim(monkeypatch):
    needed = FILES["lamps.py"].partition(OPTIONAL)[0].replace("(FIRST,)", "()")
    return bring(monkeypatch, needed)


def episodes(number=6):
    return [EpisodeSpec(DIM, seed) for seed in range(number)]


def test_it_passes_the_contract():
    check_task(DIM)


def test_its_scores_have_question_marks(tmp_path):
    run = play(tmp_path / "run", RandomAgent(), episodes())
    assert {(turn.value_before, turn.regret, turn.oracle_action) for turn in read_turns(run)} == {(None, None, None)}
    assert {(episode.start_value, episode.regret) for episode in read_episodes(run)} == {(None, None)}
    scores = summarise(run).overall
    assert (scores.floor, scores.ceiling, scores.score, scores.regret, scores.regret_per_turn) == (None,) * 5
    line = next(line for line in score_table(summarise(run)).splitlines() if line.startswith(DIM))
    assert line.split().count("?") == 3
    write_report([run], tmp_path / "report.html")
    row = next(line for line in (tmp_path / "report.md").read_text().splitlines() if line.startswith(f"| {DIM}"))
    assert [cell.strip() for cell in row.split("|")][4:6] == ["?", "?"]


def test_a_known_floor_stands_beside_an_unknown_ceiling(tmp_path, monkeypatch, dim):
    register_task(replace(dim, id="dim/Known-v0", random_success=0.3))
    scores = summarise(play(tmp_path / "run", RandomAgent(), [EpisodeSpec("dim/Known-v0", 0)])).overall
    assert (scores.floor, scores.ceiling, scores.score) == (0.3, None, None)


def test_the_oracle_and_what_asks_it_refuse(tmp_path):
    session = ChatSession(gym.make(DIM, parser="json"))
    session.reset(seed=0)
    with pytest.raises(AgentRefusedError, match="LampsEnv has no oracle: play it with another agent"):
        OracleAgent().answer(session, None).send(None)
    for settings in ({}, {"agent": "random", "label": "best"}):
        with pytest.raises(ConfigError, match="LampsEnv has no oracle: collect what another agent plays"):
            collect(tmp_path / str(len(settings)), DIM, samples=2, cot="none", **settings)
    with pytest.raises(ConfigError, match="PotentialShaping needs a task with an oracle"):
        PotentialShaping(gym.make(DIM), gamma=0.9).reset(seed=0)


def test_what_others_play_is_collected(tmp_path):
    assert collect(tmp_path / "data", DIM, agent="random", samples=3, cot="none")["num_samples"] == 3


def test_a_picture_without_words_cannot_be_told_in_words():
    session = ChatSession(gym.make(DIM, parser="json"), ChatSettings(show="text"))
    with pytest.raises(ConfigError, match="show='text' needs a task that has words for its picture"):
        session.reset(seed=0)


def test_a_person_plays_it_and_is_told_that_there_is_no_oracle(tmp_path):
    run = describe_open_run([EpisodeSpec(DIM, 0)])
    with Game(Recording(tmp_path / "mine", run), seeds_from(DIM, 0)) as game:
        state = game.show()
        while state["phase"] == "play":
            state = game.answer(state["version"], "0")
    result = state["episode"]["result"]
    assert result["oracles_view"] == "Nobody knows the best play: this task has no oracle."
    assert {turn["value_before"] for turn in result["turns"]} == {None}


BROKEN = {
    "spaces": ("num_actions=len(ACTIONS)", "num_actions=3"),
    "info": ("progress=float(state.is_solved)", "progress=state.is_solved + 1.0"),
    "illegal_moves": ("return ACTIONS.names", "return ACTIONS.names[1:]"),
    "mask": ("return ACTIONS.names", "return ()"),
    "pictures": ("np.full((size, size, 3), 255, np.uint8)", "np.full((size, size), 255, np.uint8)"),
    "seeds": ("self.np_random.random(NUM_LAMPS)", "np.random.random(NUM_LAMPS)"),
    "gymnasiums_checker": ("np.uint8)", "np.float64)"),
    "oracle": ("return str(sum(state.lit))", "return str(5 - sum(state.lit))"),
    "readings": ('Kind.TEXT)', '"")'),
}  # fmt: skip


@pytest.mark.parametrize("check", BROKEN)
def test_a_check_finds_what_is_broken(monkeypatch, check):
    old, new = BROKEN[check]
    source = FILES["lamps.py"]
    assert old in source
    bring(monkeypatch, source.replace(old, new), name="broken")
    assert fault_of(find_task("broken/Lamps-v0"), check)
    with pytest.raises(
        CheckError, match=rf"broken/Lamps-v0 \(broken_lamps:LampsEnv\) fails \d+ of {len(CHECKS)} checks"
    ):
        check_task("broken/Lamps-v0")


def test_a_field_without_a_kind_is_named_with_its_class(monkeypatch):
    bring(monkeypatch, FILES["lamps.py"].replace("Kind.TEXT)", '"colour")'), name="broken")
    with pytest.raises(CheckError, match=r"the field 'first lamp' needs a kind .*'number', .*got 'colour'"):
        check_task("broken/Lamps-v0")
    env = gym.make("broken/Lamps-v0")
    env.reset(seed=0)
    with pytest.raises(ConfigError, match=r"broken_lamps\.LampsEnv: the field 'first lamp' needs a kind"):
        env.unwrapped.readings()


def test_an_agent_without_an_oracle_still_reads_the_picture(tmp_path, monkeypatch):
    source = FILES["lamps.py"].partition("    def _best_action")[0]
    bring(monkeypatch, source, name="seen")
    agent = ConstantAgent('{"first lamp": "lit", "action": "0"}')
    run = play(tmp_path / "run", agent, [EpisodeSpec("seen/Lamps-v0", seed) for seed in range(8)])
    perception = summarise(run).overall.perception
    (field,) = perception.fields
    assert (field.field, field.num_unnamed) == ("first lamp", 0)
    assert field.num_right > 0 < field.num_wrong
    assert perception.num_failures == perception.num_unnamed > 0
