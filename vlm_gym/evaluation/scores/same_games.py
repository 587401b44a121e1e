"""The same games in other pictures: what of a score is due to the pictures, in one run that plays both."""

from collections.abc import Sequence
from dataclasses import dataclass

from vlm_gym.episodes import canonical
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.played import Played, PlayedRun, grouped
from vlm_gym.evaluation.scores.comparison import Difference, difference_of
from vlm_gym.registration import find_task


@dataclass(frozen=True)
class SameGames:
    """A task's games drawn by this package, and by another program: `difference` is the latter minus the former.

    Attributes:
        drawn: The task that this package draws, as its episodes are named in tables.
        photographed: The task that another program draws.
        difference: Of success and return, over the games that were finished in both; `name` is `photographed`.
    """

    drawn: str
    photographed: str
    difference: Difference


def same_games(run: PlayedRun) -> tuple[SameGames, ...]:
    """Return every two tasks of a run that play the same games in other pictures, set side by side."""
    groups = grouped(run.played, lambda item: item.task)
    found = []
    for name, group in groups.items():
        original = _original(group[0].episode.task)
        if not _is_drawn_elsewhere(group[0].episode.task):
            continue
        for other, drawn in groups.items():
            task = drawn[0].episode.task
            if not _is_drawn_elsewhere(task) and _original(task) == original:
                pairs = _pairs(drawn, group)
                if pairs:
                    found.append(SameGames(other, name, difference_of(name, pairs)))
    return tuple(found)


def _is_drawn_elsewhere(task: str) -> bool:
    try:
        return bool(find_task(task).same_games)
    except ConfigError:  # the package that brought it is not there any more
        return False


def _original(task: str) -> str:
    """Return the first version of a task whose games are these, drawn by this package."""
    try:
        entry = find_task(task)
    except ConfigError:
        return task
    earlier = entry.same_games or entry.same_rules
    return _original(earlier) if earlier else entry.id


def _pairs(drawn: Sequence[Played], photographed: Sequence[Played]) -> list[tuple[Played, Played]]:
    """Return the episodes of the same game, by options, seed and attempt."""
    by_game = {_game_of(item): item for item in drawn}
    return [(by_game[_game_of(item)], item) for item in photographed if _game_of(item) in by_game]


def _game_of(item: Played) -> str:
    episode = item.episode
    return canonical([episode.options, episode.seed, episode.repeat])
