"""The composition root: one process of one service, with all its tenants.

Owns what is opened, in which order, and how it is closed without losing anything. Must not know routes or rules.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from importlib.metadata import version

from bancheng.federation.health import LinkStatus
from bancheng.federation.locks import SiteLocks
from bancheng.federation.site import HostedSite
from bancheng.federation.worker import Worker, stop_all
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.metrics import Meters
from bancheng.runtime.service_definition import ServiceDefinition
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile, read_site_file, read_site_files
from bancheng.runtime.tenant_service import TenantService
from bancheng.runtime.tracing import Traces, open_traces
from bancheng.store.database import Database
from bancheng.store.errors import DatabaseBusy, DatabaseUnavailable, RoleTooPowerful, typed_error
from bancheng.store.paper_store import PaperStore
from bancheng.store.schema_state import missing_revisions
from bancheng.window.hosting import Hosting, UnknownTenant

PROBE_SECONDS = 3.0
JOINING_SECONDS = 2.0
"""How soon the file of a new tenant is seen."""
NOT_MADE_YET = "site.not_made_yet"

_log = logging.getLogger(__name__)


class _ExpectedHosting(Hosting):
    """A tenant whose file is here but whose site is not made yet is no unknown tenant: ask again soon."""

    def __init__(self, database: Database, service: Service) -> None:
        super().__init__(database, {}, service.wake, service.renew, papers=service.papers)
        self._service = service

    def site(self, tenant: str) -> HostedSite:
        """Raises UnknownTenant, DatabaseBusy."""
        try:
            return super().site(tenant)
        except UnknownTenant:
            if tenant in self._service.tenants:
                raise DatabaseBusy from None
            raise


class Service:
    """Opened once, closed once. Runs with every server down, and says so in its readiness."""

    def __init__(self, settings: Settings, definition: ServiceDefinition, *, works: bool) -> None:
        files = read_site_files(settings.sites_dir)
        self.settings = settings
        self.definition = definition
        self.version = version("bancheng")
        self.meters = Meters()
        self.clock = DomainClock(settings.clock_file)
        self.database = Database(
            settings.database_url, pool_size=settings.pool_size, application=f"bancheng-{definition.name}"
        )
        self.papers = PaperStore(settings.papers_place or str(settings.sites_dir / "papers"))
        self._locks = SiteLocks(settings.lock_url or settings.database_url)
        self.traces: Traces | None = None
        self._is_migrated = False
        self._works = works
        self.hosting: Hosting = _ExpectedHosting(self.database, self)
        self.tenants = {file.tenant: self._tenant_service(file, len(files)) for file in files}
        self.joining = Worker("site files", self._take_in_new)

    def _tenant_service(self, file: SiteFile, tenants: int) -> TenantService:
        return TenantService(
            database=self.database,
            file=file,
            clock=self.clock,
            locks=self._locks,
            meters=self.meters,
            put=self.hosting.put,
            works=self._works,
            tenants=tenants,
            papers=self.papers,
            stream_replicas=self.settings.stream_replicas,
        )

    async def start(self) -> None:
        """Returns at once; what is down is waited for."""
        if self.settings.traces_url:
            self.traces = open_traces(self.settings.traces_url, self.definition.name, self.version)
            self.database.tracer = self.traces
        if self._works:
            self._locks.start()
        for tenant in self.tenants.values():
            tenant.start()
        self.joining.start()
        _log.info(
            "service started",
            extra={"service": self.definition.name, "version": self.version, "tenants": len(self.tenants)},
        )

    async def stop(self) -> None:
        """After the last request: workers end between two transactions, then connections are closed."""
        await stop_all([self.joining], self.settings.stop_seconds)
        stopping = (tenant.stop(self.settings.stop_seconds) for tenant in self.tenants.values())
        await asyncio.gather(*stopping)
        if self._works:
            await self._locks.stop()
        await self.database.close()
        if self.traces is not None:
            await asyncio.to_thread(self.traces.close)
        _log.info("service stopped", extra={"service": self.definition.name})

    async def _take_in_new(self) -> float:
        """A tenant whose file was put beside the others begins without a restart. A file that changed does not count
        before the next start: keys in use are not changed under a link. Raises SiteFileError; the others go on.
        """
        names = await asyncio.to_thread(lambda: {path.stem for path in self.settings.sites_dir.glob("*.toml")})
        for name in sorted(names - set(self.tenants)):
            file = await asyncio.to_thread(read_site_file, self.settings.sites_dir / f"{name}.toml")
            added = self._tenant_service(file, len(names))
            self.tenants[file.tenant] = added
            added.start()
            _log.info("tenant taken in", extra={"tenant": file.tenant, "site": file.site})
        return JOINING_SECONDS

    def wake(self, tenant: str, peers: Collection[str] | None = None) -> None:
        """Something was committed for the links of a tenant: for these peers, or it is not known for which."""
        service = self.tenants.get(tenant)
        if service is not None:
            service.wake(peers)

    async def renew(self, tenant: str) -> None:
        """A document was published here: the site is made anew at once."""
        service = self.tenants.get(tenant)
        if service is not None:
            await service.renew()

    async def links(self, tenant: str) -> Sequence[LinkStatus]:
        """As they stood a moment ago."""
        service = self.tenants.get(tenant)
        return () if service is None else service.board

    async def readiness(self) -> Sequence[str]:
        """Stable codes of what keeps this process from working. A link that is down does not: work goes on."""
        problem = await self.database_problem()
        if problem:
            return (problem,)
        waiting = [tenant for tenant in self.tenants.values() if tenant.site is None]
        return tuple(sorted({each.following.trouble or NOT_MADE_YET for each in waiting}))

    async def database_problem(self) -> str:
        """The code of what is wrong with the database; empty when it is reachable, safe and migrated."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self.database.check_role()
                if not self._is_migrated:
                    missing = await missing_revisions(self.database, self.definition.version_locations)
                    if missing:
                        return "database.not_migrated"
                    self._is_migrated = True
        except RoleTooPowerful as error:
            return error.code
        except TimeoutError:
            return DatabaseBusy.code
        except Exception as error:  # noqa: BLE001 - drivers raise many things; each means that it cannot be used
            known = typed_error(error)
            return known.code if known is not None else DatabaseUnavailable.code
        return ""
