"""Pictures as PNG."""

import struct
import zlib
from typing import Final

import numpy as np

from vlm_gym.errors import ConfigError
from vlm_gym.render.canvas import Picture

LEVEL: Final = 3  # level 9 saves 15 % of the bytes and takes ten times as long
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
EIGHT_BIT_RGB: Final = (8, 2, 0, 0, 0)  # depth, colour type, and the standard's only compression, filters, no interlace


def png_bytes(picture: Picture) -> bytes:
    """Encode a picture, (height, width, 3) uint8, as PNG: always the same bytes for the same picture.

    Rows are compressed as they are. PNG's filters, made for photographs, double the bytes of our drawings, and OpenCV's
    encoder, which cannot leave them out, takes four times as long.

    Source: "Portable Network Graphics Specification", third edition, W3C 2025, section 11.2.
    """
    check_picture(picture)
    height, width, _ = picture.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row starts with its filter: 0 is none
    rows[:, 1:] = picture.reshape(height, -1)
    header = struct.pack(">II5B", width, height, *EIGHT_BIT_RGB)
    data = zlib.compress(rows.data, LEVEL)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def check_picture(picture: object) -> None:
    """Raise ConfigError unless this is a picture, (height, width, 3) uint8."""
    if not isinstance(picture, np.ndarray):
        raise ConfigError(f"a picture must be an array, (height, width, 3) uint8, got {picture!r}")
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise ConfigError(f"a picture must be (height, width, 3) uint8, got {picture.shape} {picture.dtype}")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
