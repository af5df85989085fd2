"""A worker goes on through every failure, says it once, and ends between two steps."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bancheng.federation.errors import LinkStopped
from bancheng.federation.timing import Timing
from bancheng.federation.worker import Worker, stop_all
from bancheng.store.errors import DatabaseBusy, DatabaseUnavailable

SOON = Timing(retry_least=0.001, retry_most=0.002)


class Work:
    """Steps that do what they are told, and tell when each was done."""

    def __init__(self, *outcomes: float | Exception) -> None:
        self._outcomes = list(outcomes)
        self.done = 0
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def step(self) -> float:
        self.done += 1
        self.begun.set()
        outcome = self._outcomes.pop(0) if self._outcomes else 60.0
        if not self._outcomes:
            self.ended.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def test_it_goes_on_after_any_failure_and_says_each_once(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(DatabaseUnavailable(), DatabaseUnavailable(), DatabaseBusy(), RuntimeError("a defect"), 0.0, 60.0)
    worker = Worker("work", work.step, timing=SOON)
    with caplog.at_level(logging.INFO):
        worker.start()
        await asyncio.wait_for(work.ended.wait(), 10)
        await stop_all([worker], 10)
    assert work.done == 6
    assert worker.trouble == ""
    codes = [record.__dict__["code"] for record in caplog.records if record.message == "worker in trouble"]
    assert codes == ["database.unavailable", "database.busy", "worker.failed:RuntimeError"]
    assert [record.message for record in caplog.records].count("worker well again") == 1


async def test_it_is_woken_before_its_pause_ends() -> None:
    work = Work(60.0, 60.0)
    worker = Worker("work", work.step)
    worker.start()
    await asyncio.wait_for(work.begun.wait(), 10)
    worker.wake()
    await asyncio.wait_for(work.ended.wait(), 10)
    await stop_all([worker], 10)
    assert work.done == 2


async def test_a_pause_after_a_trouble_ends_when_it_is_resumed_and_not_when_it_is_woken() -> None:
    work = Work(DatabaseUnavailable(), 60.0)
    worker = Worker("work", work.step, timing=Timing(retry_least=60.0, retry_most=60.0))
    worker.start()
    await asyncio.wait_for(work.begun.wait(), 10)
    worker.wake()
    for _ in range(10):
        await asyncio.sleep(0)
    assert (work.done, worker.health.state) == (1, "waiting")
    worker.resume()
    await asyncio.wait_for(work.ended.wait(), 10)
    await stop_all([worker])
    assert (work.done, worker.health.state) == (2, "open")


async def test_what_nobody_foresaw_is_shown_by_the_code_of_the_worker() -> None:
    work = Work(RuntimeError("a defect"), LinkStopped("link.head_differs"), 60.0)
    worker = Worker("work", work.step, timing=SOON, code="work.failed")
    seen: list[tuple[str, str]] = []
    worker.start()
    while not work.ended.is_set():
        seen.append((worker.health.state, worker.trouble))
        await asyncio.sleep(0)
    await stop_all([worker])
    assert {("waiting", "work.failed"), ("stopped", "link.head_differs")} <= set(seen)


async def test_it_ends_after_the_step_under_way() -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def step() -> float:
        begun.set()
        await may_end.wait()
        ended.set()
        return 0.0

    worker = Worker("work", step)
    worker.start()
    await begun.wait()
    stopping = asyncio.create_task(stop_all([worker], 10))
    await asyncio.sleep(0)
    may_end.set()
    await stopping
    assert ended.is_set()


async def test_a_step_that_hangs_is_cancelled_after_the_time_out() -> None:
    begun = asyncio.Event()

    async def step() -> float:
        begun.set()
        await asyncio.Event().wait()
        return 0.0

    worker = Worker("work", step)
    worker.start()
    await begun.wait()
    await asyncio.wait_for(stop_all([worker], 0.01), 10)
