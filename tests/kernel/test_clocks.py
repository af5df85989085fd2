"""Clocks by hand: each example shows its working. Monday 2 March 2026 is where a story starts unless told."""

from __future__ import annotations

from datetime import date

import pytest

from bancheng.kernel import commands as c
from bancheng.schema import events as e
from bancheng.schema.clocks import Clock, Rung
from tests.kernel.notices import CALENDAR, beijing
from tests.kernel.tenant import HALL
from tests.kernel.world import DAY, Story, names, registered

PAPERS = "waiting_for_papers"


def clock(story: Story, name: str) -> Clock:
    return story.state.clocks[name]


def due(story: Story, name: str) -> date:
    found = clock(story, name)
    assert found.due_at == CALENDAR.end_of_business(found.due_day)
    return found.due_day


@pytest.mark.clause("PA-05")
def test_registered_on_a_friday_after_hours_before_a_worked_sunday() -> None:
    # Fri 18 Sep 2026, 18:30, starts; Sat 19 weekend; Sun 20 worked: 1; Mon 21: 2; Tue 22: 3; Wed 23: 4; Thu 24: 5.
    story = registered(now=beijing(2026, 9, 18, 18, 30), case_type="ordinary")
    assert due(story, "person") == date(2026, 9, 21)
    assert due(story, "holder") == date(2026, 9, 21)
    # The warning comes one working day before, when the window opens: on the worked Sunday.
    assert clock(story, "holder").rungs == (
        Rung(action="warn", at=beijing(2026, 9, 20, 9)),
        Rung(action="climb", at=beijing(2026, 9, 21, 17)),
    )
    assert due(registered(now=beijing(2026, 9, 18, 18, 30), case_type="complex"), "person") == date(2026, 9, 24)


def test_a_pause_over_the_spring_festival_stops_both_clocks_and_keeps_what_was_used() -> None:
    # Tue 10 Feb starts; Wed 11: 1; Thu 12: 2; Fri 13: 3; Sat 14 worked: 4; Sun 15 to Mon 23 off; Tue 24: 5.
    story = registered(HALL, now=beijing(2026, 2, 10))
    assert (due(story, "person"), due(story, "holder")) == (date(2026, 2, 24), date(2026, 2, 24))
    # Paused on Thu 12, when 2 of 5 are used, up to Fri 27. Then Sat 28 worked: 3; Mon 2 Mar: 4; Tue 3: 5.
    story.now = beijing(2026, 2, 12)
    story.do(c.Pause(reason=PAPERS, until=date(2026, 2, 27)))
    for name in ("person", "holder"):
        paused = clock(story, name)
        assert (paused.state, paused.used_workdays, due(story, name)) == ("paused", 2, date(2026, 3, 3))
        assert paused.rungs == (Rung(action="resume", at=beijing(2026, 2, 27, 17)),)
    # At the end of the 27th both go on by themselves, with the date that was shown; a warning comes on Mon 2 March.
    story.run_until(beijing(2026, 2, 27, 17))
    assert isinstance(story.entries[-1].event, e.Resumed)
    assert {clock(story, name).state for name in ("person", "holder")} == {"running"}
    assert (due(story, "person"), clock(story, "holder").rungs[0].at) == (date(2026, 3, 3), beijing(2026, 3, 2, 9))


def test_resumed_early_a_pause_counts_from_that_day() -> None:
    # As before, but resumed by hand on Wed 25 Feb with 2 of 5 used: Thu 26: 3; Fri 27: 4; Sat 28 worked: 5.
    story = registered(HALL, now=beijing(2026, 2, 10))
    story.now = beijing(2026, 2, 12)
    story.do(c.Pause(reason=PAPERS, until=date(2026, 2, 27)))
    story.now = beijing(2026, 2, 25, 11)
    story.do(c.Resume())
    assert due(story, "person") == date(2026, 2, 28)


