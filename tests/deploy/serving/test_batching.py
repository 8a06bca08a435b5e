"""Requests that come together are one call: who waits, for how long, and what happens when too much does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("starlette", reason="needs the extra serve: pip install 'tuneyard[serve]'")

from deploy.serving.batching import Batcher
from deploy.serving.refusals import Refusal


class Work:
    """Sums each request's rows; `gate`: what it waits for before it answers."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, requests: Sequence[Sequence[Any]]) -> Sequence[Any]:
        assert self.gate.wait(60)
        self.calls.append(len(requests))
        return [ValueError("odd") if None in each else sum(each) for each in requests]


async def ask(batcher: Batcher, rows: Sequence[Any]) -> Any:
    with batcher.opened():
        await asyncio.sleep(0)
        return await batcher.compute(rows)


def test_a_request_that_is_alone_does_not_wait() -> None:
    async def run() -> Any:
        batcher = Batcher(Work(), wait=3600.0, rows=100, queue_rows=100)
        batcher.start()
        async with asyncio.timeout(60):
            answer = await ask(batcher, [1, 2])
        await batcher.close()
        return answer

    assert asyncio.run(run()) == 3


def test_a_batch_waits_for_requests_that_are_on_their_way_and_no_longer() -> None:
    work = Work()

    async def run() -> Any:
        batcher = Batcher(work, wait=3600.0, rows=100, queue_rows=100)
        batcher.start()
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(ask(batcher, [i]) for i in range(10)))
        await batcher.close()
        return answers

    assert asyncio.run(run()) == list(range(10))
    assert work.calls == [10]


def test_one_that_never_comes_is_waited_for_only_so_long() -> None:
    async def run() -> Any:
        batcher = Batcher(Work(), wait=0.01, rows=100, queue_rows=100)
        batcher.start()
        with batcher.opened():  # a slow body
            answer = await ask(batcher, [5])
        await batcher.close()
        return answer

    assert asyncio.run(run()) == 5


def test_a_batch_holds_so_many_rows_and_a_larger_request_is_one_of_its_own() -> None:
    work = Work()

    async def run() -> Any:
        batcher = Batcher(work, wait=3600.0, rows=4, queue_rows=100)
        work.gate.clear()
        batcher.start()
        tasks = [asyncio.create_task(ask(batcher, [1] * n)) for n in (2, 2, 2, 9, 1)]
        while len(work.calls) + batcher.batches == 0:
            await asyncio.sleep(0)
        work.gate.set()
        answers = await asyncio.gather(*tasks)
        await batcher.close()
        return answers

    assert asyncio.run(run()) == [2, 2, 2, 9, 1]
    assert work.calls == [2, 1, 1, 1]


def test_an_answer_that_is_an_exception_is_of_its_request_alone() -> None:
    async def run() -> Any:
        batcher = Batcher(Work(), wait=3600.0, rows=100, queue_rows=100)
        batcher.start()
        answers = await asyncio.gather(
            *(ask(batcher, rows) for rows in ([1], [None], [2])), return_exceptions=True
        )
        await batcher.close()
        return answers

    first, second, third = asyncio.run(run())
    assert (first, third) == (1, 2)
    assert isinstance(second, ValueError)


def test_more_than_may_wait_is_refused_and_what_waits_is_answered_at_the_end() -> None:
    work = Work()

    async def run() -> Any:
        batcher = Batcher(work, wait=0.0, rows=1, queue_rows=3)
        work.gate.clear()
        batcher.start()
        tasks = [asyncio.create_task(batcher.compute([0]))]
        while batcher.batches == 0 or batcher.waiting_rows:
            await asyncio.sleep(0)
        tasks += [asyncio.create_task(batcher.compute([i])) for i in (1, 2, 3)]
        while batcher.waiting_rows < 3:
            await asyncio.sleep(0)
        with pytest.raises(Refusal) as refused:
            await batcher.compute([9])
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="ending"):
            await batcher.compute([9])
        work.gate.set()
        await closing
        return [await task for task in tasks]

    assert asyncio.run(run()) == [0, 1, 2, 3]


def test_a_request_whose_client_went_away_is_not_computed() -> None:
    work = Work()

    async def run() -> None:
        batcher = Batcher(work, wait=0.0, rows=1, queue_rows=10)
        work.gate.clear()
        batcher.start()
        first = asyncio.create_task(batcher.compute([1]))
        while batcher.batches == 0:
            await asyncio.sleep(0)
        gone = asyncio.create_task(batcher.compute([2]))
        while batcher.waiting_rows == 0:
            await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        work.gate.set()
        assert await first == 1
        await batcher.close()

    asyncio.run(run())
    assert work.calls == [1]
