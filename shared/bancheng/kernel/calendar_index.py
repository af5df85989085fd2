"""The look-up tables of a calendar, and the errors of everything that counts days.

Owns how days are stepped and counted quickly. Must not know tenants, names of editions, business hours, limits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bancheng.kernel.rejected import Rejected

MAXIMUM_SPAN_DAYS: Final = 1_500
"""How far a count of working days may reach, in days: 400 working days are about 590, and a calendar that has so few
working days that this is not enough is a mistake, not a calendar."""

_FIRST_ORDINAL: Final = date.min.toordinal()
_LAST_ORDINAL: Final = date.max.toordinal()
_DAYS_OF_A_WEEK: Final = 7
_WORKDAYS_OF_A_WEEK: Final = 5


class CalendarErrorCode(StrEnum):
    """Stable codes of `CalendarError`."""

    NAIVE_INSTANT = "calendar_naive_instant"
    INSTANT_OUT_OF_RANGE = "calendar_instant_out_of_range"
    LIMIT_OUT_OF_RANGE = "calendar_limit_out_of_range"
    NO_WORKDAY_IN_REACH = "calendar_no_workday_in_reach"
    SPAN_TOO_LONG = "calendar_span_too_long"
    YEARS_OUT_OF_RANGE = "calendar_years_out_of_range"
    ZONE_UNKNOWN = "calendar_zone_unknown"


class CalendarError(Rejected, ValueError):
    """A question that the calendar cannot answer. `code` is one of CalendarErrorCode; refused like any bad command."""


def is_weekday(ordinal: int) -> bool:
    """Whether the day is a Monday to Friday. Ordinal 1, the first day of year 1, is a Monday."""
    return (ordinal - 1) % _DAYS_OF_A_WEEK < _WORKDAYS_OF_A_WEEK


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarIndex:
    """Look-up tables of a calendar. Days are proleptic ordinals (`date.toordinal`): cheap to step, compare and hash.

    `off` holds weekdays only and `worked` weekend days only, so that each day is in at most one of them. The `sorted_`
    tuples are the same days in order, for counting by bisection.
    """

    zone: ZoneInfo
    official_years: frozenset[int]
    off: frozenset[int]
    worked: frozenset[int]
    sorted_off: tuple[int, ...]
    sorted_worked: tuple[int, ...]
    off_names: Mapping[int, str]
    worked_names: Mapping[int, str]

    def is_workday(self, ordinal: int) -> bool:
        """Whether the day counts."""
        if is_weekday(ordinal):
            return ordinal not in self.off
        return ordinal in self.worked

    def nth_workday(self, ordinal: int, workdays: int) -> int:
        """The n-th working day after the given day, or before it when n is negative; the day itself when n is 0.

        Walks day by day: limits are nearly always below ten, where this beats a search over counts.
        Raises CalendarError NO_WORKDAY_IN_REACH beyond MAXIMUM_SPAN_DAYS or the ends of the date type.
        """
        step = 1 if workdays > 0 else -1
        missing = abs(workdays)
        last = min(max(ordinal + step * MAXIMUM_SPAN_DAYS, _FIRST_ORDINAL), _LAST_ORDINAL)
        while missing:
            if ordinal == last:
                raise CalendarError(CalendarErrorCode.NO_WORKDAY_IN_REACH, workdays=workdays)
            ordinal += step
            missing -= self.is_workday(ordinal)
        return ordinal

    def workdays_until(self, ordinal: int) -> int:
        """Working days since the beginning of the date type, the given day included: differences are what matters."""
        weeks, rest = divmod(ordinal, _DAYS_OF_A_WEEK)
        plain = weeks * _WORKDAYS_OF_A_WEEK + min(rest, _WORKDAYS_OF_A_WEEK)
        return plain + bisect_right(self.sorted_worked, ordinal) - bisect_right(self.sorted_off, ordinal)


def build_index(
    *, zone: str, official_years: frozenset[int], off_names: Mapping[int, str], worked_names: Mapping[int, str]
) -> CalendarIndex:
    """The tables for a zone (IANA name) and the named days. Raises CalendarError ZONE_UNKNOWN."""
    try:
        zone_info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarError(CalendarErrorCode.ZONE_UNKNOWN, field="zone", zone=zone) from None
    off = frozenset(day for day in off_names if is_weekday(day))
    worked = frozenset(day for day in worked_names if not is_weekday(day))
    return CalendarIndex(
        zone=zone_info,
        official_years=official_years,
        off=off,
        worked=worked,
        sorted_off=tuple(sorted(off)),
        sorted_worked=tuple(sorted(worked)),
        off_names=off_names,
        worked_names=worked_names,
    )
