"""Days, business hours and a tenant's own days, by hand. Due dates are in `test_dues`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest

from bancheng.kernel.calendar import Calendar, CalendarYear, DayKind, DayName, DayReason, merge_overrides
from bancheng.kernel.calendar_index import CalendarError, CalendarErrorCode
from bancheng.kernel.dues import shift_workdays
from bancheng.kernel.rejected import Rejected
from tests.kernel.notices import CALENDAR, YEAR_2026, beijing


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 9, 22), DayReason(kind=DayKind.WORKDAY, name="", provisional=False)),
        (date(2026, 9, 20), DayReason(kind=DayKind.MAKE_UP_WORKDAY, name="国庆节", provisional=False)),
        (date(2026, 9, 19), DayReason(kind=DayKind.WEEKEND, name="", provisional=False)),
        (date(2026, 10, 1), DayReason(kind=DayKind.HOLIDAY, name="国庆节", provisional=False)),
        (date(2027, 1, 1), DayReason(kind=DayKind.WORKDAY, name="", provisional=True)),
        (date(2027, 1, 2), DayReason(kind=DayKind.WEEKEND, name="", provisional=True)),
    ],
)
def test_every_day_has_a_reason(day: date, reason: DayReason) -> None:
    assert CALENDAR.day_reason(day) == reason


def test_business_time_is_half_open_and_knows_worked_sundays() -> None:
    assert not CALENDAR.is_business_time(beijing(2026, 9, 20, 8, 59))
    assert CALENDAR.is_business_time(beijing(2026, 9, 20, 9, 0))
    assert CALENDAR.is_business_time(beijing(2026, 9, 20, 16, 59))
    assert not CALENDAR.is_business_time(beijing(2026, 9, 20, 17, 0))
    assert not CALENDAR.is_business_time(beijing(2026, 10, 1, 10, 0))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        pytest.param(beijing(2026, 9, 22, 10, 5), beijing(2026, 9, 22, 10, 5), id="open"),
        pytest.param(beijing(2026, 9, 22, 3), beijing(2026, 9, 22, 9), id="night before"),
        pytest.param(beijing(2026, 9, 22, 17), beijing(2026, 9, 23, 9), id="closed for the day"),
        pytest.param(beijing(2026, 9, 30, 17), beijing(2026, 10, 8, 9), id="before the holiday"),
        pytest.param(beijing(2026, 10, 4), beijing(2026, 10, 8, 9), id="in the holiday"),
    ],
)
def test_the_next_business_instant(instant: datetime, expected: datetime) -> None:
    found = CALENDAR.next_business_instant(instant)
    assert found == expected
    assert found.utcoffset() == timedelta(0)


def test_the_zone_and_the_hours_are_the_calendars() -> None:
    urumqi = Calendar(edition=1, zone="Asia/Urumqi", open_at=time(10), close_at=time(19, 30), years=(YEAR_2026,))
    # 17:00 UTC is already Wed 23 Sep in Beijing and still Tue 22, 23:00, in Urumqi.
    instant = datetime(2026, 9, 22, 17, 0, tzinfo=UTC)
    assert (CALENDAR.local_day(instant), urumqi.local_day(instant)) == (date(2026, 9, 23), date(2026, 9, 22))
    assert urumqi.end_of_business(date(2026, 9, 22)) == datetime(2026, 9, 22, 13, 30, tzinfo=UTC)
    assert urumqi.start_of_business(date(2026, 9, 22)) == datetime(2026, 9, 22, 4, 0, tzinfo=UTC)


def override(
    *, days_off: tuple[DayName, ...] = (), make_up_workdays: tuple[DayName, ...] = (), official: bool = False
) -> CalendarYear:
    return CalendarYear(year=2026, days_off=days_off, make_up_workdays=make_up_workdays, official=official)


def test_a_tenant_can_take_a_day_off_and_work_a_weekend() -> None:
    own = override(
        days_off=(DayName(day=date(2026, 9, 22), name="本县放假"),),
        make_up_workdays=(DayName(day=date(2026, 9, 26), name="本县调休"),),
    )
    merged = merge_overrides(CALENDAR, (own,), edition=4)
    assert merged.day_reason(date(2026, 9, 22)).name == "本县放假"
    assert merged.day_reason(date(2026, 9, 26)).kind is DayKind.MAKE_UP_WORKDAY
    assert merged.edition == 4
    assert merged.is_workday(date(2026, 9, 20)), "days that the tenant does not name stay as they were"


def test_a_tenant_can_undo_a_make_up_day_and_a_day_off() -> None:
    own = override(
        days_off=(DayName(day=date(2026, 9, 20), name="本县不调休"),),
        make_up_workdays=(DayName(day=date(2026, 10, 7), name="本县上班"),),
    )
    merged = merge_overrides(CALENDAR, (own,), edition=4)
    assert merged.day_reason(date(2026, 9, 20)) == DayReason(kind=DayKind.HOLIDAY, name="本县不调休", provisional=False)
    assert merged.day_reason(date(2026, 10, 7)) == DayReason(kind=DayKind.WORKDAY, name="", provisional=False)


def test_an_override_can_make_a_year_official_and_never_less_so() -> None:
    year_2027 = CalendarYear(year=2027, days_off=(), make_up_workdays=(), official=True)
    merged = merge_overrides(CALENDAR, (override(official=False), year_2027), edition=4)
    assert [(year.year, year.official) for year in merged.years] == [(2025, True), (2026, True), (2027, True)]


def test_a_later_override_of_the_same_day_prevails() -> None:
    day = date(2026, 9, 22)
    first = override(days_off=(DayName(day=day, name="本县放假"),))
    second = override(make_up_workdays=(DayName(day=day, name="照常上班"),))
    assert not merge_overrides(CALENDAR, (second, first), edition=4).is_workday(day)
    assert merge_overrides(CALENDAR, (first, second), edition=4).is_workday(day)


def test_the_derived_tables_are_not_part_of_the_value() -> None:
    fresh = Calendar(edition=3, years=CALENDAR.years)
    assert CALENDAR.is_workday(date(2026, 9, 22))  # the tables of CALENDAR exist from here on
    assert fresh == CALENDAR
    assert hash(fresh) == hash(CALENDAR)
    assert msgspec.json.encode(fresh) == msgspec.json.encode(CALENDAR)
    assert msgspec.json.decode(msgspec.json.encode(CALENDAR), type=Calendar) == CALENDAR
    moved = msgspec.structs.replace(CALENDAR, edition=4, years=())
    assert moved.is_workday(date(2026, 10, 1)), "a changed copy derives its own tables"


def test_a_calendar_error_is_a_refusal_and_a_value_error() -> None:
    assert issubclass(CalendarError, Rejected)
    assert issubclass(CalendarError, ValueError)


def test_instants_and_days_at_the_ends_of_time_are_refused_and_never_overflow() -> None:
    with pytest.raises(CalendarError) as caught:
        CALENDAR.local_day(datetime.max.replace(tzinfo=UTC))
    assert caught.value.code == CalendarErrorCode.INSTANT_OUT_OF_RANGE
    with pytest.raises(CalendarError, match="calendar_no_workday_in_reach"):
        shift_workdays(CALENDAR, date.max, 1)
    with pytest.raises(CalendarError, match="calendar_no_workday_in_reach"):
        shift_workdays(CALENDAR, date(1, 1, 1), -1)
    early = msgspec.structs.replace(CALENDAR, open_at=time(1))
    with pytest.raises(CalendarError, match="calendar_instant_out_of_range"):
        early.start_of_business(date.min)


def test_an_unknown_zone_is_refused() -> None:
    for zone in ("Asia/Nowhere", "", "../etc/passwd"):
        with pytest.raises(CalendarError) as caught:
            Calendar(edition=1, zone=zone, years=()).local_day(beijing(2026, 9, 22))
        assert (caught.value.code, caught.value.field) == (CalendarErrorCode.ZONE_UNKNOWN, "zone")
