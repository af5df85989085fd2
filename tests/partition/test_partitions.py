"""Each branch that a cut-off link can bring about, by name (federation.md, Custody)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.rejected import Rejected
from bancheng.schema import events as e
from bancheng.schema.documents import UnitEntry
from bancheng.store.alerts import alerts_of_case
from tests.support.tiers import COUNTY, COUNTY_UNIT, START, TENANT, TOWN, TOWN_UNIT, VILLAGE, VILLAGE_UNIT, Tiers, clerk

if TYPE_CHECKING:
    from uuid import UUID

DAY = timedelta(days=1)


async def solve(tiers: Tiers, site: str, case_id: UUID) -> None:
    """Handled from acceptance to the answer, by the clerk of that site."""
    await tiers.command(site, case_id, c.Accept())
    await tiers.command(site, case_id, c.ProposeResult(outcome="solved", answer="已恢复发放"))
    await tiers.command(site, case_id, c.GiveAnswer(text="已恢复发放", channel="phone"))


@pytest.mark.clause("U-03", "XS-05")
async def test_a_case_nobody_solves_climbs_to_the_county_with_its_history(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    await tiers.pass_time(START + 14 * DAY)

    story = await tiers.story(VILLAGE, case_id)
    assert [name for name in story if name in {"Registered", "Escalated", "Received"}] == [
        "Registered",
        "Escalated",
        "Received",
        "Escalated",
        "Received",
    ]
    assert (await tiers.case(VILLAGE, case_id)).holder_site == COUNTY
    await tiers.assert_agreement(case_id)


@pytest.mark.clause("U-03")
async def test_a_village_cut_off_for_the_whole_run_loses_no_case(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.command(VILLAGE, case_id, c.AddNote(text="已联系民政所"))
    await tiers.pass_time(START + 14 * DAY)

    assert (await tiers.case(COUNTY, case_id)).holder_site == COUNTY
    assert "TakenOver" in await tiers.story(TOWN, case_id)

    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    county = await tiers.case(COUNTY, case_id)
    assert [entry.late_type for entry in county.late_entries].count("NoteAdded") == 1
    assert all(entry.decision == "none" for entry in county.late_entries)


@pytest.mark.clause("U-03", part="also what a station at a silent town's own site holds is taken by the county")
async def test_a_case_of_a_station_below_a_silent_town_climbs_past_it(tiers: Tiers) -> None:
    """The unit above the station is as silent as the station: they are one site."""
    directory = tiers.sites[COUNTY].hosted.jurisdiction.directory
    station = UnitEntry(code="330109001900", name="镇属站所", tier=TOWN, site=TOWN, parent=TOWN_UNIT)
    tiers.learn(replace(directory, edition=2, units=(*directory.units, station)))
    case_id = await tiers.register(TOWN)
    await tiers.command(TOWN, case_id, c.HandDown(to_unit=station.code, reason="交站所办"))
    await tiers.carry_all()
    assert (await tiers.case(COUNTY, case_id)).holder_unit == station.code
    with pytest.raises(Rejected) as refused:
        await tiers.command(COUNTY, case_id, c.TakeBack(reason="收回办理"))
    assert refused.value.code == "handover.not_above_holder"
    tiers.cut_link(TOWN, COUNTY)
    await tiers.pass_time(START + 14 * DAY, COUNTY)
    taken = await tiers.case(COUNTY, case_id)
    assert (taken.holder_unit, taken.holder_site) == (COUNTY_UNIT, COUNTY)
    assert (await tiers.story(COUNTY, case_id)).count("TakenOver") == 1

    await tiers.sweep(TOWN)
    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id, COUNTY, TOWN)


async def test_a_late_solution_is_adopted_at_its_own_time_and_the_person_hears_once(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await solve(tiers, VILLAGE, case_id)
    solved_at = tiers.now
    await tiers.pass_time(START + 4 * DAY, TOWN, COUNTY)
    assert (await tiers.case(TOWN, case_id)).holder_site == TOWN

    tiers.heal()
    await tiers.carry_all()
    late = await tiers.case(TOWN, case_id)
    opened = [entry for entry in late.late_entries if entry.decision == "open"]
    assert [entry.late_type for entry in opened] == ["ResultProposed", "AnswerGiven"]
    await tiers.command(TOWN, case_id, c.Accept())
    with pytest.raises(Rejected) as refused:
        await tiers.command(TOWN, case_id, c.GiveAnswer(text="另一个答复"))
    assert refused.value.code == "case.late_decision_open"

    await tiers.command(TOWN, case_id, c.AdoptLateOutcome(event_hash=opened[0].event_hash.hex()))
    await tiers.carry_all()
    adopted = await tiers.case(VILLAGE, case_id)
    assert (adopted.outcome, adopted.stage, adopted.answered_at) == ("solved", "verified", solved_at)
    assert {entry.decision for entry in adopted.late_entries} == {"none", "adopted"}
    await tiers.command(TOWN, case_id, c.Revisit(satisfied=True, rating=5))
    await tiers.command(TOWN, case_id, c.StrikeOff())
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    assert (await tiers.story(COUNTY, case_id)).count("AnswerGiven") == 0


async def test_a_late_solution_can_be_overruled_with_a_reason(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await solve(tiers, VILLAGE, case_id)
    await tiers.pass_time(START + 4 * DAY, TOWN, COUNTY)
    tiers.heal()
    await tiers.carry_all()

    opened = [each for each in (await tiers.case(TOWN, case_id)).late_entries if each.decision == "open"]
    command = c.OverruleLate(event_hash=opened[0].event_hash.hex(), reason="补贴并未到账")
    await tiers.command(TOWN, case_id, command)
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    case = await tiers.case(VILLAGE, case_id)
    assert (case.outcome, case.answered_at, case.stage) == (None, None, "registered")
    assert case.clocks["person"].state == "running"


@pytest.mark.clause("U-03")
async def test_both_tiers_climb_at_once_and_it_is_one_climb(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.pass_time(START + 4 * DAY)
    village, town = await tiers.case(VILLAGE, case_id), await tiers.case(TOWN, case_id)
    assert village.in_transit is not None
    assert town.holder_site == TOWN

    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    story = await tiers.story(VILLAGE, case_id)
    assert story.count("TakenOver") == 1
    assert "Escalated" not in story
    late = (await tiers.case(VILLAGE, case_id)).late_entries
    assert ("Escalated", "none") in {(entry.late_type, entry.decision) for entry in late}


async def test_of_two_takeovers_the_one_nearest_the_top_stands(tiers: Tiers) -> None:
    """The county takes term 3 from the town, which had granted term 3 to the village and taken it back as term 4."""
    case_id = await tiers.register(TOWN)
    await tiers.carry_all()
    tiers.cut_link(TOWN, COUNTY)
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.command(TOWN, case_id, c.HandDown(to_unit=VILLAGE_UNIT, reason="请村里先上门"))
    await tiers.pass_time(START + 2 * DAY, TOWN)
    assert (await tiers.case(TOWN, case_id)).holder_site == TOWN
    await tiers.pass_time(START + 8 * DAY, COUNTY)
    assert (await tiers.case(COUNTY, case_id)).holder_site == COUNTY

    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    case = await tiers.case(VILLAGE, case_id)
    assert case.holder_site == COUNTY
    assert (await tiers.story(TOWN, case_id)).count("TakenOver") == 1
    filed = [entry.late_type for entry in case.late_entries]
    assert len(filed) == len({entry.event_hash for entry in case.late_entries})
    assert "HandedDown" in filed


async def test_handed_down_cut_off_and_taken_back(tiers: Tiers) -> None:
    case_id = await tiers.register(TOWN)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.command(TOWN, case_id, c.HandDown(to_unit=VILLAGE_UNIT, reason="请村里先上门"))
    await tiers.pass_time(START + 2 * DAY)
    town = await tiers.case(TOWN, case_id)
    assert (town.holder_site, town.in_transit) == (TOWN, None)

    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    assert (await tiers.case(VILLAGE, case_id)).holder_site == TOWN
    assert (await tiers.story(VILLAGE, case_id))[-1] == "TakenOver"


async def test_received_by_the_village_but_taken_back_before_the_word_of_it_came(tiers: Tiers) -> None:
    """The hand-down arrives, the receipt of custody does not: the village's own entries become late."""
    case_id = await tiers.register(TOWN)
    await tiers.carry_all()
    await tiers.command(TOWN, case_id, c.HandDown(to_unit=VILLAGE_UNIT, reason="请村里先上门"))
    await tiers.carry(TOWN, VILLAGE)
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.command(VILLAGE, case_id, c.AddNote(text="已上门"))
    await tiers.pass_time(START + 2 * DAY, TOWN, COUNTY)

    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    case = await tiers.case(VILLAGE, case_id)
    assert case.holder_site == TOWN
    assert [entry.late_type for entry in case.late_entries] == ["NoteAdded"]


