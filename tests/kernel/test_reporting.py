"""Periods and the days of their reports, by hand-worked examples."""

from __future__ import annotations

from datetime import date

import pytest

from bancheng.kernel.profile_parts import Period, Report, Text
from bancheng.kernel.reporting import due_on, span_around, span_named, spans_over
from tests.kernel.notices import CALENDAR


@pytest.mark.parametrize(
    ("every", "name", "first", "last"),
    [
        ("week", "2026-W09", date(2026, 2, 23), date(2026, 3, 1)),
        ("month", "2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("quarter", "2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("year", "2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_has_its_name_and_its_days(every: Period, name: str, first: date, last: date) -> None:
    span = span_around(date(2026, 2, 25), every)
    assert (span.name, span.first, span.last) == (name, first, last)
    assert span_named(name, every) == span


def test_periods_that_are_over_go_back_over_the_year_end() -> None:
    assert [each.name for each in spans_over(date(2026, 2, 25), "month", 3)] == ["2026-01", "2025-12", "2025-11"]
    # 2026 begins on a Thursday: by ISO 8601 its first week begins on Monday 29 December 2025.
    assert [each.name for each in spans_over(date(2026, 1, 6), "week", 2)] == ["2026-W01", "2025-W52"]
    assert [each.name for each in spans_over(date(2026, 2, 25), "quarter", 2)] == ["2025-Q4", "2025-Q3"]
    # Begun on the last day of December: that month is the first that is over; begun in February, none is.
    since = date(2025, 12, 31)
    assert [each.name for each in spans_over(date(2026, 2, 25), "month", 3, since=since)] == ["2026-01", "2025-12"]
    assert spans_over(date(2026, 2, 25), "month", 3, since=date(2026, 2, 1)) == []


@pytest.mark.parametrize(
    "name", ["", "2026", "2026-13", "2026-00", "2026-W54", "2026-Q1", "1999-12", "next", "２０２６-02"]
)
def test_what_names_no_month_is_none(name: str) -> None:
    assert span_named(name, "month") is None


def test_a_report_is_due_on_a_working_day_of_the_next_period() -> None:
    report = Report(key="r", name=Text(zh="报", en="R"), by="", to="", every="month", workday=2)
    # Sunday 1 March is off: Monday the 2nd is the first working day of March, Tuesday the 3rd the second.
    assert due_on(span_around(date(2026, 2, 10), "month"), report, CALENDAR) == date(2026, 3, 3)
