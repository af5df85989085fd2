"""Signed receipts, both ways, and the hello in which two sites tell each other where they stand.

Owns what a receipt must say to be believed, that a receipted number never goes back, and when the peer was last heard:
whatever it signed for this link was heard, believed or not. Frames do not count, since a mailbox keeps them for one who
is long gone. A stopped link still answers: the other side must be able to see what it has.
"""

from __future__ import annotations

import logging
from contextlib import suppress

import msgspec

from bancheng.federation.errors import LinkTrouble
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.resolution import Resolving
from bancheng.federation.signed_receipts import ReceiptRefused, make_receipt, verified_receipt
from bancheng.federation.stopping import sound_and_stop
from bancheng.federation.worker import Worker
from bancheng.schema.messages import Hello, Receipt, ReceiptException, Refusal, Signed
from bancheng.schema.subjects import Verb
from bancheng.store.database import Transaction
from bancheng.store.link_resolution import LinkStop, keep_stop, outbox_hashes
from bancheng.store.links import LinkRow, exceptions_of, get_link, set_heard, set_receipted, store_receipt

_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_signed = msgspec.json.Decoder(Signed)
_hello = msgspec.json.Decoder(Hello)
_refusal = msgspec.json.Decoder(Refusal)


_Told = tuple[str, int, int, tuple[ReceiptException, ...]]
"""What a receipt of ours says: the link's state, epoch and number, and what of that waits."""


class RefusedByPeer(LinkTrouble):
    """The peer does not believe our receipt; the detail has its code."""

    code = "receipt.refused"


