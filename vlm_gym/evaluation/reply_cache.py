"""A folder that keeps the answers of an endpoint, so that none is paid for twice."""

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.agents import Reply
from vlm_gym.evaluation.files import write_whole

logger = logging.getLogger(__name__)


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

    def key(self, url: str, body: bytes, draw: int) -> str:
        """Return the name of a request; two with the same body have different names if `draw` differs."""
        digest = hashlib.sha256(json.dumps([url, draw]).encode("ascii"))
        digest.update(body)
        return digest.hexdigest()

    def read(self, key: str) -> Reply | None:
        """Return a reply that was kept: its text and tokens, without time, requests and cost; None if there is none."""
        path = self._path(key)
        try:
            kept = json.loads(path.read_text(encoding="ascii"))
            reply = Reply(kept["text"], kept["prompt_tokens"], kept["completion_tokens"], is_cut_off=kept["is_cut_off"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("the cached reply %s cannot be read (%s): the request is sent again", path, error)
            return None
        return replace(reply, is_cached=True)

    def write(self, key: str, reply: Reply) -> None:
        """Keep a reply, whole or not at all."""
        path = self._path(key)
        kept = {
            "text": reply.text,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "is_cut_off": reply.is_cut_off,
        }
        try:
            path.parent.mkdir(exist_ok=True)
            write_whole(path, lambda draft: draft.write_text(json.dumps(kept), encoding="ascii"))
        except OSError as error:  # the reply is there all the same
            logger.warning("cannot keep a reply in the cache (%s)", error)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
