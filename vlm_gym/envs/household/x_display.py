"""Whether an X server answers at a display, and can draw with OpenGL: asked in its own protocol, with a time limit.

Unity's player of AI2-THOR 2.1.0 needs both. Where they are missing, it waits for ever and says nothing.
"""

import os
import re
import socket
import struct
from pathlib import Path
from typing import Final

TIMEOUT_S: Final = 5.0

_DISPLAY: Final = re.compile(r"(?P<host>[^:]*):(?P<number>\d+)(?:\.\d+)?")
_SOCKETS: Final = "/tmp/.X11-unix/X"  # noqa: S108 - where X servers listen
_FIRST_PORT: Final = 6000
_COOKIE: Final = b"MIT-MAGIC-COOKIE-1"
_QUERY_EXTENSION: Final = 98
_ACCEPTED, _IS_REPLY = 1, 1


def problem_with(display: str, timeout_s: float = TIMEOUT_S) -> str | None:
    """Return what is wrong with a display, in words, or None if an X server with GLX answers there."""
    match = _DISPLAY.fullmatch(display)
    if match is None:
        return f"{display!r} is not the name of an X display, such as ':0'"
    try:
        with _connect(match["host"], int(match["number"]), timeout_s) as server:
            return _ask(server, match["number"])
    except OSError as error:
        return f"no X server answers at the display {display!r} ({error})"


def _connect(host: str, number: int, timeout_s: float) -> socket.socket:
    if host not in ("", "unix"):
        return socket.create_connection((host, _FIRST_PORT + number), timeout_s)
    server = socket.socket(socket.AF_UNIX)
    server.settimeout(timeout_s)
    try:
        server.connect(f"{_SOCKETS}{number}")
    except OSError:
        server.close()
        raise
    return server


def _ask(server: socket.socket, number: str) -> str | None:
    """Introduce ourselves and ask for GLX."""
    cookie = _cookie(number)
    name = _COOKIE if cookie else b""
    server.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(name), len(cookie)) + _padded(name) + _padded(cookie))
    status, reason_length, length = struct.unpack("<BB4xH", _read(server, 8))
    rest = _read(server, 4 * length)
    if status != _ACCEPTED:
        return f"the X server refuses us: {rest[:reason_length].decode(errors='replace').strip()}"
    query = _padded(b"GLX")
    server.sendall(struct.pack("<BxHHxx", _QUERY_EXTENSION, 2 + len(query) // 4, len(b"GLX")) + query)
    kind, is_present = struct.unpack("<B7xB23x", _read(server, 32))
    return None if kind == _IS_REPLY and is_present else "the X server has no GLX: it cannot draw with OpenGL"


def _read(server: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        chunk = server.recv(length - len(data))
        if not chunk:
            raise ConnectionError("it closed the connection")
        data += chunk
    return data


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _cookie(number: str) -> bytes:
    """Return the password for a display from the user's file of them; empty where there is none."""
    file = Path(os.environ.get("XAUTHORITY") or "~/.Xauthority").expanduser()
    try:
        data = file.read_bytes()
    except OSError:
        return b""
    while len(data) > 2:
        fields, data = [], data[2:]  # after the family of the address
        for _ in range(4):
            length = int.from_bytes(data[:2], "big")
            fields.append(data[2 : 2 + length])
            data = data[2 + length :]
        _, display, name, cookie = fields
        if display in (b"", number.encode()) and name == _COOKIE:
            return cookie
    return b""
