"""Scope, types and limits of the five documents, each at a window that works by its own rules.

Everything is registered on Monday 2 March 2026 at ten; the working days after it are 3 to 6, 9 to 13 and 16 March.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.hall import NEIXIANG, PANAN, PANZHIHUA, SHANTING, XIAOSHAN, unit_code
from tests.kernel.notices import beijing

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall

DAY_0, DAY_2, DAY_3, DAY_5, DAY_7, DAY_10 = (
    "2026-03-02", "2026-03-04", "2026-03-05", "2026-03-09", "2026-03-11", "2026-03-16",
)  # fmt: skip
EXPLANATION = "不在受理范围；已当面说明，并告知可向哪里提出。"


async def clocks(desk: Desk, case_id: str) -> dict[str, Any]:
    """The running clocks of a case, by name."""
    return {clock["name"]: clock for clock in (await desk.case(case_id))["clocks"] if clock["state"] == "running"}


async def due(desk: Desk, case_id: str, clock: str = "person") -> str:
    return str((await clocks(desk, case_id))[clock]["due_day"])


async def turned_away(hall: OpenHall, tenant: str, exclusion: str, **more: Any) -> dict[str, Any]:
    """A case that is refused on that exclusion, with a report that somebody else approves; the refusal's details."""
    clerk, leader = await hall.at(tenant, "top-clerk"), await hall.at(tenant, "top-leader")
    case_id = await clerk.bring()
    await clerk.must(case_id, "propose-decline", ground=exclusion, explanation=EXPLANATION, **more)
    await leader.must(case_id, "approve-decline")
    seen = await clerk.case(case_id)
    assert (seen["stage"], seen["is_closed"]) == ("declined", True)
    details: dict[str, Any] = (await clerk.last(case_id, "Declined"))["details"]
    return details


async def takes_only(clerk: Desk, *grounds: str) -> None:
    """Each of these grounds is registered and stands in the case; none, or another, is refused."""
    for ground in grounds:
        assert (await clerk.case(await clerk.bring(ground=ground)))["ground"] == ground
    without = await clerk.post("/cases", clerk.body(ground=None))
    assert (without.status_code, without.json()["code"]) == (422, "registration.ground_missing")
    other = await clerk.post("/cases", clerk.body(ground="something_else"))
    assert (other.status_code, other.json()["code"]) == (422, "registration.unknown_ground")


@pytest.mark.clause("PA-02")
async def test_panan_registers_on_five_grounds_and_on_no_other(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANAN, "middle-clerk")
    await takes_only(
        clerk, "applied_not_accepted", "pushed_by_unit", "key_project", "major_investment", "leader_assigned"
    )


@pytest.mark.clause("PA-03", part="litigation and petition, private disputes: refused with the exclusion and why")
@pytest.mark.parametrize("exclusion", ["litigation_or_petition", "private_dispute"])
async def test_panan_refuses_what_is_excluded_with_an_explanation(open_hall: OpenHall, exclusion: str) -> None:
    refusal = await turned_away(open_hall, PANAN, exclusion)
    assert (refusal["ground"], refusal["explanation"]) == (exclusion, EXPLANATION)


@pytest.mark.clause("PA-05")
async def test_panan_answers_in_two_five_or_ten_and_a_new_type_keeps_the_start(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANAN, "top-clerk")
    for case_type, day in (("ordinary", DAY_2), ("complex", DAY_5), ("special", DAY_10)):
        assert await due(clerk, await clerk.bring(case_type=case_type)) == day
    case_id = await clerk.accepted(case_type="ordinary")
    kind = (await clerk.case(case_id))["kind"]
    await open_hall.pass_until(beijing(2026, 3, 3), PANAN)
    await clerk.must(case_id, "classify", kind=kind, case_type="special")
    assert await due(clerk, case_id) == DAY_10, "counted from Monday as before"


