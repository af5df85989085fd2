"""Running numbers of a unit's day, for requests that come at the same time.

Owns the desk that gives them out. A number taken inside a registration would lock the unit's row until that commits,
and so let one registration at a time pass; here whoever waits is served together, in a short transaction of its own.
A number whose registration then fails is left out: numbers are unique and rising, not without gaps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import date

from bancheng.store.casebook import next_numbers
from bancheng.store.database import Database

MAX_TOGETHER = 500

_Key = tuple[str, str, date]


class NumberDesk:
    """One for a process. Several processes may serve the same unit: the row decides."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[_Key, deque[asyncio.Future[int]]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def take(self, tenant: str, unit: str, day: date) -> int:
        """The next number, from 1. Raises StoreError."""
        key = (tenant, unit, day)
        waiting = self._waiting.get(key)
        mine: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if waiting is not None:
            waiting.append(mine)
            return await mine
        self._waiting[key] = deque((mine,))
        # A task, so that one who goes away (a client that hangs up) leaves no one else without a number.
        serving = asyncio.create_task(self._serve(key), name=f"numbers of {unit}")
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        return await mine

    async def _serve(self, key: _Key) -> None:
        """Serve everybody who waits, and those who come meanwhile, until nobody does."""
        waiting = self._waiting[key]
        while waiting:
            together = [waiting.popleft() for _ in range(min(len(waiting), MAX_TOGETHER))]
            try:
                numbers = await self._reserve(key, len(together))
            except Exception as error:  # noqa: BLE001  every waiter gets it, whatever it is
                for each in together:
                    if not each.done():
                        each.set_exception(error)
                continue
            for each, number in zip(together, numbers, strict=True):
                if not each.done():
                    each.set_result(number)
        del self._waiting[key]

    async def _reserve(self, key: _Key, count: int) -> range:
        tenant, unit, day = key
        # Not durable by itself: the registration that uses the number commits after it, and flushes it along.
        async with self._database.transaction(tenant, durable=False) as tx:
            return await next_numbers(tx, unit, day, count)
