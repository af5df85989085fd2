"""Who sees which case, who may do what, whose personal data is hidden, and what is left in the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bancheng.window.command_registry import CASE_COMMANDS
from bancheng.window.permissions import ONLY_ASKS
from tests.window.bodies import minimal_body
from tests.window.browsing import at_page
from tests.window.town_hall import PASSWORD, XIAOSHAN, register_body

if TYPE_CHECKING:
    from tests.window.town_hall import Caller, TownHall


async def titles(caller: Caller, **asked: str | bool) -> set[str]:
    return {row["title"] for row in (await caller.get("/cases", **asked)).json()["cases"]}


async def found(caller: Caller) -> set[str]:
    return {row["title"] for row in (await caller.get("/cases/search", q="补贴")).json()["cases"]}


async def audit(hall: TownHall) -> list[tuple[str, str]]:
    async with hall.database.transaction(XIAOSHAN) as tx:
        rows = await tx.fetch("SELECT staff_id, action FROM audit WHERE tenant = $1 ORDER BY id", XIAOSHAN)
    return [(row[0], row[1]) for row in rows]


async def test_a_unit_sees_its_own_and_those_below_in_every_list_search_case_and_history(hall: TownHall) -> None:
    village, other = await hall.signed_in("village-clerk"), await hall.signed_in("other-clerk")
    town, top = await hall.signed_in("town-clerk"), await hall.signed_in("hall-clerk")
    one = await village.register(title="甲村的补贴")
    two = await other.register(title="乙村的补贴")
    three = await top.register(title="区里的补贴")
    expected = {
        village: ({one}, {"甲村的补贴"}),
        other: ({two}, {"乙村的补贴"}),
        town: ({one, two}, {"甲村的补贴", "乙村的补贴"}),
        top: ({one, two, three}, {"甲村的补贴", "乙村的补贴", "区里的补贴"}),
    }
    for caller, (ids, seen) in expected.items():
        assert await titles(caller) == seen
        assert await titles(caller, sort="holder_due_at") == seen
        assert await titles(caller, is_closed=False) == seen
        assert await found(caller) == seen
        for case_id in (one, two, three):
            for path in (f"/cases/{case_id}", f"/cases/{case_id}/history"):
                answer = await caller.get(path)
                assert answer.status_code == (200 if case_id in ids else 404)
    assert await titles(village, holder_unit="330109001002") == set()


async def test_who_sent_a_case_up_goes_on_seeing_it(hall: TownHall) -> None:
    village, other = await hall.signed_in("village-clerk"), await hall.signed_in("other-clerk")
    case_id = await village.register()
    await village.must(case_id, "escalate", reason="村里解决不了")
    assert (await village.case(case_id))["holder_unit"]["name"] == "甲镇中心"
    assert (await other.get(f"/cases/{case_id}")).status_code == 404


@pytest.mark.clause("PA-04", part="reads every case of its jurisdiction and changes none")
async def test_a_supervisor_reads_everything_and_changes_nothing(hall: TownHall) -> None:
    village, supervisor = await hall.signed_in("village-clerk"), await hall.signed_in("hall-supervisor")
    both = await hall.signed_in("hall-both")
    case_id = await village.register()
    hall_case = await (await hall.signed_in("hall-clerk")).register(title="区里的补贴")
    seen = await supervisor.case(case_id)
    assert seen["person"]["name"] == "周某某"
    assert not seen["person_masked"]
    assert {action["name"] for action in seen["actions"] if action["allowed"]} == {"urge"}
    assert await titles(supervisor) == {"残疾人护理补贴停发", "区里的补贴"}
    for caller in (supervisor, both):
        assert (await caller.post("/cases", register_body())).json()["code"] == "api.forbidden"
        for spec in (spec for spec in CASE_COMMANDS.values() if spec.kind not in ONLY_ASKS):
            answer = await caller.post(f"/cases/{hall_case}/{spec.name}", minimal_body(spec))
            assert (answer.status_code, answer.json()["code"]) == (403, "api.forbidden"), spec.name
    assert len((await village.get(f"/cases/{case_id}/history")).json()["main"]) == 1


async def test_a_towns_supervisor_sees_the_town_and_no_more(hall: TownHall) -> None:
    supervisor = await hall.signed_in("town-supervisor")
    await (await hall.signed_in("hall-clerk")).register(title="区里的补贴")
    await (await hall.signed_in("village-clerk")).register(title="甲村的补贴")
    assert await titles(supervisor) == {"甲村的补贴"}


async def test_reviewers_and_administrators_see_no_case_by_themselves(hall: TownHall) -> None:
    case_id = await (await hall.signed_in("hall-clerk")).register()
    for login in ("hall-reviewer", "hall-administrator"):
        caller = await hall.signed_in(login)
        assert await titles(caller) == set()
        assert await found(caller) == set()
        assert (await caller.get(f"/cases/{case_id}")).status_code == 404


async def test_personal_data_is_hidden_from_those_who_had_nothing_to_do_with_the_case(hall: TownHall) -> None:
    village, town = await hall.signed_in("village-clerk"), await hall.signed_in("town-clerk")
    case_id = await village.register()
    own = await village.case(case_id)
    assert (own["person"]["name"], own["person_masked"]) == ("周某某", False)

    hidden = await town.case(case_id)
    assert hidden["person_masked"]
    assert hidden["person"] == {
        "name": "周**", "phone": "000****5678", "identity_number": "000*************00", "address": "甲村 ***",
    }  # fmt: skip
    entry = (await town.get(f"/cases/{case_id}/history")).json()["main"][0]
    assert entry["details"]["person"] == hidden["person"]
    assert "周某某" not in (await town.get(f"/cases/{case_id}/history")).text
    assert "周某某" not in (await town.get("/cases")).text

    await village.must(case_id, "escalate", reason="村里解决不了")
    assert (await town.case(case_id))["person"]["name"] == "周某某"
    await town.must(case_id, "escalate", reason="镇里解决不了")
    assert (await town.case(case_id))["person"]["name"] == "周某某"
    assert (await village.case(case_id))["person"]["name"] == "周某某"


async def test_signing_in_commands_refusals_and_readings_are_in_the_audit(hall: TownHall) -> None:
    clerk, supervisor = await hall.signed_in("hall-clerk"), await hall.signed_in("hall-supervisor")
    village = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    await clerk.must(case_id, "accept")
    for _ in range(3):
        await supervisor.case(case_id)
    await supervisor.give(case_id, "accept")
    await supervisor.post("/cases", register_body())
    await village.give(case_id, "accept")
    await hall.client().post("/api/v1/tokens", json={"tenant": XIAOSHAN, "login": "hall-clerk", "password": "wrong"})
    assert await audit(hall) == [
        ("s-hall-clerk", "sign_in"),
        ("s-hall-supervisor", "sign_in"),
        ("s-village-clerk", "sign_in"),
        ("s-hall-clerk", "register"),
        ("s-hall-clerk", "accept"),
        ("s-hall-supervisor", "read_personal_data"),
        ("s-hall-supervisor", "refused:accept"),
        ("s-hall-supervisor", "refused:register"),
        ("s-village-clerk", "refused:accept"),
        ("s-hall-clerk", "sign_in_refused"),
    ]
    assert PASSWORD != "wrong"


@pytest.mark.clause("ST-02", part="no address of the API alters or removes an entry")
async def test_history_only_grows_whatever_is_done(hall: TownHall) -> None:
    clerk, leader = await hall.signed_in("hall-clerk"), await hall.signed_in("hall-leader")
    case_id = await clerk.register()
    known = (await clerk.get(f"/cases/{case_id}/history")).json()["main"]
    for caller in (clerk, leader):
        for spec in CASE_COMMANDS.values():
            await caller.post(f"/cases/{case_id}/{spec.name}", minimal_body(spec))
            now = (await clerk.get(f"/cases/{case_id}/history")).json()["main"]
            assert now[: len(known)] == known, spec.name
            known = now
    assert len(known) > 5
    routes = (await clerk.client.get("/api/v1/openapi.json")).json()["paths"]
    verbs = {verb for path, verbs in routes.items() if "/cases" in path for verb in verbs}
    assert verbs == {"get", "post"}


async def test_who_ever_held_a_case_goes_on_seeing_it_and_whose_matter_it_is(hall: TownHall) -> None:
    village, town = await hall.signed_in("village-clerk"), await hall.signed_in("town-clerk")
    upper, other = await hall.signed_in("hall-coordinator"), await hall.signed_in("other-clerk")
    case_id = await town.register()
    await town.must(case_id, "hand-down", to_unit="330109001002", reason="请乙村核实")
    await other.must(case_id, "return", reason="不在本村")
    await town.must(case_id, "escalate", reason="要区里办")
    assert (await upper.case(case_id))["holder_unit"]["name"] == "区中心"
    seen = await other.case(case_id)
    assert not seen["person_masked"]
    assert await titles(other) == await titles(other, sort="holder_due_at") == await found(other) != set()
    assert (await village.get(f"/cases/{case_id}")).status_code == 404


@pytest.mark.clause("XS-04", part="at one site the unit complained of does not see it")
async def test_a_unit_does_not_see_what_is_complained_about_it(hall: TownHall) -> None:
    village, town = await hall.signed_in("village-clerk"), await hall.signed_in("town-clerk")
    leader, upper = await hall.signed_in("town-supervisor"), await hall.signed_in("hall-clerk")
    case_id = await village.register(kind="conduct", complained_unit="330109001", title="镇里的人不理会补贴")
    for caller in (town, leader):
        assert (await caller.get(f"/cases/{case_id}")).status_code == 404
        assert (await caller.give(case_id, "add-note", text="看看")).status_code == 404
        assert await titles(caller) == await titles(caller, sort="person_due_at") == await found(caller) == set()
    for caller in (village, upper):
        assert await titles(caller) == await found(caller) == {"镇里的人不理会补贴"}


async def test_a_restricted_case_is_seen_by_those_who_deal_with_it_and_who_supervises(hall: TownHall) -> None:
    village, town = await hall.signed_in("village-clerk"), await hall.signed_in("town-clerk")
    supervisor = await hall.signed_in("town-supervisor")
    case_id = await village.register(is_restricted=True)
    assert (await town.get(f"/cases/{case_id}")).status_code == 404
    assert await titles(town) == await found(town) == set()
    for caller in (village, supervisor):
        assert await titles(caller) == await found(caller) != set()
    await village.must(case_id, "escalate", reason="村里解决不了")
    assert (await town.case(case_id))["holder_unit"]["name"] == "甲镇中心"


async def test_who_looks_at_the_ledger_or_takes_it_away_is_in_the_audit(hall: TownHall) -> None:
    browser = await at_page(hall, "hall-clerk")
    assert (await browser.client.get("/ledger")).status_code == 200
    assert (await browser.client.get("/ledger/file")).status_code == 200
    assert [action for _, action in await audit(hall)] == ["sign_in", "read_ledger", "export_ledger"]
