"""Where each link stands, and the evidence about it: receipts, equivocations, a stop.

Owns the queries of the link's own rows. The mailboxes are outbox.py and inbox.py. Must not know NATS.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from bancheng.schema.frames import NO_HASH
from bancheng.store.database import Row, Transaction

Role = Literal["parent", "child"]
"""What the peer is to us."""
LinkState = Literal["open", "stopped", "resolving"]
"""`resolving`: both ends stand still until they have agreed on where the next epoch begins."""
Direction = Literal["up", "dn"]


class LinkRow(msgspec.Struct, frozen=True, kw_only=True):
    """Where a link stands. `out_head` is the link hash of number `out_next_number` - 1, `in_head` of `in_number`.

    `heard_at`: when the peer last gave a sign of life here, in wall time, exact to the minute.
    """

    peer: str
    role: Role
    state: LinkState
    reason: str
    out_epoch: int
    out_next_number: int
    out_head: bytes
    receipted_number: int
    receipt: bytes | None
    receipt_at: datetime | None
    in_epoch: int
    in_number: int
    in_head: bytes
    heard_at: datetime | None


_LINK = (
    "peer, role, state, reason, out_epoch, out_next_number, out_head, receipted_number, receipt, receipt_at, "
    "in_epoch, in_number, in_head, heard_at"
)
ENSURE_LINK = """
INSERT INTO link (tenant, peer, role, state, reason, out_epoch, out_next_number, out_head, receipted_number,
    in_epoch, in_number, in_head)
VALUES ($1, $2, $3, 'open', '', 1, 1, $4, 0, 1, 0, $4)
ON CONFLICT (tenant, peer) DO NOTHING"""
GET_LINK = f"SELECT {_LINK} FROM link WHERE tenant = $1 AND peer = $2"  # noqa: S608  a list of our own column names
LIST_LINKS = f"SELECT {_LINK} FROM link WHERE tenant = $1 ORDER BY peer"  # noqa: S608  the same
SET_RECEIPTED = """
UPDATE link SET receipted_number = $3, receipt = $4, receipt_at = $5
WHERE tenant = $1 AND peer = $2 AND receipted_number <= $3 AND $3 < out_next_number"""
STORE_RECEIPT = """
INSERT INTO receipt (tenant, peer, direction, epoch, stored_up_to, head_hash, signed, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING"""
STOP_LINK = "UPDATE link SET state = 'stopped', reason = $3 WHERE tenant = $1 AND peer = $2 AND state = 'open'"
SET_HEARD = "UPDATE link SET heard_at = $3 WHERE tenant = $1 AND peer = $2"
EQUIVOCATION = """
INSERT INTO equivocation (tenant, peer, detail, first_frame, second_frame, found_at) VALUES ($1, $2, $3, $4, $5, $6)"""


def _link(row: Row) -> LinkRow:
    names = LinkRow.__struct_fields__
    return LinkRow(**dict(zip(names, row, strict=True)))


async def ensure_link(tx: Transaction, peer: str, role: Role) -> None:
    """The link with a neighbour, opened at number 1 of epoch 1 if it is new."""
    await tx.execute(ENSURE_LINK, tx.tenant, peer, role, NO_HASH)


async def get_link(tx: Transaction, peer: str, *, lock: bool = False) -> LinkRow | None:
    """Where the link stands. `lock` holds it until the commit: one sequencer at a time."""
    row = await tx.fetch_one(f"{GET_LINK} FOR UPDATE" if lock else GET_LINK, tx.tenant, peer)
    return None if row is None else _link(row)


async def list_links(tx: Transaction) -> list[LinkRow]:
    return [_link(row) for row in await tx.fetch(LIST_LINKS, tx.tenant)]


async def set_receipted(tx: Transaction, peer: str, number: int, signed: bytes, at: datetime) -> bool:
    """The peer's receipt for all up to `number`. False when it is older than ours or names what we never sent."""
    return await tx.execute(SET_RECEIPTED, tx.tenant, peer, number, signed, at) > 0


async def store_receipt(
    tx: Transaction,
    peer: str,
    direction: Direction,
    *,
    epoch: int,
    stored_up_to: int,
    head_hash: bytes,
    signed: bytes,
    at: datetime,
) -> None:
    """Keep a signed receipt, ours or the peer's, as evidence. The same again changes nothing."""
    await tx.execute(STORE_RECEIPT, tx.tenant, peer, direction, epoch, stored_up_to, head_hash, signed, at)


async def stop_link(tx: Transaction, peer: str, reason: str) -> bool:
    """Neither number nor take in anything until somebody resolves it. False if it was stopped already."""
    return await tx.execute(STOP_LINK, tx.tenant, peer, reason) > 0


async def set_heard(tx: Transaction, peer: str, at: datetime) -> None:
    """The peer gave a sign of life. `at` is wall time; whoever calls keeps this rare."""
    await tx.execute(SET_HEARD, tx.tenant, peer, at)


async def record_equivocation(
    tx: Transaction, peer: str, *, detail: str, first_frame: bytes, second_frame: bytes, now: datetime
) -> None:
    """Keep both of two frames of which only one can be honest."""
    await tx.execute(EQUIVOCATION, tx.tenant, peer, detail, first_frame, second_frame, now)
