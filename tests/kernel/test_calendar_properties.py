"""What holds of every calendar, start and limit; counts are compared with a count day by day from the raw data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import assume, find, given
from hypothesis import strategies as st

from bancheng.kernel.calendar import Calendar, CalendarYear, DayKind, DayName, merge_overrides
from bancheng.kernel.calendar_checks import check_calendar, check_overrides
from bancheng.kernel.dues import due_after, explain, shift_workdays, workdays_between

YEARS = range(2024, 2028)


def in_words(days: set[date]) -> tuple[DayName, ...]:
    return tuple(DayName(day=day, name="放假") for day in sorted(days))


@st.composite
def calendar_years(draw: st.DrawFn, year: int, *, any_day: bool = False) -> CalendarYear:
    """A year with days off on weekdays and make-up days on weekends; with `any_day`, a tenant's: either on any day."""
    offsets = st.sets(st.integers(0, 364), max_size=40)
    chosen = {date(year, 1, 1) + timedelta(days=offset) for offset in draw(offsets)}
    off = {day for day in chosen if (draw(st.booleans()) if any_day else day.weekday() < 5)}
    return CalendarYear(
        year=year,
        days_off=in_words(off),
        make_up_workdays=in_words(chosen - off),
        official=draw(st.booleans()),
    )


@st.composite
def calendars(draw: st.DrawFn, *, any_day: bool = False) -> Calendar:
    present = sorted(draw(st.sets(st.sampled_from(YEARS))))
    return Calendar(edition=1, years=tuple(draw(calendar_years(year, any_day=any_day)) for year in present))


DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - aware by `timezones`
LIMITS = st.integers(0, 12) | st.integers(0, 400)


def worked(calendar: Calendar, day: date) -> bool:
    """Whether a day counts, from the raw data."""
    off = {entry.day for year in calendar.years for entry in year.days_off}
    make_up = {entry.day for year in calendar.years for entry in year.make_up_workdays}
    return day not in off if day.weekday() < 5 else day in make_up


def test_the_generated_years_are_of_every_kind() -> None:
    # Guards the properties below: the strategies must not quietly produce plain calendars only.
    assert find(calendars(), lambda calendar: any(year.days_off for year in calendar.years)).years
    assert find(calendars(), lambda calendar: any(year.make_up_workdays for year in calendar.years)).years


@given(calendars(), INSTANTS, LIMITS)
def test_a_due_day_is_worked_and_ends_after_the_start(calendar: Calendar, started_at: datetime, limit: int) -> None:
    due = due_after(calendar, started_at, limit)
    assert worked(calendar, due.due_day)
    assert due.due_at == calendar.end_of_business(due.due_day)
    assert due.due_at > started_at


@given(calendars(), INSTANTS, INSTANTS, LIMITS, LIMITS)
def test_a_later_start_or_a_longer_limit_is_never_due_earlier(
    calendar: Calendar, one: datetime, other: datetime, short: int, long: int
) -> None:
    earlier, later = min(one, other), max(one, other)
    shorter, longer = min(short, long), max(short, long)
    assert due_after(calendar, earlier, shorter).due_at <= due_after(calendar, later, shorter).due_at
    if shorter:
        assert due_after(calendar, earlier, shorter).due_at <= due_after(calendar, earlier, longer).due_at


@given(calendars(), INSTANTS, st.integers(1, 400))
def test_exactly_n_working_days_lie_between_start_and_due(calendar: Calendar, started_at: datetime, limit: int) -> None:
    due = due_after(calendar, started_at, limit)
    assert workdays_between(calendar, due.start_day, due.due_day) == limit
    assert shift_workdays(calendar, due.start_day, limit) == due.due_day


@given(calendars() | calendars(any_day=True), DAYS, st.integers(0, 500))
def test_counting_agrees_with_a_count_day_by_day(calendar: Calendar, start: date, length: int) -> None:
    days = [start + timedelta(days=offset) for offset in range(1, length + 1)]
    end = start + timedelta(days=length)
    assert workdays_between(calendar, start, end) == sum(worked(calendar, day) for day in days)
    assert workdays_between(calendar, end, start) == -workdays_between(calendar, start, end)


@given(calendars(), DAYS, st.integers(-400, 400))
def test_shifting_back_undoes_shifting_from_a_working_day(calendar: Calendar, day: date, workdays: int) -> None:
    assume(worked(calendar, day))
    assert shift_workdays(calendar, shift_workdays(calendar, day, workdays), -workdays) == day


@given(calendars(), INSTANTS, LIMITS)
def test_an_explanation_is_complete_and_ends_with_the_limit(
    calendar: Calendar, started_at: datetime, limit: int
) -> None:
    due = due_after(calendar, started_at, limit)
    rows = explain(calendar, due)
    assert [row.day for row in rows] == [due.start_day + timedelta(days=offset) for offset in range(len(rows))]
    assert (rows[-1].day, rows[-1].counted) == (due.due_day, limit)
    numbers = [row.counted for row in rows if row.counted is not None]
    assert numbers == (list(range(1, limit + 1)) if limit else [0])
    assert [row.kind is DayKind.START for row in rows] == [True] + [False] * (len(rows) - 1)
    counted_over = rows[1:] or rows
    assert due.provisional == any(row.provisional for row in counted_over)


@given(calendars(), DAYS)
def test_the_reason_of_a_day_agrees_with_whether_it_counts(calendar: Calendar, day: date) -> None:
    kind = calendar.day_reason(day).kind
    assert calendar.is_workday(day) == worked(calendar, day)
    assert (kind in {DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY}) == worked(calendar, day)
    assert (kind in {DayKind.MAKE_UP_WORKDAY, DayKind.WEEKEND}) == (day.weekday() >= 5)


@given(calendars(), INSTANTS)
def test_the_next_business_instant_is_open_and_the_nearest(calendar: Calendar, instant: datetime) -> None:
    found = calendar.next_business_instant(instant)
    assert calendar.is_business_time(found)
    assert found == instant or (found > instant and found == calendar.start_of_business(calendar.local_day(found)))
    # Between the two no business: no working day strictly between them, and none left of the first day.
    first, last = calendar.local_day(instant), calendar.local_day(found)
    between = (first + timedelta(days=offset) for offset in range(1, (last - first).days))
    assert not any(worked(calendar, day) for day in between)
    if found != instant and first != last and worked(calendar, first):
        assert instant >= calendar.end_of_business(first)


@given(calendars(), calendar_years(2025, any_day=True), DAYS)
def test_merging_changes_the_named_days_and_no_other(calendar: Calendar, own: CalendarYear, day: date) -> None:
    merged = merge_overrides(calendar, (own,), edition=2)
    for entry in own.days_off:
        assert not merged.is_workday(entry.day)
    for entry in own.make_up_workdays:
        assert merged.is_workday(entry.day)
    if day not in {entry.day for entry in (*own.days_off, *own.make_up_workdays)}:
        assert merged.day_reason(day).kind == calendar.day_reason(day).kind
    assert merge_overrides(merged, (own,), edition=2) == merged
    assert merge_overrides(calendar, (), edition=1) == calendar
    assert check_calendar(merged) == ()


@given(calendars())
def test_a_well_formed_calendar_has_no_problem(calendar: Calendar) -> None:
    assert check_calendar(calendar) == ()
    assert check_overrides(calendar, calendar.years) == ()