def test_a_pause_ends_when_it_was_said_to_end_also_if_nobody_was_there() -> None:
    # Mon 2 Mar starts. Paused on Mon with nothing used, up to Fri 6; then Mon 9: 1; Tue 10: 2 for the village.
    story = registered()
    story.do(c.Pause(reason=PAPERS, until=date(2026, 3, 6)))
    assert due(story, "holder") == date(2026, 3, 10)
    # The site sleeps until Thu 12. What had to happen since then happens at once; the limit was not moved.
    story.now = beijing(2026, 3, 12)
    events = story.tick()
    assert names(events) == ["Resumed", "DeadlineWarned", "DeadlineWarned", "Escalated"]
    assert clock(story, "holder").due_at == beijing(2026, 3, 10, 17)
    assert due(story, "person") == date(2026, 3, 13)  # 5 working days after Fri 6


def test_pausing_on_the_last_day_wins_no_day() -> None:
    # Mon 2 Mar starts; Tue 3: 1; Wed 4: 2. Paused and resumed on Wed 4 before 17:00: still Wed 4.
    story = registered()
    story.now = beijing(2026, 3, 4)
    story.do(c.Pause(reason=PAPERS, until=date(2026, 3, 9)))
    story.now = beijing(2026, 3, 4, 11)
    story.do(c.Resume())
    assert clock(story, "holder").due_at == beijing(2026, 3, 4, 17)


def test_what_is_over_cannot_be_paused_and_so_stays_late() -> None:
    # An ordinary case at the county: Mon 2 Mar starts; the person's answer is due on Wed 4, the holder's on Mon 9.
    story = registered(HALL, case_type="ordinary")
    story.now = beijing(2026, 3, 5)
    story.tick()
    story.do(c.Pause(reason=PAPERS, until=date(2026, 3, 20)))
    assert clock(story, "holder").state == "paused"
    person = clock(story, "person")
    assert (person.state, person.due_day, person.passed_at) == ("running", date(2026, 3, 4), beijing(2026, 3, 5))
    other = registered(HALL, case_type="ordinary")
    other.now = beijing(2026, 3, 9, 17)
    assert other.refusal(c.Pause(reason=PAPERS, until=date(2026, 3, 20))) == "pause.nothing_runs"


@pytest.mark.parametrize("until", [date(2026, 3, 1), date(2026, 3, 2), date(2026, 6, 30)])
def test_a_pause_ends_after_today_and_within_what_the_profile_allows(until: date) -> None:
    assert registered().refusal(c.Pause(reason=PAPERS, until=until)) == "pause.until_out_of_range"
    assert registered().refusal(c.Pause(reason="tired", until=date(2026, 3, 9))) == "pause.unknown_reason"


def reclassified(story: Story, case_type: str) -> e.CaseEvent:
    (event,) = story.do(c.Classify(kind="approval", case_type=case_type))
    return event


@pytest.mark.clause("PA-05")
def test_reclassifying_keeps_the_start_and_moves_the_date() -> None:
    # Mon 2 Mar starts. Ordinary 2: Wed 4. Special 10: Tue 3: 1; ...; Fri 6: 4; Mon 9: 5; ...; Fri 13: 9; Mon 16: 10.
    story = registered(case_type="ordinary")
    story.now += DAY
    story.do(c.Accept())
    reclassified(story, "special")
    person = clock(story, "person")
    assert (person.started_at, due(story, "person")) == (beijing(2026, 3, 2), date(2026, 3, 16))
    reclassified(story, "complex")  # 5: Mon 9
    assert (clock(story, "person").started_at, due(story, "person")) == (beijing(2026, 3, 2), date(2026, 3, 9))


