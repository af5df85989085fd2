"""`status`: one screen in two languages, or JSON; what needs somebody is marked, told and the exit code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bancheng.runtime.certificates import issue
from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile
from bancheng.runtime.status import LinkFigures, Status, TenantStatus, status
from bancheng.runtime.status_screen import WORDS, screen
from bancheng.store.links import ensure_link, set_heard
from bancheng.store.open_cases import OpenFigures
from bancheng_county.app import DEFINITION
from tests.federation.linked_sites import eventually
from tests.runtime.test_measuring import NOWHERE, figures, opened, register_long_ago, site_file
from tests.support.databases import migrated_database
from tests.support.tenants import BEGIN_AT, XIAOSHAN

__all__ = ["site_file"]


async def test_it_stands_on_one_screen_and_names_nobody(
    site_file: SiteFile, postgres: DatabaseAdmin, tmp_path: Path
) -> None:
    made = await migrated_database(postgres, *DEFINITION.version_locations)
    settings = Settings(database_url=made.service_url, sites_dir=tmp_path / "sites", disk_free_bytes=0)
    fresh = await status(settings, DEFINITION)
    assert fresh.needs == ()
    assert "本机没有要处理的" in screen(fresh, "zh")
    async with opened(settings) as service:
        await register_long_ago(service, site_file)

    now = await status(settings, DEFINITION)
    (tenant,) = now.tenants
    assert (tenant.tenant, tenant.directory, tenant.profiles, tenant.calendar) == (XIAOSHAN, 1, (1,), 1)
    assert (tenant.cases.opened, tenant.cases.overdue) == (1, 1)
    assert tenant.cases.oldest_due_at is not None
    assert timedelta() < tenant.cases.oldest_due_at - BEGIN_AT < timedelta(days=30)
    assert now.postgres // 10_000 >= 15
    assert now.needs == (f"status.clocks {XIAOSHAN}/county",)
    chinese, english = screen(now, "zh"), screen(now, "en")
    assert "在办 1  超期 1" in chinese
    assert "open 1  overdue 1" in english
    assert "needs somebody" in english
    for said in (chinese, english, msgspec.json.encode(now).decode()):
        assert "测试" not in said
        assert len(said.splitlines()) <= 24


async def test_without_a_database_it_says_so_and_what_it_knows(site_file: SiteFile, tmp_path: Path) -> None:
    certificate = issue(tmp_path, tmp_path, ["127.0.0.1"], now=datetime.now(UTC), days=2)
    settings = Settings(
        database_url=NOWHERE, sites_dir=tmp_path / "sites", tls_certificate=certificate, disk_free_bytes=1 << 60
    )
    now = await status(settings, DEFINITION)
    assert now.needs == ("database.unavailable", "status.certificate", "status.disk sites")
    assert f"! {XIAOSHAN}/{site_file.site}  未启用: database.unavailable" in screen(now, "zh")
    assert "! certificate" in screen(now, "en")


async def test_a_link_that_fell_silent_is_told_though_nothing_waits(
    site_file: SiteFile, postgres: DatabaseAdmin, tmp_path: Path
) -> None:
    made = await migrated_database(postgres, *DEFINITION.version_locations)
    settings = Settings(database_url=made.service_url, sites_dir=tmp_path / "sites", disk_free_bytes=0)
    begun_at = datetime.now(UTC)
    where = f"{XIAOSHAN}/{site_file.site}"
    async with opened(settings) as service:
        await service.tenants[XIAOSHAN].renew()
        async with service.database.transaction(XIAOSHAN) as tx:
            await ensure_link(tx, "above", "parent")
            await ensure_link(tx, "town", "child")
        # Above there must be somebody; a child may be not installed yet.
        now = await status(settings, DEFINITION)
        assert now.needs == (f"status.unheard {where} above",)
        assert next(line for line in screen(now, "zh").splitlines() if "还没有听到过对方" in line).startswith("! ")
        assert "link town" in screen(now, "en")

        async with service.database.transaction(XIAOSHAN) as tx:
            await set_heard(tx, "above", begun_at - timedelta(minutes=9))
            await set_heard(tx, "town", begun_at - timedelta(minutes=20))
        now = await status(settings, DEFINITION)
        assert now.needs == (f"status.unheard {where} town",)
        above, town = now.tenants[0].links
        assert (above.heard_at, town.unreceipted_frames) == (begun_at - timedelta(minutes=9), 0)
        for language, told in (("zh", "20 min 前听到对方"), ("en", "heard 20 min ago")):
            said = screen(now, "zh" if language == "zh" else "en")
            (line,) = [each for each in said.splitlines() if told in each]
            assert line.startswith("! ")
            assert "docs/ops/lost-link.md" in said
        figure = ("bancheng_link_unheard_age_seconds", "town", XIAOSHAN)
        found = await eventually(lambda: figures(service), lambda found: figure in found, "the links were looked at")
    assert 20 * 60 <= found[figure] < 30 * 60


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_stopped_link_is_marked_and_what_to_do_is_told(language: str) -> None:
    link = LinkFigures(
        peer="town", is_parent=False, state="stopped", reason="link.chain", unreceipted_seconds=7_200,
        unreceipted_frames=3, deferred_frames=1,
    )  # fmt: skip
    tenant = TenantStatus(
        tenant=XIAOSHAN, site="county", links=(link,), cases=OpenFigures(opened=0, overdue=0, oldest_due_at=None)
    )
    now = Status(
        service="county", version="1", at=BEGIN_AT, domain_at=BEGIN_AT, is_real_time=True, database="", postgres=180001,
        certificate_days=None, disks=(), tenants=(tenant,), needs=(f"status.link_stopped {XIAOSHAN}/county town",),
    )  # fmt: skip
    said = screen(now, "zh" if language == "zh" else "en")
    assert "docs/ops/link-stopped.md" in said
    (line,) = [each for each in said.splitlines() if "link.chain" in each]
    assert line.startswith("! ")
    assert "2 h" in line


def test_both_languages_have_the_same_words() -> None:
    assert set(WORDS["zh"]) == set(WORDS["en"])
