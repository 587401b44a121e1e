"""Questions of many episodes, answered in batches: what asks while one batch is being answered is the next batch."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from vlm_gym.evaluation.models.agents import Reply

GATHER_S: Final = 0.02  # other episodes that are about to ask come into the same batch

RequestT = TypeVar("RequestT")


@dataclass
class _Batch(Generic[RequestT]):
    requests: list[RequestT] = field(default_factory=list)
    task: "asyncio.Task[Sequence[Reply]] | None" = None


class Gatherer(Generic[RequestT]):
    """Asks `answer_all` for many at once, in a thread, one batch at a time.

    The number of episodes in play bounds a batch.
    """

    def __init__(self, answer_all: Callable[[Sequence[RequestT]], Sequence[Reply]]) -> None:
        self._answer_all = answer_all
        self._waiting: _Batch[RequestT] | None = None
        self._lock = asyncio.Lock()

    async def ask(self, request: RequestT) -> Reply:
        """Return the reply to a request, which waits for its batch."""
        batch = self._waiting
        if batch is None:
            batch = self._waiting = _Batch()
            batch.task = asyncio.create_task(self._run(batch))
        assert batch.task is not None  # noqa: S101  # it is set where the batch is made
        place = len(batch.requests)
        batch.requests.append(request)
        replies = await asyncio.shield(batch.task)  # an episode that is cancelled must not cancel the others
        return replies[place]

    def forget(self) -> None:
        """Forget the event loop, so that another one may ask."""
        self._waiting, self._lock = None, asyncio.Lock()

    async def _run(self, batch: _Batch[RequestT]) -> Sequence[Reply]:
        async with self._lock:  # while one batch is answered, the next one gathers
            await asyncio.sleep(GATHER_S)
            self._waiting = None
            return await asyncio.to_thread(self._answer_all, batch.requests)
