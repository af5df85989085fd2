"""The working-day calendar: which days count, when business is open, and why a day is what it is.

Owns the calendar of one tenant as data (days off, make-up working days 调休, business hours, zone, edition), the
merging of a tenant's own days into the official ones, and the questions about one day or one instant. Counting days
and due dates are in `dues`; finding mistakes in calendar data is in `calendar_checks`.

Must not know: what time it is, where the data comes from, cases, profiles. It reads no file of its own; the zone rules
are the ones that Python's `zoneinfo` holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cached_property

import msgspec

from bancheng.kernel.calendar_index import (
    CalendarError,
    CalendarErrorCode,
    CalendarIndex,
    build_index,
    is_weekday,
)


class DayKind(StrEnum):
    """What a day is for counting. START is used only in the explanation of a due date: the day the count begins on."""

    START = "start"
    WORKDAY = "workday"
    MAKE_UP_WORKDAY = "make_up_workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


class DayName(msgspec.Struct, frozen=True, kw_only=True):
    """A local date and what it belongs to, for example 2026-10-01 and 国庆节."""

    day: date
    name: str


class CalendarYear(msgspec.Struct, frozen=True, kw_only=True):
    """The days of one year that differ from Monday to Friday.

    `days_off` are weekdays that are off. A weekend day may stand there too: in a tenant's own data it undoes a make-up
    working day. `make_up_workdays` are weekend days that are worked (调休). `official`: the State Council's notice, or
    the tenant's own decision, is loaded, so that a date in this year is not provisional (暂定).
    """

    year: int
    days_off: tuple[DayName, ...]
    make_up_workdays: tuple[DayName, ...]
    official: bool


class DayReason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a day is worked or off. `name` is the holiday's, empty for plain days; never of kind START."""

    kind: DayKind
    name: str
    provisional: bool


