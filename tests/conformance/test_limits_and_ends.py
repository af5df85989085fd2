"""How people come in, how time is added, and how a case ends: each by the tenant's own document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.hall import SHANTING, XIAOSHAN

if TYPE_CHECKING:
    from tests.conformance.hall import OpenHall


@pytest.mark.clause("ST-05")
async def test_a_deadline_is_extended_by_somebody_else_before_it_is_over(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(SHANTING, "top-clerk"), await open_hall.at(SHANTING, "top-chief")
    case_id = await clerk.accepted(case_type="complex")
    await clerk.must(case_id, "request-extension", clock="person", workdays=2, reason="等省里批复")
    assert (await clerk.refused(case_id, "approve-extension"))["code"] == "api.forbidden"
    await leader.must(case_id, "approve-extension")
    requested, approved = (
        await clerk.last(case_id, "ExtensionRequested"),
        await clerk.last(case_id, "ExtensionApproved"),
    )
    assert (requested["actor"]["name"], requested["details"]["reason"]) == ("测试top-clerk", "等省里批复")
    assert approved["actor"]["name"] == "测试top-chief"
    assert approved["details"]["old_due_at"] < approved["details"]["new_due_at"]


@pytest.mark.clause("ST-08")
async def test_no_case_ends_without_a_return_visit_and_a_rating(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(SHANTING, "top-clerk"), await open_hall.at(SHANTING, "top-leader")
    case_id = await clerk.accepted()
    await clerk.must(case_id, "give-answer", text="已办好")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="已办好")
    await leader.must(case_id, "verify-result")
    assert (await clerk.refused(case_id, "strike-off"))["code"] == "case.stage_forbids"
    unrated = await clerk.give(case_id, "revisit", satisfied=True)
    assert unrated.status_code in {400, 422}
    unlike = await clerk.refused(case_id, "revisit", satisfied=True, rating=2)
    assert (unlike["code"], unlike["field"]) == ("revisit.rating_contradicts", "rating")
    await clerk.must(case_id, "revisit", satisfied=True, rating=4, comment="很快", channel="phone")
    assert (await clerk.last(case_id, "Revisited"))["details"]["rating"] == 4
    await clerk.must(case_id, "strike-off")


@pytest.mark.clause("XS-08", part="no seal where the rules have none")
async def test_there_is_no_seal_where_the_rules_have_none(open_hall: OpenHall) -> None:
    elsewhere = await open_hall.at(SHANTING, "top-clerk")
    assert (await elsewhere.refused(await elsewhere.accepted(), "seal"))["code"] == "seal.not_used_here"


@pytest.mark.clause("XS-14")
@pytest.mark.clause("PA-04", part="who supervises urges, and can change nothing")
async def test_what_comes_in_at_a_contact_station_can_be_urged_by_the_towns_supervisors(open_hall: OpenHall) -> None:
    town, supervisor = await open_hall.at(XIAOSHAN, "middle-clerk"), await open_hall.at(XIAOSHAN, "middle-supervisor")
    case_id = await town.accepted(channel="supervision_station")
    assert (await supervisor.case(case_id))["channel"] == "supervision_station"
    before = await supervisor.case(case_id)
    await supervisor.must(case_id, "urge", text="请召集相关部门会诊", wants="consultation")
    urged = await town.last(case_id, "Urged")
    assert (urged["details"]["wants"], urged["actor"]["name"]) == ("consultation", "测试middle-supervisor")
    after = await supervisor.case(case_id)
    assert (after["stage"], after["holder_unit"]) == (before["stage"], before["holder_unit"])
    assert (await supervisor.refused(case_id, "add-note", text="我来写"))["code"] == "api.forbidden"


@pytest.mark.clause("XS-04", part="conduct cases name the unit complained of and are kept from it")
async def test_a_conduct_case_is_kept_from_the_unit_complained_of(open_hall: OpenHall) -> None:
    top, complained = await open_hall.at(XIAOSHAN, "top-clerk"), await open_hall.at(XIAOSHAN, "middle-clerk")
    unnamed = await top.post("/cases", top.body(kind="conduct"))
    assert (unnamed.json()["code"], unnamed.json()["field"]) == ("conduct.unit_missing", "complained_unit")
    itself = await complained.post("/cases", complained.body(kind="conduct", complained_unit=complained.unit))
    assert itself.json()["code"] == "conduct.unit_complained_of"
    case_id = await top.accepted(kind="conduct", complained_unit=complained.unit)
    down = await top.refused(case_id, "hand-down", to_unit=complained.unit, reason="属镇里")
    assert down["code"] == "conduct.unit_complained_of"
    assert (await complained.get(f"/cases/{case_id}")).status_code == 404
    assert case_id not in {case["case_id"] for case in (await complained.get("/cases")).json()["cases"]}
