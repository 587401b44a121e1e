"""Every configuration in baselines/configs is read, plays its task, and would find its data; no model is loaded."""

import contextlib
import re

import numpy as np
import pytest

from baselines import ppo
from baselines.config import CONFIGS, read_config
from baselines.demonstrations import demonstrate
from baselines.progress import read_metrics
from baselines.rollout import Seat, make_rollout, training_episodes
from baselines.run import evaluation_starts
from baselines.settings import TrainConfig
from vlm_gym.errors import DataNotFoundError
from vlm_gym.registration import TASKS

NAMES = tuple(path.stem for path in sorted(CONFIGS.glob("*.yaml")))
PAPER_TASKS = ("numberline", "ezpoints", "points24", "blackjack", "alfworld")


def read(name):
    return read_config(TrainConfig, ["--config", name], usage="", default="")


def test_every_model_has_the_papers_tasks_and_the_tiny_one_has_its_own():
    big = {f"{model}-{task}" for model in ("llava", "qwen2.5-vl", "qwen3-vl") for task in PAPER_TASKS}
    tasks = (
        *("numberline", "numberline-seeing-l1", "numberline-seeing-l2", "ezpoints", "blackjack"),
        *("points24", "household"),
    )
    tiny = {f"tiny-{task}" for task in tasks}
    assert set(NAMES) == big | tiny | {"qwen2.5-vl-3b-numberline"}


@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")  # tiny-household reads words instead
@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_builds(name):
    config = read(name)
    assert config.folder == f"out/{name}"
    try:
        seat = Seat(make_rollout(config.chat.settings), training_episodes(config.task, 0, 0, 0))
    except DataNotFoundError:
        pytest.skip("the official games are not on this machine")
    assert seat.prompt.question.text
    with contextlib.suppress(DataNotFoundError):  # nor are those of valid_unseen everywhere
        assert evaluation_starts(config)
    assert config.task.num_envs * config.ppo.turns % config.ppo.minibatch == 0
    if not config.sft.data:
        assert next(demonstrate([config.task.episode(0)], config.sft.actions, np.random.default_rng(0)))


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("alfworld")])
def test_games_that_training_plays_are_not_those_of_the_evaluation(name):
    config = read(name)
    ids = [task.full_id for task in (config.task, *config.evaluated_tasks)]
    assert [TASKS[name].arguments.get("split", "train") for name in ids] == ["train", "valid_seen", "valid_unseen"]
    assert config.evaluation.panel == ("alfworld-valid-seen-v0", "alfworld-valid-unseen-v0")


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("tiny")])
def test_the_first_line_says_how_the_data_are_made(name):
    config = read(name)
    said = re.search(r"vlm-gym collect (\S+) --samples (\d+) --out (\S+)", (CONFIGS / f"{name}.yaml").read_text())
    assert said.groups() == (config.task.id, said[2], config.sft.data)
    assert config.sft.steps == int(said[2]) // config.sft.batch  # one epoch


@pytest.mark.parametrize("task", PAPER_TASKS)
def test_the_papers_recipe_is_the_papers(task):
    """Zhai et al. 2024, section 6 and appendix."""
    config = read(f"llava-{task}")
    assert (config.model.rank, config.model.alpha) == (128, 256)
    assert config.model.parts == ("vision", "projector", "language")
    assert (config.ppo.lr, config.ppo.schedule, config.ppo.updates) == (1e-5, "cosine", 25)
    assert config.ppo.lr * config.ppo.final_lr_share == pytest.approx(1e-9)
    assert (config.ppo.epochs, config.ppo.clip, config.ppo.value_clip, config.ppo.value_weight) == (4, 0.1, 0.1, 0.5)
    assert (config.ppo.gamma, config.ppo.gae_lambda, config.ppo.max_grad_norm) == (0.9, 0.95, 0.01)
    assert config.task.num_envs * config.ppo.turns == (1024 if task == "alfworld" else 512)
    assert config.ppo.minibatch == (256 if task == "alfworld" else 128)
    assert config.ppo.thought_weight == (0.2 if task == "alfworld" else 0.5)
    assert config.ppo.ratio == "answer"
    assert (config.ppo.betas, config.ppo.epsilon) == ((0.9, 0.999), 1e-7)
    assert config.ppo.action_tokens == "name"
    assert (config.sampling.temperature, config.sampling.max_new_tokens) == (0.2, 256)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("tiny")])
def test_adams_epsilon_does_not_damp_the_steps_of_a_large_model(name):
    """Adam divides by a gradient's size plus epsilon; clipping leaves each of so many elements very little."""
    config = read(name)
    num_parameters = 391.5e6  # of adapters of rank 128 on all linear layers of LLaVA-1.6-7B
    each = config.ppo.max_grad_norm / num_parameters**0.5
    assert each / (each + config.ppo.epsilon) > 0.8


@pytest.mark.slow
def test_the_papers_optimiser_moves_a_model_whose_gradient_is_as_small_as_a_7bs(tmp_path):
    """NumberLine with the clip that leaves an element what norm 0.01 leaves one of a 7B; chance is 27 %."""
    norm = 0.01 * (105_000 / 391.5e6) ** 0.5
    settings = f"--ppo.max_grad_norm {norm} --ppo.epsilon 1e-7 --ppo.updates 10 --evaluation.every 10 --seed 101"
    ppo.main([*settings.split(), "--folder", str(tmp_path), "--evaluation.samples", "0"])
    end = [line for line in read_metrics(tmp_path) if "sampled/positive_return" in line][-1]
    assert end["sampled/positive_return"] >= 0.7
