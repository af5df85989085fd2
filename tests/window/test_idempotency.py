"""One request has one effect, however often and by how many at once it is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.window.town_hall import HALL, register_body

if TYPE_CHECKING:
    from tests.window.town_hall import Caller, TownHall


async def numbers(caller: Caller) -> list[str]:
    return [row["number"] for row in (await caller.get("/cases")).json()["cases"]]


async def test_the_same_key_and_body_give_the_same_answer_and_one_case(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    first = await clerk.post("/cases", register_body(), key="k-1")
    again = await clerk.post("/cases", register_body(), key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await numbers(clerk) == [first.json()["number"]]


async def test_the_same_key_with_another_body_is_refused_and_changes_nothing(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    first = await clerk.post("/cases", register_body(), key="k-1")
    other = await clerk.post("/cases", register_body(title="另一件事"), key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "api.idempotency_conflict")
    command = await clerk.post(f"/cases/{first.json()['case_id']}/accept", {}, key="k-1")
    assert (command.status_code, command.json()["code"]) == (409, "api.idempotency_conflict")
    assert await numbers(clerk) == [first.json()["number"]]
    assert (await clerk.case(first.json()["case_id"]))["stage"] == "registered"


async def test_ten_at_once_under_one_key_are_one_case(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    answers = await asyncio.gather(*(clerk.post("/cases", register_body(), key="k-1") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len(await numbers(clerk)) == 1


async def test_a_command_repeated_after_it_changed_the_stage_is_answered_as_before(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    case_id = await clerk.register()
    first = await clerk.post(f"/cases/{case_id}/accept", {}, key="k-2")
    again = await clerk.post(f"/cases/{case_id}/accept", {}, key="k-2")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    with_its_version = await clerk.post(f"/cases/{case_id}/accept", {}, key="k-2", version="0" * 64)
    assert with_its_version.content == first.content
    entries = (await clerk.get(f"/cases/{case_id}/history")).json()["main"]
    assert [entry["type"] for entry in entries] == ["Registered", "Accepted", "Sealed"]


async def test_a_refused_request_leaves_its_key_free(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    assert (await clerk.post("/cases", register_body(kind="no-such-kind"), key="k-3")).status_code == 422
    assert (await clerk.post("/cases", register_body(), key="k-3")).status_code == 201


async def test_every_post_but_signing_in_needs_a_key_that_can_be_written(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    case_id = await clerk.register()
    for path, body in (("/cases", register_body()), (f"/cases/{case_id}/accept", {})):
        without = await clerk.client.post(f"/api/v1{path}", json=body)
        assert (without.status_code, without.json()["code"]) == (400, "api.idempotency_key_missing")
        for key in ("with space", "x" * 129):
            bad = await clerk.client.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": key})
            assert (bad.status_code, bad.json()["code"]) == (400, "api.idempotency_key_invalid")
    assert await numbers(clerk) == [f"{HALL}-20260302-001"]


async def test_a_version_that_was_overtaken_is_refused_with_the_one_that_stands(hall: TownHall) -> None:
    clerk, leader = await hall.signed_in("hall-clerk"), await hall.signed_in("hall-leader")
    case_id = await clerk.register()
    seen = await clerk.get(f"/cases/{case_id}")
    assert seen.headers["etag"] == f'"{seen.json()["version"]}"'
    await leader.must(case_id, "accept")
    late = await clerk.post(f"/cases/{case_id}/add-note", {"text": "看的是旧页面"}, version=seen.headers["etag"])
    assert (late.status_code, late.json()["code"]) == (412, "api.stale_version")
    stands = late.json()["parameters"]["version"]
    assert stands == (await clerk.case(case_id))["version"]
    again = await clerk.post(f"/cases/{case_id}/add-note", {"text": "看过新的"}, version=stands)
    assert again.status_code == 200
    bad = await clerk.post(f"/cases/{case_id}/add-note", {"text": "x"}, version="not-a-version")
    assert (bad.status_code, bad.json()["code"]) == (400, "api.version_unreadable")


async def test_many_notes_at_once_are_all_kept_in_one_line(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    case_id = await clerk.register()
    answers = await asyncio.gather(*(clerk.give(case_id, "add-note", text=f"第 {n} 条") for n in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    entries = (await clerk.get(f"/cases/{case_id}/history")).json()["main"]
    assert [entry["seq"] for entry in entries] == list(range(1, 14))
    assert {entry["details"]["text"] for entry in entries[1:]} == {f"第 {n} 条" for n in range(12)}
