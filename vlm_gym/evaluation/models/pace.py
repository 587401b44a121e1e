"""Requests evenly spaced, for servers that take only so many a minute."""

import asyncio
import time


class Pace:
    """Lets requests through one after the other.

    Args:
        per_minute: The most in a minute; None for as many as there are.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._gap_s = 0.0 if per_minute is None else 60.0 / per_minute
        self._next_s = 0.0

    async def wait(self) -> None:
        """Wait for the next place."""
        if not self._gap_s:
            return
        now_s = time.monotonic()
        place_s = max(now_s, self._next_s)
        self._next_s = place_s + self._gap_s
        await asyncio.sleep(place_s - now_s)
