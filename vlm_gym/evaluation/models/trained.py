"""How a model was told its task in training: a file that travels with it, so that it is measured as it was trained."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from vlm_gym.chat import ChatSettings
from vlm_gym.errors import ConfigError
from vlm_gym.files import write_whole

FILE_NAME: Final = "vlm_gym.json"
LOCAL: Final = "hf:"  # agents whose model may be a directory


@dataclass(frozen=True)
class Training:
    """What a model was trained on.

    Attributes:
        task: The registered id.
        arguments: Arguments of `gym.make` besides `parser`, plain values.
        parser: What read its answers.
        chat: How the task was told.
    """

    task: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    parser: str = "json"
    chat: ChatSettings = field(default_factory=ChatSettings)


def write_training(directory: Path, training: Training) -> None:
    """Write it into the directory of the model."""
    plain = {**vars(training), "arguments": dict(training.arguments), "chat": training.chat.to_plain()}
    text = json.dumps(plain, indent=2) + "\n"
    write_whole(directory / FILE_NAME, lambda draft: draft.write_text(text, encoding="utf-8"))


def training_of(agent: str | None) -> Training | None:
    """Return what the model of an agent's name, `hf:DIRECTORY`, says of its training; None where nothing says anything.

    Raises:
        ConfigError: if its file is damaged.
    """
    if agent is None or not agent.startswith(LOCAL):
        return None
    path = Path(agent.removeprefix(LOCAL)) / FILE_NAME
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name: said[each.name] for each in fields(Training)}
        return Training(**{**known, "chat": ChatSettings(**said["chat"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} must say how the model was trained, or not be there: {error}") from error
