"""Running numbers of a unit's day, for requests that come at the same time.

Owns the desk that gives them out. A number taken inside a registration would lock the unit's row until that commits,
and so let one registration at a time pass; here whoever waits is served together, in a short transaction of its own.
A number whose registration then fails is left out: numbers are unique and rising, not without gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bancheng.store.casebook import next_numbers
from bancheng.store.database import Database
from bancheng.store.together import Together

MAX_TOGETHER = 500

_Key = tuple[str, str, date]


class NumberDesk:
    """One for a process. Several processes may serve the same unit: the row decides."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Together[_Key, None, int] = Together(self._reserve, most=MAX_TOGETHER)

    async def take(self, tenant: str, unit: str, day: date) -> int:
        """The next number, from 1. Raises StoreError."""
        return await self._together.ask((tenant, unit, day), None)

    async def _reserve(self, key: _Key, asked: Sequence[None]) -> range:
        tenant, unit, day = key
        # Not durable by itself: the registration that uses the number commits after it, and flushes it along.
        async with self._database.transaction(tenant, durable=False) as tx:
            return await next_numbers(tx, unit, day, len(asked))
