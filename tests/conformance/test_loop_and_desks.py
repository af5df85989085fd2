"""What the loop still lacks, papers that come later, and who stands in for whom, as programs and pages have it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.conformance.hall import PANAN, PANZHIHUA, XIAOSHAN, unit_code
from tests.window.browsing import at_page

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall


async def lacking(desk: Desk, step: str) -> list[str]:
    """The ids of the cases that lack the step; as many as the figure says."""
    rows = (await desk.get("/cases", missing=step)).json()["cases"]
    figures = {each["step"]: each["count"] for each in (await desk.get("/cases/missing")).json()}
    assert figures[step] == len(rows)
    return [row["case_id"] for row in rows]


@pytest.mark.clause("PA-09")
async def test_every_case_that_lacks_a_step_of_the_loop_is_listed_at_any_moment(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(PANAN, "top-clerk"), await open_hall.at(PANAN, "top-leader")
    case_id = await clerk.bring()
    for step in ("acceptance", "signature", "file", "answer"):
        assert await lacking(clerk, step) == [case_id]
    await clerk.must(case_id, "add-joint-person", name="吴某某")
    await clerk.must(case_id, "require-paper", name="银行流水", due_on="2026-03-06")
    await clerk.must(case_id, "accept")
    assert await lacking(clerk, "acceptance") == []
    for step in ("classification", "papers", "joint_answer", "result"):
        assert await lacking(clerk, step) == [case_id]
    kind, case_type = clerk.body()["kind"], clerk.profile.case_types[0].key
    await clerk.must(case_id, "classify", kind=kind, case_type=case_type)
    await clerk.must(case_id, "issue-order", to_unit=unit_code(PANAN, "first"), request="请核实", limit_workdays=3)
    assert await lacking(clerk, "order") == [case_id]
    officer = await open_hall.at(PANAN, "first-officer")
    assert await lacking(officer, "order") == [case_id]
    await officer.must(case_id, "answer-order", number=1, reply="result", text="已核实，下月补发")
    assert await lacking(officer, "order") == []
    await clerk.must(case_id, "record-required-paper", number=1)
    await clerk.must(case_id, "give-answer", text="下月补发")
    for step in ("papers", "answer", "joint_answer"):
        assert await lacking(clerk, step) == []
    await clerk.must(case_id, "propose-result", outcome="solved", answer="下月补发")
    assert await lacking(clerk, "verification") == [case_id]
    await leader.must(case_id, "verify-result")
    assert await lacking(clerk, "revisit") == [case_id]
    await clerk.must(case_id, "revisit", satisfied=True, rating=5)
    assert await lacking(clerk, "closing") == [case_id]
    await clerk.must(case_id, "strike-off")
    counts = {each["count"] for each in (await clerk.get("/cases/missing")).json()}
    assert counts == {0}


async def test_what_is_missing_is_listed_by_due_date_only(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANAN, "top-clerk")
    answer = await clerk.get("/cases", missing="answer", sort="registered_at")
    assert (answer.status_code, answer.json()["code"]) == (422, "ledger.sort_not_indexed")


@pytest.mark.clause("PA-R24")
async def test_papers_that_are_missing_are_listed_with_their_day_and_chased(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANAN, "top-clerk")
    case_id = await clerk.bring()
    await clerk.must(case_id, "require-paper", name="银行流水", due_on="2026-03-04")
    await clerk.must(case_id, "accept")
    missing = (await clerk.case(case_id))["record"]["required_papers"]
    assert [(each["name"], each["due_on"], each["came_at"]) for each in missing] == [("银行流水", "2026-03-04", None)]
    await open_hall.pass_until(datetime(2026, 3, 5, 2, 0, tzinfo=UTC), PANAN)
    chased = [entry for entry in await clerk.history(case_id) if entry["details"].get("clock") == "paper:1"]
    assert chased
    assert (await clerk.case(case_id))["record"]["required_papers"][0]["is_over"]
    await clerk.must(case_id, "record-required-paper", number=1)
    assert (await clerk.case(case_id))["record"]["required_papers"][0]["came_at"] is not None


@pytest.mark.clause("PA-R7")
async def test_who_stands_in_has_the_same_duties_and_each_act_shows_who_did_it(open_hall: OpenHall) -> None:
    first, second = await open_hall.at(PANAN, "top-clerk"), await open_hall.at(PANAN, "top-deputy")
    case_id = await first.bring()

    def given(case: dict[str, list[dict[str, str]]]) -> set[str]:
        return {action["name"] for action in case["actions"] if action["allowed"]}

    assert given(await first.case(case_id)) == given(await second.case(case_id))
    await second.must(case_id, "accept")
    entries = await first.history(case_id)
    assert [entry["actor"]["staff"] for entry in entries if entry["type"] in {"Registered", "Accepted"}] == [
        "s-top-clerk",
        "s-top-deputy",
    ]
    assert (await first.case(case_id))["record"]["officer"]["staff"] == "s-top-clerk"
    await first.must(case_id, "hand-over-duty", to_staff="s-top-deputy", reason="轮岗")
    officer = (await first.case(case_id))["record"]["officer"]
    assert (officer["staff"], officer["name"]) == ("s-top-deputy", "测试top-deputy")
    refused = await first.refused(case_id, "hand-over-duty", to_staff="s-bottom-clerk", reason="不是本单位的")
    assert refused["code"] == "duty.unknown_staff"


@pytest.mark.clause("PZ-06", part="the chief of the window, and nobody else, uses a policy tool")
async def test_who_uses_a_policy_tool_is_the_tenants_to_say(open_hall: OpenHall) -> None:
    clerk, chief = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "top-leader")
    coordinator = await open_hall.at(PANZHIHUA, "top-coordinator")
    case_id = await clerk.accepted()
    tool = clerk.profile.policy_tools[0].key
    for caller in (clerk, coordinator):
        refused = await caller.refused(case_id, "use-policy-tool", tool=tool, basis="办法第三条")
        assert (refused["code"], refused["parameters"]["roles"]) == ("api.forbidden", "duty_leader")
    await chief.must(case_id, "use-policy-tool", tool=tool, basis="办法第三条")
    assert (await clerk.case(case_id))["record"]["policy_tools"] == [tool]


@pytest.mark.clause("PZ-10", part="the department sees the order and answers it; all else is the window's")
async def test_a_department_sees_what_it_was_ordered_and_may_only_answer(open_hall: OpenHall) -> None:
    clerk, officer = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "first-officer")
    other = await open_hall.at(PANZHIHUA, "second-officer")
    case_id = await clerk.accepted()
    assert (await officer.get(f"/cases/{case_id}")).status_code == 404
    await clerk.must(case_id, "issue-order", to_unit=officer.unit, request="请核实", limit_workdays=3)
    assert (await other.get(f"/cases/{case_id}")).status_code == 404
    seen = await officer.case(case_id)
    assert not seen["person_masked"]
    # A note is asked of the holder.
    assert {each["name"] for each in seen["actions"] if each["allowed"]} == {
        "answer-order", "issue-guidance", "record-step", "add-note",
    }  # fmt: skip
    assert [row["case_id"] for row in (await officer.get("/cases")).json()["cases"]] == [case_id]


async def test_the_page_of_a_case_shows_its_record_seal_and_groups_in_both_languages(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(XIAOSHAN, "top-clerk")
    case_id = await clerk.accepted(person={"name": "周某某", "identity_number": "000109190001010000"})
    await clerk.must(case_id, "require-paper", name="银行流水", due_on="2026-03-06")
    page = await (await at_page(open_hall, "top-clerk", XIAOSHAN)).open(f"/cases/{case_id}")
    for text in ("办NO.成事", "登记与办理情况", "银行流水", "登记材料", "移交与期限", "请核对：证件号码", "材料未补齐"):
        assert text in page.text
    assert f"/cases/{case_id}/raise-level" not in page.forms
    english = await (await at_page(open_hall, "top-clerk", XIAOSHAN, "en")).open(f"/cases/{case_id}")
    for text in ("On record", "papers missing", "Custody and limits", "It will be done"):
        assert text in english.text


@pytest.mark.clause("XS-14", part="who supervises urges at the page and can do nothing else")
async def test_who_supervises_urges_at_the_page(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(XIAOSHAN, "middle-clerk")
    case_id = await clerk.accepted(channel="supervision_station")
    browser = await at_page(open_hall, "middle-supervisor", XIAOSHAN)
    page = await browser.open(f"/cases/{case_id}")
    assert [action for action in page.forms if case_id in action] == [f"/cases/{case_id}/urge"]
    after = await browser.submit(page, f"/cases/{case_id}/urge", text="请召开会诊", wants="会诊")
    assert "请召开会诊" in after.text
    assert (await clerk.case(case_id))["record"]["urged"] == 1
