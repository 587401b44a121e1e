"""What a run may spend."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from vlm_gym.errors import ConfigError

MAX_REFUSALS: Final = 100


@dataclass(frozen=True)
class Limits:
    """What a run may spend, turns of earlier sittings included; None means without a limit.

    Attributes:
        max_requests: Requests to an endpoint, failed ones that were tried again included.
        max_tokens: Tokens read and written.
        max_cost: Money, in the currency of the prices given.
        max_refusals: Episodes that are refused in a row for the same reason, none played to its end in between.
    """

    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    max_refusals: int | None = MAX_REFUSALS

    def __post_init__(self) -> None:
        for field in fields(self):
            limit = getattr(self, field.name)
            is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
            if limit is not None and not (is_number and limit > 0):
                raise ConfigError(f"{field.name} must be a number above 0 or None, got {limit!r}")

    def reached(self, num_requests: int, num_tokens: int, cost: float) -> str | None:
        """Say which budget is used up, in words; None if none is."""
        spent: Sequence[tuple[str, float, float | None]] = (
            ("requests", num_requests, self.max_requests),
            ("tokens", num_tokens, self.max_tokens),
            ("cost", cost, self.max_cost),
        )
        for name, amount, limit in spent:
            if limit is not None and amount >= limit:
                return f"{name}: {amount:g} spent of {limit:g}"
        return None
