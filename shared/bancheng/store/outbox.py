"""What goes to a neighbour: queued by transactions, numbered and chained by the sequencer, read by the relay.

Owns the outbox's queries. Must not know NATS, nor what a frame means.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bancheng.schema.frames import Frame, Kind, link_hash
from bancheng.store.database import FEW_ROWS, Transaction
from bancheng.store.errors import LinkMoved, LinkUnknown
from bancheng.store.link_state import get_link
from bancheng.store.signing import StoredFrame


class NumberedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame of the link's log, ready to be published."""

    number: int
    epoch: int
    kind: Kind
    link_hash: bytes
    event_hash: bytes
    frame: Frame


UNNUMBERED = """
SELECT id, event_hash FROM outbox WHERE tenant = $1 AND peer = $2 AND number IS NULL ORDER BY id LIMIT $3"""
NUMBER = """
WITH given AS MATERIALIZED (
    SELECT id, link_hash, ordinal FROM unnest($3::bigint[], $4::bytea[]) WITH ORDINALITY AS g(id, link_hash, ordinal)
), numbered AS (
    UPDATE outbox SET epoch = $5, number = $6 + given.ordinal - 1, link_hash = given.link_hash
    FROM given WHERE outbox.tenant = $1 AND outbox.peer = $2 AND outbox.id = ANY($3::bigint[])
        AND outbox.id = given.id AND outbox.number IS NULL
    RETURNING 1
)
UPDATE link SET out_next_number = $6 + cardinality($3), out_head = $7
WHERE tenant = $1 AND peer = $2 AND (SELECT count(*) FROM numbered) = cardinality($3)"""
# The epoch comes from a subquery and not from a join: only then is the index known to be in the order of numbers.
# The frames come one by one (LATERAL): a join might be planned as a look at all of history.
READ_OUTBOX = """
WITH wanted AS MATERIALIZED (
    SELECT o.number, o.epoch, o.kind, o.link_hash, o.event_hash, o.case_id, o.term, o.author, o.seq
    FROM outbox o
    WHERE o.tenant = $1 AND o.peer = $2 AND o.number > $3
        AND o.epoch = (SELECT out_epoch FROM link WHERE tenant = $1 AND peer = $2)
    ORDER BY o.number LIMIT $4
), framed AS (
    SELECT w.number, w.epoch, w.kind, w.link_hash, w.event_hash, coalesce(e.header, f.header) AS header,
        coalesce(e.signature, f.signature) AS signature, coalesce(e.salt, f.salt) AS salt,
        coalesce(e.payload, f.payload) AS payload
    FROM wanted w
    LEFT JOIN LATERAL (
        SELECT header, signature, salt, payload FROM case_event
        WHERE tenant = $1 AND case_id = w.case_id AND term = w.term AND author = w.author AND seq = w.seq LIMIT 1
    ) AS e ON true
    LEFT JOIN LATERAL (
        SELECT header, signature, salt, payload FROM loose_frame
        WHERE w.term IS NULL AND tenant = $1 AND event_hash = w.event_hash LIMIT 1
    ) AS f ON true
), measured AS (
    SELECT *, sum(octet_length(header) + coalesce(octet_length(payload), 0) + 256) OVER (ORDER BY number) AS total,
        row_number() OVER (ORDER BY number) AS place
    FROM framed
)
SELECT number, epoch, kind, link_hash, event_hash, header, signature, salt, payload FROM measured
WHERE total <= $5 OR place = 1 ORDER BY number"""
QUEUE_LOOSE = """
WITH kept AS (
    INSERT INTO loose_frame (tenant, event_hash, header, signature, salt, payload, type, occurred_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, event_hash) DO NOTHING
)
INSERT INTO outbox (tenant, peer, kind, case_id, event_hash, queued_at)
SELECT $1, peer, $9, $10, $2, $11 FROM unnest($12::text[]) WITH ORDINALITY AS to_peer(peer, ordinal) ORDER BY ordinal"""
HAS_LOOSE = "SELECT 1 FROM loose_frame WHERE tenant = $1 AND event_hash = $2"
OLDEST_UNRECEIPTED = """
SELECT min(queued_at) FROM (
    (SELECT queued_at FROM outbox
     WHERE tenant = $1 AND peer = $2 AND epoch = (SELECT out_epoch FROM link WHERE tenant = $1 AND peer = $2)
        AND number > (SELECT receipted_number FROM link WHERE tenant = $1 AND peer = $2)
     ORDER BY number LIMIT 1)
    UNION ALL
    (SELECT queued_at FROM outbox WHERE tenant = $1 AND peer = $2 AND number IS NULL ORDER BY id LIMIT 1)
) AS waiting"""


