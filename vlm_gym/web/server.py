"""The page's server: HTTP on the loopback address, for one person.

Three things keep others out. It listens on 127.0.0.1. Each address begins with a random token, which no other page and
no other user of the machine knows. And a request must name a loopback host, so that a foreign name which resolves
to 127.0.0.1 (DNS rebinding) reads nothing, and come from this page, if it says where it comes from.
"""

import hmac
import json
import logging
import secrets
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import PurePosixPath
from typing import Any, Final

from vlm_gym.errors import ConfigError, VlmGymError
from vlm_gym.web.game import Game, StaleError

HOST: Final = "127.0.0.1"
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost")
TOKEN_BYTES: Final = 16
MAX_ANSWER: Final = 1_000_000  # UTF-16 units, as the page's text box counts them
MAX_BODY: Final = 6 * MAX_ANSWER + 1000  # bytes: JSON may write a unit as \u1234
TIMEOUT_S: Final = 60.0  # for a request to arrive, and of an idle connection
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE_FILES: Final = ("page.html", "page.css", "page.js", "actions.js", "dom.js", "request.js", "turns.js", "icon.svg")
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_logger = logging.getLogger(__name__)


class PlayServer(ThreadingHTTPServer):
    """Serves a game to one person's browser.

    Args:
        game: What is played.
        port: Where to listen on 127.0.0.1; 0 takes a free port.

    Raises:
        ConfigError: if the port cannot be used.
    """

    daemon_threads = True
    request_queue_size = 128  # five, which is the default, are refused by a browser's burst on a busy machine

    def __init__(self, game: Game, port: int = 0) -> None:
        self.game = game
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"cannot listen on port {port} of {HOST}: {error}. --port 0 takes a free one") from error

    @property
    def address(self) -> str:
        """The page's address, for the person alone."""
        return f"http://{HOST}:{self.server_address[1]}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong with a request; a browser that leaves in the middle of one is nothing to tell."""
        level = logging.DEBUG if isinstance(sys.exc_info()[1], OSError) else logging.ERROR
        _logger.log(level, "a request failed", exc_info=True)


class _RefusedError(Exception):
    """A request that is not answered as it wishes."""

    def __init__(self, status: HTTPStatus, told: str) -> None:
        super().__init__(told)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: PlayServer
    server_version = "vlm-gym"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        self._respond(self._get)

    def do_POST(self) -> None:
        self._respond(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that callers use
        _logger.debug(format, *args)

    def _respond(self, handle: Callable[[str], None]) -> None:
        try:
            handle(self._checked_path())
        except _RefusedError as error:
            self.close_connection = True  # the body, if there is one, has not been read
            self._send_json({"error": str(error)}, error.status)
        except StaleError as error:
            self._send_json({"error": str(error), "state": self.server.game.show()}, HTTPStatus.CONFLICT)
        except VlmGymError as error:
            _logger.warning("%s", error)
            self._send_json({"error": str(error), "state": self.server.game.show()}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _checked_path(self) -> str:
        """Return the path behind the token."""
        host = self.headers.get("Host", "")
        if host.partition(":")[0] not in LOOPBACK_NAMES:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "This server answers on the loopback address only.")
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{host}":
            raise _RefusedError(HTTPStatus.FORBIDDEN, "This server answers its own page only.")
        _, token, *rest = (*self.path.partition("?")[0].split("/", 2), "", "")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise _RefusedError(
                HTTPStatus.FORBIDDEN, "Wrong address: open the one that `vlm-gym play --web` printed, all of it."
            )
        return rest[0]

    def _get(self, path: str) -> None:
        if path in ("", *PAGE_FILES):
            file = PurePosixPath(path or "page.html")
            self._send((resources.files("vlm_gym.web") / "page" / file.name).read_bytes(), KINDS[file.suffix])
            return
        if path == "state":
            self._send_json(self.server.game.show())
            return
        folder, _, name = path.partition("/")
        png = self.server.game.picture(name.removesuffix(".png")) if folder == "pictures" else None
        if png is None:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
        self._send(png, "image/png")

    def _post(self, path: str) -> None:
        sent, game = self._read_json(), self.server.game
        version, text, task = sent.get("version"), sent.get("text"), sent.get("task")
        if not isinstance(version, int) or not isinstance(text, str | None) or not isinstance(task, str | None):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "Expected a version that is an int, and texts.")
        if path == "answer" and text is not None:
            self._send_json(game.answer(version, text))
        elif path == "next":
            self._send_json(game.go_on(version))
        elif path == "choose":
            self._send_json(game.choose(version, task))
        else:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "There is nothing at this address.")

    def _read_json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object of bounded size."""
        if self.headers.get_content_type() != "application/json":
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Expected application/json.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED, "Expected a Content-Length.")
        if len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
            raise _RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"An answer may have {MAX_ANSWER:,} characters at most."
            )
        try:
            sent = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "Expected JSON.") from error
        if not isinstance(sent, dict):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "Expected a JSON object.")
        return sent

    def _send_json(self, value: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value).encode("ascii"), "application/json", status)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
