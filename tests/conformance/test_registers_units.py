"""PA-01: windows are data. One is added, renamed, merged and closed while the service runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bancheng.federation.succession import hand_on
from bancheng.store.accounts import Staff, save_staff
from bancheng.window.passwords import hash_password
from tests.conformance.hall import NEIXIANG, PANAN, Desk, unit_code
from tests.conformance.registers_hall import RegistersHall
from tests.window.town_hall import PASSWORD, START

if TYPE_CHECKING:
    from tests.conformance.hall import OpenHall

TOP, STREET, NEW = unit_code(PANAN, "top"), unit_code(PANAN, "middle"), "330727002"


@pytest_asyncio.fixture
async def hall(open_hall: OpenHall) -> RegistersHall:
    hall = RegistersHall(open_hall.database)
    await hall.begin(PANAN)
    return hall


async def add(administrator: Desk, **changes: object) -> None:
    body = {"code": NEW, "name": "乙镇窗口", "parent": TOP, "tier": "town", **changes}
    answer = await administrator.post("/units", body)
    assert answer.status_code == 201, answer.text


async def clerk_at(hall: RegistersHall, unit: str, tenant: str = PANAN) -> Desk:
    async with hall.database.transaction(tenant) as tx:
        await save_staff(
            tx,
            Staff(
                staff_id="s-new", login="new-clerk", name="李四", unit=unit, roles=("clerk",),
                password_hash=hash_password(PASSWORD), active=True, created_at=START,
            ),
        )  # fmt: skip
    return Desk((await hall.signed_in("new-clerk", tenant)).client, hall.site(tenant).current_profile(), unit)


async def unit(desk: Desk, code: str) -> dict[str, object]:
    listed: list[dict[str, object]] = (await desk.get("/units")).json()
    return next(each for each in listed if each["code"] == code)


@pytest.mark.clause("PA-01")
async def test_a_window_is_added_renamed_merged_and_closed_while_the_service_runs(hall: RegistersHall) -> None:
    administrator = await hall.at(PANAN, "top-administrator")
    await add(administrator)
    clerk = await clerk_at(hall, NEW)
    case_id = await clerk.bring()
    assert (await clerk.case(case_id))["holder_unit"]["code"] == NEW

    renamed = await administrator.post("/units/change", {"unit": NEW, "name": "新城窗口"})
    assert renamed.json()["edition"] == 3
    assert (await clerk.case(case_id))["holder_unit"]["name"] == "新城窗口"

    merged = await administrator.post("/units/merge", {"unit": NEW, "into": STREET})
    assert merged.status_code == 201, merged.text
    assert (await unit(clerk, NEW))["successor"] == STREET
    refused = await clerk.post("/cases", clerk.body())
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "unit.closed", "unit")
    assert await hand_on(hall.database, hall.site(PANAN)) == 1
    heir = await hall.at(PANAN, "middle-clerk")
    case = await heir.case(case_id)
    assert (case["holder_unit"]["code"], case["registered_unit"]["code"]) == (STREET, NEW)
    assert (await heir.last(case_id, "Escalated"))["details"]["cause"] == "unit_closed"
    await heir.must(case_id, "accept")
    assert await hand_on(hall.database, hall.site(PANAN)) == 0

    closed = await administrator.post("/units/close", {"unit": STREET})
    assert closed.status_code == 201, closed.text
    assert await hand_on(hall.database, hall.site(PANAN)) == 1
    top = await hall.at(PANAN, "top-clerk")
    assert (await top.case(case_id))["holder_unit"]["code"] == TOP
    assert (await top.case(case_id))["stage"] == "accepted"


async def test_what_was_registered_at_a_merged_window_is_seen_by_its_heir(hall: RegistersHall) -> None:
    administrator = await hall.at(PANAN, "top-administrator")
    await add(administrator)
    clerk = await clerk_at(hall, NEW)
    case_id = await clerk.bring()
    await clerk.must(case_id, "withdraw", reason="本人要求")
    heir = await hall.at(PANAN, "middle-clerk")
    assert (await heir.get(f"/cases/{case_id}")).status_code == 404
    await administrator.post("/units/merge", {"unit": NEW, "into": STREET})
    assert (await heir.case(case_id))["stage"] == "withdrawn"


async def test_a_department_is_added_and_is_no_window(hall: RegistersHall) -> None:
    administrator = await hall.at(PANAN, "top-administrator")
    await add(administrator, code="住建局", name="住建局", tier="", is_window=False, serves_enterprises=True)
    added = await unit(administrator, "住建局")
    assert (added["is_window"], added["serves_enterprises"], added["tier"]) == (False, True, "county")
    into_window = await administrator.post("/units/merge", {"unit": "住建局", "into": STREET})
    assert (into_window.status_code, into_window.json()["code"]) == (422, "unit.successor_unfit")


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("/units", {"code": STREET, "name": "甲", "parent": TOP}, "unit.exists", "code"),
        ("/units", {"code": "有 空格", "name": "甲", "parent": TOP}, "api.wrong_value", "code"),
        ("/units", {"code": "33072x", "name": "甲", "parent": TOP}, "unit.code_impossible", "code"),
        ("/units", {"code": "n", "name": "甲", "parent": "nowhere"}, "unit.unknown", "parent"),
        ("/units", {"code": "n", "name": "甲", "parent": TOP, "site": "moon"}, "unit.site_unknown", "site"),
        ("/units", {"code": "n", "name": "甲", "parent": TOP, "tier": "moon"}, "tier.unknown", "tier"),
        ("/units", {"code": "n", "name": "", "parent": TOP}, "api.empty_field", "name"),
        ("/units/change", {"unit": "nowhere", "name": "甲"}, "unit.unknown", "unit"),
        ("/units/merge", {"unit": STREET, "into": STREET}, "unit.successor_unfit", "into"),
        ("/units/close", {"unit": TOP}, "unit.top_stays", "unit"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field(
    hall: RegistersHall, path: str, body: dict[str, object], code: str, field: str
) -> None:
    administrator = await hall.at(PANAN, "top-administrator")
    answer = await administrator.post(path, body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert hall.site(PANAN).jurisdiction.directory.edition == 1


async def test_only_an_administrator_may_and_the_same_key_publishes_once(hall: RegistersHall) -> None:
    for login in ("top-clerk", "top-supervisor", "middle-leader"):
        other = await hall.at(PANAN, login)
        answer = await other.post("/units/change", {"unit": STREET, "name": "别名"})
        assert (answer.status_code, answer.json()["code"]) == (403, "register.forbidden")
    administrator = await hall.at(PANAN, "top-administrator")
    first = await administrator.post("/units/change", {"unit": STREET, "name": "新名"}, key="k")
    again = await administrator.post("/units/change", {"unit": STREET, "name": "新名"}, key="k")
    assert (first.json(), first.status_code) == (again.json(), again.status_code)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert hall.site(PANAN).jurisdiction.directory.edition == 2


@pytest.mark.clause("NX-13", part="the sequence is the day's, whichever window takes the case in")
async def test_two_windows_never_give_the_same_number(hall: RegistersHall) -> None:
    """Its numbers name no window: those of a second one go on with the day's."""
    await hall.begin(NEIXIANG)
    administrator = await hall.at(NEIXIANG, "top-administrator")
    await add(administrator, code="411325002", parent=unit_code(NEIXIANG, "top"), tier="county", name="便民分厅")
    first, second = await hall.at(NEIXIANG, "top-clerk"), await clerk_at(hall, "411325002", NEIXIANG)
    brought = [(desk, await desk.bring()) for desk in (first, second, first, second)]
    numbers = [(await desk.case(case_id))["number"] for desk, case_id in brought]
    assert numbers == ["2026030201", "2026030202", "2026030203", "2026030204"]
