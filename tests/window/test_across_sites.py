"""One case as the windows of three tiers show it, each on its own database, while links are cut and healed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.tiers import COUNTY, START, TOWN, VILLAGE, Tiers
from tests.window.browsing import at_page
from tests.window.town_hall import Caller, TierHall, TownHall

if TYPE_CHECKING:
    import httpx

DAY = timedelta(days=1)


def hall_of(tiers: Tiers, site: str) -> TownHall:
    return TierHall(tiers.sites[site].database, hosted=tiers.sites[site].hosted)


async def callers(tiers: Tiers) -> tuple[Caller, Caller, Caller]:
    return (
        await hall_of(tiers, VILLAGE).signed_in("village-clerk"),
        await hall_of(tiers, TOWN).signed_in("town-leader"),
        await hall_of(tiers, COUNTY).signed_in("hall-coordinator"),
    )


async def main_line(caller: Caller, case_id: str) -> list[dict[str, Any]]:
    answer: httpx.Response = await caller.get(f"/cases/{case_id}/history")
    found: list[dict[str, Any]] = answer.json()["main"]
    return found


@pytest.mark.clause("XS-05")
async def test_a_village_sees_above_and_below_what_becomes_of_what_climbed(tiers: Tiers) -> None:
    village, town, county = await callers(tiers)
    case_id = await village.register()
    assert (await town.get(f"/cases/{case_id}")).status_code == 404
    await tiers.carry_all()
    assert (await town.case(case_id))["holder_unit"]["code"] == "330109001001"
    await tiers.pass_time(START + 14 * DAY)

    for caller in (village, town, county):
        seen = await caller.case(case_id)
        assert seen["holder_unit"]["code"] == "330109"
        entries = await main_line(caller, case_id)
        climbs = [entry for entry in entries if entry["type"] == "Escalated"]
        assert [entry["unit"]["code"] for entry in climbs] == ["330109001001", "330109001"]
        assert all(entry["by_system"] for entry in climbs)
    await county.must(case_id, "accept")
    await tiers.carry_all()
    assert (await main_line(village, case_id))[-1]["type"] == "Sealed"
    assert (await village.case(case_id))["person"]["name"] == "周某某"


async def test_a_note_is_asked_of_the_holder_over_the_links_and_its_answer_comes_back(tiers: Tiers) -> None:
    village, town, _ = await callers(tiers)
    case_id = await village.register()
    await village.must(case_id, "escalate", reason="村里解决不了")
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    asked = await village.give(case_id, "add-note", text="当事人又送来一份材料", note_kind="supplement")
    assert asked.status_code == 202
    assert (await village.case(case_id))["asks"][0]["state"] == "sent"
    tiers.heal()
    await tiers.carry_all()
    assert (await main_line(town, case_id))[-1]["details"]["text"] == "当事人又送来一份材料"
    assert (await village.case(case_id))["asks"][0]["state"] == "accepted"


async def test_a_correction_of_the_person_travels_like_every_entry(tiers: Tiers) -> None:
    village, town, _ = await callers(tiers)
    case_id = await village.register()
    await village.must(case_id, "correct-person", phone="00012345679", reason="记错一位")
    await village.must(case_id, "escalate", reason="村里解决不了")
    await tiers.carry_all()
    assert (await town.case(case_id))["person"]["phone"] == "00012345679"
    await town.must(case_id, "correct-person", name="周某禾", reason="错字")
    await tiers.carry_all()
    assert (await village.case(case_id))["person"]["name"] == "周某禾"
    # Only the holder's site writes: the village asks it to, by a note.
    refused = await village.give(case_id, "correct-person", name="吴某", reason="错字")
    assert refused.json()["code"] == "case.not_holder"


async def test_what_came_late_stands_apart_and_is_decided_at_the_page(tiers: Tiers) -> None:
    village, town, _ = await callers(tiers)
    case_id = await village.register()
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await village.must(case_id, "accept")
    await village.must(case_id, "give-answer", text="已恢复发放")
    await village.must(case_id, "propose-result", outcome="solved", answer="已恢复发放")
    await tiers.pass_time(START + 4 * DAY, TOWN, COUNTY)
    tiers.heal()
    await tiers.carry_all()

    seen = await town.case(case_id)
    assert {entry["type"]: entry["decision"] for entry in seen["late_entries"]} == {
        "Accepted": "none",
        "Sealed": "none",
        "AnswerGiven": "open",
        "ResultProposed": "open",
    }
    late = (await town.get(f"/cases/{case_id}/history")).json()["late"]
    assert [entry["type"] for entry in late] == ["Accepted", "Sealed", "AnswerGiven", "ResultProposed"]
    assert "Accepted" not in {entry["type"] for entry in await main_line(town, case_id)}

    page_of_town = await at_page(hall_of(tiers, TOWN), "town-leader")
    page = await page_of_town.open(f"/cases/{case_id}")
    for said in ("迟到的记录", "不改动主线", "待决定", "已申请办结", "已接管"):
        assert said in page.text, said
    action = f"/cases/{case_id}/adopt-late-outcome"
    chosen = next(entry["event_hash"] for entry in seen["late_entries"] if entry["type"] == "ResultProposed")
    adopted = await page_of_town.submit(page, action, event_hash=chosen)
    assert "已保存：采纳迟到结果" in adopted.text
    await tiers.carry_all()
    assert (await village.case(case_id))["outcome"] == "solved"


async def test_how_far_an_entry_has_come_is_shown_link_by_link(tiers: Tiers) -> None:
    village, _, _ = await callers(tiers)
    case_id = await village.register()

    async def light() -> tuple[str, str]:
        (delivery,) = (await main_line(village, case_id))[0]["deliveries"]
        return delivery["peer"], delivery["state"]

    assert await light() == (TOWN, "waiting")
    await tiers.carry(VILLAGE, TOWN)
    assert await light() == (TOWN, "sent")
