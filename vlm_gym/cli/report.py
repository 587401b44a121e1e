"""The commands `report` and `film`."""

import argparse
from pathlib import Path
from typing import Any

from vlm_gym.cli.arguments import add_command, seconds
from vlm_gym.cli.run_arguments import add_unplayable, positive


def add(commands: Any) -> None:
    """Add the two commands."""
    command = add_command(
        commands,
        "report",
        _report,
        "write a page with the scores and every turn of one run or more",
        "vlm-gym report runs/mine --out report.html\n"
        "  vlm-gym report runs/random runs/mine --out out/report.html   # side by side, and compared pair by pair\n"
        "  vlm-gym report runs/mine --out report.html --pictures failures --max-episodes 2000\n\n"
        "Beside report.html come report.md, its tables, and results.json, for programs.",
    )
    command.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run's folder")
    command.add_argument("--out", type=_html, default=Path("report.html"), help="the page (default: %(default)s)")
    command.add_argument(
        "--pictures",
        choices=["all", "failures", "none"],
        default="all",
        help="the episodes whose pictures are in the page (default: %(default)s)",
    )
    command.add_argument(
        "--max-episodes", type=positive, metavar="N", help="the most episodes of each run in the viewer (default: all)"
    )
    command.add_argument(
        "--any-panels", action="store_true", help="the runs may be of any panels: compare those of the same panel"
    )
    add_unplayable(command)

    command = add_command(
        commands,
        "film",
        _film,
        "write one episode of a run as a GIF or MP4",
        "vlm-gym film runs/mine TASK:1000000003 --out episode.gif\n"
        "  vlm-gym film runs/mine 5f0c2a91 --out episode.mp4 --seconds 2   # its short name, from the report's address",
    )
    command.add_argument("folder", type=Path, metavar="RUN", help="the run's folder")
    command.add_argument("episode", metavar="EPISODE", help="TASK:SEED, or its short name in the report's address")
    command.add_argument("--out", type=_film_file, default=Path("episode.gif"), help="the film (default: %(default)s)")
    command.add_argument("--seconds", type=seconds, default=1.2, help="time of a turn (default: %(default)s)")


def _report(options: argparse.Namespace) -> None:
    from vlm_gym.cli.progress import Stages
    from vlm_gym.evaluation.report import write_report

    with Stages() as stages:
        report = write_report(
            options.runs,
            options.out,
            pictures_of=options.pictures,
            max_episodes=options.max_episodes,
            is_one_panel=not options.any_panels,
            unplayable=options.unplayable,
            on_progress=stages.count_episodes,
            on_stage=stages.show,
        )
    print(f"The page: {report.page} ({report.page.stat().st_size / 1e6:.1f} MB)")
    print(f"Its tables: {report.markdown}\nFor programs: {report.results}")


def _film(options: argparse.Namespace) -> None:
    from vlm_gym.evaluation.report.film import film_episode

    played = film_episode(options.folder, options.episode, options.out, options.seconds)
    print(f"The film: {options.out} ({len(played.turns)} turns, {options.out.stat().st_size / 1e6:.1f} MB)")


def _film_file(text: str) -> Path:
    if not text.lower().endswith((".gif", ".mp4")):
        raise argparse.ArgumentTypeError(f"must be the name of a .gif or .mp4 file, got {text}")
    return Path(text)


def _html(text: str) -> Path:
    if not text.lower().endswith(".html"):
        raise argparse.ArgumentTypeError(f"must be the name of an .html file, got {text}")
    return Path(text)
