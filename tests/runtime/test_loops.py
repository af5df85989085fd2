"""A worker goes on through every failure, says it once, and ends between two steps."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bancheng.federation.timing import Timing
from bancheng.runtime.loops import Loop, stop_all
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
    loop = Loop("work", work.step, timing=SOON)
    with caplog.at_level(logging.INFO):
        loop.start()
        await asyncio.wait_for(work.ended.wait(), 10)
        await loop.stopped(10)
    assert work.done == 6
    assert loop.trouble == ""
    codes = [record.__dict__["code"] for record in caplog.records if record.message == "worker in trouble"]
    assert codes == ["database.unavailable", "database.busy", "worker.failed:RuntimeError"]
    assert [record.message for record in caplog.records].count("worker well again") == 1


async def test_it_is_woken_before_its_pause_ends() -> None:
    work = Work(60.0, 60.0)
    loop = Loop("work", work.step)
    loop.start()
    await asyncio.wait_for(work.begun.wait(), 10)
    loop.wake()
    await asyncio.wait_for(work.ended.wait(), 10)
    await stop_all([loop], 10)
    assert work.done == 2


async def test_it_ends_after_the_step_under_way() -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def step() -> float:
        begun.set()
        await may_end.wait()
        ended.set()
        return 0.0

    loop = Loop("work", step)
    loop.start()
    await begun.wait()
    stopping = asyncio.create_task(loop.stopped(10))
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

    loop = Loop("work", step)
    loop.start()
    await begun.wait()
    await asyncio.wait_for(loop.stopped(0.01), 10)
