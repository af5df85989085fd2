"""The notices of the General Office of the State Council for 2025 and 2026, copied by hand.

国办发明电〔2024〕12号 for 2025 and 国办发明电〔2025〕7号 for 2026. Independent of the library that the product
reads: the two are compared in `test_official_calendar`. A holiday is given as the notice gives it, by its first and
last day; a calendar year lists the weekdays among them.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName

BEIJING = timezone(timedelta(hours=8))


def beijing(year: int, month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    """An instant by the wall clock of a window, at ten in the morning unless told."""
    return datetime(year, month, day, hour, minute, tzinfo=BEIJING)


def holiday(name: str, first: date, last: date) -> tuple[DayName, ...]:
    """The weekdays from the first day of a holiday to its last."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return tuple(DayName(day=day, name=name) for day in days if day.weekday() < 5)


YEAR_2025 = CalendarYear(
    year=2025,
    official=True,
    days_off=(
        *holiday("元旦", date(2025, 1, 1), date(2025, 1, 1)),
        *holiday("春节", date(2025, 1, 28), date(2025, 2, 4)),
        *holiday("清明节", date(2025, 4, 4), date(2025, 4, 6)),
        *holiday("劳动节", date(2025, 5, 1), date(2025, 5, 5)),
        *holiday("端午节", date(2025, 5, 31), date(2025, 6, 2)),
        *holiday("国庆节、中秋节", date(2025, 10, 1), date(2025, 10, 8)),
    ),
    make_up_workdays=(
        DayName(day=date(2025, 1, 26), name="春节"),  # Sunday
        DayName(day=date(2025, 2, 8), name="春节"),  # Saturday
        DayName(day=date(2025, 4, 27), name="劳动节"),  # Sunday
        DayName(day=date(2025, 9, 28), name="国庆节、中秋节"),  # Sunday
        DayName(day=date(2025, 10, 11), name="国庆节、中秋节"),  # Saturday
    ),
)

YEAR_2026 = CalendarYear(
    year=2026,
    official=True,
    days_off=(
        *holiday("元旦", date(2026, 1, 1), date(2026, 1, 3)),
        *holiday("春节", date(2026, 2, 15), date(2026, 2, 23)),
        *holiday("清明节", date(2026, 4, 4), date(2026, 4, 6)),
        *holiday("劳动节", date(2026, 5, 1), date(2026, 5, 5)),
        *holiday("端午节", date(2026, 6, 19), date(2026, 6, 21)),
        *holiday("中秋节", date(2026, 9, 25), date(2026, 9, 27)),
        *holiday("国庆节", date(2026, 10, 1), date(2026, 10, 7)),
    ),
    make_up_workdays=(
        DayName(day=date(2026, 1, 4), name="元旦"),  # Sunday
        DayName(day=date(2026, 2, 14), name="春节"),  # Saturday
        DayName(day=date(2026, 2, 28), name="春节"),  # Saturday
        DayName(day=date(2026, 5, 9), name="劳动节"),  # Saturday
        DayName(day=date(2026, 9, 20), name="国庆节"),  # Sunday
        DayName(day=date(2026, 10, 10), name="国庆节"),  # Saturday
    ),
)

CALENDAR = Calendar(edition=3, years=(YEAR_2025, YEAR_2026))
