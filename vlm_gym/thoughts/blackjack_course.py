"""Thoughts in Blackjack on a day that is different: what is otherwise, and then as on other days."""

from typing import Final

import numpy as np

from vlm_gym.games.blackjack import BlackjackDay
from vlm_gym.thoughts.blackjack import BlackjackThinker
from vlm_gym.thoughts.wording import pick

TODAY: Final = (
    "Today every {rank} counts {number}.",
    "Each {rank} counts {number} today.",
    "I count every {rank} as {number} today.",
    "Today {number} is what every {rank} is worth.",
)
APART: Final = (
    " The {card} in the tray is out of the game.",
    " I leave out the {card} in the tray.",
    " The tray does not count.",
)
PLACE: Final = (
    " My place is the {color} one.",
    " The {color} place is mine; the other hand means nothing.",
    " I only look at the {color} hand.",
)


class BlackjackDayThinker(BlackjackThinker):
    """Thinks on a day that is different."""

    def describe(self, rng: np.random.Generator) -> str:
        """Say what is otherwise today, and what the picture shows."""
        return f"{self._day(rng)} {super().describe(rng)}"

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what is otherwise today, and what speaks for an action."""
        return f"{self._day(rng)} {super().think(action, rng)}"

    def _day(self, rng: np.random.Generator) -> str:
        day = self._see().day
        return "" if day is None else _in_words(day, rng)


def _in_words(day: BlackjackDay, rng: np.random.Generator) -> str:
    rank, number = day.today
    told = pick(rng, TODAY, {"rank": "ace" if rank == "A" else rank, "number": number})
    apart = "" if day.aside is None else pick(rng, APART, {"card": day.aside.name})
    place = "" if day.color is None else pick(rng, PLACE, {"color": day.color})
    return f"{told}{apart}{place}"
