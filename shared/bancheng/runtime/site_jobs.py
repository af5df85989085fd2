"""What is done for one tenant's site again and again: deadlines, dates, reports, counters, search, and tidying up.

Owns when each is done, and what its figures are called. Any number of replicas may do it at the same time. Must not
know how the site is made nor how links run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bancheng.federation.case_reports import make_reports
from bancheng.federation.site import HostedSite, wall_now
from bancheng.federation.succession import hand_on
from bancheng.federation.sweep import sweep
from bancheng.federation.worker import Worker
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.metrics import Meters
from bancheng.runtime.recomputing import recompute_some
from bancheng.store.accounts import delete_expired_sessions, delete_old_responses
from bancheng.store.casebook import next_act_at
from bancheng.store.counters import fold_counters
from bancheng.store.database import Database
from bancheng.store.paper_store import PaperStore
from bancheng.store.paper_tidying import tidy_papers
from bancheng.store.projecting import bring_up
from bancheng.store.search import MAX_INDEXED, index_grams

SWEEP_SECONDS = 1.0
"""How soon a deadline that another process wrote is seen; deadlines known here are met at their instant."""
TICK_SECONDS = 0.1
FOLD_SECONDS = 2.0
INDEX_SECONDS = 0.5
"""How soon a new case is found by its words."""
RECOMPUTE_SECONDS = 5.0
CALENDAR_SETTLES_SECONDS = 3.0
"""By then every replica counts by a calendar that came: none registers by the one before once the walk is over."""
SUCCESSION_SECONDS = 5.0
"""How soon a case that arrives at a closed unit is handed on."""
REPORT_SECONDS = 5.0
"""How soon after its instant a periodic report is made."""
TIDY_SECONDS = 60.0
BEHIND_SECONDS = 60.0
RESPONSES_KEPT = timedelta(days=2)
"""How long a repeated idempotency key gets the first answer again."""
UNATTACHED_KEPT = timedelta(hours=1)
"""An upload takes minutes at most."""
LEAST_SECONDS = 0.1


class SiteJobs:
    """`workers` are the jobs. `site` is asked for whenever one of them begins, `wake` is told that links have work, and
    `pace` stretches every pause.
    """

    def __init__(
        self,
        tenant: str,
        *,
        database: Database,
        papers: PaperStore,
        clock: DomainClock,
        meters: Meters,
        site: Callable[[], HostedSite],
        wake: Callable[[], None],
        pace: float,
    ) -> None:
        self.tenant = tenant
        self._database = database
        self._papers = papers
        self._clock = clock
        self._meters = meters
        self._site = site
        self._wake = wake
        self._pace = pace
        self._next_act_at: datetime | None = None
        self._look_at = 0.0
        self._recomputed_edition: int = 0
        self._awaited_edition: int = 0
        self._recompute_from = 0.0
        self._sweeping = Worker(f"deadlines {tenant}", self._sweep, least_seconds=LEAST_SECONDS)
        self.workers = (
            self._sweeping,
            Worker(f"recomputing {tenant}", self._recompute),
            Worker(f"succession {tenant}", self._hand_on),
            Worker(f"reports {tenant}", self._report),
            Worker(f"counters {tenant}", self._fold),
            Worker(f"search {tenant}", self._index),
            Worker(f"projection {tenant}", self._bring_up),
            Worker(f"tidying {tenant}", self._tidy),
        )

    def cases_came(self) -> None:
        """From a neighbour: look at the deadlines at once."""
        self._look_at = 0.0
        self._sweeping.wake()

    async def _sweep(self) -> float:
        """Deadlines: a look at the index when the known next instant has come, after arrivals, and now and then."""
        site = self._site()
        due = self._next_act_at is not None and self._next_act_at <= self._clock.now()
        if not due and time.monotonic() < self._look_at:
            return self._until_next()
        self._look_at = time.monotonic() + SWEEP_SECONDS * self._pace
        swept = await sweep(self._database, site)
        for result, cases in (("found", swept.found), ("changed", swept.changed), ("stuck", swept.stuck)):
            self._meters.add("bancheng_sweep_cases_total", cases, self.tenant, result)
        if swept.found:
            self._wake()
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
        site = self._site()
        if site.calendar.edition == self._recomputed_edition:
            return RECOMPUTE_SECONDS * self._pace
        if site.calendar.edition != self._awaited_edition:
            self._awaited_edition = site.calendar.edition
            self._recompute_from = time.monotonic() + CALENDAR_SETTLES_SECONDS * self._pace
        settles_in = self._recompute_from - time.monotonic()
        if settles_in > 0:
            return settles_in
        done = await recompute_some(self._database, site)
        self._meters.add("bancheng_dues_recomputed_total", done.walked, self.tenant)
        if done.changed:
            self._wake()
        if done.is_finished:
            self._recomputed_edition = site.calendar.edition
        return RECOMPUTE_SECONDS * self._pace if done.is_finished or done.is_elsewhere else 0.0

    async def _hand_on(self) -> float:
        """What closed units hold goes to those that follow them."""
        if await hand_on(self._database, self._site()):
            self._wake()
            self._sweeping.wake()
        return SUCCESSION_SECONDS * self._pace

    async def _report(self) -> float:
        """Periodic reports whose day has come."""
        if await make_reports(self._database, self._site()):
            self._wake()
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
