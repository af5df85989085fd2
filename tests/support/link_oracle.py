"""The oracle of the links: what was queued = what was numbered = what was taken in, with the evidence for it.

Owns the judgement of outboxes, inboxes, link rows and receipts of two neighbours. What a case's history must be is
oracle.py's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

import msgspec

from bancheng.schema.frames import NO_HASH, link_hash
from bancheng.schema.messages import Receipt, Signed
from bancheng.store.signing import Keyring, SignatureRefused, verify_message
from tests.support.standing import InRow, OutRow, SiteStanding


def own_history(site: SiteStanding) -> Iterator[str]:
    """What was queued is what happened: nothing that is not in history, nothing twice to one neighbour."""
    where = f"{site.tenant}/{site.site}"
    if site.equivocations:
        yield f"{where}: {site.equivocations} equivocations"
    known = {row.event_hash for row in site.events} | set(site.loose)
    for (peer, kind, hash_), count in Counter((row.peer, row.kind, row.event_hash) for row in site.outbox).items():
        if hash_ not in known:
            yield f"{where} -> {peer}: queued {hash_.hex()[:12]}, which is not in history"
        # An ask follows its case: while that goes to and fro, so may the ask.
        if count > 1 and kind != "ask":
            yield f"{where} -> {peer}: queued {hash_.hex()[:12]} {count} times"


def provenance(site: SiteStanding, deferred: Collection[UUID]) -> Iterator[str]:
    """What others wrote came by a link, and what came by a link and was applied is in history."""
    where = f"{site.tenant}/{site.site}"
    came = {row.event_hash for row in site.inbox}
    known = {row.event_hash for row in site.events}
    for row in site.events:
        if row.author != site.site and row.event_hash not in came:
            yield f"{where} {row.case_id}: {row.type} of {row.author} is in history and came by no link"
    for row in site.inbox:
        is_entry = row.kind not in {"ask", "document"} and row.case_id not in deferred
        if is_entry and row.event_hash not in known:
            yield f"{where}: number {row.number} of {row.peer} was {row.state} and is not in history"


def receipts(site: SiteStanding, keyring: Keyring) -> Iterator[str]:
    """The evidence that is kept of what a neighbour has: signed by it, and saying what the link's row says."""
    for peer, link in site.links.items():
        where = f"{site.tenant}/{site.site} -> {peer}"
        if link.receipt is None:
            if link.receipted_number:
                yield f"{where}: receipted up to {link.receipted_number} without a receipt"
            continue
        signed = msgspec.json.decode(link.receipt, type=Signed)
        try:
            receipt = msgspec.json.decode(verify_message(keyring, signed), type=Receipt)
        except SignatureRefused as error:
            yield f"{where}: receipt: {error}"
            continue
        said = (signed.signer, receipt.receiver, receipt.stored_up_to)
        if said != (peer, peer, link.receipted_number):
            yield f"{where}: the receipt is of {said}, the row says {link.receipted_number}"
        if receipt.stored_up_to == link.out_next_number - 1 and receipt.head_hash != link.out_head:
            yield f"{where}: the receipt's head is not ours"


def link(sender: SiteStanding, receiver: SiteStanding, link: str, deferred: Collection[UUID]) -> Iterator[str]:
    """The numbered log: without a gap, chained, and the same at both ends, both heads and the receipt included."""
    out = sorted((row for row in sender.outbox if row.peer == receiver.site), key=lambda row: row.number or 0)
    arrived = sorted((row for row in receiver.inbox if row.peer == sender.site), key=lambda row: row.number)
    yield from _chain(out, link)
    if [(row.number, row.event_hash, row.link_hash) for row in out] != [
        (row.number, row.event_hash, row.link_hash) for row in arrived
    ]:
        yield f"{link}: {len(out)} frames queued, {len(arrived)} stored, and they are not the same in the same order"
    yield from _states(arrived, link, deferred)
    sent, stored = sender.links.get(receiver.site), receiver.links.get(sender.site)
    if sent is None or stored is None:
        yield f"{link}: one end does not know the link"
        return
    if (sent.out_next_number - 1, sent.out_head) != (stored.in_number, stored.in_head):
        yield f"{link}: heads differ, {sent.out_next_number - 1} and {stored.in_number}"
    if sent.receipted_number != stored.in_number:
        yield f"{link}: receipted {sent.receipted_number}, stored {stored.in_number}"


def _chain(out: Iterable[OutRow], link: str) -> Iterator[str]:
    head = NO_HASH
    for expected, row in enumerate(out, start=1):
        if row.number != expected or row.epoch is None:
            yield f"{link}: number {row.number} where {expected} belongs"
            return
        head = link_hash(link, row.epoch, expected, head, row.event_hash)
        if head != row.link_hash:
            yield f"{link}: the chain breaks at {expected}"
            return


def _states(arrived: Iterable[InRow], link: str, deferred: Collection[UUID]) -> Iterator[str]:
    for row in arrived:
        fits = row.state in {"applied", "late", "duplicate"} or (row.state == "rejected" and row.kind == "ask")
        if not fits and not (row.state == "deferred" and row.case_id in deferred):
            yield f"{link}: {row.number} is {row.state} {row.reason}"
