"""The benchmark measures what it says."""

import os
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import bench
from vlm_gym.bench import _memory_growth, _play, _random_action, measure


class SlowEnv(gym.Env):
    """Takes its time, and keeps every picture if it leaks."""

    action_space = gym.spaces.Discrete(2)
    observation_space = gym.spaces.Box(0, 255, (300, 300, 3), np.uint8)

    def __init__(self, *, is_leaking=False):
        self.kept = []
        self.is_leaking = is_leaking

    def reset(self, *, seed=None, options=None):
        picture = np.ones((300, 300, 3), np.uint8)
        if self.is_leaking:
            self.kept.append(picture)
        return picture, {"action_mask": np.ones(2, np.int8)}

    def step(self, action):
        np.sort(np.random.default_rng(0).random(20_000))
        picture, info = self.reset()
        return picture, 0.0, True, False, info


def growth(env):
    return float(_memory_growth(env, 400).removesuffix(" MiB"))


def test_a_leak_is_seen():
    """In a process of its own: one that has freed much memory already leaks into that first."""
    folders = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    code = "from test_bench import SlowEnv, growth; print(growth(SlowEnv(is_leaking=True)), growth(SlowEnv()))"
    command, environ = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": folders}
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    leaking, sound = map(float, told.split())
    assert leaking > 4 * max(1.0, sound)


class Picture:
    """A picture whose copy takes 2 us of CPU time."""

    def __init__(self, clock):
        self.clock = clock

    def copy(self):
        self.clock.now += 2e-6


class TimedEnv(gym.Env):
    """Two turns an episode; a reset takes 30 us of CPU time, a turn 10, an illegal turn 6."""

    action_space = gym.spaces.Discrete(2)
    turn = 0

    def __init__(self, clock):
        self.clock = clock

    def reset(self, *, seed=None, options=None):
        self.clock.now += 30e-6
        self.turn = 0
        return Picture(self.clock), {"action_mask": np.array([0, 1], np.int8)}

    def step(self, action):
        self.clock.now += 10e-6 if action else 6e-6
        self.turn += 1
        return Picture(self.clock), 0.0, self.turn == 2, False, {"action_mask": np.array([0, 1], np.int8)}


class CpuClock:
    """CPU time as the test says; each look at it takes 1 us, which is not the task's."""

    now = 0.0

    def __call__(self):
        self.now += 1e-6
        return self.now


@pytest.fixture
def cpu(monkeypatch):
    clock = CpuClock()
    monkeypatch.setattr(bench.time, "process_time", clock)
    return clock


def test_a_turn_of_random_play_counts_its_share_of_resets_and_its_illegal_moves(cpu):
    env = TimedEnv(cpu)
    env.action_space.seed(0)
    speed = _play(env, _random_action, num_steps=1000)
    assert (speed.num_steps, speed.num_resets) == (1000, 500)
    assert speed.copy_us == pytest.approx(2)
    assert speed.reset_us == pytest.approx(30)
    assert speed.step_us == pytest.approx(8, abs=0.3)
    assert speed.turn_us == pytest.approx(speed.step_us + 15)


def test_warm_steps_are_legal_moves_alone(cpu):
    assert _play(TimedEnv(cpu), bench._legal_action, num_steps=10).step_us == pytest.approx(10)


def test_steps_and_resets_are_told_apart():
    speed = bench._speed(SlowEnv(), 0.2)
    assert speed.resets > 3 * speed.steps


def test_a_row_tells_both_in_copies():
    random, warm = bench.Speed(4, 2, 10.0, 30.0, 5.0), bench.Speed(4, 1, 20.0, 30.0, 5.0)
    cells = bench._row("task", bench.Speed(4, 4, 10.0, 30.0, 5.0), random, warm, "-").split()
    assert cells == ["task", "40,000", "25.0", "5.0", "8.0", "50,000", "4.0", "33,333", "5.00", "-"]


def test_a_table_has_a_cell_for_every_column():
    lines = list(measure(["vlm_gym/NumberLine-v0"], seconds=0.01, num_resets=0))
    assert [len(line) for line in lines[1:]] == [120, 120]
    assert lines[2].startswith("vlm_gym/NumberLine-v0 ")


def test_a_missing_data_set_leaves_out_its_row(monkeypatch, tmp_path):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    lines = list(measure(["vlm_gym/ALFWorld-v0"], seconds=0.01, num_resets=0))
    assert "left out: no ALFWorld games" in lines[-1]
