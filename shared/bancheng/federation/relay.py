"""The sending half of a link: number what was committed, publish it behind the stream's fence, for ever.

Owns the sequencer's turn and the batches. The stream's last sequence IS the link's last published number, so what
to send next is read from the stream and never remembered. Must not know cases.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from bancheng.federation.client import NatsClient
from bancheng.federation.errors import (
    BackPressure,
    Fenced,
    LinkStopped,
    LinkTrouble,
    NoAnswer,
    NotConnected,
    StreamAhead,
    StreamBehind,
    StreamOtherEpoch,
)
from bancheng.federation.health import Health
from bancheng.federation.jetstream import MAX_BATCH_FRAMES, Outgoing, publish_batch, stream_state
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.timing import Backoff, Timing
from bancheng.federation.traced_frames import relayed
from bancheng.federation.wire import StreamState
from bancheng.schema.frames import encode_frame
from bancheng.schema.messages import link_name
from bancheng.schema.subjects import (
    HEADER_EPOCH,
    HEADER_HEAD_SIGNATURE,
    HEADER_KIND,
    HEADER_LINK_HASH,
    log_subject,
    stream_name,
)
from bancheng.store.database import Database
from bancheng.store.errors import StoreError
from bancheng.store.links import LinkRow, NumberedFrame, get_link, number_outbox, read_outbox
from bancheng.store.signing import Signer
from bancheng.store.tracing import began

MAX_BATCH_BYTES = 4 * 1024 * 1024
FIRST_BATCH_FRAMES = 16
"""A new or troubled connection starts small and doubles: on a line of 1 kB/s a full batch would never get through."""
SIGNED_EVERY = 64
"""The head is signed at the end of a batch, after a document, and at least this often, so that a receiver that
takes in less than a batch need not wait for its end."""

_log = logging.getLogger(__name__)


class Relay:
    """One per link and process. Two of them on one link harm nothing: the second is fenced."""

    def __init__(
        self,
        database: Database,
        hosted: Callable[[], HostedSite],
        peer: Peer,
        client: NatsClient,
        timing: Timing,
        *,
        on_trouble: Callable[[], None],
        on_moving: Callable[[], None],
        turn: asyncio.Lock | None = None,
    ) -> None:
        """`turn` is held from numbering to the answer: who takes it knows that nothing is on its way meanwhile."""
        site = hosted()
        child = peer.child_of_link(site.site)
        self._database = database
        self._hosted = hosted
        self._peer = peer
        self._client = client
        self._timing = timing
        self._on_trouble = on_trouble
        self._on_moving = on_moving
        self._tenant = site.tenant
        self._link = link_name(site.tenant, child, peer.outgoing)
        self._stream = stream_name(child, peer.outgoing)
        self._subject = log_subject(site.tenant, child, peer.outgoing)
        self._turn = turn or asyncio.Lock()
        self._woken = asyncio.Event()
        self._batch_frames = FIRST_BATCH_FRAMES
        self.health = Health()

    def wake(self) -> None:
        """Something was committed for this peer, or something changed that is worth a new try."""
        self._woken.set()

    async def run(self) -> None:
        """Never returns; ends when cancelled, between two requests or in one, which loses nothing."""
        backoff = Backoff(self._timing)
        while True:
            try:
                await self._follow(backoff)
            except LinkStopped as stopped:
                self.health.stopped(stopped.detail)
                await self._rest(self._timing.retry_most)
                continue
            except (LinkTrouble, StoreError) as trouble:
                self.health.trouble(trouble.code, str(trouble))
                if isinstance(trouble, (NoAnswer, NotConnected, BackPressure)):
                    self._batch_frames = max(1, self._batch_frames // 2)
                _log.info("relay waits", extra={"link": self._link, "code": trouble.code})
                self._on_trouble()
            except Exception:  # noqa: BLE001 - a relay never ends: whatever it is, it is shown and tried again
                self.health.trouble("relay.failed")
                _log.exception("relay failed", extra={"link": self._link})
            await asyncio.sleep(backoff.pause())

    async def _follow(self, backoff: Backoff) -> None:
        """Publish from the stream's end on until something is in the way."""
        if not self._client.connected and not await self._client.wait_connected(self._timing.retry_most):
            raise NotConnected
        end = await stream_state(self._client, self._stream)
        session = self._client.generation
        while session == self._client.generation:
            self._woken.clear()
            async with self._turn:
                frames = await self._next_frames(end)
                if frames:
                    self._on_moving()
                    end = await self._publish(frames, end)
                    self._on_moving()
            if frames:
                is_last = len(frames) < self._batch_frames
                self._batch_frames = min(MAX_BATCH_FRAMES, self._batch_frames * 2)
                backoff.reset()
                self.health.well()
                if is_last:
                    await asyncio.sleep(self._timing.gather)
                continue
            backoff.reset()
            self.health.well()
            await self._idle(end)

    async def _idle(self, end: StreamState) -> None:
        """Until there is something to send. Looks now and then, without taking a lock, whether that is still so."""
        while not self._woken.is_set():
            await self._rest(self._timing.check * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
            if self._woken.is_set():
                return
            seen = await stream_state(self._client, self._stream)
            if seen.last_number != end.last_number:
                raise Fenced(f"{self._stream} ends at {seen.last_number}, we left it at {end.last_number}")
            async with self._database.transaction(self._tenant) as tx:
                row = await get_link(tx, self._peer.site)
            _check_end(row, seen)
            if row is not None and row.out_next_number > seen.last_number + 1:
                return  # another process numbered them and did not live to send them

    async def _next_frames(self, end: StreamState) -> list[NumberedFrame]:
        """Number what is committed, and read what follows the stream's end."""
        async with self._database.transaction(self._tenant) as tx:
            await number_outbox(tx, self._peer.site, self._link, MAX_BATCH_FRAMES)
        # Another transaction: the link's row is locked for as long as numbering takes and no longer.
        async with self._database.transaction(self._tenant) as tx:
            _check_end(await get_link(tx, self._peer.site), end)
            return await read_outbox(tx, self._peer.site, end.last_number, self._batch_frames, MAX_BATCH_BYTES)

    async def _publish(self, frames: Sequence[NumberedFrame], end: StreamState) -> StreamState:
        last = end.last_number
        if frames[0].number != last + 1:
            raise StreamBehind(f"the outbox continues with {frames[0].number}, the stream ends at {last}")
        began_ns = began(self._database.tracer)
        messages = _messages(frames, self._hosted().signer)
        published = await publish_batch(self._client, self._subject, messages, expected_last=last)
        if self._database.tracer is not None:
            done = relayed(self._link, frames)
            self._database.tracer.record("relay", self._tenant, done, began_ns=began_ns)
        return msgspec.structs.replace(end, last_number=published)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()


def _check_end(row: LinkRow | None, end: StreamState) -> None:
    """Whether a stream that ends there can be continued. The row is read after the stream was."""
    if row is None or row.state != "open":
        raise LinkStopped("link.unknown" if row is None else row.reason)
    last = end.last_number
    if end.epoch != row.out_epoch:
        raise StreamOtherEpoch(f"the stream is of epoch {end.epoch}, we send epoch {row.out_epoch}")
    if last >= row.out_next_number:
        raise StreamAhead(f"the stream ends at {last}, we have given numbers up to {row.out_next_number - 1}")
    if last < row.receipted_number:
        raise StreamBehind(f"the stream ends at {last}, {row.receipted_number} is receipted")


def _messages(frames: Sequence[NumberedFrame], signer: Signer) -> list[Outgoing]:
    messages: list[Outgoing] = []
    for frame in frames:
        headers = {
            HEADER_KIND: frame.kind,
            HEADER_EPOCH: str(frame.epoch),
            HEADER_LINK_HASH: frame.link_hash.hex(),
        }
        is_last = frame.number == frames[-1].number
        if is_last or frame.kind == "document" or frame.number % SIGNED_EVERY == 0:
            headers[HEADER_HEAD_SIGNATURE] = signer.sign(frame.link_hash).hex()
        messages.append(Outgoing(data=encode_frame(frame.frame), headers=headers))
    return messages
