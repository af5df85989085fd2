"""Deadlines worked out by hand, day by day: the tables are the working, written from the notices and a wall calendar.

Each row is a day: its weekday, its date, its number in the count (or a dash) and what it is. A limit of n working days
is due on the row with number n, at the end of business.
"""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bancheng.kernel import commands as c
from bancheng.kernel.calendar import Calendar, CalendarYear, DayKind, DayName
from bancheng.kernel.calendar_editions import next_calendar
from bancheng.kernel.dues import due_after, explain
from bancheng.profiles.loader import shipped_profile
from bancheng.schema import events as e
from tests.kernel.notices import CALENDAR, beijing
from tests.kernel.tenant import HALL
from tests.kernel.test_clocks import clock, due
from tests.kernel.world import registered

SPRING_FESTIVAL = """
    Fri 2026-02-13  -  start
    Sat 2026-02-14  1  make_up_workday 春节
    Sun 2026-02-15  -  weekend
    Mon 2026-02-16  -  holiday 春节
    Tue 2026-02-17  -  holiday 春节
    Wed 2026-02-18  -  holiday 春节
    Thu 2026-02-19  -  holiday 春节
    Fri 2026-02-20  -  holiday 春节
    Sat 2026-02-21  -  weekend
    Sun 2026-02-22  -  weekend
    Mon 2026-02-23  -  holiday 春节
    Tue 2026-02-24  2  workday
    Wed 2026-02-25  3  workday
    Thu 2026-02-26  4  workday
    Fri 2026-02-27  5  workday
    Sat 2026-02-28  6  make_up_workday 春节
    Sun 2026-03-01  -  weekend
    Mon 2026-03-02  7  workday
    Tue 2026-03-03  8  workday
    Wed 2026-03-04  9  workday
    Thu 2026-03-05 10  workday
    Fri 2026-03-06 11  workday
    Sat 2026-03-07  -  weekend
    Sun 2026-03-08  -  weekend
    Mon 2026-03-09 12  workday
    Tue 2026-03-10 13  workday
    Wed 2026-03-11 14  workday
    Thu 2026-03-12 15  workday
    Fri 2026-03-13 16  workday
    Sat 2026-03-14  -  weekend
    Sun 2026-03-15  -  weekend
    Mon 2026-03-16 17  workday
    Tue 2026-03-17 18  workday
    Wed 2026-03-18 19  workday
    Thu 2026-03-19 20  workday
"""
MAKE_UP_SATURDAY = """
    Fri 2026-05-08  -  start
    Sat 2026-05-09  1  make_up_workday 劳动节
    Sun 2026-05-10  -  weekend
    Mon 2026-05-11  2  workday
    Tue 2026-05-12  3  workday
    Wed 2026-05-13  4  workday
    Thu 2026-05-14  5  workday
    Fri 2026-05-15  6  workday
    Sat 2026-05-16  -  weekend
    Sun 2026-05-17  -  weekend
    Mon 2026-05-18  7  workday
    Tue 2026-05-19  8  workday
    Wed 2026-05-20  9  workday
    Thu 2026-05-21 10  workday
"""
YEAR_END_BY_GUESS = """
    Wed 2026-12-30  -  start
    Thu 2026-12-31  1  workday
    Fri 2027-01-01  2  workday
    Sat 2027-01-02  -  weekend
    Sun 2027-01-03  -  weekend
    Mon 2027-01-04  3  workday
    Tue 2027-01-05  4  workday
    Wed 2027-01-06  5  workday
    Thu 2027-01-07  6  workday
    Fri 2027-01-08  7  workday
    Sat 2027-01-09  -  weekend
    Sun 2027-01-10  -  weekend
    Mon 2027-01-11  8  workday
    Tue 2027-01-12  9  workday
    Wed 2027-01-13 10  workday
"""
YEAR_END_BY_NOTICE = """
    Wed 2026-12-30  -  start
    Thu 2026-12-31  1  workday
    Fri 2027-01-01  -  holiday 元旦
    Sat 2027-01-02  -  holiday 元旦
    Sun 2027-01-03  -  holiday 元旦
    Mon 2027-01-04  2  workday
    Tue 2027-01-05  3  workday
    Wed 2027-01-06  4  workday
    Thu 2027-01-07  5  workday
    Fri 2027-01-08  6  workday
    Sat 2027-01-09  -  weekend
    Sun 2027-01-10  7  make_up_workday 元旦
    Mon 2027-01-11  8  workday
    Tue 2027-01-12  9  workday
    Wed 2027-01-13 10  workday
"""
YEAR_2027 = CalendarYear(
    year=2027,
    official=True,
    days_off=tuple(DayName(day=date(2027, 1, day), name="元旦") for day in (1, 2, 3)),
    make_up_workdays=(DayName(day=date(2027, 1, 10), name="元旦"),),
)
"""Invented: the notice for 2027 is not published."""
NOTICE = next_calendar(CALENDAR, (), (YEAR_2027,), CALENDAR.edition + 1)

