"""A clock that is days wrong at one site, and put right again: docs/ops/clock.md."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bancheng.kernel import commands as c
from tests.support.tiers import COUNTY, START, TOWN, VILLAGE, VILLAGE_UNIT, Tiers

if TYPE_CHECKING:
    from uuid import UUID

DAY = timedelta(days=1)


async def instants(tiers: Tiers, case_id: UUID) -> list[tuple[str, timedelta]]:
    """When each step says that it was, from the beginning on."""
    main = (await tiers.lines(COUNTY, case_id)).main
    return [(type(entry.event).__name__, entry.event.at - START) for entry in main]


async def test_a_fast_clock_climbs_too_early_and_the_case_is_handed_back(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.wrong[VILLAGE] = 7 * DAY
    await tiers.sweep()
    await tiers.carry_all()
    assert (await tiers.case(TOWN, case_id)).holder_site == TOWN
    assert await instants(tiers, case_id) == [
        ("Registered", timedelta()),
        ("DeadlineWarned", 7 * DAY),
        ("Escalated", 7 * DAY),
        ("Received", timedelta()),
    ], "each site wrote what its own clock said, and the order is told by numbers and hashes"
    await tiers.assert_agreement(case_id)

    tiers.wrong.clear()
    reason = "村里电脑时钟快了七天，未到期就上移，交回"
    await tiers.command(TOWN, case_id, c.HandDown(to_unit=VILLAGE_UNIT, reason=reason))
    await tiers.carry_all()
    await tiers.command(VILLAGE, case_id, c.AddNote(text="时钟已校准"))
    await tiers.sweep()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    village = await tiers.case(VILLAGE, case_id)
    holder = village.clock("holder")
    assert village.holder_site == VILLAGE
    assert holder is not None
    assert holder.due_at > tiers.now, "it has time again, and does not climb at once"


@pytest.mark.parametrize(("slow", "story"), [(VILLAGE, "TakenOver"), (TOWN, "Received")])
async def test_a_slow_clock_makes_nothing_late_since_the_parent_goes_by_its_own(
    tiers: Tiers, slow: str, story: str
) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    person = (await tiers.case(VILLAGE, case_id)).clock("person")
    tiers.wrong[slow] = -7 * DAY
    await tiers.pass_time(START + 4 * DAY)
    above = {VILLAGE: TOWN, TOWN: COUNTY}[slow]
    assert (await tiers.case(VILLAGE, case_id)).holder_site == above
    assert story in await tiers.story(VILLAGE, case_id)
    await tiers.assert_agreement(case_id)

    tiers.wrong.clear()
    await tiers.sweep()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    assert (await tiers.case(VILLAGE, case_id)).clock("person") == person, "the person's limit is as it was"
