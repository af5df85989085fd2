"""What another edition of the calendar does to the limits of one case.

Owns which limits move: the same for the rule that moves them and for whoever only looks ahead.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from bancheng.kernel import limits
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.case import Case
from bancheng.kernel.profile import Profile
from bancheng.kernel.rules import guards
from bancheng.schema.clocks import Clock


class Recounted(msgspec.Struct, frozen=True, kw_only=True):
    """One limit before and after: its date moves, or is no longer (or now) provisional."""

    was: Clock
    becomes: Clock

    @property
    def moves(self) -> bool:
        return self.was.due_at != self.becomes.due_at


def recounted(case: Case, *, calendar: Calendar, profile: Profile, at: datetime) -> tuple[Recounted, ...]:
    """The limits that are something else by this calendar, counted at the aware instant `at`. Changes nothing."""
    if case.is_closed:
        return ()
    found: list[Recounted] = []
    for clock in guards.all_live(case):
        due = limits.recompute(clock, calendar, profile, at=at)
        if (due.due_at, due.provisional) != (clock.due_at, clock.provisional):
            found.append(Recounted(was=clock, becomes=due))
    return tuple(found)
