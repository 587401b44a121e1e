"""Posts requests to an endpoint, again and again while failures may pass."""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError, MissingDependencyError
from vlm_gym.evaluation.endpoint_reply import Completion, PassingFailureError, clean, read_completion, read_error
from vlm_gym.installation import install_hint

OK: Final = 200
CONNECT_TIMEOUT_S: Final = 10.0
FIRST_BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 60.0
MAX_RETRY_AFTER_S: Final = 600.0  # a server that wants a longer pause ends the run, which can be resumed
NUM_TRIES_TO_REACH: Final = 4  # of a server that has not answered yet
MAX_REPLY_BYTES: Final = 8 * 2**20

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)


class EndpointClient:
    """Sends chat completion requests, any number at a time.

    Failures that may pass (429, 5xx, timeouts, broken connections, replies that cannot be read) are tried again after
    a random time between 0 and 0.5, 1, 2, ... 60 seconds ("full jitter"), and after what Retry-After says on top.

    Args:
        base_url: The address, without /chat/completions.
        key: Is sent as bearer token, unless empty.
        key_env: Where the key came from, for error messages.
        timeout_s: Time for one request, from connecting to the reply's last byte.
        max_retries: How often one request is sent again.

    Raises:
        ConfigError: if the address is none, or the key cannot be sent.
        MissingDependencyError: if httpx is not installed.
    """

    def __init__(self, base_url: str, key: str, key_env: str, timeout_s: float, max_retries: int) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingDependencyError(f"httpx is missing: {install_hint('eval')}") from error
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ConfigError(f"the key in {key_env} must be printable ASCII without blanks: check how it was set")
        self.url = f"{base_url}/chat/completions"
        try:
            _ = httpx.URL(self.url).host
        except (httpx.InvalidURL, UnicodeError) as error:
            raise ConfigError(f"base_url must be an address like http://localhost:8000/v1: {error}") from error
        self.timeout_s = timeout_s
        self.max_retries = max_retries
        self._httpx = httpx
        self._key, self._key_env = key, key_env
        self._rng = np.random.default_rng()  # of pauses only, which many processes must not share
        self._trusted = httpx.create_ssl_context()  # made once: it takes longer than many requests
        self._idle: list[httpx.AsyncClient] = []
        self._has_answered = False

    async def complete(self, body: bytes) -> tuple[Completion, int]:
        """Send a request until it is answered; return the answer, and how many requests it took.

        Raises:
            AgentError: if it is not answered.
            AgentRefusedError: if no other would be either.
        """
        num_requests = 0
        while True:
            num_requests += 1
            try:
                completion = await self._try(body)
            except PassingFailureError as failure:
                self._check_worth_another(failure, num_requests)
                wait_s = failure.wait_s + backoff_s(num_requests, self._rng)
                logger.info("%s; request %d follows in %.1f s", failure, num_requests + 1, wait_s)
            else:
                self._has_answered = True
                return completion, num_requests
            await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Close all connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.aclose()

    async def _try(self, body: bytes) -> Completion:
        httpx = self._httpx
        try:
            status, headers, data = await asyncio.wait_for(self._post(body), self.timeout_s)
        except asyncio.TimeoutError as error:
            raise PassingFailureError(f"no reply within {self.timeout_s:g} s") from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise PassingFailureError(self._words(error), is_unreachable=True) from error
        except httpx.TransportError as error:
            raise PassingFailureError(f"the connection broke: {self._words(error)}") from error
        data = self._without_key(data)
        if status != OK:
            raise read_error(status, headers, data, self._key_env)
        return read_completion(data)

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request; return the reply's status, headers (lower case) and body."""
        connection = self._idle.pop() if self._idle else self._new_connection()
        try:
            async with connection.stream("POST", self.url, content=body) as response:
                return response.status_code, response.headers, await _read(response)
        finally:
            self._idle.append(connection)

    def _new_connection(self) -> "httpx.AsyncClient":
        """Return a client for one request at a time.

        httpx's own pool looks at each pair of its connections for each request: with 200 of them that takes 10 ms.
        """
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        timeout = self._httpx.Timeout(None, connect=CONNECT_TIMEOUT_S)
        return self._httpx.AsyncClient(headers=headers, timeout=timeout, verify=self._trusted)

    def _check_worth_another(self, failure: PassingFailureError, num_requests: int) -> None:
        if failure.wait_s > MAX_RETRY_AFTER_S:
            raise AgentRefusedError(
                f"the endpoint asks to wait {failure.wait_s:.0f} s ({failure}). Go on with --resume then"
            ) from failure
        is_new = failure.is_unreachable and not self._has_answered
        num_tries = min(NUM_TRIES_TO_REACH, self.max_retries + 1) if is_new else self.max_retries + 1
        if num_requests < num_tries:
            return
        if failure.is_unreachable:
            raise AgentRefusedError(
                f"cannot reach {self.url} ({failure}; {num_requests} tries). Is the server running, and is --base-url "
                "right?"
            ) from failure
        raise AgentError(
            f"no answer from {self.url} after {num_requests} requests; the last one: {failure}"
        ) from failure

    def _words(self, error: Exception) -> str:
        return clean(str(error)) or type(error).__name__

    def _without_key(self, data: bytes) -> bytes:
        """Return a reply without the key, which some servers tell back, as JSON or plainly."""
        if not self._key:
            return data
        key = self._key.encode("ascii")
        return data.replace(key, b"***").replace(key.replace(b"/", b"\\/"), b"***")


async def _read(response: "httpx.Response") -> bytes:
    data = bytearray()
    async for chunk in response.aiter_raw():  # as it comes: what unpacks might not fit into memory
        data += chunk
        if len(data) > MAX_REPLY_BYTES:
            raise AgentError(f"the endpoint's reply is longer than {MAX_REPLY_BYTES} bytes")
    return bytes(data)


def backoff_s(num_failures: int, rng: np.random.Generator) -> float:
    """Return how long to wait after so many failures in a row: between 0 and a bound that doubles up to a minute.

    Source: Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog: "full jitter".
    """
    bound_s = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(num_failures - 1, 32))
    return float(rng.uniform(0.0, bound_s))
