"""PA-R10: a town has the form signed; the file is with the working group in a day, while the town goes on solving."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.hall import PANAN, unit_code
from tests.support.papers import png

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall

COUNTY, TOWN = unit_code(PANAN, "top"), unit_code(PANAN, "middle")
TUESDAY_EVENING = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
"""18:00 in Beijing, a working day after Monday 2 March, on which everything here begins."""


async def signed(town: Desk) -> str:
    """Filled in item by item, printed, checked and signed; the scan of it is attached."""
    case_id, scan = await town.accepted(), png(seed=1, size=2_000)
    attached = await town.client.post(
        f"/api/v1/cases/{case_id}/papers", files={"file": ("form.png", scan)}, data={"paper_kind": "signed_form"},
        headers={"Idempotency-Key": "scan"},
    )  # fmt: skip
    assert attached.status_code == 200, attached.text
    await town.must(case_id, "sign-form", method="paper", signer="周某某", paper=hashlib.sha256(scan).hexdigest())
    return case_id


async def clocks(desk: Desk, case_id: str) -> dict[str, Any]:
    return {each["name"]: each for each in (await desk.case(case_id))["clocks"]}


@pytest.mark.clause("PA-R10")
async def test_the_towns_file_is_with_the_county_in_a_working_day_and_the_town_goes_on_solving(
    open_hall: OpenHall,
) -> None:
    town, county = await open_hall.at(PANAN, "middle-clerk"), await open_hall.at(PANAN, "top-coordinator")
    case_id = await signed(town)
    owed = (await clocks(town, case_id))["step:file_to_working_group"]
    assert (owed["due_day"], owed["state"]) == ("2026-03-03", "running")
    before = await county.case(case_id)
    assert before["record"]["signature"]["signer"] == "周**", "not for everybody above"
    await town.must(case_id, "submit-file", note="表单、材料齐全")
    seen = await county.case(case_id)
    assert (seen["holder_unit"]["code"], seen["record"]["signature"]["signer"]) == (TOWN, "周某某")
    assert (seen["person"]["name"], seen["record"]["papers"][0]["name"]) == ("周某某", "form.png")
    assert seen["record"]["file_submitted_at"] is not None
    assert (await clocks(county, case_id))["step:file_to_working_group"]["state"] == "stopped"
    # The county has the file, and the town has the case still: it solves it.
    await town.must(case_id, "add-note", note_kind="progress", text="已联系审批部门补正")
    await town.must(case_id, "propose-result", outcome="solved", answer="已受理，请来取件")
    assert (await county.case(case_id))["outcome"] == "solved"


@pytest.mark.clause("PA-R10", part="what a town holds back goes up by itself, and the town may still say what it did")
async def test_a_town_that_holds_the_file_back_loses_the_case_with_everything_in_it(open_hall: OpenHall) -> None:
    town, county = await open_hall.at(PANAN, "middle-clerk"), await open_hall.at(PANAN, "top-coordinator")
    case_id = await signed(town)
    await open_hall.pass_until(TUESDAY_EVENING, PANAN)
    seen = await county.case(case_id)
    assert (seen["holder_unit"]["code"], seen["in_transit_to"]) == (COUNTY, None)
    assert seen["record"]["signature"]["signer"] == "周某某"
    added = await town.must(case_id, "add-note", note_kind="solution", text="乡镇已帮企业备齐材料")
    assert added["holder_unit"] == COUNTY
    note = await county.last(case_id, "NoteAdded")
    assert note["details"]["text"] == "乡镇已帮企业备齐材料"