class Calendar(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The calendar of one tenant, its overrides merged in. A missing year counts Monday to Friday, provisionally.

    `edition` is raised on every change and recorded with each due date. `zone` is an IANA name. Business is open from
    `open_at` up to, and not including, `close_at`, both local; the end of business is `close_at`.

    The look-up tables are derived once per object and kept in it (`dict=True` is for nothing else): a global cache
    keyed by edition would mix up tenants, and one keyed by value would hash thousands of fields on every call. So
    decode a calendar once per edition and keep the object; equality, hashing and encoding do not see the tables.
    """

    edition: int
    zone: str = "Asia/Shanghai"
    open_at: time = time(9)
    close_at: time = time(17)
    years: tuple[CalendarYear, ...]

    @cached_property
    def index(self) -> CalendarIndex:
        """The look-up tables, derived on first use. Raises CalendarError ZONE_UNKNOWN."""
        years = self.years
        return build_index(
            zone=self.zone,
            official_years=frozenset(year.year for year in years if year.official),
            off_names={named.day.toordinal(): named.name for year in years for named in year.days_off},
            worked_names={named.day.toordinal(): named.name for year in years for named in year.make_up_workdays},
        )

    def is_workday(self, day: date) -> bool:
        """Whether the day counts as a working day."""
        return self.index.is_workday(day.toordinal())

    def day_reason(self, day: date) -> DayReason:
        """What the day is and the name it has from the notice or the tenant."""
        index, ordinal = self.index, day.toordinal()
        provisional = day.year not in index.official_years
        off_name = index.off_names.get(ordinal, "")
        if is_weekday(ordinal):
            kind = DayKind.HOLIDAY if ordinal in index.off else DayKind.WORKDAY
            return DayReason(kind=kind, name=off_name, provisional=provisional)
        if ordinal in index.worked:
            return DayReason(
                kind=DayKind.MAKE_UP_WORKDAY, name=index.worked_names.get(ordinal, ""), provisional=provisional
            )
        # A weekend day that a holiday or a tenant names is off by that name: the reader sees why it was not worked.
        kind = DayKind.HOLIDAY if ordinal in index.off_names else DayKind.WEEKEND
        return DayReason(kind=kind, name=off_name, provisional=provisional)

    def is_provisional(self, first_day: date, last_day: date) -> bool:
        """Whether any day from the first to the last lies in a year without an official calendar (暂定)."""
        official = self.index.official_years
        return any(year not in official for year in range(first_day.year, last_day.year + 1))

    def local(self, instant: datetime) -> datetime:
        """The aware instant in the tenant's zone. Raises CalendarError NAIVE_INSTANT or INSTANT_OUT_OF_RANGE."""
        if instant.tzinfo is None:
            raise CalendarError(CalendarErrorCode.NAIVE_INSTANT)
        try:
            return instant.astimezone(self.index.zone)
        except OverflowError:
            raise CalendarError(CalendarErrorCode.INSTANT_OUT_OF_RANGE, instant=instant.isoformat()) from None

    def local_day(self, instant: datetime) -> date:
        """The local date of an aware instant."""
        return self.local(instant).date()

    def start_of_day(self, day: date) -> datetime:
        """Midnight at which that local day begins, as an aware UTC instant."""
        return self._utc(day, time())

    def start_of_business(self, day: date) -> datetime:
        """`open_at` of that local day as an aware UTC instant, whether or not it is a working day."""
        return self._utc(day, self.open_at)

    def end_of_business(self, day: date) -> datetime:
        """`close_at` of that local day as an aware UTC instant, whether or not it is a working day."""
        return self._utc(day, self.close_at)

    def is_business_time(self, instant: datetime) -> bool:
        """Whether business is open at that instant: a working day, not before `open_at` and before `close_at`."""
        local = self.local(instant)
        return self.open_at <= local.time() < self.close_at and self.is_workday(local.date())

    def next_business_instant(self, instant: datetime) -> datetime:
        """The instant itself (in UTC) while business is open, otherwise the next opening.

        Raises CalendarError NO_WORKDAY_IN_REACH when the calendar has no working day within MAXIMUM_SPAN_DAYS.
        """
        local = self.local(instant)
        day, clock = local.date(), local.time()
        if self.is_workday(day) and clock < self.close_at:
            return self.start_of_business(day) if clock < self.open_at else instant.astimezone(UTC)
        return self.start_of_business(date.fromordinal(self.index.nth_workday(day.toordinal(), 1)))

    def _utc(self, day: date, clock: time) -> datetime:
        try:
            return datetime.combine(day, clock, self.index.zone).astimezone(UTC)
        except OverflowError:
            raise CalendarError(CalendarErrorCode.INSTANT_OUT_OF_RANGE, instant=day.isoformat()) from None


def merge_overrides(base: Calendar, overrides: tuple[CalendarYear, ...], edition: int) -> Calendar:
    """The base calendar with a tenant's own days, day by day: each day that an override names replaces the base's.

    A day off on a weekend undoes a make-up working day; a make-up working day on a weekday undoes a day off. A year
    is official when the base or an override says so. Several overrides of one year apply in the order given.
    The data is taken as it is: `calendar_checks.check_overrides` finds its mistakes beforehand.
    """
    years = {year.year: year for year in base.years}
    for override in overrides:
        current = years.get(override.year)
        years[override.year] = _merge_year(current, override) if current else _merge_year(_plain(override), override)
    merged = tuple(years[year] for year in sorted(years))
    return msgspec.structs.replace(base, edition=edition, years=merged)


def _plain(year: CalendarYear) -> CalendarYear:
    return CalendarYear(year=year.year, days_off=(), make_up_workdays=(), official=year.official)


def _merge_year(base: CalendarYear, override: CalendarYear) -> CalendarYear:
    named = {entry.day for entry in (*override.days_off, *override.make_up_workdays)}
    return CalendarYear(
        year=base.year,
        days_off=_in_order(entry for entry in (*_without(base.days_off, named), *override.days_off)),
        make_up_workdays=_in_order(
            (
                *_without(base.make_up_workdays, named),
                # A weekday that is worked is a plain working day: it needs no entry once the day off is gone.
                *(entry for entry in override.make_up_workdays if not is_weekday(entry.day.toordinal())),
            )
        ),
        official=base.official or override.official,
    )


def _without(entries: tuple[DayName, ...], days: set[date]) -> Iterable[DayName]:
    return (entry for entry in entries if entry.day not in days)


def _in_order(entries: Iterable[DayName]) -> tuple[DayName, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.day))
