"""A tenant's site begins its work and tries again what waits, however often the database is in the way meanwhile."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from bancheng.federation.desk import Desk
from bancheng.federation.editions import document_of
from bancheng.federation.locks import SiteLocks
from bancheng.federation.publication import publish
from bancheng.kernel.commands import Register
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.metrics import Meters
from bancheng.runtime.provisioning import found_tenant
from bancheng.runtime.tenant_service import TenantService
from bancheng.schema.events import Actor, Person
from bancheng.schema.frames import NO_HASH
from bancheng.store.casebook import append, load_cases
from bancheng.store.database import Database
from bancheng.store.links import InboxRow, ensure_link, record_inbox
from bancheng.store.paper_store import PaperStore
from tests.federation.linked_sites import eventually
from tests.support.databases import OWNER, PASSWORD, SERVICE, copied_database
from tests.support.tenants import BEGIN_AT, COUNTY, XIAOSHAN, calendar, xiaoshan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from pathlib import Path

    from bancheng.federation.site import HostedSite
    from bancheng.runtime.database_admin import DatabaseAdmin
    from bancheng.store.database import Transaction

# asyncpg's own types are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

NAME = "tenant_service"
WAITS = "event.schema_unknown"
NOBODY = "nats://127.0.0.1:9"


@dataclass(kw_only=True)
class Host:
    """A tenant's site, not started, and its database."""

    service: TenantService
    database: Database
    owner_url: str

    @asynccontextmanager
    async def without(self, table: str) -> AsyncGenerator[None]:
        """The service's role may not read that table meanwhile: a fault that comes and goes."""
        owner = await asyncpg.connect(self.owner_url)
        await owner.execute(f"REVOKE SELECT ON {table} FROM {SERVICE}")
        try:
            yield
        finally:
            await owner.execute(f"GRANT SELECT ON {table} TO {SERVICE}")
            await owner.close()

    async def reason(self) -> str:
        """Of the one frame that waits: trying it again says what is wrong with it."""
        async with self.database.transaction(XIAOSHAN) as tx:
            rows = await tx.fetch("SELECT reason FROM inbox WHERE tenant = $1", XIAOSHAN)
        return rows[0][0]

    async def comes(self, wanted: Callable[[], bool], what: str) -> None:
        async def seen() -> bool:
            return wanted()

        await eventually(seen, bool, what)


@pytest.fixture
async def host(postgres: DatabaseAdmin, migrated: str, tmp_path: Path) -> AsyncIterator[Host]:
    url = await copied_database(postgres, NAME, template=migrated)
    database = Database(url, pool_size=4)
    founded = found_tenant(xiaoshan(hub_url=NOBODY, uplinks={"town": "", "village": ""}))
    locks = SiteLocks(url)
    service = TenantService(
        database=database, file=founded.site_files["county"], clock=DomainClock(None), locks=locks, meters=Meters(),
        put=lambda _: None, works=True, tenants=1, papers=PaperStore(str(tmp_path)), stream_replicas=1,
    )  # fmt: skip
    locks.start()
    yield Host(service=service, database=database, owner_url=postgres.url(NAME, user=OWNER, password=PASSWORD))
    await service.stop(5)
    await locks.stop()
    await database.close()


async def _one_waits(tx: Transaction) -> None:
    row = InboxRow(
        epoch=1, number=1, kind="document", event_hash=NO_HASH, link_hash=NO_HASH, state="deferred",
        reason=WAITS, frame=b"\x93nothing",
    )  # fmt: skip
    await ensure_link(tx, "town", "child")
    await record_inbox(tx, "town", [row], 1, NO_HASH, now=BEGIN_AT)


@pytest.mark.clause("U-03", part="a database that fails while a service starts leaves no deadline unwatched")
async def test_a_site_whose_database_failed_while_it_was_made_works_all_the_same(host: Host) -> None:
    async with host.without("inbox"):
        host.service.start()
        await host.comes(lambda: host.service.following.trouble != "", "the fault is met")
        assert host.service.site is not None
        await host.comes(lambda: host.service.runs_links, "the links run")
    await host.comes(lambda: host.service.following.trouble == "", "it is well")
    await host.comes(lambda: {each.trouble for each in host.service.workers} == {""}, "every job is")


async def test_what_waits_is_tried_again_though_the_database_failed_when_the_document_came(host: Host) -> None:
    host.service.start()
    await host.comes(lambda: host.service.runs_links and not host.service.following.trouble, "it runs")
    async with host.database.transaction(XIAOSHAN) as tx:
        await _one_waits(tx)
    site = host.service.site
    assert site is not None
    async with host.without("inbox"):
        following = replace(calendar(), edition=2)
        async with host.database.transaction(XIAOSHAN) as tx:
            await publish(tx, site, document_of("calendar", 2, date(2020, 1, 1), following))
        await host.service.renew()
        assert host.service.site is not site
    assert await host.reason() == WAITS
    assert await eventually(host.reason, lambda reason: reason != WAITS, "it is tried again") == "frame.unreadable"


@pytest.mark.clause("PA-05", part="a calendar that arrives moves the dates of what a slower replica registers")
async def test_a_case_that_a_replica_registers_by_the_old_calendar_is_counted_anew_all_the_same(host: Host) -> None:
    host.service.start()
    await host.comes(lambda: host.service.runs_links and not host.service.following.trouble, "it runs")
    stale = host.service.site
    assert stale is not None
    async with host.database.transaction(XIAOSHAN) as tx:
        await publish(tx, stale, document_of("calendar", 2, date(2020, 1, 1), replace(calendar(), edition=2, years=())))
    await host.service.renew()
    case_id = await _register(host.database, stale)

    async def editions() -> set[int]:
        async with host.database.transaction(XIAOSHAN) as tx:
            case = (await load_cases(tx, [case_id]))[case_id]
        return {clock.calendar_edition for clock in case.clocks.values()}

    assert await editions() == {1}
    await eventually(editions, lambda found: found == {2}, "its dates are by the new calendar")


async def _register(database: Database, site: HostedSite) -> UUID:
    desk = Desk(site, UUID(int=1), None)
    command = Register(
        case_id=desk.case_id, number="n1", unit=COUNTY, channel="desk", kind="coordination", case_type="ordinary",
        title="测试", description="测试", person=Person(name="测试甲"),
    )  # fmt: skip
    desk.decide(command, Actor(staff="s", name="测试乙", unit=COUNTY))
    async with database.transaction(XIAOSHAN) as tx:
        await append(tx, [desk.change()], now=site.wall_now())
    return desk.case_id
