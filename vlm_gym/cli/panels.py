"""The command `panels`."""

import argparse
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import add_command, task_arguments
from vlm_gym.errors import ConfigError, DataNotFoundError
from vlm_gym.registration import NAMESPACE

if TYPE_CHECKING:
    from vlm_gym.evaluation.runs.panels import Panel

DIFFERENT: Final = 1  # exit status of a check that found a difference


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "panels",
        _panels,
        "the frozen sets of episodes that scores are quoted for",
        "vlm-gym panels\n  vlm-gym panels household-v0            # its episodes\n"
        "  vlm-gym panels cards-v0 --arg prompt=action_only   # those of a variant, and its fingerprint\n"
        "  vlm-gym panels cards-v0 --check        # whether it is here what it was when it was published",
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="a panel (default: a table of all)")
    command.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of all its tasks, which makes it a variant; may be repeated",
    )
    command.add_argument(
        "--check",
        action="store_true",
        help="compute the fingerprint of this panel, or of all, again; exit status 1 if one differs",
    )


def _panels(options: argparse.Namespace) -> int:
    from vlm_gym.evaluation.runs.panels import PANELS, get_panel

    if options.arg and (options.check or not options.name):
        raise ConfigError(
            "--arg makes a variant of one panel, which was never published: give its name, and no --check"
        )
    if options.check:
        return _check([options.name] if options.name else PANELS)
    if options.name:
        _show(get_panel(options.name).variant(task_arguments(options, ("parser",))))
        return 0
    table = [("name", "episodes", "fingerprint", "what it holds"), *map(_row, PANELS)]
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    for name, episodes, fingerprint, summary in table:
        print(f"{name:{widths[0]}}  {episodes:>{widths[1]}}  {fingerprint:{widths[2]}}  {summary}")
    print("\nepisodes: ? where the games are not on this machine (vlm-gym download alfworld)")
    return 0


def _row(name: str) -> tuple[str, str, str, str]:
    from vlm_gym.evaluation.runs.panels import FINGERPRINTS, PANELS

    summary, list_episodes = PANELS[name]
    try:
        count = str(len(list_episodes()))
    except DataNotFoundError:
        count = "?"
    return name, count, FINGERPRINTS[name], summary


def _check(names: Iterable[str]) -> int:
    """Say of each panel whether it is the published one; those without their games are left out."""
    verdicts = {name: _verdict(name) for name in names}
    for name, (text, _) in verdicts.items():
        print(f"{name}: {text}")
    return DIFFERENT if any(is_different for _, is_different in verdicts.values()) else 0


def _verdict(name: str) -> tuple[str, bool]:
    from vlm_gym.evaluation.runs.panels import check_panel, get_panel

    try:
        panel = get_panel(name)
    except DataNotFoundError as error:
        return f"left out, {error}", False
    difference = check_panel(panel)
    return difference or "the same as when it was published", difference is not None


def _show(panel: "Panel") -> None:
    print(f"{panel.name}: {panel.summary}\nfingerprint {panel.fingerprint}, {len(panel.episodes)} episodes:")
    for episode in panel.episodes:
        start = "" if episode.options is None else f"  {json.dumps(episode.options)}"
        print(f"{episode.task.removeprefix(NAMESPACE)}  seed {episode.seed}{start}")
