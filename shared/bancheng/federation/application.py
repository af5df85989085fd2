"""One batch into the database: place in the link, custody, inbox rows and position in one transaction.

Owns that transaction, and what happens when a frame cannot be handled: it alone is deferred, and what follows it in
other cases goes on. Must not know NATS.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.custody import Equivocated
from bancheng.federation.errors import LinkTrouble, StreamOtherEpoch
from bancheng.federation.inspection import Inspected, chains
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.stopping import Contradiction, Refused, open_link, sound_and_stop, stop_and_keep, two_entries
from bancheng.schema.messages import MAX_EXCEPTIONS
from bancheng.store.database import Database, Transaction
from bancheng.store.errors import (
    CommitUnknown,
    DatabaseBusy,
    DatabaseConflict,
    DatabaseUnavailable,
    LinkMoved,
    NotAllowed,
    NotMigrated,
    StaleVersion,
    TransactionAborted,
)
from bancheng.store.link_queries import stored_frame
from bancheng.store.link_resolution import TOO_MANY_EXCEPTIONS
from bancheng.store.links import (
    InboxRow,
    LinkRow,
    exceptions_of,
    get_link,
    inbox_hash,
    record_inbox,
)

Apply = Callable[[Transaction, HostedSite, Peer, Sequence[Arrived]], Awaitable[list[Applied]]]

PASSING = (
    CommitUnknown,
    DatabaseBusy,
    DatabaseConflict,
    DatabaseUnavailable,
    LinkMoved,
    NotAllowed,
    NotMigrated,
    StaleVersion,
    TransactionAborted,
)
"""Errors that say nothing about the frames: the whole batch is tried again. So does a database that is not brought to
this release yet, or does not let the service in everywhere: what came meanwhile must not wait for an operator.
"""

_log = logging.getLogger(__name__)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch came to. `stopped` is the code if the link was stopped, `gap` says what was missing."""

    arrived: tuple[Arrived, ...] = ()
    applied: tuple[Applied, ...] = ()
    stopped: str = ""
    gap: str = ""


async def take_in(
    database: Database, site: HostedSite, peer: Peer, link: str, batch: Sequence[Inspected], *, apply: Apply, epoch: int
) -> Outcome:
    """Commit what is new of a batch, whose frames and signatures are good. `epoch` is that of the stream they are from.

    Raises LinkStopped, StreamOtherEpoch and StoreError.
    """
    try:
        try:
            return await _take_in(database, site, peer, link, batch, apply, epoch)
        except (Contradiction, Equivocated, LinkTrouble, *PASSING):
            raise
        except Exception:  # noqa: BLE001 - a defect met by one frame must not hold up the others
            _log.exception("a batch could not be applied; its frames one by one", extra={"link": link})
            return await _take_in(database, site, peer, link, batch, _one_by_one(apply), epoch)
    except Contradiction as found:
        return Outcome(stopped=await stop_and_keep(database, site, peer, found))
    except Equivocated as found:
        return Outcome(stopped=await stop_and_keep(database, site, peer, two_entries(found)))


async def _take_in(
    database: Database, site: HostedSite, peer: Peer, link: str, batch: Sequence[Inspected], apply: Apply, epoch: int
) -> Outcome:
    async with database.transaction(site.tenant) as tx:
        # Not locked: the sequencer numbers what goes the other way meanwhile. Recording the batch advances the position
        # from where it was read here, or not at all.
        row = open_link(await get_link(tx, peer.site))
        if row.in_epoch != epoch:
            raise StreamOtherEpoch(f"frames of epoch {epoch}, we take in epoch {row.in_epoch}")
        fresh, gap = await _fresh(tx, row, batch)
        if not fresh:
            return Outcome(gap=gap)
        if not chains(fresh[0], link, row.in_head):
            raise Contradiction("link.chain", Refused.of(fresh[0]), known_hash=row.in_head, first=row.in_head)
        arrived = [frame for each in fresh if (frame := _arrived(each)) is not None]
        applied = await apply(tx, site, peer, arrived) if arrived else []
        known = {each.number: each for each in applied}
        rows = [_inbox_row(each, known.get(each.number)) for each in fresh]
        await record_inbox(tx, peer.site, rows, fresh[-1].number, fresh[-1].link_hash, now=site.wall_now())
        stopped = await _stop_for_exceptions(tx, site, row, rows)
    return Outcome(arrived=tuple(arrived), applied=tuple(applied), stopped=stopped, gap=gap)


