"""What a report tells: runs, their scores and episodes, and how they compare."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from vlm_gym._version import __version__
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.runs.played import Played, PlayedRun, Unplayable, read_played_run
from vlm_gym.evaluation.scores.comparison import Comparison, compare_runs
from vlm_gym.evaluation.scores.coverage import coverage_notes
from vlm_gym.evaluation.scores.figures import RunSummary
from vlm_gym.evaluation.scores.ladders import LadderScores, ladder_scores
from vlm_gym.evaluation.scores.same_games import SameGames, same_games
from vlm_gym.evaluation.scores.summary import summarise_run, to_json

FORMAT: Final = 1
ID_LENGTH: Final = 8  # hex digits of an episode's short name
LISTS: Final = ("episodes", "specs")  # parts of run.json that are long; the run's folder has them


@dataclass(frozen=True)
class ReportedRun:
    """A run as a report shows it: under a name that no other run of the report has, its episodes in order.

    Those in `unfinished` have turns and no end, and count in no figure. `same_games` are its tasks that play the same
    games in other pictures; `ladders` those of which it played several levels.
    """

    name: str
    folder: Path
    settings: Mapping[str, Any]
    summary: RunSummary
    played: tuple[Played, ...]
    unfinished: tuple[Played, ...] = ()
    same_games: tuple[SameGames, ...] = ()
    ladders: tuple[LadderScores, ...] = ()


@dataclass(frozen=True)
class RunPair:
    """Two runs, by their numbers in the report, and what came of comparing them."""

    a: int
    b: int
    comparison: Comparison


@dataclass(frozen=True)
class Results:
    """The runs of a report, and the comparisons of all pairs of one panel."""

    runs: tuple[ReportedRun, ...]
    pairs: tuple[RunPair, ...]


def read_results(folders: Sequence[Path], *, is_one_panel: bool = True, unplayable: Unplayable = "failure") -> Results:
    """Read runs, and compare every two of them; with `is_one_panel=False`, every two that are of the same panel.

    `unplayable` says what the episodes are that could not be played to their end.

    Raises:
        ConfigError: if there is no folder, or one twice.
        RunError: if a folder is not a run or damaged, has no finished episode, or two runs cannot be compared.
    """
    if not folders:
        raise ConfigError("a report needs one run or more, got none")
    resolved = [folder.resolve() for folder in folders]
    for folder in folders:
        if resolved.count(folder.resolve()) > 1:
            raise ConfigError(f"a report shows every run once, got {folder} twice")
    names = _names(resolved)
    read = [read_played_run(folder, unplayable) for folder in folders]
    runs = tuple(_reported(name, run) for name, run in zip(names, read, strict=True))
    pairs = combinations(range(len(runs)), 2)
    compared = [(a, b) for a, b in pairs if is_one_panel or _is_of_panel(runs[a].summary, runs[b].summary)]
    return Results(runs, tuple(RunPair(a, b, _compared(read[a], read[b])) for a, b in compared))


def episode_id(key: str) -> str:
    """Return an episode's short name, which follows from its key: the same in all reports."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:ID_LENGTH]


def results_json(results: Results, written: str) -> dict[str, Any]:
    """Return what results.json holds, for programs.

        format, vlm_gym, written   1; version of the package; UTC time
        runs                       of each run: `name`; `folder`; `settings`, run.json without its lists of episodes
                                   and specs; `summary`, a `RunSummary`; `notes`, what it does not cover, in
                                   sentences; `same_games`, each a `SameGames`; `ladders`, each a `LadderScores`;
                                   `episodes`, each an `EpisodeRecord`
                                   with the short name `id` that the page's address has
        comparisons                of every two runs: their numbers `a` and `b` in `runs`, and a `Comparison`, b minus a

    The turns are in the runs' folders (`vlm_gym.evaluation.runs.run_folder.read_turns`).
    """
    return {
        "format": FORMAT,
        "vlm_gym": __version__,
        "written": written,
        "runs": [
            {
                **run_json(run),
                "folder": str(run.folder),
                "episodes": [episode_json(item) for item in run.played],
            }
            for run in results.runs
        ],
        "comparisons": comparisons_json(results),
    }


def episode_json(item: Played) -> dict[str, Any]:
    """Return an episode without its turns."""
    return {"id": episode_id(item.episode.episode), **asdict(item.episode)}


def run_json(run: ReportedRun) -> dict[str, Any]:
    """Return a run without its episodes."""
    settings = {name: value for name, value in run.settings.items() if name not in LISTS}
    return {
        "name": run.name,
        "settings": settings,
        "summary": to_json(run.summary),
        "notes": coverage_notes(run.summary),
        "same_games": [asdict(pair) for pair in run.same_games],
        "ladders": [asdict(ladder) for ladder in run.ladders],
    }


def comparisons_json(results: Results) -> list[dict[str, Any]]:
    """Return the comparisons of a report."""
    return [{"a": pair.a, "b": pair.b, **to_json(pair.comparison)} for pair in results.pairs]


def _reported(name: str, run: PlayedRun) -> ReportedRun:
    summary = summarise_run(run)
    order = [scores.name for scores in summary.tasks]
    played = sorted(run.played, key=lambda item: (order.index(item.task), item.episode.seed, item.episode.repeat))
    return ReportedRun(
        name, run.folder, run.settings, summary, tuple(played), run.unfinished, same_games(run), ladder_scores(run)
    )


def _names(folders: Sequence[Path]) -> list[str]:
    """Name each run by its folder, and by the folder above it too where that is not enough."""
    short = [folder.name for folder in folders]
    if len(set(short)) == len(short):
        return short
    longer = ["/".join(folder.parts[-2:]) for folder in folders]
    return longer if len(set(longer)) == len(longer) else [str(folder) for folder in folders]


def _is_of_panel(a: RunSummary, b: RunSummary) -> bool:
    return a.panel is not None and (a.panel, a.fingerprint) == (b.panel, b.fingerprint)


def _compared(a: PlayedRun, b: PlayedRun) -> Comparison:
    try:
        return compare_runs(a, b)
    except RunError as error:
        raise RunError(
            f"{error}. --any-panels shows the runs beside each other and compares those of the same panel"
        ) from error
