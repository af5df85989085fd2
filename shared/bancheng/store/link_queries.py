"""Questions the link asks beside its two mailboxes: who has something to send, and what came before.

Owns these reads. Must not know NATS, nor what a frame does to a case.
"""

from __future__ import annotations

from collections.abc import Collection

from bancheng.schema.frames import Frame, encode_frame
from bancheng.store.database import Transaction

UNNUMBERED_PEERS = """
SELECT peer FROM unnest($2::text[]) AS asked(peer)
WHERE EXISTS (SELECT FROM outbox o WHERE o.tenant = $1 AND o.peer = asked.peer AND o.number IS NULL)"""
STORED_FRAME = """
SELECT i.frame, coalesce(e.header, f.header), coalesce(e.signature, f.signature), coalesce(e.salt, f.salt),
    coalesce(e.payload, f.payload)
FROM inbox i
LEFT JOIN case_event e ON e.tenant = $1 AND e.case_id = i.case_id AND e.event_hash = i.event_hash
LEFT JOIN loose_frame f ON f.tenant = $1 AND f.event_hash = i.event_hash
WHERE i.tenant = $1 AND i.peer = $2 AND i.epoch = $3 AND i.number = $4 LIMIT 1"""


async def peers_with_unnumbered(tx: Transaction, peers: Collection[str]) -> set[str]:
    """Which of these neighbours have rows that the sequencer has not numbered yet."""
    return {row[0] for row in await tx.fetch(UNNUMBERED_PEERS, tx.tenant, list(peers))}


async def stored_frame(tx: Transaction, peer: str, epoch: int, number: int) -> bytes | None:
    """The encoded frame that came under this number, from the inbox or from where it was applied."""
    row = await tx.fetch_one(STORED_FRAME, tx.tenant, peer, epoch, number)
    if row is None:
        return None
    kept, header, signature, salt, payload = row
    if kept is not None or header is None:
        return kept
    return encode_frame(Frame(header=header, signature=signature, salt=salt, payload=payload))
