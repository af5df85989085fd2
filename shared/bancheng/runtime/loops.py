"""A job that is done again and again: woken or after a while, through every outage, until it is told to stop.

Owns pauses, backoff, what is logged, and stopping between two steps. Must not know what a step does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from bancheng.federation.errors import LinkTrouble
from bancheng.federation.timing import Backoff, Timing
from bancheng.store.errors import StoreError

Step = Callable[[], Awaitable[float]]
"""One piece of work, its own transactions included; returns after how many seconds to look again, 0 for at once."""

_log = logging.getLogger(__name__)


class Loop:
    """One job. `trouble` is the code of what is in its way, empty when it is well."""

    def __init__(self, name: str, step: Step, *, least_seconds: float = 0.0, timing: Timing | None = None) -> None:
        self.name = name
        self.trouble = ""
        self._step = step
        self._least_seconds = least_seconds
        self._backoff = Backoff(timing or Timing())
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """There may be something to do: do not wait for the pause to end, only for `least_seconds`."""
        self._woken.set()

    def stop_soon(self) -> None:
        """The step under way is the last."""
        self._stopping = True
        self._woken.set()

    async def stopped(self, timeout_seconds: float) -> None:
        """Waits for the end of the last step; after the time-out the step is cancelled and undone."""
        self.stop_soon()
        task, self._task = self._task, None
        if task is None:
            return
        await asyncio.wait({task}, timeout=timeout_seconds)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        while not self._stopping:
            pause = await self._once()
            if self._stopping:
                return
            await self._rest(pause)

    async def _once(self) -> float:
        self._woken.clear()
        try:
            pause = await self._step()
        except (StoreError, LinkTrouble) as error:
            return self._in_trouble(error.code)
        except Exception as error:  # noqa: BLE001 - a loop never ends: whatever it is, it is shown and tried again
            code = getattr(error, "code", "")
            return self._in_trouble(str(code) or f"worker.failed:{type(error).__name__}", error)
        if self.trouble:
            _log.info("worker well again", extra={"worker": self.name, "code": self.trouble})
            self.trouble = ""
        self._backoff.reset()
        return pause

    def _in_trouble(self, code: str, error: Exception | None = None) -> float:
        """Said once for each change of what is wrong, not once for each try."""
        if code != self.trouble:
            _log.warning("worker in trouble", extra={"worker": self.name, "code": code}, exc_info=error)
            self.trouble = code
        return self._backoff.pause()

    async def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        await asyncio.sleep(min(seconds, self._least_seconds))
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds - self._least_seconds)):
                await self._woken.wait()


async def stop_all(loops: Sequence[Loop], timeout_seconds: float) -> None:
    """All of them at once, within one time-out."""
    for loop in loops:
        loop.stop_soon()
    await asyncio.gather(*(loop.stopped(timeout_seconds) for loop in loops))
