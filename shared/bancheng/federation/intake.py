"""The receiving half of a link: pull from our own position, verify, apply and advance in one transaction, receipt.

Owns the read position's rules: duplicates are dropped, a gap is asked for again, what contradicts itself stops the
link with both pieces kept. What a frame means is custody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from bancheng.federation.application import Apply, Outcome, take_in
from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.errors import Gap, KeyUnknown, LinkStopped, StreamOtherEpoch
from bancheng.federation.inspection import Inspected, inspect
from bancheng.federation.jetstream import PULL_FRAMES, PullConsumer, stream_state
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.stopping import open_link, stop_for
from bancheng.federation.traced_frames import taken_in
from bancheng.federation.wire import Delivered
from bancheng.federation.worker import Worker
from bancheng.schema.messages import link_name
from bancheng.schema.subjects import stream_name
from bancheng.store.links import LinkRow, get_link
from bancheng.store.tracing import began, record

MAX_BATCH_FRAMES = PULL_FRAMES
"""One transaction. A sender signs its head far more often: this many without a signature are no honest stream."""
INSPECTED_AT_ONCE = 32
"""About 3 ms of checking signatures, after which others have a turn."""

OnApplied = Callable[[Peer, Sequence[Arrived], Sequence[Applied]], Awaitable[None]]
"""Told after the commit. A document among them may mean that the hosted site must be made anew."""


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """Messages and what the checks said of them, up to the first fault, with the keys that `site` knew."""

    site: HostedSite
    messages: Sequence[Delivered]
    inspected: Sequence[Inspected]


class Intake:
    """One per link and process. Two of them on one link harm nothing: one advances, the other's batch is undone."""

    def __init__(
        self, parts: LinkParts, *, apply: Apply, on_applied: OnApplied, on_trouble: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._link = link_name(parts.tenant, parts.child, parts.peer.incoming)
        self._stream = stream_name(parts.child, parts.peer.incoming)
        self._apply = apply
        self._on_applied = on_applied
        self._key_unknown_since: float | None = None
        self._epoch = 1
        self.worker = Worker(
            f"intake {self._link}", self._follow, timing=parts.timing, code="intake.failed",
            on_trouble=lambda _: on_trouble(),
        )  # fmt: skip

    async def _follow(self) -> NoReturn:
        """Take in from our position on until something is in the way. The next batch is verified beside a commit."""
        await self._parts.connected()
        row = await self._position()
        seen = await stream_state(self._parts.client, self._stream)
        if seen.epoch != row.in_epoch:
            raise StreamOtherEpoch(f"the stream is of epoch {seen.epoch}, we take in epoch {row.in_epoch}")
        self._epoch = row.in_epoch
        consumer = await PullConsumer.open(
            self._parts.client, self._stream, start=row.in_number + 1, heartbeat_seconds=self._parts.timing.heartbeat
        )
        ahead: asyncio.Task[_Reading] | None = None
        try:
            reading = await self._read(consumer, ())
            while True:
                batch = _signed_part(reading.inspected)
                if not batch:
                    await self._refuse_or_wait(reading.inspected)
                    self.worker.well()
                    reading = await self._read(consumer, reading.messages)
                    continue
                was_cut = bool(reading.inspected[-1].fault) or batch[-1].kind == "document"
                ahead = asyncio.create_task(self._read(consumer, reading.messages[len(batch) :], may_wait=not was_cut))
                await self._commit(reading.site, batch, consumer)
                self.worker.well()
                reading = await ahead
                if reading.site is not self._parts.hosted():
                    reading = await self._inspect(reading.messages)
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
            await consumer.close()

    async def _read(self, consumer: PullConsumer, kept: Sequence[Delivered], *, may_wait: bool = True) -> _Reading:
        """What has come after the messages that are still to be taken in, at most one batch, verified.

        Messages that were kept only because the last batch ended before them wait for no others.
        """
        seconds = self._parts.timing.check if may_wait or not kept else 0.0
        came = await consumer.fetch(limit=MAX_BATCH_FRAMES - len(kept), timeout_seconds=seconds)
        if not came and not kept:
            await self._position()  # raises when the link was stopped meanwhile
        return await self._inspect((*kept, *came))

    async def _inspect(self, messages: Sequence[Delivered]) -> _Reading:
        """Not in a thread: each check lets go of the interpreter and would wait for it as often as it has frames."""
        site = self._parts.hosted()
        inspected: list[Inspected] = []
        for start in range(0, len(messages), INSPECTED_AT_ONCE):
            some = messages[start : start + INSPECTED_AT_ONCE]
            before = inspected[-1] if inspected else None
            inspected.extend(inspect(some, site, self._parts.peer, self._link, before=before))
            if inspected[-1].fault:
                break
            await asyncio.sleep(0)
        return _Reading(site=site, messages=messages, inspected=inspected)

    async def _position(self) -> LinkRow:
        """Our own, from our own database. Raises LinkStopped."""
        async with self._parts.transaction() as tx:
            return open_link(await get_link(tx, self._parts.peer.site))

    async def _commit(self, site: HostedSite, batch: Sequence[Inspected], consumer: PullConsumer) -> None:
        """One batch, as far as the peer has signed for it. Raises LinkStopped, Gap, StoreError."""
        database = self._parts.database
        began_ns = began(database.tracer)
        outcome = await take_in(
            database, site, self._parts.peer, self._link, batch, apply=self._apply, epoch=self._epoch
        )
        done = taken_in(self._link, outcome.arrived, outcome.applied)
        record(database.tracer, "intake", self._parts.tenant, done, began_ns=began_ns)
        self._key_unknown_since = None
        await self._tell(outcome)
        if outcome.stopped:
            raise LinkStopped(outcome.stopped)
        if outcome.gap:
            raise Gap(f"{self._stream}: {outcome.gap}")
        await consumer.ack(batch[-1].message)

    async def _tell(self, outcome: Outcome) -> None:
        if outcome.arrived:
            await self._on_applied(self._parts.peer, outcome.arrived, outcome.applied)

    async def _refuse_or_wait(self, inspected: Sequence[Inspected]) -> None:
        """Nothing can be taken in: stop the link for a fault, have patience with a key, or wait for the signature."""
        fault = inspected[-1].fault if inspected else ""
        if not fault and len(inspected) < MAX_BATCH_FRAMES:
            return
        code = fault or "link.head_unsigned"
        if code == KeyUnknown.code and self._may_still_arrive():
            raise KeyUnknown
        parts = self._parts
        await stop_for(parts.database, parts.hosted(), parts.peer, inspected[-1], code, epoch=self._epoch)
        raise LinkStopped(code)

    def _may_still_arrive(self) -> bool:
        """A directory with the key may be on its way by another link."""
        now = asyncio.get_running_loop().time()
        if self._key_unknown_since is None:
            self._key_unknown_since = now
        return now - self._key_unknown_since < self._parts.timing.key_patience


def _signed_part(inspected: Sequence[Inspected]) -> list[Inspected]:
    """The frames before any fault, up to the last signed head.

    A document ends a batch: what follows may be signed with a key that only it makes known.
    """
    end = 0
    for index, each in enumerate(inspected, start=1):
        if each.fault:
            break
        if each.is_head:
            end = index
            if each.kind == "document":
                break
    return list(inspected[:end])
