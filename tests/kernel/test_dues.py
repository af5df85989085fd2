"""Due dates by hand: each example shows its working. The properties are in `test_calendar_properties`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from bancheng.kernel.calendar import Calendar, CalendarYear, DayKind, DayName, merge_overrides
from bancheng.kernel.calendar_index import CalendarError, CalendarErrorCode
from bancheng.kernel.dues import DueDate, due_after, explain, shift_workdays, workdays_between
from tests.kernel.notices import CALENDAR, YEAR_2026, beijing


def due_day(started_at: datetime, limit_workdays: int) -> date:
    return due_after(CALENDAR, started_at, limit_workdays).due_day


def test_a_due_date_is_the_end_of_business_of_the_nth_working_day_after_the_start() -> None:
    # Tue 22 Sep 2026 starts; Wed 23 is 1, Thu 24 is 2. 17:00 in Beijing is 09:00 UTC.
    assert due_after(CALENDAR, beijing(2026, 9, 22), 2) == DueDate(
        due_at=datetime(2026, 9, 24, 9, 0, tzinfo=UTC),
        due_day=date(2026, 9, 24),
        start_day=date(2026, 9, 22),
        limit_workdays=2,
        provisional=False,
        calendar_edition=3,
    )


def test_over_the_year_end_2025_to_2026() -> None:
    # Wed 31 Dec starts; Thu 1 and Fri 2 Jan 元旦; Sat 3 weekend; Sun 4 worked: 1; Mon 5: 2.
    assert due_day(beijing(2025, 12, 31), 1) == date(2026, 1, 4)
    assert due_day(beijing(2025, 12, 31), 2) == date(2026, 1, 5)


def test_over_the_spring_festival_2026() -> None:
    # Fri 13 Feb starts; Sat 14 worked: 1; Sun 15 to Mon 23 off; Tue 24: 2; Wed 25: 3; Thu 26: 4; Fri 27: 5;
    # Sat 28 worked: 6; Sun 1 Mar weekend; Mon 2: 7; Tue 3: 8; Wed 4: 9; Thu 5: 10.
    started_at = beijing(2026, 2, 13)
    assert due_day(started_at, 1) == date(2026, 2, 14)
    assert due_day(started_at, 2) == date(2026, 2, 24)
    assert due_day(started_at, 5) == date(2026, 2, 27)
    assert due_day(started_at, 6) == date(2026, 2, 28)
    assert due_day(started_at, 10) == date(2026, 3, 5)


def test_over_national_day_2025_with_a_worked_sunday_and_a_worked_saturday() -> None:
    # Fri 26 Sep starts; Sat 27 weekend; Sun 28 worked: 1; Mon 29: 2; Tue 30: 3; Wed 1 to Wed 8 Oct off; Thu 9: 4;
    # Fri 10: 5; Sat 11 worked: 6; Sun 12 weekend; Mon 13: 7.
    started_at = beijing(2025, 9, 26)
    assert due_day(started_at, 1) == date(2025, 9, 28)
    assert due_day(started_at, 5) == date(2025, 10, 10)
    assert due_day(started_at, 6) == date(2025, 10, 11)
    assert due_day(started_at, 7) == date(2025, 10, 13)


def test_over_mid_autumn_and_national_day_2026() -> None:
    # Fri 18 Sep starts; Sat 19 weekend; Sun 20 worked: 1; Mon 21: 2; Tue 22: 3; Wed 23: 4; Thu 24: 5; Fri 25 中秋节;
    # Sat 26, Sun 27 weekend; Mon 28: 6; Tue 29: 7; Wed 30: 8; Thu 1 to Wed 7 Oct off; Thu 8: 9; Fri 9: 10;
    # Sat 10 worked: 11.
    started_at = beijing(2026, 9, 18)
    assert due_day(started_at, 2) == date(2026, 9, 21)
    assert due_day(started_at, 5) == date(2026, 9, 24)
    assert due_day(started_at, 10) == date(2026, 10, 9)
    assert due_day(started_at, 11) == date(2026, 10, 10)


def test_a_start_after_hours_counts_from_that_local_day_all_the_same() -> None:
    # Both are Tue 22 Sep in Beijing; the second is still Mon 21 in UTC.
    assert due_day(beijing(2026, 9, 22, 23, 59), 2) == date(2026, 9, 24)
    just_after_midnight = datetime(2026, 9, 21, 16, 30, tzinfo=UTC)
    assert due_day(just_after_midnight, 2) == date(2026, 9, 24)


def test_a_start_on_a_holiday_counts_from_that_day() -> None:
    # Sat 3 Oct 2026, in 国庆节; the next working days are Thu 8: 1 and Fri 9: 2.
    due = due_after(CALENDAR, beijing(2026, 10, 3), 2)
    assert (due.start_day, due.due_day) == (date(2026, 10, 3), date(2026, 10, 9))


@pytest.mark.parametrize(
    ("started_at", "expected"),
    [
        pytest.param(beijing(2026, 9, 22, 7, 30), date(2026, 9, 22), id="before opening"),
        pytest.param(beijing(2026, 9, 22, 16, 59), date(2026, 9, 22), id="before closing"),
        pytest.param(beijing(2026, 9, 22, 17, 0), date(2026, 9, 23), id="at closing"),
        pytest.param(beijing(2026, 10, 3), date(2026, 10, 8), id="in the holiday"),
        pytest.param(beijing(2026, 10, 9, 18), date(2026, 10, 10), id="Friday evening before a worked Saturday"),
    ],
)
def test_at_once_is_the_end_of_business_of_the_first_day_still_open(started_at: datetime, expected: date) -> None:
    due = due_after(CALENDAR, started_at, 0)
    assert due.due_day == expected
    assert due.due_at == CALENDAR.end_of_business(expected)


def test_a_date_in_a_year_without_an_official_calendar_is_provisional() -> None:
    # Thu 31 Dec 2026 starts; 2027 is not loaded, so Fri 1 Jan counts: 1; Mon 4: 2.
    due = due_after(CALENDAR, beijing(2026, 12, 31), 2)
    assert (due.due_day, due.provisional) == (date(2027, 1, 4), True)
    assert [row.provisional for row in explain(CALENDAR, due)] == [False, True, True, True, True]
    # The start day itself is not counted: a start in an unknown year does not make the rest provisional.
    only_2026 = Calendar(edition=1, years=(YEAR_2026,))
    assert not due_after(only_2026, beijing(2025, 12, 31), 2).provisional
    assert not due_after(CALENDAR, beijing(2026, 12, 31), 0).provisional
    assert due_after(CALENDAR, beijing(2026, 12, 31, 17), 0).provisional
    assert due_after(CALENDAR, beijing(2027, 12, 31), 0).provisional  # due that same day, the last of an unknown year


def test_the_date_is_counted_anew_when_the_calendar_arrives() -> None:
    year_2027 = CalendarYear(
        year=2027, days_off=(DayName(day=date(2027, 1, 1), name="元旦"),), make_up_workdays=(), official=True
    )
    arrived = merge_overrides(CALENDAR, (year_2027,), edition=4)
    # Thu 31 Dec starts; Fri 1 Jan off; Mon 4: 1; Tue 5: 2.
    due = due_after(arrived, beijing(2026, 12, 31), 2)
    assert (due.due_day, due.provisional, due.calendar_edition) == (date(2027, 1, 5), False, 4)


def test_why_this_date_is_answered_day_by_day() -> None:
    due = due_after(CALENDAR, beijing(2026, 9, 30), 3)
    rows = [(row.day.day, row.kind, row.name, row.counted) for row in explain(CALENDAR, due)]
    assert rows == [
        (30, DayKind.START, "", None),
        (1, DayKind.HOLIDAY, "国庆节", None),
        (2, DayKind.HOLIDAY, "国庆节", None),
        (3, DayKind.WEEKEND, "", None),
        (4, DayKind.WEEKEND, "", None),
        (5, DayKind.HOLIDAY, "国庆节", None),
        (6, DayKind.HOLIDAY, "国庆节", None),
        (7, DayKind.HOLIDAY, "国庆节", None),
        (8, DayKind.WORKDAY, "", 1),
        (9, DayKind.WORKDAY, "", 2),
        (10, DayKind.MAKE_UP_WORKDAY, "国庆节", 3),
    ]


def test_why_at_once_is_answered_with_number_zero() -> None:
    same_day = explain(CALENDAR, due_after(CALENDAR, beijing(2026, 9, 22), 0))
    assert [(row.kind, row.counted) for row in same_day] == [(DayKind.START, 0)]
    next_day = explain(CALENDAR, due_after(CALENDAR, beijing(2026, 9, 22, 19), 0))
    assert [(row.kind, row.counted) for row in next_day] == [(DayKind.START, None), (DayKind.WORKDAY, 0)]


def test_a_date_counted_with_another_edition_shows_by_its_last_number() -> None:
    due = due_after(CALENDAR, beijing(2026, 9, 22), 3)
    # Wed 23: 1; Thu 24: 2; Fri 25 中秋节; Mon 28: 3. The tenant then takes Mon 28 off as well.
    assert due.due_day == date(2026, 9, 28)
    own = CalendarYear(
        year=2026, days_off=(DayName(day=date(2026, 9, 28), name="本县放假"),), make_up_workdays=(), official=False
    )
    last = explain(merge_overrides(CALENDAR, (own,), edition=4), due)[-1]
    assert (last.day, last.kind, last.counted) == (date(2026, 9, 28), DayKind.HOLIDAY, None)


def test_working_days_between_two_days_run_both_ways() -> None:
    # After Fri 18 Sep 2026 up to and including Thu 24: Sun 20 (worked), Mon, Tue, Wed, Thu.
    assert workdays_between(CALENDAR, date(2026, 9, 18), date(2026, 9, 24)) == 5
    assert workdays_between(CALENDAR, date(2026, 9, 24), date(2026, 9, 18)) == -5
    assert workdays_between(CALENDAR, date(2026, 10, 1), date(2026, 10, 7)) == 0


def test_one_working_day_before_the_due_day() -> None:
    assert shift_workdays(CALENDAR, date(2026, 10, 8), -1) == date(2026, 9, 30)
    assert shift_workdays(CALENDAR, date(2026, 9, 21), -1) == date(2026, 9, 20)  # a worked Sunday
    assert shift_workdays(CALENDAR, date(2026, 10, 3), 0) == date(2026, 10, 3)


@pytest.mark.parametrize("limit_workdays", [-1, 401])
def test_a_limit_out_of_range_is_refused(limit_workdays: int) -> None:
    with pytest.raises(CalendarError) as caught:
        due_after(CALENDAR, beijing(2026, 9, 22), limit_workdays)
    assert caught.value.code == CalendarErrorCode.LIMIT_OUT_OF_RANGE
    assert caught.value.parameters == {"workdays": limit_workdays, "maximum": 400}
    with pytest.raises(CalendarError, match="calendar_limit_out_of_range"):
        shift_workdays(CALENDAR, date(2026, 9, 22), -401)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(CalendarError) as caught:
        due_after(CALENDAR, datetime(2026, 9, 22, 10, 0), 2)  # noqa: DTZ001 - that is what is refused
    assert caught.value.code == CalendarErrorCode.NAIVE_INSTANT


def test_a_calendar_that_is_never_open_is_refused_and_not_searched_for_ever() -> None:
    years = tuple(
        CalendarYear(
            year=year,
            days_off=tuple(
                DayName(day=date(year, 1, 1) + timedelta(days=offset), name="放假") for offset in range(366)
            ),
            make_up_workdays=(),
            official=True,
        )
        for year in range(2026, 2032)
    )
    with pytest.raises(CalendarError) as caught:
        due_after(Calendar(edition=1, years=years), beijing(2026, 1, 2), 1)
    assert caught.value.code == CalendarErrorCode.NO_WORKDAY_IN_REACH


def test_an_explanation_has_an_end() -> None:
    due = due_after(CALENDAR, beijing(2026, 9, 22), 2)
    for due_day_given in (date(2036, 1, 1), date(2026, 9, 21)):
        with pytest.raises(CalendarError, match="calendar_span_too_long"):
            explain(CALENDAR, msgspec.structs.replace(due, due_day=due_day_given))
