"""The next edition of a calendar: the present one with a notice, and which days that changes.

Owns what of the present edition stays. Must not know how a notice was read, who publishes it, or cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from bancheng.kernel.calendar import Calendar, CalendarYear, DayKind, DayReason, merge_overrides
from bancheng.kernel.rejected import Rejected

MAXIMUM_CHANGED_DAYS = 1_000
"""More days than two years have off: what is shown is bounded, whatever was typed."""


class DayChange(msgspec.Struct, frozen=True, kw_only=True):
    """A day that is something else by the next edition: worked or off, named otherwise, or no longer provisional."""

    day: date
    was: DayReason
    becomes: DayReason

    @property
    def moves_dates(self) -> bool:
        """Whether it counts where it did not, or no longer does."""
        return _is_worked(self.was) != _is_worked(self.becomes)


def next_calendar(
    present: Calendar, known: Iterable[CalendarYear], days: tuple[CalendarYear, ...], edition: int
) -> Calendar:
    """The present calendar with the years that are `known` of the notices, and then the tenant's own `days`.

    A year that was only guessed gives way to its notice as a whole; a year that is official is changed day by day, so
    that what the tenant published before stays. The hours and the zone stay.
    """
    years = {year.year: year for year in present.years}
    for year in known:
        standing = years.get(year.year)
        if standing is None or (year.official and not standing.official):
            years[year.year] = year
    for year in days:
        standing = years.get(year.year)
        if standing is not None and year.official and not standing.official:
            # Its days were a guess. The notice names all of them.
            del years[year.year]
    base = msgspec.structs.replace(present, years=tuple(years[each] for each in sorted(years)))
    return merge_overrides(base, days, edition)


def standing_days(present: Calendar, known: Iterable[CalendarYear]) -> Calendar:
    """What a tenant's own days are checked against: the years that are official. A guess has nothing to undo."""
    refreshed = next_calendar(present, known, (), present.edition)
    return msgspec.structs.replace(refreshed, years=tuple(year for year in refreshed.years if year.official))


def changed_days(present: Calendar, following: Calendar) -> tuple[DayChange, ...]:
    """In order, at most MAXIMUM_CHANGED_DAYS. A weekday that only turns from guessed to official is not listed."""
    named = {
        entry.day
        for calendar in (present, following)
        for year in calendar.years
        for entry in (*year.days_off, *year.make_up_workdays)
    }
    changes: list[DayChange] = []
    for day in sorted(named):
        was, becomes = present.day_reason(day), following.day_reason(day)
        if (was.kind, was.name) != (becomes.kind, becomes.name):
            changes.append(DayChange(day=day, was=was, becomes=becomes))
    return tuple(changes[:MAXIMUM_CHANGED_DAYS])


def years_made_official(present: Calendar, following: Calendar) -> tuple[int, ...]:
    """Years whose dates are provisional now and no longer will be."""
    before = present.index.official_years
    return tuple(sorted(following.index.official_years - before))


def require_change(present: Calendar, following: Calendar) -> None:
    """Raises Rejected `publish.nothing_new` when every day is what it was."""
    if present.years == following.years:
        raise Rejected("publish.nothing_new", field="file")


def _is_worked(reason: DayReason) -> bool:
    return reason.kind in {DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY}
