"""A server on the loopback address, for one person.

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

from vlm_gym.errors import ConfigError

HOST: Final = "127.0.0.1"
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost")
TOKEN_BYTES: Final = 16
TIMEOUT_S: Final = 60.0  # for a request to arrive, and of an idle connection
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_logger = logging.getLogger(__name__)


class LoopbackServer(ThreadingHTTPServer):
    """Serves one person's browser.

    Args:
        handler: Answers a request.
        port: Where to listen on 127.0.0.1; 0 takes a free port.

    Raises:
        ConfigError: if the port cannot be used.
    """

    daemon_threads = True
    request_queue_size = 128  # five, which is the default, are refused by a browser's burst on a busy machine

    def __init__(self, handler: type["LoopbackHandler"], port: int = 0) -> None:
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        try:
            super().__init__((HOST, port), handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"cannot listen on port {port} of {HOST}: {error}. --port 0 takes a free one") from error

    @property
    def address(self) -> str:
        """The page's address, for the person alone."""
        return f"http://{HOST}:{self.server_address[1]}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong with a request; a browser that leaves in the middle of one is not worth a message."""
        level = logging.DEBUG if isinstance(sys.exc_info()[1], OSError) else logging.ERROR
        _logger.log(level, "a request failed", exc_info=True)


class RefusedError(Exception):
    """A request that is not answered as it wishes."""

    def __init__(self, status: HTTPStatus, told: str) -> None:
        super().__init__(told)
        self.status = status


class LoopbackHandler(BaseHTTPRequestHandler):
    """Lets the one person's requests in, and answers them."""

    server: LoopbackServer
    server_version = "vlm-gym"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        """Answer a request."""
        self.respond(self.get)

    def do_POST(self) -> None:
        """Answer a request that brings something."""
        self.respond(self.post)

    def respond(self, handle: Callable[[str], None]) -> None:
        """Let `handle` answer for the path behind the token; say what is wrong if it raises."""
        raise NotImplementedError

    def get(self, path: str) -> None:
        """Answer a request for what is at a path."""
        raise NotImplementedError

    def post(self, path: str) -> None:
        """Answer a request that brings something to a path."""
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, f"Nothing can be sent to {path!r}.")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that callers use
        """Log a request where somebody looks for it."""
        _logger.debug(format, *args)

    def checked_path(self) -> str:
        """Return the path behind the token.

        Raises:
            RefusedError: if the request is another's.
        """
        host = self.headers.get("Host", "")
        if host.partition(":")[0] not in LOOPBACK_NAMES:
            raise RefusedError(HTTPStatus.FORBIDDEN, "This server answers on the loopback address only.")
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{host}":
            raise RefusedError(HTTPStatus.FORBIDDEN, "This server answers its own page only.")
        _, token, *rest = (*self.path.partition("?")[0].split("/", 2), "", "")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Wrong address: open the one that was printed, all of it.")
        return rest[0]

    def send_asset(self, package: str, folder: str, name: str) -> None:
        """Send a file of a package."""
        file = PurePosixPath(name)
        self.send((resources.files(package) / folder / file.name).read_bytes(), KINDS[file.suffix])

    def send_json(self, value: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send plain values."""
        self.send(json.dumps(value).encode("ascii"), "application/json", status)

    def send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, policy: str = POLICY) -> None:
        """Send a body of a kind, with the headers that keep others out."""
        self.send_response(status)
        own = {"Content-Security-Policy": policy, "Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in {**HEADERS, **own}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
