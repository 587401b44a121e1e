"""One connection, for one request at a time: straight to the server, or through the environment's proxies.

httpx costs a turn 0.3 ms of CPU time more than httpcore, on which it is built. So it is used only where there are
proxies: it alone knows which of them leads where.
"""

import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from vlm_gym.errors import AgentError

if TYPE_CHECKING:
    import httpcore
    import httpx

CONNECT_TIMEOUT_S: Final = 10.0
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Received(NamedTuple):
    """A reply: its status, its headers with names in lower case, and its body as it came."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Exchange(Protocol):
    """A connection."""

    @property
    def is_usable(self) -> bool:
        """Whether it is open, or can be opened."""

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_bytes: int) -> Received:
        """Send a request; return its reply. Raises AgentError if that is longer than `max_bytes`."""

    async def close(self) -> None:
        """Close it."""


class DirectExchange:
    """Leads straight to the server.

    Args:
        url: An address there.
        trusted: The certificates that are believed; None if nothing is encrypted.
    """

    def __init__(self, url: "httpx.URL", trusted: ssl.SSLContext | None) -> None:
        import httpcore

        port = url.port or DEFAULT_PORTS[url.scheme]
        origin = httpcore.Origin(url.raw_scheme, url.raw_host, port)
        self._connection = httpcore.AsyncHTTPConnection(origin, ssl_context=trusted, keepalive_expiry=5.0)
        self._origin, self._host = origin, url.netloc
        self._targets: dict[str, httpcore.URL] = {}

    @property
    def is_usable(self) -> bool:
        """Whether it is open still, or was not opened yet."""
        return not (self._connection.is_closed() or self._connection.has_expired())

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_bytes: int) -> Received:
        """Send a request; return its reply. Raises AgentError if that is longer than `max_bytes`."""
        told = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        told += [(b"Host", self._host), (b"Content-Length", str(len(body)).encode("ascii"))]
        async with self._connection.stream(
            method,
            self._target(url),
            headers=told,
            content=body,
            extensions={"timeout": {"connect": CONNECT_TIMEOUT_S}},
        ) as response:
            data = await _read(response.aiter_stream(), max_bytes)
            return Received(response.status, _named(response.headers), data)

    async def close(self) -> None:
        """Close it."""
        await self._connection.aclose()

    def _target(self, url: str) -> "httpcore.URL":
        target = self._targets.get(url)
        if target is None:
            import httpcore
            import httpx

            origin = self._origin
            path = httpx.URL(url).raw_path
            target = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=path)
            self._targets[url] = target
        return target


class ProxiedExchange:
    """Leads through the proxies that the environment names for the address."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        import httpx

        timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S)
        self._client = httpx.AsyncClient(timeout=timeout, verify=trusted, trust_env=True)

    @property
    def is_usable(self) -> bool:
        """Whether it is open; it opens new connections by itself."""
        return not self._client.is_closed

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_bytes: int) -> Received:
        """Send a request; return its reply. Raises AgentError if that is longer than `max_bytes`."""
        async with self._client.stream(method, url, content=body, headers=dict(headers)) as response:
            data = await _read(response.aiter_raw(), max_bytes)
            return Received(response.status_code, response.headers, data)

    async def close(self) -> None:
        """Close it."""
        await self._client.aclose()


async def _read(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes:
    data = bytearray()
    async for chunk in chunks:  # as it comes: what unpacks might not fit into memory
        data += chunk
        if len(data) > max_bytes:
            raise AgentError(f"the endpoint's reply is longer than {max_bytes} bytes")
    return bytes(data)


def _named(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name; those of one name are one."""
    named: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        named[name] = f"{named[name]}, {value}" if name in named else value
    return named
