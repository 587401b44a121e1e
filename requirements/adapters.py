"""Write what ran of the adapters to agent frameworks into the table of docs/adapters.md: the end of `make adapters`.

It reads what the tests left in each environment (ran.xml) and which packages are installed there.
"""

import argparse
import configparser
import re
import sys
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "adapters.md"
BEGIN, END = "<!-- what ran -->", "<!-- end of what ran -->"
HEAD = "| extra | packages | Python | tests | on |\n|---|---|---|---|---|\n"
ROW = re.compile(r"\| `(\w+)` \| (.+) \| (3\.\d+\.\d+) \| (\d+) \| (20\d\d-\d\d-\d\d) \|")


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the environments are, one a framework")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the table stands (default: docs/adapters.md)")
    arguments = parser.parse_args()
    ran = {path.parent.name.rpartition("-")[0]: path.parent for path in arguments.folder.glob("*/ran.xml")}
    rows = {name: row(name, folder) for name, folder in ran.items()}
    text = arguments.page.read_text(encoding="utf-8")
    arguments.page.write_text(with_rows(text, rows), encoding="utf-8")
    print("".join(f"{line}\n" for line in rows.values()), end="")
    return 0


def row(name: str, folder: Path) -> str:
    """Return the line of a framework whose tests all passed in the environment of a folder."""
    suites = ElementTree.parse(folder / "ran.xml").getroot()
    suite = suites if suites.tag == "testsuite" else suites[0]
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    passed = int(suite.get("tests", 0)) - failed - int(suite.get("skipped", 0))
    if failed or not passed:
        raise SystemExit(f"the tests of {name} did not pass: {failed} failed, {passed} passed; make test-{name}")
    (python,) = re.findall(r"^version = (\S+)", (folder / "pyvenv.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    on = suite.get("timestamp", "")[: len("2026-11-29")]
    return f"| `{name}` | {', '.join(packages(name, folder))} | {python} | {passed} | {on} |"


def packages(name: str, folder: Path) -> Iterable[str]:
    """Return the packages of the extra as they are installed there."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    named = re.findall(r"^[\w-]+", setup["options.extras_require"][name], re.MULTILINE)
    installed = distributions(path=[str(path) for path in folder.glob("lib/*/site-packages")])
    found = {each.name.lower().replace("_", "-"): each.version for each in installed}
    return [f"{package} {found[package]}" for package in named]


def with_rows(text: str, rows: dict[str, str]) -> str:
    """Return a page with new lines in its table; of what did not run now, the line stays."""
    before, _, rest = text.partition(BEGIN)
    table, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"the page must hold the lines {BEGIN} and {END}")
    kept = {match[1]: match[0] for match in ROW.finditer(table)}
    lines = "".join(f"{line}\n" for _, line in sorted({**kept, **rows}.items()))
    return f"{before}{BEGIN}\n\n{HEAD}{lines}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
