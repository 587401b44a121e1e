"""Answers to learn the form from: what the picture shows, put into words, then an action."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import gymnasium as gym
import numpy as np

from baselines.models.policy import Prompt
from baselines.rollout import PromptWriter, Start, make_env
from baselines.settings import SftActions, TaskConfig
from vlm_gym.collect.formats.parquet import ParquetWriter
from vlm_gym.errors import ConfigError, DataNotFoundError
from vlm_gym.fields import truths

Chooser = Callable[[gym.Env[Any, str], Mapping[str, Any], np.random.Generator], str | None]
"""Chooses the action of an answer from an env and its info; None where there is none to choose."""

_SUITS: Final = re.compile(r" of (?:clubs|diamonds|hearts|spades)")


class Demonstration(NamedTuple):
    """A prompt and an answer to it."""

    prompt: Prompt
    text: str


def _random_action(env: gym.Env[Any, str], info: Mapping[str, Any], rng: np.random.Generator) -> str | None:  # noqa: ARG001
    action: str = env.unwrapped.actions.sample(rng)  # type: ignore[attr-defined]
    return action


def _legal_action(env: gym.Env[Any, str], info: Mapping[str, Any], rng: np.random.Generator) -> str | None:  # noqa: ARG001
    legal = info["admissible_actions"]
    return str(legal[int(rng.integers(len(legal)))]) if legal else None


def _oracle_action(env: gym.Env[Any, str], info: Mapping[str, Any], rng: np.random.Generator) -> str | None:  # noqa: ARG001
    action: str | None = env.unwrapped.oracle_action()  # type: ignore[attr-defined]
    return action


CHOOSERS: Final[Mapping[SftActions, Chooser]] = {
    "random": _random_action,
    "legal": _legal_action,
    "oracle": _oracle_action,
}


class CollectedAnswers(Sequence[Demonstration]):
    """The answers of a data set that `vlm-gym collect` wrote, read from its files when they are asked for.

    Raises:
        DataNotFoundError: if the folder holds no parquet files.
        ConfigError: if these hold no steps with a picture, a prompt and an answer.
    """

    def __init__(self, folder: Path) -> None:
        import datasets

        files = sorted(map(str, folder.glob(ParquetWriter.data_files)))
        if not files:
            raise DataNotFoundError(
                f"{folder} holds no {ParquetWriter.data_files}: make them with `vlm-gym collect ID --samples N --out "
                f"{folder}`"
            )
        self._rows = datasets.load_dataset("parquet", data_files=files, split="train")
        missing = {"picture", "prompt", "answer"} - set(self._rows.column_names)
        if missing:
            raise ConfigError(
                f"{folder} has no column {', '.join(sorted(missing))}: expected --format parquet and --unit step"
            )

    @property
    def tasks(self) -> tuple[str, ...]:
        """The registered ids whose answers these are."""
        return tuple(sorted(self._rows.unique("task")))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: Any) -> Any:
        row = self._rows[int(number)]
        return Demonstration(Prompt(np.asarray(row["picture"].convert("RGB")), row["prompt"]), row["answer"])


def demonstrate(
    task: TaskConfig, actions: SftActions, starts: Iterable[Start], rng: np.random.Generator, *, is_brief: bool = False
) -> Iterator[Demonstration]:
    """Play an episode from each start; yield an answer for every turn.

    An answer says what the picture shows, in the fields that the prompt asks for, and its action is chosen as `actions`
    says. What is played is the oracle's action for "oracle" and a random legal one otherwise, so that answers with
    random actions come to all kinds of states too. Brief answers leave out the suits, on which nothing depends.
    """
    env, write_prompt = make_env(task), PromptWriter(task.prompt)
    choose, play = CHOOSERS[actions], CHOOSERS["oracle" if actions == "oracle" else "legal"]
    for start in starts:
        picture, info = env.reset(seed=start.seed, options=start.options)
        is_over = False
        while not is_over:
            said = choose(env, info, rng)
            played = said if actions != "random" else play(env, info, rng)
            if said is None or played is None:
                break
            yield Demonstration(write_prompt(picture, info), _answer(env, said, is_brief=is_brief))
            picture, _, is_terminated, is_truncated, info = env.step(_answer(env, played, is_brief=is_brief))
            is_over = is_terminated or is_truncated


def _answer(env: gym.Env[Any, str], action: str, *, is_brief: bool) -> str:
    task = env.unwrapped
    has_thoughts = task.settings.prompt.style != "action_only"  # type: ignore[attr-defined]
    readings = truths(task.readings()) if has_thoughts else {}  # type: ignore[attr-defined]
    if is_brief:
        readings = {name: _SUITS.sub("", value) for name, value in readings.items()}
    text: str = env.get_wrapper_attr("parser").fill_in(action, task.actions, "", readings)  # type: ignore[attr-defined]
    return text
