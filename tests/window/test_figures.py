"""Counters: kept with each change, told to those who see the unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.window.town_hall import PANAN

if TYPE_CHECKING:
    from tests.window.town_hall import Caller, TownHall


async def of(caller: Caller) -> dict[tuple[str, str], int]:
    rows: list[dict[str, Any]] = (await caller.get("/figures")).json()
    return {(each["unit"], each["name"]): each["value"] for each in rows}


async def test_figures_count_what_happened_and_only_where_one_may_look(hall: TownHall) -> None:
    village = await hall.signed_in("village-clerk")
    first, _ = await village.register(), await village.register(title="另一件事")
    await village.must(first, "withdraw", reason="当事人撤回")
    unit = (await village.case(first))["holder_unit"]["code"]

    assert await of(village) == {(unit, "registered"): 2, (unit, "closed"): 1}
    above = await hall.signed_in("hall-coordinator")
    assert await of(above) == {(unit, "registered"): 2, (unit, "closed"): 1}
    assert await of(await hall.signed_in("hall-coordinator", PANAN)) == {}
