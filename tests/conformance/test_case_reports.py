"""PZ-04: each level keeps its own cases and ledger, and reports upward at set times without anyone retyping it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bancheng.federation.case_reports import make_reports
from tests.conformance.hall import PANAN, PANZHIHUA, unit_code
from tests.window.browsing import at_page

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall

FEBRUARY = datetime(2026, 2, 25, 2, 0, tzinfo=UTC)
EARLY = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
"""07:00 on Monday 2 March, the first working day of March: before business."""
IN_TIME = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TOO_LATE = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
COUNTY, TOWN = unit_code(PANZHIHUA, "middle"), unit_code(PANZHIHUA, "bottom")


async def reports(desk: Desk, period: str = "2026-02") -> dict[str, dict[str, Any]]:
    answer = await desk.get("/reports/cases", period=period)
    assert answer.status_code == 200, answer.text
    return {each["unit"]: each for each in answer.json()["rows"]}


async def number_of(desk: Desk, case_id: str) -> str:
    return str((await desk.case(case_id))["number"])


@pytest.mark.clause("PZ-04")
async def test_each_level_keeps_its_ledger_and_its_report_is_made_and_sent_by_itself(open_hall: OpenHall) -> None:
    open_hall.now = FEBRUARY
    county, town = await open_hall.at(PANZHIHUA, "middle-clerk"), await open_hall.at(PANZHIHUA, "bottom-clerk")
    complaint = next(each.key for each in county.profile.kinds if not each.concerns_conduct)
    first = await county.accepted(kind=complaint, case_type="ordinary")
    second = await county.bring(kind=complaint, case_type="simple")
    third = await town.bring()
    await county.must(first, "propose-result", outcome="solved", answer="已补发")
    await (await open_hall.at(PANZHIHUA, "middle-leader")).must(first, "verify-result")
    await county.must(first, "give-answer", text="已补发", channel="phone")
    city = await open_hall.at(PANZHIHUA, "top-clerk")
    for desk, unit, mine in ((county, COUNTY, {first, second}), (town, TOWN, {third}), (city, city.unit, set[str]())):
        listed = (await desk.get("/cases", holder_unit=unit)).json()["cases"]
        assert {each["case_id"] for each in listed} == mine, "each level keeps its own cases"

    await open_hall.pass_until(EARLY, PANZHIHUA)
    assert {each["state"] for each in (await reports(city)).values()} == {"open"}
    await open_hall.pass_until(IN_TIME, PANZHIHUA)
    found = await reports(city)
    assert {unit: each["state"] for unit, each in found.items()} == {COUNTY: "received", TOWN: "received"}
    # Registered on Wednesday 25 February: the simple one was due that day and was not answered, the other was in time.
    assert found[COUNTY]["figures"] == {
        "registered": 2, "open": 2, "closed": 0, "in_time": 1, "late": 0, "overdue": 1,
        "kinds": {complaint: 2}, "case_types": {"ordinary": 1, "simple": 1}, "outcomes": {"solved": 1},
    }  # fmt: skip
    assert found[COUNTY]["numbers"] == [await number_of(county, first), await number_of(county, second)]
    assert found[TOWN]["numbers"] == [await number_of(town, third)]
    assert "周某某" not in str(found)
    assert set(await reports(county)) == {COUNTY, TOWN}
    assert set(await reports(town)) == {TOWN}


@pytest.mark.clause("PZ-04", part="once for window and period, whoever makes it; missing and late are seen")
async def test_a_report_is_made_once_and_what_is_missing_or_late_is_seen(open_hall: OpenHall) -> None:
    city = await open_hall.at(PANZHIHUA, "top-clerk")
    open_hall.now = TOO_LATE
    assert {each["state"] for each in (await reports(city)).values()} == {"missing"}
    site = open_hall.site(PANZHIHUA)
    made = await asyncio.gather(*(make_reports(open_hall.database, site) for _ in range(3)))
    wanted = 2 * len({each["period"] for each in (await city.get("/reports/cases")).json()["rows"]})
    assert sum(made) == wanted
    assert await make_reports(open_hall.database, site) == 0
    assert {each["state"] for each in (await reports(city)).values()} == {"late"}


@pytest.mark.clause("PZ-04", part="what must not be read above is not in a report")
async def test_a_report_names_no_restricted_case_and_leaves_complaints_about_a_unit_out(open_hall: OpenHall) -> None:
    open_hall.now = FEBRUARY
    town = await open_hall.at(PANZHIHUA, "bottom-clerk")
    plain = await town.bring()
    await town.bring(is_restricted=True)
    await town.bring(complained_unit=COUNTY)
    await open_hall.pass_until(IN_TIME, PANZHIHUA)
    found = (await reports(await open_hall.at(PANZHIHUA, "middle-clerk")))[TOWN]
    assert found["figures"]["registered"] == 2
    assert found["numbers"] == [await number_of(town, plain)]


async def test_what_is_no_period_is_refused_and_a_tenant_without_such_a_report_has_none(
    open_hall: OpenHall,
) -> None:
    city = await open_hall.at(PANZHIHUA, "top-clerk")
    wrong = await city.get("/reports/cases", period="2026-W09")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "period")
    panan = await (await open_hall.at(PANAN, "top-clerk")).get("/reports/cases")
    assert panan.json() == {"report": "", "periods": [], "rows": []}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_reports_and_months_are_chosen_at_the_page(open_hall: OpenHall, language: str) -> None:
    open_hall.now = FEBRUARY
    await (await open_hall.at(PANZHIHUA, "middle-clerk")).bring()
    await open_hall.pass_until(IN_TIME, PANZHIHUA)
    browser = await at_page(open_hall, "top-clerk", PANZHIHUA, "zh" if language == "zh" else "en")
    page = await browser.open("/registers/reports")
    assert page.text.count("2026-02") >= 2
    assert ("已收到" in page.text) == (language == "zh")
    assert page.forms["/registers/reports"].values == {"month": ""}
    chosen = await browser.open("/registers/reports?month=2026-01")
    assert chosen.forms["/registers/reports"].values == {"month": "2026-01"}
    assert (await browser.open("/registers/reports?month=soon")).status == 422
    panan = await at_page(open_hall, "top-clerk", PANAN)
    zero = await panan.open("/registers/zero-reports?month=2025-12")
    assert zero.forms["/registers/zero-reports"].values == {"month": "2025-12"}
    assert (await panan.open("/registers/zero-reports?month=soon")).status == 422