async def _fresh(tx: Transaction, row: LinkRow, batch: Sequence[Inspected]) -> tuple[list[Inspected], str]:
    """What follows our position without a hole; what came before must be what came before."""
    old = [each for each in batch if each.number <= row.in_number]
    hashes = await inbox_hash(tx, row.peer, row.in_epoch, [each.number for each in old]) if old else {}
    fresh: list[Inspected] = []
    for each in batch:
        if each.epoch != row.in_epoch:
            raise Contradiction("link.epoch", Refused.of(each), known_hash=row.in_head, first=b"")
        if each.number > row.in_number + len(fresh) + 1:
            return fresh, f"expected {row.in_number + len(fresh) + 1}, got {each.number}"
        if each.number == row.in_number + len(fresh) + 1:
            fresh.append(each)
            hashes[each.number] = each.link_hash
        elif hashes.get(each.number) != each.link_hash:
            first = await stored_frame(tx, row.peer, row.in_epoch, each.number) or b""
            known_hash = hashes.get(each.number)
            raise Contradiction("link.equivocation", Refused.of(each), known_hash=known_hash, first=first)
    return fresh, ""


async def _stop_for_exceptions(tx: Transaction, site: HostedSite, row: LinkRow, rows: Sequence[InboxRow]) -> str:
    if all(each.state not in {"deferred", "rejected"} for each in rows):
        return ""
    if len(await exceptions_of(tx, row.peer)) <= MAX_EXCEPTIONS:
        return ""
    await sound_and_stop(tx, site, row.peer, TOO_MANY_EXCEPTIONS)
    return TOO_MANY_EXCEPTIONS


def _one_by_one(apply: Apply) -> Apply:
    """Each frame behind a savepoint: what fails is undone and deferred, alone."""

    async def apply_each(tx: Transaction, site: HostedSite, peer: Peer, arrived: Sequence[Arrived]) -> list[Applied]:
        results: list[Applied] = []
        for each in arrived:
            await tx.execute("SAVEPOINT one_frame")
            try:
                results.extend(await apply(tx, site, peer, [each]))
                await tx.execute("RELEASE SAVEPOINT one_frame")
            except (Equivocated, *PASSING):
                raise
            except Exception as error:  # noqa: BLE001 - kept with its frame, shown, and tried again by an operator
                _log.exception("a frame could not be applied", extra={"peer": peer.site, "number": each.number})
                await tx.execute("ROLLBACK TO SAVEPOINT one_frame")
                reason = f"handler.failed:{type(error).__name__}"
                results.append(Applied(number=each.number, state="deferred", reason=reason))
        return results

    return apply_each


def _arrived(each: Inspected) -> Arrived | None:
    if each.frame is None or each.header is None:
        return None
    return Arrived(
        number=each.number,
        epoch=each.epoch,
        kind=each.kind,
        frame=each.frame,
        header=each.header,
        event_hash=each.event_hash,
        link_hash=each.link_hash,
    )


def _inbox_row(each: Inspected, applied: Applied | None) -> InboxRow:
    """A frame whose header no release here can read is deferred: the peer vouches for its bytes."""
    if applied is None:
        applied = Applied(number=each.number, state="deferred", reason="frame.header_unreadable")
    keeps_frame = applied.state in {"deferred", "rejected"}
    return InboxRow(
        epoch=each.epoch,
        number=each.number,
        kind=each.kind,
        event_hash=each.event_hash,
        link_hash=each.link_hash,
        state=applied.state,
        case_id=None if each.header is None else each.header.case_id,
        reason=applied.reason,
        frame=each.message.data if keeps_frame else None,
    )
