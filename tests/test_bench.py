"""The benchmark measures what it says."""

import os
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np

from vlm_gym.bench import _memory_growth, _speed, measure


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


def test_steps_and_resets_are_told_apart():
    speed = _speed(SlowEnv(), 0.2)
    assert speed.resets > 3 * speed.steps


def test_a_missing_data_set_leaves_out_its_row(monkeypatch, tmp_path):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    lines = list(measure(["vlm_gym/ALFWorld-v0"], seconds=0.01, num_resets=0))
    assert "left out: no ALFWorld games" in lines[-1]
