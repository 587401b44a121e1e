"""Log-probabilities of tokens from hidden states: in float32, in chunks, so that a vocabulary of 150,000 fits."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, log_softmax
from torch.utils.checkpoint import checkpoint

CHUNK_ELEMENTS: Final = 2**25  # logits in one chunk, 128 MiB in float32; about six such tensors live at a time


class TokenHead(nn.Module):
    """The output embedding as a distribution over tokens.

    `suppressed` (tokens that no answer may hold) have probability zero; `softcap` is Gemma's bound on a logit. The
    weight belongs to the language model: it is looked up at each call, and never registered twice.
    """

    banned: Tensor  # (V,) bool

    def __init__(self, output: nn.Linear, suppressed: tuple[int, ...], softcap: float | None = None) -> None:
        super().__init__()
        banned = torch.zeros(output.weight.shape[0], dtype=torch.bool, device=output.weight.device)
        banned[list(suppressed)] = True
        self.register_buffer("banned", banned, persistent=False)
        self.softcap = softcap

    def shape(self, logits: Tensor, temperature: float) -> Tensor:
        """Return the model's own logits (n, V) in float32, over the temperature and with -inf where suppressed."""
        return (logits.float() / temperature).masked_fill(self.banned, -torch.inf)

    def log_probs(
        self,
        hidden: Tensor,
        tokens: Tensor,
        output: nn.Linear,
        temperature: float,
    ) -> tuple[Tensor, Tensor]:
        """Return the log-probs of `tokens` (n,) and the entropies of their distributions, both (n,) float32.

        `hidden` (n, H) are the states that predict them. The product is taken in float32: bf16 logits are so coarse
        that they drown a PPO ratio. More than one chunk is recomputed in the backward pass.
        """
        weight = output.weight.float()  # (V, H)
        size = max(1, CHUNK_ELEMENTS // weight.shape[0])
        chunks = list(zip(hidden.split(size), tokens.split(size), strict=True))
        if len(chunks) <= 1 or not torch.is_grad_enabled():
            parts = [self._chunk(states, targets, weight, output.bias, temperature) for states, targets in chunks]
        else:
            parts = [
                checkpoint(self._chunk, states, targets, weight, output.bias, temperature, use_reentrant=False)
                for states, targets in chunks
            ]
        logp, entropy = zip(*parts, strict=True)
        return torch.cat(logp), torch.cat(entropy)

    def _chunk(
        self, hidden: Tensor, tokens: Tensor, weight: Tensor, bias: Tensor | None, temperature: float
    ) -> tuple[Tensor, Tensor]:
        with torch.autocast(hidden.device.type, enabled=False):
            logits = linear(hidden.float(), weight, None if bias is None else bias.float())  # (n, V)
            if self.softcap:
                logits = self.softcap * torch.tanh(logits / self.softcap)
            every = log_softmax(self.shape(logits, temperature), dim=-1)  # (n, V)
            logp = every.gather(-1, tokens[:, None])[:, 0]
            entropy = -(every.exp() * every.masked_fill(self.banned, 0.0)).sum(-1)
        return logp, entropy
