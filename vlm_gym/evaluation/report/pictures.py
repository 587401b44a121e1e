"""The pictures of a page: each once, in few colours, and of an episode's pictures only what changed, within a budget.

Pictures of one task share a palette, so that a picture is a byte a pixel, and fitting it to the palette takes a fifth
of the time that finding a palette for it would take. The first picture of a task is kept whole. An episode's first
picture is kept as what differs from that one, and each further one as what differs from the picture before: the rows
between the first and the last change, with 0 where a pixel stays as it was. Deflated, all of that takes about 1 kB a
picture of a points game, 4 kB of a hand of cards and 7 kB of a household task.
Photographs, which no palette suits, are kept one by one, as lossy WebP.
"""

import base64
import io
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vlm_gym.evaluation.runs.run_folder import picture_path

NUM_COLORS: Final = 255  # of a task; 0 says that a pixel stays as it was
PHOTO_ERROR: Final = 3.0  # of 255: a palette misses drawings by 1 in the mean, photographs by 4 and more
NUM_TRIED: Final = 4  # of the sampled pictures, on which a palette is tried
PHOTO_QUALITY: Final = 70
NUM_SAMPLED: Final = 24  # pictures of a task from which its palette is made
SAMPLED_WIDTH: Final = 400  # pixels of a sampled picture's side at most: a palette needs no more
MAX_IN_STRIP: Final = 64  # pictures that a browser lays over each other to draw the last one
LEVEL: Final = 4  # level 6 saves 8 % of the bytes and takes half as long again

Pixels = NDArray[np.uint8]


class Place(NamedTuple):
    """Where a picture is: number of the strip, and of the picture in it."""

    strip: int
    place: int


@dataclass(frozen=True)
class Strip:
    """Pictures of one size that follow each other.

    Attributes:
        width, height: Of each, in pixels.
        palette: Number of the palette.
        base: Number of the strip with whose first picture these begin; None if they begin with nothing.
        bands: Of each picture the first row that is kept, and how many are.
        data: The kept rows of all of them, a byte a pixel, deflated, in base64: 0 for a pixel as in the picture before,
            else 1 + the colour's place in the palette.
    """

    width: int
    height: int
    palette: int
    base: int | None
    bands: tuple[tuple[int, int], ...]
    data: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Photo:
    """A picture by itself: a WebP file in base64."""

    photo: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return dict(vars(self))


