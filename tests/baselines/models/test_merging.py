"""Generating with merged adapters and evaluating without them; both leave no trace."""

import pytest
import torch

from baselines.models.loading import load_policy
from baselines.models.model_config import ModelConfig
from vlm_gym.errors import ConfigError


def greedy(policy, prompts):
    return policy.generate(prompts, max_new_tokens=24, temperature=0.0)


def test_merging_changes_neither_the_answers_nor_the_weights(policy, prompts):
    before = {name: value.clone() for name, value in policy.module.state_dict().items()}
    with torch.no_grad():
        inputs, positions = policy.module.encode(prompts)
        apart = policy.model(**inputs, position_ids=positions).logits
        with policy._merged():
            merged = policy.model(**inputs, position_ids=positions).logits
    torch.testing.assert_close(merged, apart, atol=1e-4, rtol=1e-4)
    after = policy.module.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_bf16_base_is_bit_identical_after_a_hundred_merges(prompts):
    policy = load_policy(ModelConfig(rank=4, precision="bfloat16"))
    before = {name: value.clone() for name, value in policy.model.named_parameters()}
    for _ in range(100):
        with policy._merged():
            pass
    assert all(torch.equal(before[name], value) for name, value in policy.model.named_parameters())


def test_an_error_while_generating_leaves_the_weights_as_they_were(policy):
    before = {name: value.clone() for name, value in policy.module.state_dict().items()}
    with pytest.raises(KeyboardInterrupt), policy._merged():
        raise KeyboardInterrupt
    assert all(torch.equal(value, before[name]) for name, value in policy.module.state_dict().items())


def test_the_reference_of_an_adapter_is_the_base_model(policy, prompts):
    answers = [policy.write('{"action": "+"}')] * len(prompts)
    base = load_policy(ModelConfig(rank=4, alpha=8))
    trained = policy.evaluate(prompts, answers, temperature=1.0).logp
    with policy.reference():
        inside = policy.evaluate(prompts, answers, temperature=1.0).logp
        assert greedy(policy, prompts) == greedy(base, prompts)
    assert torch.equal(inside, base.evaluate(prompts, answers, temperature=1.0).logp)
    assert not torch.allclose(trained, inside)
    assert torch.equal(policy.evaluate(prompts, answers, temperature=1.0).logp, trained)
    assert all(value.requires_grad for group in policy.parameter_groups(lr=1, value_lr=1) for value in group["params"])


def test_full_fine_tuning_keeps_a_reference_if_asked_to(prompts):
    policy = load_policy(ModelConfig(rank=0, keep_reference=True))
    answers = [policy.write('{"action": "+"}')] * len(prompts)
    start = policy.evaluate(prompts, answers, temperature=1.0).logp
    for value in policy.state_dict().values():
        value.mul_(1.1)
    with policy.reference():
        assert torch.equal(policy.evaluate(prompts, answers, temperature=1.0).logp, start)
    assert not torch.allclose(policy.evaluate(prompts, answers, temperature=1.0).logp, start)
    with pytest.raises(ConfigError, match="keep_reference"), load_policy(ModelConfig(rank=0)).reference():
        pass


def test_merged_weights_can_stay_at_one_address():
    policy = load_policy(ModelConfig(rank=4, static_cache=True))
    addresses = []
    for value in (0.0, 0.1):
        for tensor in policy.state_dict().values():
            tensor.fill_(value)
        with policy._merged():
            addresses.append([weight.data_ptr() for weight in policy.model.parameters()])
            merged = policy.model.model.language_model.layers[0].self_attn.q_proj.weight.clone()
        base = policy.model.model.language_model.layers[0].self_attn.q_proj.base_layer.weight
        assert torch.equal(merged, base) == (value == 0.0)
    assert addresses[0] == addresses[1]
