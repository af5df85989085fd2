"""What a unit files stands at every tier, signed by its own site, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bancheng.federation.reports import file_report
from bancheng.schema.events import Actor
from bancheng.schema.messages import ReportFiled
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
