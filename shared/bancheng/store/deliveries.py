"""How far the entries of one case have come on each link.

Owns that query. What a receipt says beside its number is its reader's to decode.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from bancheng.store.casebook import MAX_ENTRIES
from bancheng.store.database import Transaction

OF_CASE = """
SELECT o.event_hash, o.peer, o.number, coalesce(l.receipted_number, 0), l.receipt
FROM outbox o LEFT JOIN link l ON l.tenant = o.tenant AND l.peer = o.peer
WHERE o.tenant = $1 AND o.case_id = $2 ORDER BY o.peer, o.id LIMIT $3"""


class QueuedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for one neighbour. `number` is None until the sequencer gave it one."""

    event_hash: bytes
    peer: str
    number: int | None
    receipted_number: int
    receipt: bytes | None


async def deliveries_of_case(tx: Transaction, case_id: UUID) -> list[QueuedEntry]:
    """At most MAX_ENTRIES, by neighbour and in the order of sending. What was cleared away is not in it."""
    names = QueuedEntry.__struct_fields__
    rows = await tx.fetch(OF_CASE, tx.tenant, case_id, MAX_ENTRIES)
    return [QueuedEntry(**dict(zip(names, row, strict=True))) for row in rows]
