"""Replies that come packed, though not asked for, unpacked as far as they fit into memory."""

import importlib
import zlib
from typing import Any, Final

from vlm_gym.errors import AgentError, AgentRefusedError, MissingDependencyError
from vlm_gym.evaluation.models.endpoint_errors import PassingFailureError, clean
from vlm_gym.installation import install_hint

GZIP_START: Final = b"\x1f\x8b"  # no JSON begins like this
GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
NO_HEADER: Final = -zlib.MAX_WBITS  # what some servers call "deflate"


def unpacked(data: bytes, encodings: str, max_bytes: int) -> bytes:
    """Return the body of a reply as it was before it was packed.

    Args:
        data: The body as it came.
        encodings: What the header Content-Encoding says, empty for nothing.
        max_bytes: The most bytes that it may have.

    Raises:
        PassingFailureError: if it is damaged.
        AgentError: if it is longer.
        AgentRefusedError: if it is packed in a way that nothing here can unpack.
        MissingDependencyError: if that needs another package.
    """
    names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
    for name in reversed(names):
        if data.lstrip()[:1] in (b"{", b"["):  # JSON, whatever the header says
            return data
        data = _unpacked(data, name, max_bytes)
    return _inflated(data, GZIP_OR_ZLIB, max_bytes) if data.startswith(GZIP_START) else data


def _unpacked(data: bytes, name: str, max_bytes: int) -> bytes:
    if name == "identity" or not data:
        return data
    if name in ("gzip", "x-gzip"):
        return _inflated(data, GZIP_OR_ZLIB, max_bytes)
    if name == "deflate":
        try:
            return _inflated(data, GZIP_OR_ZLIB, max_bytes)
        except PassingFailureError:
            return _inflated(data, NO_HEADER, max_bytes)
    if name == "br":
        return _brotli(data, max_bytes)
    raise AgentRefusedError(
        f"the endpoint packs its replies as {clean(name)!r}, though not asked to: turn it off there"
    )


def _inflated(data: bytes, window: int, max_bytes: int) -> bytes:
    machine = zlib.decompressobj(window)
    try:
        text = machine.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise PassingFailureError(f"the reply is packed, and damaged: {error}") from error
    _check_length(text, max_bytes)
    if not machine.eof:
        raise PassingFailureError("the reply is packed, and breaks off")
    return text


def _brotli(data: bytes, max_bytes: int) -> bytes:
    try:
        brotli: Any = importlib.import_module("brotli")
    except ImportError as error:
        raise MissingDependencyError(
            f"the endpoint packs its replies with br, though not asked to: {install_hint('eval')}"
        ) from error
    machine = brotli.Decompressor()
    text = bytearray()
    try:
        text += machine.process(data, output_buffer_limit=max_bytes + 1)
        while not machine.can_accept_more_data() and len(text) <= max_bytes:
            text += machine.process(b"", output_buffer_limit=max_bytes + 1 - len(text))
    except brotli.error as error:
        raise PassingFailureError(f"the reply is packed, and damaged: {error}") from error
    _check_length(text, max_bytes)
    if not machine.is_finished():
        raise PassingFailureError("the reply is packed, and breaks off")
    return bytes(text)


def _check_length(text: bytes | bytearray, max_bytes: int) -> None:
    if len(text) > max_bytes:
        raise AgentError(f"the endpoint's reply is longer than {max_bytes} bytes")
