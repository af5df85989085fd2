"""Mistakes in calendar data, each with a stable code and the field it stands in.

Owns what makes a calendar, or a tenant's own days, unfit for use. Must not know how the data was read or who sent it;
the words for each code are in the window's catalogue. The shape (types, missing fields) is checked by decoding.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName
from bancheng.kernel.calendar_index import CalendarError, is_weekday

FIRST_YEAR: Final = 1950
LAST_YEAR: Final = 2200
MAXIMUM_YEARS: Final = 100
MAXIMUM_NAMED_DAYS: Final = 250
"""Per list and year: more days off than a year has working days is a mistake."""
MAXIMUM_NAME_CHARACTERS: Final = 60
MAXIMUM_PROBLEMS: Final = 200
"""No list of problems is longer: whoever mends a file begins at its top."""


class CalendarProblemCode(StrEnum):
    """Stable codes of calendar problems."""

    EDITION_NOT_POSITIVE = "calendar_edition_not_positive"
    ZONE_UNKNOWN = "calendar_zone_unknown"
    HOURS_WITH_ZONE = "calendar_hours_with_zone"
    HOURS_REVERSED = "calendar_hours_reversed"
    TOO_MANY_YEARS = "calendar_too_many_years"
    YEAR_OUT_OF_RANGE = "calendar_year_out_of_range"
    YEAR_TWICE = "calendar_year_twice"
    TOO_MANY_DAYS = "calendar_too_many_days"
    DAY_OUTSIDE_YEAR = "calendar_day_outside_year"
    DAY_TWICE = "calendar_day_twice"
    DAY_BOTH_OFF_AND_WORKED = "calendar_day_both_off_and_worked"
    MAKE_UP_ON_WEEKDAY = "calendar_make_up_on_weekday"
    NAME_MISSING = "calendar_name_missing"
    NAME_TOO_LONG = "calendar_name_too_long"
    NAME_NOT_PRINTABLE = "calendar_name_not_printable"


class CalendarProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: its `code`, the `field` as a path (`years[1].days_off[0].day`), and the `value` found there."""

    code: CalendarProblemCode
    field: str
    value: str


def check_calendar(calendar: Calendar) -> tuple[CalendarProblem, ...]:
    """What is wrong with a calendar as it is to be used, in the order of its fields; empty when nothing is."""
    return _first((*_check_head(calendar), *_check_years(calendar.years, lambda _: False)))


def check_overrides(base: Calendar, overrides: tuple[CalendarYear, ...]) -> tuple[CalendarProblem, ...]:
    """What is wrong with a tenant's own years before they are merged into the base calendar.

    As for a calendar, but a make-up working day may stand on a weekday that the base has off: it undoes that day off.
    """
    return _first(_check_years(overrides, lambda day: day.toordinal() in base.index.off))


def _first(problems: Iterator[CalendarProblem] | tuple[CalendarProblem, ...]) -> tuple[CalendarProblem, ...]:
    return tuple(problem for problem, _ in zip(problems, range(MAXIMUM_PROBLEMS), strict=False))


def _problem(code: CalendarProblemCode, field: str, value: object) -> CalendarProblem:
    return CalendarProblem(code=code, field=field, value=str(value)[:MAXIMUM_NAME_CHARACTERS])


def _check_head(calendar: Calendar) -> Iterator[CalendarProblem]:
    if calendar.edition < 1:
        yield _problem(CalendarProblemCode.EDITION_NOT_POSITIVE, "edition", calendar.edition)
    try:
        _ = calendar.index
    except CalendarError:
        yield _problem(CalendarProblemCode.ZONE_UNKNOWN, "zone", calendar.zone)
    aware = [name for name in ("open_at", "close_at") if getattr(calendar, name).tzinfo is not None]
    for name in aware:
        yield _problem(CalendarProblemCode.HOURS_WITH_ZONE, name, getattr(calendar, name))
    if not aware and calendar.open_at >= calendar.close_at:
        yield _problem(CalendarProblemCode.HOURS_REVERSED, "close_at", calendar.close_at)


def _check_years(years: tuple[CalendarYear, ...], may_be_worked: Callable[[date], bool]) -> Iterator[CalendarProblem]:
    if len(years) > MAXIMUM_YEARS:
        yield _problem(CalendarProblemCode.TOO_MANY_YEARS, "years", len(years))
        return
    seen: set[int] = set()
    for position, year in enumerate(years):
        path = f"years[{position}]"
        if not FIRST_YEAR <= year.year <= LAST_YEAR:
            yield _problem(CalendarProblemCode.YEAR_OUT_OF_RANGE, f"{path}.year", year.year)
        if year.year in seen:
            yield _problem(CalendarProblemCode.YEAR_TWICE, f"{path}.year", year.year)
        seen.add(year.year)
        yield from _check_days(year.year, f"{path}.days_off", year.days_off)
        yield from _check_days(year.year, f"{path}.make_up_workdays", year.make_up_workdays)
        yield from _check_make_up(year, path, may_be_worked)


def _check_days(year: int, path: str, entries: tuple[DayName, ...]) -> Iterator[CalendarProblem]:
    if len(entries) > MAXIMUM_NAMED_DAYS:
        yield _problem(CalendarProblemCode.TOO_MANY_DAYS, path, len(entries))
        return
    seen: set[date] = set()
    for position, entry in enumerate(entries):
        if entry.day.year != year:
            yield _problem(CalendarProblemCode.DAY_OUTSIDE_YEAR, f"{path}[{position}].day", entry.day)
        if entry.day in seen:
            yield _problem(CalendarProblemCode.DAY_TWICE, f"{path}[{position}].day", entry.day)
        seen.add(entry.day)
        yield from _check_name(f"{path}[{position}].name", entry.name)


def _check_make_up(year: CalendarYear, path: str, may_be_worked: Callable[[date], bool]) -> Iterator[CalendarProblem]:
    off = {entry.day for entry in year.days_off}
    for position, entry in enumerate(year.make_up_workdays[:MAXIMUM_NAMED_DAYS]):
        field = f"{path}.make_up_workdays[{position}].day"
        if entry.day in off:
            yield _problem(CalendarProblemCode.DAY_BOTH_OFF_AND_WORKED, field, entry.day)
        elif is_weekday(entry.day.toordinal()) and not may_be_worked(entry.day):
            yield _problem(CalendarProblemCode.MAKE_UP_ON_WEEKDAY, field, entry.day)


def _check_name(field: str, name: str) -> Iterator[CalendarProblem]:
    if not name.strip():
        yield _problem(CalendarProblemCode.NAME_MISSING, field, "")
    elif len(name) > MAXIMUM_NAME_CHARACTERS:
        yield _problem(CalendarProblemCode.NAME_TOO_LONG, field, len(name))
    elif any(unicodedata.category(character).startswith("C") for character in name):
        # Control and format characters: a name is printed on pages and papers. The value is not echoed.
        yield _problem(CalendarProblemCode.NAME_NOT_PRINTABLE, field, "")
