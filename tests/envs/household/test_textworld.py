"""TextWorld itself as an engine: in lock step with our own, and in trouble."""

import copy
import dataclasses
import importlib.util
import json
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import textwrap

import pytest
from ended import wait_for_end

from vlm_gym.envs.household import textworld
from vlm_gym.envs.household.engine import Engine, EngineError
from vlm_gym.envs.household.textworld import TextWorldGame
from vlm_gym.errors import ConfigError, DataNotFoundError, MissingDependencyError
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.splits import list_games
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.installation import install_hint

pytestmark = pytest.mark.alfworld

NUM_RANDOM_COMMANDS = 15
HANG_TIMEOUT_S = 0.3
INVALID = ("", "Look", "go to cabinet 99", "put mug 1 in/on desk 1", "take", "x" * 5000, "\ud800", "go to  drawer 1")


def give_up(reason):
    if os.environ.get("CI"):
        pytest.fail(f"CI installs the extra [alfworld] and unpacks the official games: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def games():
    """The smallest official game of each task."""
    for package in ("textworld", "alfworld"):
        if importlib.util.find_spec(package) is None:
            give_up(f"{package} is not installed: pip install 'vlm-gym[alfworld]'")
    try:
        return [min(list_games(split="valid_seen", task_types=[task]), key=size) for task in TASK_TYPES]
    except DataNotFoundError as error:
        give_up(str(error))


def size(path):
    return path.stat().st_size, path


@pytest.fixture(scope="module")
def engine(games):
    """One game for most tests, so that few processes start."""
    with TextWorldGame(games[0]) as engine:
        yield engine


@pytest.fixture
def doomed(engine, games):
    """For a test that ends the process: another one takes its place."""
    engine.load(games[0])
    return engine


def seen(engine: Engine):
    """Everything that an environment asks of an engine."""
    refusals = [engine.refusal(command) for command in (*engine.admissible, *INVALID)]
    outcome = (engine.is_won, engine.progress, engine.is_stuck)
    return engine.feedback, engine.admissible, engine.state, engine.view(), outcome, refusals


def random_command(engine, rng):
    if rng.random() < 0.15:
        return rng.choice(INVALID)
    by_verb = {}
    for command in engine.admissible:
        by_verb.setdefault(command.split(" ")[0], []).append(command)
    return f" {rng.choice(by_verb[rng.choice(sorted(by_verb))])}\n"


def walkthrough(path):
    return json.loads(path.read_text())["walkthrough"]


def assert_alive_again(engine):
    assert engine.step("look").startswith("You are")


@pytest.mark.parametrize("number", range(len(TASK_TYPES)), ids=TASK_TYPES)
def test_both_engines_agree_at_every_step(number, engine, games):
    ours, rng = HouseholdGame(load_game(games[number])), random.Random(number)
    assert engine.load(games[number]) == ours.reset()
    assert seen(engine) == seen(ours)
    for command in walkthrough(games[number]):
        assert engine.step(command) == ours.step(command)
        assert seen(engine) == seen(ours)
    assert engine.is_won
    assert engine.progress == pytest.approx(1.0)
    assert engine.reset() == ours.reset()
    for _ in range(NUM_RANDOM_COMMANDS):
        command = random_command(ours, rng)
        assert engine.step(command) == ours.step(command), command
        assert seen(engine) == seen(ours), command


def test_two_games_take_turns(engine, games):
    ours = [HouseholdGame(load_game(path)) for path in games[1:3]]
    engine.load(games[1])
    with TextWorldGame(games[2]) as other:
        for commands in zip(walkthrough(games[1])[:3], walkthrough(games[2])[:3], strict=True):
            for game, reference, command in zip((engine, other), ours, commands, strict=True):
                assert game.step(command) == reference.step(command)
                assert seen(game) == seen(reference)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda game: pickle.loads(pickle.dumps(game))])
def test_a_copy_goes_on_by_itself_from_the_middle_of_an_episode(duplicate, engine, games):
    engine.load(games[0])
    *commands, last = walkthrough(games[0])
    for command in ("nonsense", *commands, "look"):
        engine.step(command)
    before = seen(engine)
    with duplicate(engine) as other:
        assert seen(other) == before
        other.step(last)
        assert other.is_won
        assert seen(engine) == before
        engine.step(last)
        assert seen(other) == seen(engine)


def test_a_hanging_game_is_ended_and_goes_on_in_a_new_process(doomed, games, monkeypatch):
    doomed.step(walkthrough(games[0])[0])
    before = seen(doomed)[1:]
    monkeypatch.setattr(doomed, "_timeouts", dataclasses.replace(doomed._timeouts, step_timeout_s=HANG_TIMEOUT_S))
    os.kill(doomed._process.pid, signal.SIGSTOP)
    with pytest.raises(EngineError, match=f"play 'look' in '{games[0]}', gave no answer within 0.3 s.*step_timeout_s="):
        doomed.step("look")
    assert seen(doomed)[1:] == before
    monkeypatch.undo()
    assert_alive_again(doomed)
    assert seen(doomed)[1:] == before


