"""The command `doctor`."""

import argparse
import dataclasses
import itertools
import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import add_command

if TYPE_CHECKING:
    from vlm_gym.doctor import Finding

MISSING: Final = 1  # exit status if something that was asked for is not ready
WIDTH: Final = 120
PROBLEM: Final = " " * 13  # before what is missing
HEADINGS: Final = {"package": "This package", "extra": "Extras", "task": "Tasks", "agent": "Agents"}


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "doctor",
        _doctor,
        "what is missing on this machine for each task, agent and extra, and the command that mends it",
        "vlm-gym doctor\n  vlm-gym doctor ALFWorldThor-v0     # display, Unity's player, games, packages\n"
        "  vlm-gym doctor openai hf && echo ready",
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="a task, an agent or an extra (default: all)")
    command.add_argument("--json", action="store_true", help="print what was found as JSON")
    command.epilog = (
        f"{command.epilog}\n\nexit status: 0 if all that was named is ready (without names: the package itself),\n"
        f"  {MISSING} if something is missing, 2 for a mistake"
    )


def _doctor(options: argparse.Namespace) -> int:
    from vlm_gym.doctor import choose, examine

    findings = examine()
    asked = choose(findings, options.names) if options.names else findings
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in asked], indent=2))
    else:
        _print(asked)
    decisive = asked if options.names else [finding for finding in asked if finding.kind == "package"]
    return 0 if all(finding.is_ready for finding in decisive) else MISSING


def _print(findings: Iterable["Finding"]) -> None:
    """Print what was found; equal findings stand together."""
    for kind, of_kind in itertools.groupby(findings, lambda finding: finding.kind):
        print(f"{HEADINGS[kind]}:")
        alike: dict[object, list[Finding]] = {}
        for finding in of_kind:
            alike.setdefault(finding.details or finding.problems, []).append(finding)
        for group in alike.values():
            _print_alike(group)


def _print_alike(group: Sequence["Finding"]) -> None:
    first = group[0]
    names = ", ".join(finding.name for finding in group) + (f": {first.details}" if first.details else "")
    _print_wrapped(names, f"  {'ready' if first.is_ready else 'missing':9}")
    for remedy, problems in itertools.groupby(first.problems, lambda problem: problem[1]):
        told = f"{', '.join(what for what, _ in problems)}:"
        if len(PROBLEM) + len(told) + len(remedy) < WIDTH:
            _print_wrapped(f"{told} {remedy}", PROBLEM)
        else:  # a command stays in one piece, to be copied
            _print_wrapped(told, PROBLEM)
            _print_wrapped(remedy, f"{PROBLEM}  ")


def _print_wrapped(text: str, start: str) -> None:
    indent = " " * (len(start) + 2 * (not start.strip()))
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    print("\n".join(lines))
