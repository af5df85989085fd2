"""The official Chinese calendar: public holidays and make-up working days (调休), year by year.

Owns the translation of what the `holidays` library carries into calendar years. The library copies the yearly notices
of the General Office of the State Council (国务院办公厅关于部分节假日安排的通知); a year is official here when its
notice is in the library. For a later year only the statutory days are known (全国年节及纪念日放假办法): they are given
as not official, so that every date counted over them is provisional until the notice arrives.

The notice for a year may still move days of the December before it (as those for 2002, 2006, 2007 and 2012 did): that
is a new edition of the calendar like any other.

Must not know: tenants, their own days, cases. Reads no clock: the caller says which years it wants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName
from bancheng.kernel.calendar_index import CalendarError, CalendarErrorCode, is_weekday

if TYPE_CHECKING:
    from holidays.countries.china import China

FIRST_YEAR: Final = 2001
"""The year of the first notice that the library carries."""
MAXIMUM_YEARS: Final = 50

FESTIVALS: Final = ("元旦", "春节", "清明节", "劳动节", "端午节", "国庆节", "中秋节")
"""Every name that a day can bear from now on, alone or joined by 、 where two festivals share one holiday."""

_ALIASES: Final = {"农历除夕": "春节", "春节延长假期": "春节"}
_SUBSTITUTED: Final = re.compile(r"休息日（由 (\d{4}-\d{2}-\d{2}) 调休）")
_OBSERVED_SUFFIX: Final = "（补假）"
_ONE_DAY: Final = timedelta(days=1)


def official_years() -> frozenset[int]:
    """The years whose notice the installed library carries."""
    from holidays.countries.china import ChinaStaticHolidays

    # Every notice since 2001 has moved at least one day; the library enters each of them here and nothing else. A
    # notice that moved none would be missed: its year would stay provisional, which is the safe side.
    return frozenset(ChinaStaticHolidays.special_public_holidays)


def official_calendar(first_year: int, last_year: int, edition: int) -> Calendar:
    """A calendar with the default zone and business hours, ready for a tenant's own days to be merged in."""
    return Calendar(edition=edition, years=official_calendar_years(first_year, last_year))


def official_calendar_years(first_year: int, last_year: int) -> tuple[CalendarYear, ...]:
    """The years from first to last: by their notices, and after the last notice by the statutory days, not official.

    Raises CalendarError YEARS_OUT_OF_RANGE: before FIRST_YEAR, reversed, or more than MAXIMUM_YEARS.
    """
    if not FIRST_YEAR <= first_year <= last_year < first_year + MAXIMUM_YEARS:
        raise CalendarError(CalendarErrorCode.YEARS_OUT_OF_RANGE, first_year=first_year, last_year=last_year)
    # The library takes some 15 MiB and is needed only when a calendar is built: a service starts without it.
    from holidays.countries.china import China

    # One more year on both sides: holidays run over New Year, and a notice moves days of the December before it.
    source = China(years=range(first_year - 1, last_year + 2), language="zh_CN")
    official = official_years()
    return tuple(
        CalendarYear(
            year=year,
            days_off=tuple(DayName(day=day, name=_holiday_name(source, day)) for day in _days_off(source, year)),
            make_up_workdays=tuple(_make_up_workdays(source, year)),
            official=year in official,
        )
        for year in range(first_year, last_year + 1)
    )


def _days_off(source: China, year: int) -> list[date]:
    return sorted(day for day in source if day.year == year and is_weekday(day.toordinal()))


def _make_up_workdays(source: China, year: int) -> Iterator[DayName]:
    """Weekend days that are worked, each with the holiday that it pays for."""
    paid_for = {
        date.fromisoformat(match.group(1)): day
        for day, label in source.items()
        if (match := _SUBSTITUTED.search(label)) is not None
    }
    for day in sorted(source.weekend_workdays):
        if day.year == year and day in paid_for:
            yield DayName(day=day, name=_holiday_name(source, paid_for[day]))


def _holiday_name(source: China, day: date) -> str:
    """The festivals of the unbroken holiday that the day is part of, as the notice heads it: 国庆节、中秋节."""
    first = day
    while _is_off(source, first - _ONE_DAY):
        first -= _ONE_DAY
    names: dict[str, None] = {}
    while _is_off(source, first):
        names.update(dict.fromkeys(_festivals(source, first)))
        first += _ONE_DAY
    return "、".join(names)


def _is_off(source: China, day: date) -> bool:
    return day in source or (not is_weekday(day.toordinal()) and day not in source.weekend_workdays)


def _festivals(source: China, day: date) -> list[str]:
    """The festivals of one day; the library marks observed days, and joins two festivals of a day, in its label."""
    labels = [label for label in source.get_list(day) if _SUBSTITUTED.search(label) is None]
    names = {label.removesuffix(_OBSERVED_SUFFIX) for label in labels}
    return sorted((_ALIASES.get(name, name) for name in names), key=_position)


def _position(name: str) -> int:
    return FESTIVALS.index(name) if name in FESTIVALS else len(FESTIVALS)
