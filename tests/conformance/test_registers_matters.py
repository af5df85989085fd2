"""PA-17 and XS-03: what departments entrusted to the hall, and which matters are the town's to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.conformance.hall import PANAN, XIAOSHAN, unit_code
from tests.conformance.registers_hall import RegistersHall
from tests.window.browsing import at_page

if TYPE_CHECKING:
    from tests.conformance.hall import OpenHall

FIRST, SECOND = unit_code(PANAN, "first"), unit_code(PANAN, "second")
TOP, TOWN = unit_code(XIAOSHAN, "top"), unit_code(XIAOSHAN, "middle")


@pytest_asyncio.fixture
async def hall(open_hall: OpenHall) -> RegistersHall:
    hall = RegistersHall(open_hall.database)
    for tenant in (PANAN, XIAOSHAN):
        await hall.begin(tenant)
    return hall


async def published(hall: RegistersHall, tenant: str, path: str, body: dict[str, Any]) -> None:
    answer = await (await hall.at(tenant, "top-administrator")).post(path, body)
    assert answer.status_code == 201, answer.text


def entrustment(**changes: object) -> dict[str, object]:
    return {"document": "甲委〔2026〕3号", "department": FIRST, "signed_on": "2026-01-05", **changes}


def exclusion(hall: RegistersHall) -> str:
    return next(each.key for each in hall.site(PANAN).current_profile().exclusions if each.unless_entrusted)


@pytest.mark.clause("PA-17", part="documents with their matters are on record; the third exclusion is decided by them")
@pytest.mark.clause("PA-03", part="the third exclusion, by the documents on record")
async def test_what_a_department_entrusted_is_not_excluded(hall: RegistersHall) -> None:
    await published(hall, PANAN, "/entrustments", entrustment(matters=["subsidy"]))
    clerk = await hall.at(PANAN, "middle-clerk")
    assert (await clerk.get("/entrustments")).json()[0]["document"] == "甲委〔2026〕3号"
    entrusted = await clerk.bring(matter="subsidy", department=FIRST)
    ground = exclusion(hall)
    refusal = await clerk.refused(entrusted, "propose-decline", ground=ground, explanation="只涉及一个部门")
    assert (refusal["code"], refusal["parameters"]["document"]) == ("decline.matter_is_entrusted", "甲委〔2026〕3号")
    for matter, department in (("licence", FIRST), ("subsidy", SECOND)):
        other = await clerk.bring(matter=matter, department=department)
        await clerk.must(other, "propose-decline", ground=ground, explanation="只涉及一个部门，未委托")


@pytest.mark.clause("PA-17", part="a document that has ended decides nothing any more")
async def test_a_document_that_has_ended_entrusts_nothing_any_more(hall: RegistersHall) -> None:
    await published(hall, PANAN, "/entrustments", entrustment())
    await published(hall, PANAN, "/entrustments/end", {"document": "甲委〔2026〕3号", "ends_on": "2026-03-01"})
    clerk = await hall.at(PANAN, "top-clerk")
    case_id = await clerk.bring(department=FIRST)
    await clerk.must(case_id, "propose-decline", ground=exclusion(hall), explanation="委托已终止")
    assert (await clerk.get("/entrustments")).json()[0]["ends_on"] == "2026-03-01"


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("/entrustments", entrustment(department=TOP), "unit.not_a_department", "department"),
        ("/entrustments", entrustment(ends_on="2025-12-31"), "entrustment.ends_before", "ends_on"),
        ("/entrustments", entrustment(paper="abc"), "api.wrong_value", "paper"),
        ("/entrustments", entrustment(signed_on="soon"), "api.wrong_value", "signed_on"),
        ("/entrustments/end", {"document": "x", "ends_on": "2026-03-01"}, "entrustment.unknown", "document"),
        ("/matters", {"matters": [{"key": "a", "name": "甲", "tier": "moon"}]}, "tier.unknown", "matters[0].tier"),
        (
            "/matters",
            {"matters": [{"key": "a", "name": "甲", "tier": "county"}, {"key": "a", "name": "乙", "tier": "county"}]},
            "matter.twice",
            "matters[1].key",
        ),
        (
            "/matters",
            {"matters": [{"key": "a", "name": 1, "tier": "county"}]},
            "api.wrong_type",
            "matters[0].name",
        ),
        ("/matters", {"matters": [{"key": "a", "tier": "county"}]}, "api.missing_field", "matters[0].name"),
        (
            "/matters",
            {"matters": [{"key": "a", "name": "\u0007", "tier": "county"}]},
            "api.control_characters",
            "matters[0].name",
        ),
    ],
)
async def test_what_cannot_be_recorded_is_refused_with_its_field(
    hall: RegistersHall, path: str, body: dict[str, object], code: str, field: str
) -> None:
    answer = await (await hall.at(PANAN, "top-administrator")).post(path, body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)


async def test_a_document_is_recorded_once_and_by_an_administrator(hall: RegistersHall) -> None:
    await published(hall, PANAN, "/entrustments", entrustment())
    again = await (await hall.at(PANAN, "top-administrator")).post("/entrustments", entrustment())
    assert (again.status_code, again.json()["code"]) == (422, "entrustment.exists")
    forbidden = await (await hall.at(PANAN, "top-leader")).post("/entrustments", entrustment(document="b"))
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "register.forbidden")


async def end(hall: RegistersHall, document: str, last_day: str) -> None:
    await published(hall, PANAN, "/entrustments/end", {"document": document, "ends_on": last_day})


@pytest.mark.clause("PA-17")
@pytest.mark.clause("PA-R25")
async def test_what_a_department_entrusted_decides_scope_and_clocks_and_its_end_changes_only_what_follows(
    hall: RegistersHall,
) -> None:
    await published(hall, PANAN, "/entrustments", entrustment(matters=["subsidy"]))
    clerk = await hall.at(PANAN, "middle-clerk")
    procedure = {"reason": "statutory_procedure", "until": "2026-03-04"}
    entrusted = await clerk.accepted(matter="subsidy", department=FIRST)
    assert (await clerk.case(entrusted))["own_liaisons"] == []
    await clerk.must(entrusted, "pause", **procedure)
    # Not among the matters of the document: the window speaks with the department, and nothing waits for it.
    other = await clerk.accepted(matter="licence", department=FIRST)
    assert [unit["code"] for unit in (await clerk.case(other))["own_liaisons"]] == [FIRST]
    refused = await clerk.refused(other, "pause", **procedure)
    assert (refused["code"], refused["field"]) == ("pause.liaison_is_the_windows", "reason")
    assert "民政局" in refused["message"]
    person = next(clock for clock in (await clerk.case(other))["clocks"] if clock["name"] == "person")
    assert person["state"] == "running"
    await clerk.must(other, "pause", reason="waiting_for_papers", until="2026-03-04")
    # The document ends today: from tomorrow on nothing more is decided by it, and what was done stands.
    await end(hall, "甲委〔2026〕3号", "2026-03-02")
    hall.pass_time(days=1)
    kept = await clerk.case(entrusted)
    assert {clock["name"]: clock["state"] for clock in kept["clocks"]}["person"] == "paused"
    assert (await clerk.last(entrusted, "Paused"))["details"]["reason"] == "statutory_procedure"
    await clerk.must(entrusted, "resume")
    assert (await clerk.refused(entrusted, "pause", **procedure))["code"] == "pause.liaison_is_the_windows"
    # The third exclusion by the same document: what was refused yesterday may be proposed today.
    declinable = await clerk.bring(matter="subsidy", department=FIRST)
    await clerk.must(declinable, "propose-decline", ground=exclusion(hall), explanation="只涉及一个部门")
    await published(hall, PANAN, "/entrustments", entrustment(document="甲委〔2026〕5号", signed_on="2026-03-03"))
    again = await clerk.bring(matter="subsidy", department=FIRST)
    barred = await clerk.refused(again, "propose-decline", ground=exclusion(hall), explanation="只涉及一个部门")
    assert (barred["code"], barred["parameters"]["document"]) == ("decline.matter_is_entrusted", "甲委〔2026〕5号")
    await clerk.must(entrusted, "pause", **procedure)


@pytest.mark.clause("PA-R25", part="a department that was ordered is not waited for either, and the page says so")
async def test_an_ordered_department_that_entrusted_nothing_is_not_waited_for(hall: RegistersHall) -> None:
    clerk = await hall.at(PANAN, "middle-clerk")
    case_id = await clerk.accepted()
    assert (await clerk.case(case_id))["own_liaisons"] == []
    await clerk.must(case_id, "issue-order", to_unit=FIRST, request="核实资格")
    refused = await clerk.refused(case_id, "pause", reason="waiting_for_upper_level", until="2026-03-04")
    assert refused["code"] == "pause.liaison_is_the_windows"
    browser = await at_page(hall, "middle-clerk", PANAN)
    assert "没有委托给窗口的部门：民政局" in (await browser.open(f"/cases/{case_id}")).text


async def sink(hall: RegistersHall) -> None:
    town = {"key": "subsidy", "name": "护理补贴", "tier": "town", "papers": ["身份证", "残疾证"]}
    county = {"key": "licence", "name": "许可", "tier": "county", "department": unit_code(XIAOSHAN, "first")}
    await published(hall, XIAOSHAN, "/matters", {"matters": [town, county]})


@pytest.mark.clause("XS-03")
async def test_a_sunk_matter_brought_to_the_district_is_handed_down_to_the_town(hall: RegistersHall) -> None:
    await sink(hall)
    clerk = await hall.at(XIAOSHAN, "top-clerk")
    listed = {each["key"]: each for each in (await clerk.get("/matters")).json()}
    assert (listed["subsidy"]["tier"], listed["subsidy"]["papers"]) == ("town", ["身份证", "残疾证"])
    case_id = await clerk.bring(matter="subsidy")
    assert (await clerk.refused(case_id, "accept"))["code"] == "matter.hand_down"
    await clerk.must(case_id, "hand-down", to_unit=TOWN, reason="已下沉")
    town = await hall.at(XIAOSHAN, "middle-clerk")
    assert (await town.refused(case_id, "return", reason="不想办"))["code"] == "matter.not_returned"
    await town.must(case_id, "accept")
    own = await clerk.accepted(matter="licence")
    assert (await clerk.case(own))["stage"] == "accepted"


@pytest.mark.clause("XS-03")
async def test_only_what_the_town_cannot_do_climbs_and_it_says_why(hall: RegistersHall) -> None:
    await sink(hall)
    village = await hall.at(XIAOSHAN, "bottom-clerk")
    case_id = await village.bring(matter="subsidy")
    assert (await village.refused(case_id, "accept"))["code"] == "matter.send_up"
    await village.must(case_id, "escalate", reason="镇里办理")
    town = await hall.at(XIAOSHAN, "middle-clerk")
    await town.must(case_id, "accept")
    refusal = await town.refused(case_id, "escalate", reason="请区里办")
    assert (refusal["code"], refusal["field"]) == ("matter.cannot_do_missing", "cannot_do")
    await town.must(case_id, "escalate", reason="请区里办", cannot_do="系统权限在区民政局")
    county = await hall.at(XIAOSHAN, "top-clerk")
    assert (await county.case(case_id))["holder_unit"]["code"] == TOP
    assert (await county.last(case_id, "Escalated"))["details"]["cannot_do"] == "系统权限在区民政局"


@pytest.mark.clause("XS-03", part="what came up from the town is the district's")
async def test_what_came_up_before_it_was_accepted_is_accepted_above(hall: RegistersHall) -> None:
    await sink(hall)
    town = await hall.at(XIAOSHAN, "middle-clerk")
    case_id = await town.bring(matter="subsidy")
    await town.must(case_id, "escalate", reason="请区里办", cannot_do="本镇没有权限")
    await (await hall.at(XIAOSHAN, "top-clerk")).must(case_id, "accept")


async def test_a_matter_that_is_not_in_the_catalogue_is_refused(hall: RegistersHall) -> None:
    await sink(hall)
    clerk = await hall.at(XIAOSHAN, "top-clerk")
    answer = await clerk.post("/cases", clerk.body(matter="nothing"))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422, "registration.unknown_matter", "matter",
    )  # fmt: skip
