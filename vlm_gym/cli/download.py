"""The command `download`."""

import argparse
from pathlib import Path
from typing import Any

from vlm_gym.cli.arguments import add_command
from vlm_gym.errors import ConfigError
from vlm_gym.program import COMMAND, stopped


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "download",
        _download,
        "download the games of ALFWorld, or what AI2-THOR needs to show them",
        "vlm-gym download alfworld\n  vlm-gym download alfworld --data-dir /data/alfworld\n"
        "  vlm-gym download alfworld --file json_2.1.3_tw-pddl.zip   # an archive that is here already\n"
        "  vlm-gym download thor           # traj_data.json of each game, beside the text games\n"
        "  vlm-gym download thor --build   # Unity's player of AI2-THOR 2.1.0, for Linux",
    )
    command.add_argument("what", choices=["alfworld", "thor"], help="what to download")
    command.add_argument("--data-dir", type=Path, help="the folder (default: $ALFWORLD_DATA, else ~/.cache/alfworld)")
    command.add_argument("--file", type=Path, help="unpack this archive instead of downloading one")
    command.add_argument(
        "--build", action="store_true", help="with thor: Unity's player, into ~/.ai2thor/releases, and no games"
    )


def _download(options: argparse.Namespace) -> int:
    if options.build and (options.what != "thor" or options.data_dir is not None):
        raise ConfigError("--build is for `vlm-gym download thor`, and has a folder of its own: leave out --data-dir")
    try:
        if options.build:
            _get_build(options)
        else:
            _get_games(options)
    except KeyboardInterrupt:
        return stopped(COMMAND, "the same command goes on from here")
    return 0


def _get_games(options: argparse.Namespace) -> None:
    from vlm_gym.download import download_alfworld, download_traj_data

    get = download_alfworld if options.what == "alfworld" else download_traj_data
    installed = get(options.data_dir, file=options.file)
    print(f"{installed.num_written} games written, {installed.num_kept} were there: {installed.folder}")
    if installed.num_different:
        print(f"{installed.num_different} of those differ from the archive's: another version of ALFWorld's games")
    if options.data_dir is not None:
        print(f"Now say where they are: export ALFWORLD_DATA={installed.folder}")


def _get_build(options: argparse.Namespace) -> None:
    from vlm_gym.download_build import download_build

    print(f"Unity's player: {download_build(file=options.file)}")
