"""What is done about one case: causes, tools, services, aid, orders, guidance, faults, and who follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.hall import NEIXIANG, PANAN, PANZHIHUA, unit_code
from tests.window.browsing import at_page

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall


@pytest.mark.clause("PZ-05")
async def test_the_cause_is_coded_by_the_tenants_codes_and_figures_follow_them(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANZHIHUA, "top-clerk")
    case_id = await clerk.accepted()
    wrong = await clerk.refused(case_id, "code-cause", cause="bad_weather")
    assert (wrong["code"], wrong["field"]) == ("record.unknown_choice", "cause")
    for cause in ("papers_incomplete", "rules_read_rigidly", "poor_skill_or_attitude", "policy_forbids"):
        await clerk.must(case_id, "code-cause", cause=cause)
    coded = [entry["details"]["cause"] for entry in await clerk.history(case_id) if entry["type"] == "CauseCoded"]
    assert coded == ["papers_incomplete", "rules_read_rigidly", "poor_skill_or_attitude", "policy_forbids"]
    await clerk.must(await clerk.accepted(), "code-cause", cause="policy_forbids")
    figures = {
        each["name"]: each["value"] for each in (await clerk.get("/figures")).json() if each["unit"] == clerk.unit
    }
    assert [figures[f"cause:{cause}"] for cause in coded] == [1, 1, 1, 2]


@pytest.mark.clause("PZ-06")
async def test_the_chief_of_the_window_settles_a_case_by_a_policy_tool_with_its_basis(open_hall: OpenHall) -> None:
    clerk, chief = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "top-leader")
    case_id = await clerk.accepted()
    basis = "证明事项告知承诺制实施方案"
    refused = await clerk.refused(case_id, "use-policy-tool", tool="commitment_certificates", basis=basis)
    assert refused["code"] == "api.forbidden"
    await chief.must(case_id, "use-policy-tool", tool="commitment_certificates", basis=basis)
    used = await clerk.last(case_id, "PolicyToolUsed")
    assert used["details"]["basis"] == basis
    assert used["actor"]["name"] == "测试top-leader"


@pytest.mark.clause("PZ-07")
async def test_four_services_are_booked_and_what_policy_forbids_is_explained_on_one_case(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "top-leader")
    case_id = await clerk.accepted(title="异地户籍申领补贴，本人行动不便")
    forms = ("appointment", "after_hours", "at_home", "helper")
    for number, form in enumerate(forms, start=1):
        await clerk.must(case_id, "book-service", form=form, on="2026-03-04", helper="帮办员吴某", note="行动不便")
        await clerk.must(case_id, "complete-service", number=number, took_place=True)
    explanation = "户籍不在本市，按补贴办法第四条不能发放；已上门逐条解释，并告知户籍地窗口电话。"
    await clerk.must(case_id, "code-cause", cause="policy_forbids", note="补贴办法第四条")
    await clerk.must(case_id, "offer-aid", programme="disability", note="残疾人帮扶")
    await clerk.must(case_id, "record-aid-answer", number=1, taken_up=True)
    await clerk.must(case_id, "propose-result", outcome="cannot_be_done", answer=explanation)
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "give-answer", text=explanation)
    told = await clerk.case(case_id)
    assert [(each["form"], each["took_place"]) for each in told["record"]["services"]] == [(f, True) for f in forms]
    assert (told["outcome"], told["answer"], told["record"]["causes"]) == (
        "cannot_be_done", explanation, ["policy_forbids"],
    )  # fmt: skip
    given = await clerk.last(case_id, "AnswerGiven")
    assert (given["details"]["text"], given["actor"]["name"]) == (explanation, "测试top-clerk")


@pytest.mark.clause("PZ-07", part="the four services are booked, and what came of each is recorded")
async def test_services_are_booked_on_a_case_and_what_came_of_them_is_recorded(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANZHIHUA, "top-clerk")
    case_id = await clerk.accepted()
    for number, form in enumerate(("appointment", "after_hours", "at_home", "helper"), start=1):
        await clerk.must(case_id, "book-service", form=form, on="2026-03-04", helper="帮办员吴某", note="下班后")
        await clerk.must(case_id, "complete-service", number=number, took_place=number != 3, note="")
    past = await clerk.refused(case_id, "book-service", form="at_home", on="2026-02-27")
    assert (past["code"], past["field"]) == ("service.in_the_past", "on")
    rendered = [entry["details"] for entry in await clerk.history(case_id) if entry["type"] == "ServiceRendered"]
    assert [each["took_place"] for each in rendered] == [True, True, False, True]


@pytest.mark.clause("PZ-08")
@pytest.mark.clause("PZ-07", part="where policy forbids, the explanation given is recorded")
async def test_who_is_barred_by_policy_is_offered_aid_before_the_no(open_hall: OpenHall) -> None:
    clerk, chief = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "top-leader")
    case_id = await clerk.accepted()
    barred = {"outcome": "cannot_be_done", "answer": "户籍不在本市，政策不允许；已说明依据。"}
    assert (await clerk.refused(case_id, "propose-result", **barred))["code"] == "result.cause_missing"
    await clerk.must(case_id, "code-cause", cause="policy_forbids")
    assert (await clerk.refused(case_id, "propose-result", **barred))["code"] == "result.aid_not_offered"
    await clerk.must(case_id, "offer-aid", programme="low_income", note="低保帮扶")
    await clerk.must(case_id, "record-aid-answer", number=1, taken_up=True)
    await clerk.must(case_id, "propose-result", **barred)
    await chief.must(case_id, "verify-result")
    await clerk.must(case_id, "give-answer", text=barred["answer"])
    assert (await clerk.last(case_id, "AidAnswered"))["details"]["taken_up"] is True
    ended = await clerk.case(case_id)
    assert (ended["outcome"], ended["answer"]) == ("cannot_be_done", barred["answer"])


async def at_fault(hall: OpenHall) -> tuple[Desk, Desk, str]:
    """A department said one thing, the window told the person another, and the person came back."""
    clerk, officer = await hall.at(PANZHIHUA, "top-clerk"), await hall.at(PANZHIHUA, "first-officer")
    leader = await hall.at(PANZHIHUA, "top-leader")
    case_id = await clerk.accepted(case_type="ordinary")
    await clerk.must(case_id, "issue-order", to_unit=unit_code(PANZHIHUA, "first"), request="核实资格")
    await officer.must(case_id, "answer-order", number=1, reply="result", text="资格符合，下月补发")
    await clerk.must(case_id, "give-answer", text="资格不符")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="资格不符")
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "revisit", satisfied=False, rating=1, comment="说法不一")
    return clerk, leader, case_id


@pytest.mark.clause("PZ-11")
@pytest.mark.clause("NX-11", part="dissatisfied: in hand again, and the fault stands with an opinion on handling")
async def test_a_fault_is_attributed_with_both_texts_side_by_side(open_hall: OpenHall) -> None:
    clerk, leader, case_id = await at_fault(open_hall)
    assert (await clerk.case(case_id))["round"] == 2
    await leader.must(case_id, "attribute-fault", side="window", order_number=1, opinion="未按部门答复转达，批评教育")
    fault = (await clerk.last(case_id, "FaultAttributed"))["details"]
    assert fault["department_text"] == "资格符合，下月补发"
    assert fault["told_text"] == "资格不符"
    assert (fault["side"], fault["opinion"]) == ("window", "未按部门答复转达，批评教育")
    assert fault["unit"] == clerk.unit
    assert (await notices(clerk))["fault_of_unit"].endswith("未按部门答复转达，批评教育")


async def notices(desk: Desk) -> dict[str, str]:
    """By the first word of their kind: what is said to this one in person."""
    found = (await desk.get("/alerts")).json()
    return {each["kind"].partition(":")[0]: each["detail"] for each in found if each["is_yours"]}


@pytest.mark.clause("NX-11")
async def test_a_fault_is_reported_to_the_unit_and_to_the_leader_with_an_opinion(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(NEIXIANG, "top-clerk"), await open_hall.at(NEIXIANG, "top-leader")
    officer, other = await open_hall.at(NEIXIANG, "first-officer"), await open_hall.at(NEIXIANG, "second-officer")
    chief = await open_hall.at(NEIXIANG, "top-chief")
    first = unit_code(NEIXIANG, "first")
    case_id = await clerk.accepted()
    assert (await officer.get(f"/cases/{case_id}")).status_code == 404
    await clerk.must(case_id, "give-answer", text="已办结")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="已办结")
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "revisit", satisfied=False, rating=1, comment="没有办成")
    again = await clerk.case(case_id)
    assert (again["round"], again["stage"]) == (2, "in_hand")
    opinion = "窗口人员未核实就告知办结，批评教育，三日内上门说明"
    await leader.must(case_id, "attribute-fault", side="window", unit=first, staff_name="吴某", opinion=opinion)
    said = (await clerk.last(case_id, "FaultAttributed"))["details"]
    assert (said["staff_name"], said["opinion"]) == ("吴某", opinion)
    assert await notices(officer) == {"fault_of_unit": f"民政局：{opinion}"}
    assert await notices(chief) == {"fault_to_leader": f"民政局：{opinion}"}
    assert await notices(other) == {}
    assert [each["kind"] for each in (await chief.case(case_id))["alerts"]] == [f"fault_to_leader:1:{first}"]
    assert (await officer.case(case_id))["record"]["faults"][0]["opinion"] == opinion
    kind = f"fault_of_unit:1:{first}"
    stranger = await chief.post(f"/cases/{case_id}/acknowledge", {"kind": kind})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "api.forbidden")
    seen = await officer.post(f"/cases/{case_id}/acknowledge", {"kind": kind})
    assert seen.status_code == 200, seen.text
    assert (await notices(officer), await notices(chief)) == ({}, {"fault_to_leader": f"民政局：{opinion}"})
    twice = await officer.post(f"/cases/{case_id}/acknowledge", {"kind": kind})
    assert (twice.status_code, twice.json()["code"]) == (409, "alert.not_open")


@pytest.mark.clause("NX-11", part="the report at the page of the leader, who acknowledges it there")
async def test_the_leader_acknowledges_a_reported_fault_at_the_page(open_hall: OpenHall) -> None:
    _, leader, case_id = await at_fault(open_hall)
    await leader.must(case_id, "attribute-fault", side="department", order_number=1, opinion="责令整改")
    await leader.must(case_id, "attribute-fault", side="none", order_number=1, opinion="双方都无过错")
    browser = await at_page(open_hall, "top-chief", PANZHIHUA)
    page = await browser.open("/cases/alerts")
    assert "责任认定通报，请领导签阅" in page.text
    assert "民政局：责令整改" in page.text
    assert "双方都无过错" not in page.text
    after = await browser.submit(page, f"/cases/{case_id}/acknowledge")
    assert "责令整改" not in after.text


@pytest.mark.clause("PZ-03")
@pytest.mark.clause("PZ-10", part="departments work behind the window, which alone tells the person")
async def test_one_officer_takes_it_orders_it_answers_and_follows_it_to_the_end(open_hall: OpenHall) -> None:
    clerk, officer = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "first-officer")
    leader = await open_hall.at(PANZHIHUA, "top-leader")
    case_id = await clerk.accepted(case_type="ordinary")
    await clerk.must(case_id, "issue-order", to_unit=unit_code(PANZHIHUA, "first"), request="核实资格", handler="李某")
    clocks = {clock["name"]: clock for clock in (await clerk.case(case_id))["clocks"]}
    assert clocks["order:1"]["due_day"] == "2026-03-04"
    for command, body in (
        ("give-answer", {"text": "我来说"}),
        ("revisit", {"satisfied": True, "rating": 5}),
        ("accept", {}),
    ):
        assert (await officer.refused(case_id, command, **body))["code"] == "api.forbidden"
    await officer.must(case_id, "answer-order", number=1, reply="result", text="资格符合，已补发")
    await clerk.must(case_id, "give-answer", text="已补发")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="已补发")
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "revisit", satisfied=True, rating=5)
    assert (await clerk.must(case_id, "strike-off"))["stage"] == "struck_off"
    steps = [
        entry["actor"]["name"] for entry in await clerk.history(case_id) if entry["type"] in {"Accepted", "Revisited"}
    ]
    assert steps == ["测试top-clerk", "测试top-clerk"]


@pytest.mark.clause("PA-R9")
async def test_the_department_says_in_writing_which_documents_it_wants(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANAN, "top-clerk")
    case_id = await clerk.accepted()
    await clerk.must(
        case_id, "issue-guidance", department=unit_code(PANAN, "first"), documents="营业执照复印件；场地证明",
        conditions="场地在城镇开发边界内", said_by="王某", said_how="paper",
    )  # fmt: skip
    guidance = (await clerk.last(case_id, "GuidanceIssued"))["details"]
    assert guidance["documents"] == "营业执照复印件；场地证明"
    half = await clerk.refused(
        case_id, "issue-guidance", department=unit_code(PANAN, "first"), documents="某件", said_by="王某"
    )
    assert (half["code"], half["field"]) == ("record.said_half", "said_how")


@pytest.mark.clause("PA-R9", part="the department issues it by its own account, and for itself alone")
async def test_a_department_that_was_asked_says_and_records_what_is_its_own(open_hall: OpenHall) -> None:
    clerk, officer = await open_hall.at(PANAN, "top-clerk"), await open_hall.at(PANAN, "first-officer")
    other = await open_hall.at(PANAN, "second-officer")
    first, second = unit_code(PANAN, "first"), unit_code(PANAN, "second")
    case_id = await clerk.accepted(department=first)
    await officer.must(case_id, "issue-guidance", department=first, documents="营业执照复印件")
    issued = await clerk.last(case_id, "GuidanceIssued")
    assert (issued["actor"]["name"], issued["details"]["said_by"]) == ("测试first-officer", "")
    elses = await officer.refused(case_id, "issue-guidance", department=second, documents="某件")
    assert (elses["code"], elses["field"]) == ("record.only_your_own", "department")
    assert (await other.give(case_id, "issue-guidance", department=second, documents="某件")).status_code == 404
    await clerk.must(case_id, "issue-order", to_unit=second, request="现场踏勘", limit_workdays=2)
    step = clerk.profile.steps[0].key
    await other.must(case_id, "record-step", step=step, note="已到现场")
    taken = await clerk.last(case_id, "StepRecorded")
    assert (taken["details"]["by_unit"], taken["actor"]["name"]) == (second, "测试second-officer")
    elses = await other.refused(case_id, "record-step", step=step, by_unit=first)
    assert (elses["code"], elses["field"]) == ("record.only_your_own", "by_unit")
    browser = await at_page(open_hall, "second-officer", PANAN)
    page = await browser.open(f"/cases/{case_id}")
    after = await browser.submit(page, f"/cases/{case_id}/record-step", step=step, by_unit=second, note="复勘")
    assert "复勘" in after.text


@pytest.mark.clause("PZ-10")
async def test_the_window_alone_deals_with_the_person_and_departments_work_behind_it(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "top-leader")
    officer = await open_hall.at(PANZHIHUA, "first-officer")
    first = unit_code(PANZHIHUA, "first")
    refused = await officer.post("/cases", {**clerk.body(), "unit": first})
    assert (refused.status_code, refused.json()["code"]) == (403, "api.forbidden")
    case_id = await clerk.accepted(case_type="ordinary")
    await clerk.must(case_id, "issue-order", to_unit=first, request="核实资格")
    person = {"name": "吴某某", "phone": "00033334444"}
    windows_alone: tuple[tuple[str, dict[str, Any]], ...] = (
        ("add-joint-person", person),
        ("require-paper", {"name": "银行流水", "due_on": "2026-03-04"}),
        ("issue-order", {"to_unit": unit_code(PANZHIHUA, "second"), "request": "核实"}),
        ("pass-to-body", {"body": "邻市窗口", "helper": "吴某", "reason": "参保地在邻市"}),
        ("give-answer", {"text": "我来说"}),
        ("propose-result", {"outcome": "solved", "answer": "我来说"}),
        ("revisit", {"satisfied": True, "rating": 5}),
        ("strike-off", {}),
    )
    for command, body in windows_alone:
        assert (await officer.refused(case_id, command, **body))["code"] == "api.forbidden"
    await clerk.must(case_id, "add-joint-person", **person)
    await clerk.must(case_id, "require-paper", name="银行流水", due_on="2026-03-04")
    await clerk.must(case_id, "record-required-paper", number=1)
    await officer.must(case_id, "answer-order", number=1, reply="result", text="资格符合，已补发")
    await clerk.must(case_id, "give-answer", text="已补发")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="已补发")
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "revisit", satisfied=True, rating=5)
    assert (await clerk.must(case_id, "strike-off"))["stage"] == "struck_off"
    # Everybody who spoke with the person is of the window; the department is heard by the window alone.
    met = {
        "Registered",
        "JointPersonAdded",
        "PaperRequired",
        "RequiredPaperCame",
        "OrderIssued",
        "AnswerGiven",
        "Revisited",
    }
    entries = await clerk.history(case_id)
    assert {entry["unit"]["code"] for entry in entries if entry["type"] in met} == {clerk.unit}
    assert {entry["type"] for entry in entries if entry["unit"]["code"] == first} == {"OrderAnswered"}


@pytest.mark.clause("NX-16")
async def test_the_clerk_goes_along_follows_the_case_and_hands_the_duty_over_on_record(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(NEIXIANG, "top-clerk")
    case_id = await clerk.accepted()
    await clerk.must(case_id, "record-step", step="taken_to_zone", note="带到不动产登记服务区")
    assert (await clerk.last(case_id, "StepRecorded"))["details"]["step"] == "taken_to_zone"
    await clerk.must(case_id, "hand-over-duty", to_staff="s-top-deputy", reason="本人下班")
    handed = (await clerk.last(case_id, "DutyHandedOver"))["details"]
    assert (handed["to_name"], handed["reason"]) == ("测试top-deputy", "本人下班")


@pytest.mark.clause("NX-08")
async def test_nobody_says_no_without_a_report_that_somebody_else_approves(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(NEIXIANG, "top-clerk"), await open_hall.at(NEIXIANG, "top-leader")
    case_id = await clerk.accepted(case_type="barred")
    await clerk.must(case_id, "code-cause", cause="policy_forbids")
    await clerk.must(case_id, "propose-result", outcome="cannot_be_done", answer="政策不允许，已说明依据")
    told = await clerk.refused(case_id, "give-answer", text="不能办")
    assert told["code"] == "answer.no_needs_approval"
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "give-answer", text="不能办，依据如下")
    assert (await clerk.case(case_id))["answer"] == "不能办，依据如下"


@pytest.mark.clause("NX-03", part="a level is raised one by one, with its reason")
async def test_the_response_is_raised_level_by_level_and_skips_none(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(NEIXIANG, "top-clerk")
    case_id = await clerk.accepted(case_type="simple")
    skipped = await clerk.refused(case_id, "raise-level", level="level_1", reason="直接上会")
    assert (skipped["code"], skipped["field"]) == ("level.not_the_next", "level")
    await clerk.must(case_id, "raise-level", level="level_2", reason="需部门内部协调")
    await clerk.must(case_id, "raise-level", level="level_1", reason="一事一议")
    raised = [entry["details"]["level"] for entry in await clerk.history(case_id) if entry["type"] == "LevelRaised"]
    assert raised == ["level_2", "level_1"]


async def test_an_officer_comes_first_to_the_orders_that_wait_for_an_answer(open_hall: OpenHall) -> None:
    """A department holds no case: the list of what it holds is no place to begin, and its order comes first."""
    clerk = await open_hall.at(PANAN, "top-clerk")
    done, waits = await clerk.accepted(title="已经答复的事"), await clerk.accepted(title="等部门的事")
    for case_id in (done, waits):
        await clerk.must(case_id, "issue-order", to_unit=unit_code(PANAN, "first"), request="说明缺哪些材料")
    await clerk.must(done, "answer-order", number=1, reply="result", text="齐了", said_by="王某", said_how="phone")
    browser = await at_page(open_hall, "first-officer", PANAN)
    first = await browser.open("/")
    assert (first.answer.url.path, "等部门的事" in first.text, "已经答复的事" in first.text) == (
        "/cases/missing", True, False,
    )  # fmt: skip
    assert "部门不承办案件。" in (await browser.open("/cases")).text
    page = (await browser.open(f"/cases/{waits}")).answer.text
    assert page.index('id="form-answer-order"') < page.index('<details class="group"')
    assert (await (await at_page(open_hall, "top-clerk", PANAN)).open("/")).answer.url.path == "/cases"
