"""A stopped link goes on: both ends stand still, compare what they have, and open a new epoch from there.

Owns the exchange of the two signed statements. Each step is one transaction that may be repeated; an end that was
killed between two of them asks again when it is back. Nothing is trusted here that was not trusted before: only
numbers are given anew, and every frame is checked again when it comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bancheng.federation.errors import LinkTrouble
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.signed_receipts import ReceiptRefused, make_receipt, verified_receipt
from bancheng.federation.site import HostedSite
from bancheng.schema.events import SYSTEM_STAFF
from bancheng.schema.messages import AgreedHead, Receipt, Refusal, Resolution, Signed
from bancheng.store.accounts import record_audit
from bancheng.store.alerts import NO_CASE, clear_alerts, link_stopped
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.errors import LinkUnknown
from bancheng.store.link_resolution import (
    TOO_MANY_EXCEPTIONS,
    LinkResolution,
    Opening,
    agreed_head,
    begin_resolution,
    inbox_hash_at,
    open_epoch,
    points_of,
    raise_epoch,
    resolutions_of,
)
from bancheng.store.links import LinkRow, get_link, store_receipt
from bancheng.store.signing import SignatureRefused, sign_message, verify_message

MAX_POINTS = 80
"""More than a position of 64 bits has."""
ACTION = "link.resolve"
"""In the audit."""

_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_signed = msgspec.json.Decoder(Signed)
_resolution = msgspec.json.Decoder(Resolution)
_refusal = msgspec.json.Decoder(Refusal)


class ResolutionRefused(LinkTrouble):
    """The epoch cannot be opened as it was asked for. `code` is stable; nothing was changed."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """A statement of the peer's that was verified."""

    signed: Signed
    said: Resolution
    receipt: Receipt


async def ask_resolution(tx: Transaction, site: HostedSite, peer: str, *, reason: str, asked_by: str) -> LinkResolution:
    """An operator wants a stopped link to go on. Asked twice, the first one stands; the service does the rest.

    Raises LinkUnknown, and ResolutionRefused for a link that nothing stopped here or that a retry opens.
    """
    row = await get_link(tx, peer, lock=True)
    if row is None:
        raise LinkUnknown(peer=peer)
    if row.state == "resolving":
        return (await resolutions_of(tx, peer, 1))[0]
    if row.state == "open":
        raise ResolutionRefused("link.not_stopped")
    if row.reason == TOO_MANY_EXCEPTIONS:
        raise ResolutionRefused("link.retry_first")
    epoch = max(row.out_epoch, row.in_epoch) + 1
    record = await begin_resolution(tx, row, epoch, reason=reason, asked_by=asked_by, now=site.wall_now())
    await _audit(tx, site, asked_by, f"{peer}: epoch {epoch} asked for after {row.reason}: {reason}")
    return record


