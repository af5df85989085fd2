"""A year whose calendar was not published yet: provisional dates, recomputed when it arrives, the old ones kept."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.calendar import Calendar, CalendarYear, DayName, merge_overrides
from bancheng.kernel.limits import recompute
from bancheng.kernel.profile_parts import LadderRung
from bancheng.schema import events as e
from tests.kernel.notices import CALENDAR, beijing
from tests.kernel.tenant import HALL, PROFILE
from tests.kernel.test_clocks import clock, due
from tests.kernel.world import Story, names, registered

# Invented: the notice for 2027 is not published. Friday 1 January off.
YEAR_2027 = CalendarYear(
    year=2027, official=True, days_off=(DayName(day=date(2027, 1, 1), name="元旦"),), make_up_workdays=()
)
NEXT = merge_overrides(CALENDAR, (YEAR_2027,), edition=CALENDAR.edition + 1)


def recomputed(story: Story, calendar: Calendar = NEXT) -> e.DuesRecomputed:
    story.calendar = calendar
    (event,) = story.tick(c.RecomputeDues())
    assert isinstance(event, e.DuesRecomputed)
    return event


def test_a_date_in_a_year_not_published_is_provisional_and_moves_when_the_calendar_arrives() -> None:
    # Wed 30 Dec 2026 starts; Thu 31: 1. By Monday to Friday: Fri 1 Jan 2027: 2; Mon 4: 3; ...; Fri 8: 7; Mon 11: 8;
    # Tue 12: 9; Wed 13: 10. With the calendar Fri 1 is off, and everything is one day later: Thu 14.
    story = registered(HALL, now=beijing(2026, 12, 30), case_type="special")
    assert (clock(story, "person").provisional, due(story, "person")) == (True, date(2027, 1, 13))
    assert due(story, "holder") == date(2027, 1, 6)
    event = recomputed(story)
    assert (clock(story, "person").provisional, due(story, "person")) == (False, date(2027, 1, 14))
    assert event.calendar_edition == NEXT.edition
    assert {change.clock: (change.old_due_at, change.new_due_at) for change in event.changes} == {
        "person": (beijing(2027, 1, 13, 17), beijing(2027, 1, 14, 17)),
        "holder": (beijing(2027, 1, 6, 17), beijing(2027, 1, 7, 17)),
    }
    # The old date stands in history for good, and the same calendar again is no event.
    assert isinstance(story.entries[0].event, e.Registered)
    assert {each.due_day for each in story.entries[0].event.clocks} == {date(2027, 1, 13), date(2027, 1, 6)}
    assert story.tick(c.RecomputeDues()) == ()


def test_a_date_that_was_provisional_and_stays_is_confirmed_with_a_record() -> None:
    # Wed 30 Dec 2026 starts; Thu 31: 1; a calendar that says nothing of January 1st leaves Fri 1: 2.
    story = registered(HALL, now=beijing(2026, 12, 30), case_type="ordinary")
    plain = replace(NEXT, years=(*CALENDAR.years, replace(YEAR_2027, days_off=())))
    event = recomputed(story, plain)
    assert all(change.old_due_at == change.new_due_at for change in event.changes)
    assert not clock(story, "person").provisional


def test_a_calendar_of_an_older_edition_undoes_nothing() -> None:
    story = registered(HALL, now=beijing(2026, 12, 30), case_type="special")
    recomputed(story)
    story.calendar = CALENDAR
    assert story.tick(c.RecomputeDues()) == ()
    assert due(story, "person") == date(2027, 1, 14)


def test_what_the_ladder_has_done_is_not_done_again_and_what_is_over_stays_over() -> None:
    # The county's 5 are due on Wed 6 Jan by Monday to Friday; the warning came on Tue 5. With the calendar: Thu 7.
    story = registered(HALL, now=beijing(2026, 12, 30), case_type="ordinary")
    story.run_until(beijing(2027, 1, 5, 12))
    assert names(tuple(entry.event for entry in story.entries)).count("DeadlineWarned") == 2
    event = recomputed(story)
    assert [change.clock for change in event.changes] == ["holder"], "the person's limit was over on Fri 1 January"
    assert [rung.action for rung in clock(story, "holder").rungs] == ["climb"]
    story.run_until(beijing(2027, 1, 7, 17))
    assert names(tuple(entry.event for entry in story.entries)).count("DeadlineWarned") == 2
    assert story.state.reported_outside_at == beijing(2027, 1, 7, 17)


def test_a_paused_clock_moves_with_the_end_of_its_pause() -> None:
    # Paused on Wed 30 Dec with nothing used, up to Thu 31: 10 more end on Thu 14 Jan by Monday to Friday, else Fri 15.
    story = registered(HALL, now=beijing(2026, 12, 30), case_type="special")
    story.do(c.Pause(reason="waiting_for_papers", until=date(2026, 12, 31)))
    assert due(story, "person") == date(2027, 1, 14)
    recomputed(story)
    assert (clock(story, "person").state, due(story, "person")) == ("paused", date(2027, 1, 15))
    story.run_until(beijing(2026, 12, 31, 17))
    assert (clock(story, "person").state, due(story, "person")) == ("running", date(2027, 1, 15))


@pytest.mark.parametrize("days_off", range(4))
def test_a_ladder_of_which_rungs_fall_away_keeps_the_rest(days_off: int) -> None:
    # Three warnings and a climb; a calendar with fewer days before the date leaves out those that lie in the past.
    warnings = tuple(LadderRung(clock="holder", action="warn", workdays_before=each) for each in (3, 2, 1))
    profile = replace(PROFILE, ladder=(*warnings, LadderRung(clock="holder", action="climb")))
    story = registered(HALL, now=beijing(2026, 12, 30), profile=profile)
    worked = CalendarYear(
        year=2027,
        official=True,
        days_off=(),
        make_up_workdays=tuple(DayName(day=date(2027, 1, day), name="") for day in (2, 3)[:days_off]),
    )
    calendar = merge_overrides(CALENDAR, (worked,), edition=9)
    again = recompute(clock(story, "holder"), calendar, profile, at=story.now)
    assert [rung.at for rung in again.rungs] == sorted(rung.at for rung in again.rungs)
    assert again.rungs[-1] == replace(again.rungs[-1], action="climb", at=again.due_at)
    assert len(again.rungs) == len([rung for rung in again.rungs if rung.at > story.now])
