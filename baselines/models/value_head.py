"""The value head: from the hidden state of the prompt's last token to the state's value."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

WIDTHS: Final = (1024, 512)  # Zhai et al. 2024


class ValueHead(nn.Module):
    """A three-layer MLP in float32. Its last layer starts at zero, so that every value does."""

    def __init__(self, hidden_size: int, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        first, second = widths
        last = nn.Linear(second, 1, dtype=torch.float32)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Linear(hidden_size, first, dtype=torch.float32),
            nn.ReLU(),
            nn.Linear(first, second, dtype=torch.float32),
            nn.ReLU(),
            last,
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the values, (B,) float32, of hidden states (B, hidden_size) of any float type."""
        with torch.autocast(hidden.device.type, enabled=False):
            value: Tensor = self.layers(hidden.float())[:, 0]
        return value


class NoValues(nn.Module):
    """In place of a value head where advantages need none: every value is 0."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Return zeros, (B,) float32, for hidden states (B, hidden_size)."""
        return torch.zeros(len(hidden), device=hidden.device)
