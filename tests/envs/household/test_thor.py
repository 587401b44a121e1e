"""ALFWorld on AI2-THOR: the real ai2thor and alfworld, against a stand-in for Unity's player (`thor_player.py`)."""

import copy
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
import time
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from ended import wait_for_end
from PIL import Image
from sample_runs import play
from thor_games import write_player, write_thor_split
from x_server import XServer

from vlm_gym.cli import main
from vlm_gym.envs.household.engine import EngineError
from vlm_gym.envs.household.thor import ThorGame
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import DataNotFoundError
from vlm_gym.evaluation.models.agents import OracleAgent
from vlm_gym.evaluation.report import write_report
from vlm_gym.games.household.splits import list_games
from vlm_gym.games.household.tasks import NUM_CONDITIONS, TASK_TYPES
from vlm_gym.oracles.household_thor import best_action
from vlm_gym.registration import TASKS
from vlm_gym.testing import CHECKS, fault_of

pytestmark = pytest.mark.thor

TASK = "vlm_gym/ALFWorldThor-v0"
SEEN = "vlm_gym/ALFWorldThor-ValidSeen-v0"
SOON_S = 20.0
"""In how long trouble must be told, of timeouts of minutes."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with the split "train" of two games of each task type, and "valid_seen" of one."""
    for package in ("ai2thor", "alfworld"):
        if importlib.util.find_spec(package) is None:
            if "VLM_GYM_THOR_TESTS" in os.environ:
                pytest.fail(f"no {package} in the environment of `make test-thor`")
            pytest.skip(f"{package} is not installed: make test-thor")
    root = tmp_path_factory.mktemp("thor")
    write_thor_split(root, "train", dict.fromkeys(TASK_TYPES, 2))
    write_thor_split(root, "valid_seen", dict.fromkeys(TASK_TYPES, 1))
    return root


@pytest.fixture(scope="module")
def display():
    server = XServer()
    yield server.display
    server.close()


@pytest.fixture(autouse=True)
def player(data, display, tmp_path, monkeypatch):
    """Call it with arguments for the stand-in to have one that misbehaves."""

    def install(*arguments):
        program = write_player(tmp_path / "the player", data / "json_2.1.1", *arguments)
        monkeypatch.setenv("VLM_GYM_THOR_BUILD", str(program))

    install()
    monkeypatch.setenv("ALFWORLD_DATA", str(data))
    monkeypatch.setenv("DISPLAY", display)
    return install


@pytest.fixture(scope="module")
def games(data):
    return list_games(str(data), "valid_seen")


@pytest.fixture
def game(games):
    with ThorGame(games[0]) as game:
        yield game


def make(task=TASK, **arguments):
    return gym.make(task, disable_env_checker=True, **arguments)


def children(pid):
    return [int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]


def processes_of(game):
    """The worker and Unity's player."""
    worker = game._process.pid
    return [worker, *children(worker)]


def trouble(play, *arguments):
    """Return what is told, soon, when a game cannot be played on, and see that nothing is left of it."""
    begun = time.monotonic()
    with pytest.raises(EngineError) as error:
        play(*arguments)
    assert time.monotonic() - begun < SOON_S
    return str(error.value)


# Playing


@pytest.mark.parametrize("kind", TASK_TYPES)
def test_the_oracle_wins_and_the_terms_add_up(kind):
    env = make(SEEN, task_types=[kind], parser="json")
    picture, info = env.reset(seed=0)
    assert picture.shape == (300, 300, 3)
    assert (info["task_type"], info["progress"], info["is_success"]) == (kind, 0.0, False)
    assert env.unwrapped.optimal_value() is None  # what AI2-THOR's physics will refuse, nobody knows
    terms, is_over = [], False
    while not is_over:
        answer = json.dumps({"action": env.unwrapped.oracle_action()})
        picture, reward, is_over, is_cut, info = env.step(answer)
        assert not is_cut
        assert info["illegal"] is None
        assert reward == sum(info["rewards"].values())
        assert picture.dtype == np.uint8
        terms.append(info["rewards"])
    assert info["is_success"]
    assert info["progress"] == 1.0
    assert [term["success"] for term in terms] == [0.0] * (len(terms) - 1) + [50.0]
    assert sum(term["progress"] for term in terms) == pytest.approx(1.0)
    conditions = NUM_CONDITIONS[kind]
    assert all(round(conditions * term["progress"], 6).is_integer() for term in terms)
    env.close()


