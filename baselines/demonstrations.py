"""Answers to learn the form from: what the picture shows, put into words, then an action."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from baselines.models.policy import Prompt
from baselines.rollout import is_held_out, make_rollout
from baselines.settings import TEACHERS, SftActions
from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.collect.formats.parquet import ParquetWriter
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, DataNotFoundError
from vlm_gym.fields import truths
from vlm_gym.messages import Message
from vlm_gym.parsers import AnswerText
from vlm_gym.render.canvas import Picture

Chooser = Callable[[ChatSession, np.random.Generator], str | None]
"""Chooses the action of an answer; None where there is none to choose."""

_PLAIN: Final = {"picture", "prompt", "answer"}
_MESSAGES: Final = {"prompt", "completion", "images"}
_SUITS: Final = re.compile(r" of (?:clubs|diamonds|hearts|spades)")


class Demonstration(NamedTuple):
    """A prompt and an answer to it."""

    prompt: Prompt
    text: str


class Wording(NamedTuple):
    """What an answer says beside the action: brief ones leave out the suits of cards, on which nothing depends.

    With a plan the thoughts are what is still to be done, where the task plans ahead (`vlm_gym.thoughts`).
    """

    is_brief: bool = False
    has_plan: bool = False


PLAIN: Final = Wording()


def _random_action(session: ChatSession, rng: np.random.Generator) -> str | None:
    return session.task.actions.sample(rng)


def _legal_action(session: ChatSession, rng: np.random.Generator) -> str | None:
    legal = session.info["admissible_actions"]
    return str(legal[int(rng.integers(len(legal)))]) if legal else None


def _oracle_action(session: ChatSession, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return session.task.oracle_action()


def _searcher_action(session: ChatSession, rng: np.random.Generator) -> str | None:  # noqa: ARG001
    return session.task.searcher_action()


CHOOSERS: Final[Mapping[SftActions, Chooser]] = {
    "random": _random_action,
    "legal": _legal_action,
    "oracle": _oracle_action,
    "searcher": _searcher_action,
}
LEGAL_IN_NOISE: Final = 2 / 3  # of what is played in place of an answer; the rest are the last answer again


class CollectedAnswers(Sequence[Demonstration]):
    """The answers of a data set that `vlm-gym collect` wrote, read from its files when they are asked for.

    Steps of `--format trl` hold the messages before an answer as they were sent. Those of `--format parquet` hold a
    picture and a prompt; the system message is that of `chat`.

    Raises:
        DataNotFoundError: if the folder holds no parquet files.
        ConfigError: if these hold no steps, or only the last message of more.
    """

    def __init__(self, folder: Path, chat: ChatSettings | None = None) -> None:
        import datasets

        files = sorted(map(str, folder.glob(ParquetWriter.data_files)))
        if not files:
            raise DataNotFoundError(
                f"{folder} holds no {ParquetWriter.data_files}: make them with `vlm-gym collect ID --samples N --out "
                f"{folder}`"
            )
        self._chat = chat or ChatSettings()
        self._rows = datasets.load_dataset("parquet", data_files=files, split="train")
        columns = set(self._rows.column_names)
        self._has_messages = columns >= _MESSAGES
        missing = set() if self._has_messages else _PLAIN - columns
        if missing:
            raise ConfigError(
                f"{folder} has no column {', '.join(sorted(missing))}: expected --unit step, --format parquet or trl"
            )
        if self._chat.history != 0 and not self._has_messages:
            raise ConfigError(
                f"{folder} holds no past turns, which chat.history={self._chat.history!r} shows: collect with --format "
                f"trl --history {self._chat.history}"
            )

    @property
    def tasks(self) -> tuple[str, ...]:
        """The registered ids whose answers these are."""
        return tuple(sorted(self._rows.unique("task")))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: Any) -> Any:
        row = self._rows[int(number)]
        if self._has_messages:
            pictures = map(_pixels, row["images"])
            *_, answer = row["completion"][0]["content"]
            return Demonstration(Prompt(tuple(_message(turn, pictures) for turn in row["prompt"])), answer["text"])
        opening = () if self._chat.system is None else (Message("system", self._chat.system),)
        picture = None if row["picture"] is None else _pixels(row["picture"])
        return Demonstration(Prompt((*opening, Message("user", row["prompt"], picture))), row["answer"])


def _pixels(picture: Any) -> Picture:
    return np.asarray(picture.convert("RGB"))


def _message(turn: Mapping[str, Any], pictures: Iterator[Picture]) -> Message:
    """Return a message of TRL's form, with the next picture if it has one."""
    has_picture = any(block["type"] == "image" for block in turn["content"])
    return Message(turn["role"], turn["content"][-1]["text"], next(pictures) if has_picture else None)


