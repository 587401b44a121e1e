"""Connections to an endpoint, through proxies and with certificates as the environment names them."""

import errno
import importlib
import os
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies

from vlm_gym._version import __version__
from vlm_gym.errors import AgentRefusedError, ConfigError, MissingDependencyError
from vlm_gym.evaluation.models.endpoint_errors import PassingFailureError, clean
from vlm_gym.evaluation.models.exchanges import DirectExchange, Exchange, ProxiedExchange, Received
from vlm_gym.installation import install_hint

PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
NO_FILES: Final = (errno.EMFILE, errno.ENFILE)
OWN_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"vlm_gym/{__version__}",
}


class Connections:
    """Lends connections, each to one request at a time.

    httpx's own pool looks at each pair of its connections for each request: with 200 of them that takes 10 ms.

    Args:
        url: The address, to which all of them lead.
        headers: Are sent with every request.

    Raises:
        ConfigError: if the address, a proxy or a certificate's file cannot be used.
        MissingDependencyError: if httpx, or what it needs for a proxy, is not installed.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        try:
            import httpcore
            import httpx
        except ImportError as error:
            raise MissingDependencyError(f"httpx is missing: {install_hint('eval')}") from error
        try:
            self._url = httpx.URL(url)
            self._has_proxies = not is_loopback(self._url.host) and bool(getproxies())
        except (httpx.InvalidURL, UnicodeError) as error:
            raise ConfigError(f"base_url must be an address like http://localhost:8000/v1: {error}") from error
        self._headers = {**OWN_HEADERS, **headers}
        self._trusted = self._certificates()  # made once: it takes longer than many requests
        self._idle = [self._new()]  # a proxy that cannot be used is told before anything is played
        self.errors: tuple[type[Exception], ...] = (  # what a request may raise when the connection fails
            httpx.TransportError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            httpcore.ConnectionNotAvailable,
            OSError,
            *_socks_errors(),
        )

    async def exchange(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, max_bytes: int
    ) -> Received:
        """Send a request over a connection that is free, or a new one; return its reply."""
        connection = await self._free()
        try:
            return await connection.send(method, url, {**self._headers, **(headers or {})}, body, max_bytes)
        finally:
            self._idle.append(connection)

    @property
    def proxies(self) -> str:
        """What the environment says of proxies, for error messages: the variables' names; empty if none leads there."""
        if not self._has_proxies:
            return ""
        names = [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
        return "" if names in ([], ["NO_PROXY"]) else " and ".join(f"${name}" for name in names)

    async def close(self) -> None:
        """Close all connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    async def _free(self) -> Exchange:
        """Return a connection that is usable still, or a new one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            await connection.close()
        return self._new()

    def _new(self) -> Exchange:
        if not self._has_proxies or self._trusted is None:
            return DirectExchange(self._url, self._trusted)
        import httpx

        try:
            return ProxiedExchange(self._trusted)
        except ImportError as error:
            raise MissingDependencyError(
                f"the SOCKS proxy of {self.proxies} needs another package: {install_hint('eval')}"
            ) from error
        except (ValueError, httpx.InvalidURL) as error:
            raise ConfigError(
                f"the proxies that the environment names cannot be used: look at {self.proxies or '$NO_PROXY'}. A "
                "proxy is an address like http://HOST:PORT, and $NO_PROXY a list of hosts with commas"
            ) from error

    def _certificates(self) -> ssl.SSLContext | None:
        """Return the certificates that are believed; None where nothing is encrypted, for they take long to read."""
        if self._url.scheme == "http" and is_loopback(self._url.host):
            return None
        try:
            import httpx

            context: ssl.SSLContext = httpx.create_ssl_context()
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                "the certificates cannot be read: look at $SSL_CERT_FILE and $SSL_CERT_DIR, which must name a file, or "
                f"a folder, of certificates ({error})"
            ) from error
        return context


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, which no proxy leads to."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def connection_failure(error: Exception, url: str) -> Exception:
    """Return what a connection's failure means: a `PassingFailureError`, or an `AgentRefusedError` if it will stay."""
    words = clean(str(error)) or type(error).__name__
    if _errno(error) in NO_FILES:
        return AgentRefusedError(
            "this process has no file descriptors left: lower --concurrency, or raise the limit (ulimit -n 8192), and "
            "go on with --resume"
        )
    if "CERTIFICATE" in words.upper():
        return AgentRefusedError(
            f"the certificate of {urlsplit(url).hostname} is not trusted ({words}). $SSL_CERT_FILE may name the file "
            "of the authority that signed it"
        )
    if "[SSL" in words.upper() or isinstance(_cause(error), ssl.SSLError):
        return AgentRefusedError(
            f"{urlsplit(url).hostname} does not speak TLS as expected ({words}): is it http:// instead of https://?"
        )
    kind = type(error).__name__
    if kind == "ProxyError" or (_socks_errors() and isinstance(error, _socks_errors())):
        return PassingFailureError(f"the proxy fails: {words}", is_unreachable=True)
    if kind in ("ConnectError", "ConnectTimeout") or isinstance(error, OSError):
        return PassingFailureError(words, is_unreachable=True)
    return PassingFailureError(f"the connection broke: {words}", is_lost=True)


def _errno(error: BaseException | None) -> int | None:
    """Return the number of the system's error at the bottom of an exception; None if there is none."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = _cause(error)
    return None


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ or error.__context__


def _socks_errors() -> tuple[type[Exception], ...]:
    """Return what httpx's SOCKS package raises by itself; nothing if it is not installed."""
    try:
        socksio: Any = importlib.import_module("socksio")
    except ImportError:
        return ()
    return (socksio.SOCKSError,)