def test_the_oracle_wins_from_wherever_chance_has_led(games):
    rng = random.Random(0)
    with ThorGame(games[0]) as game:
        for file in games:
            game.load(file)
            for _ in range(12):
                game.step(rng.choice(game.admissible))
            for _ in range(30):
                if not game.is_won:
                    game.step(best_action(game.state))
            assert game.is_won, file
            assert game.step("inventory").startswith("You are ")  # nor does it end there


def test_engine_thor_of_the_other_ids_is_the_same_game():
    first, second = make(SEEN), make("vlm_gym/ALFWorld-ValidSeen-v1", engine="thor")
    (picture, info), (other, told) = first.reset(seed=2), second.reset(seed=2)
    assert np.array_equal(picture, other)
    assert info["prompt"] == told["prompt"]
    assert "The picture shows what you see from where you stand." in info["prompt"]
    first.close()
    second.close()


def test_it_plays_the_games_and_sentences_of_the_other_engines():
    photographed, drawn = make(SEEN), make("vlm_gym/ALFWorld-ValidSeen-v0")
    assert photographed.unwrapped.starts() == drawn.unwrapped.starts()
    for seed in range(6):
        info, told = photographed.reset(seed=seed)[1], drawn.reset(seed=seed)[1]
        assert [info[name] for name in ("game", "goal", "task_type")] == [
            told[name] for name in ("game", "goal", "task_type")
        ]
        assert f"Your task is to: {info['goal'].rstrip('.')}" in info["feedback"]
    photographed.close()


def test_sequential_order_plays_every_game_once():
    env = make(SEEN)
    names = [env.reset(seed=0 if i == 0 else None)[1]["game"] for i in range(7)]
    assert len(set(names[:6])) == 6
    assert names[6] == names[0]
    env.close()


def test_a_seed_chooses_the_game_and_all_that_follows():
    first, second = make(), make()
    names = {first.reset(seed=seed)[1]["game"] for seed in range(5)}
    assert len(names) > 1
    for env in (first, second):
        env.reset(seed=3)
    for action in (4, 20, 0, 127):
        (picture, *turn, info), (other, *told, its) = first.step(action), second.step(action)
        assert np.array_equal(picture, other)
        assert turn == told
        assert info["prompt"] == its["prompt"]
    first.close()
    second.close()


def test_two_games_are_played_at_once(games):
    with ThorGame(games[0]) as first, ThorGame(games[1]) as second:
        assert not set(processes_of(first)) & set(processes_of(second))
        for game in (first, second, first, second):
            command = next(command for command in game.admissible if command.startswith("go to "))
            assert game.step(command).startswith("You arrive at")
        assert first.state.receptacles != second.state.receptacles


def test_admissible_commands_are_sorted_and_each_can_be_named(game):
    assert list(game.admissible) == sorted(set(game.admissible))
    names = {receptacle.name for receptacle in game.state.receptacles}
    assert {f"go to {name}" for name in names} == {name for name in game.admissible if name.startswith("go to ")}


def test_a_sofa_keeps_its_name():
    spec = importlib.util.spec_from_file_location("player", ThorGame.program.player)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    commands = ["go to sof1", "take pen 1 from sof1", "take sof1 from bed 1", "go to sof12", "look"]
    assert module._with_whole_names(commands, ["sofa 1", "bed 1", "pen 1", "sofa 12"]) == [
        "go to sofa 1", "take pen 1 from sofa 1", "take sofa 1 from bed 1", "go to sofa 12", "look",
    ]  # fmt: skip