@pytest.mark.clause("ST-02")
async def test_a_base_shorter_than_the_villages_chain_keeps_every_entry(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    for number in range(5):
        await tiers.command(VILLAGE, case_id, c.AddNote(text=f"第{number + 1}次联系"))
    before = {entry.hash for entry in (await tiers.lines(VILLAGE, case_id)).main}
    await tiers.pass_time(START + 4 * DAY, TOWN)
    tiers.heal()
    await tiers.carry_all()

    await tiers.assert_agreement(case_id)
    known = await tiers.lines(COUNTY, case_id)
    assert before <= {entry.hash for entry in (*known.main, *known.late)}
    assert len((await tiers.case(TOWN, case_id)).late_entries) == 5


async def test_a_case_on_its_way_to_a_dead_town_alarms_the_village(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.command(VILLAGE, case_id, c.Escalate(reason="村里办不了"))
    await tiers.pass_time(START + 2 * DAY, VILLAGE)
    case = await tiers.case(VILLAGE, case_id)
    assert (case.holder_site, case.in_transit is not None) == (VILLAGE, True)
    assert await alerts(tiers, case_id) == ["transit_late"]

    tiers.heal()
    await tiers.carry_all()
    assert await alerts(tiers, case_id) == []
    assert (await tiers.case(VILLAGE, case_id)).holder_site == TOWN


async def alerts(tiers: Tiers, case_id: UUID) -> list[str]:
    async with tiers.sites[VILLAGE].database.transaction(TENANT) as tx:
        return [each.kind for each in await alerts_of_case(tx, case_id)]


async def test_a_return_and_a_second_return_call_the_duty_leader(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    for _ in range(2):
        await tiers.command(VILLAGE, case_id, c.Escalate(reason="村里办不了"))
        await tiers.carry_all()
        await tiers.command(TOWN, case_id, c.Return(reason="材料不全，请补"))
        await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    story = await tiers.story(TOWN, case_id)
    assert story.count("Returned") == 2
    assert story[-2:] == ["Received", "DutyLeaderCalled"]
    assert (await tiers.case(COUNTY, case_id)).holder_site == VILLAGE


async def test_the_same_climb_fired_twice_has_one_effect(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.now = START + 5 * DAY
    await tiers.sweep(VILLAGE)
    await tiers.sweep(VILLAGE)
    system = tiers.sites[VILLAGE].hosted.system_actor(VILLAGE_UNIT)
    again = await tiers.command(VILLAGE, case_id, c.PassDeadline(), system)
    assert again == ()
    await tiers.carry_all()
    await tiers.sweep(TOWN)
    assert (await tiers.story(TOWN, case_id)).count("Escalated") == 1
    await tiers.assert_agreement(case_id)


async def test_an_upper_tier_hands_down_to_a_village_that_never_had_the_case(tiers: Tiers) -> None:
    """It is sent the whole history first."""
    case_id = await tiers.register(COUNTY)
    await tiers.carry_all()
    await tiers.command(COUNTY, case_id, c.HandDown(to_unit=TOWN_UNIT, reason="属地办理"))
    await tiers.carry_all()
    await tiers.command(TOWN, case_id, c.HandDown(to_unit=VILLAGE_UNIT, reason="请村里先上门", limit_workdays=2))
    await tiers.carry_all()
    assert (await tiers.case(VILLAGE, case_id)).clocks["holder"].limit_workdays == 2
    await tiers.assert_agreement(case_id)


async def test_a_chain_of_late_entries_reaches_a_county_that_has_closed_the_case(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.command(VILLAGE, case_id, c.AddNote(text="村里的记录"))
    await tiers.pass_time(START + 4 * DAY, TOWN)
    await tiers.command(TOWN, case_id, c.Withdraw(reason="当事人撤回"), clerk(TOWN))
    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    case = await tiers.case(COUNTY, case_id)
    assert (case.stage, len(case.late_entries)) == ("withdrawn", 1)
    assert isinstance((await tiers.lines(COUNTY, case_id)).late[0].event, e.NoteAdded)


@pytest.mark.clause("PA-09", part="a result that nobody verifies does not stay where it is")
async def test_a_result_that_nobody_verifies_climbs_too(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.Accept())
    await tiers.command(VILLAGE, case_id, c.ProposeResult(outcome="solved", answer="路灯已修好"))
    await tiers.carry_all()
    due = (await tiers.case(VILLAGE, case_id)).clocks["conclusion"].due_at
    async with tiers.sites[VILLAGE].database.transaction(TENANT) as tx:
        listed = await tx.fetch_one("SELECT holder_due_at FROM cases WHERE tenant = $1", TENANT)
    assert listed is not None
    assert listed[0] == due

    await tiers.pass_time(due + DAY)
    town = await tiers.case(TOWN, case_id)
    assert (town.holder_site, town.stage) == (TOWN, "result_proposed")
    assert town.clocks["conclusion"].state == "running"
    await tiers.command(TOWN, case_id, c.VerifyResult())
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)


@pytest.mark.clause("PA-06", part="what is proposed later is not what the person was told")
async def test_a_result_proposed_after_the_answer_leaves_the_answer_as_it_was_given(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.Accept())
    await tiers.command(VILLAGE, case_id, c.GiveAnswer(text="下周一派人来修"))
    told_at = tiers.now
    await tiers.command(VILLAGE, case_id, c.ProposeResult(outcome="solved", answer="路灯已修好"))
    case = await tiers.case(VILLAGE, case_id)
    assert (case.answer, case.answered_at) == ("下周一派人来修", told_at)
