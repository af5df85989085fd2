"""Open cases that units hold which are closed: what a site has still to hand on.

Owns that query. Which units are closed, and who follows them, the directory says.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bancheng.kernel.case import Case
from bancheng.store.changes import decode_state
from bancheng.store.database import Transaction

MAX_HELD = 500

HELD_BY = """
SELECT state FROM cases
WHERE tenant = $1 AND holder_unit = ANY($2::text[]) AND NOT is_closed AND holder_site = $3 AND in_transit_to IS NULL
    AND case_id > $4
ORDER BY case_id LIMIT $5 FOR UPDATE SKIP LOCKED"""


async def held_by(
    tx: Transaction, units: Sequence[str], site: str, *, after: UUID, limit: int = MAX_HELD
) -> list[Case]:
    """The next open cases that these units hold at the site and that are not on their way, by key, locked."""
    rows = await tx.fetch(HELD_BY, tx.tenant, list(units), site, after, min(limit, MAX_HELD))
    return [decode_state(row[0]) for row in rows]
