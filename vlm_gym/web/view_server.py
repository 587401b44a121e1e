"""The server of `vlm-gym view`: a folder of runs, and the report of those that are chosen, while they are played."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from vlm_gym.errors import VlmGymError
from vlm_gym.web.live_report import LiveReport
from vlm_gym.web.loopback import LoopbackHandler, LoopbackServer, RefusedError
from vlm_gym.web.run_list import RunList

PAGE_FILES: Final = ("view.html", "view.css", "view.js")
PAGE_POLICY: Final = "frame-ancestors 'none'"  # the rest stands in the page itself
NUM_REPORTS: Final = 4  # that are kept at hand


class ViewServer(LoopbackServer):
    """Serves a folder of runs to one person's browser.

    Args:
        runs: What is in the folder.
        port: Where to listen on 127.0.0.1; 0 takes a free port.

    Raises:
        ConfigError: if the port cannot be used.
    """

    def __init__(self, runs: RunList, port: int = 0) -> None:
        self.runs = runs
        self._lock = threading.Lock()
        self._reports: dict[tuple[str, ...], LiveReport] = {}
        super().__init__(_Handler, port)

    def report(self, names: tuple[str, ...]) -> LiveReport:
        """Return the report of runs of these names.

        Raises:
            RefusedError: if there is no run of a name.
        """
        with self._lock:
            if names not in self._reports:
                folders = self.runs.folders()
                unknown = [name for name in names if name not in folders]
                if unknown or not names:
                    raise RefusedError(HTTPStatus.NOT_FOUND, f"There is no run {unknown[0] if unknown else ''!r} here.")
                if len(self._reports) >= NUM_REPORTS:
                    del self._reports[next(iter(self._reports))]
                self._reports[names] = LiveReport([folders[name] for name in names])
            return self._reports[names]


class _Handler(LoopbackHandler):
    server: ViewServer

    def respond(self, handle: Callable[[str], None]) -> None:
        try:
            handle(self.checked_path())
        except RefusedError as error:
            self.close_connection = True  # the body, if there is one, has not been read
            self._tell(str(error), error.status)
        except VlmGymError as error:
            self._tell(str(error), HTTPStatus.SERVICE_UNAVAILABLE)

    def _tell(self, text: str, status: HTTPStatus) -> None:
        self.send(text.encode("utf-8", "replace"), "text/plain; charset=utf-8", status)

    def get(self, path: str) -> None:
        kind, _, rest = path.partition("/")
        if path in ("", *PAGE_FILES):
            self.send_asset("vlm_gym.web", "view", path or "view.html")
        elif path == "icon.svg":
            self.send_asset("vlm_gym.web", "page", path)
        elif path == "runs":
            self.send_json({"folder": str(self.server.runs.folder), "runs": self.server.runs.show()})
        elif path == "report":
            page = self._report().page().encode("utf-8", "replace")
            self.send(page, "text/html; charset=utf-8", policy=PAGE_POLICY)
        elif kind in ANSWERS:
            ANSWERS[kind](self, rest)
        else:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is nothing at this address.")

    def _report(self) -> LiveReport:
        return self.server.report(tuple(parse_qs(urlsplit(self.path).query).get("run", ())))

    def _send_data(self, rest: str) -> None:
        data = self._report().data(_number(rest))
        if data is None:
            self.send(b"", "application/json", HTTPStatus.NO_CONTENT)
        else:
            self.send_json(dict(data))

    def _send_chunk(self, rest: str) -> None:
        version, _, name = rest.partition("/")
        try:
            chunk = self._report().chunk(_number(version), name)
        except KeyError as error:
            raise RefusedError(HTTPStatus.NOT_FOUND, "The report has no such part.") from error
        if chunk is None:
            raise RefusedError(HTTPStatus.CONFLICT, "The runs have gone on.")
        self.send(chunk.encode("ascii"), "text/plain; charset=utf-8")

    def _send_picture(self, rest: str) -> None:
        run, _, name = rest.partition("/")
        png = self._report().picture(_number(run), name.removesuffix(".png"))
        if png is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such picture.")
        self.send(png, "image/png")


ANSWERS: Final[dict[str, Callable[[_Handler, str], None]]] = {
    "data": _Handler._send_data,
    "chunk": _Handler._send_chunk,
    "pictures": _Handler._send_picture,
}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise RefusedError(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
    return int(text)
