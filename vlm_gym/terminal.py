"""Pictures in a terminal, where it can show them.

Two protocols are in use: kitty's (kitty, Ghostty, Konsole) and iTerm2's (iTerm2, WezTerm, VS Code). A terminal is
recognised by the variables that it sets.
"""

import base64
from collections.abc import Mapping
from typing import Final, Literal

from vlm_gym.render.canvas import Picture
from vlm_gym.render.encode import png_bytes

Protocol = Literal["kitty", "iterm2"]

KITTY_CHUNK: Final = 4096  # bytes of base64 in one escape sequence, the protocol's maximum
ITERM2_PROGRAMS: Final = ("iTerm.app", "WezTerm", "vscode")


def picture_protocol(environ: Mapping[str, str], *, is_terminal: bool) -> Protocol | None:
    """Return the protocol that this terminal speaks, or None: then write the picture to a file."""
    if not is_terminal or "TMUX" in environ:
        return None
    if "KITTY_WINDOW_ID" in environ or environ.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    if environ.get("TERM_PROGRAM") in ITERM2_PROGRAMS:
        return "iterm2"
    return None


def inline(picture: Picture, protocol: Protocol) -> str:
    """Return the escape sequences that show a picture."""
    data = png_bytes(picture)
    payload = base64.b64encode(data).decode("ascii")
    if protocol == "iterm2":
        return f"\x1b]1337;File=inline=1;size={len(data)}:{payload}\a"
    chunks = [payload[i : i + KITTY_CHUNK] for i in range(0, len(payload), KITTY_CHUNK)]
    last = len(chunks) - 1
    return "".join(
        f"\x1b_G{'a=T,f=100,' if i == 0 else ''}m={int(i < last)};{chunk}\x1b\\" for i, chunk in enumerate(chunks)
    )
