"""Stopping a link: with the evidence, with an alarm, and in such a way that an operator can resolve it.

Owns what is kept of a frame that was not believed. When a link must stop is for intake and application to say; how it
goes on is resolution's.
"""

from __future__ import annotations

import logging
from uuid import UUID

import msgspec

from bancheng.federation.custody import Equivocated
from bancheng.federation.errors import LinkStopped, StreamOtherEpoch
from bancheng.federation.inspection import Inspected
from bancheng.federation.site import HostedSite, Peer
from bancheng.schema.frames import decode_header, encode_frame, event_hash
from bancheng.schema.subjects import HEADER_LINK_HASH
from bancheng.store.alerts import EQUIVOCATION as TWO_ENTRIES
from bancheng.store.alerts import NO_CASE, link_stopped, raise_alert
from bancheng.store.database import Database, Transaction
from bancheng.store.link_resolution import EQUIVOCATION, LinkStop, keep_stop
from bancheng.store.links import LinkRow, get_link, record_equivocation, stop_link

_log = logging.getLogger(__name__)


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """What came and was not believed. `hash` is the one to set beside what we have."""

    number: int
    hash: bytes | None
    event_hash: bytes | None
    case_id: UUID | None
    frame: bytes

    @classmethod
    def of(cls, each: Inspected) -> Refused:
        return cls(
            number=each.number,
            hash=each.link_hash or _claimed(each),
            event_hash=each.event_hash or None,
            case_id=None if each.header is None else each.header.case_id,
            frame=each.message.data,
        )


class Contradiction(Exception):
    """Evidence found inside the transaction, which is undone; it is then recorded in one of its own.

    `first` is what we have, if it is a frame, and `known_hash` its hash; `refused` is what came.
    """

    def __init__(self, code: str, refused: Refused, *, known_hash: bytes | None, first: bytes) -> None:
        super().__init__(code)
        self.code = code
        self.refused = refused
        self.known_hash = known_hash
        self.first = first


async def stop_and_keep(database: Database, site: HostedSite, peer: Peer, found: Contradiction) -> str:
    """Both kept, nothing further taken in until somebody resolves it."""
    async with database.transaction(site.tenant) as tx:
        row = open_link(await get_link(tx, peer.site, lock=True))
        await record_equivocation(
            tx,
            peer.site,
            detail=f"{found.code} at number {found.refused.number}",
            first_frame=found.first,
            second_frame=found.refused.frame,
            now=site.wall_now(),
        )
        await _stop_with_evidence(tx, site, row, found.refused, found.code, known_hash=found.known_hash)
    return found.code


def two_entries(found: Equivocated) -> Contradiction:
    """One author, one place in a case, two entries: which frame it was follows from the entry, not from the batch."""
    header = decode_header(found.other.header)
    other = event_hash(found.other.header)
    refused = Refused(
        number=found.number, hash=other, event_hash=other, case_id=header.case_id, frame=encode_frame(found.other)
    )
    known_hash = event_hash(found.known.header)
    return Contradiction(found.code, refused, known_hash=known_hash, first=encode_frame(found.known))


async def stop_for(
    database: Database, site: HostedSite, peer: Peer, refused: Inspected, code: str, *, epoch: int
) -> None:
    """A frame that cannot be what it claims to be: kept, and nothing further taken in until somebody resolves it.

    `epoch` is that of the stream it came from. Raises LinkStopped, StreamOtherEpoch, StoreError.
    """
    async with database.transaction(site.tenant) as tx:
        row = open_link(await get_link(tx, peer.site, lock=True))
        if row.in_epoch != epoch:
            raise StreamOtherEpoch(f"a frame of epoch {epoch}, we take in epoch {row.in_epoch}")
        known_hash = row.in_head if refused.number == row.in_number + 1 else None
        await _stop_with_evidence(tx, site, row, Refused.of(refused), code, known_hash=known_hash)


async def _stop_with_evidence(
    tx: Transaction, site: HostedSite, row: LinkRow, refused: Refused, code: str, *, known_hash: bytes | None
) -> None:
    _log.error("link stopped", extra={"peer": row.peer, "code": code, "number": refused.number})
    stop = LinkStop(
        epoch=row.in_epoch,
        number=refused.number,
        code=code,
        stopped_at=site.wall_now(),
        known_hash=known_hash,
        refused_hash=refused.hash,
        event_hash=refused.event_hash,
        case_id=refused.case_id,
        frame=refused.frame,
    )
    await keep_stop(tx, row.peer, stop)
    await sound_and_stop(tx, site, row.peer, code)
    if code == EQUIVOCATION and refused.case_id is not None:
        await raise_alert(tx, refused.case_id, TWO_ENTRIES, detail=row.peer, at=site.now())


async def keep_equivocation(tx: Transaction, site: HostedSite, found: Equivocated) -> None:
    """Found among frames that were taken in long ago: no link stops for it, but both are kept and the case is marked.

    The next time only the case waits.
    """
    two = two_entries(found)
    now = site.wall_now()
    await record_equivocation(
        tx, found.peer, detail=f"{found.code} at number {found.number}", first_frame=two.first,
        second_frame=two.refused.frame, now=now,
    )  # fmt: skip
    stop = LinkStop(
        epoch=0, number=found.number, code=found.code, stopped_at=now, known_hash=two.known_hash,
        refused_hash=two.refused.hash, event_hash=two.refused.event_hash, case_id=two.refused.case_id,
        frame=two.refused.frame,
    )  # fmt: skip
    await keep_stop(tx, found.peer, stop)
    if two.refused.case_id is not None:
        await raise_alert(tx, two.refused.case_id, TWO_ENTRIES, detail=found.peer, at=site.now())


async def sound_and_stop(tx: Transaction, site: HostedSite, peer: str, code: str) -> None:
    """The link stands still, and the site keeps seeing it until it is resolved."""
    await stop_link(tx, peer, code)
    await raise_alert(tx, NO_CASE, link_stopped(peer), detail=code, at=site.now())


def _claimed(refused: Inspected) -> bytes | None:
    """The link hash that the message bore, if it is one."""
    try:
        return bytes.fromhex(refused.message.headers.get(HEADER_LINK_HASH, "")) or None
    except ValueError:
        return None


def open_link(row: LinkRow | None) -> LinkRow:
    """The row, when frames may be taken in. Raises LinkStopped."""
    if row is None or row.state != "open":
        raise LinkStopped("link.unknown" if row is None else row.reason)
    return row
