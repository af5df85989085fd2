"""One tenant's site in this process: made, kept fresh, and at work.

Owns following its documents, and when its links and its jobs (site_jobs.py) begin and end; each goes on by itself
through every outage. Must not know HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.client import NatsAccess
from bancheng.federation.connections import LinkConnections
from bancheng.federation.exchange import Exchange
from bancheng.federation.health import LinkStatus
from bancheng.federation.locks import SiteLocks
from bancheng.federation.retrying import retry_deferred
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.worker import Worker, stop_all
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.hosted_sites import SiteMaker, SiteRefused
from bancheng.runtime.link_board import link_board
from bancheng.runtime.metrics import Meters
from bancheng.runtime.site_files import Server, SiteFile
from bancheng.runtime.site_jobs import LEAST_SECONDS, SiteJobs
from bancheng.store.database import Database
from bancheng.store.errors import StoreError
from bancheng.store.paper_store import PaperStore

FOLLOW_SECONDS = 1.0
"""How soon a document that another process stored is seen."""
BOARD_SECONDS = 2.0
BOARD_SECONDS_PER_LINK = 0.05
TENANTS_AT_FULL_PACE = 20

_log = logging.getLogger(__name__)


class TenantService:
    """Everything this process does for one tenant. `pace` stretches every pause where many tenants share a process."""

    def __init__(  # noqa: PLR0913  what one tenant's work needs
        self,
        *,
        database: Database,
        file: SiteFile,
        clock: DomainClock,
        locks: SiteLocks,
        meters: Meters,
        put: Callable[[HostedSite], None],
        works: bool,
        tenants: int,
        papers: PaperStore,
        stream_replicas: int,
    ) -> None:
        self.tenant = file.tenant
        self.site: HostedSite | None = None
        self.board: Sequence[LinkStatus] = ()
        """The links as they stood a moment ago."""
        self._database = database
        self._file = file
        self._locks = locks
        self._put = put
        self._works = works
        self._papers = papers
        self._stream_replicas = stream_replicas
        self._pace = max(1.0, tenants / TENANTS_AT_FULL_PACE)
        self._maker = SiteMaker(database, file, clock.now)
        self._exchange: Exchange | None = None
        self._making = asyncio.Lock()
        self._is_at_work = False
        self._retry_is_owed = False
        self.following = Worker(f"documents {file.tenant}", self._follow, least_seconds=LEAST_SECONDS)
        self._jobs = SiteJobs(
            file.tenant, database=database, papers=papers, clock=clock, meters=meters, site=self._made,
            wake=self.wake, pace=self._pace,
        )  # fmt: skip
        self._boarding = Worker(f"board {file.tenant}", self._look_at_links)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Those that run."""
        if self.site is None:
            return (self.following,)
        return (self.following, self._boarding, *(self._jobs.workers if self._works else ()))

    @property
    def runs_links(self) -> bool:
        return self._exchange is not None and self._exchange.is_running_links

    def start(self) -> None:
        """Begins; returns at once, whatever is down."""
        self.following.start()

    async def stop(self, timeout_seconds: float) -> None:
        """Each job ends between two transactions; the links end, and what is committed is sent by the next start."""
        # Alone first: its last step may make the site and begin the other jobs.
        await stop_all([self.following], timeout_seconds)
        await stop_all(self.workers, timeout_seconds)
        if self._exchange is not None:
            await self._exchange.stop()

    def wake(self, peers: Collection[str] | None = None) -> None:
        """Something was committed here that these neighbours should have, or it is not known which."""
        if self._exchange is not None:
            self._exchange.wake(peers)

    async def renew(self) -> None:
        """A document was stored here: make the site anew now, or let the loop say what is in the way."""
        try:
            await self._follow()
        except (SiteRefused, StoreError):
            self.following.resume()

    async def _follow(self) -> float:
        """Make the site, and make it anew when a document arrived or came into effect.

        Each step is done the next time if it failed or was given up: a site in use is not yet one that works.
        """
        async with self._making:
            site = self.site
            if site is None:
                await self._database.check_role()
            anew = await (self._maker.make() if site is None else self._maker.made_anew())
            if anew is not None:
                await self._use(anew)
            site = self._made()
            if not self._is_at_work:
                await self._begin_work(site)
            if self._retry_is_owed:
                await self._retry_deferred(site)
        return FOLLOW_SECONDS * self._pace

    async def _use(self, site: HostedSite) -> None:
        self.site = site
        self._retry_is_owed = True
        self._put(site)
        if self._exchange is not None:
            await self._exchange.replace_site(site)
        edition = site.jurisdiction.directory.edition
        _log.info("site in use", extra={"tenant": site.tenant, "site": site.site, "edition": edition})
        for job in self._jobs.workers:
            job.resume()

    async def _retry_deferred(self, site: HostedSite) -> None:
        """What waited, perhaps for just what this site knows."""
        if (await retry_deferred(self._database, site)).settled:
            self.wake()
            self._jobs.cases_came()
        self._retry_is_owed = False

    async def _begin_work(self, site: HostedSite) -> None:
        self._boarding.start()
        if not self._works:
            self._is_at_work = True
            return
        file = self._file
        connections = LinkConnections(
            tenant=file.tenant, site=file.site, hub=_access(file.hub), uplink=_access(file.uplink),
            replicas=self._stream_replicas,
        )  # fmt: skip
        self._exchange = Exchange(
            self._database, site, connections, self._locks, on_applied=self._on_applied, papers=self._papers
        )
        await self._exchange.start()
        for job in self._jobs.workers:
            job.start()
        self._is_at_work = True

    async def _on_applied(self, peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
        """After the commit of what a neighbour sent, before its next batch is looked at: what follows a directory must
        already be passed on to the children that it names.
        """
        if any(each.kind == "document" for each in arrived):
            await self.renew()
        self._jobs.cases_came()

    async def _look_at_links(self) -> float:
        exchange = self._exchange
        if exchange is not None and exchange.is_running_links:
            self.board = await exchange.statuses()
        else:
            self.board = await link_board(self._database, self.tenant)
        return max(BOARD_SECONDS, BOARD_SECONDS_PER_LINK * len(self.board)) * self._pace

    def _made(self) -> HostedSite:
        if self.site is None:
            raise RuntimeError("a job of a site began before the site")
        return self.site


def _access(server: Server | None) -> NatsAccess | None:
    return None if server is None else NatsAccess(url=server.url, nkey_seed=server.nkey_seed, ca=server.ca)
