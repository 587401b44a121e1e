"""Puts an exported model on the Hugging Face Hub, with a card that says how it was made and how to measure it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from baselines.models.model_config import TINY
from baselines.settings import TrainConfig
from vlm_gym.errors import ConfigError, RunError

CARD: Final = "README.md"
REFUSED: Final = (401, 403)
_ClientError: Final = HfHubHTTPError.__bases__[0]  # HTTPError of httpx or of httpx2, by the release of the client


def create_repository(name: str) -> None:
    """Make a private repository of that name, OWNER/NAME, unless it is there.

    It comes before any work: it shows whether the hub can be reached, and whether one may write there.

    Raises:
        ConfigError: if the name is none, or nobody is logged in who may write there.
        RunError: if the hub cannot be reached, or fails.
    """
    with _hub_errors(name):
        HfApi().create_repo(name, private=True, exist_ok=True)


def upload(directory: Path, name: str) -> str:
    """Upload a directory as one commit; return the address of the repository.

    Raises:
        ConfigError, RunError: as above. A commit is whole or not there.
    """
    with _hub_errors(name):
        api = HfApi()
        api.upload_folder(repo_id=name, folder_path=directory, commit_message="Exported by vlm_gym's baselines.export")
        return f"{api.endpoint}/{name}"


def write_card(directory: Path, config: TrainConfig, name: str, commands: tuple[str, ...]) -> None:
    """Write the page of the repository, with what the hub reads of it at the top."""
    facts: dict[str, Any] = {"pipeline_tag": "image-text-to-text", "tags": ["vlm_gym", "reinforcement-learning"]}
    facts |= {"library_name": "peft" if (directory / "adapter_config.json").is_file() else "transformers"}
    facts |= _base_of(config)
    lines = [
        "---",
        yaml.safe_dump(facts, sort_keys=False).strip(),
        "---",
        f"# {name.rpartition('/')[2]}",
        "",
        f"Trained with SFT and {config.ppo.updates} updates of PPO on `{config.task.full_id}`, a task of vlm_gym, by",
        "its `baselines/`. `vlm_gym.json` says how the task was told. To measure it on unseen episodes:",
        "",
        "```sh",
        *commands,
        "```",
        "",
    ]
    (directory / CARD).write_text("\n".join(lines), encoding="utf-8")


def _base_of(config: TrainConfig) -> Mapping[str, str]:
    """Return the name on the hub of the model that training began with, where it has one."""
    name = config.model.name
    return {} if name == TINY or Path(name).is_dir() else {"base_model": name}


@contextmanager
def _hub_errors(name: str) -> Iterator[None]:
    try:
        yield
    except HFValidationError as error:
        raise ConfigError(f"--push expected OWNER/NAME, got {name!r}: {error}") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in REFUSED:
            raise ConfigError(
                f"--push {name}: the hub refuses it ({status}): log in with `hf auth login`, or set HF_TOKEN to "
                "a token that may write there"
            ) from error
        raise RunError(f"--push {name}: the hub fails: {_in_a_line(error)}; push it again") from error
    except (_ClientError, OSError, RuntimeError) as error:  # RuntimeError is the client's own, of one file
        what_helps = "check HF_ENDPOINT and the network"
        raise RunError(f"--push {name}: the hub cannot be reached: {_in_a_line(error)}; {what_helps}") from error


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())
