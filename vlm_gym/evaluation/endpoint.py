"""An agent behind an OpenAI-compatible endpoint: vLLM, SGLang, Ollama, llama.cpp, and the commercial ones."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

import numpy as np

from vlm_gym.chat import ChatSession
from vlm_gym.errors import ConfigError, check_choice, check_int
from vlm_gym.evaluation.agents import Agent, Reply
from vlm_gym.evaluation.endpoint_client import EndpointClient
from vlm_gym.evaluation.reply_cache import ReplyCache
from vlm_gym.messages import to_openai

MaxTokensField = Literal["max_tokens", "max_completion_tokens"]

NUM_SEEDS: Final = 2**31  # servers take a signed 32-bit seed
TOKENS_PER_PRICE: Final = 1_000_000
OWN_FIELDS: Final = ("model", "messages", "n", "stream", "stream_options")  # of a request: not for `extra_body`
MAX_TEMPERATURE: Final = 100.0
MAX_TIMEOUT_S: Final = 86_400.0
PATH: Final = "/chat/completions"


@dataclass(frozen=True)
class EndpointSettings:
    """How an endpoint is reached and how a model samples. What is None is left to the server.

    Attributes:
        base_url: The address, mostly ending in /v1.
        key_env: The environment variable that holds the key; no key is sent if it is not set.
        temperature, top_p: Of sampling.
        max_tokens: The most tokens of an answer.
        max_tokens_field: The request's field for it: some servers want "max_completion_tokens".
        seed: Each request gets a sampling seed of its own, which this one and the turn decide; None sends none.
        extra_body: More fields of a request.
        timeout_s: Time for one request.
        max_retries: How often a request that failed is sent again.
        price_in, price_out: Of a million tokens read and written.
        cache: A folder that keeps all answers, or None.
    """

    base_url: str = "https://api.openai.com/v1"
    key_env: str = "OPENAI_API_KEY"
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = 1024
    max_tokens_field: MaxTokensField = "max_tokens"
    seed: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 120.0
    max_retries: int = 8
    price_in: float = 0.0
    price_out: float = 0.0
    cache: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", _checked_url(self.base_url))
        _check_number("temperature", self.temperature, 0.0, MAX_TEMPERATURE)
        _check_number("top_p", self.top_p, 0.0, 1.0)
        if self.max_tokens is not None:
            check_int("max_tokens", self.max_tokens, 1, 10**9)
        check_choice("max_tokens_field", self.max_tokens_field, get_args(MaxTokensField))
        if self.seed is not None:
            check_int("seed", self.seed, 0, NUM_SEEDS - 1)
        _check_extra_body(self.extra_body)
        _check_number("timeout_s", self.timeout_s, 0.001, MAX_TIMEOUT_S)
        check_int("max_retries", self.max_retries, 0, 1000)
        for name in ("price_in", "price_out"):
            _check_number(name, getattr(self, name), 0.0, 1e9)


class EndpointAgent(Agent):
    """Asks a model behind an endpoint. The key is read from the environment here and told to the endpoint alone.

    Args:
        model: The model's name, as the endpoint knows it.
        settings: How it is reached, and how it samples.

    Raises:
        ConfigError: if there is no model's name, or the key or the cache cannot be used.
        MissingDependencyError: if httpx is not installed.
    """

    def __init__(self, model: str, settings: EndpointSettings | None = None) -> None:
        if not model:
            raise ConfigError("the agent openai needs the name of a model: openai:MODEL")
        self.model = model
        self.settings = settings or EndpointSettings()
        self._client = EndpointClient(
            self.settings.base_url,
            os.environ.get(self.settings.key_env, "").strip(),
            self.settings.key_env,
            self.settings.timeout_s,
            self.settings.max_retries,
        )
        self._cache = None if self.settings.cache is None else ReplyCache(self.settings.cache)

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Ask the model."""
        draw = int(rng.integers(NUM_SEEDS))
        body = json.dumps(self._request(session, draw)).encode("ascii")
        if self._cache is None:
            return await self._ask(body)
        # A greedy answer is as good for any turn with the same request; a sampled one belongs to its turn.
        key = self._cache.key(self._client.url, body, 0 if self.settings.temperature == 0 else draw)
        reply = self._cache.read(key)
        if reply is None:
            reply = await self._ask(body)
            self._cache.write(key, reply)
        return reply

    def describe(self) -> dict[str, Any]:
        """Return the model, the address, and what is sent with each request."""
        settings = self.settings
        return {
            "name": f"openai:{self.model}",
            "model": self.model,
            "base_url": settings.base_url,
            "sampling": self._sampling(),
            "seed": settings.seed,
            "price_in": settings.price_in,
            "price_out": settings.price_out,
        }

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _ask(self, body: bytes) -> Reply:
        start_s = time.perf_counter()
        completion, num_requests = await self._client.complete(body)
        read = completion.prompt_tokens * self.settings.price_in
        written = completion.completion_tokens * self.settings.price_out
        return Reply(
            text=completion.text,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            cost=(read + written) / TOKENS_PER_PRICE,
            latency_s=time.perf_counter() - start_s,
            num_requests=num_requests,
            is_cut_off=completion.is_cut_off,
        )

    def _request(self, session: ChatSession, draw: int) -> dict[str, Any]:
        request = {"model": self.model, "messages": to_openai(session.messages()), **self._sampling()}
        if self.settings.seed is not None:
            request["seed"] = (self.settings.seed + draw) % NUM_SEEDS
        return request

    def _sampling(self) -> dict[str, Any]:
        """Return what every request holds besides messages."""
        fields = {
            "temperature": self.settings.temperature,
            "top_p": self.settings.top_p,
            self.settings.max_tokens_field: self.settings.max_tokens,
        }
        return {**{name: value for name, value in fields.items() if value is not None}, **self.settings.extra_body}


def _checked_url(text: str) -> str:
    """Return an address without a slash at its end; the messages tell no address that may hold a password."""
    url = text.strip().rstrip("/").removesuffix(PATH)
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # what is no name in other scripts either is a ValueError
        is_address = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not url.isprintable() or " " in url:
        raise ConfigError("base_url must be an address like http://localhost:8000/v1 or https://HOST/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            "base_url must have no user, password, query or fragment: it is written into the run. A key belongs into "
            "the environment variable"
        )
    return url


def _check_number(name: str, value: object, low: float, high: float) -> None:
    if value is None and name in ("temperature", "top_p"):
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")


def _check_extra_body(body: object) -> None:
    if not isinstance(body, Mapping) or not all(isinstance(name, str) for name in body):
        raise ConfigError(f"extra_body must map names of fields to values, got {body!r}")
    for name in OWN_FIELDS:
        if name in body:
            raise ConfigError(f"extra_body must not hold {name!r}, which the agent sets itself or cannot read")
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"extra_body must hold what JSON can say: {error}") from error
