"""Which editions of which documents are here, without their bodies: what tells a process that something arrived.

Owns that query. The documents themselves are documents.py's.
"""

from __future__ import annotations

from datetime import date

import msgspec

from bancheng.store.database import Transaction

MAX_LISTED = 3_000

EDITIONS_KNOWN = """
SELECT kind, edition, effective_on FROM document WHERE tenant = $1 AND kind = ANY($2::text[])
ORDER BY kind, edition DESC LIMIT $3"""


class KnownEdition(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    edition: int
    effective_on: date


async def known_editions(tx: Transaction, kinds: tuple[str, ...]) -> tuple[KnownEdition, ...]:
    """Of these kinds, the newest first within each kind."""
    rows = await tx.fetch(EDITIONS_KNOWN, tx.tenant, list(kinds), MAX_LISTED)
    return tuple(KnownEdition(kind=row[0], edition=row[1], effective_on=row[2]) for row in rows)
