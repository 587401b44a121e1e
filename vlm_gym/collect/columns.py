"""The columns of the files: one table for what is written, its types and the data card."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from vlm_gym.collect.samples import Sample, Told
from vlm_gym.collect.settings import CollectSettings

Kind = Literal["picture", "pictures", "text", "texts", "int", "ints", "bool", "messages"]


@dataclass(frozen=True)
class Column:
    """A column: its name, what its values are, what they mean, and how they come out of a sample."""

    name: str
    kind: Kind
    meaning: str
    value: Callable[[Sample], Any]


def columns_of(settings: CollectSettings) -> tuple[Column, ...]:
    """Return the columns of a data set in one of the parquet formats."""
    is_step = settings.unit == "step"
    if settings.format == "trl":
        return (*(TRL_STEP if is_step else TRL_CONVERSATION), *(STEP if is_step else CONVERSATION), *ORIGIN)
    return (*(PICTURE_STEP if is_step else PICTURE_CONVERSATION), *(STEP if is_step else CONVERSATION), *ORIGIN)


def _blocks(messages: tuple[Told, ...]) -> list[dict[str, Any]]:
    """Return messages with content blocks, as chat templates read them; a picture's block has no text."""
    return [
        {
            "role": message.role,
            "content": [
                *([] if message.png is None else [{"type": "image", "text": None}]),
                {"type": "text", "text": message.text},
            ],
        }
        for message in messages
    ]


PICTURE_STEP: Final = (
    Column("picture", "picture", "what the player sees", lambda sample: sample.steps[0].question.png),
    Column("prompt", "text", "the user's message beside it", lambda sample: sample.steps[0].question.text),
    Column("answer", "text", "what is learnt", lambda sample: sample.steps[0].answer),
)
PICTURE_CONVERSATION: Final = (
    Column("pictures", "pictures", "what the player sees, turn by turn", lambda sample: list(sample.pngs)),
    Column("prompts", "texts", "the user's messages", lambda sample: [step.question.text for step in sample.steps]),
    Column("answers", "texts", "what is learnt", lambda sample: [step.answer for step in sample.steps]),
)
TRL_STEP: Final = (
    Column("prompt", "messages", "the messages before the answer", lambda sample: _blocks(sample.messages[:-1])),
    Column("completion", "messages", "the answer, which is learnt", lambda sample: _blocks(sample.messages[-1:])),
    Column("images", "pictures", "the pictures in the order of the blocks", lambda sample: list(sample.pngs)),
)
TRL_CONVERSATION: Final = (
    Column("messages", "messages", "the whole conversation", lambda sample: _blocks(sample.messages)),
    Column("images", "pictures", "the pictures in the order of the blocks", lambda sample: list(sample.pngs)),
)
STEP: Final = (
    Column("action", "text", "the action in the answer", lambda sample: sample.steps[0].action),
    Column("action_start", "int", "its first character in the answer", lambda sample: sample.steps[0].span[0]),
    Column("action_end", "int", "the character behind it", lambda sample: sample.steps[0].span[1]),
    Column("thoughts", "text", "the reasoning in the answer", lambda sample: sample.steps[0].thoughts),
    Column("best_action", "text", "a best action here, or null", lambda sample: sample.steps[0].best_action),
    Column("turn", "int", "the turn's number, from 1", lambda sample: sample.steps[0].turn),
    Column(
        "observation_text", "text", "what the picture shows, in words", lambda sample: sample.steps[0].observation_text
    ),
)
CONVERSATION: Final = (
    Column("actions", "texts", "the actions in the answers", lambda sample: [step.action for step in sample.steps]),
    Column(
        "action_starts", "ints", "their first characters in the answers", lambda s: [step.span[0] for step in s.steps]
    ),
    Column("action_ends", "ints", "the characters behind them", lambda s: [step.span[1] for step in s.steps]),
    Column("thoughts", "texts", "the reasoning in the answers", lambda s: [step.thoughts for step in s.steps]),
    Column("best_actions", "texts", "best actions, or null", lambda s: [step.best_action for step in s.steps]),
    Column(
        "observation_texts",
        "texts",
        "what the pictures show, in words",
        lambda s: [step.observation_text for step in s.steps],
    ),
)
ORIGIN: Final = (
    Column("task", "text", "the registered id", lambda sample: sample.episode.task),
    Column("seed", "int", "the episode's seed", lambda sample: sample.episode.seed),
    Column("episode", "text", "task, seed, arguments, options, repeat as JSON", lambda sample: sample.episode.key),
    Column("game", "text", "the game's name, where games have names, or null", lambda sample: sample.game),
    Column("is_success", "bool", "whether the episode succeeded", lambda sample: sample.is_success),
)
