"""Clocks and hand-overs by hand: what comes back goes on, each limit has one owner, and every ladder has an end."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import LadderRung, Tier
from bancheng.schema import events as e
from tests.kernel.notices import CALENDAR, beijing
from tests.kernel.situations import LATE_ENTRY, LATE_HASH
from tests.kernel.tenant import CENTRE, COUNTY, HALL, PROFILE, STATION, TOWN, TWO_TIERS
from tests.kernel.test_clocks import clock, due
from tests.kernel.world import Story, names, registered

UP = c.Escalate(reason="本级解决不了")
BACK = c.Return(reason="属村级事项")


def sent(story: Story, command: c.AnyCommand) -> Story:
    story.do(command)
    story.receive()
    return story


def solved(story: Story) -> Story:
    for command in (
        c.Accept(),
        c.GiveAnswer(text="已恢复发放"),
        c.ProposeResult(outcome="solved", answer="已恢复发放"),
    ):
        story.do(command)
    return story


@pytest.mark.clause("U-03")
def test_a_case_climbs_at_the_end_of_business_of_the_last_day_and_not_before() -> None:
    # Mon 2 Mar starts at the village, 2: Wed 4 at 17:00. Then the town has 3 from Wed 4: Mon 9. The county 5: Mon 16.
    story = registered()
    story.run_until(beijing(2026, 3, 4, 16, 59))
    assert (story.state.holder_unit, story.state.in_transit) == (STATION, None)
    story.run_until(beijing(2026, 3, 4, 17))
    assert (story.state.holder_unit, due(story, "holder")) == (CENTRE, date(2026, 3, 9))
    story.run_until(beijing(2026, 3, 9, 17))
    assert (story.state.holder_unit, due(story, "holder")) == (HALL, date(2026, 3, 16))
    story.run_until(beijing(2026, 3, 16, 17))
    assert story.state.reported_outside_at == beijing(2026, 3, 16, 17)
    assert due(story, "person") == date(2026, 3, 9), "the person's clock was never touched: 5 from Mon 2"


def test_a_clock_that_comes_back_goes_on_with_what_is_left() -> None:
    # Mon 2 Mar starts; handed up on Tue 3 (1 of 2 used), back on Thu 5: Fri 6 is the second.
    story = registered()
    story.now = beijing(2026, 3, 3)
    sent(story, UP)
    story.now = beijing(2026, 3, 5)
    assert clock(story, f"held:{STATION}").used_workdays == 1
    sent(story, BACK)
    back = clock(story, "holder")
    assert (back.owner, back.used_workdays, back.limit_workdays, due(story, "holder")) == (
        STATION,
        1,
        2,
        date(2026, 3, 6),
    )
    # And up again on Fri 6: the town had used 2 of 3 (Wed 4, Thu 5), so Mon 9 is its third.
    story.now = beijing(2026, 3, 6)
    sent(story, UP)
    assert (clock(story, "holder").used_workdays, due(story, "holder")) == (2, date(2026, 3, 9))


def test_a_unit_that_had_spent_its_limit_gets_one_day_and_keeps_it() -> None:
    # The village spends both days and climbs on Wed 4; the case is back on Thu 5: one day is Fri 6.
    story = registered()
    story.run_until(beijing(2026, 3, 4, 17))
    story.now = beijing(2026, 3, 5)
    sent(story, BACK)
    back = clock(story, "holder")
    assert (back.used_workdays, back.limit_workdays, due(story, "holder")) == (2, 3, date(2026, 3, 6))
    # Extended by 2 it is Tue 10; the extension never makes it earlier.
    story.do(c.RequestExtension(workdays=2, reason="等待上级答复"))
    story.do(c.ApproveExtension(), staff="leader")
    assert due(story, "holder") == date(2026, 3, 10)
    # A calendar that changes nothing in March changes nothing here.
    story.calendar = replace(CALENDAR, edition=CALENDAR.edition + 1)
    assert story.tick(c.RecomputeDues()) == ()


def test_a_hand_down_may_set_a_limit_of_its_own() -> None:
    # The town hands down on Tue 3 with 4: Wed 4: 1; Thu 5: 2; Fri 6: 3; Mon 9: 4. Without a limit the village has 2.
    story = registered(CENTRE)
    story.now = beijing(2026, 3, 3)
    limited = sent(story, c.HandDown(to_unit=STATION, reason="由村里办理", limit_workdays=4))
    assert (clock(limited, "holder").limit_workdays, due(limited, "holder")) == (4, date(2026, 3, 9))
    plain = registered(CENTRE)
    plain.now = beijing(2026, 3, 3)
    assert due(sent(plain, c.HandDown(to_unit=STATION, reason="由村里办理")), "holder") == date(2026, 3, 5)
    # A limit also replaces what a unit had left from before.
    again = sent(registered(), UP)
    assert due(sent(again, c.HandDown(to_unit=STATION, reason="再办", limit_workdays=4)), "holder") == date(2026, 3, 6)


def test_a_late_decision_has_one_working_day_and_then_no_longer_stops_the_answer() -> None:
    # Filed on Thu 5 March: due on Fri 6 at 17:00.
    story = sent(registered(), UP)
    story.do(c.Accept())
    story.now = beijing(2026, 3, 5)
    story.tick(LATE_ENTRY)
    assert (due(story, "late_decision"), clock(story, "late_decision").owner) == (date(2026, 3, 6), CENTRE)
    assert story.refusal(c.GiveAnswer(text="不能办")) == "case.late_decision_open"
    story.now = beijing(2026, 3, 6, 17)
    assert "DeadlinePassed" in names(story.tick())
    story.receive()  # it was the town's last day as well
    assert names(story.do(c.GiveAnswer(text="不能办"))) == ["AnswerGiven"]
    # Whoever holds the case can still decide, and it cannot be closed before somebody has.
    story.do(c.OverruleLate(event_hash=LATE_HASH.hex(), reason="并未到账"))
    assert not story.state.has_open_late_decision()


@pytest.mark.clause("PA-10", part="a case leaves the list only once done, answered and revisited")
def test_a_case_is_struck_off_only_when_done_answered_and_revisited_and_nothing_late_is_open() -> None:
    story = registered()
    for command in (c.Accept(), c.ProposeResult(outcome="solved", answer="已恢复发放"), c.VerifyResult()):
        assert story.refusal(c.StrikeOff()) == "case.stage_forbids"
        story.do(command)
    assert story.refusal(c.Revisit(satisfied=True, rating=5)) == "result.not_answered"
    story.do(c.GiveAnswer(text="已恢复发放"))
    assert story.refusal(c.StrikeOff()) == "case.stage_forbids"
    story.do(c.Revisit(satisfied=True, rating=5))
    story.tick(LATE_ENTRY)
    assert story.refusal(c.StrikeOff()) == "case.late_decision_open"
    story.do(c.OverruleLate(event_hash=LATE_HASH.hex(), reason="已另行解决"))
    story.do(c.StrikeOff())
    assert {each.state for each in story.state.clocks.values()} == {"stopped"}


@pytest.mark.clause("PA-09", part="verifying and revisiting have a limit of their own and climb when it is over")
def test_after_the_result_the_conclusion_runs_and_climbs() -> None:
    # Proposed on Mon 2 March: 5 is Mon 9. The village's own clock stops.
    story = solved(registered())
    assert (clock(story, "holder").state, due(story, "conclusion")) == ("stopped", date(2026, 3, 9))
    story.run_until(beijing(2026, 3, 9, 17))
    assert (story.state.holder_unit, story.state.stage) == (CENTRE, "result_proposed")
    assert (clock(story, "conclusion").owner, due(story, "conclusion")) == (CENTRE, date(2026, 3, 16))


def test_a_result_that_is_sent_back_resumes_the_clock_of_the_unit_that_holds_the_case() -> None:
    # The village proposed on Mon 2; the town has the case from Mon 9. Sent back on Tue 10, the town has its own 3.
    story = solved(registered())
    story.run_until(beijing(2026, 3, 9, 17))
    story.now = beijing(2026, 3, 10)
    story.do(c.SendBackResult(reason="补贴并未到账"))
    assert (clock(story, "holder").owner, due(story, "holder")) == (CENTRE, date(2026, 3, 13))
    assert clock(story, "conclusion").state == "stopped"
    assert clock(story, f"held:{STATION}").owner == STATION


@pytest.mark.clause("PA-06")
def test_who_is_not_satisfied_gets_another_round_and_the_persons_clock_goes_on() -> None:
    # Answered on Wed 4, when 2 of 5 were used; redone on Fri 6: 3 are left: Mon 9, Tue 10, Wed 11.
    story = registered(HALL)
    story.now = beijing(2026, 3, 4)
    solved(story).do(c.VerifyResult())
    story.now = beijing(2026, 3, 6)
    revisited, redone = story.do(c.Revisit(satisfied=False, rating=1, comment="仍未到账"))
    assert isinstance(revisited, e.Revisited)
    assert isinstance(redone, e.Redone)
    assert (redone.round, story.state.stage, story.state.outcome, story.state.answered_at) == (2, "in_hand", None, None)
    assert (clock(story, "person").used_workdays, due(story, "person")) == (2, date(2026, 3, 11))
    assert due(story, "holder") == date(2026, 3, 11)


def test_at_the_top_it_is_reported_outside_once_and_every_later_limit_is_recorded() -> None:
    story = registered(HALL)
    story.run_until(beijing(2026, 3, 9, 17))
    assert story.state.reported_outside_at == beijing(2026, 3, 9, 17)
    sent(story, c.HandDown(to_unit=CENTRE, reason="由镇里办理"))
    story.run_until(beijing(2026, 12, 1))
    outside = [entry.event for entry in story.entries if isinstance(entry.event, e.ReportedOutside)]
    passed = [entry.event.clock for entry in story.entries if isinstance(entry.event, e.DeadlinePassed)]
    assert (len(outside), passed) == (1, ["person", "holder"])
    assert story.watch() is None


def test_a_tier_without_a_limit_lets_nothing_climb_and_takes_nobodys_clock_for_its_own() -> None:
    tiers = (Tier(key=COUNTY, name=PROFILE.name), Tier(key=TOWN, name=PROFILE.name, hold_workdays=3))
    story = sent(registered(CENTRE, profile=replace(PROFILE, tiers=tiers), directory=TWO_TIERS), UP)
    assert (clock(story, "holder").owner, clock(story, "holder").state) == (CENTRE, "stopped")
    solved(story).do(c.SendBackResult(reason="并未到账"))
    assert clock(story, "holder").state == "stopped"
    story.run_until(beijing(2026, 12, 1))
    assert story.state.reported_outside_at is None


def with_conclusion_only() -> Profile:
    ladder = (LadderRung(clock="holder", action="climb"), LadderRung(clock="conclusion", action="climb"))
    return replace(PROFILE, ladder=ladder)


def test_a_pause_and_a_climb_that_fall_due_together_leave_no_clock_asleep() -> None:
    # At the top, paused up to Fri 6 March, a result proposed meanwhile; nobody looks before Fri 20.
    story = registered(HALL, case_type="special", profile=with_conclusion_only())
    story.do(c.Accept())
    story.do(c.Pause(reason="waiting_for_papers", until=date(2026, 3, 6)))
    story.do(c.ProposeResult(outcome="solved", answer="已恢复发放"))
    story.now = beijing(2026, 3, 20)
    assert names(story.tick()) == ["Resumed", "ReportedOutside"]
    assert clock(story, "person").state == "running"
