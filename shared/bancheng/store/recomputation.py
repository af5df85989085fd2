"""How far the due dates of the open cases have been recomputed for an edition of the calendar.

Owns the cursor and the walk over the cases by key, in bounded pieces. What a new calendar does to a case is the rules'.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case
from bancheng.store.changes import readable_state
from bancheng.store.database import Transaction

FROM_THE_START = UUID(int=0)
MAX_WALKED = 1_000

BEGIN = """
INSERT INTO recomputation (tenant, calendar_edition, after_case_id, finished_at) VALUES ($1, $2, $3, NULL)
ON CONFLICT DO NOTHING"""
TAKE = """
SELECT after_case_id, finished_at FROM recomputation
WHERE tenant = $1 AND calendar_edition = $2 FOR UPDATE SKIP LOCKED"""
# The walk is by key over open and closed cases alike, so that a piece costs the same however many are closed.
WALK = """
WITH piece AS MATERIALIZED (
    SELECT case_id FROM cases WHERE tenant = $1 AND case_id > $2 ORDER BY case_id LIMIT $4
)
SELECT piece.case_id, locked.state FROM piece LEFT JOIN LATERAL (
    SELECT c.state FROM cases c
    WHERE c.tenant = $1 AND c.case_id = piece.case_id AND NOT c.is_closed AND c.holder_site = $3
        AND c.in_transit_to IS NULL
    FOR UPDATE
) AS locked ON true ORDER BY piece.case_id"""
ADVANCE = """
UPDATE recomputation SET after_case_id = $3, finished_at = $4 WHERE tenant = $1 AND calendar_edition = $2"""


class Recomputation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to `after_case_id` has been looked at."""

    after_case_id: UUID
    finished_at: datetime | None


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Of `walked` cases, those that are open and held at the site, locked. `last` is None when there were none.

    Of `unreadable` ones this release cannot read the state.
    """

    walked: int
    last: UUID | None
    cases: tuple[Case, ...]
    unreadable: int = 0


async def take_recomputation(tx: Transaction, calendar_edition: int) -> Recomputation | None:
    """The cursor, locked until the commit; None when another replica has it."""
    await tx.execute(BEGIN, tx.tenant, calendar_edition, FROM_THE_START)
    row = await tx.fetch_one(TAKE, tx.tenant, calendar_edition)
    return None if row is None else Recomputation(after_case_id=row[0], finished_at=row[1])


async def walk_open_cases(tx: Transaction, after: UUID, site: str, limit: int) -> Piece:
    """The next cases by key, at most MAX_WALKED."""
    rows = await tx.fetch(WALK, tx.tenant, after, site, min(limit, MAX_WALKED))
    read = [readable_state(row[1]) for row in rows if row[1] is not None]
    cases = tuple(case for case in read if case is not None)
    last = rows[-1][0] if rows else None
    return Piece(walked=len(rows), last=last, cases=cases, unreadable=len(read) - len(cases))


async def advance_recomputation(
    tx: Transaction, calendar_edition: int, after: UUID, *, finished_at: datetime | None
) -> None:
    await tx.execute(ADVANCE, tx.tenant, calendar_edition, after, finished_at)
