"""A row of the results: what a run scored on a panel, small enough to be kept, with what makes it worth believing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from vlm_gym.chat import ChatSettings
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.runs.panels import FINGERPRINTS, Panel, get_panel
from vlm_gym.evaluation.runs.plan import panel_of, planned_episodes, repeated
from vlm_gym.evaluation.runs.played import PlayedRun
from vlm_gym.evaluation.runs.rescore import READ_AGAIN
from vlm_gym.evaluation.scores.figures import RunSummary, Scores
from vlm_gym.evaluation.scores.summary import summarise_run

SCHEMA: Final = 1
KEPT: Final = ("model", "sampling", "temperature", "checkpoint")
"""What is kept of an agent's description besides its name, where it has it."""


@dataclass(frozen=True)
class Score:
    """The success on one task, or over all: shares from 0 to 1.

    Attributes:
        success, low, high: The share of successes and its 95 % interval.
        floor, searcher, ceiling: What random play, a good player without hidden knowledge and the best play reach on
            these episodes; None where it is not known.
        num_episodes, num_starts: How many episodes, from how many different starts.
    """

    success: float
    low: float
    high: float
    floor: float | None
    searcher: float | None
    ceiling: float | None
    num_episodes: int
    num_starts: int


@dataclass(frozen=True)
class Entry:
    """One row.

    Attributes:
        agent: Its name.
        details: What else determines what it answers, as the run says it: model, sampling.
        panel: The panel's name.
        fingerprint: The panel's fingerprint.
        is_whole: Whether all tasks of the panel were played; only then there is an `overall`.
        parser: What read the answers.
        told: The settings of how the tasks were told (`ChatSettings`) that are not the default.
        num_repeats: Attempts at each start.
        num_unplayable: Episodes that could not be played to their end, and count as failures.
        overall: The mean over the tasks.
        tasks: The score of each task, by its name.
        command: The command that played it.
        date: When it was played, YYYY-MM-DD.
        version, commit: Of this package.
        measured_by: Who measured it.
        note: What else a reader should know.
    """

    agent: str
    details: Mapping[str, Any]
    panel: str
    fingerprint: str
    is_whole: bool
    parser: str
    told: Mapping[str, Any]
    num_repeats: int
    num_unplayable: int
    overall: Score | None
    tasks: Mapping[str, Score]
    command: str
    date: str
    version: str
    commit: str | None
    measured_by: str
    note: str = ""


def entry_of(run: PlayedRun, *, measured_by: str, command: str | None = None, note: str = "") -> Entry:
    """Return the row of a run.

    Args:
        run: The run; episodes that could not be played to their end must count as failures in it.
        measured_by: Who measured it.
        command: What to run to measure it again; None for the command that the run has written down.
        note: What else a reader should know.

    Raises:
        RunError: if the run is not a whole, first-hand measurement of a published panel (or of all episodes of some of
            its tasks), or of a variant of one.
        ConfigError: if nobody measured it.
    """
    if not measured_by.strip():
        raise ConfigError("expected the name of who measured it, got an empty one")
    panel = _panel_of(run)
    _check_whole(run, panel)
    _check_first_hand(run)
    summary, settings = summarise_run(run), run.settings
    return Entry(
        agent=run.agent,
        details={name: settings["agent"][name] for name in KEPT if name in settings["agent"]},
        panel=panel.name,
        fingerprint=panel.fingerprint,
        is_whole=run.panel.get("tasks") is None,
        parser=settings["parser"],
        told=_told(settings["chat"]),
        num_repeats=settings.get("num_repeats", 1),
        num_unplayable=sum(run.num_unplayable.values()),
        overall=_score(summary.overall) if run.panel.get("tasks") is None else None,
        tasks=_scores_of(summary),
        command=command or " ".join(_command(settings.get("command", ()))),
        date=str(settings.get("started", ""))[:10],
        version=str(settings.get("vlm_gym", "?")),
        commit=settings.get("git"),
        measured_by=measured_by.strip(),
        note=note.strip(),
    )


def _panel_of(run: PlayedRun) -> Panel:
    """Return the panel that a run says it played, as it is in this version."""
    said = run.panel
    name = str(said.get("name", "")).partition("[")[0]
    if name not in FINGERPRINTS:
        raise RunError(
            f"{run.folder} did not play a published panel, but {said.get('name') or 'tasks that were chosen for it'}: "
            f"results are comparable only on the same episodes. Play one with --panel: {', '.join(FINGERPRINTS)}"
        )
    panel = get_panel(name)
    if said.get("arguments"):
        panel = panel.variant(said["arguments"])
    if said.get("first") is not None:
        raise RunError(f"{run.folder} played the first {said['first']} episodes of each task: play it without --first")
    here, there = (text.partition("-")[0] for text in (panel.fingerprint, str(said.get("fingerprint"))))
    if here != there:
        raise RunError(
            f"{run.folder} played {said.get('name')} with the fingerprint {said.get('fingerprint')}, expected "
            f"{panel.fingerprint}: these are not the published episodes and prompts"
        )
    return panel