async def number_outbox(tx: Transaction, peer: str, link: str, limit: int = 1_000) -> int:
    """The sequencer: number and chain committed rows in insertion order, at most `limit`; how many there were.

    `link` is the link's name in its chain. A link that is not open numbers nothing. Raises LinkUnknown, LinkMoved.
    """
    row = await get_link(tx, peer, lock=True)
    if row is None:
        raise LinkUnknown(peer=peer)
    # A statement of its own: one that waited for the lock would still see the rows as they were before the wait.
    waiting = [] if row.state != "open" else await tx.fetch(UNNUMBERED, tx.tenant, peer, limit)
    if not waiting:
        return 0
    head = row.out_head
    hashes: list[bytes] = []
    for number, (_, event) in enumerate(waiting, row.out_next_number):
        head = link_hash(link, row.out_epoch, number, head, event)
        hashes.append(head)
    ids = [each[0] for each in waiting]
    if len(ids) > FEW_ROWS:
        await tx.plan_afresh()
    if not await tx.execute(NUMBER, tx.tenant, peer, ids, hashes, row.out_epoch, row.out_next_number, head):
        raise LinkMoved(peer=peer)
    return len(waiting)


async def read_outbox(tx: Transaction, peer: str, after_number: int, limit: int, max_bytes: int) -> list[NumberedFrame]:
    """The numbered frames after a number, in order: at most `limit`, and `max_bytes` unless one alone has more."""
    rows = await tx.fetch(READ_OUTBOX, tx.tenant, peer, after_number, limit, max_bytes)
    return [
        NumberedFrame(
            number=row[0],
            epoch=row[1],
            kind=row[2],
            link_hash=row[3],
            event_hash=row[4],
            frame=Frame(header=row[5], signature=row[6], salt=row[7], payload=row[8]),
        )
        for row in rows
    ]


async def queue_loose(tx: Transaction, peer: str, kind: Kind, stored: StoredFrame, *, now: datetime) -> None:
    """Keep an ask or a document and queue it for one neighbour. `now` is wall time."""
    await queue_loose_to(tx, (peer,), kind, stored, now=now)


async def queue_loose_to(
    tx: Transaction, peers: Sequence[str], kind: Kind, stored: StoredFrame, *, now: datetime
) -> None:
    """Keep an ask or a document and queue it for several neighbours."""
    header, frame = stored.header, stored.frame
    await tx.execute(
        QUEUE_LOOSE, tx.tenant, stored.hash, frame.header, frame.signature, frame.salt, frame.payload, header.type,
        header.occurred_at, kind, header.case_id, now, list(peers),
    )  # fmt: skip


async def has_loose(tx: Transaction, event_hash: bytes) -> bool:
    """Whether this frame is kept already."""
    return await tx.fetch_one(HAS_LOOSE, tx.tenant, event_hash) is not None


async def oldest_unreceipted_at(tx: Transaction, peer: str) -> datetime | None:
    """When the frame was queued that has waited longest for the peer's receipt; None when nothing waits."""
    row = await tx.fetch_one(OLDEST_UNRECEIPTED, tx.tenant, peer)
    return None if row is None else row[0]
