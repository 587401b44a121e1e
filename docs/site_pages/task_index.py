"""The page that lists all task families, and the pages of the families."""

from pathlib import Path

from site_pages.families import Family, families, is_at_hand, short
from site_pages.pictures import first_picture, write_png
from site_pages.task_page import task_page
from site_pages.written import forget_others, write_if_new
from vlm_gym.render.sheet import contact_sheet

COLUMNS = 3


def write(folder: Path) -> None:
    """Write the pages and their pictures into a folder."""
    kept = {folder / "index.md"}
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    found = families()
    for family in found:
        write_if_new(folder / f"{family.page}.md", task_page(family, pictures))
        kept.add(folder / f"{family.page}.md")
    _overview(found, pictures / "all.png")
    write_if_new(folder / "index.md", _index(found))
    forget_others(folder, kept | set(pictures.iterdir()))


def _overview(found: tuple[Family, ...], path: Path) -> None:
    shown = [task for family in found for task in family.shown if is_at_hand(task)]
    sheet = contact_sheet([first_picture(task) for task in shown], [short(task) for task in shown], COLUMNS)
    write_png(sheet, path)


def _index(found: tuple[Family, ...]) -> str:
    rows = [f"| [{family.title}]({family.page}.md) | {family.tasks[0].summary} | {_ids(family)} |" for family in found]
    pages = "\n".join(family.page for family in found)
    table = "\n".join(["| family | the player | ids |", "|---|---|---|", *rows])
    return f"""\
# Tasks

A page for each family, written when this site is built, from the class, the registry and the pictures themselves.

![The tasks](pictures/all.png)

{table}

What all of them have in common, `info`, arguments, oracles: [the environments](../environments.md).

```{{toctree}}
:hidden:

{pages}
```
"""


def _ids(family: Family) -> str:
    return ", ".join(f"`{short(task)}`" for task in family.tasks if not task.level)
