"""Two counties behind one application: by no address does one reach the other's cases, people or rules."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bancheng.window.command_registry import CASE_COMMANDS
from tests.window.bodies import minimal_body
from tests.window.town_hall import PANAN, PASSWORD, XIAOSHAN, Caller, panan_body, register_body

if TYPE_CHECKING:
    from tests.window.town_hall import TownHall


@pytest.mark.clause("U-04", part="no county reaches another's cases by any address of the API")
async def test_a_case_of_one_tenant_is_nowhere_for_the_other(hall: TownHall) -> None:
    ours, theirs = await hall.signed_in("hall-coordinator"), await hall.signed_in("hall-coordinator", PANAN)
    village = await hall.signed_in("village-clerk")
    case_id = await village.register(title="只有萧山知道的补贴")
    assert (await ours.get(f"/cases/{case_id}")).status_code == 200

    for path in (f"/cases/{case_id}", f"/cases/{case_id}/history"):
        answer = await theirs.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "api.not_found")
    for spec in CASE_COMMANDS.values():
        answer = await theirs.post(f"/cases/{case_id}/{spec.name}", minimal_body(spec))
        assert (answer.status_code, answer.json()["code"]) == (404, "api.not_found"), spec.name
    listed = await theirs.get("/cases")
    assert listed.json() == {"cases": [], "next": None}
    assert (await theirs.get("/cases/search", q="补贴")).json()["cases"] == []
    number = (await ours.case(case_id))["number"]
    assert (await theirs.get("/cases/search", q=number)).json()["cases"] == []
    assert (await theirs.get("/alerts")).json() == []
    assert (await ours.case(case_id))["stage"] == "registered"


@pytest.mark.clause("U-04", part="each county has its own people, units and rules")
async def test_people_units_and_rules_are_each_tenants_own(hall: TownHall) -> None:
    ours, theirs = await hall.signed_in("hall-clerk"), await hall.signed_in("hall-clerk", PANAN)
    assert (await ours.get("/me")).json()["tenant"] == XIAOSHAN
    assert (await theirs.get("/me")).json()["tenant"] == PANAN
    assert (await ours.get("/profile")).json()["tenant"] == XIAOSHAN
    assert {kind["key"] for kind in (await theirs.get("/profile")).json()["kinds"]} >= {"enterprise_difficulty"}
    assert {unit["code"][:6] for unit in (await ours.get("/units")).json()} == {XIAOSHAN}
    assert {unit["code"][:6] for unit in (await theirs.get("/units")).json()} == {PANAN}


async def test_a_token_is_worth_nothing_under_another_tenant(hall: TownHall) -> None:
    ours = await hall.signed_in("hall-clerk")
    secret = ours.client.headers["Authorization"].partition(".")[2]
    for token in (f"{PANAN}.{secret}", f"nowhere.{secret}", secret, f"{XIAOSHAN}.", f"'; --.{secret}"):
        ours.client.headers["Authorization"] = f"Bearer {token}"
        answer = await ours.get("/cases")
        assert (answer.status_code, answer.json()["code"]) == (401, "api.not_signed_in")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_both_tenants_at_once_keep_their_numbers_and_cases_apart(hall: TownHall) -> None:
    ours, theirs = await hall.signed_in("hall-clerk"), await hall.signed_in("hall-clerk", PANAN)

    async def one_of_each(turn: int) -> None:
        mine, other = await asyncio.gather(
            ours.register(title=f"萧山第 {turn} 件"), theirs.post("/cases", panan_body(title=f"磐安第 {turn} 件"))
        )
        assert other.status_code == 201
        assert mine != other.json()["case_id"]

    await asyncio.gather(*(one_of_each(turn) for turn in range(8)))
    for caller, tenant, name in ((ours, XIAOSHAN, "萧山"), (theirs, PANAN, "磐安")):
        rows = (await caller.get("/cases")).json()["cases"]
        assert len(rows) == 8
        assert all(row["title"].startswith(name) for row in rows)
        assert {row["number"] for row in rows} == {f"{tenant}-20260302-{count:03d}" for count in range(1, 9)}


async def test_the_same_key_of_two_tenants_is_two_requests(hall: TownHall) -> None:
    ours, theirs = await hall.signed_in("hall-clerk"), await hall.signed_in("hall-clerk", PANAN)
    one = await ours.post("/cases", register_body(), key="the-same")
    other = await theirs.post("/cases", panan_body(), key="the-same")
    assert (one.status_code, other.status_code) == (201, 201)


async def test_an_unknown_tenant_is_named_and_a_wrong_password_is_not_explained(hall: TownHall) -> None:
    client = hall.client()
    for tenant in ("999999", "no such", "'"):
        answer = await client.post("/api/v1/tokens", json={"tenant": tenant, "login": "x", "password": "y"})
        assert (answer.status_code, answer.json()["code"]) == (404, "api.unknown_tenant")
    texts: set[str] = set()
    for login, password in (("hall-clerk", "wrong"), ("nobody", PASSWORD)):
        body = {"tenant": XIAOSHAN, "login": login, "password": password}
        answer = await client.post("/api/v1/tokens", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "api.sign_in_failed")
        texts.add(answer.text)
    assert len(texts) == 1


async def test_a_token_ends_at_once_when_it_is_given_back(hall: TownHall) -> None:
    caller: Caller = await hall.signed_in("hall-clerk")
    assert (await caller.get("/me")).status_code == 200
    assert (await caller.client.delete("/api/v1/tokens/current")).status_code == 204
    assert (await caller.get("/me")).json()["code"] == "api.not_signed_in"
