"""Cases that an earlier release wrote, brought up to what this one shows of a case: piece by piece, while all goes on.

Owns that walk, by an index of what is still behind. A migration adds columns with a constant and rewrites nothing;
until a case is brought up, lists and counts by those columns, and units that only had to do with it, miss it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from bancheng.store.append import append, record_involved
from bancheng.store.casebook import load_entries
from bancheng.store.changes import CaseChange, decode_state
from bancheng.store.database import Transaction
from bancheng.store.errors import EntryErased, TooManyEntries
from bancheng.store.signing import StoredEntry

PIECE: Final = 100

BEHIND = """
SELECT state, act_at FROM cases WHERE tenant = $1 AND projection = 0
ORDER BY case_id LIMIT $2 FOR UPDATE SKIP LOCKED"""


async def bring_up(tx: Transaction, *, now: datetime, limit: int = PIECE) -> int:
    """The next cases, written again as they stand; how many. `now` is wall time."""
    rows = await tx.fetch(BEHIND, tx.tenant, limit)
    changes = [_as_it_stands(state, act_at) for state, act_at in rows]
    if changes:
        await append(tx, changes, now=now)
        await record_involved(tx, [await _with_history(tx, each) for each in changes])
    return len(changes)


def _as_it_stands(state: bytes, act_at: datetime | None) -> CaseChange:
    case = decode_state(state)
    return CaseChange(before=case.head, case=case, entries=(), act_at=act_at)


async def _with_history(tx: Transaction, change: CaseChange) -> CaseChange:
    """Of a case whose entries were erased or are too many, the units that only had to do with it stay unknown."""
    entries: Sequence[StoredEntry] = ()
    with suppress(EntryErased, TooManyEntries):
        entries = await load_entries(tx, change.case.case_id)
    return msgspec.structs.replace(change, entries=tuple(entries))
