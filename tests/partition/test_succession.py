"""A unit is closed or merged while its cases are at other sites, on their way, or behind a line that is cut (PA-01)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from bancheng.kernel import commands as c
from bancheng.kernel.units import close_unit
from bancheng.schema.documents import Directory
from tests.kernel.notices import CALENDAR
from tests.support.tiers import (
    COUNTY,
    COUNTY_UNIT,
    EAST,
    EAST_UNIT,
    START,
    TOWN,
    TOWN_UNIT,
    VILLAGE,
    VILLAGE_UNIT,
    Tiers,
)  # fmt: skip

TODAY = CALENDAR.local_day(START)


def without(tiers: Tiers, unit: str, *, into: str | None = None, at: str = COUNTY) -> Directory:
    """The next directory: the unit is closed today, or merged."""
    return close_unit(tiers.sites[at].hosted.jurisdiction.directory, unit, on=TODAY, successor=into)


async def held_by(tiers: Tiers, case_id: UUID, unit: str, *sites: str) -> None:
    """Every site named, or all, says that the unit holds the case, on the same line."""
    await tiers.carry_all()
    for site in sites or tiers.sites:
        case = await tiers.case(site, case_id)
        assert (case.holder_unit, case.in_transit) == (unit, None), site
    await tiers.assert_agreement(case_id, *sites)


@pytest.mark.clause("PA-01", part="the cases of a closed village go to the town, which is another site")
async def test_what_a_closed_village_holds_goes_to_the_town_over_the_link(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.Accept())
    before = (await tiers.case(VILLAGE, case_id)).clock("person")
    tiers.learn(without(tiers, VILLAGE_UNIT))
    assert [await tiers.hand_on(site) for site in (COUNTY, TOWN, VILLAGE)] == [0, 0, 1]
    await held_by(tiers, case_id, TOWN_UNIT)
    case = await tiers.case(COUNTY, case_id)
    assert case.clock("person") == before, "the person's clock runs on"
    assert (case.registered_unit, case.stage) == (VILLAGE_UNIT, "accepted")
    assert await tiers.hand_on(VILLAGE) == 0


@pytest.mark.clause("PA-01", part="the cases of a merged village go to its heir at a site beside it")
async def test_what_a_merged_village_holds_goes_through_the_town_to_the_other_village(tiers_and_east: Tiers) -> None:
    tiers = tiers_and_east
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.learn(without(tiers, VILLAGE_UNIT, into=EAST_UNIT))
    assert await tiers.hand_on(VILLAGE) == 1
    await held_by(tiers, case_id, EAST_UNIT)
    await tiers.command(EAST, case_id, c.Accept())
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    assert (await tiers.case(VILLAGE, case_id)).stage == "accepted", "who registered it sees what becomes of it"


@pytest.mark.clause("PA-01", part="the cases of a town merged into a village go down to it")
async def test_what_a_merged_town_holds_goes_down_to_its_heir(tiers: Tiers) -> None:
    case_id = await tiers.register(TOWN)
    await tiers.carry_all()
    tiers.learn(without(tiers, TOWN_UNIT, into=VILLAGE_UNIT))
    assert await tiers.hand_on(TOWN) == 1
    await held_by(tiers, case_id, VILLAGE_UNIT)


@pytest.mark.clause("PA-01", part="a case on its way to a unit that is closed meanwhile goes on to its heir")
async def test_a_case_that_climbs_to_a_town_closed_meanwhile_goes_on_to_the_county(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.Escalate(reason="村里办不了"))
    tiers.learn(without(tiers, TOWN_UNIT), COUNTY, TOWN)
    await tiers.carry_all()
    assert await tiers.hand_on(TOWN) == 1
    await held_by(tiers, case_id, COUNTY_UNIT)


@pytest.mark.clause("PA-01", part="a village below a closed town still climbs, and is still handed its own down")
async def test_a_village_below_a_closed_town_climbs_to_the_county_and_gets_its_own_back(tiers: Tiers) -> None:
    tiers.learn(without(tiers, TOWN_UNIT))
    case_id = await tiers.register(VILLAGE)
    due = (await tiers.case(VILLAGE, case_id)).clock("holder")
    assert due is not None
    await tiers.pass_time(due.due_at + timedelta(hours=1))
    await held_by(tiers, case_id, COUNTY_UNIT)
    await tiers.command(COUNTY, case_id, c.HandDown(to_unit=VILLAGE_UNIT, reason="由村里上门送达"))
    await held_by(tiers, case_id, VILLAGE_UNIT)


@pytest.mark.clause("PA-01", part="where a town was merged, the villages below it climb to its heir, at whatever site")
async def test_a_village_below_a_merged_town_climbs_to_the_towns_heir_and_the_heir_past_it(
    tiers_and_east: Tiers,
) -> None:
    tiers = tiers_and_east
    tiers.learn(without(tiers, TOWN_UNIT, into=EAST_UNIT))
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.Escalate(reason="村里办不了"))
    await held_by(tiers, case_id, EAST_UNIT)
    await tiers.command(EAST, case_id, c.Escalate(reason="要区里定"))
    await held_by(tiers, case_id, COUNTY_UNIT)


@pytest.mark.clause("PA-01", part="a village that is cut off when it is closed loses no case")
async def test_a_closed_village_that_is_cut_off_is_taken_over_and_what_it_wrote_is_filed(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    tiers.learn(without(tiers, VILLAGE_UNIT), COUNTY, TOWN)
    await tiers.command(VILLAGE, case_id, c.AddNote(text="断网时走访过一次"))
    due = (await tiers.case(TOWN, case_id)).clock("holder")
    assert due is not None
    await tiers.pass_time(due.due_at + timedelta(hours=1), COUNTY, TOWN)
    await held_by(tiers, case_id, TOWN_UNIT, COUNTY, TOWN)
    tiers.heal()
    await tiers.carry_all()
    tiers.learn(tiers.sites[COUNTY].hosted.jurisdiction.directory, VILLAGE)
    assert await tiers.hand_on(VILLAGE) == 0, "it is not the village's any more"
    await held_by(tiers, case_id, TOWN_UNIT)


@pytest.mark.clause("PA-01", part="a hand-over by the old directory and one by the new come to one holder")
async def test_a_village_hands_on_what_the_town_has_taken_over_meanwhile(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.learn(without(tiers, VILLAGE_UNIT))
    tiers.cut_link(VILLAGE, TOWN)
    assert await tiers.hand_on(VILLAGE) == 1
    due = (await tiers.case(TOWN, case_id)).clock("holder")
    assert due is not None
    await tiers.pass_time(due.due_at + timedelta(hours=1), COUNTY, TOWN)
    await held_by(tiers, case_id, TOWN_UNIT, COUNTY, TOWN)
    tiers.heal()
    await held_by(tiers, case_id, TOWN_UNIT)


async def test_what_a_closed_village_handed_on_before_its_heir_was_closed_too_goes_on_again(
    tiers_and_east: Tiers,
) -> None:
    tiers = tiers_and_east
    case_id = await tiers.register(VILLAGE)
    tiers.learn(without(tiers, VILLAGE_UNIT, into=EAST_UNIT))
    assert await tiers.hand_on(VILLAGE) == 1
    tiers.learn(without(tiers, EAST_UNIT))
    await tiers.carry_all()
    assert await tiers.hand_on(EAST) == 1
    await held_by(tiers, case_id, TOWN_UNIT)
