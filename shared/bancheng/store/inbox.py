"""What came from a neighbour: stored once under its number, and what became of it.

Owns the inbox's queries. Must not know NATS, nor what a frame does to a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from bancheng.schema.frames import Kind
from bancheng.schema.messages import MAX_EXCEPTIONS, ReceiptException
from bancheng.store.database import Transaction
from bancheng.store.errors import LinkMoved

InboxState = Literal["stored", "applied", "deferred", "rejected", "duplicate", "late"]


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """What came under a number, and what became of it. `frame` is kept for a deferred or rejected one."""

    epoch: int
    number: int
    kind: Kind
    event_hash: bytes
    link_hash: bytes
    state: InboxState
    case_id: UUID | None = None
    reason: str = ""
    frame: bytes | None = None


class DeferredFrame(NamedTuple):
    """A stored frame that waits: for what it stands on, for an upgrade or for an operator."""

    peer: str
    epoch: int
    number: int
    frame: bytes
    kind: Kind
    reason: str


RECORD_INBOX = """
WITH arrived AS MATERIALIZED (
    SELECT * FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::uuid[], $7::bytea[], $8::bytea[], $9::text[],
        $10::text[], $11::bytea[])
        AS a(epoch, number, kind, case_id, event_hash, link_hash, state, reason, frame)
), moved AS (
    UPDATE link SET in_number = $12, in_head = $13
    WHERE tenant = $1 AND peer = $2 AND state = 'open' AND in_epoch = (SELECT min(epoch) FROM arrived)
        AND in_number = $12 - (SELECT count(*) FROM arrived) AND in_number = (SELECT min(number) - 1 FROM arrived)
    RETURNING 1
), stored AS (
    INSERT INTO inbox (tenant, peer, epoch, number, kind, case_id, event_hash, link_hash, state, reason, frame,
        received_at)
    SELECT $1, $2, epoch, number, kind, case_id, event_hash, link_hash, state, reason, frame, $14
    FROM arrived, moved
)
SELECT count(*) FROM moved"""
INBOX_HASH = """
SELECT number, link_hash FROM inbox WHERE tenant = $1 AND peer = $2 AND epoch = $3 AND number = ANY($4::bigint[])"""
# Bounded for each case: one of which a thousand wait must not keep those beside it from being tried.
DEFERRED_OF_CASES = """
SELECT i.case_id, i.peer, i.epoch, i.number, i.frame, i.kind, i.reason
FROM unnest($2::uuid[]) AS asked(case_id) CROSS JOIN LATERAL (
    SELECT * FROM inbox w
    WHERE w.tenant = $1 AND w.case_id = asked.case_id AND w.state = 'deferred' AND w.frame IS NOT NULL
    ORDER BY w.peer, w.epoch, w.number LIMIT 1000
) AS i ORDER BY i.case_id, i.peer, i.epoch, i.number"""
WAITING_CASES = """
SELECT DISTINCT case_id FROM inbox
WHERE tenant = $1 AND state = 'deferred' AND case_id > $2 AND ($4 = '' OR peer = $4) ORDER BY case_id LIMIT $3"""
WAITING_LOOSE = """
SELECT peer, epoch, number, frame, kind, reason FROM inbox
WHERE tenant = $1 AND state = 'deferred' AND case_id IS NULL AND frame IS NOT NULL AND ($3 = '' OR peer = $3)
    AND (peer, epoch, number) > ($4, $5, $6)
ORDER BY peer, epoch, number LIMIT $2"""
SETTLE_INBOX = """
UPDATE inbox SET state = $5, reason = $6,
    frame = CASE WHEN $5 IN ('deferred', 'rejected') THEN frame END, case_id = coalesce(case_id, $7)
WHERE tenant = $1 AND peer = $2 AND epoch = $3 AND number = $4"""
EXCEPTIONS = """
SELECT number, state, reason FROM inbox
WHERE tenant = $1 AND peer = $2 AND state = 'deferred' ORDER BY number LIMIT $3"""


async def record_inbox(
    tx: Transaction, peer: str, rows: Sequence[InboxRow], new_number: int, new_head: bytes, *, now: datetime
) -> None:
    """Store a batch and advance the link's read position. `rows` are consecutive, of one epoch; `now` is wall time.

    Raises LinkMoved when the batch does not follow the position, since another took it in meanwhile, or when the link
    was stopped meanwhile.
    """
    if not rows:
        return
    columns = zip(
        *((r.epoch, r.number, r.kind, r.case_id, r.event_hash, r.link_hash, r.state, r.reason, r.frame) for r in rows),
        strict=True,
    )
    row = await tx.fetch_one(RECORD_INBOX, tx.tenant, peer, *columns, new_number, new_head, now)
    if row is None or row[0] != 1:
        raise LinkMoved(peer=peer)


async def inbox_hash(tx: Transaction, peer: str, epoch: int, numbers: Sequence[int]) -> dict[int, bytes]:
    """The link hashes under which these numbers came before."""
    rows = await tx.fetch(INBOX_HASH, tx.tenant, peer, epoch, list(numbers))
    return {row[0]: row[1] for row in rows}


async def deferred_of_cases(tx: Transaction, case_ids: Sequence[UUID]) -> dict[UUID, list[DeferredFrame]]:
    """The frames of those cases that wait, at most 1,000 of each, in the order in which each neighbour sent them."""
    found: dict[UUID, list[DeferredFrame]] = {}
    for case_id, *rest in await tx.fetch(DEFERRED_OF_CASES, tx.tenant, list(case_ids)):
        found.setdefault(case_id, []).append(DeferredFrame(*rest))
    return found


async def waiting_cases(tx: Transaction, limit: int, *, after: UUID, peer: str = "") -> list[UUID]:
    """Cases of which a frame waits, in order; of one neighbour, if it is named."""
    return [row[0] for row in await tx.fetch(WAITING_CASES, tx.tenant, after, limit, peer)]


async def waiting_loose(
    tx: Transaction, limit: int, *, peer: str = "", after: DeferredFrame | None = None
) -> list[DeferredFrame]:
    """Frames that wait and of which it is not known that they belong to a case, by neighbour and number."""
    begun = ("", 0, 0) if after is None else (after.peer, after.epoch, after.number)
    return [DeferredFrame(*row) for row in await tx.fetch(WAITING_LOOSE, tx.tenant, limit, peer, *begun)]


async def settle_inbox(
    tx: Transaction,
    peer: str,
    epoch: int,
    number: int,
    state: InboxState,
    reason: str = "",
    *,
    case_id: UUID | None = None,
) -> None:
    """What became of a stored frame after all. The frame's copy goes unless it still waits or was rejected.

    `case_id` is for a frame whose header could not be read when it came.
    """
    await tx.execute(SETTLE_INBOX, tx.tenant, peer, epoch, number, state, reason, case_id)


async def exceptions_of(tx: Transaction, peer: str) -> list[ReceiptException]:
    """Stored frames that wait, of every epoch. More than MAX_EXCEPTIONS (one more is returned) stop the link.

    A rejected ask is settled: it is no exception for ever.
    """
    rows = await tx.fetch(EXCEPTIONS, tx.tenant, peer, MAX_EXCEPTIONS + 1)
    return [ReceiptException(number=row[0], state=row[1], reason=row[2]) for row in rows]
