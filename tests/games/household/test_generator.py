"""Generated homes: solvable, sound, as frequent in all things as the official ones, and disjoint between splits."""

import hashlib
import importlib.util
import json
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.games.household import tasks
from vlm_gym.games.household.files import parse_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.generator import HOME_SPLITS, SCENES, generate, generate_home
from vlm_gym.games.household.generator_room import is_held_out
from vlm_gym.games.household.generator_tables import TRAPS, load_tables
from vlm_gym.games.household.problem import GRID_M
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.games.household.world import World
from vlm_gym.oracles.household import plan

NUM_HOMES = 400
NUM_HOMES_PER_SCENE = 1500
LONGEST_PLAN = 40  # of 50 turns
MAX_DISTANCE = 0.10  # total variation
MAX_HOME_MS = 20  # 2.6 on an idle core


def homes(number, first=0, **kwargs):
    return [generate_home(np.random.default_rng(seed), **kwargs) for seed in range(first, first + number)]


@pytest.fixture(scope="module")
def sample():
    """Homes of both splits, with and without traps."""
    mixed = [
        home
        for index, split in enumerate(HOME_SPLITS)
        for traps in (False, True)
        for home in homes(NUM_HOMES // 4, first=1000 * index, split=split, traps=traps)
    ]
    assert len(mixed) == NUM_HOMES
    return mixed


@pytest.fixture(scope="module")
def scene_samples():
    """Homes of each scene, and the packaged counts of the official ones."""
    path = Path(tasks.__file__).with_name("generator.json")
    official = json.loads(path.read_text())["scenes"]
    return {scene: (homes(NUM_HOMES_PER_SCENE, scenes=(scene,), traps=True), official[scene]) for scene in SCENES}


def _as_data(value):
    """A world as plain data, to compare: worlds themselves are compared by identity."""
    assert isinstance(value, World)
    return {name: getattr(value, name) for name in World.__slots__}


def test_every_home_can_be_solved_in_time(sample):
    for home in sample:
        steps = plan(home.world, home.world.start)
        assert 0 < len(steps) <= LONGEST_PLAN
        game = HouseholdGame(home.world)
        for step in steps:
            assert step in game.admissible
            game.step(step)
        assert game.is_won


def test_without_traps_no_state_is_stuck():
    rng = random.Random(0)
    for home in homes(60):
        game = HouseholdGame(home.world)
        for _ in range(50):
            game.step(rng.choice(game.admissible))
            assert not game.is_stuck
        assert not {kind for kind, _ in home.contents.objects} & {*TRAPS}


def test_traps_come_only_when_asked_for():
    found = {kind for home in homes(100, traps=True) for kind, _ in home.contents.objects}
    assert found & {*TRAPS}


@pytest.mark.parametrize("task", TASK_TYPES)
@pytest.mark.parametrize("split", HOME_SPLITS)
def test_a_task_can_be_asked_for(task, split):
    for scene in SCENES:
        if not any(goal.task == task for goal in load_tables().scenes[scene].goals):
            with pytest.raises(ConfigError, match=f"no {scene} has a task of {task}"):
                generate(np.random.default_rng(0), task_types=(task,), scenes=(scene,), split=split)
            continue
        home = generate_home(np.random.default_rng(0), task_types=(task,), scenes=(scene,), split=split)
        assert (home.world.goal.task, home.contents.scene) == (task, scene)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"split": "test"}, "split"),
        ({"task_types": "put"}, "task_types must be a sequence of put, look"),
        ({"task_types": ()}, "task_types must be a sequence of put, look"),
        ({"scenes": ("garden",)}, "garden"),
    ],
)
def test_unknown_names_are_refused(kwargs, message):
    with pytest.raises(ConfigError, match=message):
        generate(np.random.default_rng(0), **kwargs)


def test_the_game_file_reads_back_as_the_same_world(sample):
    for home in sample[::10]:
        assert _as_data(parse_game(home.game_file())) == _as_data(home.world)