@pytest.mark.clause("PZ-09")
async def test_panzhihua_at_once_in_two_days_and_progress_in_five_then_pursued(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(PANZHIHUA, "middle-clerk")
    assert await due(clerk, await clerk.bring(case_type="simple")) == DAY_0
    ordinary = await clerk.accepted(case_type="ordinary")
    assert await due(clerk, ordinary) == DAY_2
    told = await clerk.refused(ordinary, "give-answer", text="还在办", answer_kind="progress")
    assert told["code"] == "answer.progress_not_enough"

    difficult = await clerk.accepted(case_type="complex")
    assert await due(clerk, difficult) == DAY_5
    await open_hall.pass_until(beijing(2026, 3, 9), PANZHIHUA)
    await clerk.must(difficult, "give-answer", text="两个部门已现场核对，缺一份测绘，下周补上", answer_kind="progress")
    running = await clocks(clerk, difficult)
    assert "person" not in running
    assert running["pursuit"]["due_day"] == "2026-03-16", "followed until done"

    elsewhere = await clerk.accepted(case_type="ordinary")
    await clerk.must(elsewhere, "record-step", step="found_not_of_this_level")
    await clerk.must(elsewhere, "pass-to-body", body="省政务服务大厅", helper="帮办员甲", reason="不属于本级权限")
    assert "body:1" in await clocks(clerk, elsewhere)
    assert (await clerk.case(elsewhere))["holder_unit"]["code"] == unit_code(PANZHIHUA, "middle"), "tracked, not gone"


@pytest.mark.clause("NX-01")
async def test_neixiang_takes_three_grounds_and_explains_two_exclusions(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(NEIXIANG, "top-clerk")
    await takes_only(clerk, "not_accepted", "not_approved", "several_trips")
    outside = await clerk.refused(await clerk.bring(), "propose-decline", ground="bad_mood", explanation="不办")
    assert outside["code"] == "decline.unknown_ground"
    for exclusion in ("law_litigation_petition", "policy_not_allowed"):
        refusal = await turned_away(open_hall, NEIXIANG, exclusion)
        assert (refusal["ground"], refusal["explanation"]) == (exclusion, EXPLANATION)


@pytest.mark.clause("NX-04")
async def test_neixiang_says_by_day_three_whether_and_solves_by_day_five(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(NEIXIANG, "top-clerk")
    case_id = await clerk.accepted(case_type="complex")
    assert (await due(clerk, case_id, "step:feasibility"), await due(clerk, case_id)) == (DAY_3, DAY_5)
    await open_hall.pass_until(beijing(2026, 3, 5), NEIXIANG)
    await clerk.must(case_id, "record-step", step="feasibility_told", note="能办，缺的证明由窗口代调")
    running = await clocks(clerk, case_id)
    assert "step:feasibility" not in running
    assert running["person"]["due_day"] == DAY_5, "being told is not being done"
    barred = await clerk.accepted(case_type="barred")
    assert (await clocks(clerk, barred))["person"]["limit_workdays"] == 3


@pytest.mark.clause("NX-10")
async def test_neixiangs_four_kinds_of_difficulty_have_the_limits_of_its_annex(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(NEIXIANG, "top-clerk")
    assert await due(clerk, await clerk.bring(case_type="simple")) == DAY_0
    assert await due(clerk, await clerk.bring(case_type="special")) == DAY_7

    case_id = await clerk.accepted(case_type="complex")
    await open_hall.pass_until(beijing(2026, 3, 3), NEIXIANG)
    await clerk.must(case_id, "issue-order", to_unit=unit_code(NEIXIANG, "first"), request="核实为何停发")
    assert await due(clerk, case_id, "step:first_feedback") == "2026-03-06", "three days after the transfer on Tuesday"
    officer = await open_hall.at(NEIXIANG, "first-officer")
    await officer.must(case_id, "answer-order", number=1, reply="progress", text="已核实，系统漏登")
    assert "step:first_feedback" not in await clocks(clerk, case_id)

    hard = await clerk.accepted(case_type="difficult")
    await clerk.must(hard, "record-step", step="found_beyond_centre")
    assert await due(clerk, hard, "step:upward_at_once") == "2026-03-03", "at once: the same day"
    await clerk.must(hard, "escalate", reason="中心协调无法解决")
    assert (await clerk.last(hard, "ReportedOutside"))["details"]["authority"] == "县优化营商环境领导小组"
    assert "step:upward_at_once" not in await clocks(clerk, hard)
    await clerk.must(hard, "record-outside-reply", text="原因已查明，由牵头单位月内补办")
    assert not (await clerk.case(hard))["is_closed"], "until done"


@pytest.mark.clause("ST-01")
async def test_shanting_takes_three_grounds_and_explains_two_exclusions(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(SHANTING, "top-clerk")
    await takes_only(clerk, "not_accepted_or_approved", "several_visits")
    unnamed = await clerk.post("/cases", clerk.body(kind="conduct", ground="treated_badly"))
    assert unnamed.json()["code"] == "conduct.unit_missing"
    conduct = clerk.body(kind="conduct", ground="treated_badly", complained_unit=unit_code(SHANTING, "first"))
    assert (await clerk.post("/cases", conduct)).status_code == 201
    for exclusion in ("law_litigation_petition", "law_says_no"):
        refusal = await turned_away(open_hall, SHANTING, exclusion)
        assert (refusal["ground"], refusal["explanation"]) == (exclusion, EXPLANATION)


@pytest.mark.clause("ST-04")
async def test_shanting_at_once_in_two_days_and_progress_in_five_then_pursued(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(SHANTING, "top-clerk")
    department = unit_code(SHANTING, "first")
    assert await due(clerk, await clerk.bring(case_type="simple")) == DAY_0

    ordinary = await clerk.accepted(case_type="ordinary")
    await clerk.must(ordinary, "issue-order", to_unit=department, request="落实后反馈")
    assert (await due(clerk, ordinary), await due(clerk, ordinary, "order:1")) == (DAY_2, DAY_2)
    told = await clerk.refused(ordinary, "give-answer", text="还在办", answer_kind="progress")
    assert told["code"] == "answer.progress_not_enough"

    several = await clerk.accepted(case_type="complex")
    await clerk.must(several, "issue-order", to_unit=department, request="牵头办理")
    await clerk.must(several, "issue-order", to_unit=unit_code(SHANTING, "second"), request="配合", limit_workdays=3)
    assert (await due(clerk, several, "order:1"), await due(clerk, several, "order:2")) == (DAY_5, DAY_3)
    await open_hall.pass_until(beijing(2026, 3, 9), SHANTING)
    await clerk.must(several, "give-answer", text="已开联席会，尚缺一项批复", answer_kind="progress")
    running = await clocks(clerk, several)
    assert "person" not in running
    assert running["pursuit"]["due_day"] == "2026-03-16"
    await open_hall.pass_until(beijing(2026, 3, 20), SHANTING)
    assert (await clerk.last(several, "DeadlinePassed"))["details"]["clock"] == "pursuit"


@pytest.mark.clause("XS-01", part="a window at each of the three levels takes cases in")
async def test_xiaoshan_has_windows_at_district_town_and_village_that_each_take_cases_in(open_hall: OpenHall) -> None:
    for place, tier in (("top", "区级"), ("middle", "镇街"), ("bottom", "村社")):
        clerk = await open_hall.at(XIAOSHAN, f"{place}-clerk")
        case_id = await clerk.accepted()
        seen = await clerk.case(case_id)
        assert seen["holder_unit"]["code"] == unit_code(XIAOSHAN, place)
        found = next(each for each in clerk.profile.tiers if each.name.zh == tier)
        assert found.duties, "what a window of this tier does is said"
        assert (await clerk.must(case_id, "propose-result", outcome="solved", answer="本级已办"))["stage"] == (
            "result_proposed"
        )
