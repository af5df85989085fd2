"""Requests that come at the same time are served together: one transaction for all of them instead of one each.

Owns who waits with whom. Nobody waits for company: whoever comes first is served at once, and those that come while
it is being served are the next lot. Must not know what is served.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Key, Item, Result]):
    """One for a process. `serve` takes up to `most` items of one key and returns their results in the same order; what
    it raises, every one of them gets.
    """

    def __init__(self, serve: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Result]]], *, most: int) -> None:
        self._serve_lot = serve
        self._most = most
        self._waiting: dict[Key, deque[tuple[Item, asyncio.Future[Result]]]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def ask(self, key: Key, item: Item) -> Result:
        """The result for `item`."""
        mine: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append((item, mine))
            return await mine
        self._waiting[key] = deque(((item, mine),))
        # A task, so that one who goes away (a client that hangs up) leaves no one else unserved.
        serving = asyncio.create_task(self._serve(key), name=f"together {key}")
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        return await mine

    async def _serve(self, key: Key) -> None:
        """Serve everybody who waits, and those who come meanwhile, until nobody does."""
        waiting = self._waiting[key]
        while waiting:
            lot = [waiting.popleft() for _ in range(min(len(waiting), self._most))]
            try:
                results = await self._serve_lot(key, [item for item, _ in lot])
            except Exception as error:  # noqa: BLE001  every waiter gets it, whatever it is
                for _, each in lot:
                    if not each.done():
                        each.set_exception(error)
                continue
            for (_, each), result in zip(lot, results, strict=True):
                if not each.done():
                    each.set_result(result)
        del self._waiting[key]
