"""Signed receipts, both ways, and the hello in which two sites tell each other where they stand.

Owns what a receipt must say to be believed, and that a receipted number never goes back. A stopped link still
answers: the other side must be able to see what it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec

from bancheng.federation.client import NatsClient
from bancheng.federation.errors import LinkTrouble, NotConnected
from bancheng.federation.health import Health
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.timing import Backoff, Timing
from bancheng.schema.frames import NO_HASH
from bancheng.schema.messages import MAX_EXCEPTIONS, Hello, Receipt, Refusal, Signed, link_name
from bancheng.schema.subjects import Verb, control_subject
from bancheng.store.database import Database, Transaction
from bancheng.store.errors import StoreError
from bancheng.store.links import (
    LinkRow,
    exceptions_since,
    get_link,
    read_outbox,
    set_receipted,
    stop_link,
    store_receipt,
)
from bancheng.store.signing import SignatureRefused, sign_message, verify_message

_ONE_FRAME_BYTES = 1

_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_signed = msgspec.json.Decoder(Signed)
_hello = msgspec.json.Decoder(Hello)
_receipt = msgspec.json.Decoder(Receipt)
_refusal = msgspec.json.Decoder(Refusal)


class ReceiptRefused(Exception):
    """A receipt that cannot be believed. `code` is stable; nothing was changed by it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RefusedByPeer(LinkTrouble):
    """The peer does not believe our receipt; the detail has its code."""

    code = "receipt.refused"


