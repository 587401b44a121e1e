"""How an endpoint is reached and how a model behind it samples."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import parse_qsl, urlsplit

from vlm_gym.errors import ConfigError, check_choice, check_int
from vlm_gym.evaluation.models.finish_reasons import CHOICES
from vlm_gym.evaluation.models.protocols.base import EndpointProtocol

MaxTokensField = Literal["max_tokens", "max_completion_tokens"]

NUM_SEEDS: Final = 2**31  # servers take a signed 32-bit seed
MAX_TEMPERATURE: Final = 100.0
MAX_TIMEOUT_S: Final = 86_400.0
MAX_PER_MINUTE: Final = 1e6
PATHS: Final = ("/chat/completions", "/messages", "/responses")  # of requests: an address may be given in full
TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # what a header may be named
OWN_HEADERS: Final = frozenset(("content-type", "content-length", "accept-encoding", "host", "transfer-encoding"))
SECRET_NAMES: Final = re.compile(r"key|token|secret|sig|password|passwd|auth|credential|code", re.IGNORECASE)
"""Parameters of an address that may be a key: those must not be written into a run."""


@dataclass(frozen=True)
class EndpointSettings:
    """How an endpoint is reached and how a model samples. What is None is left to the server.

    Attributes:
        base_url: The address, mostly ending in /v1; it may have a query, such as Azure's ?api-version=2024-10-21. None
            is that of the protocol's provider.
        key_env: The environment variable that holds the key; no key is sent if it is not set. None is the provider's
            usual one.
        headers: More headers of a request, and the environment variables that hold what they say:
            {"api-key": "AZURE_KEY"}. One named Authorization, or as the key's, takes the place of the key.
        temperature, top_p: Of sampling.
        max_tokens: The most tokens of an answer.
        max_tokens_field: The request's field for it: some servers want "max_completion_tokens".
        seed: Each request gets a sampling seed of its own, which this one and the turn decide; None sends none.
        extra_body: More fields of a request.
        timeout_s: Time for one request.
        max_retries: How often a request that failed is sent again.
        requests_per_minute: The most requests that are sent, evenly spaced; None for as many as there are.
        finish_reasons: What words for the end of an answer mean that this package does not know, each one of
            "finished", "length", "filter" and "failure".
        price_in, price_out: Of a million tokens read and written.
        cache: A folder that keeps all answers, or None.
        batches: A folder that keeps batches: requests go to the provider's batch API. None asks for each at once.
        poll_s: Seconds between two looks at a batch.
    """

    base_url: str | None = None
    key_env: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = 1024
    max_tokens_field: MaxTokensField = "max_tokens"
    seed: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 120.0
    max_retries: int = 8
    requests_per_minute: float | None = None
    finish_reasons: Mapping[str, str] = field(default_factory=dict)
    price_in: float = 0.0
    price_out: float = 0.0
    cache: Path | None = None
    batches: Path | None = None
    poll_s: float = 30.0

    def __post_init__(self) -> None:
        if self.base_url is not None:
            object.__setattr__(self, "base_url", _checked_url(self.base_url))
        _check_number("temperature", self.temperature, 0.0, MAX_TEMPERATURE)
        _check_number("top_p", self.top_p, 0.0, 1.0)
        if self.max_tokens is not None:
            check_int("max_tokens", self.max_tokens, 1, 10**9)
        check_choice("max_tokens_field", self.max_tokens_field, get_args(MaxTokensField))
        if self.seed is not None:
            check_int("seed", self.seed, 0, NUM_SEEDS - 1)
        _check_extra_body(self.extra_body)
        _check_number("poll_s", self.poll_s, 0.001, MAX_TIMEOUT_S)
        _check_number("timeout_s", self.timeout_s, 0.001, MAX_TIMEOUT_S)
        check_int("max_retries", self.max_retries, 0, 1000)
        _check_number("requests_per_minute", self.requests_per_minute, 0.001, MAX_PER_MINUTE)
        _check_headers(self.headers)
        for word, meaning in self.finish_reasons.items():
            check_choice(f"the meaning of the finish reason {word!r}", meaning, CHOICES)
        for name in ("price_in", "price_out"):
            _check_number(name, getattr(self, name), 0.0, 1e9)

    def of(self, protocol: EndpointProtocol) -> "EndpointSettings":
        """Return the settings with the protocol's own address and key where none was chosen.

        Raises:
            ConfigError: if they ask for what its requests cannot say.
        """
        protocol.check(self)
        base_url, key_env = self.base_url or protocol.base_url, self.key_env or protocol.key_env
        return replace(self, base_url=base_url, key_env=key_env)


def url_of(base_url: str, path: str) -> str:
    """Return the address of a path below another address, which may have a query."""
    address, mark, query = base_url.partition("?")
    return f"{address}{path}{mark}{query}"


def headers_of(settings: EndpointSettings, protocol: EndpointProtocol) -> dict[str, str]:
    """Return the headers of every request: the protocol's, the key's and `settings.headers`, from the environment.

    Raises:
        ConfigError: if a variable of `headers` is not set, or what one says cannot be sent.
    """
    key = os.environ.get(settings.key_env or protocol.key_env, "").strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"the key in {settings.key_env} must be printable ASCII without blanks: check how it was set")
    own = {**protocol.headers, **(protocol.key_headers(key) if key else {})}
    given = {name: _header(name, variable) for name, variable in settings.headers.items()}
    names = {name.lower() for name in given}
    if "authorization" in names:
        names |= {name.lower() for name in protocol.key_headers("")}
    return {**{name: value for name, value in own.items() if name.lower() not in names}, **given}


def _header(name: str, variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigError(
            f"the header {name} must be in the environment variable {variable}, as printable ASCII: "
            + ("check how it was set" if value else "it is not set")
        )
    return value


def _checked_url(text: str) -> str:
    """Return an address without a slash at its end; the messages tell no address that may hold a password."""
    address, mark, query = text.strip().partition("?")
    url = address.rstrip("/")
    url = next((url.removesuffix(path) for path in PATHS if url.endswith(path)), url).rstrip("/")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # what is not a name in other scripts either is a ValueError
        is_address = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not (url + query).isprintable() or " " in url + query:
        raise ConfigError("base_url must be an address like http://localhost:8000/v1 or https://HOST/v1")
    is_secret = any(SECRET_NAMES.search(name) for name, _ in parse_qsl(query, keep_blank_values=True))
    if "@" in parts.netloc or "#" in url + query or is_secret:
        raise ConfigError(
            "base_url must have no user, password, fragment, or key in its query: it is written into the run. A key "
            "belongs into the environment variable, or, with --header NAME=VARIABLE, into another one"
        )
    return url + (mark + query if query else "")


def _check_headers(headers: object) -> None:
    if not isinstance(headers, Mapping):
        raise ConfigError(f"headers must map names to environment variables, got {headers!r}")
    for name, variable in headers.items():
        if not isinstance(name, str) or not TOKEN.fullmatch(name) or name.lower() in OWN_HEADERS:
            raise ConfigError(f"a header must have a name that the agent does not set itself, got {name!r}")
        if not isinstance(variable, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
            raise ConfigError(f"the header {name} must name the environment variable that holds it: a name like MY_KEY")


def _check_number(name: str, value: object, low: float, high: float) -> None:
    if value is None and name in ("temperature", "top_p", "requests_per_minute"):
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")


def _check_extra_body(body: object) -> None:
    if not isinstance(body, Mapping) or not all(isinstance(name, str) for name in body):
        raise ConfigError(f"extra_body must map names of fields to values, got {body!r}")
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"extra_body must hold what JSON can say: {error}") from error
