"""Requests of many episodes, asked for in batches: what is asked until all wait is one batch."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from typing import Any, Final

from vlm_gym.errors import AgentError, AgentRefusedError
from vlm_gym.evaluation.models.batches.service import BatchService, BatchState, CancelledError
from vlm_gym.evaluation.models.batches.store import BatchStore
from vlm_gym.evaluation.models.endpoint_client import EndpointClient, LostReplyError
from vlm_gym.evaluation.models.endpoint_errors import PassingFailureError
from vlm_gym.evaluation.models.endpoint_reply import Completion

QUIET_S: Final = 0.5  # without a new request: then every episode that can ask has asked

Result = Mapping[str, Any]

logger = logging.getLogger(__name__)


class Batcher:
    """Gathers requests into batches, waits for these, and hands the answers out.

    A batch's name is on disk before anything waits for it, and so are its results before anybody gets one: a run that
    was killed waits for what it asked, and pays for nothing twice. A request that fails in a way that may pass is in
    the next batch again, as often as it would be sent again by itself. Progress is logged.

    Args:
        client: Reaches the provider.
        service: Its batch API.
        store: Where batches are kept.
        poll_s: Seconds between two looks at a batch.
    """

    def __init__(self, client: EndpointClient, service: BatchService, store: BatchStore, poll_s: float) -> None:
        self._client, self._service, self._store, self._poll_s = client, service, store, poll_s
        self._old = {key: number for number, batch in store.batches.items() for key in batch.keys}
        self._waiting: dict[str, bytes] = {}
        self._asked: dict[str, asyncio.Future[Result | None]] = {}
        self._waits: dict[int, asyncio.Task[Mapping[str, Result]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_gathering = False

    async def complete(self, key: str, body: bytes) -> tuple[Completion, int]:
        """Return the answer to a request, and in how many batches it was.

        Args:
            key: The request's name, the same for the same request.
            body: The request.

        Raises:
            AgentError: as `EndpointClient.complete` does.
        """
        found = await self._found(key)
        if found is not None:
            return found, 1
        num_requests = 0
        while True:
            num_requests += 1
            result = await self._ask(key, body)
            try:
                return self._read(result), num_requests
            except PassingFailureError as failure:
                self._client.check_worth_another(failure, num_requests)
                logger.info("%s: it is asked again in the next batch", failure)

    async def close(self) -> None:
        """Stop waiting; the batches go on at the provider."""
        tasks = [*self._tasks, *self._waits.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._waits.clear()
        self._asked.clear()
        self._waiting.clear()
        self._is_gathering = False

    async def _found(self, key: str) -> Completion | None:
        """Return the answer that a batch of an earlier process has, waiting for it; None if it has none."""
        number = self._old.get(key)
        if number is None:
            return None
        wait = self._waits.get(number)
        if wait is None:
            wait = self._waits[number] = asyncio.create_task(self._old_results(number))
        result = (await asyncio.shield(wait)).get(key)
        try:
            return self._read(result)
        except (PassingFailureError, AgentError) as error:
            logger.info("%s: it is asked again, for the run was resumed", error)
            self._old.pop(key, None)
            return None

    async def _old_results(self, number: int) -> Mapping[str, Result]:
        """Return the results of a batch of an earlier process; none if it never began or was refused as a whole."""
        results = self._store.results(number)
        if results is not None:
            return results
        batch = self._store.batches[number]
        try:
            name = batch.name or await self._service.find(batch, self._store.names)
            if name is None:
                self._store.forget(number)
                return {}
            self._store.begun(number, name)
            logger.info("batch %s of an earlier sitting is waited for", name)
            await self._over(number)
        except AgentError as error:
            raise _for_all(error) from error
        return self._store.results(number) or {}

    async def _ask(self, key: str, body: bytes) -> Result | None:
        """Return the result of a request in the next batch; None if the batch has none for it."""
        future = self._asked.get(key)
        if future is None:
            future = self._asked[key] = asyncio.get_running_loop().create_future()
            self._waiting[key] = body
            if not self._is_gathering:
                self._is_gathering = True
                self._spawn(self._gather())
        return await asyncio.shield(future)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Let nobody wait for a task that broke."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(tuple(self._asked), error)

    async def _gather(self) -> None:
        """Wait until nobody asks any more, then send what was asked."""
        before: tuple[int, int] | None = None
        while before != (standing := (len(self._waiting), self._num_old())) or standing[1]:
            before = standing
            await asyncio.sleep(QUIET_S)
        asked, self._waiting, self._is_gathering = self._waiting, {}, False
        lines = {key: self._service.line(key, body) for key, body in asked.items()}
        for part in _parts(lines, self._service.max_requests, self._service.max_bytes):
            self._spawn(self._run({key: lines[key] for key in part}))

    def _num_old(self) -> int:
        """Return how many batches of an earlier process are waited for: who gets an answer of theirs will ask soon."""
        return sum(not wait.done() for wait in self._waits.values())

    async def _run(self, lines: Mapping[str, bytes]) -> None:
        """Send a batch, wait for it, and hand out its results, or what it means that there are none."""
        try:
            number = await self._begin(lines)
            state = await self._over(number)
        except AgentError as error:
            self._fail(lines, _for_all(error))
            return
        if state.refusal is not None:
            self._fail(lines, _refused(state))
            return
        results = self._store.results(number) or {}
        if state.is_cancelled:  # what has a result is handed out all the same
            self._fail([key for key in lines if key not in results], _cancelled(state))
        for key in lines:
            future = self._asked.pop(key, None)
            if future is not None and not future.done():
                future.set_result(results.get(key))

    async def _begin(self, lines: Mapping[str, bytes]) -> int:
        """Send a batch and keep its name; return its number."""
        file, body = await self._service.prepare(list(lines.values()))
        number = self._store.add(tuple(lines), file)
        try:
            name = await self._service.create(body)
        except LostReplyError as error:
            found = await self._service.find(self._store.batches[number], self._store.names)
            if found is None:
                raise AgentRefusedError(
                    f"nobody knows whether a batch of {len(lines)} requests has begun ({error}). --resume looks for "
                    "it once more in the provider's list of batches, and sends it again if it is not there"
                ) from error
            name = found
        except AgentError:
            self._store.forget(number)
            raise
        self._store.begun(number, name)
        logger.info("batch %s: %d requests sent", name, len(lines))
        return number

    async def _over(self, number: int) -> BatchState:
        """Wait for a batch, and keep its results."""
        batch = self._store.batches[number]
        name = batch.name or ""
        told = ""
        state = await self._service.state(name)
        while not state.is_over:
            standing = f"batch {name}: {state.num_done} of {len(batch.keys)} requests done, {state.status}"
            if standing != told:
                logger.info("%s", standing)
                told = standing
            await asyncio.sleep(self._poll_s)
            state = await self._service.state(name)
        logger.info("batch %s: %s", name, state.status)
        if state.refusal is not None:
            self._store.forget(number)
        else:
            self._store.keep_results(number, await self._service.results(state))
        return state

    def _fail(self, keys: Iterable[str], error: BaseException) -> None:
        for key in keys:
            future = self._asked.pop(key, None)
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # who asked may have been cancelled: nobody else has to know

    def _read(self, result: Result | None) -> Completion:
        if result is None:
            raise PassingFailureError("the batch has no result for the request")
        return self._client.read(*self._service.read(result))


def _for_all(error: AgentError) -> AgentRefusedError:
    """Return what a failure of the batch API itself means: no request gets an answer."""
    if isinstance(error, AgentRefusedError):
        return error
    return AgentRefusedError(f"the batch API fails, and all requests with it: {error}. --resume goes on from here")


def _refused(state: BatchState) -> AgentRefusedError:
    return AgentRefusedError(
        f"the provider does not take the batch {state.name}: {state.refusal}. Nothing of it was answered; "
        "--concurrency N makes smaller batches"
    )


def _cancelled(state: BatchState) -> AgentRefusedError:
    return CancelledError(
        f"the batch {state.name} was {state.status} at the provider: --resume asks for the rest again"
    )


def _parts(lines: Mapping[str, bytes], max_requests: int, max_bytes: int) -> Iterator[list[str]]:
    """Yield keys in parts, none of more requests or bytes than a batch may have."""
    part: list[str] = []
    num_bytes = 0
    for key, line in lines.items():
        if part and (len(part) >= max_requests or num_bytes + len(line) > max_bytes):
            yield part
            part, num_bytes = [], 0
        part.append(key)
        num_bytes += len(line) + 2
    if part:
        yield part
