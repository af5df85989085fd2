"""What is looked up for a scrape tells of the trouble that an alert waits for, and is given whatever else is down."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bancheng.federation.desk import Desk
from bancheng.kernel.commands import Register
from bancheng.runtime.certificates import issue
from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.runtime.measuring import measured
from bancheng.runtime.provisioning import found_tenant
from bancheng.runtime.service import Service
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile, write_site_file
from bancheng.schema.events import Actor, Person
from bancheng.store.casebook import append
from bancheng_county.app import DEFINITION
from tests.observability.files import promtool
from tests.support.databases import migrated_database
from tests.support.tenants import BEGIN_AT, COUNTY, XIAOSHAN, xiaoshan

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def site_file(tmp_path: Path) -> SiteFile:
    founded = found_tenant(xiaoshan(hub_url="nats://127.0.0.1:1", uplinks={"town": "", "village": ""}))
    write_site_file(tmp_path / "sites", founded.site_files["county"])
    return founded.site_files["county"]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Service]:
    """A service that runs no workers: what it measures stays as the test left it."""
    service = Service(settings, DEFINITION, works=False)
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def figures(service: Service) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels."""
    text = (await measured(service)).decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_without_a_database_it_says_so_and_gives_the_rest(site_file: SiteFile, tmp_path: Path) -> None:
    certificate = issue(tmp_path / "tls", tmp_path / "tls", ["127.0.0.1"], now=datetime.now(UTC), days=20)
    settings = Settings(database_url=NOWHERE, sites_dir=tmp_path / "sites", tls_certificate=certificate)
    async with opened(settings) as service:
        found = await figures(service)
    assert found["bancheng_database_usable",] == 0
    assert found["bancheng_sites", "waiting"] == 1
    assert found["bancheng_build_info", "county", service.version] == 1
    assert 0 < found["bancheng_disk_free_bytes", "sites"] <= found["bancheng_disk_size_bytes", "sites"]
    days_left = (found["bancheng_certificate_expires_seconds",] - time.time()) / timedelta(days=1).total_seconds()
    assert 19 < days_left < 21
    assert not [key for key in found if key[0] == "bancheng_sweep_oldest_due_seconds"]


async def test_a_clock_that_nobody_sweeps_is_seen_and_prometheus_reads_it_all(
    site_file: SiteFile, postgres: DatabaseAdmin, tmp_path: Path
) -> None:
    made = await migrated_database(postgres, *DEFINITION.version_locations)
    settings = Settings(database_url=made.service_url, sites_dir=tmp_path / "sites")
    async with opened(settings) as service:
        await service.tenants[XIAOSHAN].renew()
        found = await figures(service)
        assert found["bancheng_database_usable",] == 1
        assert found["bancheng_sites", "hosted"] == 1
        assert found["bancheng_sweep_oldest_due_seconds", XIAOSHAN] == 0
        await register_long_ago(service, site_file)
        found = await figures(service)
        assert found["bancheng_sweep_oldest_due_seconds", XIAOSHAN] > timedelta(days=30).total_seconds()
        read = promtool("check", "metrics", given=await measured(service))
    assert (read.returncode, read.stderr) == (0, b"")


async def register_long_ago(service: Service, site_file: SiteFile) -> None:
    """A case of March, whose clocks were over long before any day on which this test runs."""
    site = await SiteMaker(service.database, site_file, lambda: BEGIN_AT).make()
    desk = Desk(site, uuid4(), None)
    command = Register(
        case_id=desk.case_id, number="n1", unit=COUNTY, channel="desk", kind="coordination", case_type="ordinary",
        title="测试", description="测试", person=Person(name="测试甲"),
    )  # fmt: skip
    desk.decide(command, Actor(staff="s", name="测试乙", unit=COUNTY))
    async with service.database.transaction(XIAOSHAN) as tx:
        await append(tx, [desk.change()], now=site.wall_now())
