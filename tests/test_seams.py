"""What is known of a game stands with the game: other rooms ask the task and name none."""

import re
from pathlib import Path

import pytest

from vlm_gym.registration import TASKS, shown_tasks

ROOT = Path(__file__).parents[1]
ROOMS = (
    "vlm_gym/evaluation", "vlm_gym/collect", "vlm_gym/web", "vlm_gym/bench.py", "vlm_gym/demo.py", "vlm_gym/cli",
    "baselines",
)  # fmt: skip
PANELS = "vlm_gym/evaluation/runs/panels.py"
NAMES = re.compile("NumberLine|Points24|EZPoints|Blackjack|Household")


def files(room):
    path = ROOT / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_names_no_game_but_in_the_definitions_of_panels(room):
    named = {path: NAMES.findall(path.read_text(encoding="utf-8")) for path in files(room)}
    assert [path for path, names in named.items() if names and path != ROOT / PANELS] == []


DEFINITIONS = (
    r"_by_seed\(",
    r'^        "[A-Za-z0-9-]+",$',
    r'^    "[a-z-]+-v0": \(',
    r"_alfworld\(|_household\(",
    r'^    \("[A-Za-z0-9-]+", "[A-Z][a-z]+"\): [0-9],$',
)


def test_in_panels_py_only_definitions_name_games():
    lines = [line for line in (ROOT / PANELS).read_text(encoding="utf-8").splitlines() if NAMES.search(line)]
    assert lines
    assert [line for line in lines if not re.search("|".join(DEFINITIONS), line)] == []


def test_the_shown_tasks_are_one_of_each_kind_with_a_start_that_can_be_played():
    shown = shown_tasks()
    assert {task.entry for task in shown} == {task.entry for task in TASKS.values()}
    for task in shown:
        env_class = task.load()
        assert set(task.example.options) <= set(env_class.option_names)
