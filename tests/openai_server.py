"""A small server of the OpenAI protocol, real HTTP on the loopback address, that answers from a script.

It refuses what real servers refuse: unknown fields, models and keys, pictures that are none. Run as a program, it
prints its address and serves until its input ends.
"""

import argparse
import asyncio
import base64
import contextlib
import io
import itertools
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

FIELDS = {"model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop"}
TOKENS_PER_PICTURE = 100
REASONS = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@dataclass(frozen=True)
class Response:
    """What the server sends. With `num_sent`, the connection breaks `stall_s` after so many bytes of head and body."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    num_sent: int | None = None
    stall_s: float = 0.0

    def to_bytes(self) -> bytes:
        """Return the response as HTTP."""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Whatever')}", f"Content-Length: {len(self.body)}"]
        names = {name.lower() for name, _ in self.headers}
        if "content-type" not in names:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


def completion(text: object, *, model: str = "model", prompt_tokens: int = 7, finish: str = "stop", **more) -> Response:
    """Return a chat completion; `more` are further fields of its message."""
    message = {"role": "assistant", "content": text, "refusal": None, **more}
    num_written = len(text.split()) if isinstance(text, str) else 0
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": num_written,
        "total_tokens": prompt_tokens + num_written,
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    reply = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": usage,
    }
    return Response(body=json.dumps(reply).encode())


def error(status: int, message: str, code: str | None = None, **headers: str) -> Response:
    """Return an error in OpenAI's shape; underscores in the headers' names stand for hyphens."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, json.dumps(body).encode(), named)


def too_many(retry_after: str = "0") -> Response:
    """Return 429 with Retry-After, in seconds or as a date."""
    return error(429, "Rate limit reached", "rate_limit_exceeded", Retry_After=retry_after)


BROKEN = error(500, "The server had an error")
DROPPED = Response(num_sent=0)
HALF = Response(body=completion("half of it").body, num_sent=250)
NO_CHOICE = Response(body=b'{"id": "x", "object": "chat.completion", "choices": [], "usage": null}')
HTML = Response(body=b"<html><body><h1>Welcome to nginx!</h1></body></html>", headers=(("Content-Type", "text/html"),))
HANGING = Response(delay_s=3600.0)
STALLING = Response(body=completion("half of it").body, num_sent=250, stall_s=3600.0)


@dataclass
class OpenAIServer:
    """Serves while it is entered as a context. Servers of other protocols are made of it (`other_servers`).

    Attributes:
        answer: The model: from a request's body to what it says, or to a whole response.
        plan: From a request's number, from 0, to a failure; None lets the model answer.
        model, key: Those it knows; any key if it is None.
        delay_s: Time for an answer.
        gate: No answer is given before so many requests are in flight at once.
        more_fields: Fields of a request that it takes beside the standard ones.
    """

    answer: Callable[[dict[str, Any]], object] = lambda request: "fine"
    plan: Callable[[int], Response | None] = lambda number: None
    model: str = "model"
    key: str | None = None
    delay_s: float = 0.0
    gate: int = 0
    more_fields: frozenset[str] = frozenset()
    num_requests: int = 0
    num_answered: int = 0
    max_in_flight: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: Counter = field(default_factory=Counter)
    port: int = 0
    path: str = "/v1/chat/completions"

    @property
    def base_url(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "OpenAIServer":
        self._numbers, self._in_flight, self._tasks = itertools.count(), 0, set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> asyncio.Server:
        self._opened = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._serve_one(reader, writer):
                    pass
        except asyncio.CancelledError:  # the server stops; asyncio would log it as an error
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        if self._in_flight >= self.gate:
            self._opened.set()
        try:
            await self._opened.wait()
            response = self._respond(head[0], headers, body)
            await asyncio.sleep(response.delay_s)
        finally:
            self._in_flight -= 1
        data = response.to_bytes()
        writer.write(data[: response.num_sent])
        await writer.drain()
        await asyncio.sleep(response.stall_s)
        return response.num_sent is None

    def _respond(self, first_line: str, headers: dict[str, str], body: bytes) -> Response:
        _, path, _ = first_line.split(" ")
        self.paths[path] += 1
        self.headers.append(headers)
        if path.partition("?")[0] != self.path:
            return error(404, f"Unknown request URL: {first_line}", "unknown_url")
        self.num_requests += 1
        failure = self.plan(next(self._numbers))
        if failure is not None:
            return failure
        refusal = self.refusal_of(headers)
        if refusal is not None:
            return refusal
        response = self._complete(json.loads(body))
        self.num_answered += response.status == 200
        return response

    def refusal_of(self, headers: dict[str, str]) -> Response | None:
        """Return what a request with these headers is refused with, if it is."""
        if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
            return error(401, f"Incorrect API key provided: {headers.get('authorization')}", "invalid_api_key")
        return None

    def _complete(self, request: dict[str, Any]) -> Response:
        self.requests.append(request)
        if request.get("model") != self.model:
            return error(404, f"The model `{request.get('model')}` does not exist.", "model_not_found")
        for name in request:
            if name not in FIELDS | self.more_fields:
                return error(400, f"Unrecognized request argument supplied: {name}", "unknown_argument")
        try:
            prompt_tokens = sum(_count_tokens(message) for message in request["messages"])
        except (KeyError, TypeError, ValueError, OSError) as reason:
            return error(400, f"Invalid messages: {reason!r}", "invalid_value")
        said = self.answer(request)
        if isinstance(said, Response):
            return said
        made = completion(said, model=self.model, prompt_tokens=prompt_tokens)
        return Response(body=made.body, delay_s=self.delay_s)


def _count_tokens(message: dict[str, Any]) -> int:
    """Check one message, its pictures included, and count its tokens: words, and 100 for a picture."""
    if message["role"] not in ("system", "user", "assistant") or set(message) != {"role", "content"}:
        raise ValueError(f"no message: {message}")
    content = message["content"]
    if isinstance(content, str):
        return len(content.split())
    return sum(_count_part(part) for part in content)


def _count_part(part: dict[str, Any]) -> int:
    if part["type"] == "text":
        return len(part["text"].split())
    prefix, data = part["image_url"]["url"].split(",")
    if part["type"] != "image_url" or prefix != "data:image/png;base64":
        raise ValueError(f"no picture: {prefix}")
    with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as picture:
        picture.verify()
    return TOKENS_PER_PICTURE


def text_of(request: dict[str, Any]) -> str:
    """Return the text of a request's last message."""
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def main() -> None:
    """Serve a constant answer until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", default='{"action": "+"}', help="the answer (default: %(default)s)")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds for an answer (default: %(default)s)")
    options = parser.parse_args()
    with OpenAIServer(answer=lambda request: options.text, delay_s=options.delay) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()
        counts = {"requests": server.num_requests, "answered": server.num_answered, "in_flight": server.max_in_flight}
        print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
