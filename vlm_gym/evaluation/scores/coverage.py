"""Which episodes a run's figures cover, in words for tables and pages."""

from vlm_gym.evaluation.scores.figures import RunSummary, Scores
from vlm_gym.evaluation.scores.statistics import percent
from vlm_gym.ladders import ladders
from vlm_gym.registration import NAMESPACE


def coverage(scores: Scores) -> str:
    """Return how many episodes a figure covers: "18", or "18 of 30" where some are missing."""
    is_part = scores.num_planned is not None and scores.num_episodes < scores.num_planned
    return f"{scores.num_episodes} of {scores.num_planned}" if is_part else str(scores.num_episodes)


def coverage_notes(summary: RunSummary) -> list[str]:
    """Say, in sentences, which episodes a run's figures do not cover, and which could not be played."""
    overall, notes = summary.overall, []
    if overall.bounds is not None:
        num_missing = summary.num_planned - summary.num_episodes
        low, high = percent(overall.bounds.low), percent(overall.bounds.high)
        notes.append(
            f"{num_missing} of {summary.num_planned} episodes are missing in these figures: if they all failed, the "
            f"success would be {low} %, if they all succeeded, {high} %."
        )
        if _has_levels(summary):
            notes.append(
                "If vlm-gym ladder played the run, it left them out where they would tell little: quote the levels at "
                "which success falls to half, not these means."
            )
    if summary.unscored_tasks:
        notes.append(f"No episode is finished of {', '.join(summary.unscored_tasks)}.")
    if overall.num_unplayable:
        counts = "they count as failures" if summary.unplayable == "failure" else "they are left out"
        notes.append(
            f"{overall.num_unplayable} of {summary.num_planned} episodes could not be played to their end, since a "
            f"request was too long for the model or its content was not let through: {counts}."
        )
    return notes


def _has_levels(summary: RunSummary) -> bool:
    """Whether a run has episodes of harder levels."""
    harder = {task.id.removeprefix(NAMESPACE) for ladder in ladders() for task in ladder.tasks if task.level}
    return any(scores.name.partition(" ")[0] in harder for scores in summary.tasks)
