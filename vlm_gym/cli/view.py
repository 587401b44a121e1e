"""The command `view`: a folder of runs in the browser, while they are played."""

import argparse
import threading
import webbrowser
from pathlib import Path
from typing import Any

from vlm_gym.cli.arguments import add_command
from vlm_gym.cli.play_web import port
from vlm_gym.errors import ConfigError
from vlm_gym.program import INTERRUPTED


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "view",
        _view,
        "show a folder of runs in the browser, while they are played too",
        "vlm-gym view runs\n"
        "  vlm-gym view runs --port 8000 --no-open   # on another machine: ssh -L 8000:127.0.0.1:8000 MACHINE\n\n"
        "It listens on 127.0.0.1 alone. `vlm-gym report` writes the same pages as files.",
    )
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a folder with runs in it, or a run's folder")
    command.add_argument("--port", type=port, metavar="N", help="the port of 127.0.0.1 (default: a free one)")
    command.add_argument("--no-open", action="store_true", help="do not open the browser, only print the address")


def _view(options: argparse.Namespace) -> int:
    from vlm_gym.web.run_list import RunList
    from vlm_gym.web.view_server import ViewServer

    if not options.folder.is_dir():
        raise ConfigError(f"expected a folder with runs in it, got {options.folder}, which is not a folder")
    with ViewServer(RunList(options.folder), options.port or 0) as server:
        print(f"View {options.folder} at {server.address}\nCtrl-C ends.", flush=True)
        if not options.no_open:  # in a thread, for a browser in this terminal would keep the server waiting
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return INTERRUPTED