def test_moving_and_putting_are_the_same():
    env = make(SEEN, task_types=["put"], parser="json")
    for words in ("move {} to {}", "put {} in/on {}"):
        env.reset(seed=0)
        while not (action := env.unwrapped.oracle_action()).startswith("move "):
            env.step(json.dumps({"action": action}))
        thing, _, place = action.removeprefix("move ").partition(" to ")
        *_, info = env.step(json.dumps({"action": words.format(thing, place)}))
        assert (info["action"], info["illegal"], info["is_success"]) == (action, None, True)
    env.close()


def test_what_is_not_admissible_is_not_played(game):
    state = game.state
    for command in ("go to moon 1", "use fridge 99", "", "x" * 5000, "\ud800"):
        assert "is not possible here and now" in game.refusal(command)
        assert game.step(command) == "Nothing happens."
        assert game.state == state
    assert game.refusal("look") is None


def test_the_words_say_what_the_photo_shows(game):
    assert game.view().facing == ()
    command = next(name for name in game.admissible if name.startswith("go to "))
    game.step(command)
    (facing,) = game.view().facing
    assert facing.name == command.removeprefix("go to ")
    listed = [thing.name for thing in facing.contents or ()]
    assert all(f"a {name}" in game.feedback for name in listed)


# The contract of all ids


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")
def test_a_task_passes_every_check(check):
    assert fault_of(TASKS[TASK], check) is None


# Trouble


def test_a_killed_player_is_told_in_a_step_and_the_next_reset_starts_another(games):
    game = ThorGame(games[0])
    worker, unity, *_ = processes_of(game)
    os.kill(unity, signal.SIGKILL)
    assert wait_for_end(unity)
    message = trouble(game.step, "look")
    assert "AI2-THOR, asked to play 'look' in" in message
    assert "Unity's player has ended" in message
    assert "vlm-gym doctor ALFWorldThor-v0" in message
    assert wait_for_end(worker)
    assert game.reset().startswith("-= Welcome")
    assert worker not in processes_of(game)
    game.close()


def test_a_killed_player_is_told_in_a_reset(games):
    game = ThorGame(games[0])
    os.kill(processes_of(game)[1], signal.SIGKILL)
    assert "asked to start" in trouble(game.load, games[1])
    assert game.load(games[1]).startswith("-= Welcome")
    game.close()


def test_a_killed_worker_takes_the_player_along(games):
    game = ThorGame(games[0])
    worker, unity = processes_of(game)
    os.kill(worker, signal.SIGKILL)
    assert wait_for_end(unity)
    assert "died of SIGKILL" in trouble(game.step, "look")
    assert game.step("look").startswith("You are in the middle of a room")
    game.close()


@pytest.mark.parametrize("fault", ["die:start", "exit:start", "die:Reset", "exit:SetObjectPoses", "die:TeleportFull"])
def test_a_player_that_ends_at_the_start_is_told(fault, player, games):
    player("--fault", fault)
    assert "Unity's player has ended" in trouble(ThorGame, games[0])
    player()
    ThorGame(games[0]).close()


def test_a_player_that_dies_between_two_answers_is_told_in_the_step(player, games):
    player("--fault", "die:PickupObject")
    game = ThorGame(games[1])
    pid = processes_of(game)[1]
    while not (command := best_action(game.state)).startswith("take "):
        game.step(command)
    assert "Unity's player has ended" in trouble(game.step, command)
    assert wait_for_end(pid)
    player()
    assert game.step(command).startswith("You pick up")  # a new one has played the commands again
    game.close()


@pytest.mark.parametrize(
    ("fault", "timeout"), [("hang:start", "start_timeout_s"), ("hang:SetObjectPoses", "start_timeout_s")]
)
def test_a_player_that_hangs_is_not_waited_for_for_ever(fault, timeout, player, games):
    player("--fault", fault)
    message = trouble(lambda: ThorGame(games[0], start_timeout_s=3.0))
    assert f"gave no answer within 3 s; its process is ended. Raise {timeout}=" in message


