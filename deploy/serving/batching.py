"""Micro-batching: requests that come within a few milliseconds share one call of the model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy.serving.refusals import Refusal

__all__ = ["Batcher"]

Work = Callable[[Sequence[Sequence[Any]]], Sequence[Any]]


class Batcher:
    """Collects the records of requests and computes them together, one batch after the other in a thread of its own.

    A batch begins with whatever waits. It waits for others at most `wait` seconds, and not at all once every request
    that is open has joined: a client that is alone never waits. While one batch is computed the next one gathers.

    ```
    batcher = Batcher(work, wait=0.002, rows=256, queue_rows=20_000)
    batcher.start()                        # in the running event loop
    with batcher.opened():                 # from the moment a request is there
        answer = await batcher.compute(records)
    await batcher.close()                  # answers what waits, then ends
    ```

    Args:
        work: called in the thread with the records of each request of a batch; one answer a request, or an exception
            as an answer, which its request alone raises.
        wait: seconds.
        rows: of a batch, at most; a request with more is a batch of its own.
        queue_rows: that may wait.
    """

    def __init__(self, work: Work, wait: float, rows: int, queue_rows: int) -> None:
        self._work, self._wait, self._rows, self._queue_rows = work, wait, rows, queue_rows
        self._waiting: deque[tuple[Sequence[Any], asyncio.Future[Any]]] = deque()
        self._waiting_rows = 0
        self._open = 0
        self._changed = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._task: asyncio.Task[None] | None = None
        self.batches = 0
        """Calls of the model so far."""

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def waiting_rows(self) -> int:
        return self._waiting_rows

    def opened(self) -> _Opened:
        """A context: one request more is on its way here."""
        return _Opened(self)

    async def compute(self, records: Sequence[Any]) -> Any:
        """The answer to these records.

        Raises:
            Refusal: too many rows wait already (503), or the server is ending (503).
            Exception: what `work` gave as this request's answer.
        """
        if self._closing:
            raise Refusal(503, "the server is ending; send it again", headers={"Retry-After": "1"})
        if self._waiting_rows and self._waiting_rows + len(records) > self._queue_rows:
            raise Refusal(
                503, f"{self._waiting_rows} rows wait already; send it again", headers={"Retry-After": "1"}
            )
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((records, future))
        self._waiting_rows += len(records)
        self._changed.set()
        return await future

    async def close(self) -> None:
        """Answer what waits; nothing new is taken."""
        self._closing = True
        self._changed.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        """Something else of the model, between two batches."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting or not self._closing:
            if not self._waiting:
                self._changed.clear()
                await self._changed.wait()
                continue
            await self._gather(loop.time() + self._wait)
            batch = self._take()
            if not batch:
                continue
            self.batches += 1
            try:
                answers = await loop.run_in_executor(self._thread, self._work, [each for each, _ in batch])
            except Exception as error:  # of the work as a whole: each of its requests is told
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():  # its client went away
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    async def _gather(self, until: float) -> None:
        """Wait for the other open requests, as long as there may be some, it is not too long, and there is room."""
        loop = asyncio.get_running_loop()
        while len(self._waiting) < self._open and self._waiting_rows < self._rows and not self._closing:
            left = until - loop.time()
            if left <= 0:
                return
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _take(self) -> list[tuple[Sequence[Any], asyncio.Future[Any]]]:
        batch: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        rows = 0
        while self._waiting and (not batch or rows + len(self._waiting[0][0]) <= self._rows):
            records, future = self._waiting.popleft()
            self._waiting_rows -= len(records)
            if not future.done():
                batch.append((records, future))
                rows += len(records)
        return batch


class _Opened:
    def __init__(self, batcher: Batcher) -> None:
        self._batcher = batcher

    def __enter__(self) -> None:
        self._batcher._open += 1

    def __exit__(self, *_: object) -> None:
        self._batcher._open -= 1
        self._batcher._changed.set()
