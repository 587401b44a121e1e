"""docs/adopt.md: the environments on the page, with the packages that bring them (`make adopted` installs these)."""

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import pytest
from sample_runs import play

import vlm_gym
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import RandomAgent, ScriptedAgent
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.registration import find_task
from vlm_gym.testing import check_task
from vlm_gym.web.game import Game, seeds_from
from vlm_gym.web.recording import Recording, describe_open_run

PAGE = (Path(__file__).parents[2] / "docs" / "adopt.md").read_text(encoding="utf-8")
CODE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
NEEDS = {
    "mine/Lake-v0": "pygame",
    "mine/Taxi-v0": "pygame",
    "mine/DoorKey-v0": "minigrid",
    "mine/GoTo-v0": "minigrid",
    "mine/Pong-v0": "ale_py",
}
LAKE, DOOR = "mine/Lake-v0", "mine/DoorKey-v0"
WAY = ("down", "down", "right", "right", "down", "right")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*pkg_resources", "ignore:Overriding environment"),
]


@pytest.fixture(autouse=True)
def _adopted():
    exec(CODE)


@pytest.fixture(params=NEEDS)
def task(request):
    if importlib.util.find_spec(NEEDS[request.param]) is None:
        pytest.skip(f"{NEEDS[request.param]} is not installed: make adopted")
    return request.param


def test_the_page_has_an_example_of_each():
    assert set(NEEDS) == {name for name in vlm_gym.TASKS if name.startswith("mine/")}


def test_it_passes_the_contract(task):
    short = replace(find_task(task), id="mine/Short-v0", turn_limit=12)
    vlm_gym.register_task(short)  # an agent that never answers would play a thousand frames
    check_task("mine/Short-v0", skip=("copies",))


def test_it_is_played_scored_reported_and_collected(task, tmp_path, capsys):
    episodes = [EpisodeSpec(task, seed, {"turns": 12}) for seed in range(3)]
    run = play(tmp_path / "run", RandomAgent(), episodes)
    scores = summarise(run).overall
    assert (scores.num_episodes, scores.floor, scores.ceiling) == (3, None, None)
    write_report([run], tmp_path / "report.html")
    words = ("collect", "--from-run", run, "--cot", "none", "--format", "llava", "--out", tmp_path / "data")
    assert main(list(map(str, words))) == 0, capsys.readouterr().err
    rows = [json.loads(line) for path in (tmp_path / "data").rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert rows
    assert {row["task"] for row in rows} == {task}


def test_it_is_played_in_the_browser(task, tmp_path):
    first = EpisodeSpec(task, 0, {"turns": 2})
    with Game(Recording(tmp_path, describe_open_run([first])), seeds_from(task, 0, {"turns": 2})) as game:
        state = game.show()
        png = game.picture(state["episode"]["picture"])
        assert png.startswith(b"\x89PNG")
        while state["phase"] == "play":
            state = game.answer(state["version"], state["episode"]["actions"][0])
    assert state["episode"]["result"]["outcome"] in ("Out of turns", "No success", "Success")


def test_the_lake_is_crossed(tmp_path):
    pytest.importorskip("pygame", reason="pygame is not installed: make adopted")
    answers = [json.dumps({"thoughts": "I see the way.", "action": action}) for action in WAY]
    scores = summarise(play(tmp_path / "run", ScriptedAgent(answers), [EpisodeSpec(LAKE, 3)])).overall
    assert (scores.success.value, scores.turns) == (1.0, len(WAY))


def test_the_mission_is_in_the_prompt_and_changes_with_the_episode():
    pytest.importorskip("minigrid", reason="minigrid is not installed: make adopted")
    env = gym.make(DOOR, parser="json")
    assert "red triangle: use the key to open the door and then get to the goal." in env.reset(seed=0)[1]["prompt"]
    vlm_gym.adopt(
        "mine/Any-v0", "minigrid:BabyAI-GoToObj-v0", goal="{mission}", actions=tuple(f"act {i}" for i in range(7))
    )
    env = gym.make("mine/Any-v0", parser="json")
    assert len({env.reset(seed=seed)[1]["goal"] for seed in range(12)}) > 2


def test_a_tiny_model_trains_on_it(task, tmp_path):
    pytest.importorskip("peft", reason="baselines is not installed: make train")
    from baselines.ppo import main as train

    settings = {
        "folder": tmp_path, "task.id": task, "task.num_envs": 2, "task.arguments": '{"image_size": 84, "turns": 3}',
        "sft.episodes": 2, "sft.steps": 2, "sft.batch": 4, "sft.microbatch": 4, "ppo.updates": 1, "ppo.turns": 2,
        "ppo.epochs": 1, "ppo.minibatch": 4, "ppo.microbatch": 4, "sampling.max_new_tokens": 8,
        "evaluation.episodes": 2, "evaluation.samples": 1,
    }  # fmt: skip
    assert train([word for name, value in settings.items() for word in (f"--{name}", str(value))]) in (0, None)
    assert (tmp_path / "metrics.jsonl").exists()
