"""Counters: kept with each change, told to those who see the unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.window.town_hall import PANAN, TOWN, VILLAGE

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


@pytest.mark.clause("XS-04", part="figures tell the unit complained of nothing")
async def test_a_case_that_complains_of_a_unit_is_in_nobodys_figures(hall: TownHall) -> None:
    """The town reads its villages' figures, beside the list in which that case is not."""
    village, town = await hall.signed_in("village-clerk"), await hall.signed_in("town-clerk")
    about_it = await village.register(complained_unit=TOWN)
    other = await village.register(title="另一件事")
    await village.must(about_it, "withdraw", reason="当事人撤回")
    assert [each["case_id"] for each in (await town.get("/cases")).json()["cases"]] == [other]
    for reader in (town, village, await hall.signed_in("hall-coordinator")):
        assert await of(reader) == {(VILLAGE, "registered"): 1}
