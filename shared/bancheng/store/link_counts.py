"""How many frames of each link wait: one look for all links of a tenant.

Owns that query; it reads the partial index of the exceptions and nothing else.
"""

from __future__ import annotations

import msgspec

from bancheng.store.database import Transaction

EXCEPTIONS_BY_PEER = """
SELECT peer, count(*) FROM inbox WHERE tenant = $1 AND state = 'deferred' GROUP BY peer ORDER BY peer"""


class ExceptionCount(msgspec.Struct, frozen=True, kw_only=True):
    """`frames` of one neighbour that are deferred."""

    peer: str
    frames: int


async def exception_counts(tx: Transaction) -> list[ExceptionCount]:
    """Links without an exception are not in the answer. A link stops at 1,000, so this stays small."""
    rows = await tx.fetch(EXCEPTIONS_BY_PEER, tx.tenant)
    return [ExceptionCount(peer=row[0], frames=row[1]) for row in rows]
