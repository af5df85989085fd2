"""One link while this replica runs it: relay, intake, receipts, papers and, at the parent, keeping the mailboxes.

Owns the tasks and who wakes whom. Each of them runs for ever by itself; none of them needs another to be well.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bancheng.federation.application import Apply
from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.client import NatsClient
from bancheng.federation.ending import end
from bancheng.federation.errors import LinkTrouble, NotConnected
from bancheng.federation.health import Health, LinkStatus
from bancheng.federation.intake import Intake, OnApplied
from bancheng.federation.mailbox import MAX_BYTES, Kept, Mailbox
from bancheng.federation.paper_answers import PaperAnswers, PassOn
from bancheng.federation.paper_fetching import PaperFetching
from bancheng.federation.receipts import Receipts
from bancheng.federation.relay import Relay
from bancheng.federation.resolution import Resolving
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.timing import Backoff, Timing
from bancheng.federation.traffic import Traffic
from bancheng.store.database import Database
from bancheng.store.errors import StoreError
from bancheng.store.links import LinkRow, get_link
from bancheng.store.paper_store import PaperStore

_FRAME_BYTES = 1_024
"""What a frame has beside its payload, roughly: headers, hashes, signatures."""
_CARE_BYTES = MAX_BYTES // 8
"""A mailbox is emptied at the latest when this much of it has been taken in, so that a backlog never fills it."""

STOPPED_THERE = "link.stopped_there"
"""The peer's receipts say that it has stopped: what is sent waits until its operator resolves that."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PaperDesk:
    """What the links of a site share for papers: where they lie, who may ask now, and the way to another site."""

    papers: PaperStore
    turns: asyncio.Semaphore
    pass_on: PassOn


