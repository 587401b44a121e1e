"""Options that nothing would read: they are refused, since a person who gives one expects that it does something."""

import argparse
from collections.abc import Callable, Iterator
from typing import Final

from vlm_gym.errors import ConfigError

PLAYERS: Final = ("random", "oracle", "searcher", "constant", "script")
"""The agents that are asked nothing: no request, no sampling."""
ASKING: Final = (
    "base_url", "key_env", "header", "temperature", "top_p", "max_tokens_field", "sampling_seed", "extra_body",
    "requests_per_minute", "finish_reason", "cache", "stop_repeats",
)  # fmt: skip
LOADING: Final = ("precision", "device_map", "attention", "quantization", "trust_remote_code")
CLUSTER: Final = ("workers", "gpus_per_worker")


def check_unused(options: argparse.Namespace, default_of: Callable[[str], object]) -> None:
    """Raise ConfigError if an option of a command is given that none of the agents, nor the place to play, reads.

    Args:
        options: What was given.
        default_of: Returns what an option is if it is not given.
    """
    for reason, names in _unread(options):
        for name in names:
            if hasattr(options, name) and getattr(options, name) != default_of(name):
                raise ConfigError(f"--{name.replace('_', '-')} {reason}: leave it out")


def _unread(options: argparse.Namespace) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name the options that would not be read, and what they are for."""
    agents = [options.agent] if isinstance(options.agent, str) else options.agent
    kinds = [name.partition(":")[0] for name in agents]
    if all(kind in PLAYERS for kind in kinds):
        yield f"is for models that are asked, and not for {' or '.join(agents)}", ASKING
    if "hf" not in kinds:
        yield "is for agents hf:PATH", LOADING
    if getattr(options, "executor", None) == "local":
        yield "is for --executor ray", CLUSTER
    if not getattr(options, "batch", True):
        yield "is for --batch", ("poll",)
