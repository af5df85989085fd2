"""A job that is done again and again: woken or after a while, through every outage, until it is told to stop.

Owns pauses, backoff, how it is doing, what is logged of that, and stopping. Must not know what a step does.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from bancheng.federation.ending import end
from bancheng.federation.errors import LinkStopped, LinkTrouble
from bancheng.federation.health import Health
from bancheng.federation.timing import Backoff, Timing
from bancheng.store.errors import StoreError

Step = Callable[[], Awaitable[float]]
"""One piece of work, its own transactions included; returns after how many seconds to look again, 0 for at once."""
UNTIL_WOKEN: Final = math.inf

_log = logging.getLogger(__name__)


def _untold(trouble: Exception) -> None:
    """Nobody asked to be told."""


class Worker:
    """One job. A step that lasts as long as it goes well calls `well` whenever it got on, and heeds `woken` itself."""

    def __init__(
        self,
        name: str,
        step: Step,
        *,
        timing: Timing | None = None,
        least_seconds: float = 0.0,
        code: str = "",
        on_trouble: Callable[[Exception], None] = _untold,
    ) -> None:
        """`least_seconds` lie between two steps, whoever wakes. `code` is shown for what nobody foresaw; without one
        the error's own is. `on_trouble` hears of what passes by itself.
        """
        self.name = name
        self.health = Health()
        self.woken = asyncio.Event()
        self._step = step
        self._timing = timing or Timing()
        self._least_seconds = least_seconds
        self._code = code
        self._on_trouble = on_trouble
        self._backoff = Backoff(self._timing)
        self._resumed = asyncio.Event()
        self._said: tuple[str, str] | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def trouble(self) -> str:
        """The code of what is in its way; empty when it is well."""
        return self.health.reason

    def start(self) -> None:
        if self._task is None:
            self._stopping = False
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """There may be something to do: do not wait for the pause to end, unless something was in the way."""
        self.woken.set()

    def resume(self) -> None:
        """Something changed that is worth a new try, whatever was in the way."""
        self._resumed.set()
        self.woken.set()

    def stop_soon(self) -> asyncio.Task[None] | None:
        """The step under way is the last. Returns the task that ends with it."""
        self._stopping = True
        self.resume()
        task, self._task = self._task, None
        return task

    def well(self) -> None:
        """It got on: the next trouble is a new one."""
        if self._said is not None:
            _log.info("worker well again", extra={"worker": self.name, "code": self._said[0]})
            self._said = None
        self.health.well()
        self._backoff.reset()
        self._resumed.clear()

    async def rest(self, seconds: float) -> None:
        """Until woken, or so long."""
        await _set_within(self.woken, seconds)

    async def _run(self) -> None:
        while not self._stopping:
            pause = await self._once()
            if self._stopping:
                return
            least = min(pause, self._least_seconds)
            await asyncio.sleep(least)
            if pause > least:
                await _set_within(self.woken if self.health.state == "open" else self._resumed, pause - least)

    async def _once(self) -> float:
        self.woken.clear()
        self._resumed.clear()
        try:
            pause = await self._step()
        except LinkStopped as stopped:
            self.health.stopped(stopped.detail)
            self._say(stopped.detail)
            return self._timing.retry_most
        except (LinkTrouble, StoreError) as trouble:
            self.health.trouble(trouble.code, str(trouble))
            self._say(trouble.code)
            self._on_trouble(trouble)
        except Exception as error:  # noqa: BLE001 - it never ends: whatever it is, it is shown and tried again
            own = str(getattr(error, "code", "")) or f"worker.failed:{type(error).__name__}"
            self.health.trouble(self._code or own)
            self._say(self._code or own, error)
        else:
            self.well()
            return pause
        return self._backoff.pause()

    def _say(self, code: str, error: Exception | None = None) -> None:
        """Once for each change of what is wrong, not once for each try."""
        said = (code, type(error).__name__)
        if said != self._said:
            level = logging.WARNING if error is None else logging.ERROR
            _log.log(level, "worker in trouble", extra={"worker": self.name, "code": code}, exc_info=error)
            self._said = said


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(None if math.isinf(seconds) else seconds):
            await event.wait()


async def stop_all(workers: Sequence[Worker], timeout_seconds: float = 0.0) -> None:
    """All of them after the step under way; after the time-out the step is cancelled and undone."""
    tasks = [task for worker in workers if (task := worker.stop_soon()) is not None]
    try:
        if tasks and timeout_seconds > 0:
            await asyncio.wait(tasks, timeout=timeout_seconds)
    finally:
        await end(tasks)
