"""An agent behind an endpoint: a model on a server of one's own, or a commercial one."""

import json
import secrets
import time
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Any, Final

import numpy as np

from vlm_gym.chat import ChatSession
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.models.batches.batcher import Batcher
from vlm_gym.evaluation.models.batches.services import batch_service
from vlm_gym.evaluation.models.batches.store import BatchStore
from vlm_gym.evaluation.models.endpoint_client import EndpointClient
from vlm_gym.evaluation.models.endpoint_settings import NUM_SEEDS, EndpointSettings
from vlm_gym.evaluation.models.protocols.base import EndpointProtocol
from vlm_gym.evaluation.models.protocols.names import CHAT
from vlm_gym.evaluation.models.reply_cache import ReplyCache, request_key
from vlm_gym.messages import Message

__all__ = ["EndpointAgent", "EndpointSettings"]

TOKENS_PER_PRICE: Final = 1_000_000


class EndpointAgent(Agent):
    """Asks a model behind an endpoint. The key is read from the environment once and told to the endpoint alone.

    Args:
        model: The model's name, as the endpoint knows it.
        settings: How it is reached, and how it samples.
        protocol: What the endpoint speaks.

    Raises:
        ConfigError: if there is no model's name, the protocol cannot say what is asked for, or the key or the cache
            cannot be used.
        MissingDependencyError: if httpx is not installed.
    """

    def __init__(self, model: str, settings: EndpointSettings | None = None, protocol: EndpointProtocol = CHAT) -> None:
        if not model.strip():
            raise ConfigError(f"the agent {protocol.prefix} needs the name of a model: {protocol.prefix}:MODEL")
        self.model, self.protocol = model, protocol
        self._client = EndpointClient(settings or EndpointSettings(), protocol)
        self.settings = self._client.settings
        self._sampling = protocol.sampling(self.settings)
        self._mark = secrets.token_hex(16)  # nothing that is said can hold it
        self._checked: tuple[bytes, int, Reply] | None = None
        self._cache = None if self.settings.cache is None else ReplyCache(self.settings.cache)
        self._batcher: Batcher | None = None
        if self.settings.batches is not None:
            store = BatchStore(self.settings.batches)
            self._batcher = Batcher(self._client, batch_service(self._client), store, self.settings.poll_s)

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Ask the model."""
        draw = int(rng.integers(NUM_SEEDS))
        body = self._body(session, draw)
        if self._checked is not None and self._checked[:2] == (body, draw):
            (*_, reply), self._checked = self._checked, None
        else:
            reply = await self._answer(body, draw)
        return reply if self.settings.seed is None else replace(reply, seed=self._seed(draw))

    async def check(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Ask the model, and keep the answer until the same request comes again: it is paid for once."""
        draw = int(rng.integers(NUM_SEEDS))
        body = self._body(session, draw)
        reply = await self._answer(body, draw, is_now=True)
        self._checked = (body, draw, reply)
        return reply

    async def _answer(self, body: bytes, draw: int, *, is_now: bool = False) -> Reply:
        if self._cache is None:
            return await self._ask(body, draw, is_now=is_now)
        # A greedy answer is as good for any turn with the same request; a sampled one belongs to its turn.
        key = request_key(self._client.url, body, 0 if self.settings.temperature == 0 else draw)
        reply = self._cache.read(key)
        if reply is None:
            reply = await self._ask(body, draw, is_now=is_now)
            self._cache.write(key, reply)
        return reply

    def describe(self) -> dict[str, Any]:
        """Return the model, the address, and what is sent with each request."""
        settings = self.settings
        return {
            "name": f"{self.protocol.prefix}:{self.model}",
            "model": self.model,
            "base_url": settings.base_url,
            "sampling": self._sampling,
            "seed": settings.seed,
            "price_in": settings.price_in,
            "price_out": settings.price_out,
            **({"headers": dict(settings.headers)} if settings.headers else {}),
            **({"finish_reasons": dict(settings.finish_reasons)} if settings.finish_reasons else {}),
        }

    async def close(self) -> None:
        """Close all connections; batches go on at the provider."""
        if self._batcher is not None:
            await self._batcher.close()
        await self._client.close()

    async def _ask(self, body: bytes, draw: int, *, is_now: bool) -> Reply:
        start_s = time.perf_counter()
        if self._batcher is None or is_now:
            completion, num_requests = await self._client.complete(body)
        else:
            key = request_key(self._client.url, body, draw)
            completion, num_requests = await self._batcher.complete(key, body)
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
            finish_reason=completion.finish_reason,
            reasoning=completion.reasoning,
            model=completion.model,
            request_id=completion.request_id,
        )

    def _body(self, session: ChatSession, draw: int) -> bytes:
        """Return the request as JSON. Its pictures, which JSON writes as they are, are put in afterwards."""
        pictures: list[str] = []

        def mark(message: Message) -> str:
            pictures.append(message.picture_base64)
            return self._mark

        request = self.protocol.request(self.model, session.messages(), mark)
        request.update(self._sampling)
        if self.settings.seed is not None:
            request["seed"] = self._seed(draw)
        words = json.dumps(request).split(self._mark)
        told = chain.from_iterable(zip_longest(words, pictures, fillvalue=""))
        return "".join(told).encode("ascii")

    def _seed(self, draw: int) -> int:
        """Return the sampling seed of a request."""
        return ((self.settings.seed or 0) + draw) % NUM_SEEDS
