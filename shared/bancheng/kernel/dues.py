"""Due dates: the end of business of the n-th working day after the day it starts, and the count behind it.

Owns the counting of working days and the answer to "why this date?", day by day. Every limit of a case (the
person's clock, the holder's, the transit clock, step obligations) is counted here and nowhere else.

Must not know: what a limit is for, who owns it, pauses and extensions (they ask for another due date).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import msgspec

from bancheng.kernel.calendar import Calendar, DayKind
from bancheng.kernel.calendar_index import MAXIMUM_SPAN_DAYS, CalendarError, CalendarErrorCode

MAXIMUM_LIMIT_WORKDAYS: Final = 400
"""The longest limit or shift: no source gives more than 10; more than a year and a half is a typing mistake."""


class DueDate(msgspec.Struct, frozen=True, kw_only=True):
    """When something is due, and from what it was counted.

    `due_at` is UTC: the end of business of `due_day`. `start_day` is the local day it starts on, counted or not.
    `provisional` (暂定): a counted day lies in a year without an official calendar. `calendar_edition` is the edition
    it was counted with.
    """

    due_at: datetime
    due_day: date
    start_day: date
    limit_workdays: int
    provisional: bool
    calendar_edition: int


class DayCount(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the answer to "why this date?". `counted` is the running number, None for a day that is not counted.

    `kind` is START in the first row, whatever that day is; `name` is the holiday's, if any.
    """

    day: date
    kind: DayKind
    name: str
    counted: int | None
    provisional: bool


def due_after(calendar: Calendar, started_at: datetime, limit_workdays: int) -> DueDate:
    """The end of business of the n-th working day after the local day on which it starts (product.md, Clocks).

    What starts after hours or on a day off counts from that local day all the same. Limit 0 means "at once" (当场): the
    end of business of the start day, or of the next working day when the start day is off or business has closed
    (at `close_at` it has). So `due_at` is always later than `started_at`.
    Raises CalendarError LIMIT_OUT_OF_RANGE outside 0..MAXIMUM_LIMIT_WORKDAYS, NAIVE_INSTANT, NO_WORKDAY_IN_REACH.
    """
    if not 0 <= limit_workdays <= MAXIMUM_LIMIT_WORKDAYS:
        raise _out_of_range(limit_workdays)
    local = calendar.local(started_at)
    start_day = local.date()
    start = start_day.toordinal()
    index = calendar.index
    first = start + 1
    if limit_workdays:
        due = index.nth_workday(start, limit_workdays)
    elif index.is_workday(start) and local.time() < calendar.close_at:
        first = due = start
    else:
        due = index.nth_workday(start, 1)
    due_day = date.fromordinal(due)
    return DueDate(
        due_at=calendar.end_of_business(due_day),
        due_day=due_day,
        start_day=start_day,
        limit_workdays=limit_workdays,
        provisional=calendar.is_provisional(date.fromordinal(first), due_day),
        calendar_edition=calendar.edition,
    )


def explain(calendar: Calendar, due: DueDate) -> tuple[DayCount, ...]:
    """Why this date, day by day: from the start day to the due day, each with what it is and its running number.

    The last row is the due day and its number is the limit, if the calendar is the edition that the date was counted
    with. Under another edition the rows show that edition's count; a last number that differs from the limit is
    the sign that the date was fixed before the calendar changed.
    Raises CalendarError SPAN_TOO_LONG beyond MAXIMUM_SPAN_DAYS or when the due day lies before the start day.
    """
    start, end = due.start_day.toordinal(), due.due_day.toordinal()
    if not 0 <= end - start <= MAXIMUM_SPAN_DAYS:
        raise CalendarError(CalendarErrorCode.SPAN_TOO_LONG, days=end - start)
    # "At once" is number 0: the due day is reached, no day has been granted.
    number = 0 if due.limit_workdays else -1
    rows: list[DayCount] = []
    for ordinal in range(start, end + 1):
        day = date.fromordinal(ordinal)
        reason = calendar.day_reason(day)
        counts = calendar.index.is_workday(ordinal) and (ordinal > start or start == end)
        number += counts
        rows.append(
            DayCount(
                day=day,
                kind=DayKind.START if ordinal == start else reason.kind,
                name=reason.name,
                counted=number if counts else None,
                provisional=reason.provisional,
            )
        )
    return tuple(rows)


def workdays_between(calendar: Calendar, start_day: date, end_day: date) -> int:
    """Working days after `start_day` up to and including `end_day`; negative when `end_day` comes first.

    Costs the same over any distance.
    """
    index = calendar.index
    return index.workdays_until(end_day.toordinal()) - index.workdays_until(start_day.toordinal())


def shift_workdays(calendar: Calendar, day: date, workdays: int) -> date:
    """The n-th working day after the day, or before it when n is negative; the day itself, worked or not, when 0.

    From a working day, shifting back undoes shifting. Raises CalendarError LIMIT_OUT_OF_RANGE beyond
    MAXIMUM_LIMIT_WORKDAYS either way, NO_WORKDAY_IN_REACH.
    """
    if abs(workdays) > MAXIMUM_LIMIT_WORKDAYS:
        raise _out_of_range(workdays)
    return date.fromordinal(calendar.index.nth_workday(day.toordinal(), workdays))


def _out_of_range(workdays: int) -> CalendarError:
    return CalendarError(CalendarErrorCode.LIMIT_OUT_OF_RANGE, workdays=workdays, maximum=MAXIMUM_LIMIT_WORKDAYS)
