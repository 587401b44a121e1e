"""The command `ladder`."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import add_command, count, number
from vlm_gym.cli.endpoint_arguments import add_endpoint, endpoint_of, local_of
from vlm_gym.cli.run_arguments import (
    add_chat,
    add_limits,
    add_sitting,
    add_unplayable,
    chat_of,
    limits_of,
    parser_of,
    positive,
)
from vlm_gym.cli.sitting import note, sit_with, tell_missing
from vlm_gym.cli.unused import check_unused
from vlm_gym.evaluation.models.agent_names import FORMS, make_agent
from vlm_gym.ladders import AXES
from vlm_gym.registration import find_task

if TYPE_CHECKING:  # these import slowly, and every command reads this file
    from vlm_gym.evaluation.runs.plan import Plan

PANEL: Final = "ladder-v0"
EXAMPLES: Final = """vlm-gym ladder --agent oracle:0.9 --axis planning --out runs/ladder
  vlm-gym ladder --agent openai:Qwen/Qwen2.5-VL-7B-Instruct --base-url http://localhost:8000/v1 --temperature 0 \\
      --axis seeing calculating --round 16 --concurrency 64 --out runs/qwen-ladder
  vlm-gym ladder --agent random --level-0 TASK --width 0.5 --out runs/line
  vlm-gym report runs/ladder --out report.html          # success against level, and where it falls to half

The exit status is 0 if every ladder is done, 1 if not, 2 for a mistake, 130 after Ctrl-C."""


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands, "ladder", _ladder, "find the level at which an agent's success falls to half, adaptively", EXAMPLES
    )
    command.add_argument("--agent", required=True, metavar="NAME", help=f"what plays: {FORMS}")
    command.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the run's folder")
    command.add_argument("--concurrency", type=positive, default=16, metavar="N", help="episodes at once (default: 16)")
    add_sitting(command)
    group = command.add_argument_group("what is played")
    group.add_argument(
        "--panel", default=PANEL, metavar="NAME", help="where the episodes come from (default: %(default)s)"
    )
    group.add_argument("--axis", nargs="+", default=[], metavar="AXIS", help=f"some axes of {', '.join(AXES)}")
    group.add_argument("--level-0", nargs="+", default=[], metavar="ID", help="some ladders, by the task at level 0")
    group.add_argument(
        "--width",
        type=number,
        default=1.0,
        metavar="LEVELS",
        help="a ladder is done when the 95 %% interval of its level is this narrow (default: %(default)s)",
    )
    group.add_argument(
        "--round",
        type=positive,
        default=8,
        metavar="N",
        help="episodes of a ladder that are chosen at a time: more keep a fast server busy, fewer need fewer in all "
        "(default: %(default)s)",
    )
    group.add_argument("--most", type=count, metavar="N", help="the most episodes of a ladder (default: all)")
    add_chat(command)
    add_endpoint(command)
    add_limits(command, has_repeats=False)
    add_unplayable(command)
    command.set_defaults(default_of=command.get_default)


def _ladder(options: argparse.Namespace) -> int:
    from vlm_gym.evaluation.climb import Climb, climb
    from vlm_gym.evaluation.runs.plan import plan_notes

    plan, limits = _plan(options), limits_of(options)
    check_unused(options, options.default_of)
    for told in plan_notes(plan):
        note(told)
    agent = make_agent(options.agent, endpoint_of(options), local_of(options))
    play = partial(climb, options.out, plan, agent, Climb(options.width, options.round, options.most or None))
    end = sit_with(agent, options, play, concurrency=options.concurrency, limits=limits)
    if end.progress is not None and end.progress.num_done:
        _tell_ladders(options, plan)
    tell_missing(end)
    return end.status


def _plan(options: argparse.Namespace) -> "Plan":
    from vlm_gym.evaluation.climb import plan_of_ladders
    from vlm_gym.evaluation.models.trained import training_of
    from vlm_gym.evaluation.runs.panels import get_panel
    from vlm_gym.evaluation.runs.plan import Plan, panel_of

    panel, training = get_panel(options.panel), training_of(options.agent)
    whole = Plan(
        panel.episodes,
        panel=panel_of(panel),
        parser=parser_of(options, training),
        chat=chat_of(options, training),
    )
    return plan_of_ladders(whole, options.axis, [find_task(name).id for name in options.level_0])


def _tell_ladders(options: argparse.Namespace, plan: "Plan") -> None:
    from vlm_gym.cli.ladder_table import ladder_table
    from vlm_gym.evaluation.climb import standings

    print(ladder_table(standings(options.out, plan, options.unplayable)))