class Receipts:
    """One per link and process: sends ours until the peer has it, and takes in the peer's."""

    def __init__(self, parts: LinkParts, resolving: Resolving) -> None:
        self._parts = parts
        self._resolving = resolving
        self._greeted = 0
        self._known_by_peer: _Told = ("", 0, -1, ())
        self.worker = Worker(
            f"receipts {parts.name}", self._tell, timing=parts.timing, code="receipt.failed",
            least_seconds=parts.timing.receipt_interval,
        )  # fmt: skip
        self.refused = ""
        """The code for which the peer's latest receipt was not believed; empty when it was."""
        self.stopped_there = ""
        """The code for which the peer has stopped the link, as far as its latest receipt says."""

    async def serve(self) -> None:
        """Answer the peer's receipts and hellos."""
        client, incoming = self._parts.client, self._parts.peer.incoming
        await client.serve(self._parts.subject(incoming, "receipt"), self._answer_receipt)
        await client.serve(self._parts.subject(incoming, "hello"), self._answer_hello)
        await self._resolving.serve()

    async def stop_serving(self) -> None:
        client, incoming = self._parts.client, self._parts.peer.incoming
        await client.stop_serving(self._parts.subject(incoming, "receipt"))
        await client.stop_serving(self._parts.subject(incoming, "hello"))
        await self._resolving.stop_serving()

    async def _tell(self) -> float:
        """Hello in every new session and to a peer that is silent, then a receipt for what it does not know we have."""
        await self._parts.connected()
        session = self._parts.client.generation
        if session != self._greeted:
            await self._greet()
            self._greeted = session
        await self._resolve_or_send()
        return self._parts.timing.check

    async def _greet(self) -> None:
        answer = await self._ask("hello", _encoder.encode(await self._our_hello()))
        with suppress(ReceiptRefused):  # shown as `refused`; ours goes out all the same
            await self._take_hello(answer)

    async def _resolve_or_send(self) -> None:
        async with self._parts.transaction() as tx:
            row = await get_link(tx, self._parts.peer.site)
            if row is None:
                return
            # What waited may stand by now, and the peer's page still calls it deferred.
            told = (row.state, row.in_epoch, row.in_number, tuple(await exceptions_of(tx, row.peer)))
            is_known, is_silent = told == self._known_by_peer, self._is_unheard(row)
            if is_known and not is_silent:
                return
            signed = await make_receipt(tx, self._parts.hosted(), self._parts.peer, row)
        if is_silent:
            await self._greet()
        if is_known:
            return
        if row.state == "resolving":
            await self._resolving.pursue()
            return
        await self._ask("receipt", _encoder.encode(signed))
        self._known_by_peer = told

    def _is_unheard(self, row: LinkRow) -> bool:
        """For so long that it is to be asked, and its answer to be written down. A clock that was set back asks too."""
        if row.heard_at is None:
            return True
        silent_seconds = (self._parts.hosted().wall_now() - row.heard_at).total_seconds()
        return not 0 <= silent_seconds < self._parts.timing.greet

    async def _ask(self, verb: Verb, body: bytes) -> bytes:
        answer = await self._parts.client.request(self._parts.subject(self._parts.peer.outgoing, verb), body)
        with suppress(msgspec.MsgspecError):
            raise RefusedByPeer(_refusal.decode(answer).code)
        return answer

    async def _our_hello(self) -> Hello:
        """Who we are, with our receipt for the direction that we receive."""
        async with self._parts.transaction() as tx:
            row = await get_link(tx, self._parts.peer.site)
            ours = None if row is None else await make_receipt(tx, self._parts.hosted(), self._parts.peer, row)
        if self._parts.peer.incoming == "up":
            return Hello(site=self._parts.hosted().site, up_receipt=ours)
        return Hello(site=self._parts.hosted().site, dn_receipt=ours)

    async def _take_hello(self, data: bytes) -> None:
        try:
            hello = _hello.decode(data)
        except msgspec.MsgspecError as error:
            raise ReceiptRefused("hello.unreadable") from error
        theirs = hello.up_receipt if self._parts.peer.outgoing == "up" else hello.dn_receipt
        if theirs is not None:
            await self._take(theirs)

    async def _answer_hello(self, data: bytes) -> bytes:
        with suppress(ReceiptRefused):  # shown as `refused`; the peer gets our side all the same, to see why
            await self._take_hello(data)
        return _encoder.encode(await self._our_hello())

    async def _answer_receipt(self, data: bytes) -> bytes:
        try:
            await self._take(_signed.decode(data))
        except msgspec.MsgspecError:
            return _encoder.encode(Refusal(code="receipt.unreadable"))
        except ReceiptRefused as refused:
            return _encoder.encode(Refusal(code=refused.code))
        return b""

    async def _take(self, signed: Signed) -> None:
        """Believe the peer's receipt or not. Raises ReceiptRefused."""
        try:
            receipt = verified_receipt(self._parts.hosted(), self._parts.peer, signed)
            await self._believe(receipt, signed)
        except ReceiptRefused as refused:
            if refused.code != self.refused:  # a silent link is greeted each minute: said once is enough
                _log.warning("receipt refused", extra={"peer": self._parts.peer.site, "code": refused.code})
            self.refused = refused.code
            raise
        self.refused = ""
        self.stopped_there = receipt.stopped

    async def _believe(self, receipt: Receipt, signed: Signed) -> None:
        """Heard it was, and if it fits it is kept as evidence. Raises ReceiptRefused."""
        async with self._parts.transaction() as tx:
            row = await get_link(tx, self._parts.peer.site, lock=True)
            if row is not None and self._is_unheard(row):
                await set_heard(tx, row.peer, self._parts.hosted().wall_now())
            refused = "receipt.epoch" if row is None else await self._advance(tx, row, receipt, _encoder.encode(signed))
        if refused:
            raise ReceiptRefused(refused)

    async def _advance(self, tx: Transaction, row: LinkRow, receipt: Receipt, raw: bytes) -> str:
        """Keep it and advance; an older one than we have changes nothing. Returns why it is refused, or nothing."""
        if receipt.epoch != row.out_epoch:
            return "receipt.epoch"
        if receipt.stored_up_to >= row.out_next_number:
            return "receipt.ahead"
        if receipt.stored_up_to < row.receipted_number:
            return ""
        sent = await outbox_hashes(tx, row, [receipt.stored_up_to])
        expected = sent.get(receipt.stored_up_to, b"")
        await store_receipt(
            tx,
            row.peer,
            self._parts.peer.outgoing,
            epoch=receipt.epoch,
            stored_up_to=receipt.stored_up_to,
            head_hash=receipt.head_hash,
            signed=raw,
            at=receipt.at,
        )
        if expected == receipt.head_hash:
            await set_receipted(tx, row.peer, receipt.stored_up_to, raw, receipt.at)
            return ""
        if row.state == "open":
            await self._keep_difference(tx, row, receipt, expected, raw)
        return "receipt.head_differs"

    async def _keep_difference(
        self, tx: Transaction, row: LinkRow, receipt: Receipt, expected: bytes, raw: bytes
    ) -> None:
        """The peer vouches for frames that we did not send: one of the two databases is not what it was."""
        _log.error("link stopped: heads differ", extra={"peer": self._parts.peer.site})
        stop = LinkStop(
            epoch=receipt.epoch,
            number=receipt.stored_up_to,
            code="receipt.head_differs",
            stopped_at=self._parts.hosted().wall_now(),
            known_hash=expected or None,
            refused_hash=receipt.head_hash,
            frame=raw,
        )
        await keep_stop(tx, row.peer, stop)
        await sound_and_stop(tx, self._parts.hosted(), row.peer, stop.code)
