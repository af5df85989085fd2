"""A village case that nobody solves climbs to the town and then to the county, by itself and with its history."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.api import Client
from tests.support.oracle import judge
from tests.support.system import System
from tests.support.tenants import COUNTY, PANAN, PANAN_COUNTY, PANAN_TOWN, TOWN, VILLAGE, XIAOSHAN

CLIMBED = ["Registered", "DeadlineWarned", "Escalated", "Received", "DeadlineWarned", "Escalated", "Received"]


def due_at(case: Any, clock: str) -> datetime:
    return datetime.fromisoformat(next(each["due_at"] for each in case["clocks"] if each["name"] == clock))


def line(client: Client, case_id: UUID) -> list[tuple[str, str]]:
    """Hash and type of every entry of the main line."""
    return [(entry["hash"], entry["type"]) for entry in client.history(case_id)["main"]]


@pytest.mark.clause("U-01")
@pytest.mark.clause("U-02")
@pytest.mark.clause("U-03")
@pytest.mark.clause("XS-05")
def test_an_unsolved_village_case_climbs_to_town_and_county_with_its_history(system: System) -> None:
    village = system.client(XIAOSHAN, "village-clerk")
    town = system.client(XIAOSHAN, "town-clerk")
    county = system.client(XIAOSHAN, "county-clerk")

    # Given a case registered at the village, which nobody there solves
    registered = village.register(title="路灯不亮")
    case = village.case(registered.case_id)
    assert case["holder_unit"]["code"] == VILLAGE

    # When its limit at the village passes
    system.clock.advance_to(due_at(case, "holder"))

    # Then the town holds it, and when the town's limit passes, the county
    at_town = town.wait_for_case(registered.case_id, holder_unit=TOWN, in_transit_to=None)
    assert due_at(at_town, "person") == due_at(case, "person")
    system.clock.advance_to(due_at(at_town, "holder"))
    at_county = county.wait_for_case(registered.case_id, holder_unit=COUNTY, in_transit_to=None)
    assert at_county["number"] == registered.number
    assert at_county["description"] == case["description"]

    # And all three show the same history
    village.wait_for_case(registered.case_id, holder_unit=COUNTY, in_transit_to=None)
    town.wait_for_case(registered.case_id, holder_unit=COUNTY, in_transit_to=None)
    lines = [line(each, registered.case_id) for each in (village, town, county)]
    assert lines[0] == lines[1] == lines[2]
    assert [kind for _, kind in lines[0] if kind in CLIMBED] == CLIMBED

    # And what the county does reaches the village, which faces the person
    county.give(registered.case_id, "add-note", {"text": "已派维修。", "note_kind": "progress"})
    village.wait_for_case(registered.case_id, version=county.case(registered.case_id)["version"])
    assert line(village, registered.case_id)[-1][1] == "NoteAdded"

    standing = system.quiesce()
    directories = {tenant: founded.directory for tenant, founded in system.founded.items()}
    judge(standing, directories, registered={XIAOSHAN: [registered.case_id]})


@pytest.mark.clause("U-01", part="a tenant without a village tier")
def test_where_there_is_no_village_a_town_case_climbs_to_the_county(system: System) -> None:
    town = system.client(PANAN, "panan-town-clerk")
    county = system.client(PANAN, "panan-clerk")
    registered = town.register(title="企业开办受阻")
    case = town.case(registered.case_id)
    assert case["holder_unit"]["code"] == PANAN_TOWN
    system.clock.advance_to(due_at(case, "holder") + timedelta(minutes=1))
    county.wait_for_case(registered.case_id, holder_unit=PANAN_COUNTY, in_transit_to=None)
    town.wait_for_case(registered.case_id, holder_unit=PANAN_COUNTY, in_transit_to=None)
    assert line(town, registered.case_id) == line(county, registered.case_id)