class Link:
    """`start` and `stop` once; a link that is run again is a new one."""

    def __init__(  # noqa: PLR0913  what one link is made of
        self,
        database: Database,
        hosted: Callable[[], HostedSite],
        peer: Peer,
        client: NatsClient,
        timing: Timing,
        *,
        apply: Apply,
        on_applied: OnApplied,
        paper_desk: PaperDesk | None,
        replicas: int = 1,
    ) -> None:
        self.peer = peer
        self._database = database
        self._tenant = hosted().tenant
        self._client = client
        self._timing = timing
        self._on_applied = on_applied
        self._mailbox = None if peer.is_parent else Mailbox(client, self._tenant, peer.site, replicas=replicas)
        self._care = asyncio.Event()
        self._care_health = Health()
        self._care_health.well()
        self._bytes_since_care = 0
        turn = asyncio.Lock()
        self._traffic = Traffic()
        self._relay = Relay(
            database, hosted, peer, client, timing,
            on_trouble=self._care.set, on_moving=self._traffic.frames_moved, turn=turn,
        )  # fmt: skip
        self._intake = Intake(
            database, hosted, peer, client, timing,
            apply=apply, on_applied=self._taken_in, on_trouble=self._care.set,
        )  # fmt: skip
        self._resolving = Resolving(database, hosted, peer, client, turn=turn, on_opened=self.resume)
        self._receipts = Receipts(database, hosted, peer, client, timing, self._resolving)
        self._fetching = self._answers = None
        if paper_desk is not None:
            self._fetching = PaperFetching(
                database, hosted, peer, client, timing, paper_desk.papers, self._traffic, paper_desk.turns
            )
            self._answers = PaperAnswers(
                database, hosted, peer, client, paper_desk.papers, self._traffic, paper_desk.pass_on
            )
        self._tasks: list[asyncio.Task[None]] = []
        self._deafen: Callable[[], None] | None = None

    async def start(self) -> None:
        await self._receipts.serve()
        self._deafen = self._client.listen(self.resume)
        runners = {"relay": self._relay.run, "intake": self._intake.run, "receipts": self._receipts.run}
        if self._mailbox is not None:
            runners["mailbox"] = self._keep_mailbox
        if self._fetching is not None and self._answers is not None:
            runners["papers"] = self._fetching.run
            await self._answers.serve()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(run(), name=f"{name} {self.peer.site}") for name, run in runners.items()]

    async def stop(self) -> None:
        """Between transactions or in one that is undone: nothing is lost, the next one begins where this ended."""
        tasks, self._tasks = self._tasks, []
        await end(tasks)
        if self._deafen is not None:
            self._deafen()
        await self._receipts.stop_serving()
        if self._answers is not None:
            await self._answers.stop_serving()

    def wake(self) -> None:
        """Rows for this peer were committed."""
        self._relay.wake()

    def resume(self) -> None:
        """The link was resolved, or a server came back: try everything now."""
        for each in (self._relay, self._intake, self._receipts):
            each.wake()
        if self._fetching is not None:
            self._fetching.wake()
        self._care.set()

    def status(self, row: LinkRow, oldest_unreceipted_at: datetime | None) -> LinkStatus:
        """What the database says of the link, with how its halves are."""
        worst = next((each for each in self._healths() if each.state != "open"), self._relay.health)
        if row.state == "resolving":
            worst = self._receipts.health  # the others stand still until it has spoken with the peer
        return link_status(
            row, oldest_unreceipted_at, self.peer, worst,
            reason=self._reason(row, worst), connected=self._client.connected,
        )  # fmt: skip

    def _reason(self, row: LinkRow, worst: Health) -> str:
        """What an operator must know first."""
        if row.state == "resolving":
            return self._resolving.refused or row.reason
        if self._receipts.stopped_there:
            return STOPPED_THERE
        return self._receipts.refused or worst.reason

    def _healths(self) -> tuple[Health, ...]:
        return (self._relay.health, self._intake.health, self._care_health, self._receipts.health)

    async def _taken_in(self, peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
        self._receipts.wake()
        self._traffic.frames_moved()
        if self._fetching is not None:
            self._fetching.wake()
        self._bytes_since_care += sum(_FRAME_BYTES + len(each.frame.payload or b"") for each in arrived)
        if self._bytes_since_care >= _CARE_BYTES:
            self._care.set()
        await self._on_applied(peer, arrived, applied)

    async def _keep_mailbox(self) -> None:
        """Never returns. Every now and then, and when something changed."""
        backoff = Backoff(self._timing)
        while True:
            self._care.clear()
            self._bytes_since_care = 0
            try:
                await self._care_once()
                backoff.reset()
                self._care_health.well()
                pause = self._timing.check * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
            except (LinkTrouble, StoreError) as trouble:
                self._care_health.trouble(trouble.code, str(trouble))
                pause = backoff.pause()
            except Exception:  # noqa: BLE001 - keeping never ends: whatever it is, it is shown and tried again
                self._care_health.trouble("mailbox.failed")
                _log.exception("mailbox keeping failed", extra={"peer": self.peer.site})
                pause = backoff.pause()
            # Troubles of the other halves come many at a time: one look is enough for all of them.
            await asyncio.sleep(min(pause, self._timing.retry_least))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._care.wait()

    async def _care_once(self) -> None:
        if self._mailbox is None:
            return
        if not self._client.connected and not await self._client.wait_connected(self._timing.retry_most):
            raise NotConnected
        seen = await self._mailbox.states()
        async with self._database.transaction(self._tenant) as tx:
            row = await get_link(tx, self.peer.site)
        if row is not None:
            kept = Kept(up=row.in_number, dn=row.receipted_number, up_epoch=row.in_epoch, dn_epoch=row.out_epoch)
            await self._mailbox.care(seen, kept)


def link_status(
    row: LinkRow, oldest_unreceipted_at: datetime | None, peer: Peer, health: Health, *, reason: str, connected: bool
) -> LinkStatus:
    """A link that the database says is stopped is stopped, whatever its halves do."""
    stopped = row.state == "stopped"
    waits = row.state == "resolving" or reason == STOPPED_THERE
    return LinkStatus(
        peer=peer.site,
        is_parent=peer.is_parent,
        state="stopped" if stopped else "waiting" if waits else health.state,
        reason=row.reason if stopped else reason,
        detail=health.detail,
        connected=connected,
        oldest_unreceipted_at=oldest_unreceipted_at,
        receipted_number=row.receipted_number,
        out_number=row.out_next_number - 1,
        in_number=row.in_number,
    )
