"""The cache goes to a model's forward under the name that this forward has for it."""

import accelerate.hooks
import pytest
import torch

from baselines.models.sampling import cache_argument


class Old(torch.nn.Module):
    """As all models were until transformers 5.23, and as models with code of their own may stay."""

    def forward(self, input_ids, past_key_values=None, **kwargs):
        """Take the cache by its old name."""


class New(torch.nn.Module):
    """As models are since transformers 5.24."""

    def forward(self, input_ids, cache=None, **kwargs):
        """Take the cache by its new name."""


@pytest.mark.parametrize(("model", "name"), [(Old(), "past_key_values"), (New(), "cache")])
def test_the_cache_has_the_name_that_the_forward_knows(model, name):
    assert cache_argument(model) == name
    accelerate.hooks.add_hook_to_module(model, accelerate.hooks.ModelHook())  # as device maps and quantization do
    assert cache_argument(model) == name