def test_a_game_that_does_not_start_in_time_is_named(games):
    with pytest.raises(
        EngineError, match=f"asked to start '{games[0]}', gave no answer within 0.01 s.*start_timeout_s="
    ):
        TextWorldGame(games[0], start_timeout_s=0.01)


def test_a_killed_game_is_named_and_starts_again(doomed, games):
    os.kill(doomed._process.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match=f"asked to start '{games[0]}', died of SIGKILL"):
        doomed.reset()
    assert doomed.reset() == HouseholdGame(load_game(games[0])).feedback


def test_a_closed_game_goes_on_in_a_new_process(doomed):
    doomed.close()
    doomed.close()
    assert doomed._process is None
    assert_alive_again(doomed)


def test_a_game_that_fails_to_load_leaves_the_old_one_as_it_was(doomed, games, tmp_path):
    before, bad = seen(doomed), tmp_path / "game.tw-pddl"
    bad.write_text(json.dumps({**json.loads(games[0].read_text()), "pddl_domain": "(define (domain"}))
    with pytest.raises(EngineError, match=f"asked to start '{bad}', failed: "):
        doomed.load(bad)
    with pytest.raises(ConfigError):
        doomed.load(tmp_path / "none")
    assert seen(doomed) == before
    assert_alive_again(doomed)


def test_games_with_other_sentences_are_played(engine, games, tmp_path):
    other = tmp_path / "game.tw-pddl"
    content = json.loads(games[0].read_text())
    content["grammar"] = content["grammar"].replace("You arrive at", "You stroll to")
    other.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="its rules or sentences are not those of ALFWorld"):
        load_game(other)
    engine.load(other)
    for command in walkthrough(games[0]):
        engine.step(command)
        assert engine.feedback.startswith("You stroll to") == command.startswith("go to")
    assert engine.is_won


DAMAGES = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "a list": lambda text: "[]",
    "no rules": lambda text: json.dumps({**json.loads(text), "pddl_domain": None}),
    "no facts": lambda text: json.dumps({**json.loads(text), "pddl_problem": "(define)"}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_by_name(damage, games, tmp_path):
    path = tmp_path / "game.tw-pddl"
    path.write_text(damage(games[0].read_text()))
    with pytest.raises(ConfigError, match=f"the game file '{path}' cannot be played: "):
        TextWorldGame(path)


def test_a_missing_file_is_refused_by_name(games):
    with pytest.raises(ConfigError, match=r"the game file '/none/game.tw-pddl' cannot be played: .*No such file"):
        TextWorldGame("/none/game.tw-pddl")


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf"), "1", None])
@pytest.mark.parametrize("name", ["start_timeout_s", "reset_timeout_s", "step_timeout_s"])
def test_a_time_limit_that_is_none_is_refused(name, timeout_s, games):
    with pytest.raises(ConfigError, match=f"{name} must be a number of seconds"):
        TextWorldGame(games[0], **{name: timeout_s})


def test_without_textworld_the_error_names_the_extra(games, monkeypatch):
    monkeypatch.setattr(textworld.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=rf"no textworld.*{re.escape(install_hint('alfworld'))}"):
        TextWorldGame(games[0])


def test_a_package_that_only_the_process_misses_is_told_as_well(games, monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    monkeypatch.setattr(textworld, "_check_installed", lambda: None)
    with pytest.raises(MissingDependencyError, match=rf"no textworld.*{re.escape(install_hint('alfworld'))}"):
        TextWorldGame(games[0])


def test_the_process_of_the_environment_imports_no_textworld(games):
    program = (
        "import sys\n"
        "from vlm_gym.envs.household.textworld import TextWorldGame\n"
        f"with TextWorldGame({str(games[0])!r}) as game:\n"
        "    game.step('look')\n"
        "print(sorted({'textworld', 'alfworld', 'fast_downward'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


VECTOR_PROGRAM = """
    import sys
    import gymnasium
    from vlm_gym.envs.household.textworld import TextWorldGame

    class Env(gymnasium.Env):
        observation_space = gymnasium.spaces.Discrete(1000)
        action_space = gymnasium.spaces.Discrete(1000)

        def reset(self, *, seed=None, options=None):
            self.game = TextWorldGame(sys.argv[1])
            return len(self.game.admissible), {"pid": self.game._process.pid}

        def step(self, action):
            self.game.step(self.game.admissible[0])
            return len(self.game.admissible), self.game.progress, self.game.is_won, False, {}

    if __name__ == "__main__":
        env = gymnasium.vector.AsyncVectorEnv([Env, Env])
        observations, info = env.reset()
        assert (env.step([0, 0])[0] > 0).all()
        env.close()
        print(*info["pid"])
"""


def test_it_plays_in_the_daemonic_workers_of_a_vector_env(games, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(VECTOR_PROGRAM))
    paths = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, str(program), str(games[0])], env={**os.environ, "PYTHONPATH": paths}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 2
    assert all(wait_for_end(int(pid)) for pid in done.stdout.split())
