"""One tenant's site in this process: made, kept fresh, and at work.

Owns the jobs of a site: following documents, deadlines, links, recomputing dates, folding counters,
bringing cases of an earlier release up, tidying up. Every
job goes on by itself through every outage; any number of replicas may run them. Must not know HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.case_reports import make_reports
from bancheng.federation.client import NatsAccess
from bancheng.federation.connections import LinkConnections
from bancheng.federation.exchange import Exchange
from bancheng.federation.health import LinkStatus
from bancheng.federation.locks import SiteLocks
from bancheng.federation.retrying import retry_deferred
from bancheng.federation.site import HostedSite, Peer, wall_now
from bancheng.federation.succession import hand_on
from bancheng.federation.sweep import sweep
from bancheng.federation.worker import Worker, stop_all
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.hosted_sites import SiteMaker, SiteRefused
from bancheng.runtime.link_board import link_board
from bancheng.runtime.metrics import Meters
from bancheng.runtime.recomputing import recompute_some
from bancheng.runtime.site_files import Server, SiteFile
from bancheng.store.accounts import delete_expired_sessions, delete_old_responses
from bancheng.store.casebook import next_act_at
from bancheng.store.counters import fold_counters
from bancheng.store.database import Database
from bancheng.store.errors import StoreError
from bancheng.store.paper_store import PaperStore
from bancheng.store.paper_tidying import tidy_papers
from bancheng.store.projecting import bring_up
from bancheng.store.search import MAX_INDEXED, index_grams

FOLLOW_SECONDS = 1.0
"""How soon a document that another process stored is seen."""
SWEEP_SECONDS = 1.0
"""How soon a deadline that another process wrote is seen; deadlines known here are met at their instant."""
TICK_SECONDS = 0.1
FOLD_SECONDS = 2.0
INDEX_SECONDS = 0.5
"""How soon a new case is found by its words."""
RECOMPUTE_SECONDS = 5.0
SUCCESSION_SECONDS = 5.0
"""How soon a case that arrives at a closed unit is handed on."""
REPORT_SECONDS = 5.0
"""How soon after its instant a periodic report is made."""
BOARD_SECONDS = 2.0
BOARD_SECONDS_PER_LINK = 0.05
TIDY_SECONDS = 60.0
BEHIND_SECONDS = 60.0
LEAST_SECONDS = 0.1
RESPONSES_KEPT = timedelta(days=2)
"""How long a repeated idempotency key gets the first answer again."""
UNATTACHED_KEPT = timedelta(hours=1)
"""An upload takes minutes at most."""
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
        self._clock = clock
        self._locks = locks
        self._meters = meters
        self._put = put
        self._works = works
        self._papers = papers
        self._stream_replicas = stream_replicas
        self._pace = max(1.0, tenants / TENANTS_AT_FULL_PACE)
        self._maker = SiteMaker(database, file, clock.now)
        self._exchange: Exchange | None = None
        self._next_act_at: datetime | None = None
        self._look_at = 0.0
        self._recomputed_edition = 0
        self._making = asyncio.Lock()
        self.following = Worker(f"documents {file.tenant}", self._follow, least_seconds=LEAST_SECONDS)
        self._sweeping = Worker(f"deadlines {file.tenant}", self._sweep, least_seconds=LEAST_SECONDS)
        self._jobs = (
            self._sweeping,
            Worker(f"recomputing {file.tenant}", self._recompute),
            Worker(f"succession {file.tenant}", self._hand_on),
            Worker(f"reports {file.tenant}", self._report),
            Worker(f"counters {file.tenant}", self._fold),
            Worker(f"search {file.tenant}", self._index),
            Worker(f"projection {file.tenant}", self._bring_up),
            Worker(f"tidying {file.tenant}", self._tidy),
        )
        self._boarding = Worker(f"board {file.tenant}", self._look_at_links)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Those that run."""
        if self.site is None:
            return (self.following,)
        return (self.following, self._boarding, *(self._jobs if self._works else ()))

    @property
    def faults(self) -> tuple[str, ...]:
        """What the servers forbid, in their words."""
        return () if self._exchange is None else tuple(fault.code for fault in self._exchange.faults)

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
        """Make the site, and make it anew when a document arrived or came into effect."""
        async with self._making:
            if self.site is None:
                await self._database.check_role()
                await self._use(await self._maker.make())
                await self._begin_work()
            else:
                anew = await self._maker.made_anew()
                if anew is not None:
                    await self._use(anew)
        return FOLLOW_SECONDS * self._pace

    async def _use(self, site: HostedSite) -> None:
        self.site = site
        self._put(site)
        if self._exchange is not None:
            await self._exchange.replace_site(site)
        directory = site.jurisdiction.directory
        if (await retry_deferred(self._database, site)).settled:
            self.wake()
        _log.info("site in use", extra={"tenant": site.tenant, "site": site.site, "edition": directory.edition})
        for job in self._jobs:
            job.resume()

    async def _begin_work(self) -> None:
        if self.site is None:
            return
        self._boarding.start()
        if not self._works:
            return
        file = self._file
        connections = LinkConnections(
            tenant=file.tenant, site=file.site, hub=_access(file.hub), uplink=_access(file.uplink),
            replicas=self._stream_replicas,
        )  # fmt: skip
        self._exchange = Exchange(
            self._database, self.site, connections, self._locks, on_applied=self._on_applied, papers=self._papers
        )
        await self._exchange.start()
        for job in self._jobs:
            job.start()

    async def _on_applied(self, peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
        """After the commit of what a neighbour sent, before its next batch is looked at: what follows a directory must
        already be passed on to the children that it names.
        """
        if any(each.kind == "document" for each in arrived):
            await self.renew()
        self._look_at = 0.0
        self._sweeping.wake()

    async def _sweep(self) -> float:
        """Deadlines: a look at the index when the known next instant has come, after arrivals, and now and then."""
        site = self._made()
        due = self._next_act_at is not None and self._next_act_at <= self._clock.now()
        if not due and time.monotonic() < self._look_at:
            return self._until_next()
        self._look_at = time.monotonic() + SWEEP_SECONDS * self._pace
        swept = await sweep(self._database, site)
        for result, cases in (("found", swept.found), ("changed", swept.changed), ("stuck", swept.stuck)):
            self._meters.add("bancheng_sweep_cases_total", cases, self.tenant, result)
        if swept.found:
            self.wake()
            self._look_at = 0.0
            return 0.0
        async with self._database.transaction(self.tenant) as tx:
            self._next_act_at = await next_act_at(tx)
        return self._until_next()

    def _until_next(self) -> float:
        """Wall seconds until it is worth asking again."""
        look = max(0.0, self._look_at - time.monotonic())
        if self._next_act_at is None:
            return max(TICK_SECONDS, look)
        if not self._clock.is_real:
            return TICK_SECONDS
        until = (self._next_act_at - self._clock.now()).total_seconds()
        return max(TICK_SECONDS, min(look, until))

    async def _recompute(self) -> float:
        site = self._made()
        if site.calendar.edition == self._recomputed_edition:
            return RECOMPUTE_SECONDS * self._pace
        done = await recompute_some(self._database, site)
        self._meters.add("bancheng_dues_recomputed_total", done.walked, self.tenant)
        if done.changed:
            self.wake()
        if done.is_finished:
            self._recomputed_edition = site.calendar.edition
        return RECOMPUTE_SECONDS * self._pace if done.is_finished or done.is_elsewhere else 0.0

    async def _hand_on(self) -> float:
        """What closed units hold goes to those that follow them."""
        if await hand_on(self._database, self._made()):
            self.wake()
            self._sweeping.wake()
        return SUCCESSION_SECONDS * self._pace

    async def _report(self) -> float:
        """Periodic reports whose day has come."""
        if await make_reports(self._database, self._made()):
            self.wake()
        return REPORT_SECONDS * self._pace

    async def _fold(self) -> float:
        async with self._database.transaction(self.tenant, durable=False) as tx:
            folded = await fold_counters(tx)
        self._meters.add("bancheng_counter_deltas_folded_total", folded, self.tenant)
        return FOLD_SECONDS * self._pace

    async def _index(self) -> float:
        """Cut the text of new cases into the pieces that the search looks up."""
        async with self._database.transaction(self.tenant, durable=False) as tx:
            indexed = await index_grams(tx)
        self._meters.add("bancheng_cases_indexed_total", indexed, self.tenant)
        # Few at a time cost more each; until they are cut, new cases are looked through one by one.
        return 0.0 if indexed >= MAX_INDEXED else INDEX_SECONDS * self._pace

    async def _bring_up(self) -> float:
        """Cases of an earlier release; a replica of it that still runs may write another."""
        async with self._database.transaction(self.tenant, durable=False) as tx:
            brought_up = await bring_up(tx, now=wall_now())
        return 0.0 if brought_up else BEHIND_SECONDS * self._pace

    async def _tidy(self) -> float:
        """Expired sessions, and responses whose repeat nobody will send any more."""
        now = wall_now()
        async with self._database.transaction(self.tenant, durable=False) as tx:
            removed = await delete_expired_sessions(tx, before=now)
            removed += await delete_old_responses(tx, before=now - RESPONSES_KEPT)
        removed += await tidy_papers(self._database, self.tenant, self._papers, before=now - UNATTACHED_KEPT)
        return 0.0 if removed else TIDY_SECONDS * self._pace

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
