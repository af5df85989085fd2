"""A tenant's own days from TOML: what differs from the official calendar.

Owns the form of the file: one `[[year]]` for each year, with `year`, `official`, `days_off` and `make_up_workdays`, the
last two lists of `{ day = 2026-10-01, name = "国庆节" }`. What makes such days unfit for use is the kernel's
(`calendar_checks`). Nothing of a file with a mistake in it is used.

Must not know: storage, which calendar is in force.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName
from bancheng.kernel.calendar_checks import check_calendar, check_overrides
from bancheng.profiles.problems import MAXIMUM_PROBLEMS, FileUnreadable, LoadProblem
from bancheng.profiles.toml_file import read_text
from bancheng.profiles.toml_lines import line_of
from bancheng.profiles.toml_struct import read_struct


class CalendarUnreadable(FileUnreadable):
    """A calendar file that is refused as a whole. `problems` names file, line, field and code of each mistake."""

    code = "calendar.unreadable"


class _Year(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[year]]`, in the file's own words."""

    year: int
    official: bool = False
    days_off: tuple[DayName, ...] = ()
    make_up_workdays: tuple[DayName, ...] = ()


class _CalendarFile(msgspec.Struct, frozen=True, kw_only=True):
    year: tuple[_Year, ...]


def load_calendar(path: Path, base: Calendar | None = None) -> tuple[CalendarYear, ...]:
    """The years in the file at `path`, UTF-8. Raises CalendarUnreadable, also when there is no such file."""
    text, problem = read_text(path)
    if problem is not None:
        raise CalendarUnreadable((problem,))
    return parse_calendar(text, path.name, base)


def parse_calendar(text: str, file: str, base: Calendar | None = None) -> tuple[CalendarYear, ...]:
    """The years written in `text`. `file` is the name that problems bear. Raises CalendarUnreadable.

    `base` is the calendar that the years are to be merged into: a weekday may only be named as a make-up working day
    when the base has it off. Without a base the years are checked as a calendar of their own.
    """
    reading = read_struct(_CalendarFile, text, file)
    if reading.value is None:
        raise CalendarUnreadable(reading.problems)
    years = tuple(
        CalendarYear(
            year=year.year, official=year.official, days_off=year.days_off, make_up_workdays=year.make_up_workdays
        )
        for year in reading.value.year
    )
    found = check_calendar(Calendar(edition=1, years=years)) if base is None else check_overrides(base, years)
    problems = tuple(
        LoadProblem(
            file=file, line=line_of(reading.lines, field), field=field, code=problem.code.value, detail=problem.value
        )
        for problem, field in ((problem, _as_in_file(problem.field)) for problem in found)
    )
    if problems:
        raise CalendarUnreadable(problems[:MAXIMUM_PROBLEMS])
    return years


def _as_in_file(field: str) -> str:
    """The kernel speaks of `years[0]`; the file's tables are called `year`."""
    return "year" + field.removeprefix("years") if field.startswith("years") else field
