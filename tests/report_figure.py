"""Writes the README's figure of the report: `python tests/report_figure.py REPORT.html#ADDRESS FIGURE.png`.

The address is that of a turn, as the page writes it. The figure shows the scores on a light ground, and the turn.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

from browser import launch, look_like
from PIL import Image

GAP = 24
GROUND = (226, 228, 224)
HIDDEN = "for (const id of ['comparison', 'runs', 'footer']) document.getElementById(id).style.display = 'none'"


def main():
    """Take the two pictures, and put them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", help="the report, with the address of a turn: report.html#run=..&episode=..&turn=..")
    parser.add_argument("figure", type=Path)
    parser.add_argument("--width", type=int, default=1400, help="of each picture")
    parser.add_argument("--height", type=int, default=1400)
    options = parser.parse_args()
    path, _, address = options.page.partition("#")
    with tempfile.TemporaryDirectory() as profile:
        driver = launch(profile)
        try:
            views = [
                take(driver, f"{Path(path).resolve().as_uri()}#{address}", selector, options)
                for selector in (".top", "#episodes")
            ]
        finally:
            driver.quit()
    figure = Image.new("RGB", (2 * options.width + GAP, options.height), GROUND)
    for i, view in enumerate(views):
        figure.paste(view, (i * (options.width + GAP), 0))
    figure.save(options.figure, optimize=True)


def take(driver, address, selector, options):
    """Return the part of the page that begins at an element."""
    look_like(driver, width=options.width, height=options.height, is_dark=selector == "#episodes")
    driver.get("about:blank")
    driver.get(address)
    while not driver.execute_script("return document.documentElement.dataset.ready"):
        time.sleep(0.05)
    driver.execute_script(HIDDEN)
    driver.execute_script("document.querySelector(arguments[0]).scrollIntoView()", selector)
    time.sleep(0.5)  # the picture of the turn is decoded
    return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")


if __name__ == "__main__":
    main()
