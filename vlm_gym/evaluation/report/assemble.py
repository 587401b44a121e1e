"""A page put together: one file of HTML with its style, its script and all data, which asks the network for nothing.

A model wrote part of the data, so none of it stands in the page as HTML: the index is JSON in an inert script element
with `<`, `>` and `&` escaped, all longer texts are compressed and in base64, and the script builds the page from text
nodes alone. A content security policy allows that one script, by its hash, and lets nothing be loaded.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any, Final

SCRIPTS: Final = (
    "dom", "data", "pictures", "marks", "copy", "tables", "columns", "summary", "charts", "ladders",
    "comparison", "runs", "texts", "request", "turn", "viewer", "filters", "episodes", "address", "main",
)  # fmt: skip
STYLES: Final = ("base", "tables", "charts", "episodes", "turn", "paper")
ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # json.dumps escapes all that is not ASCII itself


def assemble(
    title: str,
    data: Mapping[str, Any],
    chunks: Mapping[str, str],
    *,
    more_scripts: Sequence[str] = (),
    policy: str = "; img-src data:",
) -> str:
    """Put a page together.

    Args:
        title: Its title.
        data: What it tells, plain values.
        chunks: Texts in base64, or other texts without any character that HTML gives a meaning, by name.
        more_scripts: Names of scripts that it needs besides, before the last one.
        policy: What its content security policy lets it do besides.
    """
    assets = files("vlm_gym.evaluation.report") / "assets"
    script = '"use strict";\n' + "\n".join(
        (assets / f"{name}.js").read_text("utf-8") for name in (*SCRIPTS[:-1], *more_scripts, SCRIPTS[-1])
    )
    style = "\n".join((assets / f"{name}.css").read_text("utf-8") for name in STYLES)
    parts = {
        "policy": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        f"base-uri 'none'; form-action 'none'{policy}",
        "title": escape(title.encode("utf-8", "replace").decode("utf-8")),
        "style": style,
        "data": _inert(json.dumps(data, allow_nan=False)),
        "script": script,
        "chunks": "\n".join(_chunk(name, text) for name, text in chunks.items()),
    }
    before, *pieces = (assets / "page.html").read_text("utf-8").split("{{")
    filled = [before]
    for piece in pieces:  # one pass: what is filled in is not searched for places again
        name, after = piece.split("}}", 1)
        filled += [parts[name], after]
    return "".join(filled)


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _inert(text: str) -> str:
    for character, escaped in ESCAPES.items():
        text = text.replace(character, escaped)
    return text


def _chunk(name: str, text: str) -> str:
    return f'<script type="text/plain" id="{name}">{text}</script>'
