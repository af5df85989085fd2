"""A year's days from a list: one row for each day or span of days, as a table of any office program gives it.

Owns the form of the list: `first_day, last_day, kind, name`, where kind is 休 (off) or 班 (a make-up working day);
`last_day` may be left out. The first row may name the columns. Every mistake is told with its line. What makes days
unfit for use is the kernel's (`calendar_checks`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName
from bancheng.kernel.calendar_checks import CalendarProblem, check_overrides
from bancheng.profiles.calendar_file import CalendarUnreadable
from bancheng.profiles.problems import MAXIMUM_PROBLEMS, LoadProblem

MAXIMUM_ROWS = 500
MAXIMUM_SPAN_DAYS = 60
"""No holiday is longer: a last day in the wrong year is a typing mistake."""

OFF = frozenset({"休", "放假", "节假日", "off", "holiday"})
WORKED = frozenset({"班", "上班", "调休上班", "work", "make-up"})
ListProblemCode = Literal[
    "calendar.list_unreadable",
    "calendar.list_empty",
    "calendar.list_too_long",
    "calendar.list_kind_unknown",
    "calendar.list_span",
    "calendar.list_no_date",
]
"""What can be wrong with a list before the days themselves are looked at."""

_HEADINGS = frozenset({"first_day", "日期", "起始日", "开始日期", "date"})
_Placed = tuple[int, DayName]
"""The line that a day stands on, and the day."""


def parse_calendar_list(text: str, file: str, base: Calendar) -> tuple[CalendarYear, ...]:
    """The years that the rows speak of; each is official. Raises CalendarUnreadable.

    `base` is the calendar that the years are to be merged into (see `check_overrides`).
    """
    found = _Found(file)
    try:
        for line, row in _rows(text):
            found.take(line, row)
    except csv.Error as error:
        found.problem(None, "", "calendar.list_unreadable", str(error))
    if not found.problems and not (found.off or found.worked):
        found.problem(None, "", "calendar.list_empty", "")
    if found.problems:
        raise CalendarUnreadable(tuple(found.problems[:MAXIMUM_PROBLEMS]))
    years = found.years()
    unfit = tuple(found.placed(problem, years) for problem in check_overrides(base, years))
    if unfit:
        raise CalendarUnreadable(unfit[:MAXIMUM_PROBLEMS])
    return years


def _rows(text: str) -> Iterable[tuple[int, list[str]]]:
    """Rows with something in them, with their lines. Commas, semicolons or tabs part the cells."""
    sample = text[:2_000]
    delimiter = max((",", ";", "\t"), key=sample.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells) and cells[0].lower() not in _HEADINGS:
            yield reader.line_num, cells


class _Found:
    def __init__(self, file: str) -> None:
        self.off: list[_Placed] = []
        self.worked: list[_Placed] = []
        self.problems: list[LoadProblem] = []
        self._file = file
        self._rows = 0

    def problem(self, line: int | None, field: str, code: ListProblemCode, detail: str) -> None:
        self.problems.append(LoadProblem(file=self._file, line=line, field=field, code=code, detail=detail[:60]))

    def take(self, line: int, row: Sequence[str]) -> None:
        self._rows += 1
        if self._rows > MAXIMUM_ROWS:
            if self._rows == MAXIMUM_ROWS + 1:
                self.problem(line, "", "calendar.list_too_long", str(MAXIMUM_ROWS))
            return
        cells = [*row, "", "", "", ""][:4]
        first = self._day(line, "first_day", cells[0])
        last = self._day(line, "last_day", cells[1]) if cells[1] else first
        kind, name = cells[2].lower(), cells[3]
        if kind not in OFF | WORKED:
            self.problem(line, "kind", "calendar.list_kind_unknown", cells[2])
        if first is None or last is None or kind not in OFF | WORKED:
            return
        if not 0 <= (last - first).days < MAXIMUM_SPAN_DAYS:
            self.problem(line, "last_day", "calendar.list_span", f"{first} – {last}")
            return
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        into = self.off if kind in OFF else self.worked
        into.extend((line, DayName(day=day, name=name)) for day in days)

    def _day(self, line: int, field: str, typed: str) -> date | None:
        """`2027-02-05`, `2027/2/5` or `2027年2月5日`."""
        plain = typed.replace("/", "-").replace("年", "-").replace("月", "-").removesuffix("日")
        parts = plain.split(" ")[0].split("T")[0].split("-")
        try:
            year, month, day = (int(part) for part in parts)
            return date(year, month, day)
        except ValueError:
            self.problem(line, field, "calendar.list_no_date", typed)
            return None

    def years(self) -> tuple[CalendarYear, ...]:
        numbers = sorted({named.day.year for _, named in (*self.off, *self.worked)})
        return tuple(
            CalendarYear(
                year=year,
                days_off=tuple(named for _, named in self.off if named.day.year == year),
                make_up_workdays=tuple(named for _, named in self.worked if named.day.year == year),
                official=True,
            )
            for year in numbers
        )

    def placed(self, problem: CalendarProblem, years: tuple[CalendarYear, ...]) -> LoadProblem:
        """The kernel's finding on the line that it came from, where it names a day."""
        line: int | None = None
        for position, year in enumerate(years):
            for field, known in (("days_off", self.off), ("make_up_workdays", self.worked)):
                lines = [number for number, named in known if named.day.year == year.year]
                for index, number in enumerate(lines):
                    if problem.field.startswith(f"years[{position}].{field}[{index}]."):
                        line = number
        field = problem.field.rpartition(".")[2]
        return LoadProblem(file=self._file, line=line, field=field, code=problem.code.value, detail=problem.value)