@pytest.mark.clause("PA-05")
def test_reclassifying_keeps_what_was_granted_and_counts_during_a_pause() -> None:
    # Complex 5 and 2 granted: Wed 11 March. Special 10 and the same 2: Wed 18.
    story = registered()
    story.do(c.Accept())
    story.do(c.RequestExtension(clock="person", workdays=2, reason="等待上级答复"))
    story.do(c.ApproveExtension(), staff="leader")
    assert due(story, "person") == date(2026, 3, 11)
    reclassified(story, "special")
    assert due(story, "person") == date(2026, 3, 18)
    # Paused on Mon 2 with nothing used, up to Fri 6; reclassified meanwhile to complex: 5 + 2 after Fri 6 is Tue 17.
    story.do(c.Pause(reason=PAPERS, until=date(2026, 3, 6)))
    reclassified(story, "complex")
    assert (clock(story, "person").state, due(story, "person")) == ("paused", date(2026, 3, 17))
    story.run_until(beijing(2026, 3, 6, 17))
    assert (clock(story, "person").state, due(story, "person")) == ("running", date(2026, 3, 17))


def test_a_shorter_type_whose_limit_is_over_passes_at_once_and_only_once() -> None:
    # Complex 5 from Mon 2 Mar. On Fri 6 it turns out to be ordinary: 2 was Wed 4.
    story = registered(HALL)
    story.do(c.Accept())
    story.now = beijing(2026, 3, 6)
    reclassified(story, "ordinary")
    assert due(story, "person") == date(2026, 3, 4)
    assert "DeadlinePassed" in names(story.tick())
    reclassified(story, "complex")
    reclassified(story, "ordinary")
    story.tick()
    reclassified(story, "ordinary")
    assert names(story.tick()) == []


@pytest.mark.clause("ST-05")
def test_an_extension_is_asked_for_in_time_and_approved_by_another_and_both_dates_are_kept() -> None:
    # The village has 2: Wed 4 March. With 2 more: Fri 6.
    story = registered()
    story.now += DAY
    (asked,) = story.do(c.RequestExtension(workdays=2, reason="等待上级答复"))
    assert isinstance(asked, e.ExtensionRequested)
    assert (asked.actor.staff, asked.reason, asked.old_due_at) == ("clerk", "等待上级答复", beijing(2026, 3, 4, 17))
    assert story.refusal(c.ApproveExtension()) == "approval.own_request"
    assert story.refusal(c.RefuseExtension(reason="可按期")) == "approval.own_request"
    (approved,) = story.do(c.ApproveExtension(), staff="leader")
    assert isinstance(approved, e.ExtensionApproved)
    assert (approved.actor.staff, approved.workdays) == ("leader", 2)
    assert (approved.old_due_at, approved.new_due_at) == (beijing(2026, 3, 4, 17), beijing(2026, 3, 6, 17))
    assert due(story, "holder") == date(2026, 3, 6)
    assert [rung.action for rung in clock(story, "holder").rungs] == ["warn", "climb"]
    assert due(story, "person") == date(2026, 3, 9), "the other clock is not touched"


@pytest.mark.clause("ST-05")
def test_an_extension_is_refused_at_the_due_instant_and_one_without_approval_changes_nothing() -> None:
    story = registered()
    story.do(c.RequestExtension(workdays=2, reason="等待上级答复"))
    story.run_until(beijing(2026, 3, 4, 17))
    assert story.state.holder_site == "town", "asking alone stops no climb"
    assert story.state.extension is None
    late = registered()
    late.now = beijing(2026, 3, 4, 17)
    assert late.refusal(c.RequestExtension(workdays=1, reason="忘了")) == "extension.too_late"
    assert late.refusal(c.RequestExtension(clock="person", workdays=31, reason="太长")) == "extension.too_long"


def test_an_extension_that_comes_too_late_to_help_does_not_pass_the_limit_again() -> None:
    # Ordinary at the county: due on Wed 4 March. Asked for 1 more in time, approved on Mon 9: Thu 5 is over as well.
    story = registered(HALL, case_type="ordinary")
    story.do(c.RequestExtension(clock="person", workdays=1, reason="等待上级答复"))
    story.run_until(beijing(2026, 3, 9, 12))
    story.do(c.ApproveExtension(), staff="leader")
    assert (due(story, "person"), clock(story, "person").passed_at) == (date(2026, 3, 5), beijing(2026, 3, 4, 17))
    assert story.tick() == ()
