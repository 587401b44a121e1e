"""Every level of every ladder with its floor and ceiling, from the registry, as the tables of docs/headroom.md.

python -m benchmarks.level_tables            # prints them
python -m benchmarks.level_tables --write    # puts them into the page
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from vlm_gym.evaluation.scores.statistics import percent
from vlm_gym.ladders import AXES, ladders
from vlm_gym.registration import NAMESPACE
from vlm_gym.task import Task

LEAST_SHARE: Final = 0.0001  # with two decimals of a percent; smaller ones are told by their first two digits
PAGE: Final = Path(__file__).parents[1] / "docs" / "headroom.md"
BEGIN: Final = "<!-- The tables down to the end of this list: python -m benchmarks.level_tables --write -->"
END: Final = "<!-- end of the list -->"


def tables() -> str:
    """Return a table for each axis: the levels of its ladders, one after the other."""
    return "\n".join(line for axis, ability in AXES.items() for line in _table(axis, ability))


def written_into(page: str) -> str:
    """Return the page with the tables of now in it."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{rest.split(END)[1]}"


def _table(axis: str, ability: str) -> Iterator[str]:
    rows = [task for ladder in ladders(axis) for task in ladder.tasks]
    has_searcher = any(task.searcher_by_type for task in rows)
    head = ("id", "turns", "floor", *(("searcher",) if has_searcher else ()), "ceiling", "what the player meets")
    yield from (f"**{axis.capitalize()}**: {ability}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|")
    for task in rows:
        searcher = (_searcher(task),) if has_searcher else ()
        figures = (str(task.turns()), _floor(task), *searcher, percent(task.best_success))
        yield f"| `{task.id.removeprefix(NAMESPACE)}` | {' | '.join(figures)} | {task.summary} |"
    yield ""


def _floor(task: Task) -> str:
    share = task.random_success
    is_tiny = share is not None and 0 < share < LEAST_SHARE
    told = np.format_float_positional(100 * share, 2, fractional=False) if is_tiny else percent(share)
    return f"~{told}" if task.is_random_measured else told


def _searcher(task: Task) -> str:
    """Return how often a player succeeds that knows only what it has seen, over the kinds of starts."""
    shares = sorted(task.searcher_by_type.values())
    if not shares:
        return ""
    least, most = percent(shares[0]), percent(shares[-1])
    return least if least == most else f"{least}-{most}"


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put them into docs/headroom.md")
    if parser.parse_args().write:
        PAGE.write_text(written_into(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(tables())


if __name__ == "__main__":
    main()
