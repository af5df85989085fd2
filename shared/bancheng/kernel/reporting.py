"""Periods of reports: what they are called, from which day to which they go, and when a report for one is due.

Owns this arithmetic. Which reports there are is the profile's, what is in them is not known here.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, assert_never

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.kernel.dues import shift_workdays
from bancheng.kernel.profile_parts import Period, Report

EARLIEST_YEAR, LATEST_YEAR = 2000, 2099
_NAME: Final = re.compile(r"(20[0-9]{2})(?:-(?:W(0[1-9]|[1-4][0-9]|5[0-3])|Q([1-4])|(0[1-9]|1[0-2])))?")


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A period by its name (`2026-02`, `2026-W09`, `2026-Q1`, `2026`), with its first and last day."""

    name: str
    first: date
    last: date


def span_around(day: date, every: Period) -> Span:
    """The period in which a day lies. Weeks are those of ISO 8601, from Monday."""
    match every:
        case "week":
            year, week, weekday = day.isocalendar()
            first = day - timedelta(days=weekday - 1)
            return Span(name=f"{year:04}-W{week:02}", first=first, last=first + timedelta(days=6))
        case "month":
            first = day.replace(day=1)
            return Span(name=f"{day:%Y-%m}", first=first, last=_before_next(first, 1))
        case "quarter":
            first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
            return Span(name=f"{day.year:04}-Q{(day.month + 2) // 3}", first=first, last=_before_next(first, 3))
        case "year":
            return Span(name=f"{day.year:04}", first=date(day.year, 1, 1), last=date(day.year, 12, 31))
        case _:
            assert_never(every)


def span_named(name: str, every: Period) -> Span | None:
    """None for what names no period of this sort."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    year, week, quarter, month = found.groups()
    try:
        if week is not None:
            day = date.fromisocalendar(int(year), int(week), 1)
        else:
            day = date(int(year), int(month) if month else int(quarter) * 3 if quarter else 1, 1)
    except ValueError:
        return None
    span = span_around(day, every)
    return span if span.name == name else None


def spans_over(today: date, every: Period, count: int, *, since: date = date.min) -> list[Span]:
    """The last periods that are over, the newest first; none that ended before `since`."""
    spans: list[Span] = []
    first = span_around(today, every).first
    while len(spans) < count and first > since:
        spans.append(span_around(first - timedelta(days=1), every))
        first = spans[-1].first
    return spans


def due_on(span: Span, report: Report, calendar: Calendar) -> date:
    """The working day of the next period that the rules name; the period's last day where they name none."""
    return shift_workdays(calendar, span.last, report.workday or 0)


def _before_next(first: date, months: int) -> date:
    """The last day of so many months that begin with `first`."""
    following = first.month - 1 + months
    return date(first.year + following // 12, following % 12 + 1, 1) - timedelta(days=1)