class Resolving:
    """One per link and process. The link's turn keeps the relay still; `on_opened` is told when the link goes on."""

    def __init__(self, parts: LinkParts, *, on_opened: Callable[[], None]) -> None:
        self._parts = parts
        self._on_opened = on_opened
        self.refused = ""
        """The code for which the peer, or we, would not open the epoch; empty when nobody refused."""

    async def serve(self) -> None:
        """Answer the peer's statements."""
        await self._parts.client.serve(self._parts.subject(self._parts.peer.incoming, "resolve"), self.answer)

    async def stop_serving(self) -> None:
        await self._parts.client.stop_serving(self._parts.subject(self._parts.peer.incoming, "resolve"))

    async def pursue(self) -> None:
        """Ask the peer, and open the epoch when it agrees. Raises LinkTrouble and StoreError: then ask again later."""
        async with self._parts.turn, self._parts.transaction() as tx:
            row = await get_link(tx, self._parts.peer.site, lock=True)
            if row is None or row.state != "resolving":
                return
            record = (await resolutions_of(tx, self._parts.peer.site, 1))[0]
            ours = await self._statement(tx, row, record.epoch, None)
        try:
            ours, is_opened = await self._hear(await self._ask(ours))
        except ResolutionRefused as refused:
            self.refused = refused.code
            raise
        self.refused = ""
        if is_opened:
            with suppress(LinkTrouble):  # else it asks us when it can
                await self._ask(ours)

    async def _ask(self, ours: Signed) -> Signed:
        subject = self._parts.subject(self._parts.peer.outgoing, "resolve")
        answer = await self._parts.client.request(subject, _encoder.encode(ours))
        with suppress(msgspec.MsgspecError):
            raise ResolutionRefused(_refusal.decode(answer).code)
        try:
            return _signed.decode(answer)
        except msgspec.MsgspecError as error:
            raise ResolutionRefused("resolution.unreadable") from error

    async def answer(self, data: bytes) -> bytes:
        """Our statement, or a refusal with its code, for the peer's."""
        try:
            ours, _ = await self._hear(_signed.decode(data))
        except msgspec.MsgspecError:
            return _encoder.encode(Refusal(code="resolution.unreadable"))
        except ResolutionRefused as refused:
            _log.warning("resolution refused", extra={"peer": self._parts.peer.site, "code": refused.code})
            return _encoder.encode(Refusal(code=refused.code))
        return _encoder.encode(ours)

    async def _hear(self, signed: Signed) -> tuple[Signed, bool]:
        """Our statement in answer to the peer's, and whether this has opened the epoch. Raises ResolutionRefused."""
        heard = self._verified(signed)
        async with self._parts.turn, self._parts.transaction() as tx:
            row = await get_link(tx, self._parts.peer.site, lock=True)
            if row is None:
                raise ResolutionRefused("link.unknown")
            newest = next(iter(await resolutions_of(tx, self._parts.peer.site, 1)), None)
            if newest is not None and newest.ours is not None and _was_heard(newest, heard):
                return _signed.decode(newest.ours), False
            if row.state == "stopped":
                raise ResolutionRefused("link.stopped_here")
            record = await self._record(tx, row, newest, heard.said.epoch)
            outgoing = await agreed_head(tx, row, heard.said.points)
            ours = await self._statement(tx, row, record.epoch, outgoing)
            is_opened = heard.said.epoch == record.epoch and heard.said.agreed is not None
            if is_opened:
                await self._open(tx, row, record, heard, ours, outgoing)
        if is_opened:
            self.refused = ""
            self._on_opened()
        return ours, is_opened

    async def _record(self, tx: Transaction, row: LinkRow, newest: LinkResolution | None, epoch: int) -> LinkResolution:
        """What is being opened here: begun by this if the link was open, and never behind what the peer says."""
        if row.state == "open" or newest is None:
            epoch = max(epoch, row.out_epoch + 1, row.in_epoch + 1)
            now = self._parts.hosted().wall_now()
            return await begin_resolution(tx, row, epoch, reason="", asked_by=self._parts.peer.site, now=now)
        if epoch > newest.epoch:
            await raise_epoch(tx, row.peer, epoch)
            return msgspec.structs.replace(newest, epoch=epoch)
        return newest

    async def _open(
        self,
        tx: Transaction,
        row: LinkRow,
        record: LinkResolution,
        heard: _Heard,
        ours: Signed,
        outgoing: AgreedHead,
    ) -> None:
        """Both have said where the other may go on: from here the new epoch runs."""
        site, incoming = self._parts.hosted(), heard.said.agreed
        if incoming is None or await inbox_hash_at(tx, row, incoming.number) != incoming.head_hash:
            raise ResolutionRefused("link.no_agreed_head")
        receipt, receipt_at = _evidence(row, heard, outgoing)
        opening = Opening(
            epoch=record.epoch, outgoing=outgoing, incoming=incoming, ours=_encoder.encode(ours),
            theirs=_encoder.encode(heard.signed), receipt=receipt, receipt_at=receipt_at,
        )  # fmt: skip
        again = await open_epoch(tx, row.peer, opening, now=site.wall_now())
        said = heard.receipt
        await store_receipt(
            tx, row.peer, self._parts.peer.outgoing, epoch=said.epoch, stored_up_to=said.stored_up_to,
            head_hash=said.head_hash, signed=_encoder.encode(heard.said.receipt), at=said.at,
        )  # fmt: skip
        await clear_alerts(tx, [NO_CASE], link_stopped(row.peer), at=site.now())
        detail = f"{row.peer}: epoch {record.epoch} opened, out after {outgoing.number}, in after {incoming.number}"
        await _audit(tx, site, SYSTEM_STAFF, detail)
        _log.warning("epoch opened", extra={"peer": row.peer, "epoch": record.epoch, "sent_again": again})

    async def _statement(self, tx: Transaction, row: LinkRow, epoch: int, agreed: AgreedHead | None) -> Signed:
        site = self._parts.hosted()
        said = Resolution(
            link=self._parts.name,
            site=site.site,
            epoch=epoch,
            receipt=await make_receipt(tx, site, self._parts.peer, row),
            points=tuple(await points_of(tx, row)),
            at=site.wall_now(),
            agreed=agreed,
        )
        return sign_message(site.signer, _encoder.encode(said))

    def _verified(self, signed: Signed) -> _Heard:
        try:
            said = _resolution.decode(verify_message(self._parts.hosted().keyring, signed))
            receipt = verified_receipt(self._parts.hosted(), self._parts.peer, said.receipt)
        except SignatureRefused as error:
            raise ResolutionRefused("resolution.signature") from error
        except msgspec.MsgspecError as error:
            raise ResolutionRefused("resolution.unreadable") from error
        except ReceiptRefused as error:
            raise ResolutionRefused(error.code) from error
        ends = (signed.signer, said.site, said.link)
        if ends != (self._parts.peer.site, self._parts.peer.site, self._parts.name):
            raise ResolutionRefused("resolution.another_link")
        first = AgreedHead(number=receipt.stored_up_to, head_hash=receipt.head_hash)
        if not 1 <= len(said.points) <= MAX_POINTS or said.points[0] != first:
            raise ResolutionRefused("resolution.unreadable")
        return _Heard(signed=signed, said=said, receipt=receipt)


def _was_heard(newest: LinkResolution, heard: _Heard) -> bool:
    """Whether our epoch was opened with that very peer standing there: it does not know yet that it may go on."""
    if newest.theirs is None or newest.epoch != heard.said.epoch:
        return False
    known = _resolution.decode(_signed.decode(newest.theirs).body)
    return known.points == heard.said.points


def _evidence(row: LinkRow, heard: _Heard, outgoing: AgreedHead) -> tuple[bytes | None, datetime | None]:
    """The peer's receipt for exactly what it has of ours: the one that came now, or the one that we had."""
    if heard.receipt.stored_up_to == outgoing.number:
        return _encoder.encode(heard.said.receipt), heard.receipt.at
    if row.receipted_number == outgoing.number:
        return row.receipt, row.receipt_at
    return None, None


async def _audit(tx: Transaction, site: HostedSite, staff_id: str, detail: str) -> None:
    await record_audit(tx, [AuditRecord(staff_id=staff_id, unit="", action=ACTION, detail=detail)], now=site.wall_now())
