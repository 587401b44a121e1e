"""The pictures of a page: each once, an episode's one below the other in a strip, within a budget.

An episode's pictures have most of their pixels in common, so that a strip of them takes a fifth of the bytes of single
files: about 2 kB a picture of a household task and 1 kB of a card game.
"""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from vlm_gym.evaluation.runs.run_folder import picture_path

NUM_COLORS: Final = 128  # of a strip; the drawn pictures look the same with so many
MAX_STRIP_HEIGHT: Final = 16_383  # WebP's limit
EFFORT: Final = 80  # above 75 the encoder looks for repetitions far enough up the strip
METHOD: Final = 2  # higher ones take longer and save nothing here


@dataclass(frozen=True)
class Place:
    """Where a picture is: number of the strip, and pixels in it."""

    strip: int
    top: int
    width: int
    height: int


class Pictures:
    """Collects the pictures of a page.

    `strips` are WebP files in base64, `places` says where a picture of a name is; those that are neither in the runs'
    folders nor within the budget are not there.

    Args:
        budget: The most characters of all strips together.
    """

    def __init__(self, budget: int) -> None:
        self.strips: list[str] = []
        self.places: dict[str, Place] = {}
        self.missing: set[str] = set()
        self.is_full = False
        self._budget = budget

    def add(self, folder: Path, names: Iterable[str]) -> None:
        """Add an episode's pictures from a run's folder, unless they are there or the budget is used up."""
        opened = [] if self.is_full else [(name, self._open(folder, name)) for name in dict.fromkeys(names)]
        group: list[tuple[str, Image.Image]] = []
        for name, picture in opened:
            if picture is None:
                continue
            if group and (picture.size != group[0][1].size or (len(group) + 1) * picture.height > MAX_STRIP_HEIGHT):
                self._keep(group)
                group = []
            group.append((name, picture))
        if group:
            self._keep(group)

    def _open(self, folder: Path, name: str) -> Image.Image | None:
        if name in self.places:
            return None
        try:
            with Image.open(picture_path(folder, name)) as picture:
                return picture.convert("RGB")
        except (OSError, SyntaxError, ValueError):  # SyntaxError is how Pillow names a broken PNG
            self.missing.add(name)
            return None

    def _keep(self, group: list[tuple[str, Image.Image]]) -> None:
        width, height = group[0][1].size
        strip = Image.new("RGB", (width, height * len(group)))
        for i, (_, picture) in enumerate(group):
            strip.paste(picture, (0, height * i))
        text = _encode(strip)
        if len(text) > self._budget:
            self.is_full = True
            return
        self._budget -= len(text)
        for i, (name, _) in enumerate(group):
            self.places[name] = Place(len(self.strips), height * i, width, height)
        self.strips.append(text)


def _encode(strip: Image.Image) -> str:
    few_colors = strip.quantize(NUM_COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGB")
    file = io.BytesIO()
    few_colors.save(file, format="WEBP", lossless=True, quality=EFFORT, method=METHOD)
    return base64.b64encode(file.getvalue()).decode("ascii")
