"""A task has ended when it is said to have, also one that loses a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from bancheng.federation.ending import end


class _Deaf:
    """Goes on after the first `times` cancellations, as nats-py may after one."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    async def run(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.asked += 1
                if self.asked > self.times:
                    raise


async def test_a_task_that_swallows_a_cancellation_is_asked_again_until_it_ends() -> None:
    deaf, other = _Deaf(2), _Deaf(0)
    tasks = [asyncio.create_task(each.run()) for each in (deaf, other)]
    await asyncio.sleep(0)
    await end(tasks, ask_again_seconds=0.01)
    assert all(task.cancelled() for task in tasks)
    assert (deaf.asked, other.asked) == (3, 1)


async def test_what_one_failed_with_is_raised_when_all_have_ended() -> None:
    async def fail() -> None:
        raise LookupError

    failing, running = asyncio.create_task(fail()), asyncio.create_task(_Deaf(0).run())
    await asyncio.sleep(0)
    with pytest.raises(LookupError):
        await end([failing, running])
    assert running.cancelled()


async def test_none_and_those_that_ended_already_are_no_work() -> None:
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    await end([])
    await end([done])
