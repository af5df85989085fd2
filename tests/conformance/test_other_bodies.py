"""What is not of this level or place is handed to the right body with a helper, and tracked; levels act together."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from tests.conformance.hall import NEIXIANG, PANZHIHUA, SHANTING, unit_code

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall


@pytest.mark.clause("ST-06")
@pytest.mark.clause("PZ-09", part="not of this level or place: handed on with a helper, and tracked")
@pytest.mark.parametrize("tenant", [SHANTING, PANZHIHUA])
async def test_a_matter_of_another_place_is_taken_there_by_a_helper_and_tracked_until_it_is_done(
    open_hall: OpenHall, tenant: str
) -> None:
    clerk = await open_hall.at(tenant, "top-clerk")
    case_id = await clerk.accepted(title="邻区的社保关系转移")
    await clerk.must(
        case_id, "pass-to-body", body="邻区政务服务中心", helper="帮办员吴某", reason="参保地在邻区", limit_workdays=3
    )
    passed = await clerk.last(case_id, "PassedToBody")
    assert (passed["details"]["body"], passed["details"]["helper"]) == ("邻区政务服务中心", "帮办员吴某")
    clocks = {clock["name"]: clock for clock in (await clerk.case(case_id))["clocks"]}
    assert clocks["body:1"]["due_day"] == "2026-03-05"

    await clerk.must(case_id, "record-body-reply", number=1, text="已收件，等待转出地盖章", done=False)
    still = {clock["name"]: clock for clock in (await clerk.case(case_id))["clocks"]}
    assert still["body:1"]["state"] == "running"
    await clerk.must(case_id, "record-body-reply", number=1, text="已转入", done=True)
    done = {clock["name"]: clock for clock in (await clerk.case(case_id))["clocks"]}
    assert done["body:1"]["state"] == "stopped"
    again = await clerk.refused(case_id, "record-body-reply", number=1, text="再说一次", done=True)
    assert again["code"] == "body.already_done"


@pytest.mark.clause("ST-06", part="nobody forgets what another body has")
async def test_a_body_that_does_not_answer_is_noticed(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(SHANTING, "top-clerk")
    case_id = await clerk.accepted()
    await clerk.must(case_id, "pass-to-body", body="邻区中心", helper="吴某", reason="参保地在邻区", limit_workdays=1)
    await open_hall.pass_until(open_hall.now.replace(day=9), SHANTING)
    passed = [
        entry for entry in await clerk.history(case_id)
        if entry["type"] in {"DeadlinePassed", "DeadlineReminded"} and entry["details"]["clock"] == "body:1"
    ]  # fmt: skip
    assert passed


@pytest.mark.clause("PZ-01")
async def test_levels_and_departments_act_on_one_and_the_same_case(open_hall: OpenHall) -> None:
    town, county = await open_hall.at(PANZHIHUA, "bottom-clerk"), await open_hall.at(PANZHIHUA, "middle-clerk")
    city, officer = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "first-officer")
    case_id = await town.accepted(case_type="ordinary")
    await town.must(case_id, "escalate", reason="乡里办不了")
    await county.must(case_id, "escalate", reason="要市里的部门一起办")
    await city.must(case_id, "issue-order", to_unit=unit_code(PANZHIHUA, "first"), request="核实资格", limit_workdays=2)
    await officer.must(case_id, "answer-order", number=1, reply="result", text="资格符合")
    await city.must(case_id, "hand-down", to_unit=unit_code(PANZHIHUA, "middle"), reason="由县里发放")

    for desk in (town, county, city):
        history = await desk.history(case_id)
        assert [entry["type"] for entry in history].count("Registered") == 1
        assert {"Escalated", "OrderAnswered", "HandedDown"} <= {entry["type"] for entry in history}
    assert (await town.case(case_id))["holder_unit"]["code"] == unit_code(PANZHIHUA, "middle")


@pytest.mark.clause("NX-09", part="process and result stand in the ledger, with who did each, and are kept")
async def test_process_and_result_are_kept_with_the_name_of_whoever_did_each(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(NEIXIANG, "top-clerk"), await open_hall.at(NEIXIANG, "top-leader")
    case_id = await clerk.accepted()
    await clerk.must(case_id, "add-note", text="带到社保服务区，由窗口核实")
    await clerk.must(case_id, "give-answer", text="今日补录")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="已补录")
    await leader.must(case_id, "verify-result")
    entries = {entry["type"]: entry for entry in await clerk.history(case_id)}
    assert entries["NoteAdded"]["actor"]["name"] == "测试top-clerk"
    assert entries["ResultVerified"]["actor"]["name"] == "测试top-leader"


async def ledger_row(desk: Desk) -> dict[str, str]:
    """The newest row of the ledger, by the headings that its readers see."""
    answer = await desk.get("/ledger")
    assert answer.status_code == 200, answer.text
    sheet: Any = load_workbook(BytesIO(answer.content)).active
    rows = list(sheet.values)
    headings = next(row for row in rows if "事项编号" in row)
    row = rows[rows.index(headings) + 1]
    return {str(name): str(value or "") for name, value in zip(headings, row, strict=True)}


@pytest.mark.clause("NX-09")
async def test_the_ledger_has_process_and_result_signed_by_those_concerned(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(NEIXIANG, "top-clerk"), await open_hall.at(NEIXIANG, "top-leader")
    officer = await open_hall.at(NEIXIANG, "first-officer")
    case_id = await clerk.accepted()
    await clerk.must(case_id, "issue-order", to_unit=unit_code(NEIXIANG, "first"), request="核实资格", limit_workdays=2)
    await officer.must(case_id, "answer-order", number=1, reply="result", text="资格符合")
    await clerk.must(case_id, "give-answer", text="今日补录，下月发放")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="今日补录，下月发放")
    before = await ledger_row(clerk)
    assert "核查" not in before["相关人员签字"]
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "revisit", satisfied=True, rating=5)
    await clerk.must(case_id, "strike-off")
    row = await ledger_row(clerk)
    process = row["处理过程及结果"]
    for step in ("登记", "受理", "交办", "部门办结", "答复", "申请办结", "核查", "回访", "办结", "今日补录，下月发放"):
        assert step in process
    assert row["相关人员签字"] == (
        "责任部门：测试first-officer 2026年3月2日；经办：测试top-clerk 2026年3月2日；"
        "核查：测试top-leader 2026年3月2日；回访：测试top-clerk 2026年3月2日"
    )
    parts = [each["part"] for each in (await clerk.case(case_id))["record"]["signers"]]
    assert parts == ["department", "handled", "verified", "revisited"]


@pytest.mark.clause("NX-09", part="another round is signed anew; whoever had to do with it reads its ledger")
async def test_another_round_is_signed_again_and_the_ordered_department_reads_its_ledger(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(NEIXIANG, "top-clerk"), await open_hall.at(NEIXIANG, "top-leader")
    officer, other = await open_hall.at(NEIXIANG, "first-officer"), await open_hall.at(NEIXIANG, "second-officer")
    case_id = await clerk.accepted()
    await clerk.must(case_id, "give-answer", text="已办")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="已办")
    await leader.must(case_id, "verify-result")
    await clerk.must(case_id, "revisit", satisfied=False, rating=1, comment="没有办")
    assert (await ledger_row(clerk))["相关人员签字"] == ""
    await clerk.must(case_id, "issue-order", to_unit=unit_code(NEIXIANG, "first"), request="核实资格", limit_workdays=2)
    assert (await ledger_row(officer))["联系电话"] == "00012345678"
    assert (await other.get(f"/cases/{case_id}")).status_code == 404
