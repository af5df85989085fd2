"""What a unit files stands at every tier, signed by its own site, and only there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from bancheng.federation.case_reports import make_reports, reporting_units, wanted_reports
from bancheng.federation.reports import file_report
from bancheng.kernel.profile_parts import Report, Text
from bancheng.profiles.loader import shipped_profile
from bancheng.schema.events import Actor
from bancheng.schema.messages import CasesReported, ReportFiled
from bancheng.store.unit_reports import filed_reports

if TYPE_CHECKING:
    from tests.support.tiers import Tiers


@pytest.mark.clause("PA-R6", part="a village's zero report reaches the county")
async def test_a_zero_report_travels_up_and_stands_at_every_tier_once(tiers: Tiers) -> None:
    village = tiers.sites["village"]
    actor = Actor(staff="s-1", name="张三", unit="330109001001")
    report = ReportFiled(at=tiers.now, actor=actor, report="zero", unit=actor.unit, period="2026-02")
    for is_new in (True, False):
        async with village.database.transaction("330109") as tx:
            assert await file_report(tx, village.hosted, report) is is_new
    await tiers.carry_all()
    for site in tiers.sites.values():
        async with site.database.transaction("330109") as tx:
            filed = await filed_reports(tx, "zero", "2026-02")
        assert {unit: each.staff_name for unit, each in filed.items()} == {actor.unit: "张三"}


@pytest.mark.clause("PZ-04", part="a report is sent up by itself; over a link that was cut it comes late, once")
async def test_a_periodic_report_is_sent_up_and_comes_late_over_a_link_that_was_cut(tiers: Tiers) -> None:
    """The village registers in February, and is cut off on the day of the report."""
    rules = shipped_profile("330109")
    report = Report(
        key="filing", name=Text(zh="报备", en="Filing"), by="", to="", every="month", workday=1, is_case_report=True
    )
    for site in tiers.sites.values():
        site.hosted.profiles = {1: replace(rules, reports=(*rules.reports, report))}
    tiers.now = datetime(2026, 2, 25, 2, 0, tzinfo=UTC)
    await tiers.register("village")
    await tiers.carry_all()
    tiers.now = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    village = tiers.sites["village"]
    made = await make_reports(village.database, village.hosted)
    assert made == len(wanted_reports(village.hosted)) * len(reporting_units(village.hosted))
    assert await make_reports(village.database, village.hosted) == 0
    tiers.now = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    await tiers.carry_all()
    for site in tiers.sites.values():
        async with site.database.transaction("330109") as tx:
            filed = (await filed_reports(tx, "filing", "2026-02"))["330109001001"]
        held = msgspec.json.decode(filed.body or b"", type=CasesReported)
        assert (held.figures.registered, len(held.numbers)) == (1, 1)
        came_at = datetime(2026, 3, 2 if site is village else 3, 2, 0, tzinfo=UTC)
        assert (filed.filed_at, filed.received_at) == (datetime(2026, 3, 2, 2, 0, tzinfo=UTC), came_at)


async def test_a_report_for_another_sites_unit_stands_nowhere_above(tiers: Tiers) -> None:
    village = tiers.sites["village"]
    actor = Actor(staff="s-1", name="张三", unit="330109001")
    report = ReportFiled(at=tiers.now, actor=actor, report="zero", unit=actor.unit, period="2026-02")
    async with village.database.transaction("330109") as tx:
        await file_report(tx, village.hosted, report)
    await tiers.carry_all()
    for name in ("town", "county"):
        async with tiers.sites[name].database.transaction("330109") as tx:
            assert await filed_reports(tx, "zero", "2026-02") == {}
