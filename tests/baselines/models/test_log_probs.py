"""Log-probs in chunks are those of one plain softmax, and so are their gradients."""

import pytest
import torch
from torch import nn

from baselines.models import log_probs
from baselines.models.log_probs import TokenHead

NUM_TOKENS, HIDDEN = 50, 8


def plain(hidden, tokens, weight, temperature, suppressed, softcap):
    logits = hidden @ weight.T
    if softcap:
        logits = softcap * torch.tanh(logits / softcap)
    logits = logits / temperature
    logits[:, suppressed] = -torch.inf
    every = torch.distributions.Categorical(logits=logits)
    return every.log_prob(tokens), every.entropy()


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    output = nn.Linear(HIDDEN, NUM_TOKENS, bias=False)
    return torch.randn(20, HIDDEN), torch.randint(3, NUM_TOKENS, (20,)), output


@pytest.mark.parametrize("softcap", [None, 2.0])
@pytest.mark.parametrize("chunk_elements", [NUM_TOKENS, 7 * NUM_TOKENS, 10**6])
def test_chunks_change_nothing(inputs, chunk_elements, softcap, monkeypatch):
    monkeypatch.setattr(log_probs, "CHUNK_ELEMENTS", chunk_elements)
    hidden, tokens, output = inputs
    head = TokenHead(output, (0, 2), softcap)
    states = hidden.clone().requires_grad_()
    logp, entropy = head.log_probs(states, tokens, output, 0.7)
    other = hidden.clone().requires_grad_()
    expected_logp, expected_entropy = plain(other, tokens, output.weight, 0.7, [0, 2], softcap)
    torch.testing.assert_close(logp, expected_logp)
    torch.testing.assert_close(entropy, expected_entropy)
    (logp.sum() + entropy.sum()).backward()
    expected_logp.sum().backward()
    assert torch.isfinite(states.grad).all()
    states.grad = None
    head.log_probs(states, tokens, output, 0.7)[0].sum().backward()
    torch.testing.assert_close(states.grad, other.grad)


def test_only_one_chunk_of_logits_is_alive_at_a_time(inputs, monkeypatch):
    monkeypatch.setattr(log_probs, "CHUNK_ELEMENTS", 4 * NUM_TOKENS)
    hidden, tokens, output = inputs
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.numel()) or tensor, lambda x: x):
        TokenHead(output, ()).log_probs(hidden.requires_grad_(), tokens, output, 1.0)
    assert max(kept) < 20 * NUM_TOKENS


def test_a_bf16_model_has_float32_log_probs(inputs):
    hidden, tokens, output = inputs
    output = output.to(torch.bfloat16)
    logp, _ = TokenHead(output, ()).log_probs(hidden.to(torch.bfloat16), tokens, output, 1.0)
    expected, _ = plain(hidden.bfloat16().float(), tokens, output.weight.float(), 1.0, [], None)
    assert logp.dtype == torch.float32
    torch.testing.assert_close(logp, expected)
