"""The command `results`."""

import argparse
import json
import re
from pathlib import Path
from typing import Any, Final

from vlm_gym.cli.arguments import add_command, write_file
from vlm_gym.errors import ConfigError

FOLDER: Final = Path("results")
PAGE: Final = Path("docs/results.md")
NO_FILE_NAME: Final = re.compile(r"[^\w.=-]+")


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "results",
        _results,
        "keep a row of the results, or write their page",
        "vlm-gym results add runs/mine --by 'Ada Lovelace'      # checks the run, and writes results/PANEL/AGENT.json\n"
        "  vlm-gym results page                                   # writes docs/results.md from all rows\n\n"
        "A row is a whole run of a published panel, or of all episodes of some of its tasks, with answers of its own.",
    )
    command.add_argument("action", choices=("add", "page"), metavar="ACTION", help="add or page")
    command.add_argument("run_folder", nargs="?", type=Path, metavar="RUN", help="to add: the run's folder")
    command.add_argument("--by", metavar="NAME", help="to add: who measured it")
    command.add_argument(
        "--command", metavar="TEXT", help="to add: the command that measures it again (default: the run's own)"
    )
    command.add_argument("--note", metavar="TEXT", help="to add: what else a reader should know, in a sentence")
    command.add_argument("--name", metavar="NAME", help="to add: the agent's name in the table (default: the run's)")
    command.add_argument("--replace", action="store_true", help="to add: in place of the row that is there")
    command.add_argument(
        "--folder", type=Path, default=FOLDER, metavar="FOLDER", help="where the rows are (default: %(default)s)"
    )
    command.add_argument("--out", type=Path, metavar="FILE", help=f"the page, a file of Markdown (default: {PAGE})")


def _results(options: argparse.Namespace) -> None:
    adding = ("run_folder", "by", "command", "note", "name")
    if options.action == "page":
        given = [name for name in adding if getattr(options, name) is not None] + ["replace"] * options.replace
        if given:
            raise ConfigError(f"{', '.join(given)} belong to `vlm-gym results add`: `page` takes --folder and --out")
        _write_page(options.folder, options.out or PAGE)
        return
    if options.out is not None:
        raise ConfigError("--out belongs to `vlm-gym results page`: `add` writes into --folder")
    if options.run_folder is None or options.by is None:
        raise ConfigError("expected the folder of a run and who measured it: vlm-gym results add RUN --by NAME")
    _add(options)


def _add(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from vlm_gym.evaluation.runs.played import read_played_run
    from vlm_gym.evaluation.scores.entry import entry_of, to_text

    run = read_played_run(options.run_folder)
    entry = entry_of(run, measured_by=options.by, command=options.command, note=options.note or "")
    if options.name is not None:
        entry = replace(entry, agent=options.name)
    tasks = "" if entry.is_whole else "-" + "-".join(sorted(name.partition(" ")[0] for name in entry.tasks))
    path = options.folder / _file_name(entry.panel) / f"{_file_name(entry.agent + tasks)}.json"
    if path.exists() and not options.replace:
        raise ConfigError(f"{path} is there already: --replace writes over it, --name gives the row another name")
    text = to_text(entry)
    write_file(path, lambda draft: draft.write_text(text, encoding="utf-8"))
    print(f"The row: {path}\n`vlm-gym results page` writes the page again")


def _write_page(rows: Path, out: Path) -> None:
    from vlm_gym.evaluation.report.leaderboard import PUBLISHED, read_entries, render_results

    published = rows / PUBLISHED
    papers = json.loads(published.read_text(encoding="utf-8")) if published.exists() else ()
    entries = read_entries(rows)
    text = render_results(entries, papers)
    write_file(out, lambda draft: draft.write_text(text, encoding="utf-8"))
    print(f"The page: {out} ({len(entries)} rows)")


def _file_name(text: str) -> str:
    return NO_FILE_NAME.sub("-", text).strip("-.") or "-"
