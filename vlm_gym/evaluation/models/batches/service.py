"""What a provider's batch API is: a file of requests goes there, and some time later one of results comes back."""

import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from vlm_gym.errors import AgentRefusedError
from vlm_gym.evaluation.models.endpoint_client import EndpointClient
from vlm_gym.evaluation.models.endpoint_errors import clean, parse
from vlm_gym.evaluation.models.protocols.base import objects, string

MAX_RESULT_BYTES: Final = 2**31
TRANSFER_S: Final = 1800.0  # for a file of some hundred megabytes
NUM_LISTED: Final = 100
IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")  # it becomes a part of addresses


class CancelledError(AgentRefusedError):
    """A request that somebody cancelled at the provider: whether to pay for it again is not ours to say."""


@dataclass(frozen=True)
class Batch:
    """A batch as a run keeps it.

    Attributes:
        keys: The keys of its requests.
        file: What was uploaded for it, if anything was.
        name: Its name at the provider; None before it has begun.
        since_s: When it was to begin, in seconds since 1970.
    """

    keys: tuple[str, ...]
    file: str = ""
    name: str | None = None
    since_s: float = field(default_factory=time.time)


@dataclass(frozen=True)
class BatchState:
    """Where a batch stands.

    Attributes:
        name: The batch's.
        status: In the provider's word.
        is_over: Whether no more results will come.
        num_done: How many of its requests have a result.
        refusal: Why the provider takes none of it; None if it does.
        files: What its results are fetched by, where they have names.
    """

    name: str
    status: str
    is_over: bool
    num_done: int = 0
    refusal: str | None = None
    files: tuple[str, ...] = ()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody ended it at the provider."""
        return self.is_over and self.status in ("cancelled", "canceled")


class BatchService(ABC):
    """Speaks a provider's batch API. Results are told by the key of their request; they come in any order.

    Attributes:
        path: Where batches are, below the address.
        max_requests, max_bytes: Of one batch, a little below what the provider takes.
    """

    path: ClassVar[str]
    max_requests: ClassVar[int]
    max_bytes: ClassVar[int]

    def __init__(self, client: EndpointClient) -> None:
        self.client = client

    @abstractmethod
    def line(self, key: str, body: bytes) -> bytes:
        """Return a request as a part of a batch."""

    @abstractmethod
    async def prepare(self, lines: Sequence[bytes]) -> tuple[str, bytes]:
        """Send what costs nothing if it is sent twice; return its name, and the request that begins a batch."""

    @abstractmethod
    def is_it(self, listed: Mapping[str, Any], batch: Batch) -> bool:
        """Return whether a batch in the provider's list is, as far as can be told, one whose name was lost."""

    @abstractmethod
    async def state(self, name: str) -> BatchState:
        """Return where a batch stands."""

    @abstractmethod
    async def results(self, state: BatchState) -> bytes:
        """Return the results of a batch that is over: a line of JSON each."""

    @abstractmethod
    def read(self, result: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of the reply in a result, as if it had come by itself.

        Raises:
            PassingFailureError, AgentError: what it means that there is none.
        """

    async def create(self, body: bytes) -> str:
        """Begin a batch; return its name.

        Raises:
            LostReplyError: if nobody knows whether it began.
            AgentError: if it did not.
        """
        made = await self.object("POST", self.path, body, timeout_s=TRANSFER_S, is_repeatable=False)
        return self.name_in(made, "batch")

    async def find(self, batch: Batch, known: Sequence[str]) -> str | None:
        """Return the name of a batch whose beginning was not answered; None if it is not to be found.

        Args:
            batch: The batch.
            known: The names of others.
        """
        listed = await self.object("GET", f"{self.path}?limit={NUM_LISTED}")
        found = [self.name_in(each, "batch") for each in objects(listed.get("data")) if self.is_it(each, batch)]
        new = [name for name in found if name not in known]
        return new[0] if len(new) == 1 else None

    async def object(self, method: str, path: str, body: bytes = b"", **how: Any) -> dict[str, Any]:
        """Send a request; return the JSON object that comes back.

        Raises:
            AgentRefusedError: if none does.
        """
        data = await self.client.call(method, path, body, **how)
        value = parse(data)
        if not isinstance(value, dict):
            raise AgentRefusedError(f"the batch API's reply to {method} {path} is not a JSON object: {clean(data)}")
        return value

    def name_in(self, value: Mapping[str, Any], what: str) -> str:
        """Return the name in a reply.

        Raises:
            AgentRefusedError: if there is none that may stand in an address.
        """
        name = string(value.get("id"))
        if not IDENTIFIER.fullmatch(name):
            raise AgentRefusedError(f"the batch API's reply names no {what}: {clean(json.dumps(value))}")
        return name


def result_lines(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the results of a file by their requests' keys; lines that are none are left out."""
    for line in data.splitlines():
        value = parse(line)
        if isinstance(value, dict) and isinstance(value.get("custom_id"), str):
            yield value["custom_id"], value
