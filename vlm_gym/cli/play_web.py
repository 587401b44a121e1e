"""The part of `play` that serves a page for the browser."""

import argparse
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vlm_gym.cli.arguments import seed_of, start, task_arguments, whole
from vlm_gym.cli.run_arguments import add_chat, chat_of, parser_of, positive
from vlm_gym.errors import ConfigError
from vlm_gym.program import INTERRUPTED
from vlm_gym.registration import find_task

if TYPE_CHECKING:
    from vlm_gym.episodes import EpisodeSpec
    from vlm_gym.web.game import Game

FOLDER: Final = Path("runs/human")
MAX_PORT: Final = 65535


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `play` takes for the browser."""
    command.add_argument("--web", action="store_true", help="play in the browser; without an ID choose a task there")
    group = command.add_argument_group("with --web")
    group.add_argument("--panel", metavar="NAME", help="play a panel's episodes in order (see: vlm-gym panels)")
    group.add_argument("--first", type=positive, metavar="N", help="of the panel, the first N episodes of each task")
    group.add_argument("--port", type=port, metavar="N", help="the port of 127.0.0.1 (default: a free one)")
    group.add_argument("--no-open", action="store_true", help="do not open the browser, only print the address")
    add_chat(command, "how it is told, with --web --panel")


def refuse_arguments(options: argparse.Namespace) -> None:
    """Raise ConfigError if an option is given that only the browser has."""
    given = {"--panel": options.panel, "--first": options.first, "--port": options.port, "--no-open": options.no_open}
    for name, value in given.items():
        if value not in (None, False):
            raise ConfigError(f"{name} is for the browser: add --web")
    _refuse_telling(options)


def play(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C; return the exit status."""
    from vlm_gym.web.server import PlayServer

    game = _game(options)
    with game, PlayServer(game, options.port or 0) as server:
        print(f"Play at {server.address}\nEpisodes are recorded in {game.folder}; Ctrl-C ends.", flush=True)
        if not options.no_open:  # in a thread, for a browser in this terminal would keep the server waiting
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(f"\nEpisodes played: {game.num_played}, in {game.folder}. The same command goes on from here.")
    return INTERRUPTED


def _game(options: argparse.Namespace) -> "Game":
    """Return the game that the options describe."""
    from vlm_gym.web.game import Game, seeds_from
    from vlm_gym.web.recording import Recording, describe_open_run

    if options.panel is not None:
        return _panel_game(options)
    if options.first is not None:
        raise ConfigError("--first needs --panel")
    _refuse_telling(options)
    arguments, reset_options = task_arguments(options, ("parser",)), start(options)

    def episodes_of(task: str) -> "Iterator[EpisodeSpec]":
        return seeds_from(find_task(task).id, seed_of(options), arguments, reset_options)

    folder = options.out or FOLDER
    if options.task is not None:
        first = next(episodes_of(options.task))
        return Game(Recording(folder, describe_open_run((first,))), episodes_of(options.task))
    if arguments or reset_options:
        raise ConfigError("--arg and --options need the ID of a task")
    return Game(Recording(folder, describe_open_run()), choose=episodes_of)


def _panel_game(options: argparse.Namespace) -> "Game":
    from vlm_gym.evaluation.runs.panels import get_panel
    from vlm_gym.evaluation.runs.plan import Plan, describe, panel_of
    from vlm_gym.web.game import Game
    from vlm_gym.web.recording import Recording
    from vlm_gym.web.telling import Telling

    if any(value is not None for value in (options.task, options.options, options.seed)):
        raise ConfigError("a panel sets task and starts: leave out ID, --seed and --options")
    panel = get_panel(options.panel).variant(task_arguments(options, ("parser",)))
    if options.first is not None:
        panel = panel.first(options.first)
    folder = options.out or FOLDER.with_name(f"{FOLDER.name}-{panel.name}")
    telling = Telling(is_as_model=True, chat=chat_of(options), parser=parser_of(options))
    plan = Plan(panel.episodes, panel_of(panel), parser_of(options), telling.chat)
    recording = Recording(folder, describe(plan, telling.description))
    return Game(recording, panel.episodes, len(panel.episodes), telling=telling)


def _refuse_telling(options: argparse.Namespace) -> None:
    """Raise ConfigError if the options say how a model is told: a person who plays a game is told all."""
    from vlm_gym.chat import ChatSettings

    if chat_of(options) != ChatSettings() or parser_of(options) != "json":
        raise ConfigError("how a task is told (--parser, --show, --history and so on) goes with --web --panel NAME")


def port(text: str) -> int:
    """Read a port."""
    value = whole(text)
    if not 0 <= value <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"must be a port from 0 to {MAX_PORT}, got {text}")
    return value
