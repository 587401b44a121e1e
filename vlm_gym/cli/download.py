"""The command `download`."""

import argparse
from pathlib import Path
from typing import Any

from vlm_gym.cli.arguments import add_command
from vlm_gym.program import COMMAND, stopped


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "download",
        _download,
        "download the games of ALFWorld",
        "vlm-gym download alfworld\n  vlm-gym download alfworld --data-dir /data/alfworld\n"
        "  vlm-gym download alfworld --file json_2.1.3_tw-pddl.zip   # an archive that is here already",
    )
    command.add_argument("what", choices=["alfworld"], help="what to download")
    command.add_argument("--data-dir", type=Path, help="the folder (default: $ALFWORLD_DATA, else ~/.cache/alfworld)")
    command.add_argument("--file", type=Path, help="unpack this archive instead of downloading one")


def _download(options: argparse.Namespace) -> int:
    from vlm_gym.download import download_alfworld

    try:
        installed = download_alfworld(options.data_dir, file=options.file)
    except KeyboardInterrupt:
        return stopped(COMMAND, "the same command goes on from here")
    print(f"{installed.num_written} games written, {installed.num_kept} were there: {installed.folder}")
    if installed.num_different:
        print(f"{installed.num_different} of those differ from the archive's: another version of ALFWorld's games")
    if options.data_dir is not None:
        print(f"Now say where they are: export ALFWORLD_DATA={installed.folder}")
    return 0
