"""How many frames of each link wait or were refused: one look for all links of a tenant.

Owns that query; it reads the partial index of the exceptions and nothing else.
"""

from __future__ import annotations

import msgspec

from bancheng.store.database import Transaction

EXCEPTIONS_BY_PEER = """
SELECT peer, state, count(*) FROM inbox
WHERE tenant = $1 AND state IN ('deferred', 'rejected') GROUP BY peer, state ORDER BY peer, state"""


class ExceptionCount(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is deferred or rejected."""

    peer: str
    state: str
    frames: int


async def exception_counts(tx: Transaction) -> list[ExceptionCount]:
    """Links without an exception are not in the answer. A link stops at 1,000, so this stays small."""
    rows = await tx.fetch(EXCEPTIONS_BY_PEER, tx.tenant)
    return [ExceptionCount(peer=row[0], state=row[1], frames=row[2]) for row in rows]
