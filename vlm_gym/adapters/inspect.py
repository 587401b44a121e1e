"""Panels as tasks of inspect-ai.

    inspect eval vlm_gym/panel -T panel=cards-v0 --model openai/gpt-5-mini
    inspect eval vlm_gym/panel -T panel=cards-v0 -T first=3 -T history=all --epochs 3 --model ollama/qwen2.5vl

A sample is an episode of the panel, its id the task with the seed; `--epochs` plays each start several times. Scores
are success, return, progress, turns, faults, illegal and truncated, as `Rollout.metrics` gives them. Written for
inspect-ai 0.3 (the extra `inspect`), which finds the tasks by its entry-point group `inspect_ai`.
"""

from collections.abc import Iterable
from typing import Any, Final

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.messages import Message
from vlm_gym.parsers import AnswerText
from vlm_gym.rollout import Rollout

with needs("inspect"):
    from inspect_ai import Task, task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import (
        ChatMessage,
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageUser,
        Content,
        ContentImage,
        ContentText,
    )
    from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
    from inspect_ai.solver import Generate, Solver, TaskState, solver

EPISODE: Final = "episode"  # of a sample's metadata: its row
METRICS: Final = "metrics"  # of a sample's store
CUT_OFF: Final = ("max_tokens", "model_length")  # how an answer stopped
MEASURES: Final[Any] = {"success": [mean(), stderr()], "*": [mean()]}


@task
def panel(
    panel: str = "cards-v0",
    first: int | None = None,
    parser: str = "json",
    system: str | None = None,
    show: str = "picture",
    history: int | str = 0,
    tell_mistakes: bool = False,
    max_reasks: int = 0,
) -> Task:
    """Return the task of a panel.

    Args:
        panel: Its name, as `vlm-gym panels` lists them.
        first: Only the first so many episodes of each task.
        parser: What reads the answers.
        system: The system message.
        show: What a turn shows: "picture", "text" or "both".
        history: How many past turns are shown again, or "all".
        tell_mistakes: Whether a message says what was wrong with the last answer.
        max_reasks: How often an answer that cannot be read is asked for again.

    Raises:
        ConfigError: if there is no such panel, or a setting is wrong.
    """
    settings = ChatSettings(
        system=system,
        show=show,  # type: ignore[arg-type]  # checked there
        history=history,  # type: ignore[arg-type]
        tell_mistakes=tell_mistakes,
        max_reasks=max_reasks,
    )
    chosen = get_panel(panel)
    episodes = (chosen if first is None else chosen.first(first)).episodes
    samples = [Sample(input=spec.name, id=spec.name, metadata={EPISODE: spec.to_row()}) for spec in episodes]
    return Task(
        dataset=MemoryDataset(samples, name=panel),
        solver=play(settings, parser),
        scorer=outcome(),
        name=panel,
        metadata={"panel": panel, "fingerprint": chosen.fingerprint},
    )


@solver
def play(settings: ChatSettings, parser: str) -> Solver:
    """Play the episode of a sample to its end, each turn told as the settings say."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        with Rollout(settings, parser=parser) as rollout:
            rollout.start(state.metadata[EPISODE])
            while not rollout.is_over:
                state.messages = to_inspect(rollout.messages())
                state = await generate(state)
                is_cut_off = state.output.stop_reason in CUT_OFF
                rollout.answer(AnswerText(state.output.completion, is_cut_off=is_cut_off))
            state.store.set(METRICS, rollout.metrics())
        state.completed = True
        return state

    return solve


@scorer(metrics=MEASURES)
def outcome() -> Scorer:
    """Score an episode by what it came to."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001  # the signature of a scorer
        return Score(value=state.store.get(METRICS))

    return score


def to_inspect(messages: Iterable[Message]) -> list[ChatMessage]:
    """Return messages as inspect-ai holds them; pictures as data URLs of PNG."""
    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return [kinds[message.role](content=_content(message)) for message in messages]


def _content(message: Message) -> str | list[Content]:
    if message.picture is None:
        return message.text
    return [ContentImage(image=message.picture_url), ContentText(text=message.text)]