def _check_whole(run: PlayedRun, panel: Panel) -> None:
    """Raise RunError unless every episode of the panel, or of some of its tasks, is finished."""
    if run.settings["shard"] is not None:
        raise RunError(f"{run.folder} is one of several shards: put them together with `vlm-gym merge`")
    if run.unplayable != "failure":
        raise RunError(f"{run.folder} was read without the episodes that could not be played to their end")
    chosen = run.panel.get("tasks")
    episodes = [each for each in panel.episodes if chosen is None or each.task in chosen]
    expected = {each.key for each in repeated(episodes, run.settings.get("num_repeats", 1))}
    planned = {each.key for each in planned_episodes(run.settings)}
    if planned != expected or dict(run.panel) != {**panel_of(panel, chosen), "fingerprint": run.panel["fingerprint"]}:
        raise RunError(
            f"{run.folder} does not play the episodes of {panel.name}: expected {len(expected)}, got {len(planned)}, "
            f"of which {len(planned & expected)} are of the panel"
        )
    finished = {item.episode.episode for item in run.played}
    if finished != expected:
        num_missing = len(expected - finished)
        raise RunError(f"{num_missing} of {len(expected)} episodes of {run.folder} are missing: --resume plays them")


def _check_first_hand(run: PlayedRun) -> None:
    """Raise RunError if the answers were given to somebody else, or once for several attempts."""
    again = run.settings.get(READ_AGAIN)
    if again is not None:
        raise RunError(
            f"{run.folder} holds the answers of the run {again.get('run')}, read again with other rules: a model that "
            "is told of its mistakes would have answered otherwise. Add the run itself"
        )
    num_cached = sum(turn.is_cached for item in run.played for turn in item.turns)
    sampling = run.settings["agent"].get("sampling", run.settings["agent"])
    is_greedy = isinstance(sampling, Mapping) and sampling.get("temperature") == 0
    if num_cached and (run.settings.get("num_repeats", 1) > 1 or not is_greedy):
        raise RunError(
            f"{num_cached} answers of {run.folder} came from a cache: the same sample counts more than once, so that "
            "the interval would be too narrow. Play it without --cache, or with --temperature 0 and one attempt a start"
        )


def _scores_of(summary: RunSummary) -> dict[str, Score]:
    return {scores.name: _score(scores) for scores in summary.tasks}


def _score(scores: Scores) -> Score:
    return Score(
        success=scores.success.value,
        low=scores.success.low,
        high=scores.success.high,
        floor=scores.floor,
        searcher=scores.searcher,
        ceiling=scores.ceiling,
        num_episodes=scores.num_episodes,
        num_starts=scores.num_starts,
    )


def _told(chat: Mapping[str, Any]) -> dict[str, Any]:
    default = asdict(ChatSettings())
    return {name: value for name, value in chat.items() if name in default and value != default[name]}


def _command(words: Sequence[str]) -> list[str]:
    """Return a command line with the program's name in place of its path."""
    return [Path(word).name if number == 0 else word for number, word in enumerate(words)]


def to_text(entry: Entry) -> str:
    """Return a row as it is kept, as JSON."""
    return json.dumps({"schema": SCHEMA, **asdict(entry)}, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def read_entry(path: Path) -> Entry:
    """Read a row.

    Raises:
        ConfigError: if the file is not one: what is wrong, and with which field.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot read the result {path}: {error}") from error
    if not isinstance(values, dict) or values.pop("schema", None) != SCHEMA:
        raise ConfigError(f"{path} must be a result of schema {SCHEMA}, as `vlm-gym results add` writes it")
    names = {field.name for field in fields(Entry)}
    if set(values) != names:
        raise ConfigError(f"{path}: expected the fields {', '.join(sorted(names))}, got {', '.join(sorted(values))}")
    try:
        date.fromisoformat(values["date"])
        tasks = {str(name): _checked(Score(**score)) for name, score in values["tasks"].items()}
        overall = None if values["overall"] is None else _checked(Score(**values["overall"]))
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    base = str(values["panel"]).partition("[")[0]
    if base not in FINGERPRINTS or (
        base == values["panel"] and str(values["fingerprint"]).partition("-")[0] != FINGERPRINTS[base].partition("-")[0]
    ):
        raise ConfigError(
            f"{path}: there is no panel {values['panel']!r} with the fingerprint {values['fingerprint']!r}"
        )
    return Entry(**{**values, "tasks": tasks, "overall": overall})


def _checked(score: Score) -> Score:
    """Raise ValueError unless a score can be one."""
    if not 0 <= score.low <= score.success <= score.high <= 1:
        raise ValueError(f"expected 0 <= low <= success <= high <= 1, got {score}")
    for name in ("floor", "searcher", "ceiling"):
        value = getattr(score, name)
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must be a share from 0 to 1, or null, got {value!r}")
    return score
