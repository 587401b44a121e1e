"""What the page is told, as plain values: what a model is told while the game goes on, and the oracle's view after it.

A person who plays as a model is told what a model is sent, and nothing else at any time.
The words of the picture, the truth about it and the oracle's opinion stay here until the episode is over.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from vlm_gym.actions import NamedVocabulary, Vocabulary
from vlm_gym.chat import ChatTurn
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.scores.labels import short_labels
from vlm_gym.registration import NAMESPACE, find_task, installed_tasks
from vlm_gym.web.person import PersonsEpisode, picture_of

MAX_SHOWN: Final = 400  # characters of an answer that the page shows again
LEAST_REGRET: Final = 1e-9  # below it a loss is a rounding error


def task_list() -> list[dict[str, Any]]:
    """Return the tasks that a person can choose, with their versions where a name has several."""
    tasks = installed_tasks()[0]
    names = short_labels(task.id.removeprefix(NAMESPACE) for task in tasks)
    return [
        {
            "id": task.id,
            "name": names[task.id.removeprefix(NAMESPACE)],
            "summary": task.summary,
            "turns": task.turns(),
            "needs_data": task.needs_data,
        }
        for task in tasks
    ]


def episode_view(episode: PersonsEpisode) -> dict[str, Any]:
    """Return an episode as the page shows it."""
    return _as_model(episode) if episode.telling.is_as_model else _as_game(episode)


def named_actions(actions: Vocabulary, text: str) -> list[str]:
    """Return the actions that a text names, which are all that a model knows of; none where they cannot be listed."""
    names = actions.names if isinstance(actions, NamedVocabulary) else ()
    return [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]


def _as_model(episode: PersonsEpisode) -> dict[str, Any]:
    """Return what a model is sent, and nothing of what it is not: no reward, no outcome, not even the task's name."""
    session, is_over = episode.session, episode.record is not None
    messages = () if is_over else session.messages()
    told = "\n".join(message.text for message in messages if message.role != "assistant")
    return {
        "messages": [
            {"role": message.role, "text": message.text, "picture": picture_of(message)} for message in messages
        ],
        "actions": named_actions(session.task.actions, told),
    }


def _as_game(episode: PersonsEpisode) -> dict[str, Any]:
    session, spec = episode.session, episode.spec
    return {
        "task": spec.task,
        "seed": spec.seed,
        "goal": session.info.get("goal"),
        "turn": len(session.turns) + (episode.record is None),
        "max_turns": find_task(spec.task).turns(spec.arguments),
        "picture": episode.picture_now,
        "prompt": session.info["prompt"],
        "actions": list(session.info["admissible_actions"]),
        "total_reward": sum(turn.reward for turn in session.turns),
        "log": [_logged(number, turn) for number, turn in enumerate(session.turns, start=1)],
        "result": None if episode.record is None else _result(episode.record, episode.turns),
    }


def oracles_view(record: EpisodeRecord, turns: Sequence[TurnRecord]) -> str:
    """Say how likely success was at the start, and which turn of the player's lost most of it."""
    if record.start_value is None:
        return "Nobody knows the best play: this task has no oracle."
    start = f"The best play from this start succeeds with probability {record.start_value:.3g}."
    worst = max(turns, key=_regret)
    if worst.value_before is not None and _regret(worst) > LEAST_REGRET:
        value = worst.value_before - _regret(worst)
        return f"{start} Turn {worst.turn} lost most of it: from {worst.value_before:.3g} to {value:.3g}."
    if record.is_success or not record.start_value:
        return f"{start} No turn lowered it."
    return f"{start} No turn of yours lowered it: {'the turns ran out' if record.is_truncated else 'bad luck did'}."


def _regret(turn: TurnRecord) -> float:
    return turn.regret or 0.0


def _logged(number: int, turn: ChatTurn) -> dict[str, Any]:
    info, answer = turn.info, turn.answers[-1]
    return {
        "turn": number,
        "answer": answer if len(answer) <= MAX_SHOWN else f"{answer[:MAX_SHOWN]}…",
        "action": info["action"],
        "reward": turn.reward,
        "rewards": {name: value for name, value in info["rewards"].items() if value},
        "illegal": info["illegal"],
        "fault": info["fault"],
    }


def _result(record: EpisodeRecord, turns: Sequence[TurnRecord]) -> dict[str, Any]:
    return {
        "is_success": record.is_success,
        "outcome": "Success" if record.is_success else "Out of turns" if record.is_truncated else "No success",
        "oracles_view": oracles_view(record, turns),
        "turns": [
            {
                "picture": turn.picture,
                "oracle_action": turn.oracle_action,
                "value_before": turn.value_before,
                "value_after": turn.value_after,
                "is_loss": _regret(turn) > LEAST_REGRET,
            }
            for turn in turns
        ],
    }