def test_the_same_seed_makes_the_same_home_in_every_process():
    script = (
        "import numpy, hashlib\n"
        "from vlm_gym.games.household.generator import generate_home as make\n"
        "text = ''.join(make(numpy.random.default_rng(seed)).problem for seed in range(20))\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    expected = hashlib.sha256("".join(home.problem for home in homes(20)).encode()).hexdigest()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == expected


def test_seeds_make_different_homes():
    assert len({home.problem for home in homes(100)}) == 100


def test_no_goal_and_no_room_is_in_both_splits():
    goals, rooms = ({split: set() for split in HOME_SPLITS} for _ in range(2))
    for split in HOME_SPLITS:
        for home in homes(300, split=split):
            goals[split].add((home.world.goal.target, home.world.goal.destination))
            room = home.layout.room
            rooms[split] |= {(room.columns, room.rows)}
            assert is_held_out(room.columns, room.rows) == (split == "unseen")
    assert not goals["train"] & goals["unseen"]
    assert not rooms["train"] & rooms["unseen"]
    assert min(len(goals["unseen"]), len(rooms["unseen"])) >= 10


def test_the_tables_hold_out_pairs_for_every_scene_and_task():
    held_out, trained = set(), set()
    for tables in load_tables().scenes.values():
        for task in {goal.task for goal in tables.goals}:
            goals = [goal for goal in tables.goals if goal.task == task]
            share = sum(goal.count for goal in goals if goal.is_held_out) / sum(goal.count for goal in goals)
            assert 0.15 <= share <= 0.4
        held_out |= {(goal.target, goal.destination) for goal in tables.goals if goal.is_held_out}
        trained |= {(goal.target, goal.destination) for goal in tables.goals if not goal.is_held_out}
    assert not held_out & trained


def test_furniture_does_not_overlap_and_stays_in_the_room(sample):
    for home in sample:
        room, points = home.layout.room, home.layout.points
        for spot, (x, y, _) in points.items():
            assert room.x <= x <= room.x + room.width, spot
            assert room.y <= y <= room.y + room.depth, spot
        by_kind = defaultdict(list)
        for (kind, _), point in points.items():
            by_kind[kind].append(point)
        for same in by_kind.values():
            assert all(math.dist(one, other) > 0.15 for one, other in combinations(same, 2))
        standing = [home.layout.lanes[lane] for lane in ("floor", "middle")]
        for one, other in combinations([print_ for lane in standing for print_ in lane], 2):
            assert not _overlap(one, other), home.layout
        for lane in ("low", "top"):
            for one, other in combinations([*home.layout.lanes["floor"], *home.layout.lanes[lane]], 2):
                assert not _overlap(one, other), home.layout


def _overlap(one, other):
    is_apart = one.right <= other.left + 1e-6 or other.right <= one.left + 1e-6
    return not (is_apart or one.high <= other.low + 1e-6 or other.high <= one.low + 1e-6)


def test_the_agent_stands_on_free_floor_near_what_it_uses(sample):
    distances = []
    for home in sample:
        room = home.layout.room
        prints = [footprint for lane in home.layout.lanes.values() for footprint in lane]
        for spot, stand in home.layout.stands.items():
            x, y = GRID_M * stand.column, GRID_M * stand.row
            assert room.x < x < room.x + room.width
            assert room.y < y < room.y + room.depth
            assert not any(it.left < x < it.right and it.low < y < it.high for it in prints)
            distances.append(math.dist((x, y), home.layout.points[spot][:2]))
    assert max(distances) < 3.5
    assert sorted(distances)[int(0.95 * len(distances))] < 1.8


def test_a_game_begins_away_from_all_receptacles(sample):
    for home in sample:
        assert not home.world.places[home.world.start.place].receptacles


def _distance(drawn, official):
    """Half the sum of the differences of the shares: 0 for the same distribution, 1 for disjoint ones."""
    num_drawn, num_official = sum(drawn.values()), sum(official.values())
    shares = ((drawn[key] / num_drawn, official[key] / num_official) for key in {**drawn, **official})
    return sum(abs(one - other) for one, other in shares) / 2


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("what", ["receptacles", "objects"])
def test_there_is_as_much_of_each_kind_as_in_official_rooms(scene_samples, scene, what):
    drawn, official = scene_samples[scene]
    for kind, counts in official[what].items():
        if what == "objects":
            numbers = Counter(sum(thing == kind for thing, _ in home.contents.objects) for home in drawn)
        else:
            numbers = Counter(home.contents.receptacles[kind] for home in drawn)
        assert _distance(numbers, Counter(dict(enumerate(counts)))) < MAX_DISTANCE, kind


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_objects_lie_where_they_lie_in_official_rooms(scene_samples, scene):
    drawn, official = scene_samples[scene]
    pairs = Counter((thing, spot[0]) for home in drawn for thing, spot in home.contents.objects if spot)
    wanted = {(thing, spot): count for thing, spots in official["placement"].items() for spot, count in spots.items()}
    assert _distance(pairs, Counter(wanted)) < MAX_DISTANCE


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_as_many_receptacles_open_and_share_a_place(scene_samples, scene):
    drawn, official = scene_samples[scene]
    openable, all_of_kind, shared = Counter(), Counter(), 0
    for home in drawn:
        for number, spot in enumerate(home.world.receptacles):
            all_of_kind[spot.kind] += 1
            openable[spot.kind] += home.world.openable >> number & 1
        shared += sum(len(place.receptacles) > 1 for place in home.world.places)
    for kind, share in official["openable"].items():
        assert openable[kind.lower()] / all_of_kind[kind.lower()] == pytest.approx(share, abs=0.05), kind
    wanted = sum(count for _, count in official["shared_places"]) / official["games"]
    assert shared / len(drawn) == pytest.approx(wanted, rel=0.35)


@pytest.mark.slow
def test_tasks_and_goals_are_as_frequent_as_in_official_games():
    tables, drawn, wanted = load_tables().scenes, Counter(), Counter()
    for home in homes(2000):
        goal = home.contents.goal
        drawn[home.contents.scene, goal.task] += 1
    for scene, of_scene in tables.items():
        for goal in of_scene.goals:
            wanted[scene, goal.task] += 0 if goal.is_held_out else goal.count
    assert _distance(drawn, wanted) < 0.05


def test_a_home_is_made_in_milliseconds():
    homes(5)
    start = time.process_time()
    homes(100)
    assert 1000 * (time.process_time() - start) / 100 < MAX_HOME_MS


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_textworld_plays_a_generated_home_in_lock_step(seed, recorder):
    pytest.importorskip("textworld", reason="the live comparison needs textworld: pip install 'vlm-gym[alfworld]'")
    pytest.importorskip("alfworld", reason="the live comparison needs alfworld: pip install 'vlm-gym[alfworld]'")
    rng = random.Random(seed)
    task = TASK_TYPES[seed]
    home = generate_home(np.random.default_rng(seed), task_types=(task,), split=HOME_SPLITS[seed % 2], traps=seed == 0)
    content = home.game_file(plan(home.world, home.world.start))
    reference, game = recorder.make_textworld(json.loads(content)), HouseholdGame(parse_game(content))
    state = reference.reset()
    for turn in range(40):
        answer = (game.feedback, list(game.admissible), game.is_won)
        assert (state.feedback, state["admissible_commands"], state["won"]) == answer
        if game.is_won or game.is_stuck:
            break
        command = rng.choice(game.admissible) if turn < 20 else plan(game.world, game.state)[0]
        state, _, _ = reference.step(command)
        game.step(command)
    assert game.is_won or game.is_stuck


def test_the_packaged_tables_are_made_from_the_statistics():
    if not os.environ.get("ALFWORLD_STATS"):
        pytest.skip("$ALFWORLD_STATS does not say where the statistics are that the tables were made from")
    stats = Path(os.environ["ALFWORLD_STATS"])
    path = Path(__file__).with_name("make_generator_data.py")
    spec = importlib.util.spec_from_file_location("make_generator_data", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    packaged = json.loads(Path(tasks.__file__).with_name("generator.json").read_text())
    assert packaged == json.loads(json.dumps(module.condense(json.loads(stats.read_text()))))
