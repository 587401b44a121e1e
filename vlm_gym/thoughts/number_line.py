"""Thoughts in NumberLine: two numbers are read and compared."""

from collections.abc import Callable
from typing import Final

import numpy as np

from vlm_gym.games.number_line import NumberLineState, move
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import name_choice, pick, sentence

SEEN: Final = (
    "The current number is {position} and the target number is {target}.",
    "I am at {position} and must reach {target}.",
    "The picture shows the current number {position} and the target {target}.",
    "Target: {target}. Current: {position}.",
    "I read {position} as the current number and {target} as the target.",
    "My number is {position}, and I want {target}.",
    "The number now is {position}; the goal is {target}.",
    "The line has me at {position}, and I need to get to {target}.",
    "The target is {target}, and the current number is {position}.",
    "I have to go from {position} to {target}.",
    "I see the target {target} and the current number {position}.",
    "On this line from 0 to {max_position} I stand at {position}, and the target is {target}.",
)
BELOW: Final = (
    "{position} is smaller than {target}",
    "{target} is larger than {position}",
    "{position} is less than {target}",
    "{position} < {target}",
    "{target} > {position}",
    "{target} lies to the right of {position}",
    "the target is {distance} above the current number",
    "the current number is {distance} too low",
    "{target} - {position} = {distance}, which is positive",
    "from {position} it is {distance} up to {target}",
    "{position} is below {target}",
    "{target} is above {position}",
)
ABOVE: Final = (
    "{position} is larger than {target}",
    "{target} is smaller than {position}",
    "{position} is greater than {target}",
    "{position} > {target}",
    "{target} < {position}",
    "{target} lies to the left of {position}",
    "the target is {distance} below the current number",
    "the current number is {distance} too high",
    "{position} - {target} = {distance}, which is positive",
    "from {position} it is {distance} down to {target}",
    "{position} is above {target}",
    "{target} is below {position}",
)
ADD: Final = (
    "so I add 1",
    'so the action is "+"',
    'so I need "+"',
    "so the number has to grow",
    'hence "+", which gives {after}',
    'so I play "+" and get {after}',
    "and {position} + 1 = {after} is closer",
    "so I go up, to {after}",
    'therefore "+" is right',
    "so I step to the right, from {position} to {after}",
    "which means adding 1",
    "so one step up, to {after}",
)
SUBTRACT: Final = (
    "so I subtract 1",
    'so the action is "-"',
    'so I need "-"',
    "so the number has to shrink",
    'hence "-", which gives {after}',
    'so I play "-" and get {after}',
    "and {position} - 1 = {after} is closer",
    "so I go down, to {after}",
    'therefore "-" is right',
    "so I step to the left, from {position} to {after}",
    "which means subtracting 1",
    "so one step down, to {after}",
)
LAST_STEP: Final = ("That is the target.", "Then I am there.", "That is the last step.", "This reaches {target}.")


class NumberLineThinker(Thinker):
    """Thinks in NumberLine; `see` returns what the player sees now."""

    def __init__(self, see: Callable[[], NumberLineState]) -> None:
        self._see = see

    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""
        return describe(self._see(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for an action."""
        return think(self._see(), action, rng)


def describe(view: NumberLineState, rng: np.random.Generator) -> str:
    """Say what the picture shows."""
    return pick(rng, SEEN, vars(view))


def think(view: NumberLineState, action: str, rng: np.random.Generator) -> str:
    """Say what the picture shows and why the action is right; if it is not, without a reason."""
    moved = move(view, action)
    if "away" in moved.events or moved.illegal is not None:
        return f"{describe(view, rng)} {name_choice(action, rng)}"
    words = {**vars(view), "after": moved.state.position, "distance": abs(view.target - view.position)}
    is_below = view.position < view.target
    reason, deed = (BELOW, ADD) if is_below else (ABOVE, SUBTRACT)
    because = sentence(f"{pick(rng, reason, words)}, {pick(rng, deed, words)}")
    closing = f" {pick(rng, LAST_STEP, words)}" if moved.state.is_solved and rng.random() < 0.5 else ""
    opening = f"{describe(view, rng)} " if rng.random() < 0.75 else ""
    return f"{opening}{because}{closing}"
