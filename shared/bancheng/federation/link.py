"""One link while this replica runs it: relay, intake, receipts, papers and, at the parent, keeping the mailboxes.

Owns the tasks and who wakes whom. Each of them runs for ever by itself; none of them needs another to be well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bancheng.federation.application import Apply
from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.health import STOPPED_THERE, Health, LinkStatus, link_status
from bancheng.federation.intake import Intake, OnApplied
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.mailbox import MAX_BYTES, Kept, Mailbox
from bancheng.federation.paper_answers import PaperAnswers, PassOn
from bancheng.federation.paper_fetching import PaperFetching
from bancheng.federation.receipts import Receipts
from bancheng.federation.relay import Relay
from bancheng.federation.resolution import Resolving
from bancheng.federation.site import Peer
from bancheng.federation.timing import jittered
from bancheng.federation.worker import UNTIL_WOKEN, Worker, stop_all
from bancheng.store.links import LinkRow, get_link
from bancheng.store.paper_store import PaperStore

_FRAME_BYTES = 1_024
"""What a frame has beside its payload, roughly: headers, hashes, signatures."""
_CARE_BYTES = MAX_BYTES // 8
"""A mailbox is emptied at the latest when this much of it has been taken in, so that a backlog never fills it."""


@dataclass(frozen=True, kw_only=True)
class PaperDesk:
    """What the links of a site share for papers: where they lie, who may ask now, and the way to another site."""

    papers: PaperStore
    turns: asyncio.Semaphore
    pass_on: PassOn


class Link:
    """`start` and `stop` once; a link that is run again is a new one."""

    def __init__(
        self,
        parts: LinkParts,
        *,
        apply: Apply,
        on_applied: OnApplied,
        paper_desk: PaperDesk | None,
        replicas: int = 1,
    ) -> None:
        self.peer = parts.peer
        self._parts = parts
        self._on_applied = on_applied
        self._mailbox = None
        if not self.peer.is_parent:
            self._mailbox = Mailbox(parts.client, parts.tenant, parts.child, replicas=replicas)
        self._keeping = Worker(
            f"mailbox {parts.name}", self._keep_mailbox, timing=parts.timing, code="mailbox.failed",
            least_seconds=parts.timing.retry_least,
        )  # fmt: skip
        self._keeping.well()
        self._bytes_since_care = 0
        self._relay = Relay(parts, on_trouble=self._keeping.wake)
        self._intake = Intake(parts, apply=apply, on_applied=self._taken_in, on_trouble=self._keeping.wake)
        self._resolving = Resolving(parts, on_opened=self.resume)
        self._receipts = Receipts(parts, self._resolving)
        self._fetching = self._answers = None
        if paper_desk is not None:
            self._fetching = PaperFetching(parts, paper_desk.papers, paper_desk.turns)
            self._answers = PaperAnswers(parts, paper_desk.papers, paper_desk.pass_on)
        self._deafen: Callable[[], None] | None = None

    @property
    def _workers(self) -> tuple[Worker, ...]:
        """The relay's first."""
        keeping = () if self._mailbox is None else (self._keeping,)
        fetching = () if self._fetching is None else (self._fetching.worker,)
        return (self._relay.worker, self._intake.worker, *keeping, self._receipts.worker, *fetching)

    async def start(self) -> None:
        await self._receipts.serve()
        self._deafen = self._parts.client.listen(self.resume)
        if self._answers is not None:
            await self._answers.serve()
        for worker in self._workers:
            worker.start()

    async def stop(self) -> None:
        """Between transactions or in one that is undone: nothing is lost, the next one begins where this ended."""
        await stop_all(self._workers)
        if self._deafen is not None:
            self._deafen()
        await self._receipts.stop_serving()
        if self._answers is not None:
            await self._answers.stop_serving()

    def wake(self) -> None:
        """Rows for this peer were committed."""
        self._relay.worker.wake()

    def resume(self) -> None:
        """The link was resolved, or a server came back: try everything now."""
        for worker in self._workers:
            worker.resume()

    def status(self, row: LinkRow, oldest_unreceipted_at: datetime | None) -> LinkStatus:
        """What the database says of the link, with how its halves are."""
        worst = next((each for each in self._healths() if each.state != "open"), self._relay.worker.health)
        if row.state == "resolving":
            worst = self._receipts.worker.health  # the others stand still until it has spoken with the peer
        return link_status(
            row, oldest_unreceipted_at, worst, reason=self._reason(row, worst), connected=self._parts.client.connected
        )  # fmt: skip

    def _reason(self, row: LinkRow, worst: Health) -> str:
        """What an operator must know first."""
        if row.state == "resolving":
            return self._resolving.refused or row.reason
        if self._receipts.stopped_there:
            return STOPPED_THERE
        return self._receipts.refused or worst.reason

    def _healths(self) -> tuple[Health, ...]:
        workers = (self._relay.worker, self._intake.worker, self._keeping, self._receipts.worker)
        return tuple(each.health for each in workers)

    async def _taken_in(self, peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
        self._receipts.worker.wake()
        self._parts.traffic.frames_moved()
        if self._fetching is not None:
            self._fetching.worker.wake()
        self._bytes_since_care += sum(_FRAME_BYTES + len(each.frame.payload or b"") for each in arrived)
        if self._bytes_since_care >= _CARE_BYTES:
            self._keeping.wake()
        await self._on_applied(peer, arrived, applied)

    async def _keep_mailbox(self) -> float:
        """Troubles of the others come many at a time: one look is enough for all of them."""
        if self._mailbox is None:
            return UNTIL_WOKEN
        self._bytes_since_care = 0
        await self._parts.connected()
        seen = await self._mailbox.states()
        async with self._parts.transaction() as tx:
            row = await get_link(tx, self.peer.site)
        if row is not None:
            kept = Kept(up=row.in_number, dn=row.receipted_number, up_epoch=row.in_epoch, dn_epoch=row.out_epoch)
            await self._mailbox.care(seen, kept)
        return jittered(self._parts.timing.check)
