"""Alerts: what a site must be told and keeps seeing until it is cleared.

Owns their rows; what raises and clears them is elsewhere. An alert about a link has the zero case id and names the
peer in its kind (`link_stopped:town`), so that each link has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.store.database import Transaction

NO_CASE = UUID(int=0)
MAX_ALERTS = 1_000


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    case_id: UUID
    kind: str
    raised_at: datetime
    detail: str


TRANSIT_LATE = "transit_late"
"""Sent up and not received in time: raised at the sender, who stays answerable."""
EQUIVOCATION = "equivocation"
"""One author signed two entries for one place of the case: the second waits, and so does what stands on it."""
_LINK_STOPPED = "link_stopped"

RAISE = """
INSERT INTO alert AS a (tenant, case_id, kind, raised_at, detail) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, case_id, kind) DO UPDATE SET raised_at = excluded.raised_at, detail = excluded.detail,
    cleared_at = NULL
WHERE a.cleared_at IS NOT NULL"""
CLEAR = """
UPDATE alert SET cleared_at = $4 WHERE tenant = $1 AND case_id = ANY($2::uuid[]) AND kind = $3
    AND cleared_at IS NULL"""
OPEN = """
SELECT case_id, kind, raised_at, detail FROM alert
WHERE tenant = $1 AND cleared_at IS NULL ORDER BY raised_at LIMIT $2"""
OF_CASE = """
SELECT case_id, kind, raised_at, detail FROM alert
WHERE tenant = $1 AND case_id = $2 AND cleared_at IS NULL ORDER BY kind LIMIT $3"""


def link_stopped(peer: str) -> str:
    """The kind of the alert about the link with that neighbour."""
    return f"{_LINK_STOPPED}:{peer}"


async def raise_alert(tx: Transaction, case_id: UUID, kind: str, *, detail: str, at: datetime) -> bool:
    """False when it stands already: it keeps its instant."""
    return await tx.execute(RAISE, tx.tenant, case_id, kind, at, detail) > 0


async def clear_alerts(tx: Transaction, case_ids: Sequence[UUID], kind: str, *, at: datetime) -> int:
    """How many stood."""
    return await tx.execute(CLEAR, tx.tenant, list(case_ids), kind, at)


async def open_alerts(tx: Transaction, limit: int = MAX_ALERTS) -> list[Alert]:
    """The longest standing first."""
    rows = await tx.fetch(OPEN, tx.tenant, min(limit, MAX_ALERTS))
    return [Alert(case_id=row[0], kind=row[1], raised_at=row[2], detail=row[3]) for row in rows]


async def alerts_of_case(tx: Transaction, case_id: UUID) -> list[Alert]:
    rows = await tx.fetch(OF_CASE, tx.tenant, case_id, MAX_ALERTS)
    return [Alert(case_id=row[0], kind=row[1], raised_at=row[2], detail=row[3]) for row in rows]
