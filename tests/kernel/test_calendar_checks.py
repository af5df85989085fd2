"""Every mistake in calendar data has its own code and names its field."""

from __future__ import annotations

from datetime import UTC, date, time

import msgspec
import pytest

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName
from bancheng.kernel.calendar_checks import (
    MAXIMUM_PROBLEMS,
    CalendarProblem,
    CalendarProblemCode,
    check_calendar,
    check_overrides,
)
from tests.kernel.notices import CALENDAR, YEAR_2026

MONDAY, SATURDAY = date(2026, 9, 21), date(2026, 9, 19)


def named(day: date, name: str = "放假") -> DayName:
    return DayName(day=day, name=name)


def year(
    *, number: int = 2026, days_off: tuple[DayName, ...] = (), make_up_workdays: tuple[DayName, ...] = ()
) -> CalendarYear:
    return CalendarYear(year=number, days_off=days_off, make_up_workdays=make_up_workdays, official=True)


def of(*years: CalendarYear) -> Calendar:
    return Calendar(edition=1, years=years)


def found(problems: tuple[CalendarProblem, ...]) -> list[tuple[str, str]]:
    return [(problem.code.value, problem.field) for problem in problems]


def test_the_official_years_have_no_problem() -> None:
    assert check_calendar(CALENDAR) == ()


CASES = [
    (msgspec.structs.replace(CALENDAR, edition=0), "calendar_edition_not_positive", "edition"),
    (msgspec.structs.replace(CALENDAR, zone="Asia/Nowhere"), "calendar_zone_unknown", "zone"),
    (msgspec.structs.replace(CALENDAR, open_at=time(9, tzinfo=UTC)), "calendar_hours_with_zone", "open_at"),
    (msgspec.structs.replace(CALENDAR, close_at=time(9)), "calendar_hours_reversed", "close_at"),
    (of(*(year(number=2000 + n) for n in range(101))), "calendar_too_many_years", "years"),
    (of(year(number=1800)), "calendar_year_out_of_range", "years[0].year"),
    (of(YEAR_2026, YEAR_2026), "calendar_year_twice", "years[1].year"),
    (of(year(days_off=(named(MONDAY),) * 251)), "calendar_too_many_days", "years[0].days_off"),
    (of(year(days_off=(named(date(2025, 9, 22)),))), "calendar_day_outside_year", "years[0].days_off[0].day"),
    (of(year(days_off=(named(MONDAY), named(MONDAY)))), "calendar_day_twice", "years[0].days_off[1].day"),
    (
        of(year(days_off=(named(SATURDAY),), make_up_workdays=(named(SATURDAY),))),
        "calendar_day_both_off_and_worked",
        "years[0].make_up_workdays[0].day",
    ),
    (
        of(year(make_up_workdays=(named(SATURDAY), named(MONDAY)))),
        "calendar_make_up_on_weekday",
        "years[0].make_up_workdays[1].day",
    ),
    (of(year(days_off=(named(MONDAY, " \u3000"),))), "calendar_name_missing", "years[0].days_off[0].name"),
    (of(year(days_off=(named(MONDAY, "放" * 61),))), "calendar_name_too_long", "years[0].days_off[0].name"),
    (of(year(days_off=(named(MONDAY, "放\u202e假"),))), "calendar_name_not_printable", "years[0].days_off[0].name"),
]


@pytest.mark.parametrize(("calendar", "code", "field"), [pytest.param(*case, id=case[1]) for case in CASES])
def test_a_mistake_is_found_alone_and_by_its_field(calendar: Calendar, code: str, field: str) -> None:
    assert found(check_calendar(calendar)) == [(code, field)]


def test_every_code_has_its_case() -> None:
    assert {code for _, code, _ in CASES} == {code.value for code in CalendarProblemCode}


def test_a_problem_shows_the_value() -> None:
    (problem,) = check_calendar(of(year(make_up_workdays=(named(MONDAY),))))
    assert problem.value == "2026-09-21"


def test_all_mistakes_are_listed_in_the_order_of_the_fields() -> None:
    calendar = Calendar(
        edition=-1,
        zone="",
        years=(year(days_off=(named(date(2025, 1, 1), ""),)), year(make_up_workdays=(named(MONDAY),))),
    )
    assert found(check_calendar(calendar)) == [
        ("calendar_edition_not_positive", "edition"),
        ("calendar_zone_unknown", "zone"),
        ("calendar_day_outside_year", "years[0].days_off[0].day"),
        ("calendar_name_missing", "years[0].days_off[0].name"),
        ("calendar_year_twice", "years[1].year"),
        ("calendar_make_up_on_weekday", "years[1].make_up_workdays[0].day"),
    ]


def test_a_weekday_both_off_and_worked_is_one_mistake() -> None:
    calendar = of(year(days_off=(named(MONDAY),), make_up_workdays=(named(MONDAY),)))
    assert found(check_calendar(calendar)) == [("calendar_day_both_off_and_worked", "years[0].make_up_workdays[0].day")]


def test_the_list_of_problems_has_a_limit() -> None:
    nameless = tuple(named(MONDAY, "") for _ in range(250))
    assert len(check_calendar(of(year(days_off=nameless)))) == MAXIMUM_PROBLEMS


def test_a_tenant_may_undo_a_day_off_but_not_work_a_plain_weekday() -> None:
    national_day = year(make_up_workdays=(named(date(2026, 10, 1)),))
    assert check_overrides(CALENDAR, (national_day,)) == ()
    assert found(check_overrides(CALENDAR, (year(make_up_workdays=(named(MONDAY),)),))) == [
        ("calendar_make_up_on_weekday", "years[0].make_up_workdays[0].day")
    ]


def test_a_tenant_may_undo_a_make_up_day_with_a_day_off() -> None:
    assert check_overrides(CALENDAR, (year(days_off=(named(date(2026, 9, 20)),)),)) == ()


def test_an_unfit_base_does_not_keep_a_tenants_years_from_being_checked() -> None:
    unfit = msgspec.structs.replace(CALENDAR, zone="Asia/Nowhere")
    assert found(check_overrides(unfit, (year(number=1800),))) == [("calendar_year_out_of_range", "years[0].year")]
