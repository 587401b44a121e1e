"""The table that `ladder` prints at the end."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from vlm_gym.cli.score_table import aligned
from vlm_gym.evaluation.scores.ladders import half_words

if TYPE_CHECKING:
    from vlm_gym.evaluation.climb import Standing
    from vlm_gym.evaluation.scores.psychometric import Trials

NOTE: Final = (
    "half at level: where success falls to half between random play's floor and the best play's ceiling, with its 95 % "
    "interval;\n? where nothing is known of it; L0, L1 ...: successes of episodes at each level, of which those around "
    "the half are played most"
)


def ladder_table(standings: "Sequence[Standing]") -> str:
    """Return a line a ladder: its half with the interval, and what was played at each level."""
    most = max(task.level for standing in standings for task in standing.ladder.tasks)
    heads = ("axis", "level 0", "half at level", "95 %", "episodes", *(f"L{level}" for level in range(most + 1)))
    return "\n".join([*aligned([heads, *(_row(standing, most) for standing in standings)]), "", NOTE])


def _row(standing: "Standing", most: int) -> tuple[str, ...]:
    ladder, by_level = standing.ladder, {trials.level: trials for trials in standing.trials}
    levels = (ladder.base.level, ladder.tasks[-1].level)
    value, interval = half_words(standing.half, *levels)
    played = [_successes(by_level[level]) if level in by_level else "" for level in range(most + 1)]
    name = ladder.base.id.removeprefix("vlm_gym/")
    return ladder.axis, name, value, interval, str(standing.num_episodes), *played


def _successes(trials: "Trials") -> str:
    return f"{trials.num_successes:.0f}/{trials.num_trials:.0f}" if trials.num_trials else "-"
