"""The line between floor and ceiling in tasks that hide something: how a player does that knows nothing hidden."""

from collections.abc import Iterable

from vlm_gym.evaluation.scores.figures import Scores
from vlm_gym.evaluation.scores.statistics import percent


def searcher_notes(tasks: Iterable[Scores]) -> list[str]:
    """Say what the searcher succeeds at in these tasks, and whose knowledge it and the ceiling stand for."""
    known = {task.name: f"~{percent(task.searcher)} % in {task.name}" for task in tasks if task.searcher is not None}
    if not known:
        return []
    return [
        f"Between floor and ceiling stands the searcher, {', '.join(known.values())}: a good player that knows only "
        "what it has seen, and what is usual. The ceiling there is that of a player who knows all that is hidden."
    ]
