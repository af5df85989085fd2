"""The notice typed at the page, row by row as the State Council's notice has it: a festival, its days, what is worked.

Owns how the rows become a list of days, and which row a line of the list came from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bancheng.window.rule_books import BookUnreadable

ROWS: Final = 10
FESTIVALS: Final = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
"""As they come in a year; the rest of the rows is for a tenant's own days."""


class NoticeRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed in one row. `worked` are the make-up working days, parted by spaces."""

    name: str = ""
    first: str = ""
    last: str = ""
    worked: str = ""


def empty_rows() -> list[NoticeRow]:
    """The festivals by name, and rows without one."""
    names = (*FESTIVALS, *("" for _ in range(ROWS - len(FESTIVALS))))
    return [NoticeRow(name=name) for name in names]


def typed_rows(form: Mapping[str, str]) -> list[NoticeRow]:
    """The rows of a form that was sent."""
    return [
        NoticeRow(**{field: form.get(f"{field}_{number}", "").strip() for field in NoticeRow.__struct_fields__})
        for number in range(ROWS)
    ]


def as_list(rows: list[NoticeRow]) -> tuple[str, list[int]]:
    """The list of days, and for each of its lines the row (from 0) that it came from."""
    lines = io.StringIO()
    write = csv.writer(lines, lineterminator="\n").writerow
    came_from: list[int] = []
    for number, row in enumerate(rows):
        if row.first or row.last:
            write([row.first, row.last, "休", row.name])
            came_from.append(number)
        for day in row.worked.replace("、", " ").replace("，", " ").replace(",", " ").split():
            write([day, "", "班", row.name])
            came_from.append(number)
    return lines.getvalue(), came_from


def by_row(refusal: Exception, came_from: Sequence[int]) -> Exception:
    """The same refusal with the rows of the form (from 1) for the lines of the list that was made of them."""
    if not isinstance(refusal, BookUnreadable) or not came_from:
        return refusal
    problems = [
        msgspec.structs.replace(each, line=None if each.line is None else came_from[each.line - 1] + 1)
        for each in refusal.problems
    ]
    return BookUnreadable(refusal.code, problems)