class Receipts:
    """One per link and process: sends ours until the peer has it, and takes in the peer's."""

    def __init__(
        self,
        database: Database,
        hosted: Callable[[], HostedSite],
        peer: Peer,
        client: NatsClient,
        timing: Timing,
    ) -> None:
        site = hosted()
        self._database = database
        self._hosted = hosted
        self._peer = peer
        self._client = client
        self._timing = timing
        self._tenant = site.tenant
        self._child = peer.child_of_link(site.site)
        self._woken = asyncio.Event()
        self._known_by_peer: tuple[int, int] = (0, -1)
        self.health = Health()
        self.refused = ""
        """The code for which the peer's latest receipt was not believed; empty when it was."""

    def wake(self) -> None:
        """Something was stored: the peer should hear of it."""
        self._woken.set()

    async def serve(self) -> None:
        """Answer the peer's receipts and hellos."""
        incoming = self._peer.incoming
        await self._client.serve(control_subject(self._tenant, self._child, incoming, "receipt"), self._answer_receipt)
        await self._client.serve(control_subject(self._tenant, self._child, incoming, "hello"), self._answer_hello)

    async def stop_serving(self) -> None:
        incoming = self._peer.incoming
        await self._client.stop_serving(control_subject(self._tenant, self._child, incoming, "receipt"))
        await self._client.stop_serving(control_subject(self._tenant, self._child, incoming, "hello"))

    async def run(self) -> None:
        """Never returns: hello in every new session, then a receipt for whatever the peer does not know we have."""
        backoff = Backoff(self._timing)
        session = 0
        while True:
            self._woken.clear()
            try:
                if not self._client.connected and not await self._client.wait_connected(self._timing.retry_most):
                    raise NotConnected
                if session != self._client.generation:
                    greeted = self._client.generation
                    await self._greet()
                    session = greeted
                await self._send_if_new()
                backoff.reset()
                self.health.well()
                await self._rest(self._timing.check)
                await asyncio.sleep(self._timing.receipt_interval)
            except (LinkTrouble, StoreError) as trouble:
                self.health.trouble(trouble.code, str(trouble))
                await asyncio.sleep(backoff.pause())
            except Exception:  # noqa: BLE001 - receipts never end: whatever it is, it is shown and tried again
                self.health.trouble("receipt.failed")
                _log.exception("receipts failed", extra={"peer": self._peer.site})
                await asyncio.sleep(backoff.pause())

    async def _greet(self) -> None:
        answer = await self._ask("hello", _encoder.encode(await self._our_hello()))
        with suppress(ReceiptRefused):  # shown as `refused`; ours goes out all the same
            await self._take_hello(answer)

    async def _send_if_new(self) -> None:
        async with self._database.transaction(self._tenant) as tx:
            row = await get_link(tx, self._peer.site)
            if row is None or (row.in_epoch, row.in_number) == self._known_by_peer:
                return
            signed = await self._make(tx, row)
        await self._ask("receipt", _encoder.encode(signed))
        self._known_by_peer = (row.in_epoch, row.in_number)

    async def _ask(self, verb: Verb, body: bytes) -> bytes:
        subject = control_subject(self._tenant, self._child, self._peer.outgoing, verb)
        answer = await self._client.request(subject, body)
        with suppress(msgspec.MsgspecError):
            raise RefusedByPeer(_refusal.decode(answer).code)
        return answer

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _make(self, tx: Transaction, row: LinkRow) -> Signed:
        """Our receipt for where the link stands in this transaction."""
        site = self._hosted()
        exceptions = await exceptions_since(tx, self._peer.site, row.in_epoch)
        receipt = Receipt(
            link=link_name(self._tenant, self._child, self._peer.incoming),
            receiver=site.site,
            epoch=row.in_epoch,
            stored_up_to=row.in_number,
            head_hash=row.in_head,
            at=site.wall_now(),
            exceptions=tuple(exceptions[:MAX_EXCEPTIONS]),
        )
        return sign_message(site.signer, _encoder.encode(receipt))

    async def _our_hello(self) -> Hello:
        """Who we are, with our receipt for the direction that we receive."""
        async with self._database.transaction(self._tenant) as tx:
            row = await get_link(tx, self._peer.site)
            ours = None if row is None else await self._make(tx, row)
        if self._peer.incoming == "up":
            return Hello(site=self._hosted().site, up_receipt=ours)
        return Hello(site=self._hosted().site, dn_receipt=ours)

    async def _take_hello(self, data: bytes) -> None:
        try:
            hello = _hello.decode(data)
        except msgspec.MsgspecError as error:
            raise ReceiptRefused("hello.unreadable") from error
        theirs = hello.up_receipt if self._peer.outgoing == "up" else hello.dn_receipt
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
            await self._believe(self._verified(signed), signed)
        except ReceiptRefused as refused:
            self.refused = refused.code
            _log.warning("receipt refused", extra={"peer": self._peer.site, "code": refused.code})
            raise
        self.refused = ""

    async def _believe(self, receipt: Receipt, signed: Signed) -> None:
        """Keep it as evidence and advance; an older one than we have changes nothing."""
        raw = _encoder.encode(signed)
        async with self._database.transaction(self._tenant) as tx:
            row = await get_link(tx, self._peer.site, lock=True)
            if row is None or receipt.epoch != row.out_epoch:
                raise ReceiptRefused("receipt.epoch")
            if receipt.stored_up_to >= row.out_next_number:
                raise ReceiptRefused("receipt.ahead")
            if receipt.stored_up_to < row.receipted_number:
                return
            expected = await self._our_head(tx, receipt.stored_up_to)
            await store_receipt(
                tx,
                self._peer.site,
                self._peer.outgoing,
                epoch=receipt.epoch,
                stored_up_to=receipt.stored_up_to,
                head_hash=receipt.head_hash,
                signed=raw,
                at=receipt.at,
            )
            if expected != receipt.head_hash:
                _log.error("link stopped: heads differ", extra={"peer": self._peer.site})
                await stop_link(tx, self._peer.site, "receipt.head_differs")
            else:
                await set_receipted(tx, self._peer.site, receipt.stored_up_to, raw, receipt.at)
        if expected != receipt.head_hash:
            raise ReceiptRefused("receipt.head_differs")

    def _verified(self, signed: Signed) -> Receipt:
        try:
            body = verify_message(self._hosted().keyring, signed)
            receipt = _receipt.decode(body)
        except SignatureRefused as error:
            raise ReceiptRefused("receipt.signature") from error
        except msgspec.MsgspecError as error:
            raise ReceiptRefused("receipt.unreadable") from error
        if (signed.signer, receipt.receiver) != (self._peer.site, self._peer.site):
            raise ReceiptRefused("receipt.receiver")
        if receipt.link != link_name(self._tenant, self._child, self._peer.outgoing):
            raise ReceiptRefused("receipt.link")
        return receipt

    async def _our_head(self, tx: Transaction, number: int) -> bytes:
        """The link hash of what we sent under that number."""
        if number == 0:
            return NO_HASH
        frames = await read_outbox(tx, self._peer.site, number - 1, 1, _ONE_FRAME_BYTES)
        return frames[0].link_hash if frames and frames[0].number == number else b""
