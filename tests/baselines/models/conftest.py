"""Fixtures of the model tests."""

import numpy as np
import pytest
import torch

from baselines.models.loading import load_policy
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Prompt


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def prompts():
    rng = np.random.default_rng(0)
    texts = ("Play.", "Play the number line. JSON:", "You are playing. " * 3, "+")
    return [Prompt.of(rng.integers(0, 256, (84, 84, 3), dtype=np.uint8), text) for text in texts]


@pytest.fixture
def policy():
    """Return the tiny model with adapters that change it."""
    made = load_policy(ModelConfig(rank=4, alpha=8))
    disturb(made)
    return made


def disturb(policy):
    """Move all that trains away from where it starts, so that adapters and value head say something."""
    generator = torch.Generator().manual_seed(1)
    for value in policy.state_dict().values():
        value.add_(0.1 * torch.randn(value.shape, generator=generator))


@pytest.fixture
def random_generator():
    return torch.Generator().manual_seed(0)
