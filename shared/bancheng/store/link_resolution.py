"""What stopped a link, and the steps from there to a new epoch.

Owns the evidence of stops, the record of how each epoch was opened, the points of a log that two ends compare, and
the one change that opens an epoch. Must not know how the ends talk (federation), nor NATS.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.schema.frames import NO_HASH
from bancheng.schema.messages import MAX_EXCEPTIONS, AgreedHead
from bancheng.store.database import Transaction
from bancheng.store.errors import LinkMoved
from bancheng.store.link_state import LinkRow

RESOLVING = "link.resolving"
TOO_MANY_EXCEPTIONS = "link.too_many_exceptions"
EQUIVOCATION = "case.equivocation"


class LinkStop(msgspec.Struct, frozen=True, kw_only=True):
    """What was refused under `number`: `known_hash` is the link hash that is stored there (or the head before it),
    `refused_hash` the one that was claimed, `frame` the refused bytes. None where there is no such thing.
    """

    epoch: int
    number: int
    code: str
    stopped_at: datetime
    known_hash: bytes | None = None
    refused_hash: bytes | None = None
    event_hash: bytes | None = None
    case_id: UUID | None = None
    frame: bytes | None = None


class LinkResolution(msgspec.Struct, frozen=True, kw_only=True):
    """How `epoch` was opened, or is being opened while `opened_at` is None.

    `code` is what the link was stopped for; empty at an end that was not stopped and followed. `ours` and `theirs` are
    the signed statements. `out_number` and `in_number`: the agreed head of either direction.
    """

    epoch: int
    code: str
    reason: str
    asked_by: str
    asked_at: datetime
    ours: bytes | None = None
    theirs: bytes | None = None
    opened_at: datetime | None = None
    out_number: int | None = None
    in_number: int | None = None


KEEP_STOP = """
INSERT INTO link_stop (tenant, peer, epoch, number, code, known_hash, refused_hash, event_hash, case_id, frame,
    stopped_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""
STOPS = """
SELECT epoch, number, code, stopped_at, known_hash, refused_hash, event_hash, case_id, frame
FROM link_stop WHERE tenant = $1 AND peer = $2 ORDER BY id DESC LIMIT $3"""
IS_KNOWN_EQUIVOCATION = """
SELECT 1 FROM link_stop WHERE tenant = $1 AND event_hash = $2 AND code = $3 LIMIT 1"""
BEGIN = """
UPDATE link SET state = 'resolving', reason = $3 WHERE tenant = $1 AND peer = $2 AND state <> 'resolving'"""
KEEP_RESOLUTION = """
INSERT INTO link_resolution (tenant, peer, epoch, code, reason, asked_by, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
RAISE_EPOCH = """
UPDATE link_resolution SET epoch = $3 WHERE tenant = $1 AND peer = $2 AND opened_at IS NULL"""
NEWEST_RESOLUTIONS = """
SELECT epoch, code, reason, asked_by, asked_at, ours, theirs, opened_at, out_number, in_number
FROM link_resolution WHERE tenant = $1 AND peer = $2 ORDER BY epoch DESC LIMIT $3"""
# A number may stand in several epochs of the inbox, when the agreed head lay before our position: the newest counts.
INBOX_AT = """
SELECT DISTINCT ON (found.number) found.number, found.link_hash
FROM generate_series(1, $3::bigint) AS past(epoch) CROSS JOIN LATERAL (
    SELECT i.epoch, i.number, i.link_hash FROM inbox i
    WHERE i.tenant = $1 AND i.peer = $2 AND i.epoch = past.epoch AND i.number = ANY($4::bigint[])
) AS found ORDER BY found.number, found.epoch DESC"""
OUTBOX_AT = """
SELECT found.number, found.link_hash
FROM generate_series(1, $3::bigint) AS past(epoch) CROSS JOIN LATERAL (
    SELECT o.number, o.link_hash FROM outbox o
    WHERE o.tenant = $1 AND o.peer = $2 AND o.epoch = past.epoch AND o.number = ANY($4::bigint[])
) AS found"""
UNNUMBER = """
UPDATE outbox SET epoch = NULL, number = NULL, link_hash = NULL
WHERE tenant = $1 AND peer = $2 AND epoch = ANY(ARRAY(SELECT generate_series(1, $3::bigint))) AND number > $4"""
OPEN_EPOCH = """
UPDATE link SET state = 'open', reason = '', out_epoch = $3, out_next_number = $4 + 1, out_head = $5,
    receipted_number = $4, receipt = $6, receipt_at = $7, in_epoch = $3, in_number = $8, in_head = $9
WHERE tenant = $1 AND peer = $2 AND state = 'resolving'"""
CLOSE_RESOLUTION = """
UPDATE link_resolution SET ours = $4, theirs = $5, opened_at = $6, out_number = $7, in_number = $8
WHERE tenant = $1 AND peer = $2 AND epoch = $3 AND opened_at IS NULL"""
REOPEN_IF_FEW = """
UPDATE link SET state = 'open', reason = ''
WHERE tenant = $1 AND state = 'stopped' AND reason = $2 AND (
    SELECT count(*) FROM inbox i WHERE i.tenant = $1 AND i.peer = link.peer AND i.state = 'deferred') <= $3
RETURNING peer"""
WAITING_REASONS = """
SELECT peer, reason, count(*) FROM inbox WHERE tenant = $1 AND state = 'deferred'
GROUP BY peer, reason ORDER BY peer, count(*) DESC, reason"""


async def keep_stop(tx: Transaction, peer: str, stop: LinkStop) -> None:
    """The evidence stays, whatever becomes of the link."""
    await tx.execute(
        KEEP_STOP, tx.tenant, peer, stop.epoch, stop.number, stop.code, stop.known_hash, stop.refused_hash,
        stop.event_hash, stop.case_id, stop.frame, stop.stopped_at,
    )  # fmt: skip


async def stops_of(tx: Transaction, peer: str, limit: int = 10) -> list[LinkStop]:
    """The newest first."""
    names = LinkStop.__struct_fields__
    return [LinkStop(**dict(zip(names, row, strict=True))) for row in await tx.fetch(STOPS, tx.tenant, peer, limit)]


async def is_known_equivocation(tx: Transaction, event_hash: bytes) -> bool:
    """Whether a link was stopped for this very entry before: then it waits, and stops nothing any more."""
    return await tx.fetch_one(IS_KNOWN_EQUIVOCATION, tx.tenant, event_hash, EQUIVOCATION) is not None


async def resolutions_of(tx: Transaction, peer: str, limit: int = 10) -> list[LinkResolution]:
    """The newest epoch first; one that is not opened yet is the first."""
    names = LinkResolution.__struct_fields__
    rows = await tx.fetch(NEWEST_RESOLUTIONS, tx.tenant, peer, limit)
    return [LinkResolution(**dict(zip(names, row, strict=True))) for row in rows]


async def begin_resolution(
    tx: Transaction, row: LinkRow, epoch: int, *, reason: str, asked_by: str, now: datetime
) -> LinkResolution:
    """From here on the link neither numbers nor takes in, until the epoch is opened. `row` is locked by the caller."""
    code = row.reason if row.state == "stopped" else ""
    record = LinkResolution(epoch=epoch, code=code, reason=reason, asked_by=asked_by, asked_at=now)
    await tx.execute(BEGIN, tx.tenant, row.peer, RESOLVING)
    await tx.execute(KEEP_RESOLUTION, tx.tenant, row.peer, epoch, code, reason, asked_by, now)
    return record


async def raise_epoch(tx: Transaction, peer: str, epoch: int) -> None:
    """The peer has counted further than we: the epoch that is being opened is this one."""
    await tx.execute(RAISE_EPOCH, tx.tenant, peer, epoch)


async def points_of(tx: Transaction, row: LinkRow) -> list[AgreedHead]:
    """Places of what we have taken in, from our position back to 0: densely at the end, then ever further apart."""
    numbers = [row.in_number, *(row.in_number - (1 << step) for step in range(row.in_number.bit_length()))]
    wanted = sorted({number for number in numbers if number > 0}, reverse=True)
    found = {each[0]: each[1] for each in await tx.fetch(INBOX_AT, tx.tenant, row.peer, row.in_epoch, wanted)}
    found[row.in_number] = row.in_head
    points = [AgreedHead(number=number, head_hash=found[number]) for number in wanted if number in found]
    return [*points, AgreedHead(number=0, head_hash=NO_HASH)]


async def agreed_head(tx: Transaction, row: LinkRow, points: Sequence[AgreedHead]) -> AgreedHead:
    """The furthest of the peer's points at which what we sent has the same hash; at worst the beginning."""
    sent = await outbox_hashes(tx, row, [each.number for each in points])
    agreed = [each for each in points if sent.get(each.number) == each.head_hash]
    return max(agreed, key=lambda each: each.number, default=AgreedHead(number=0, head_hash=NO_HASH))


async def outbox_hashes(tx: Transaction, row: LinkRow, numbers: Sequence[int]) -> dict[int, bytes]:
    """The link hashes of what we sent under those numbers, in whatever epoch."""
    found = {each[0]: each[1] for each in await tx.fetch(OUTBOX_AT, tx.tenant, row.peer, row.out_epoch, list(numbers))}
    return {0: NO_HASH} | found


async def inbox_hash_at(tx: Transaction, row: LinkRow, number: int) -> bytes | None:
    """The link hash of what we have taken in up to `number`; None when we have not come so far."""
    if number == 0:
        return NO_HASH
    if number >= row.in_number:
        return row.in_head if number == row.in_number else None
    found = await tx.fetch_one(INBOX_AT, tx.tenant, row.peer, row.in_epoch, [number])
    return None if found is None else found[1]


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What both ends have agreed on: where each direction of `epoch` begins, and the statements that say so.

    `receipt` is the peer's signed receipt for `outgoing`, if there is one.
    """

    epoch: int
    outgoing: AgreedHead
    incoming: AgreedHead
    ours: bytes
    theirs: bytes
    receipt: bytes | None
    receipt_at: datetime | None


async def open_epoch(tx: Transaction, peer: str, opening: Opening, *, now: datetime) -> int:
    """Everything beyond the agreed head waits for a number of the new epoch; how many frames that are.

    What was taken in keeps its place. `now` is wall time. Raises LinkMoved when the link is not being resolved.
    """
    out, came = opening.outgoing, opening.incoming
    again = await tx.execute(UNNUMBER, tx.tenant, peer, opening.epoch - 1, out.number)
    opened = await tx.execute(
        OPEN_EPOCH, tx.tenant, peer, opening.epoch, out.number, out.head_hash, opening.receipt, opening.receipt_at,
        came.number, came.head_hash,
    )  # fmt: skip
    closed = await tx.execute(
        CLOSE_RESOLUTION, tx.tenant, peer, opening.epoch, opening.ours, opening.theirs, now, out.number, came.number
    )
    if (opened, closed) != (1, 1):
        raise LinkMoved(peer=peer)
    return again


async def reopen_if_few(tx: Transaction) -> list[str]:
    """Links that stopped for too many exceptions and have no more than a receipt can name now: they go on."""
    return [row[0] for row in await tx.fetch(REOPEN_IF_FEW, tx.tenant, TOO_MANY_EXCEPTIONS, MAX_EXCEPTIONS)]


class WaitingFrames(msgspec.Struct, frozen=True, kw_only=True):
    """So many `frames` of one neighbour wait for the same reason."""

    peer: str
    reason: str
    frames: int


async def waiting_reasons(tx: Transaction) -> list[WaitingFrames]:
    """Why frames wait, by neighbour; the commonest reason first."""
    rows = await tx.fetch(WAITING_REASONS, tx.tenant)
    return [WaitingFrames(peer=row[0], reason=row[1], frames=row[2]) for row in rows]
