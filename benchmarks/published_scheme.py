"""The training scheme of the published code (Zhai et al. 2024) in few lines, for comparing speeds: one at a time.

An answer is generated at batch 1 with the adapters unmerged; then prompt and answer, padded to twice the longest
answer, go through the model once more for log-prob and value. An update runs forward and backward on one sample at a
time and adds up gradients. Its mistakes (facts that change what is learnt) are left out: only its cost is copied.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import GenerationConfig

from baselines.models.policy import Prompt
from baselines.models.vlm import VlmPolicy

PADDING_FACTOR: Final = 2  # of the longest answer


class Sample(NamedTuple):
    """One turn: the prompt; the answer's tokens padded to (1, 2 x max_new_tokens), their number, their log-prob."""

    prompt: Prompt
    tokens: Tensor
    length: int
    logp: Tensor


class PublishedScheme:
    """Plays and learns as the published code does, with the model and the value head of a policy."""

    def __init__(self, policy: VlmPolicy, max_new_tokens: int, temperature: float) -> None:
        self.policy = policy
        self.model = policy.model
        self.max_new_tokens = max_new_tokens
        self.temperature = temperature
        banned = policy.module.token_head.banned
        self.generation = GenerationConfig(
            max_new_tokens=max_new_tokens,
            do_sample=True,
            temperature=temperature,
            top_k=0,
            top_p=1.0,
            eos_token_id=list(policy.special.ends),
            pad_token_id=policy.processor.tokenizer.pad_token_id,
            suppress_tokens=banned.nonzero()[:, 0].tolist(),
        )

    @torch.no_grad()
    def act(self, prompt: Prompt) -> tuple[str, Sample]:
        """Answer one prompt: generate, then evaluate."""
        inputs = self._process(prompt)
        output = self.model.generate(**inputs, generation_config=self.generation)
        tokens = output[:, inputs["input_ids"].shape[1] :]
        length = tokens.shape[1]
        padded = pad(tokens, (0, PADDING_FACTOR * self.max_new_tokens - length))
        logp, _ = self.evaluate(prompt, padded, length)
        text = self.policy.processor.tokenizer.decode(tokens[0], skip_special_tokens=True)
        return text, Sample(prompt, padded, length, logp)

    def evaluate(self, prompt: Prompt, tokens: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Return an answer's log-prob () and the prompt's value (), from logits at every position."""
        inputs = self._process(prompt)
        width = inputs["input_ids"].shape[1]
        is_token = torch.arange(tokens.shape[1], device=tokens.device)[None] < length
        answer = {"input_ids": tokens, "attention_mask": is_token.long()}
        for name, value in inputs.items():
            if value.shape == (1, width):
                inputs[name] = torch.cat([value, answer.get(name, torch.zeros_like(tokens))], dim=1)
        output = self.model(**inputs, output_hidden_states=True)
        every = torch.log_softmax(output.logits.float() / self.temperature, dim=-1)  # (1, P + 2 M, V)
        logp = every[:, width - 1 : -1].gather(-1, tokens[..., None])[..., 0]
        value = self.policy.module.value_head(output.hidden_states[-1][:, width - 1])
        return logp.masked_fill(~is_token, 0.0).sum(), value[0]

    def learn(
        self, samples: Sequence[Sample], optimizer: torch.optim.Optimizer, *, epochs: int, minibatch: int
    ) -> None:
        """Run one update: every sample alone, an optimizer step after each `minibatch` of them."""
        for _ in range(epochs):
            for number, sample in enumerate(samples, start=1):
                logp, value = self.evaluate(sample.prompt, sample.tokens, sample.length)
                ratio = (logp - sample.logp).exp()
                loss = -torch.minimum(ratio, ratio.clamp(0.9, 1.1)) + 0.5 * (value - 1.0) ** 2
                (loss / minibatch).backward()
                if number % minibatch == 0 or number == len(samples):
                    optimizer.step()
                    optimizer.zero_grad()

    def _process(self, prompt: Prompt) -> dict[str, Any]:
        """Run the processor anew, as for every forward of the published code."""
        encoder = self.policy.module.encoder
        return {name: value.to(self.model.device) for name, value in encoder._process(prompt).items()}
