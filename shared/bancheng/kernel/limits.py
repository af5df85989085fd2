"""Clocks of a case: started, stopped, paused, resumed, extended, recomputed.

Owns how a limit becomes a due date with the rungs of its ladder (clocks.md). Pure: now and the calendar are given.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from bancheng.kernel.calendar import Calendar
from bancheng.kernel.dues import DueDate, due_after, shift_workdays, workdays_between
from bancheng.kernel.profile import Profile
from bancheng.schema.clocks import HELD_PREFIX, Clock, ClockNature, Rung


def start(
    name: str,
    *,
    owner: str,
    at: datetime,
    limit_workdays: int,
    profile: Profile,
    calendar: Calendar,
    nature: ClockNature = "resolve_by",
) -> Clock:
    """A clock that starts at `at`: due at the end of business of the `limit_workdays`-th working day after."""
    due = due_after(calendar, at, limit_workdays)
    return Clock(
        name=name,
        owner=owner,
        nature=nature,
        started_at=at,
        start_day=due.start_day,
        limit_workdays=limit_workdays,
        due_at=due.due_at,
        due_day=due.due_day,
        provisional=due.provisional,
        calendar_edition=due.calendar_edition,
        rungs=_rungs(name, profile, calendar, due.due_day, due.due_at, after=at),
    )


def _rungs(
    name: str, profile: Profile, calendar: Calendar, due_day: date, due_at: datetime, *, after: datetime
) -> tuple[Rung, ...]:
    """The ladder of a due date, in order of time; a rung before `after` is left out unless it is at the due date."""
    rungs: list[Rung] = []
    for step in profile.rungs(name):
        if step.workdays_before == 0:
            rungs.append(Rung(action=step.action, at=due_at))
            continue
        at = calendar.start_of_business(shift_workdays(calendar, due_day, -step.workdays_before))
        if at > after:
            rungs.append(Rung(action=step.action, at=at))
    return tuple(sorted(rungs, key=lambda rung: rung.at))


def used_workdays(clock: Clock, calendar: Calendar, at: datetime) -> int:
    """Working days spent until `at`, those of earlier holds and before pauses included."""
    if clock.state != "running":
        return clock.used_workdays
    today = calendar.local_day(at)
    return clock.used_workdays + max(0, workdays_between(calendar, clock.start_day, today))


def remaining_workdays(clock: Clock) -> int:
    """What is left since the clock was last started. 0: until the end of business of the day it goes on."""
    return max(0, clock.limit_workdays - clock.used_workdays)


def stop(clock: Clock, calendar: Calendar, at: datetime) -> Clock:
    """A stopped clock stays as it was stopped."""
    if clock.state == "stopped":
        return clock
    return replace(
        clock,
        state="stopped",
        stopped_at=at,
        used_workdays=used_workdays(clock, calendar, at),
        rungs=(),
        paused_at=None,
        paused_until=None,
    )


def held(clock: Clock) -> Clock:
    """A stopped holder's clock, kept under the name of the unit that held."""
    return replace(clock, name=HELD_PREFIX + clock.owner)


def come_back(clock: Clock, *, name: str, at: datetime, profile: Profile, calendar: Calendar) -> Clock:
    """The stopped clock of a unit that gets a case back goes on with what is left: resumed, never restarted.

    At least one working day is left, so that the unit can act: where all was spent, the limit grows by it.
    """
    limit = max(clock.limit_workdays, clock.used_workdays + 1)
    return resume(replace(clock, name=name, limit_workdays=limit), at=at, profile=profile, calendar=calendar)


def resume(clock: Clock, *, at: datetime, profile: Profile, calendar: Calendar) -> Clock:
    """A stopped or paused clock goes on at `at` with what is left of it."""
    due = due_after(calendar, at, remaining_workdays(clock))
    return replace(
        _due(clock, due),
        state="running",
        started_at=at,
        start_day=due.start_day,
        rungs=_rungs(clock.name, profile, calendar, due.due_day, due.due_at, after=at),
        stopped_at=None,
        paused_at=None,
        paused_until=None,
        passed_at=None,
    )


def pause(clock: Clock, *, at: datetime, until: date, calendar: Calendar) -> Clock:
    """Paused up to and including the day `until`. The due date shown is the one it will have if resumed then, so
    that the parent's watch needs no other rule.
    """
    paused = replace(
        clock,
        state="paused",
        used_workdays=used_workdays(clock, calendar, at),
        paused_at=at,
        paused_until=until,
        rungs=(Rung(action="resume", at=calendar.end_of_business(until)),),
    )
    return _due_when_resumed(paused, until, calendar)


def _due_when_resumed(clock: Clock, until: date, calendar: Calendar) -> Clock:
    return _due(clock, due_after(calendar, calendar.end_of_business(until), remaining_workdays(clock)))


def _due(clock: Clock, due: DueDate) -> Clock:
    return replace(
        clock,
        due_at=due.due_at,
        due_day=due.due_day,
        provisional=due.provisional,
        calendar_edition=due.calendar_edition,
    )


def relimit(clock: Clock, *, limit_workdays: int, at: datetime, profile: Profile, calendar: Calendar) -> Clock:
    """The same start, another limit: an extension or a reclassification (PA-05: the start stays).

    Where the new date has passed as well and the ladder has been climbed to its end, it is not climbed again.
    """
    changed = replace(clock, limit_workdays=limit_workdays)
    if clock.paused_until is not None:
        return _due_when_resumed(changed, clock.paused_until, calendar)
    due = due_after(calendar, clock.started_at, remaining_workdays(changed))
    still_past = due.due_at <= at
    rungs = _rungs(clock.name, profile, calendar, due.due_day, due.due_at, after=at)
    return replace(
        _due(changed, due),
        rungs=() if still_past and not clock.rungs else rungs,
        passed_at=clock.passed_at if still_past else None,
    )


def recompute(clock: Clock, calendar: Calendar, profile: Profile, *, at: datetime) -> Clock:
    """The same clock by a later edition of the calendar. Rungs that were acted on stay behind.

    What has stopped, or is over with its ladder climbed to the end, stays as it was; so does a date by a later
    edition than this one, which a site that is behind must not undo.
    """
    is_over = clock.due_at <= at and not clock.rungs
    if clock.state == "stopped" or is_over or clock.calendar_edition >= calendar.edition:
        return clock
    if clock.paused_until is not None:
        return _due_when_resumed(clock, clock.paused_until, calendar)
    due = due_after(calendar, clock.started_at, remaining_workdays(clock))
    rungs = _rungs(clock.name, profile, calendar, due.due_day, due.due_at, after=clock.started_at)
    return replace(_due(clock, due), rungs=rungs[max(0, len(rungs) - len(clock.rungs)) :])
