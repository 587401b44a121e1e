"""Adapted bf16 layers: weight and change meet in one product, in training and in generating alike."""

import pytest
import torch
from torch import nn

from baselines.models.joint import adapted_layers, factors, join
from baselines.models.loading import load_policy
from baselines.models.lora import Training, set_trainable
from baselines.models.merging import Merger, merged_weight
from baselines.models.model_config import ModelConfig

WIDTH, RANK = 1024, 32


class Wide(nn.Module):
    """One layer as wide as a language model's, with weights as small."""

    def __init__(self):
        super().__init__()
        self.language_model = nn.Sequential(nn.Linear(WIDTH, WIDTH, bias=True))
        self.config = None

    def forward(self, inputs):
        return self.language_model(inputs)


def make_layer(steps, *, is_joint):
    """Return a model of one bf16 layer whose adapter has taken some steps of 1e-5 in every element, and the layer."""
    torch.manual_seed(0)
    model = Wide()
    nn.init.normal_(model.language_model[0].weight, std=0.02)
    model = model.bfloat16()
    set_trainable(model, Training(RANK, 2 * RANK, ("language",)))
    ((_, layer),) = adapted_layers(model)
    signs = torch.randint(0, 2, (WIDTH, RANK)) * 2 - 1
    layer.lora_B["default"].weight.data = steps * 1e-5 * signs.float()
    if is_joint:
        join(model)
    return model, layer


def survival(output, base, layer, inputs):
    """Return what part of the adapter's exact output is in the layer's."""
    exact = inputs.float() @ layer.get_delta_weight("default").float().T
    return (((output.float() - base.float()) * exact).sum() / (exact * exact).sum()).item()


@pytest.fixture
def inputs():
    return torch.randn(64, WIDTH, generator=torch.Generator().manual_seed(1)).bfloat16()


@torch.no_grad()
def outputs(model, layer, inputs):
    base = layer.base_layer(inputs)
    trained = survival(model(inputs), base, layer, inputs)
    with Merger(model).merged():
        generated = survival(model(inputs), base, layer, inputs)
    return trained, generated


@pytest.mark.parametrize("steps", [4, 16, 64])
def test_small_updates_survive_in_training_and_in_generating(inputs, steps):
    trained, generated = outputs(*make_layer(steps, is_joint=True), inputs)
    assert trained == pytest.approx(1.0, abs=0.1)
    assert generated == pytest.approx(trained, abs=1e-3)


def test_without_it_most_of_a_small_update_is_rounded_away(inputs):
    model, layer = make_layer(4, is_joint=False)
    with torch.no_grad():
        base = layer.base_layer(inputs)
        assert survival(model(inputs), base, layer, inputs) < 0.5
        merged = inputs @ merged_weight(layer).T + layer.base_layer.bias
        assert survival(merged, base, layer, inputs) < 0.5


def test_its_gradients_are_those_of_the_two_products(inputs):
    weights = torch.randn(64, WIDTH, generator=torch.Generator().manual_seed(2))
    found = []
    for is_joint in (True, False):
        model, layer = make_layer(64, is_joint=is_joint)
        leaf = inputs.clone().requires_grad_()
        (model(leaf).float() * weights).sum().backward()
        found.append([leaf.grad, layer.lora_A["default"].weight.grad, layer.lora_B["default"].weight.grad])
    for joint, apart in zip(*found, strict=True):
        assert joint.dtype == apart.dtype
        error = (joint.float() - apart.float()).norm() / apart.float().norm()
        assert error < 0.01


def test_the_factors_are_those_of_all_active_adapters():
    _, layer = make_layer(64, is_joint=True)
    down, up = factors(layer)
    assert (down.shape, up.shape) == ((RANK, WIDTH), (WIDTH, RANK))
    torch.testing.assert_close((up @ down).float(), layer.get_delta_weight("default").float(), atol=1e-4, rtol=0.05)


def test_a_bf16_policy_generates_with_what_it_trains(prompts):
    """The sampler's log-probs are those of the training forward, up to what another order of additions changes."""
    policy = load_policy(ModelConfig(rank=4, alpha=8, precision="bfloat16"))
    noise = torch.Generator().manual_seed(1)
    for value in policy.state_dict().values():
        value.add_(0.1 * torch.randn(value.shape, generator=noise))
    generator = torch.Generator().manual_seed(0)
    answers = policy.generate(prompts, max_new_tokens=24, temperature=1.0, generator=generator)
    logp = policy.evaluate(prompts, answers, temperature=1.0).logp
    for answer, row in zip(answers, logp, strict=True):
        gap = (torch.tensor(answer.logp) - row[: len(answer.tokens)]).abs()
        assert gap.mean() < 0.05
    with policy.reference():
        base = load_policy(ModelConfig(rank=4, precision="bfloat16"))
        inside = policy.evaluate(prompts, answers, temperature=1.0).logp
    assert torch.equal(inside, base.evaluate(prompts, answers, temperature=1.0).logp)


@torch.no_grad()
def test_a_bf16_policy_trains_with_all_of_a_small_update():
    """Each of its adapted layers, with a change that is far below the rounding of its output."""
    policy = load_policy(ModelConfig(rank=4, alpha=8, precision="bfloat16"))
    generator = torch.Generator().manual_seed(1)
    layers = list(adapted_layers(policy.model))
    assert len(layers) > 20
    for name, layer in layers:
        up = layer.lora_B["default"].weight
        up.copy_(4e-4 * torch.randn(up.shape, generator=generator).sign())
        inputs = torch.randn(2048, layer.in_features, generator=generator).bfloat16()
        assert survival(layer(inputs), layer.base_layer(inputs), layer, inputs) == pytest.approx(1.0, abs=0.15), name
