"""The closed loop: at any moment each case that lacks a step of it is listed under the step that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.window.town_hall import Caller, TownHall

STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("registered", "accept", {}),
    ("accepted", "classify", {"kind": "coordination", "case_type": "urgent"}),
    ("in_hand", "propose-result", {"outcome": "solved", "answer": "已补发三个月"}),
    ("result_proposed", "verify-result", {}),
    ("verified", "revisit", {"satisfied": True, "rating": 5}),
    ("revisited", "strike-off", {}),
)
"""The stage that a case stands in while the step is missing, and the step."""


async def listed(caller: Caller, **filters: str | bool) -> set[str]:
    answer = await caller.get("/cases", **filters)
    assert answer.status_code == 200, answer.text
    return {case["case_id"] for case in answer.json()["cases"]}


async def bring(clerk: Caller, leader: Caller, steps: int) -> str:
    case_id = await clerk.register()
    for stage, step, body in STEPS[:steps]:
        if stage == "verified":
            await clerk.must(case_id, "give-answer", text="已补发三个月")
        await (leader if step == "verify-result" else clerk).must(case_id, step, **body)
    return case_id


@pytest.mark.clause("PA-09")
async def test_every_case_that_lacks_a_step_is_listed_under_it_and_a_finished_one_nowhere(hall: TownHall) -> None:
    clerk, leader = await hall.signed_in("village-clerk"), await hall.signed_in("village-leader")
    at_stage = {stage: await bring(clerk, leader, done) for done, (stage, _, _) in enumerate(STEPS)}
    finished = await bring(clerk, leader, len(STEPS))

    for stage, case_id in at_stage.items():
        assert await listed(clerk, stage=stage, is_closed=False) == {case_id}
    assert await listed(clerk, is_closed=False) == set(at_stage.values())
    assert await listed(clerk, is_closed=True) == {finished}

    hall.pass_time(days=30)
    overdue = await listed(clerk, is_closed=False, sort="holder_due_at", due_before=hall.now.isoformat())
    assert overdue == set(at_stage.values())