class Pictures:
    """Collects the pictures of a page.

    `strips` hold them, `palettes` are RGB bytes in base64, `places` says where a picture of a name is; those that are
    neither in the runs' folders nor within the budget are not there.

    Args:
        budget: The most characters of all strips' data together.
    """

    def __init__(self, budget: int) -> None:
        self.strips: list[Strip | Photo] = []
        self.palettes: list[str] = []
        self.places: dict[str, Place] = {}
        self.missing: set[str] = set()
        self.is_full = False
        self._budget = budget
        self._palette_images: list[Image.Image] = []
        self._bases: dict[tuple[int, tuple[int, ...]], tuple[int, Pixels]] = {}

    def add_palette(self, folder: Path, names: Sequence[str]) -> int | None:
        """Make a palette that suits a sample of pictures; return its number, None if they are photographs."""
        sample = names[:: max(1, len(names) // NUM_SAMPLED)][:NUM_SAMPLED]
        opened = [picture for picture in (_open(folder, name) for name in sample) if picture is not None]
        palette = _stacked(opened).quantize(NUM_COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        if _error(opened[:NUM_TRIED], palette) > PHOTO_ERROR:
            return None
        self._palette_images.append(palette)
        self.palettes.append(base64.b64encode(bytes(palette.getpalette() or ())).decode("ascii"))
        return len(self.palettes) - 1

    def add(self, folder: Path, names: Iterable[str], palette: int | None) -> None:
        """Add an episode's pictures from a run's folder, unless they are there or the budget is used up."""
        group: list[tuple[str, Pixels]] = []
        for name in () if self.is_full else dict.fromkeys(names):
            if name in self.places:
                continue
            picture = _open(folder, name)
            if picture is None:
                self.missing.add(name)
                continue
            if palette is None:
                self._keep_photo(name, picture)
                continue
            pixels = self._fitted(picture, palette)
            if group and (pixels.shape != group[0][1].shape or len(group) == MAX_IN_STRIP):
                self._keep(group, palette)
                group = []
            group.append((name, pixels))
        if group and palette is not None:
            self._keep(group, palette)

    def _fitted(self, picture: Image.Image, palette: int) -> Pixels:
        return np.asarray(_fit(picture, self._palette_images[palette]), np.uint8) + np.uint8(1)

    def _keep_photo(self, name: str, picture: Image.Image) -> None:
        file = io.BytesIO()
        picture.save(file, format="WEBP", quality=PHOTO_QUALITY, method=2)
        data = base64.b64encode(file.getvalue()).decode("ascii")
        if self._takes(data):
            self.places[name] = Place(len(self.strips), 0)
            self.strips.append(Photo(data))

    def _takes(self, data: str) -> bool:
        """Take an amount of data off the budget; nothing more is taken once something does not fit."""
        self.is_full = self.is_full or len(data) > self._budget
        if not self.is_full:
            self._budget -= len(data)
        return not self.is_full

    def _keep(self, group: Sequence[tuple[str, Pixels]], palette: int) -> None:
        first = group[0][1]
        base, before = self._bases.get((palette, first.shape), (None, None))
        kept = _changes(before, [pixels for _, pixels in group])
        data = base64.b64encode(zlib.compress(b"".join(rows.tobytes() for _, rows in kept), LEVEL)).decode("ascii")
        if not self._takes(data):
            return
        for i, (name, _) in enumerate(group):
            self.places[name] = Place(len(self.strips), i)
        if base is None:
            self._bases[palette, first.shape] = len(self.strips), first
        height, width = first.shape
        bands = tuple((top, len(rows)) for top, rows in kept)
        self.strips.append(Strip(width, height, palette, base, bands, data))


def _error(pictures: Sequence[Image.Image], palette: Image.Image) -> float:
    """Return by how much the colours of a palette miss those of pictures, in the mean."""
    errors = [
        np.abs(np.asarray(_fit(picture, palette).convert("RGB"), np.int16) - np.asarray(picture)).mean()
        for picture in pictures
    ]
    return float(np.mean(errors)) if errors else 0.0


def _fit(picture: Image.Image, palette: Image.Image) -> Image.Image:
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _changes(before: Pixels | None, pictures: Sequence[Pixels]) -> list[tuple[int, Pixels]]:
    """Return of each picture the first row that is kept, and the kept rows."""
    kept = []
    for after in pictures:
        if before is None:
            kept.append((0, after))
        else:
            is_new = before != after
            rows = np.flatnonzero(is_new.any(axis=1))
            band = slice(int(rows[0]), int(rows[-1]) + 1) if rows.size else slice(0, 0)
            kept.append((band.start, after[band] * is_new[band]))
        before = after
    return kept


def _open(folder: Path, name: str) -> Image.Image | None:
    """Return a picture; None if it is not there or broken."""
    try:
        with Image.open(picture_path(folder, name)) as picture:
            picture.load()
            return picture if picture.mode == "RGB" else picture.convert("RGB")
    except (OSError, SyntaxError, ValueError):  # SyntaxError is how Pillow names a broken PNG
        return None


def _stacked(pictures: Sequence[Image.Image]) -> Image.Image:
    """Lay pictures, or the corners of large ones, below each other."""
    stack = Image.new("RGB", (SAMPLED_WIDTH, SAMPLED_WIDTH * max(1, len(pictures))))
    for i, picture in enumerate(pictures):
        stack.paste(_small(picture), (0, i * SAMPLED_WIDTH))
    return stack


def _small(picture: Image.Image) -> Image.Image:
    step = -(-max(picture.size) // SAMPLED_WIDTH)
    return (
        picture
        if step == 1
        else picture.resize((max(1, picture.width // step), max(1, picture.height // step)), Image.Resampling.NEAREST)
    )
