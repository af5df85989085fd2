from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName, merge_overrides
from bancheng.profiles.calendar_file import CalendarUnreadable, load_calendar, parse_calendar
from bancheng.profiles.problems import LoadProblem

GOOD = """\
# 本地假日
[[year]]
year = 2026
official = true
days_off = [
    { day = 2026-10-01, name = "国庆节" },
    { day = 2026-10-02, name = "国庆节" },
]
make_up_workdays = [{ day = 2026-10-10, name = "国庆节" }]

[[year]]
year = 2027
"""
BASE = Calendar(
    edition=1,
    years=(
        CalendarYear(
            year=2026, days_off=(DayName(day=date(2026, 1, 1), name="元旦"),), make_up_workdays=(), official=True
        ),
    ),
)


def problems_of(text: str, base: Calendar | None = None) -> tuple[LoadProblem, ...]:
    with pytest.raises(CalendarUnreadable) as caught:
        parse_calendar(text, "calendar.toml", base)
    return caught.value.problems


def test_years_are_read_as_they_stand() -> None:
    first, second = parse_calendar(GOOD, "calendar.toml")
    assert first.official
    assert [named.day for named in first.days_off] == [date(2026, 10, 1), date(2026, 10, 2)]
    assert first.make_up_workdays == (DayName(day=date(2026, 10, 10), name="国庆节"),)
    assert second == CalendarYear(year=2027, days_off=(), make_up_workdays=(), official=False)


def test_a_file_is_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "calendar.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_calendar(path) == parse_calendar(GOOD, "calendar.toml")
    with pytest.raises(CalendarUnreadable) as caught:
        load_calendar(tmp_path / "none.toml")
    assert [problem.code for problem in caught.value.problems] == ["file.not_found"]


@pytest.mark.parametrize(
    ("good", "bad", "code", "field", "line"),
    [
        ("official = true", "oficial = true", "file.unknown_field", "year[0].oficial", 4),
        ("year = 2027", "official = false", "file.missing_field", "year[1].year", 11),
        ("2026-10-02, ", '"2 October", ', "file.wrong_value", "year[0].days_off[1].day", 7),
        ("2026-10-02, ", "2027-10-02, ", "calendar_day_outside_year", "year[0].days_off[1].day", 7),
        ("2026-10-02, ", "2026-10-01, ", "calendar_day_twice", "year[0].days_off[1].day", 7),
        ("year = 2027", "year = 2026", "calendar_year_twice", "year[1].year", 12),
        ("2026-10-10", "2026-10-09", "calendar_make_up_on_weekday", "year[0].make_up_workdays[0].day", 9),
        ('10, name = "国庆节"', '10, name = ""', "calendar_name_missing", "year[0].make_up_workdays[0].name", 9),
        ("[[year]]", "[[year]", "file.not_toml", "", 2),
    ],
)
def test_a_mistake_is_named_with_its_field_and_its_line(good: str, bad: str, code: str, field: str, line: int) -> None:
    (problem,) = problems_of(GOOD.replace(good, bad, 1))
    assert (problem.code, problem.field, problem.line) == (code, field, line)


def test_a_weekday_may_be_worked_when_the_base_has_it_off() -> None:
    text = '[[year]]\nyear = 2026\nmake_up_workdays = [{ day = 2026-01-01, name = "值班" }]\n'
    years = parse_calendar(text, "calendar.toml", BASE)
    assert merge_overrides(BASE, years, 2).is_workday(date(2026, 1, 1))
    assert [problem.code for problem in problems_of(text)] == ["calendar_make_up_on_weekday"]


def test_nothing_is_half_applied() -> None:
    """One bad year among good ones: none of them is given out."""
    text = GOOD + "\n[[year]]\nyear = 1\n"
    assert [problem.code for problem in problems_of(text)] == ["calendar_year_out_of_range"]
