"""What is collected below is dealt with above, and whoever brought it sees what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.conformance.hall import XIAOSHAN, unit_code

if TYPE_CHECKING:
    from tests.conformance.hall import OpenHall


@pytest.mark.clause("XS-02")
@pytest.mark.clause("XS-05")
async def test_a_problem_found_on_a_visit_becomes_a_case_that_climbs_and_the_village_sees_it(
    open_hall: OpenHall,
) -> None:
    village = await open_hall.at(XIAOSHAN, "bottom-clerk")
    case_id = await village.accepted(channel="visit")
    assert (await village.case(case_id))["channel"] == "visit"

    for _ in range(10):
        await open_hall.pass_until(open_hall.now + timedelta(days=7), XIAOSHAN)
    seen = await village.case(case_id)
    assert seen["holder_unit"]["code"] == unit_code(XIAOSHAN, "top")
    types = [entry["type"] for entry in await village.history(case_id)]
    assert types.count("Escalated") == 2
