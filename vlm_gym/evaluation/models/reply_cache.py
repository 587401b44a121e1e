"""A folder that keeps the answers of an endpoint, so that none is paid for twice.

Only answers are kept, never failures. An entry of an earlier version does not say how its answer ended: an empty one
may have been a server's failure, so it is asked for again.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Final

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agents import Reply
from vlm_gym.files import write_whole

KEPT: Final = ("text", "prompt_tokens", "completion_tokens", "is_cut_off")
ADDED: Final = ("finish_reason", "reasoning", "model", "request_id")
"""What entries of earlier versions lack."""

logger = logging.getLogger(__name__)


def request_key(url: str, body: bytes, draw: int) -> str:
    """Return the name of a request, 64 hex digits; two with the same body have different names if `draw` differs."""
    digest = hashlib.sha256(json.dumps([url, draw]).encode("ascii"))
    digest.update(body)
    return digest.hexdigest()


class ReplyCache:
    """Keeps replies, a file each, under a hash of what was asked; any number of processes may share a folder.

    Raises:
        ConfigError: if the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot make the cache's folder {folder}: {error.strerror or error}") from error

    def read(self, key: str) -> Reply | None:
        """Return a reply that was kept: what it says, without time, requests and cost; None if there is none."""
        path = self._path(key)
        try:
            kept = json.loads(path.read_text(encoding="ascii"))
            if "finish_reason" not in kept and not kept["text"].strip():
                return None
            more = {name: kept[name] for name in ADDED if name in kept}
            known = {name: kept[name] for name in KEPT}
            return Reply(**known, **more, is_cached=True)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            logger.warning("the cached reply %s cannot be read (%s): the request is sent again", path, error)
            return None

    def write(self, key: str, reply: Reply) -> None:
        """Keep a reply, whole or not at all."""
        path = self._path(key)
        kept = {name: getattr(reply, name) for name in (*KEPT, *ADDED)}
        try:
            path.parent.mkdir(exist_ok=True)
            write_whole(path, lambda draft: draft.write_text(json.dumps(kept), encoding="ascii"))
        except OSError as error:  # the reply is there all the same
            logger.warning("cannot keep a reply in the cache (%s)", error)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
