"""A case from registration to the archive, as a program drives it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.window.town_hall import HALL, TOWN, VILLAGE, XIAOSHAN

if TYPE_CHECKING:
    from tests.window.town_hall import TownHall


def allowed(case: dict[str, Any]) -> set[str]:
    return {action["name"] for action in case["actions"] if action["allowed"]}


async def history(caller: Any, case_id: str) -> list[str]:
    answer = await caller.get(f"/cases/{case_id}/history")
    assert answer.status_code == 200
    return [entry["type"] for entry in answer.json()["main"]]


@pytest.mark.clause("PA-06", part="ends with an outcome and an answer")
async def test_a_case_goes_from_registration_to_the_archive(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    leader = await hall.signed_in("village-leader")
    case_id = await clerk.register()

    registered = await clerk.case(case_id)
    assert registered["number"] == f"{VILLAGE}-20260302-001"
    assert registered["stage"] == "registered"
    assert {"accept", "propose-decline", "escalate"} <= allowed(registered)
    assert "strike-off" not in allowed(registered)

    await clerk.must(case_id, "accept")
    await clerk.must(case_id, "classify", kind="coordination", case_type="urgent")
    await clerk.must(case_id, "add-note", text="已打电话给残联")
    await clerk.must(case_id, "give-answer", text="本周内补发")
    await clerk.must(case_id, "propose-result", outcome="solved", answer="已补发三个月")
    assert (await clerk.give(case_id, "verify-result")).json()["code"] == "api.forbidden"
    await leader.must(case_id, "verify-result", note="查过银行流水")
    await clerk.must(case_id, "revisit", satisfied=True, rating=5)
    struck = await clerk.must(case_id, "strike-off")
    assert struck["stage"] == "struck_off"
    await clerk.must(case_id, "archive")

    ended = await clerk.case(case_id)
    assert (ended["stage"], ended["outcome"], ended["answer"]) == ("archived", "solved", "本周内补发")
    assert allowed(ended) == set()
    assert await history(clerk, case_id) == [
        "Registered", "Accepted", "Sealed", "Classified", "NoteAdded", "AnswerGiven", "ResultProposed",
        "ResultVerified", "Revisited", "StruckOff", "Archived",
    ]  # fmt: skip
    assert XIAOSHAN in hall.woken


async def test_climbing_handing_down_and_returning_within_one_site(hall: TownHall) -> None:
    village, town, upper = [
        await hall.signed_in(login) for login in ("village-clerk", "town-clerk", "hall-coordinator")
    ]
    case_id = await village.register()
    climbed = await village.must(case_id, "escalate", reason="村里解决不了")
    assert climbed["events"] == ["Escalated", "Received"]
    assert climbed["holder_unit"] == TOWN
    assert (await village.give(case_id, "accept")).json()["code"] == "case.not_holder"
    assert (await village.case(case_id))["holder_unit"] == {"code": TOWN, "name": "甲镇中心"}
    await town.must(case_id, "escalate", reason="要区里会商")
    assert (await town.case(case_id))["holder_unit"]["code"] == HALL
    down = await upper.must(case_id, "hand-down", to_unit=TOWN, reason="属镇里权限", limit_workdays=2)
    assert down["holder_unit"] == TOWN
    await town.must(case_id, "return", reason="材料在区里")
    assert (await upper.case(case_id))["returns"] == 1


async def test_a_no_needs_a_report_and_somebody_elses_approval(hall: TownHall) -> None:
    clerk, leader = await hall.signed_in("village-clerk"), await hall.signed_in("village-leader")
    case_id = await clerk.register()
    assert (await clerk.give(case_id, "approve-decline")).status_code == 403
    early = await leader.give(case_id, "approve-decline")
    assert (early.status_code, early.json()["code"]) == (409, "case.stage_forbids")
    await clerk.must(case_id, "propose-decline", ground="litigation_or_petition", explanation="已经起诉")
    headers = {"Idempotency-Key": "without-a-body"}
    approved = await leader.client.post(f"/api/v1/cases/{case_id}/approve-decline", headers=headers)
    assert approved.status_code == 200
    case = await clerk.case(case_id)
    assert (case["stage"], case["outcome"], case["answer"]) == ("declined", "declined", "已经起诉")


@pytest.mark.clause("ST-05")
async def test_more_time_is_asked_for_and_approved_by_somebody_else_and_both_dates_stay(hall: TownHall) -> None:
    clerk, leader = await hall.signed_in("village-clerk"), await hall.signed_in("village-leader")
    case_id = await clerk.register()
    before = clock(await clerk.case(case_id), "holder")
    await leader.must(case_id, "request-extension", workdays=2, reason="等残联回复")
    own = await leader.give(case_id, "approve-extension")
    assert (own.status_code, own.json()["code"]) == (409, "approval.own_request")
    another = await hall.signed_in("hall-leader")
    assert (await another.give(case_id, "approve-extension")).json()["code"] == "case.not_holder"
    asked = await clerk.case(case_id)
    assert asked["extension"] == {"clock": "holder", "workdays": 2, "reason": "等残联回复"}
    assert clock(asked, "holder")["due_at"] == before["due_at"]
    deputy = await hall.signed_in("village-deputy")
    await deputy.must(case_id, "approve-extension")
    after = clock(await clerk.case(case_id), "holder")
    entries = (await clerk.get(f"/cases/{case_id}/history")).json()["main"]
    request, approval = entries[-2], entries[-1]
    assert (request["details"]["reason"], request["actor"]["staff"]) == ("等残联回复", "s-village-leader")
    assert (approval["type"], approval["actor"]["staff"]) == ("ExtensionApproved", "s-village-deputy")
    assert approval["details"]["old_due_at"] == before["due_at"]
    assert approval["details"]["new_due_at"] == after["due_at"] != before["due_at"]


def clock(case: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in case["clocks"] if each["name"] == name)
    return found


async def test_why_a_date_is_told_day_by_day(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case = await clerk.case(await clerk.register())
    holder = clock(case, "holder")
    assert holder["due_day"] == "2026-03-05"
    assert [day["counted"] for day in holder["days"]] == [None, 1, 2, 3]
    person = clock(case, "person")
    assert [day["counted"] for day in person["days"]][-1] == 10
    assert {day["kind"] for day in person["days"]} == {"start", "workday", "weekend"}
    hall.now += timedelta(days=4)
    assert clock(await clerk.case(case["case_id"]), "holder")["is_over"]


async def test_a_note_of_somebody_else_is_asked_of_the_holder_and_stands_in_the_case(hall: TownHall) -> None:
    village, town = await hall.signed_in("village-clerk"), await hall.signed_in("town-clerk")
    case_id = await village.register()
    await village.must(case_id, "escalate", reason="村里解决不了")
    answer = await village.give(case_id, "add-note", text="当事人又来过", note_kind="supplement")
    assert answer.status_code == 202
    case = await village.case(case_id)
    assert [(ask["state"], ask["details"]["text"]) for ask in case["asks"]] == [("accepted", "当事人又来过")]
    assert (await history(town, case_id))[-2:] == ["NoteAdded", "AskAccepted"]


async def test_a_note_for_a_case_held_at_another_site_waits_in_the_outbox(hall: TownHall) -> None:
    upper, town = await hall.signed_in("hall-coordinator"), await hall.signed_in("town-clerk")
    case_id = await town.register()
    await town.must(case_id, "hand-down", to_unit="330109001009", reason="请村里核实")
    asked = await upper.give(case_id, "add-note", text="区里已联系残联")
    assert asked.status_code == 202
    ask = (await upper.case(case_id))["asks"][0]
    assert (ask["ask_id"], ask["state"]) == (asked.json()["ask_id"], "sent")
    again = await upper.get(f"/cases/{case_id}/history")
    assert again.json()["main"][-1]["type"] == "HandedDown"
    assert again.json()["main"][-1]["deliveries"] == [{"peer": "below", "state": "waiting", "reason": ""}]


async def test_pausing_and_going_on(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    await clerk.must(case_id, "pause", reason="waiting_for_papers", until="2026-03-06")
    paused = clock(await clerk.case(case_id), "holder")
    assert (paused["state"], paused["paused_until"]) == ("paused", "2026-03-06")
    assert [day["counted"] for day in paused["days"]][-1] == 3
    assert (await clerk.give(case_id, "pause", reason="waiting_for_papers", until="2026-03-09")).status_code == 409
    await clerk.must(case_id, "resume")
    assert clock(await clerk.case(case_id), "holder")["state"] == "running"