def test_a_player_that_hangs_in_a_step_is_not_waited_for_for_ever(player):
    player("--fault", "hang:OpenObject")
    env = make(SEEN, step_timeout_s=2.0, task_types=["put"])
    env.reset(seed=0)
    game = env.unwrapped.game
    pids = processes_of(game)
    while not (command := best_action(game.state)).startswith("open "):
        env.unwrapped.play(command)
    assert "Raise step_timeout_s=" in trouble(env.unwrapped.play, command)
    assert all(map(wait_for_end, pids))
    env.close()


BAD_FRAMES = {
    "short": "cannot reshape array",
    "grey": r"a picture of the shape \(24, 24, 1\), expected \(height, width, 3\)",
    "black": r"AI2-THOR draws nothing: every pixel has the colour \(0, 0, 0\)",
    "no-segments": "IndexError|AttributeError|TypeError",
    "out-of-step": "Sequence id mismatch",
}


@pytest.mark.parametrize("fault", BAD_FRAMES)
def test_bad_frames_are_told(fault, player, games):
    player("--fault", fault)
    begun = time.monotonic()
    with pytest.raises(EngineError, match=BAD_FRAMES[fault]):
        ThorGame(games[0])
    assert time.monotonic() - begun < SOON_S


def test_a_missing_display_says_what_to_do(monkeypatch, games):
    monkeypatch.setenv("DISPLAY", ":63999")
    assert "Xvfb :99" in trouble(ThorGame, games[0])
    without_glx = XServer(has_glx=False)
    monkeypatch.setenv("DISPLAY", without_glx.display)
    assert "no GLX" in trouble(ThorGame, games[0])
    without_glx.close()
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setattr("vlm_gym.envs.household.thor_setup.DEFAULT_DISPLAY", ":63999")
    assert "$DISPLAY is not set" in trouble(ThorGame, games[0])


def test_a_missing_player_says_how_to_get_it(monkeypatch, games, tmp_path):
    monkeypatch.setenv("VLM_GYM_THOR_BUILD", str(tmp_path / "none"))
    with pytest.raises(DataNotFoundError, match=r"none'.*`vlm-gym download thor --build`.*VLM_GYM_THOR_BUILD"):
        ThorGame(games[0])
    (tmp_path / "none").write_text("#!/bin/sh\n")
    with pytest.raises(DataNotFoundError, match=r"may not be executed: chmod \+x"):
        ThorGame(games[0])
    monkeypatch.delenv("VLM_GYM_THOR_BUILD")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r".ai2thor/releases/thor-201909061227-Linux64"):
        ThorGame(games[0])


