"""PA-R6, PA-R26, PA-18: who reported in a month, what could not be done and why, and whom to call."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from bancheng.federation.case_reports import make_reports
from tests.conformance.hall import PANAN, PANZHIHUA, unit_code
from tests.conformance.registers_hall import RegistersHall
from tests.window.browsing import at_page

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall

FEBRUARY = datetime(2026, 2, 25, 2, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TOWN, FIRST, SECOND = (unit_code(PANAN, place) for place in ("middle", "first", "second"))


@pytest_asyncio.fixture
async def hall(open_hall: OpenHall) -> RegistersHall:
    hall = RegistersHall(open_hall.database)
    rules = hall.site(PANAN).current_profile()
    # No source says by which day: the test's tenant says the second working day of the next month.
    reports = tuple(replace(each, workday=2) if each.is_zero_report else each for each in rules.reports)
    await hall.begin(PANAN, replace(rules, reports=reports))
    return hall


async def states(desk: Desk, month: str = "2026-02") -> dict[str, str]:
    answer = await desk.get("/reports/zero", month=month)
    assert answer.status_code == 200, answer.text
    return {each["unit"]: each["state"] for each in answer.json()["units"]}


@pytest.mark.clause("PA-R6", part="reports of units and departments, months without any are declared, gaps are listed")
async def test_a_unit_that_neither_reported_nor_filed_a_zero_report_is_listed(hall: RegistersHall) -> None:
    hall.now = FEBRUARY
    town = await hall.at(PANAN, "middle-clerk")
    await town.bring(channel="report", department=FIRST)
    hall.now = MARCH
    top = await hall.at(PANAN, "top-clerk")
    assert await states(top) == {TOWN: "reported", FIRST: "reported", SECOND: "open"}
    hall.pass_time(days=2)
    assert (await states(top))[SECOND] == "missing"
    officer = await hall.at(PANAN, "second-officer")
    filed = await officer.post("/reports/zero", {"month": "2026-02"}, key="once")
    assert filed.json() == {"unit": SECOND, "month": "2026-02", "is_new": True}
    assert (await officer.post("/reports/zero", {"month": "2026-02"})).json()["is_new"] is False
    assert (await states(top))[SECOND] == "zero"
    assert set(await states(officer)) == {SECOND}
    listed = (await top.get("/reports/zero")).json()
    assert (listed["month"], listed["due_on"]) == ("2026-02", "2026-03-03")


@pytest.mark.clause("XS-04", part="what is counted of reports tells the unit complained of nothing")
async def test_a_report_that_complains_of_a_unit_is_not_counted_before_its_eyes(hall: RegistersHall) -> None:
    hall.now = FEBRUARY
    top = await hall.at(PANAN, "top-clerk")
    await top.bring(channel="report", department=FIRST, complained_unit=FIRST)
    hall.now = MARCH
    assert (await states(top))[FIRST] == "reported"
    officer = await hall.at(PANAN, "first-officer")
    assert await states(officer) == {FIRST: "open"}
    filed = await officer.post("/reports/zero", {"month": "2026-02"})
    assert filed.json() == {"unit": FIRST, "month": "2026-02", "is_new": True}


@pytest.mark.clause("PA-R6")
async def test_every_channel_of_collection_is_chosen_in_the_tenants_words_and_kept(hall: RegistersHall) -> None:
    """Visits, immediate reports, what others hand over, online and offline; the month is declared, the gap listed."""
    hall.now = FEBRUARY
    town = await hall.at(PANAN, "middle-clerk")
    named = {each.key: each.name.zh for each in town.profile.channels}
    assert set(named) == {"visit", "report", "handed_over", "platform", "desk", "phone"}
    form = await (await at_page(hall, "middle-clerk", PANAN)).open("/cases/new")
    for key, name in named.items():
        assert name in form.text
        case_id = await town.bring(channel=key, department=FIRST)
        assert (await town.case(case_id))["channel"] == key
        assert (await town.last(case_id, "Registered"))["details"]["channel"] == key
    listed = (await town.get("/cases", registered_unit=TOWN)).json()["cases"]
    assert sorted(each["channel"] for each in listed) == sorted(named)
    refused = await town.post("/cases", town.body(channel="supervision_station"))
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        422, "registration.unknown_channel", "channel",
    )  # fmt: skip
    hall.now = MARCH
    hall.pass_time(days=2)
    officer = await hall.at(PANAN, "second-officer")
    assert (await states(officer)) == {SECOND: "missing"}
    await officer.post("/reports/zero", {"month": "2026-02"})
    found = await states(await hall.at(PANAN, "top-clerk"))
    assert found == {TOWN: "reported", FIRST: "reported", SECOND: "zero"}


async def test_no_report_is_owed_for_a_period_before_the_tenant_began(open_hall: OpenHall) -> None:
    hall = RegistersHall(open_hall.database)
    hall.now = MARCH
    for tenant in (PANAN, PANZHIHUA):
        await hall.begin(tenant, on=date(2026, 2, 10))
    panan, panzhihua = await hall.at(PANAN, "middle-clerk"), await hall.at(PANZHIHUA, "top-clerk")
    assert (await panan.get("/reports/zero", month="2026-02")).json()["is_owed"] is True
    before = (await panan.get("/reports/zero", month="2026-01")).json()
    assert (before["is_owed"], before["units"]) == (False, [])
    refused = await panan.post("/reports/zero", {"month": "2026-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "report.not_owed")
    made = await make_reports(hall.database, hall.site(PANZHIHUA))
    listed = (await panzhihua.get("/reports/cases")).json()
    assert (listed["periods"], {each["period"] for each in listed["rows"]}) == (["2026-02"], {"2026-02"})
    assert made == len(listed["rows"]) > 0
    assert (await panzhihua.get("/reports/cases", period="2026-01")).json()["rows"] == []
    page = await (await at_page(hall, "middle-clerk", PANAN)).open("/registers/zero-reports?month=2026-01")
    assert "2026-01</option>" not in page.text


@pytest.mark.clause("PA-R6", part="what is no zero report is refused")
async def test_a_zero_report_is_refused_with_its_field(hall: RegistersHall) -> None:
    hall.now = FEBRUARY
    town = await hall.at(PANAN, "middle-clerk")
    await town.bring(channel="report")
    hall.now = MARCH
    for month, code in (
        ("2026-02", "report.has_cases"),
        ("2026-03", "report.month_not_over"),
        ("2026-13", "api.wrong_value"),
        ("0000-01", "api.wrong_value"),
        ("9999-12", "api.wrong_value"),
    ):
        answer = await town.post("/reports/zero", {"month": month})
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, "month")
    top = await (await hall.at(PANAN, "top-clerk")).post("/reports/zero", {"month": "2026-01"})
    assert (top.status_code, top.json()["code"]) == (409, "report.not_owed")
    supervisor = await (await hall.at(PANAN, "middle-supervisor")).post("/reports/zero", {"month": "2026-01"})
    assert supervisor.status_code == 403
    elsewhere = await (await hall.at(PANZHIHUA, "top-clerk")).get("/reports/zero")
    assert elsewhere.json()["is_owed"] is False


async def declined(hall: RegistersHall, **changes: Any) -> str:
    clerk = await hall.at(PANAN, "top-clerk")
    case_id = await clerk.bring(**changes)
    ground = next(each.key for each in clerk.profile.exclusions if not each.unless_entrusted)
    await clerk.must(case_id, "propose-decline", ground=ground, explanation="已进入诉讼")
    await (await hall.at(PANAN, "top-leader")).must(case_id, "approve-decline")
    return str((await clerk.case(case_id))["number"])


@pytest.mark.clause("PA-R26", part="what was declined, by ground and department")
async def test_what_was_declined_is_summed_up_for_the_departments_without_names(hall: RegistersHall) -> None:
    first = await declined(hall, department=FIRST)
    second = await declined(hall, department=FIRST)
    await declined(hall, department=SECOND)
    clerk = await hall.at(PANAN, "top-clerk")
    days = {"first": "2026-03-01", "last": "2026-03-31"}
    found = (await clerk.get("/summaries/not-done", **days)).json()
    row = next(each for each in found["rows"] if each["department"] == FIRST)
    assert (row["outcome"], row["count"], row["numbers"]) == ("declined", 2, [first, second])
    assert row["department_name"] == "民政局"
    assert row["reason_name"]
    sheet = await clerk.get("/summaries/not-done.csv", **days)
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [each[3] for each in rows[1:]] == [str(each["count"]) for each in found["rows"]]
    for text in (sheet.text, str(found)):
        assert "周某某" not in text
        assert "00012345678" not in text
    nothing = await clerk.get("/summaries/not-done", first="2026-04-01", last="2026-04-30")
    assert nothing.json()["rows"] == []
    wrong = await clerk.get("/summaries/not-done", first="2026-04-01", last="2026-03-30")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "last")
    for days, field in (
        ({"first": "0001-01-01", "last": "0001-01-02"}, "first"),
        ({"first": "9999-12-30", "last": "9999-12-31"}, "last"),
    ):
        another_age = await clerk.get("/summaries/not-done", **days)
        assert another_age.status_code == 422
        assert field in {each["field"] for each in another_age.json()["fields"]}


@pytest.mark.clause("PA-R26")
async def test_what_is_verified_to_be_outside_policy_is_explained_and_collected_for_the_departments(
    hall: RegistersHall,
) -> None:
    clerk, leader = await hall.at(PANAN, "top-clerk"), await hall.at(PANAN, "top-leader")
    case_id = await clerk.accepted(department=FIRST)
    cause = clerk.profile.causes[0].key if clerk.profile.causes else ""
    if cause:
        await clerk.must(case_id, "code-cause", cause=cause)
    said = "经核查，超出政策规定的范围，不能办理；依据已当面说明。"
    await clerk.must(case_id, "propose-result", outcome="cannot_be_done", answer=said)
    days = {"first": "2026-03-01", "last": "2026-03-31"}
    proposed = await clerk.get("/summaries/not-done", **days)
    assert proposed.json()["rows"] == [], "nobody has verified it yet"
    await leader.must(case_id, "verify-result", note="核查属实")
    await clerk.must(case_id, "give-answer", text=said, channel="desk")
    told = await clerk.last(case_id, "AnswerGiven")
    assert (told["details"]["text"], told["details"]["channel"]) == (said, "desk")
    number = (await clerk.case(case_id))["number"]
    officer = await hall.at(PANAN, "first-officer")
    for reader in (clerk, officer):
        rows = (await reader.get("/summaries/not-done", **days)).json()["rows"]
        assert [(each["outcome"], each["department"], each["numbers"]) for each in rows] == [
            ("cannot_be_done", FIRST, [number])
        ]
        assert said not in str(rows)


@pytest.mark.clause("PA-18")
async def test_a_department_that_serves_enterprises_without_a_liaison_is_listed_first(hall: RegistersHall) -> None:
    administrator = await hall.at(PANAN, "top-administrator")
    for unit in (FIRST, SECOND):
        answer = await administrator.post("/units/change", {"unit": unit, "serves_enterprises": True})
        assert answer.status_code == 201, answer.text
    named = await administrator.post("/liaisons", {"unit": FIRST, "name": "王小明", "phone": "00012340000"})
    assert named.status_code == 200, named.text
    clerk = await hall.at(PANAN, "top-clerk")
    gap, known = (await clerk.get("/liaisons")).json()
    assert (gap["unit"], gap["is_gap"], known["unit"], known["is_gap"]) == (SECOND, True, FIRST, False)
    assert (known["name"], known["phone"]) == ("王小明", "00012340000")
    supervisor = await hall.at(PANAN, "top-supervisor")
    shown = (await supervisor.get("/liaisons")).json()[1]
    assert (shown["name"], shown["phone"]) == ("王**", "000****0000")
    await administrator.post("/liaisons/remove", {"unit": FIRST})
    assert [each["is_gap"] for each in (await clerk.get("/liaisons")).json()] == [True, True]


async def test_a_liaison_is_of_a_department_and_named_by_an_administrator(hall: RegistersHall) -> None:
    administrator = await hall.at(PANAN, "top-administrator")
    body = {"unit": TOWN, "name": "王小明", "phone": "00012340000"}
    answer = await administrator.post("/liaisons", body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422, "unit.not_a_department", "unit",
    )  # fmt: skip
    none = await administrator.post("/liaisons/remove", {"unit": FIRST})
    assert (none.status_code, none.json()["code"]) == (422, "liaison.none")
    clerk = await (await hall.at(PANAN, "top-clerk")).post("/liaisons", {**body, "unit": FIRST})
    assert clerk.status_code == 403
