"""The duty rosters of units, each whole in one row of the unit's own site, and a short memory of those just read.

Owns the rows and the memory. A roster that another replica changed is known here after at most REMEMBERED_SECONDS;
one that was changed here at once. What a roster says is the kernel's.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime
from typing import Final

import msgspec

from bancheng.kernel.duty import Roster
from bancheng.store.database import Database, Transaction

REMEMBERED_SECONDS: Final = 5.0
MOST_REMEMBERED: Final = 2_000

LOAD = "SELECT roster FROM duty_roster WHERE tenant = $1 AND unit = $2"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1 || '/duty/' || $2, 0))"
SAVE = """
INSERT INTO duty_roster (tenant, unit, roster, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, unit) DO UPDATE SET roster = excluded.roster, updated_at = excluded.updated_at"""

_decoder = msgspec.json.Decoder(Roster)
_encoder = msgspec.json.Encoder()


async def load_roster(tx: Transaction, unit: str, *, lock: bool = False) -> Roster:
    """An empty one where none was written. `lock`: whoever else changes it waits for this transaction."""
    if lock:
        await tx.fetch_one(LOCK, tx.tenant, unit)
    row = await tx.fetch_one(LOAD, tx.tenant, unit)
    return Roster() if row is None else _decoder.decode(row[0])


async def save_roster(tx: Transaction, unit: str, roster: Roster, *, now: datetime) -> None:
    """`now` is wall time."""
    await tx.execute(SAVE, tx.tenant, unit, _encoder.encode(roster), now)


class RosterDesk:
    """One for a process: every request asks for the roster of its sender's unit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembered: OrderedDict[tuple[str, str], tuple[float, Roster]] = OrderedDict()

    async def of(self, tenant: str, unit: str) -> Roster:
        """Raises StoreError."""
        known = self._remembered.get((tenant, unit))
        if known is not None and time.monotonic() - known[0] <= REMEMBERED_SECONDS:
            return known[1]
        read_at = time.monotonic()
        async with self._database.transaction(tenant, durable=False) as tx:
            roster = await load_roster(tx, unit)
        self._remembered[tenant, unit] = (read_at, roster)
        self._remembered.move_to_end((tenant, unit))
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return roster

    def forget(self, tenant: str, unit: str) -> None:
        """It was changed here."""
        self._remembered.pop((tenant, unit), None)
