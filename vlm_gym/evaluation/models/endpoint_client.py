"""Posts requests to an endpoint, again and again while failures may pass."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import numpy as np

from vlm_gym.errors import AgentError, AgentRefusedError, UnplayableError
from vlm_gym.evaluation.models.connections import Connections, connection_failure
from vlm_gym.evaluation.models.endpoint_errors import PassingFailureError
from vlm_gym.evaluation.models.endpoint_reply import Completion, read_completion, read_error
from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings, headers_of, url_of
from vlm_gym.evaluation.models.pace import Pace
from vlm_gym.evaluation.models.packing import unpacked
from vlm_gym.evaluation.models.protocols.base import EndpointProtocol
from vlm_gym.evaluation.models.protocols.names import CHAT

OK: Final = (200, 201)
FIRST_BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 60.0
MAX_RETRY_AFTER_S: Final = 600.0  # a server that wants a longer pause ends the run, which can be resumed
NUM_TRIES_TO_REACH: Final = 4  # of a server that has not answered yet
MAX_REPLY_BYTES: Final = 8 * 2**20
MIN_SECRET: Final = 6  # characters: a shorter one would be taken out of replies by chance

ValueT = TypeVar("ValueT")

logger = logging.getLogger(__name__)


class LostReplyError(AgentError):
    """A reply that was lost, to a request that must not be sent twice: nobody knows whether it was taken."""


class EndpointClient:
    """Sends requests of a protocol, any number at a time.

    Failures that may pass (429, 5xx, timeouts, broken connections, replies that are not an answer of the model) are
    tried again after a random time between 0 and 0.5, 1, 2, ... 60 seconds ("full jitter"), and after what Retry-After
    says on top.

    Args:
        settings: The address, and how it is asked.
        protocol: Says where requests go and what replies mean.

    Raises:
        ConfigError: if the address is none, the protocol cannot say what is asked for, the key cannot be sent, or a
            proxy or certificate cannot be used.
        MissingDependencyError: if httpx, or what it needs for a proxy, is not installed.
    """

    def __init__(self, settings: EndpointSettings, protocol: EndpointProtocol = CHAT) -> None:
        self.settings = settings.of(protocol)
        self.protocol = protocol
        self.key_env = self.settings.key_env or protocol.key_env
        self.url = url_of(self.settings.base_url or protocol.base_url, protocol.path)
        headers = headers_of(self.settings, protocol)
        self._connections = Connections(self.url, headers)
        public = protocol.headers.items()
        self._secrets = [
            value.removeprefix("Bearer ") for name, value in headers.items() if (name, value) not in public
        ]
        self._rng = np.random.default_rng()  # of pauses only, which many processes must not share
        self._pace = Pace(settings.requests_per_minute)
        self._has_answered = False
        self._says_finish = False

    async def complete(self, body: bytes) -> tuple[Completion, int]:
        """Send a request until it is answered; return the answer, and how many requests it took.

        Raises:
            AgentError: if it is not answered.
            AgentRefusedError: if no other would be either.
            UnplayableError: if it is not taken for what it says.
        """
        return await self._insist(lambda: self._ask(body))

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "application/json",
        *,
        max_bytes: int = MAX_REPLY_BYTES,
        timeout_s: float | None = None,
        is_repeatable: bool = True,
    ) -> bytes:
        """Send another request, below the address, until it is answered; return the reply's body.

        Args:
            method: Of the request.
            path: Below the address.
            body: What is sent.
            content_type: What that is.
            max_bytes: The longest reply.
            timeout_s: Time for it, if not that of the settings.
            is_repeatable: Whether it may be sent again where the reply was lost, so that it may have been taken.

        Raises:
            LostReplyError: if it must not be sent again.
            AgentError: if it is not answered.
        """
        url = url_of(self.settings.base_url or self.protocol.base_url, path)
        headers = {"Content-Type": content_type}

        async def attempt() -> bytes:
            try:
                _, data = await self._exchange(method, url, body, headers, max_bytes, timeout_s)
            except PassingFailureError as failure:
                if failure.is_lost and not is_repeatable:
                    raise LostReplyError(f"{method} {url}: {failure}") from failure
                raise
            return data

        return (await self._insist(attempt))[0]

    def read(self, data: bytes, headers: Mapping[str, str]) -> Completion:
        """Read the body of a reply with status 200 (`read_completion`)."""
        completion = read_completion(data, headers, self.key_env, self.settings.finish_reasons, self.protocol)
        if completion.finish_reason is None and self._says_finish and "null" not in self.settings.finish_reasons:
            raise PassingFailureError("the reply has no finish_reason, which this server gave before")
        self._says_finish = self._says_finish or completion.finish_reason is not None
        return completion

    def check_worth_another(self, failure: PassingFailureError, num_requests: int) -> None:
        """Raise what a request's failure means if it is not to be sent again after so many."""
        if failure.wait_s > MAX_RETRY_AFTER_S:
            raise AgentRefusedError(
                f"the endpoint asks to wait {failure.wait_s:.0f} s ({failure}). Go on with --resume then"
            ) from failure
        is_new = failure.is_unreachable and not self._has_answered
        max_tries = self.settings.max_retries + 1
        if num_requests < (min(NUM_TRIES_TO_REACH, max_tries) if is_new else max_tries):
            return
        if failure.is_unreachable:
            proxies = self._connections.proxies
            through = f" The way leads through a proxy, see {proxies}: is that one running?" if proxies else ""
            raise AgentRefusedError(
                f"cannot reach {self.url} ({failure}; {num_requests} tries). Is the server running, and is --base-url "
                f"right?{through}"
            ) from failure
        words = f"no answer from {self.url} after {num_requests} requests; the last one: {failure}"
        raise (AgentError(words) if failure.kind is None else UnplayableError(words, failure.kind)) from failure

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def _insist(self, attempt: Callable[[], Awaitable[ValueT]]) -> tuple[ValueT, int]:
        """Try until it succeeds or is not worth another try; return what came, and after how many tries."""
        num_requests = 0
        while True:
            num_requests += 1
            await self._pace.wait()
            try:
                value = await attempt()
            except PassingFailureError as failure:
                self.check_worth_another(failure, num_requests)
                wait_s = failure.wait_s + backoff_s(num_requests, self._rng)
                logger.info("%s; request %d follows in %.1f s", failure, num_requests + 1, wait_s)
            else:
                self._has_answered = True
                return value, num_requests
            await asyncio.sleep(wait_s)

    async def _ask(self, body: bytes) -> Completion:
        headers, data = await self._exchange("POST", self.url, body)
        return self.read(data, headers)

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_REPLY_BYTES,
        timeout_s: float | None = None,
    ) -> tuple[Mapping[str, str], bytes]:
        """Send a request once; return headers and body of a reply that is not an error."""
        timeout_s = timeout_s or self.settings.timeout_s
        try:
            reply = self._connections.exchange(method, url, body, headers, max_bytes=max_bytes)
            received = await asyncio.wait_for(reply, timeout_s)
        except asyncio.TimeoutError as error:
            raise PassingFailureError(f"no reply within {timeout_s:g} s", is_lost=True) from error
        except self._connections.errors as error:
            raise connection_failure(error, url) from error
        packing = received.headers.get("content-encoding", "")
        data = self._without_secrets(unpacked(received.data, packing, max_bytes))
        if received.status not in OK:
            raise read_error(received.status, received.headers, data, self.key_env)
        return received.headers, data

    def _without_secrets(self, data: bytes) -> bytes:
        """Return a reply without the key, which some servers tell back, as JSON or plainly."""
        for secret in self._secrets:
            if len(secret) >= MIN_SECRET:
                key = secret.encode("ascii")
                data = data.replace(key, b"***").replace(key.replace(b"/", b"\\/"), b"***")
        return data


def backoff_s(num_failures: int, rng: np.random.Generator) -> float:
    """Return how long to wait after so many failures in a row: between 0 and a bound that doubles up to a minute.

    Source: Brooker 2015, "Exponential Backoff And Jitter", AWS Architecture Blog: "full jitter".
    """
    bound_s = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(num_failures - 1, 32))
    return float(rng.uniform(0.0, bound_s))
