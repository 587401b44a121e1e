"""The server of `vlm-gym play --web`: a game for one person's browser."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from vlm_gym.errors import VlmGymError
from vlm_gym.web.game import Game, StaleError
from vlm_gym.web.loopback import LoopbackHandler, LoopbackServer, RefusedError

MAX_ANSWER: Final = 1_000_000  # UTF-16 units, as the page's text box counts them
MAX_BODY: Final = 6 * MAX_ANSWER + 1000  # bytes: JSON may write a unit as \u1234
PAGE_FILES: Final = ("page.html", "page.css", "page.js", "actions.js", "dom.js", "request.js", "turns.js", "icon.svg")

_logger = logging.getLogger(__name__)


class PlayServer(LoopbackServer):
    """Serves a game to one person's browser.

    Args:
        game: What is played.
        port: Where to listen on 127.0.0.1; 0 takes a free port.

    Raises:
        ConfigError: if the port cannot be used.
    """

    def __init__(self, game: Game, port: int = 0) -> None:
        self.game = game
        super().__init__(_Handler, port)


class _Handler(LoopbackHandler):
    server: PlayServer

    def respond(self, handle: Callable[[str], None]) -> None:
        try:
            handle(self.checked_path())
        except RefusedError as error:
            self.close_connection = True  # the body, if there is one, has not been read
            self.send_json({"error": str(error)}, error.status)
        except StaleError as error:
            self.send_json({"error": str(error), "state": self.server.game.show()}, HTTPStatus.CONFLICT)
        except VlmGymError as error:
            _logger.warning("%s", error)
            self.send_json({"error": str(error), "state": self.server.game.show()}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def get(self, path: str) -> None:
        if path in ("", *PAGE_FILES):
            self.send_asset("vlm_gym.web", "page", path or "page.html")
            return
        if path == "state":
            self.send_json(self.server.game.show())
            return
        folder, _, name = path.partition("/")
        png = self.server.game.picture(name.removesuffix(".png")) if folder == "pictures" else None
        if png is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
        self.send(png, "image/png")

    def post(self, path: str) -> None:
        sent, game = self._read_json(), self.server.game
        version, text, task = sent.get("version"), sent.get("text"), sent.get("task")
        if not isinstance(version, int) or not isinstance(text, str | None) or not isinstance(task, str | None):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "Expected a version that is an int, and texts.")
        if path == "answer" and text is not None:
            self.send_json(game.answer(version, text))
        elif path == "next":
            self.send_json(game.go_on(version))
        elif path == "choose":
            self.send_json(game.choose(version, task))
        else:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is nothing at this address.")

    def _read_json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object of bounded size."""
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Expected application/json.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "Expected a Content-Length.")
        if len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"An answer may have {MAX_ANSWER:,} characters at most."
            )
        try:
            sent = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "Expected JSON.") from error
        if not isinstance(sent, dict):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "Expected a JSON object.")
        return sent
