"""Lamps: say how many of five lamps are lit."""

from dataclasses import dataclass, replace

import numpy as np

from vlm_gym import Task
from vlm_gym.actions import ActionSet
from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError
from vlm_gym.fields import Field, Kind
from vlm_gym.games.outcome import Outcome
from vlm_gym.prompts.answer import action_rule, answer_section

NUM_LAMPS = 5
ACTIONS = ActionSet(tuple(map(str, range(NUM_LAMPS + 1))))
FIRST = Field("first lamp", "whether the lamp on the left is lit or dark", Kind.TEXT)
RULES = "The picture shows five lamps, yellow where they are lit. Say how many are lit. You may say it twice."

LAMPS = Task(
    id="lamps/Lamps-v0", entry="lamps:LampsEnv", summary="count the lit lamps", turn_limit=2, num_actions=len(ACTIONS)
)


@dataclass(frozen=True)
class Lamps:
    """A row of lamps, and whether their number has been said."""

    lit: tuple[bool, ...]
    is_solved: bool = False


class LampsEnv(TaskEnv[Lamps, int]):
    """Say how many lamps are lit."""

    reward_weights = {"right": 1.0, "wrong": -1.0, "illegal": -1.0}
    option_names = ("lit",)

    def __init__(self, settings=None):
        super().__init__(settings or TaskSettings(), ACTIONS, len(ACTIONS))

    def _deal(self, options):
        lit = tuple(options.get("lit", (self.np_random.random(NUM_LAMPS) < 0.5).tolist()))
        if len(lit) != NUM_LAMPS:
            raise ConfigError(f"options['lit'] must be {NUM_LAMPS} of True and False, got {lit!r}")
        return Lamps(lit)

    def _move(self, state, action):
        is_right = int(action) == sum(state.lit)
        return Outcome(replace(state, is_solved=is_right), {"right" if is_right else "wrong": 1.0})

    def _legal_actions(self, state):
        return ACTIONS.names

    def _status(self, state):
        return Status(is_over=state.is_solved, is_success=state.is_solved, progress=float(state.is_solved))

    def _draw(self, state):
        size = self.settings.image_size
        picture = np.full((size, size, 3), 255, np.uint8)
        for place, is_lit in enumerate(state.lit):
            left, width = place * size // NUM_LAMPS, size // NUM_LAMPS - 4
            picture[size // 3 : 2 * size // 3, left : left + width] = (250, 200, 0) if is_lit else (70, 70, 70)
        return picture

    def _write_prompt(self, state):
        answer = answer_section(self.settings.prompt, (FIRST,), ACTIONS.key, action_rule(ACTIONS.names))
        return f"{RULES}\n\n{answer}"

    # From here on nothing is needed to play: words for the picture, what a right answer reads in it, and an oracle.

    def _describe(self, state):
        return "Lamps: " + ", ".join("lit" if is_lit else "dark" for is_lit in state.lit) + "."

    def _read_out(self, state):
        return (FIRST.reads("lit" if state.lit[0] else "dark"),)

    def _best_action(self, state):
        return str(sum(state.lit))

    def _best_value(self, state):
        return 1.0
