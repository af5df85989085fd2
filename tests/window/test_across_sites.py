"""One case as the windows of three tiers show it, each on its own database, while links are cut and healed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from bancheng.schema.documents import UnitEntry
from bancheng.window.pages.words import WORDS
from tests.support.tiers import COUNTY, COUNTY_UNIT, START, TOWN, VILLAGE, VILLAGE_UNIT, Tiers
from tests.window.browsing import at_page
from tests.window.town_hall import BUREAU, Caller, TierHall, TownHall

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
    note, accepted = (await main_line(town, case_id))[-2:]
    assert (note["details"]["text"], note["unit"]["code"]) == ("当事人又送来一份材料", VILLAGE_UNIT)
    assert (accepted["type"], accepted["details"]["asked_by"]["unit"]) == ("AskAccepted", VILLAGE_UNIT)
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


@pytest.mark.clause("PZ-01", part="who faces the person corrects its data while another level holds the case")
async def test_whoever_registered_asks_for_a_correction_in_a_case_that_climbed_and_is_told_what_came_of_it(
    tiers: Tiers,
) -> None:
    village, town, county = await callers(tiers)
    case_id = await village.register()
    await tiers.pass_time(START + 14 * DAY)
    assert (await village.case(case_id))["holder_unit"]["code"] == COUNTY_UNIT
    allowed = {each["name"]: each for each in (await village.case(case_id))["actions"] if each["allowed"]}
    assert {name: each["is_asked"] for name, each in allowed.items()} == {"correct-person": True, "add-note": True}

    tiers.cut_link(VILLAGE, TOWN)
    known = await village.give(case_id, "correct-person", name="周某某", reason="核对")
    assert (known.status_code, known.json()["code"]) == (409, "person.nothing_to_correct")
    asked = await village.give(case_id, "correct-person", phone="00012345679", reason="记错一位")
    assert (asked.status_code, asked.json()["holder_unit"]) == (202, COUNTY_UNIT)
    await county.must(case_id, "correct-person", name="周某禾", phone="00012345679", reason="电话核实")
    second = await village.give(case_id, "correct-person", address="乙村 2 号", reason="搬了家")
    assert second.status_code == 202
    sent = (await village.case(case_id))["asks"]
    assert [(each["command"], each["state"]) for each in sent] == [("correct-person", "sent")] * 2
    assert sent[0]["details"] == {"phone": "00012345679", "reason": "记错一位"}
    assert (await town.give(case_id, "correct-person", name="吴某", reason="改")).json()["code"] == "case.not_holder"

    tiers.heal()
    await tiers.carry_all()
    for caller in (village, town, county):
        person = (await caller.case(case_id))["person"]
        assert (person["name"], person["phone"], person["address"]) == ("周某禾", "00012345679", "乙村 2 号")
    refused, accepted = (await village.case(case_id))["asks"]
    assert (refused["state"], refused["code"]) == ("refused", "person.nothing_to_correct")
    assert "nothing is corrected" in refused["reason"]
    assert (accepted["state"], accepted["code"]) == ("accepted", "")
    entries = await main_line(county, case_id)
    assert [entry["type"] for entry in entries[-3:]] == ["AskRefused", "PersonCorrected", "AskAccepted"]
    assert (entries[-2]["actor"]["staff"], entries[-2]["unit"]["code"]) == ("s-village-clerk", VILLAGE_UNIT)


async def test_an_answer_that_a_takeover_cut_off_does_not_count_and_says_so(tiers: Tiers) -> None:
    village, _, _ = await callers(tiers)
    case_id = await village.register()
    await village.must(case_id, "escalate", reason="村里解决不了")
    await tiers.carry_all()
    tiers.cut_link(TOWN, COUNTY)
    await village.must(case_id, "correct-person", phone="00012345679", reason="记错一位")
    await tiers.carry_all()
    assert [each["state"] for each in (await village.case(case_id))["asks"]] == ["accepted"]
    await tiers.pass_time(START + 10 * DAY, COUNTY)
    tiers.heal()
    await tiers.carry_all()
    seen = await village.case(case_id)
    assert (seen["holder_unit"]["code"], seen["person"]["phone"]) == (COUNTY_UNIT, "00012345678")
    assert [(each["state"], each["code"]) for each in seen["asks"]] == [("refused", "ask.cut_off")]


async def test_at_the_page_the_same_form_asks_the_holder_and_says_what_came_of_it(tiers: Tiers) -> None:
    village, (clerk, _, _) = await at_page(hall_of(tiers, VILLAGE), "village-clerk"), await callers(tiers)
    case_id = await clerk.register()
    await tiers.pass_time(START + 14 * DAY)
    path = f"/cases/{case_id}"
    page = await village.open(f"{path}?form=correct-person")
    assert "案件由 county窗口 承办：会请它记入" in page.text
    asked = await village.submit(page, f"{path}/correct-person", phone="00012345679", address="", reason="记错一位")
    assert "已请承办单位记入：更正反映人信息" in asked.text
    assert "等待答复 更正反映人信息" in asked.text
    assert "已请 county窗口 记入，还没有答复" in asked.text
    assert "联系电话 00012345679 住址 （空） 原因 记错一位" in asked.text
    (ask,) = (await clerk.case(case_id))["asks"]
    assert ask["details"] == {"phone": "00012345679", "address": "", "reason": "记错一位"}, "the name stays as it is"
    again = await village.submit(asked, f"{path}/correct-person", phone="00012345679", reason="再说一次")
    assert again.status == 200

    await tiers.carry_all()
    answered = await village.open(path)
    assert "已记入 更正反映人信息" in answered.text
    assert "未采纳 更正反映人信息" in answered.text
    assert "没有要更正的" in answered.text
    assert "联系电话 00012345678 → 00012345679" in answered.text
    assert "请求事项 更正反映人信息" in answered.text
    assert "还没有答复" not in answered.text


@pytest.mark.clause("PZ-01", part="a department at another site than the holder acts in the case by its own account")
async def test_a_department_of_the_county_answers_the_towns_order_itself(tiers: Tiers) -> None:
    known = tiers.sites[COUNTY].hosted.jurisdiction.directory
    bureau = UnitEntry(code=BUREAU, name="区残联", tier=COUNTY, site=COUNTY, parent=COUNTY_UNIT, is_window=False)
    tiers.learn(replace(known, edition=2, units=(*known.units, bureau)))
    _, town, _ = await callers(tiers)
    case_id = await town.register()
    await town.must(case_id, "accept")
    await town.must(case_id, "issue-order", to_unit=BUREAU, request="请核实停发原因", limit_workdays=2)
    await tiers.carry_all()

    path, officer = f"/cases/{case_id}", await at_page(hall_of(tiers, COUNTY), "bureau-officer")
    page = await officer.open(path)
    assert set(page.forms) >= {f"{path}/answer-order", f"{path}/add-note"}
    asked = await officer.submit(
        page, f"{path}/answer-order", number="1", reply="result", text="系统漏传，已补发三个月"
    )
    assert "已请 town窗口 记入，还没有答复" in asked.text
    assert "交办给 区残联 答复类别 结果 部门的原话 系统漏传" in asked.text
    await tiers.carry_all()
    assert "已记入 " + WORDS["command"]["answer-order"] in (await officer.open(path)).text
    (order,) = (await town.case(case_id))["record"]["orders"]
    assert (order["answer"], order["is_done"]) == ("系统漏传，已补发三个月", True)
    answered = next(each for each in await main_line(town, case_id) if each["type"] == "OrderAnswered")
    assert (answered["actor"]["staff"], answered["unit"]["name"]) == ("s-bureau-officer", "区残联")


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
