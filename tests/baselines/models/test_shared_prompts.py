"""A prompt that a batch holds several times is read once, and nothing else changes."""

from inspect import signature

import pytest
import torch

from baselines.models import vlm_module
from baselines.models.loading import load_policy
from baselines.models.model_config import ModelConfig
from baselines.models.shared_prompts import distinct

TEXTS = ('{"action": "+"}', "+", '{"thoughts": "add 1", "action": "-"}', "a", '{"action": "-"}', "No.", "b", "1 + 1")


def test_the_places_of_prompts_that_come_again(prompts):
    again = [prompts[0]._replace(messages=tuple(prompts[0].messages)), *prompts[1:]]
    own, asked = distinct([prompts[2], *prompts, *again])
    assert [prompt.key for prompt in own] == [prompts[at].key for at in (2, 0, 1, 3)]
    assert asked.tolist() == [0, 1, 2, 0, 3, 1, 2, 0, 3]


@pytest.fixture
def num_read(policy, monkeypatch):
    """Rows of the forwards that read prompts, whose pictures they get."""
    seen, forward = [], policy.model.model.forward

    def watched(*arguments, **inputs):
        if inputs.get("pixel_values") is not None:
            seen.append(len(inputs["input_ids"]))
        return forward(*arguments, **inputs)

    watched.__signature__ = signature(forward)  # by which the name of the cache is found
    monkeypatch.setattr(policy.model.model, "forward", watched)
    return seen


def evaluated(policy, prompts, answers):
    policy.module.zero_grad()
    found = policy.evaluate(prompts, answers, temperature=0.7)
    (found.logp.sum() + found.entropy.sum() + found.value.square().sum()).backward()
    gradients = [value.grad.clone() for value in policy.module.parameters() if value.grad is not None]
    return [*found, *gradients]


@pytest.mark.parametrize("rows", [[0, 1, 1, 2, 0, 1, 2, 0], [3, 3], [1]], ids=str)
def test_log_probs_values_and_gradients_are_those_of_prompts_that_are_read_one_by_one(
    policy, prompts, rows, monkeypatch
):
    some, answers = [prompts[row] for row in rows], [policy.write(text) for text in TEXTS[: len(rows)]]
    shared = evaluated(policy, some, answers)
    monkeypatch.setattr(vlm_module, "MOST_DISTINCT", 0.0)
    for mine, expected in zip(shared, evaluated(policy, some, answers), strict=True):
        torch.testing.assert_close(mine, expected, atol=1e-4, rtol=1e-4)


def test_a_prompt_is_read_once_for_all_its_answers(policy, prompts, num_read):
    some = [prompts[row] for row in (0, 1, 0, 1, 1, 0)]
    answers = [policy.write(text) for text in TEXTS[:6]]
    policy.evaluate(some, answers, temperature=1.0)
    policy.values(some)
    policy.generate(some, max_new_tokens=3, temperature=1.0)
    assert num_read == [2, 2, 2]
    policy.evaluate(prompts, answers[:4], temperature=1.0)
    assert num_read[3:] == [4]


def test_answers_to_one_prompt_are_drawn_each_for_itself(policy, prompts):
    asked = [prompts[row] for row in (1, 0, 0, 1, 0, 3, 0)]
    greedy = policy.generate(asked, max_new_tokens=12, temperature=0.0)
    alone = {prompt.key: policy.generate([prompt], max_new_tokens=12, temperature=0.0)[0] for prompt in prompts}
    assert greedy == [alone[prompt.key] for prompt in asked]
    generator = torch.Generator().manual_seed(0)
    answers = policy.generate(asked, max_new_tokens=12, temperature=1.0, generator=generator)
    assert len({answers[row].tokens for row in (1, 2, 4, 6)}) > 1
    logp = policy.evaluate(asked, answers, temperature=1.0).logp
    for answer, expected in zip(answers, logp, strict=True):
        torch.testing.assert_close(torch.tensor(answer.logp), expected[: len(answer.tokens)], atol=1e-4, rtol=0.0)


def test_what_is_recomputed_reads_every_prompt_and_gives_the_same(prompts):
    """A layer that is recomputed in the backward pass has no cache."""
    found = []
    for is_checkpointed in (False, True):
        policy = load_policy(ModelConfig(rank=4, checkpointing=is_checkpointed))
        found.append(evaluated(policy, prompts[:2] * 2, [policy.write(text) for text in TEXTS[:4]]))
    for mine, expected in zip(*found, strict=True):
        torch.testing.assert_close(mine, expected, atol=1e-4, rtol=1e-4)
