"""The open cases of a tenant, looked through without holding one: for whoever asks what a change would do to them.

Owns the queries by the indexes of open cases. Locks nothing, writes nothing; what is found may have changed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case
from bancheng.store.changes import decode_state
from bancheng.store.database import Transaction

MAX_PIECE = 500

DATED = """
SELECT state, holder_due_at, case_id FROM cases
WHERE tenant = $1 AND NOT is_closed AND holder_due_at IS NOT NULL AND (holder_due_at, case_id) > ($2, $3)
ORDER BY holder_due_at, case_id LIMIT $4"""
DATED_FIRST = """
SELECT state, holder_due_at, case_id FROM cases
WHERE tenant = $1 AND NOT is_closed AND holder_due_at IS NOT NULL
ORDER BY holder_due_at, case_id LIMIT $2"""
UNDATED = """
SELECT state, holder_due_at, case_id FROM cases
WHERE tenant = $1 AND NOT is_closed AND holder_due_at IS NULL AND case_id > $2
ORDER BY case_id LIMIT $3"""
OF_UNITS = """
SELECT number, case_id, holder_unit FROM cases
WHERE tenant = $1 AND NOT is_closed AND holder_unit = ANY($2::text[])
ORDER BY holder_unit, holder_due_at, case_id LIMIT $3"""

FIGURES = """
SELECT count(*), count(*) FILTER (WHERE due_at < $2), min(due_at)
FROM (SELECT LEAST(person_due_at, holder_due_at) AS due_at FROM cases WHERE tenant = $1 AND NOT is_closed) AS opened"""

_FROM_THE_START = UUID(int=0)


class OpenCursor(msgspec.Struct, frozen=True, kw_only=True):
    """After which case to go on: its holder's due date, None for one that has none, and its key."""

    due_at: datetime | None
    case_id: UUID


class OpenPiece(msgspec.Struct, frozen=True, kw_only=True):
    """Cases, the most urgent for their holder first, then those without such a date. `next` None: that was all."""

    cases: tuple[Case, ...]
    next: OpenCursor | None


class OpenFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are, how many are over a date of the person or the holder, and the first of these dates."""

    opened: int
    overdue: int
    oldest_due_at: datetime | None


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of a case to somebody who may not see it."""

    number: str
    case_id: UUID
    holder_unit: str


async def open_cases(tx: Transaction, after: OpenCursor | None, limit: int) -> OpenPiece:
    """The next open cases, at most MAX_PIECE."""
    wanted = min(limit, MAX_PIECE)
    if after is None:
        rows = await tx.fetch(DATED_FIRST, tx.tenant, wanted)
    elif after.due_at is not None:
        rows = await tx.fetch(DATED, tx.tenant, after.due_at, after.case_id, wanted)
    else:
        rows = []
    rows = list(rows)
    if len(rows) < wanted:
        begun = after.case_id if after is not None and after.due_at is None else _FROM_THE_START
        rows += await tx.fetch(UNDATED, tx.tenant, begun, wanted - len(rows))
    last = rows[-1] if len(rows) == wanted else None
    return OpenPiece(
        cases=tuple(decode_state(row[0]) for row in rows),
        next=None if last is None else OpenCursor(due_at=last[1], case_id=last[2]),
    )


async def open_cases_of(tx: Transaction, units: Sequence[str], limit: int) -> tuple[OpenCase, ...]:
    """Those that one of these units holds, at most `limit` of them."""
    rows = await tx.fetch(OF_UNITS, tx.tenant, list(units), min(limit, MAX_PIECE))
    return tuple(OpenCase(number=row[0], case_id=row[1], holder_unit=row[2]) for row in rows)


async def open_figures(tx: Transaction, now: datetime) -> OpenFigures:
    """Of the whole tenant, `now` in domain time. Walks every open case: for an operator, not for a page."""
    rows = await tx.fetch(FIGURES, tx.tenant, now)
    return OpenFigures(opened=rows[0][0], overdue=rows[0][1], oldest_due_at=rows[0][2])
