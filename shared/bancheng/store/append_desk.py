"""Changes of requests that come at the same time, appended in one transaction.

Owns the desk that takes them. A transaction for each costs four round trips and a statement over twelve parts; those
that meet here share both, and the flush. What cannot be written is tried alone, so that it takes no other one down.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bancheng.store.append import append
from bancheng.store.changes import CaseChange, RequestRecord
from bancheng.store.database import FEW_ROWS, Database
from bancheng.store.errors import CommitUnknown, DatabaseBusy, DatabaseUnavailable
from bancheng.store.together import Together

_NOBODYS_FAULT = (CommitUnknown, DatabaseBusy, DatabaseUnavailable)
"""Trying one by one would not help, and after a broken commit it could not tell what was written."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One request's change of one new case, with what it leaves beside it. `now` is the wall instant of recording."""

    change: CaseChange
    also: RequestRecord
    now: datetime


class AppendDesk:
    """One for a process, for changes that stand on nothing that was read in a transaction: registrations."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Together[str, Written, Exception | None] = Together(self._write, most=FEW_ROWS)

    async def append(self, tenant: str, written: Written) -> None:
        """Returns when it is committed. Raises what `append` raises."""
        error = await self._together.ask(tenant, written)
        if error is not None:
            raise error

    async def _write(self, tenant: str, lot: Sequence[Written]) -> list[Exception | None]:
        try:
            await self._commit(tenant, lot)
        except _NOBODYS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001  told to whom it belongs
            return [error] if len(lot) == 1 else [await self._alone(tenant, each) for each in lot]
        return [None] * len(lot)

    async def _alone(self, tenant: str, written: Written) -> Exception | None:
        try:
            await self._commit(tenant, (written,))
        except Exception as error:  # noqa: BLE001  the same
            return error
        return None

    async def _commit(self, tenant: str, lot: Sequence[Written]) -> None:
        async with self._database.transaction(tenant) as tx:
            await append(tx, [each.change for each in lot], now=lot[-1].now, also=[each.also for each in lot])