def demonstrate(
    starts: Iterable[EpisodeSpec],
    actions: SftActions,
    rng: np.random.Generator,
    *,
    chat: ChatSettings | None = None,
    wording: Wording = PLAIN,
    noise: float = 0.0,
    held_out: float = 0.0,
    later_turns: float = 1.0,
) -> Iterator[Demonstration]:
    """Play an episode from each start, told as `chat` says; yield an answer for every turn.

    Of the share `held_out` of all problems nothing is played, and of the turns after an episode's first only the share
    `later_turns` is yielded.

    An answer says what the picture shows, in the fields that the prompt asks for, and its action is chosen as `actions`
    says. What is played is that of a teacher (`TEACHERS`) and a random legal one otherwise, so that answers with random
    actions come to all kinds of states too. With `noise` something else is played in that share of the turns, a random
    legal action, and half as often the last answer again, which mostly is not possible any more, as a learner's
    mistakes are not: so a teacher shows how to go on after mistakes.
    """
    choose, play = CHOOSERS[actions], CHOOSERS[actions if actions in TEACHERS else "legal"]
    rollout = make_rollout(chat)
    for start in starts:
        rollout.start(start)
        if is_held_out(rollout, held_out):
            continue
        session, last = rollout.session, ""
        while not rollout.is_over:
            said = choose(session, rng)
            played = said if actions != "random" else play(session, rng) or said  # formulas have no list of legal ones
            if said is None or played is None:
                break
            answer = _answer(session, said, wording)
            if later_turns == 1 or not session.turns or rng.random() < later_turns:
                yield Demonstration(Prompt(rollout.messages()), answer)
            plays = answer if played == said else _answer(session, played, wording)
            rollout.answer(_disturbed(session, plays, noise, last, rng))
            last = answer


def _disturbed(session: ChatSession, answer: str, noise: float, last: str, rng: np.random.Generator) -> str:
    """Return the answer, or with some probability another one: a legal one, or the last one if there is one."""
    if not noise:
        return answer
    draw = rng.random()
    if draw < noise:
        legal = _legal_action(session, rng)
        return answer if legal is None else _answer(session, legal, PLAIN)
    return last if last and draw < noise / LEGAL_IN_NOISE else answer


def correct(
    starts: Iterable[EpisodeSpec],
    played: Iterable[Sequence[AnswerText]],
    actions: SftActions,
    *,
    chat: ChatSettings | None = None,
    wording: Wording = PLAIN,
    held_out: float = 0.0,
) -> Iterator[Demonstration]:
    """Play episodes again that a learner has played, `played[i]` from `starts[i]`; yield what the teacher would say.

    A prompt counts as often as the learner met it: where it is stuck it has most to learn.

    Source: Ross et al. 2011, arXiv 1011.0686 (DAgger).
    """
    choose, rollout, rng = CHOOSERS[actions], make_rollout(chat), np.random.default_rng(0)
    for start, answers in zip(starts, played, strict=True):
        rollout.start(start)
        for answer in () if is_held_out(rollout, held_out) else answers:
            said = choose(rollout.session, rng)
            if said is not None:
                yield Demonstration(Prompt(rollout.messages()), _answer(rollout.session, said, wording))
            rollout.answer(answer)


def _answer(session: ChatSession, action: str, wording: Wording) -> str:
    task = session.task
    has_readings = task.settings.prompt.style != "action_only"
    readings = truths(task.readings()) if has_readings else {}
    if wording.is_brief:
        readings = {name: _SUITS.sub("", value) for name, value in readings.items()}
    thinker = task.thinker() if wording.has_plan else None
    plan = thinker.plan(action) if thinker else ""
    return session.parser.fill_in(action, task.actions, plan, readings)