def test_a_player_that_is_no_program_is_told(monkeypatch, games, tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF no program")
    program.chmod(0o755)
    monkeypatch.setenv("VLM_GYM_THOR_BUILD", str(program))
    assert "Unity's player has ended or could not be started" in trouble(ThorGame, games[0])


def test_missing_traj_data_says_how_to_get_them(games, tmp_path):
    folder = tmp_path / "put-it" / "trial"
    folder.mkdir(parents=True)
    (folder / "game.tw-pddl").write_bytes(games[0].read_bytes())
    with pytest.raises(DataNotFoundError, match=r"no traj_data.json in .*`vlm-gym download thor`"):
        ThorGame(folder / "game.tw-pddl")


def test_damaged_traj_data_are_told(games, tmp_path):
    folder = tmp_path / "put-it" / "trial"
    folder.mkdir(parents=True)
    (folder / "game.tw-pddl").write_bytes(games[0].read_bytes())
    (folder / "traj_data.json").write_text("{}")
    assert "KeyError" in trouble(ThorGame, folder / "game.tw-pddl")


def test_a_game_that_cannot_be_played_ends_the_game_and_not_the_next(game, games, tmp_path):
    folder = tmp_path / "put-it" / "trial"
    folder.mkdir(parents=True)
    (folder / "game.tw-pddl").write_bytes(games[0].read_bytes())
    content = json.loads((games[0].parent / "traj_data.json").read_text())
    content["pddl_params"]["object_target"] = None
    (folder / "traj_data.json").write_text(json.dumps(content))
    assert "failed" in trouble(game.load, folder / "game.tw-pddl")
    assert game.load(games[1]).startswith("-= Welcome")


# Processes


def test_close_ends_every_process():
    env = make(SEEN)
    env.reset(seed=0)
    pids = processes_of(env.unwrapped.game)
    assert len(pids) == 2
    env.close()
    assert all(map(wait_for_end, pids))
    assert env.reset(seed=0)[1]["feedback"].startswith("-= Welcome")
    env.close()


def test_kill_9_of_the_parent_leaves_no_process():
    program = """
        import sys
        import gymnasium, vlm_gym
        env = gymnasium.make(sys.argv[1])
        env.reset(seed=0)
        print(env.unwrapped.game._process.pid, flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(program), SEEN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        pids = [worker, *children(worker)]
        parent.kill()
    assert len(pids) == 2
    assert all(map(wait_for_end, pids))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda game: pickle.loads(pickle.dumps(game))])
def test_a_copy_plays_the_commands_again_in_processes_of_its_own(duplicate, game):
    game.step(best_action(game.state))
    with duplicate(game) as other:
        command = best_action(game.state)
        assert other.step(command) == game.step(command)
        assert not set(processes_of(game)) & set(processes_of(other))
        assert other.state == game.state


def test_neither_process_imports_torch_and_ours_none_of_ai2thor(games):
    program = (
        "import sys\n"
        "from vlm_gym.envs.household.thor import ThorGame\n"
        f"with ThorGame({str(games[0])!r}) as game:\n"
        "    game.step('look')\n"
        "print(sorted({'ai2thor', 'alfworld', 'textworld', 'flask', 'torch', 'torchvision'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


# What users run


CHECK = Path(__file__).parents[3] / "benchmarks" / "thor_check.py"


def check(tmp_path, *arguments):
    command = [sys.executable, str(CHECK), "--out", str(tmp_path / "out"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_check_plays_every_task_type_and_prints_what_to_report(tmp_path):
    done = check(tmp_path, "--games", "1")
    assert done.returncode == 0, done.stderr
    assert "6 of 6 games won by the oracle" in done.stdout
    assert "the same first picture after another reset: 6 of 6" in done.stdout
    assert "dark first pictures: 0" in done.stdout
    assert "ai2thor 2.1.0" in done.stdout
    assert len(list((tmp_path / "out").glob("*.png"))) == 12


def test_the_check_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("VLM_GYM_THOR_BUILD", str(tmp_path / "none"))
    done = check(tmp_path)
    assert done.returncode == 1
    assert "vlm-gym download thor --build" in done.stderr


def test_a_run_of_both_kinds_of_pictures_sets_them_side_by_side(tmp_path):
    names = [start["game"] for start in make(SEEN).unwrapped.starts()[:2]]
    specs = [
        EpisodeSpec(task, 1, options={"game": name})
        for task in ("vlm_gym/ALFWorld-ValidSeen-v1", SEEN)
        for name in names
    ]
    folder = play(tmp_path / "run", OracleAgent(), specs)
    report = write_report([folder], tmp_path / "report.html")
    (pair,) = json.loads(report.results.read_text())["runs"][0]["same_games"]
    assert (pair["drawn"], pair["photographed"]) == ("ALFWorld-ValidSeen-v1", "ALFWorldThor-ValidSeen-v0")
    assert (pair["difference"]["success_a"], pair["difference"]["success_b"]) == (1.0, 1.0)
    assert pair["difference"]["num_episodes"] == 2


def test_the_doctor_finds_nothing_missing(capsys):
    assert main(["doctor", SEEN]) == 0
    assert "ready    ALFWorldThor-ValidSeen-v0" in capsys.readouterr().out


# The example


def test_the_example_draws_one_game_twice(tmp_path):
    folder = tmp_path / "pictures"
    example = Path(__file__).parents[3] / "examples" / "thor_pictures.py"
    path = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, example, "--seed", "0", "--turns", "3", "--out", folder],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"^the game \S+\n0\.png, then go to ", done.stdout)
    with Image.open(folder / "0.png") as picture:
        assert picture.size == (600, 300)
        left, right = (np.asarray(picture)[:, part] for part in (slice(0, 300), slice(300, 600)))
    assert not np.array_equal(left, right)
