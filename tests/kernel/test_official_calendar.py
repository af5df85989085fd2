"""The official calendar as the library carries it, against the notices copied by hand and what every year must obey."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from holidays.countries.china import China

from bancheng.kernel.calendar import CalendarYear
from bancheng.kernel.calendar_checks import check_calendar
from bancheng.kernel.calendar_index import CalendarError, CalendarErrorCode
from bancheng.kernel.dues import due_after
from bancheng.profiles.official_calendar import (
    FESTIVALS,
    FIRST_YEAR,
    official_calendar,
    official_calendar_years,
    official_years,
)
from tests.kernel.notices import YEAR_2025, YEAR_2026

LAST_OFFICIAL_YEAR = max(official_years())
OFFICIAL = {year.year: year for year in official_calendar_years(FIRST_YEAR, LAST_OFFICIAL_YEAR)}


@pytest.mark.parametrize("notice", [YEAR_2025, YEAR_2026], ids=lambda notice: str(notice.year))
def test_the_library_agrees_with_the_notice_copied_by_hand(notice: CalendarYear) -> None:
    assert OFFICIAL[notice.year] == notice


def test_every_year_since_the_first_notice_is_official_without_a_gap() -> None:
    assert sorted(official_years()) == list(range(FIRST_YEAR, LAST_OFFICIAL_YEAR + 1))
    assert LAST_OFFICIAL_YEAR >= 2026


@pytest.mark.parametrize("year", sorted(OFFICIAL))
def test_every_official_year_agrees_with_the_librarys_own_working_days(year: int) -> None:
    calendar = official_calendar(year, year, edition=1)
    # The neighbours too: make-up days of a December come from the next year's notice.
    source = China(years=(year - 1, year, year + 1), language="zh_CN")
    first = date(year, 1, 1)
    for day in (first + timedelta(days=offset) for offset in range((date(year + 1, 1, 1) - first).days)):
        assert calendar.is_workday(day) == source.is_working_day(day), day


@pytest.mark.parametrize("year", sorted(OFFICIAL))
def test_every_official_year_is_well_formed_and_named(year: int) -> None:
    calendar = official_calendar(year, year, edition=1)
    assert check_calendar(calendar) == ()
    (loaded,) = calendar.years
    assert loaded.official
    assert all(entry.day.weekday() < 5 for entry in loaded.days_off)
    assert all(entry.day.weekday() >= 5 for entry in loaded.make_up_workdays)
    names = {entry.name for entry in (*loaded.days_off, *loaded.make_up_workdays)}
    # One year had a day of its own, 2015 (the 70th anniversary of the victory); all other names are festivals.
    unknown = {part for name in names for part in name.split("、")} - set(FESTIVALS)
    assert unknown == ({"中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日"} if year == 2015 else set())


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2001, 12, 29), "元旦"),  # worked by the notice for 2002
        (date(2005, 12, 31), "元旦"),  # for 2006
        (date(2006, 12, 30), "元旦"),  # for 2007
        (date(2011, 12, 31), "元旦"),  # for 2012
    ],
)
def test_make_up_days_of_a_december_come_from_the_next_years_notice(day: date, name: str) -> None:
    make_up = {entry.day: entry.name for entry in OFFICIAL[day.year].make_up_workdays}
    assert make_up[day] == name


def test_two_festivals_in_one_holiday_are_named_as_the_notice_heads_them() -> None:
    def name_of(day: date) -> str:
        return {entry.day: entry.name for entry in OFFICIAL[day.year].days_off}[day]

    assert name_of(date(2020, 10, 1)) == "国庆节、中秋节"  # both on 1 October
    assert name_of(date(2023, 9, 29)) == "中秋节、国庆节"  # 29 September to 6 October
    assert name_of(date(2025, 10, 8)) == "国庆节、中秋节"
    assert name_of(date(2026, 9, 25)) == "中秋节"
    assert name_of(date(2018, 12, 31)) == "元旦"  # of 2019


def test_a_year_after_the_last_notice_has_its_statutory_days_and_is_provisional() -> None:
    year = LAST_OFFICIAL_YEAR + 1
    (expected,) = official_calendar_years(year, year)
    assert not expected.official
    assert expected.make_up_workdays == ()
    assert {entry.name for entry in expected.days_off} >= {"春节", "国庆节"}
    calendar = official_calendar(LAST_OFFICIAL_YEAR, year, edition=1)
    assert due_after(calendar, datetime(year, 9, 28, 2, 0, tzinfo=UTC), 5).provisional
    assert not due_after(calendar, datetime(LAST_OFFICIAL_YEAR, 9, 28, 2, 0, tzinfo=UTC), 5).provisional


@pytest.mark.parametrize(("first", "last"), [(2000, 2025), (2026, 2025), (2001, 2051)])
def test_years_out_of_range_are_refused(first: int, last: int) -> None:
    with pytest.raises(CalendarError) as caught:
        official_calendar_years(first, last)
    assert caught.value.code == CalendarErrorCode.YEARS_OUT_OF_RANGE
    assert caught.value.parameters == {"first_year": first, "last_year": last}