Row = tuple[str, date, int | None, str]


def rows(table: str) -> list[Row]:
    """Weekday, day, number, what it is."""
    found: list[Row] = []
    for line in table.strip().splitlines():
        weekday, day, number, what = line.split(maxsplit=3)
        found.append((weekday, date.fromisoformat(day), None if number == "-" else int(number), what.strip()))
    return found


def numbered(table: str) -> dict[int, date]:
    """The day that a limit of so many working days is due on."""
    return {number: day for _, day, number, _ in rows(table) if number is not None}


def counted(calendar: Calendar, started_at: datetime, limit_workdays: int) -> list[Row]:
    """The program's own answer to "why this date?", in the form of the tables."""
    explained = explain(calendar, due_after(calendar, started_at, limit_workdays))
    return [
        (f"{each.day:%a}", each.day, each.counted, f"{each.kind.value} {each.name}".strip())
        if each.kind is not DayKind.START
        else (f"{each.day:%a}", each.day, each.counted, "start")
        for each in explained
    ]


@pytest.mark.parametrize(
    ("table", "calendar", "started_at"),
    [
        pytest.param(SPRING_FESTIVAL, CALENDAR, beijing(2026, 2, 13), id="Spring Festival 2026"),
        pytest.param(MAKE_UP_SATURDAY, CALENDAR, beijing(2026, 5, 8), id="a worked Saturday"),
        pytest.param(MAKE_UP_SATURDAY, CALENDAR, beijing(2026, 5, 8, 18, 30), id="registered after hours"),
        pytest.param(MAKE_UP_SATURDAY, CALENDAR, beijing(2026, 5, 8, 23, 59), id="registered just before midnight"),
        pytest.param(YEAR_END_BY_GUESS, CALENDAR, beijing(2026, 12, 30), id="year end, before the notice"),
        pytest.param(YEAR_END_BY_NOTICE, NOTICE, beijing(2026, 12, 30), id="year end, by the notice"),
    ],
)
def test_every_limit_is_due_where_the_working_says_and_the_explanation_is_the_working(
    table: str, calendar: Calendar, started_at: datetime
) -> None:
    working, days = rows(table), numbered(table)
    for limit in (each for each in (1, 2, 3, 5, 7, 10, 20) if each in days):
        found = due_after(calendar, started_at, limit)
        assert found.due_day == days[limit], limit
        assert found.due_at == beijing(*found.due_day.timetuple()[:3], 17)
        through = [day for _, day, _, _ in working].index(found.due_day) + 1
        assert counted(calendar, started_at, limit) == working[:through], limit


@pytest.mark.parametrize(
    ("started_at", "expected"),
    [
        pytest.param(beijing(2026, 2, 13, 16, 59), date(2026, 2, 13), id="Friday before closing: that evening"),
        pytest.param(beijing(2026, 2, 13, 17), date(2026, 2, 14), id="at closing: the worked Saturday"),
        pytest.param(beijing(2026, 2, 14, 17), date(2026, 2, 24), id="Saturday at closing: after the festival"),
        pytest.param(beijing(2026, 2, 17), date(2026, 2, 24), id="on New Year's Day: after the festival"),
        pytest.param(beijing(2026, 5, 8, 18, 30), date(2026, 5, 9), id="Friday evening: the worked Saturday"),
        pytest.param(beijing(2026, 5, 10), date(2026, 5, 11), id="Sunday: Monday"),
        pytest.param(beijing(2026, 12, 31, 17), date(2027, 1, 4), id="New Year's Eve at closing, by the notice"),
    ],
)
def test_at_once_is_the_end_of_the_business_day_that_is_open_or_opens_next(
    started_at: datetime, expected: date
) -> None:
    assert due_after(NOTICE, started_at, 0).due_day == expected


