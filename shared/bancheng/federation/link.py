"""One link while this replica runs it: relay, intake, receipts and, at the parent, the keeping of the mailboxes.

Owns the four tasks and who wakes whom. Each of them runs for ever by itself; none of them needs another to be well.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

from bancheng.federation.application import Apply
from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.client import NatsClient
from bancheng.federation.errors import LinkTrouble, NotConnected
from bancheng.federation.health import Health, LinkStatus
from bancheng.federation.intake import Intake, OnApplied
from bancheng.federation.mailbox import Kept, Mailbox
from bancheng.federation.receipts import Receipts
from bancheng.federation.relay import Relay
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.timing import Backoff, Timing
from bancheng.store.database import Database
from bancheng.store.errors import StoreError
from bancheng.store.links import get_link, oldest_unreceipted_at

_log = logging.getLogger(__name__)


class Link:
    """`start` and `stop` once; a link that is run again is a new one."""

    def __init__(
        self,
        database: Database,
        hosted: Callable[[], HostedSite],
        peer: Peer,
        client: NatsClient,
        timing: Timing,
        *,
        apply: Apply,
        on_applied: OnApplied,
    ) -> None:
        self.peer = peer
        self._database = database
        self._tenant = hosted().tenant
        self._client = client
        self._timing = timing
        self._on_applied = on_applied
        self._mailbox = None if peer.is_parent else Mailbox(client, self._tenant, peer.site)
        self._care = asyncio.Event()
        self._care_health = Health()
        self._care_health.well()
        self._relay = Relay(database, hosted, peer, client, timing)
        self._intake = Intake(database, hosted, peer, client, timing, apply=apply, on_applied=self._taken_in)
        self._receipts = Receipts(database, hosted, peer, client, timing)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._receipts.serve()
        runners = {"relay": self._relay.run, "intake": self._intake.run, "receipts": self._receipts.run}
        if self._mailbox is not None:
            runners["mailbox"] = self._keep_mailbox
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(run(), name=f"{name} {self.peer.site}") for name, run in runners.items()]

    async def stop(self) -> None:
        """Between transactions or in one that is undone: nothing is lost, the next one begins where this ended."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await self._receipts.stop_serving()

    def wake(self) -> None:
        """Rows for this peer were committed."""
        self._relay.wake()

    def resume(self) -> None:
        """The link was resolved, or a server came back: try everything now."""
        for each in (self._relay, self._intake, self._receipts):
            each.wake()
        self._care.set()

    async def status(self) -> LinkStatus:
        """How it stands, with one look into the database. Raises StoreError."""
        worst = next((each for each in self._healths() if each.state != "open"), self._relay.health)
        return await link_status(
            self._database,
            self._tenant,
            self.peer,
            health=worst,
            reason=self._receipts.refused or worst.reason,
            connected=self._client.connected,
        )

    def _healths(self) -> tuple[Health, ...]:
        return (self._relay.health, self._intake.health, self._care_health, self._receipts.health)

    async def _taken_in(self, peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
        self._receipts.wake()
        await self._on_applied(peer, arrived, applied)

    async def _keep_mailbox(self) -> None:
        """Never returns. Every now and then, and when something changed."""
        backoff = Backoff(self._timing)
        while True:
            self._care.clear()
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
            await self._mailbox.care(seen, Kept(up=row.in_number, dn=row.receipted_number))


async def link_status(
    database: Database, tenant: str, peer: Peer, *, health: Health, reason: str, connected: bool
) -> LinkStatus:
    """What the database says of a link, with how its halves are. Raises StoreError."""
    async with database.transaction(tenant) as tx:
        row = await get_link(tx, peer.site)
        oldest = await oldest_unreceipted_at(tx, peer.site)
    stopped = row is not None and row.state == "stopped"
    return LinkStatus(
        peer=peer.site,
        is_parent=peer.is_parent,
        state="stopped" if stopped else health.state,
        reason=row.reason if row is not None and stopped else reason,
        detail=health.detail,
        connected=connected,
        oldest_unreceipted_at=oldest,
        receipted_number=0 if row is None else row.receipted_number,
        out_number=0 if row is None else row.out_next_number - 1,
        in_number=0 if row is None else row.in_number,
    )
