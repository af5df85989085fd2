"""All links of one hosted site: which there are, who runs them, and what wakes them.

Owns the set of links as the directory says it, the site's lock, and the poll for rows that another process wrote.
Must not know what a frame means (custody) nor how a batch travels (relay, intake).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence

from bancheng.federation.application import Apply
from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.connections import LinkConnections
from bancheng.federation.custody import apply_batch
from bancheng.federation.errors import ConfigurationFault, NobodyListens
from bancheng.federation.health import Health, LinkStatus, link_status
from bancheng.federation.intake import OnApplied
from bancheng.federation.link import Link, PaperDesk
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.locks import SiteLocks
from bancheng.federation.paper_fetching import ANSWER_SECONDS, AT_ONCE
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.timing import Timing
from bancheng.federation.worker import UNTIL_WOKEN, Worker, stop_all
from bancheng.schema.subjects import control_subject
from bancheng.store.database import Database
from bancheng.store.link_queries import peers_with_unnumbered
from bancheng.store.links import ensure_link, list_links, oldest_unreceipted_at
from bancheng.store.paper_store import PaperStore

NO_SERVER = "nats.no_server"
PASS_ON_SECONDS = ANSWER_SECONDS * 0.8
"""Less than whoever asks will wait."""

_log = logging.getLogger(__name__)


async def _nobody_asked(peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
    """Nothing to do after a commit."""


class Exchange:
    """The links of one tenant's site in this process. Runs with every server down, and tries again for ever."""

    def __init__(
        self,
        database: Database,
        site: HostedSite,
        connections: LinkConnections,
        locks: SiteLocks,
        *,
        timing: Timing | None = None,
        apply: Apply = apply_batch,
        on_applied: OnApplied = _nobody_asked,
        papers: PaperStore | None = None,
    ) -> None:
        self._database = database
        self._site = site
        self._connections = connections
        self._locks = locks
        self._timing = timing or Timing()
        self._apply = apply
        self._on_applied = on_applied
        self._paper_desk = None
        if papers is not None:
            self._paper_desk = PaperDesk(papers=papers, turns=asyncio.Semaphore(AT_ONCE), pass_on=self._pass_on)
        self._links: dict[str, Link] = {}
        whose = f"{site.tenant}/{site.site}"
        self._runner = Worker(f"links {whose}", self._run, timing=self._timing)
        self._following = Worker(f"neighbours {whose}", self._reconcile, timing=self._timing)
        self._polling = Worker(f"outbox {whose}", self._poll, timing=self._timing)
        self.is_running_links = False
        """Whether this replica holds the site's lock."""

    @property
    def site(self) -> HostedSite:
        return self._site

    @property
    def faults(self) -> tuple[ConfigurationFault, ...]:
        """What the servers forbid us: configuration errors, for `check`."""
        return self._connections.faults

    async def start(self) -> None:
        """Begins; returns at once, whatever is down."""
        self._connections.start()
        self._runner.start()

    async def stop(self) -> None:
        """Ends every link and gives the lock and the connections back. What is committed stays for the next start."""
        await stop_all([self._runner])
        await self._connections.stop()

    def wake(self, peers: Collection[str] | None = None) -> None:
        """Rows were committed: for these peers, or, when it is not known for whom, let one query find out."""
        if peers is None:
            self._polling.wake()
            return
        for peer in peers:
            link = self._links.get(peer)
            if link is not None:
                link.wake()

    def resume(self, peer: str) -> None:
        """Somebody resolved a stopped link."""
        link = self._links.get(peer)
        if link is not None:
            link.resume()

    async def replace_site(self, site: HostedSite) -> None:
        """A document arrived. New neighbours get links, those that went lose theirs; the others see the new rules.

        Returns at once, so that it may be called from within a link that goes.
        """
        if (site.tenant, site.site) != (self._site.tenant, self._site.site):
            raise ValueError(f"{site.tenant}/{site.site} cannot replace {self._site.tenant}/{self._site.site}")
        self._site = site
        self._following.wake()

    async def statuses(self) -> list[LinkStatus]:
        """Of every link that this replica runs; empty when another one does. Raises StoreError."""
        if not self.is_running_links:
            return []
        async with self._database.transaction(self._site.tenant) as tx:
            rows = {row.peer: row for row in await list_links(tx)}
            oldest = {peer: await oldest_unreceipted_at(tx, peer) for peer in rows}
        found: list[LinkStatus] = []
        for peer in self._site.peers():
            row, link = rows.get(peer.site), self._links.get(peer.site)
            if row is None:
                continue
            if link is not None:
                found.append(link.status(row, oldest[peer.site]))
            elif self._connections.to(peer) is None:
                # The directory names a neighbour that no server is configured for: what waits for it must be seen.
                health = Health()
                health.trouble(NO_SERVER)
                found.append(link_status(row, oldest[peer.site], health, reason=NO_SERVER, connected=False))
        return found

    async def _run(self) -> float:
        """With the lock, run the links until it is lost."""
        lost = await self._locks.acquire(self._site.tenant, self._site.site)
        self.is_running_links = True
        workers = (self._following, self._polling)
        try:
            for worker in workers:
                worker.start()
            await lost.wait()
            _log.warning("links given up: the lock was lost", extra={"site": self._site.site})
        finally:
            self.is_running_links = False
            await stop_all(workers)
            await asyncio.gather(*(link.stop() for link in self._links.values()))
            self._links.clear()
            await self._locks.release(self._site.tenant, self._site.site)
        return self._timing.retry_least

    async def _reconcile(self) -> float:
        """Links as the directory has them, now and whenever it changes."""
        wanted = {peer.site: peer for peer in self._site.peers()}
        for name in [name for name, link in self._links.items() if wanted.get(name) != link.peer]:
            await self._links.pop(name).stop()
        missing = [peer for name, peer in wanted.items() if name not in self._links]
        if missing:
            async with self._database.transaction(self._site.tenant) as tx:
                for peer in missing:
                    await ensure_link(tx, peer.site, "parent" if peer.is_parent else "child")
        for peer in missing:
            await self._start_link(peer)
        return UNTIL_WOKEN

    async def _start_link(self, peer: Peer) -> None:
        client = self._connections.to(peer)
        if client is None:
            _log.error("no server is configured for a link", extra={"site": self._site.site, "peer": peer.site})
            return
        parts = LinkParts(database=self._database, hosted=self._hosted, peer=peer, client=client, timing=self._timing)
        link = Link(
            parts, apply=self._apply, on_applied=self._taken_in, paper_desk=self._paper_desk,
            replicas=self._connections.replicas,
        )  # fmt: skip
        self._links[peer.site] = link
        await link.start()

    async def _pass_on(self, site: str, came_from: str, request: bytes) -> bytes:
        """A request for a paper of a case that is sealed to others: to the next site on the way, and its answer back.

        Raises LinkTrouble.
        """
        here = self._site
        peer = here.peer(here.jurisdiction.next_hop(here.site, site) or "")
        client = None if peer is None or peer.site == came_from else self._connections.to(peer)
        if peer is None or client is None:
            raise NobodyListens(site)
        subject = control_subject(here.tenant, peer.child_of_link(here.site), peer.outgoing, "paper")
        return await client.request(subject, request, timeout_seconds=PASS_ON_SECONDS)

    def _hosted(self) -> HostedSite:
        return self._site

    async def _taken_in(self, peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
        # What came from one neighbour is often passed on to another.
        self._polling.wake()
        await self._on_applied(peer, arrived, applied)

    async def _poll(self) -> float:
        """Rows that were committed without a call of `wake`: by another process, or by custody for another link."""
        if self._links:
            async with self._database.transaction(self._site.tenant) as tx:
                found = await peers_with_unnumbered(tx, tuple(self._links))
            self.wake(found)
        return self._timing.poll
