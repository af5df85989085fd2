"""The reader of rules and days that every window is given: the shipped form of profiles and calendars.

Owns the translation between the two packages that must not know each other.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar
from zipfile import BadZipFile

import msgspec

from bancheng.kernel.calendar import Calendar, CalendarYear
from bancheng.kernel.profile import Profile
from bancheng.profiles.calendar_file import CalendarUnreadable, parse_calendar
from bancheng.profiles.calendar_list import MAXIMUM_ROWS, parse_calendar_list
from bancheng.profiles.comparison import compare
from bancheng.profiles.loader import parse_profile
from bancheng.profiles.problems import FileUnreadable, LoadProblem
from bancheng.profiles.toml_file import decode_text
from bancheng.runtime.tenant_plan import official_days
from bancheng.window.rule_books import BookProblem, BookUnreadable, CalendarFormat, ProfileChange

T = TypeVar("T")

MAXIMUM_COLUMNS = 4
_SPREADSHEET = b"PK\x03\x04"


class ShippedRuleBooks:
    """Reads TOML, lists of days as text, and spreadsheets."""

    def profile(self, text: str) -> Profile:
        """Raises BookUnreadable."""
        return _read(lambda: parse_profile(text, "profile.toml"))

    def days(self, text: str, form: CalendarFormat, base: Calendar) -> tuple[CalendarYear, ...]:
        """Raises BookUnreadable."""
        if form == "csv":
            return _read(lambda: parse_calendar_list(text, "days.csv", base))
        return _read(lambda: parse_calendar(text, "days.toml", base))

    def table(self, content: bytes, name: str) -> tuple[str, CalendarFormat]:
        """Told by content: a spreadsheet is a ZIP; a table in TOML has `[[year]]`. Raises BookUnreadable."""
        if content.startswith(_SPREADSHEET):
            return _read(lambda: _list_of(content, name)), "csv"
        text, problem = decode_text(content, name)
        if problem is not None:
            raise BookUnreadable(CalendarUnreadable.code, [_problem(problem)])
        return text, "toml" if "[[year]]" in text else "csv"

    def known_years(self, around: date) -> tuple[CalendarYear, ...]:
        """Those that the installed library carries, and the statutory days of the years after them."""
        return official_days(around).years

    def compare(self, old: Profile, new: Profile) -> tuple[ProfileChange, ...]:
        """Every difference."""
        return tuple(ProfileChange(**msgspec.structs.asdict(each)) for each in compare(old, new))


def _read(work: Callable[[], T]) -> T:
    try:
        return work()
    except FileUnreadable as error:
        raise BookUnreadable(error.code, [_problem(each) for each in error.problems]) from error


def _problem(found: LoadProblem) -> BookProblem:
    return BookProblem(line=found.line, field=found.field, code=found.code, detail=found.detail)


def _list_of(content: bytes, name: str) -> str:
    """The first sheet as a list. Formulas are taken by their last values; nothing in the file is run."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(max_row=MAXIMUM_ROWS + 1, max_col=MAXIMUM_COLUMNS, values_only=True)
        lines = ["\t".join(_cell(value) for value in row) for row in rows]
    except (BadZipFile, KeyError, ValueError, IndexError, OSError) as error:
        problem = LoadProblem(file=name, line=None, field="", code="calendar.list_unreadable", detail=name)
        raise CalendarUnreadable((problem,)) from error
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ").strip()