TYPES = {
    # Registered on Fri 13 Feb 2026 at ten: the due day is the row of SPRING_FESTIVAL with the limit's number.
    "330727": {"ordinary": (2, "02-24"), "complex": (5, "02-27"), "special": (10, "03-05")},
    "510400": {"simple": (0, "02-13"), "ordinary": (2, "02-24"), "complex": (5, "02-27")},
    "411325": {"simple": (0, "02-13"), "complex": (5, "02-27"), "special": (7, "03-02"), "barred": (3, "02-25")},
    "370406": {"simple": (0, "02-13"), "ordinary": (2, "02-24"), "complex": (5, "02-27")},
    "330109": {"urgent": (3, "02-25"), "ordinary": (10, "03-05"), "complex": (20, "03-19")},
}
OBLIGATIONS = {
    "330727": {
        "file_to_working_group": (1, "02-14"),
        "consultation": (2, "02-24"),
        "ordinary_result": (5, "02-27"),
        "papers_to_joint_meeting": (1, "02-14"),
        "joint_meeting": (3, "02-25"),
        "roadmap": (2, "02-24"),
        "result_reported": (1, "02-14"),
    },
    "411325": {"feasibility": (3, "02-25"), "first_feedback": (3, "02-25"), "upward_at_once": (0, "02-13")},
}


@pytest.mark.clause("PA-05", part="2, 5 and 10 working days over a festival and its worked Saturdays")
@pytest.mark.clause("PZ-09", part="at once, 2 and 5 working days over a festival")
@pytest.mark.parametrize("tenant", sorted(TYPES))
def test_each_tenants_types_over_the_spring_festival(tenant: str) -> None:
    profile = shipped_profile(tenant)
    for key, (limit, expected) in TYPES[tenant].items():
        case_type = profile.case_type(key)
        assert case_type is not None, key
        assert case_type.answer_workdays == limit, key
        found = due_after(CALENDAR, beijing(2026, 2, 13), limit)
        assert f"{found.due_day:%m-%d}" == expected, key
        assert found.due_day == numbered(SPRING_FESTIVAL).get(limit, date(2026, 2, 13))


@pytest.mark.clause("NX-04", part="the third working day over a festival")
@pytest.mark.parametrize("tenant", sorted(OBLIGATIONS))
def test_each_tenants_obligations_over_the_spring_festival(tenant: str) -> None:
    profile = shipped_profile(tenant)
    for key, (limit, expected) in OBLIGATIONS[tenant].items():
        obligation = profile.obligation(key)
        assert obligation is not None, key
        assert obligation.workdays == limit, key
        assert f"{due_after(CALENDAR, beijing(2026, 2, 13), limit).due_day:%m-%d}" == expected, key


@pytest.mark.clause("PA-05", part="over the year end: provisional, then by the notice, the old date kept")
def test_over_the_year_end_a_date_is_provisional_and_moves_when_the_notice_arrives() -> None:
    story = registered(HALL, now=beijing(2026, 12, 30), case_type="complex")
    assert (due(story, "person"), clock(story, "person").provisional) == (numbered(YEAR_END_BY_GUESS)[5], True)
    story.calendar = NOTICE
    (event,) = story.tick(c.RecomputeDues())
    assert isinstance(event, e.DuesRecomputed)
    assert (due(story, "person"), clock(story, "person").provisional) == (numbered(YEAR_END_BY_NOTICE)[5], False)
    changes = {each.clock: (each.old_due_at, each.new_due_at) for each in event.changes}
    assert changes["person"] == (beijing(2027, 1, 6, 17), beijing(2027, 1, 7, 17))


def test_a_year_that_was_guessed_gives_way_whole_and_an_official_one_day_by_day() -> None:
    guess = CalendarYear(
        year=2027, official=False, days_off=(DayName(day=date(2027, 1, 4), name="元旦"),), make_up_workdays=()
    )
    guessed = next_calendar(CALENDAR, (guess,), (), 4)
    assert not guessed.is_workday(date(2027, 1, 4))
    told = next_calendar(guessed, (guess,), (YEAR_2027,), 5)
    assert told.is_workday(date(2027, 1, 4)), "the guess is gone"
    assert not told.is_workday(date(2027, 1, 1))
    extra = CalendarYear(
        year=2027, official=True, days_off=(DayName(day=date(2027, 3, 8), name="本地假日"),), make_up_workdays=()
    )
    more = next_calendar(told, (guess,), (extra,), 6)
    assert not more.is_workday(date(2027, 1, 1)), "what was published before stays"
    assert not more.is_workday(date(2027, 3, 8))
