"""The arguments of `eval`: what is played, how it is told, and what it may spend."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vlm_gym.cli.arguments import count, number, whole
from vlm_gym.cli.parser import any_text
from vlm_gym.errors import ConfigError
from vlm_gym.parsers import PARSERS

if TYPE_CHECKING:  # these import slowly, and every command reads this file
    from vlm_gym.chat import ChatSettings
    from vlm_gym.evaluation.models.trained import Training
    from vlm_gym.evaluation.runs.limits import Limits
    from vlm_gym.evaluation.runs.plan import Shard

NUM_EPISODES: Final = 100
MAX_REFUSALS: Final = 100  # as in evaluation.runs.limits


def add_sitting(command: argparse.ArgumentParser) -> None:
    """Add how a sitting begins: anew or where the last one stopped, with a first request or without."""
    command.add_argument("--resume", action="store_true", help="go on with the run that is in the folder, if any")
    command.add_argument(
        "--no-preflight",
        dest="preflight",
        action="store_false",
        help="do not try the longest request that may come on a model behind an endpoint before anything is played",
    )


def add_episodes(command: argparse.ArgumentParser) -> None:
    """Add what names the episodes: a panel, or one task."""
    group = command.add_argument_group("what is played")
    group.add_argument(
        "--panel",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="a frozen set of episodes (see: vlm-gym panels); several are played one after the other",
    )
    group.add_argument("--first", type=positive, metavar="N", help="of the panel, the first N episodes of each task")
    group.add_argument("--tasks", nargs="+", metavar="ID", help="of the panel, these tasks")
    group.add_argument("--task", metavar="ID", help="one task instead of a panel (see: vlm-gym list)")
    group.add_argument(
        "--episodes",
        type=positive,
        metavar="N",
        help=f"of the task, so many episodes (default: all games of a task that plays a split in order, else "
        f"{NUM_EPISODES})",
    )
    group.add_argument(
        "--seed",
        type=count,
        metavar="S",
        help="of the task, the first episode's seed, or the first game's number in that order (default: 0)",
    )
    group.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the task, or of all tasks of the panel, of which it makes a variant with a name and a "
        "fingerprint of its own; its value as JSON or plain text; may be repeated",
    )
    group.add_argument("--options", metavar="JSON", help="of the task, the options of reset()")
    group.add_argument("--repeats", type=positive, default=1, metavar="K", help="attempts at each start (default: 1)")
    group.add_argument("--shard", type=_shard, metavar="I/N", help="the I-th of N parts of all this")


def add_chat(command: argparse.ArgumentParser, title: str = "how it is told") -> None:
    """Add how a task is told."""
    group = command.add_argument_group(title)
    group.add_argument(
        "--parser",
        help=f"what reads the answers: {', '.join(PARSERS)}, or that of another package (default: json)",
    )
    group.add_argument("--system", type=any_text, metavar="TEXT", help="the system message, which may be empty")
    group.add_argument(
        "--question",
        metavar="TEXT",
        help="text in place of the prompt; {goal} stands for info['goal'], and so on",
    )
    group.add_argument("--show", help="what a turn shows: picture, text, both (default: picture)")
    group.add_argument("--history", type=_history, metavar="K", help="past turns shown, or all (default: 0)")
    group.add_argument(
        "--history-no-pictures", action="store_const", const=True, help="show past turns without their pictures"
    )
    group.add_argument(
        "--token-budget", type=positive, metavar="N", help="leave out the oldest turns of a request above N tokens"
    )
    group.add_argument(
        "--picture-size",
        type=positive,
        metavar="PIXELS",
        help="enlarge pictures to this side (larger ones stay as they are: --arg image_size=PIXELS draws them smaller)",
    )
    group.add_argument(
        "--tell-mistakes", action="store_const", const=True, help="say what was wrong with the last answer"
    )
    group.add_argument("--max-reasks", type=count, metavar="N", help="ask again after mistakes (default: 0)")


def add_limits(command: argparse.ArgumentParser, *, has_repeats: bool = True) -> None:
    """Add the budgets; `has_repeats`: and what spares a greedy model questions that it has answered."""
    group = command.add_argument_group(
        "what it may spend", "Turns in flight are finished; --resume with a larger budget goes on."
    )
    group.add_argument("--max-requests", type=positive, metavar="N", help="requests of the whole run")
    group.add_argument("--max-run-tokens", type=positive, metavar="N", help="tokens of the whole run, read and written")
    group.add_argument(
        "--max-refusals",
        type=count,
        default=MAX_REFUSALS,
        metavar="N",
        help="episodes in a row that are refused for the same reason, 0 for any number (default: %(default)s)",
    )
    group.add_argument("--max-cost", type=number, metavar="X", help="money of the whole run, if prices are given")
    if not has_repeats:
        return
    group.add_argument(
        "--stop-repeats",
        type=positive,
        metavar="N",
        help="of a greedy model: after N turns in a row with the same request and the same answer that cannot be read, "
        "do not ask for it again while the request stays the same; the turns count as if it had been given",
    )


def add_unplayable(command: argparse.ArgumentParser) -> None:
    """Add what episodes are that could not be played to their end."""
    command.add_argument(
        "--unplayable",
        choices=("failure", "missing"),
        default="failure",
        help="what episodes are with a request that was refused for its content, too long or filtered: failures, or "
        "missing, so that they are left out of the figures and --resume plays them (default: %(default)s)",
    )


def positive(text: str) -> int:
    """Read a number of things, at least one."""
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {text}")
    return value


def limits_of(options: argparse.Namespace) -> "Limits":
    """Return the budgets.

    Raises:
        ConfigError: if one is not a number above 0, or could never be reached.
    """
    from vlm_gym.evaluation.runs.limits import Limits

    if options.max_cost is not None and not (options.price_in or options.price_out):
        raise ConfigError("--max-cost counts money: give --price-in and --price-out too")

    max_refusals = options.max_refusals or None
    return Limits(options.max_requests, options.max_run_tokens, options.max_cost, max_refusals)


def chat_of(options: argparse.Namespace, training: "Training | None" = None) -> "ChatSettings":
    """Return how the options say a task is told; what they leave out is as a model was trained.

    Raises:
        ConfigError: if an option is wrong.
    """
    from vlm_gym.chat import ChatSettings

    told = {
        "system": options.system,
        "question": options.question,
        "show": options.show,
        "history": options.history,
        "history_pictures": None if options.history_no_pictures is None else False,
        "token_budget": options.token_budget,
        "picture_size": options.picture_size,
        "tell_mistakes": options.tell_mistakes,
        "max_reasks": options.max_reasks,
    }
    chosen = {name: value for name, value in told.items() if value is not None}
    return replace(ChatSettings() if training is None else training.chat, **chosen)


def parser_of(options: argparse.Namespace, training: "Training | None" = None) -> str:
    """Return what reads the answers: as the options say, as a model was trained, or JSON."""
    return str(options.parser or ("json" if training is None else training.parser))


def _history(text: str) -> int | str:
    if text == "all":
        return text
    try:
        return count(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"must be all, or a whole number from 0 on, got {text!r}") from error


def _shard(text: str) -> "Shard":
    from vlm_gym.evaluation.runs.plan import Shard

    number, _, total = text.partition("/")
    if not (number.isdecimal() and total.isdecimal()):
        raise argparse.ArgumentTypeError(f"must be I/N, for example 1/4, got {text}")
    try:
        return Shard(int(number), int(total))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
