"""The arguments of a run by a provider's batch API, and what it tells."""

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from vlm_gym.cli.arguments import seconds
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.batches.services import SERVICES
from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings

FOLDER: Final = "batches"  # of a run
LOGGER: Final = "vlm_gym.evaluation.models.batches"


def add_batches(command: argparse.ArgumentParser) -> None:
    """Add whether requests go to the provider's batch API."""
    group = command.add_argument_group(
        "batches (openai:MODEL, anthropic:MODEL, responses:MODEL)",
        "One turn of all episodes is one batch: mostly half the price, and minutes or a day later.\n  A run that was "
        "stopped goes on with --resume, and waits for the batches that it began.",
    )
    group.add_argument("--batch", action="store_true", help="ask by the provider's batch API")
    group.add_argument(
        "--poll",
        type=seconds,
        default=EndpointSettings().poll_s,
        metavar="SECONDS",
        help="between two looks at a batch (default: %(default)g)",
    )


def check_batches(options: argparse.Namespace) -> None:
    """Raise ConfigError if there is an agent, or a place to play, without batches."""
    if not options.batch:
        return
    others = [f"the agent {name}" for name in options.agent if name.partition(":")[0] not in SERVICES]
    others += [f"--executor {options.executor}"] * (options.executor != "local")
    if others:
        raise ConfigError(
            f"--batch is for models behind a provider's batch API, {', '.join(SERVICES)}; not for {' or '.join(others)}"
        )


def batched(settings: EndpointSettings, options: argparse.Namespace, folder: Path) -> EndpointSettings:
    """Return how a model is reached in a run of this folder; batches are kept there, and told of on stderr."""
    if not options.batch:
        return settings
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        logger.addHandler(_Notes())
    return replace(settings, batches=folder / FOLDER, poll_s=options.poll)


class _Notes(logging.Handler):
    """Prints what is logged as notes, where a progress bar looks for it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(f"note: {record.getMessage()}", file=sys.stderr, flush=True)
