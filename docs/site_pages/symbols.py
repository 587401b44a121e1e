"""The symbol key of the household pictures, drawn by what draws the pictures."""

from pathlib import Path
from typing import Final

from PIL import Image

from site_pages.pictures import begin, write_png
from vlm_gym.prompts.household import SYMBOLS
from vlm_gym.render.household.palette import read_home_theme
from vlm_gym.render.household.sprites import object_sprite
from vlm_gym.task import Task

ICON: Final = 72
STATES: Final = (
    ("", "apple", "an object as it is"),
    ("hot", "apple", "hot: orange steam above it"),
    ("cold", "apple", "cold: a white snowflake on a blue disc"),
    ("clean", "apple", "clean: a yellow sparkle"),
    ("sliced", "apple", "sliced: in pieces"),
    ("", "desklamp", "a lamp that is off"),
    ("toggled", "desklamp", "the lamp switched on: it shines"),
    ("hot sliced", "potato", "several at once: hot and sliced"),
)
FLAGS: Final = ("hot", "cold", "clean", "sliced", "toggled")
LARGE: Final = 600
NUM_MOVES: Final = 3


def symbol_key(task: Task, folder: Path) -> str:
    """Draw the symbols into a folder named "pictures", and return the key in Markdown."""
    look = read_home_theme("classic")
    rows = []
    for states, kind, meaning in STATES:
        flags = {f"is_{name}": name in states.split() for name in FLAGS}
        icon = Image.fromarray(object_sprite(kind, ICON, look, **flags))
        path = folder / f"symbol-{'-'.join([*states.split(), kind])}.png"
        sheet = Image.new("RGB", icon.size, look.wall)
        sheet.paste(icon, (0, 0), icon)
        write_png(sheet, path)
        rows.append(f"| ![{meaning}](pictures/{path.name}) | {meaning} |")
    _home(task, folder / "symbols-home.png")
    table = "\n".join(["| picture | meaning |", "|---|---|", *rows])
    return f"""\
The prompt explains it since -v1, in these words:

```text
{SYMBOLS}
```

![A home with the agent at a piece of furniture](pictures/symbols-home.png)

{table}

Every object, state and piece of furniture, large and as small as it is drawn in a room:

![All symbols of the household pictures](../figures/gallery.png)
"""


def _home(task: Task, path: Path) -> None:
    """Write a large picture of a home in which the agent stands at something."""
    env, picture, _ = begin(task, image_size=LARGE, parser="json")
    for _ in range(NUM_MOVES):
        picture, *_ = env.step(env.get_wrapper_attr("answer")(env.unwrapped.oracle_action()))
    write_png(Image.fromarray(picture), path)
