"""The sending half of a link: number what was committed, publish it behind the stream's fence, for ever.

Owns the sequencer's turn and the batches. The stream's last sequence IS the link's last published number, so what
to send next is read from the stream and never remembered. Must not know cases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from bancheng.federation.errors import (
    BackPressure,
    Fenced,
    LinkStopped,
    NoAnswer,
    NotConnected,
    StreamAhead,
    StreamBehind,
    StreamOtherEpoch,
)
from bancheng.federation.jetstream import MAX_BATCH_FRAMES, Outgoing, publish_batch, stream_state
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.timing import jittered
from bancheng.federation.traced_frames import relayed
from bancheng.federation.wire import StreamState
from bancheng.federation.worker import Worker
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
from bancheng.store.links import LinkRow, NumberedFrame, get_link, number_outbox, read_outbox
from bancheng.store.signing import Signer
from bancheng.store.tracing import began, record

MAX_BATCH_BYTES = 4 * 1024 * 1024
FIRST_BATCH_FRAMES = 16
"""A new or troubled connection starts small and doubles: on a line of 1 kB/s a full batch would never get through."""
SIGNED_EVERY = 64
"""The head is signed at the end of a batch, after a document, and at least this often, so that a receiver that
takes in less than a batch need not wait for its end."""


class Relay:
    """One per link and process. Two of them on one link harm nothing: the second is fenced."""

    def __init__(self, parts: LinkParts, *, on_trouble: Callable[[], None]) -> None:
        self._parts = parts
        self._link = link_name(parts.tenant, parts.child, parts.peer.outgoing)
        self._stream = stream_name(parts.child, parts.peer.outgoing)
        self._subject = log_subject(parts.tenant, parts.child, parts.peer.outgoing)
        self._on_trouble = on_trouble
        self._batch_frames = FIRST_BATCH_FRAMES
        self.worker = Worker(
            f"relay {self._link}", self._follow, timing=parts.timing, code="relay.failed", on_trouble=self._in_trouble
        )

    def _in_trouble(self, trouble: Exception) -> None:
        if isinstance(trouble, (NoAnswer, NotConnected, BackPressure)):
            self._batch_frames = max(1, self._batch_frames // 2)
        self._on_trouble()

    async def _follow(self) -> float:
        """Publish from the stream's end on until something is in the way or a new session begins."""
        await self._parts.connected()
        end = await stream_state(self._parts.client, self._stream)
        session = self._parts.client.generation
        while session == self._parts.client.generation:
            self.worker.woken.clear()
            async with self._parts.turn:
                frames = await self._next_frames(end)
                if frames:
                    self._parts.traffic.frames_moved()
                    end = await self._publish(frames, end)
                    self._parts.traffic.frames_moved()
            self.worker.well()
            if not frames:
                await self._idle(end)
                continue
            is_last = len(frames) < self._batch_frames
            self._batch_frames = min(MAX_BATCH_FRAMES, self._batch_frames * 2)
            if is_last:
                await asyncio.sleep(self._parts.timing.gather)
        return 0.0

    async def _idle(self, end: StreamState) -> None:
        """Until there is something to send. Looks now and then, without taking a lock, whether that is still so."""
        while not self.worker.woken.is_set():
            await self.worker.rest(jittered(self._parts.timing.check))
            if self.worker.woken.is_set():
                return
            seen = await stream_state(self._parts.client, self._stream)
            if seen.last_number != end.last_number:
                raise Fenced(f"{self._stream} ends at {seen.last_number}, we left it at {end.last_number}")
            async with self._parts.transaction() as tx:
                row = await get_link(tx, self._parts.peer.site)
            _check_end(row, seen)
            if row is not None and row.out_next_number > seen.last_number + 1:
                return  # another process numbered them and did not live to send them

    async def _next_frames(self, end: StreamState) -> list[NumberedFrame]:
        """Number what is committed, and read what follows the stream's end."""
        async with self._parts.transaction() as tx:
            await number_outbox(tx, self._parts.peer.site, self._link, MAX_BATCH_FRAMES)
        # Another transaction: the link's row is locked for as long as numbering takes and no longer.
        async with self._parts.transaction() as tx:
            _check_end(await get_link(tx, self._parts.peer.site), end)
            return await read_outbox(tx, self._parts.peer.site, end.last_number, self._batch_frames, MAX_BATCH_BYTES)

    async def _publish(self, frames: Sequence[NumberedFrame], end: StreamState) -> StreamState:
        last = end.last_number
        if frames[0].number != last + 1:
            raise StreamBehind(f"the outbox continues with {frames[0].number}, the stream ends at {last}")
        tracer = self._parts.database.tracer
        began_ns = began(tracer)
        messages = _messages(frames, self._parts.hosted().signer)
        published = await publish_batch(self._parts.client, self._subject, messages, expected_last=last)
        record(tracer, "relay", self._parts.tenant, relayed(self._link, frames), began_ns=began_ns)
        return msgspec.structs.replace(end, last_number=published)


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
