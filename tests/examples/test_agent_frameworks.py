"""Every agent framework has an example; those of frameworks that are not on PyPI play on a stand-in of the base class.

The stand-ins have what the frameworks' own base classes have, as read in their repositories in November 2026. The other
examples run with the real packages in tests/adapters.
"""

import ast
import asyncio
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from adapters.pixel_model import TASKS, PixelModel, chosen_episodes

from vlm_gym import EpisodeSpec
from vlm_gym.errors import ConfigError

ROOT = Path(__file__).parents[2]
ADAPTERS = sorted(path.stem for path in (ROOT / "vlm_gym" / "adapters").glob("[a-z]*.py"))
FRAMEWORKS = (*ADAPTERS, "vagen", "verlagent")
PAGE = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")


def examples_of(framework):
    return sorted((ROOT / "examples").glob(f"{framework}_*.py"))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_has_an_example_that_says_how_to_run_it_and_that_the_page_names(framework):
    (path,) = examples_of(framework)
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert re.search(r"^Install:  \S", text, re.MULTILINE)
    assert re.search(r"^Run:      \S", text, re.MULTILINE)
    assert f"examples/{path.name}" in PAGE
    extra = rf"vlm-gym\[[\w,]*{framework}\]"
    assert framework not in ADAPTERS or re.search(extra, text), "which extra it needs"


@pytest.mark.parametrize("framework", ADAPTERS)
def test_the_example_of_an_adapter_runs_in_its_tests(framework):
    (path,) = examples_of(framework)
    tests = (ROOT / "tests" / "adapters" / f"test_{framework}.py").read_text(encoding="utf-8")
    assert re.search(rf"(run|copy)_example\(\"{path.stem}\"", tests)


@pytest.fixture
def stand_in(monkeypatch):
    """Return a function that puts a base class where a framework has it, and loads the example on it."""

    def load(module, name, base, example):
        parts = module.split(".")
        for number in range(1, len(parts) + 1):
            monkeypatch.setitem(sys.modules, ".".join(parts[:number]), ModuleType(".".join(parts[:number])))
        setattr(sys.modules[module], name, base)
        spec = importlib.util.spec_from_file_location(example, ROOT / "examples" / f"{example}.py")
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded

    return load


class GymImageEnv:
    """VAGEN's, but for its documentation."""

    def __init__(self, env_config):
        self.config = env_config


@pytest.fixture
def vagen(stand_in):
    return stand_in("vagen.envs.gym_image_env", "GymImageEnv", GymImageEnv, "vagen_environment").VlmGymImageEnv


@pytest.mark.parametrize("episode", chosen_episodes(), ids=lambda episode: episode.name)
def test_vagen_plays_what_the_evaluator_plays(vagen, episode):
    model = PixelModel([episode])
    env = vagen({"task": episode.task, "arguments": episode.arguments, "options": episode.options})

    async def play():
        observation, info = await env.reset(episode.seed)
        total, is_over = 0.0, False
        while not is_over:
            (picture,) = observation["multi_modal_input"]["<image>"]
            assert observation["obs_str"].count("<image>") == 1
            text = model.answer(picture, observation["obs_str"].removeprefix("<image>\n"))
            observation, reward, is_over, info = await env.step(text)
            total += reward
        await env.close()
        return total, observation, info

    total, observation, info = asyncio.run(play())
    expected = model.expected[episode.key]
    assert not model.unknown
    assert info["traj_metrics"] == expected
    assert (info["success"], info["truncated"]) == (expected["success"] == 1, expected["truncated"] == 1)
    assert total == pytest.approx(expected["return"])
    assert "<image>" not in observation["obs_str"]


def test_vagens_system_prompt_is_the_settings(vagen):
    env = vagen({"task": TASKS[0], "settings": {"system": "Play well."}})
    assert asyncio.run(env.system_prompt()) == {"obs_str": "Play well."}
    with pytest.raises(ConfigError, match="history"):
        vagen({"task": TASKS[0], "settings": {"history": 3}})


class EnvironmentManagerBase:
    """What verl-agent's base class has that its rollout loop calls."""

    def __init__(self, envs, projection_f, config):
        self.envs, self.projection_f, self.config = envs, projection_f, config


@pytest.fixture
def managers(stand_in):
    path = "agent_system.environments.base"
    example = stand_in(path, "EnvironmentManagerBase", EnvironmentManagerBase, "verlagent_environment")

    def make(task, groups=2, group_size=3, seed=5):
        env = SimpleNamespace(env_name=task, seed=seed, rollout=SimpleNamespace(n=group_size))
        data = SimpleNamespace(train_batch_size=groups, val_batch_size=groups)
        return example.make_managers(SimpleNamespace(env=env, data=data))

    return make


@pytest.mark.parametrize("task", TASKS)
def test_verl_agent_plays_what_the_evaluator_plays(managers, task):
    """As its rollout loop does: all are stepped until the last is over."""
    model = PixelModel([EpisodeSpec(task, seed) for seed in (5, 6)])
    train, _ = managers(task)
    observations, infos = train.reset(kwargs=None)
    total, is_done = np.zeros(6), np.zeros(6, bool)
    while not is_done.all():
        pairs = zip(observations["image"], observations["text"], strict=True)
        answers = [
            "too late" if over else model.answer(picture, text.removeprefix("<image>\n"))
            for (picture, text), over in zip(pairs, is_done, strict=True)
        ]
        observations, rewards, dones, infos = train.step(answers)
        assert not rewards[is_done].any()
        assert observations["image"].shape == observations["anchor"].shape == (6, 300, 300, 3)
        total, is_done = total + rewards, is_done | dones
    assert not model.unknown
    expected = [model.expected[EpisodeSpec(task, seed).key] for seed in (5, 5, 5, 6, 6, 6)]
    assert [info["metrics"] for info in infos] == expected
    assert [info["won"] for info in infos] == [metrics["success"] == 1 for metrics in expected]
    assert total == pytest.approx([metrics["return"] for metrics in expected])
    train.close()


def test_verl_agents_groups_share_a_start_and_resets_go_on(managers):
    train, validation = managers(TASKS[1])
    first, second = train.reset()[0]["image"], train.reset()[0]["image"]
    for pictures in (first, second):
        assert np.array_equal(pictures[0], pictures[2])
        assert not np.array_equal(pictures[0], pictures[3])
    assert not np.array_equal(first[0], second[0])
    assert len(validation.reset()[0]["text"]) == 2
    _, _, _, infos = train.step(["I cannot say."] * 6)
    assert not any(info["is_action_valid"] for info in infos)
