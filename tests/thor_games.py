"""Games for the stand-in of Unity's player: generated homes with the `traj_data.json` that alfworld reads."""

import json
import os
import re
import sys
from pathlib import Path

from home_games import write_split
from thor_world import FLOOR_PLAN, GAME

from vlm_gym.games.household.files import GAME_FILE, load_game
from vlm_gym.games.household.splits import VERSION_FOLDER
from vlm_gym.games.household.tasks import ALFWORLD_NAMES

PLAYER = Path(__file__).with_name("thor_player.py")


def write_thor_split(root, split, counts):
    """Write a split with so many games of each task type, and return the names of its games, sorted."""
    names = write_split(root, split, counts)
    for name in names:
        write_traj_data(root / VERSION_FOLDER, f"{split}/{name}")
    return names


def write_traj_data(games, name):
    """Write what ALFRED's data say of a game, as far as alfworld reads it, beside its file."""
    file = games / name / GAME_FILE
    goal = load_game(file).goal
    spelling = {
        word.lower(): word
        for word in re.findall(r"\b(\w+)Type - [or]type", json.loads(file.read_text())["pddl_problem"])
    }
    is_look = goal.task == "look"
    data = {
        "task_type": ALFWORLD_NAMES[goal.task],
        "pddl_params": {
            "object_target": spelling[goal.target],
            "parent_target": "" if is_look else spelling[goal.destination],
            "toggle_target": spelling[goal.destination] if is_look else "",
            "mrecep_target": "",
            "object_sliced": False,
        },
        "scene": {
            "scene_num": FLOOR_PLAN,
            "floor_plan": f"FloorPlan{FLOOR_PLAN}",
            "object_poses": [{"objectName": f"{GAME}{name}"}],
            "object_toggles": [],
            "dirty_and_empty": False,
            "init_action": {"action": "TeleportFull", "x": 0.0, "y": 0.9, "z": 0.0, "rotation": 0, "horizon": 30},
        },
        "plan": {"high_pddl": [{}], "low_actions": []},
    }
    (file.parent / "traj_data.json").write_text(json.dumps(data))


def write_player(path, games, *arguments):
    """Write a program that is the stand-in for Unity's player with these arguments, and return its path."""
    command = " ".join([sys.executable, str(PLAYER), str(games), *arguments])
    paths = os.pathsep.join([str(PLAYER.parent), *sys.path])
    path.write_text(f"#!/bin/sh\nPYTHONPATH='{paths}' exec {command} \"$@\"\n")
    path.chmod(0o755)
    return path
