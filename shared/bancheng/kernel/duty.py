"""值班表: who of a unit is at the window on a day, which duty leader can be called, and who stands in for whom.

Owns the roster of one unit and the questions asked of it: on duty, standing in, gaps, the week before again. A duty day
is a day of domain time. It forbids nothing: a case is taken in whoever is there. Where it is kept is the store's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, get_args

import msgspec
from msgspec.structs import replace

from bancheng.kernel.calendar import Calendar

Duty = Literal["clerk", "duty_leader"]
"""窗口值班 (NX-07) · 值班长 (PZ-02)."""
WEEK = timedelta(days=7)


class DutyEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody's duty: on `day`, or on every `weekday` (1 Monday … 7) from `first_day` to `last_day` or without end.

    `number` names it in its roster for good. `phone` is where they are reached while on duty, if they said so.
    """

    number: int
    staff: str
    name: str
    duty: Duty
    day: date | None = None
    weekday: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    phone: str = ""

    def covers(self, day: date) -> bool:
        if self.day is not None:
            return self.day == day
        begun = self.first_day is None or self.first_day <= day
        return begun and (self.last_day is None or day <= self.last_day) and day.isoweekday() == self.weekday


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """AB 岗: B holds the duties of A while A is away (PA-R7)."""

    post: str
    a_staff: str
    a_name: str
    b_staff: str
    b_name: str


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """Both days included."""

    number: int
    staff: str
    name: str
    first_day: date
    last_day: date


class OnDuty(msgspec.Struct, frozen=True, kw_only=True):
    """`stands_in_for`: the name of the one whose duty it is, who is away."""

    staff: str
    name: str
    stands_in_for: str = ""
    phone: str = ""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A working day on which nobody has the duty."""

    day: date
    duty: Duty


class Roster(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The duty roster of one unit. `last_number` is the highest that was ever given: none is given twice."""

    entries: tuple[DutyEntry, ...] = ()
    posts: tuple[Post, ...] = ()
    absences: tuple[Absence, ...] = ()
    last_number: int = 0

    def on_duty(self, day: date, duty: Duty) -> tuple[OnDuty, ...]:
        """In the order of the roster, each once. For who is away: who stands in; nobody where B is away too."""
        found: dict[str, OnDuty] = {}
        for entry in self.entries:
            if entry.duty == duty and entry.covers(day):
                for each in self._there(entry, day):
                    found.setdefault(each.staff, each)
        return tuple(found.values())

    def _there(self, entry: DutyEntry, day: date) -> Iterator[OnDuty]:
        if not self.is_away(entry.staff, day):
            yield OnDuty(staff=entry.staff, name=entry.name, phone=entry.phone)
            return
        for post in self.posts:
            if post.a_staff == entry.staff and not self.is_away(post.b_staff, day):
                yield OnDuty(staff=post.b_staff, name=post.b_name, stands_in_for=entry.name)

    def is_away(self, staff: str, day: date) -> bool:
        return any(each.staff == staff and each.first_day <= day <= each.last_day for each in self.absences)

    def stands_in_for(self, staff: str, day: date) -> tuple[str, ...]:
        """The names of those whose duties `staff` holds that day, since they are away (PA-R7)."""
        away = (post.a_name for post in self.posts if post.b_staff == staff and self.is_away(post.a_staff, day))
        return tuple(dict.fromkeys(away))

    def gaps(self, calendar: Calendar, first: date, days: int) -> tuple[Gap, ...]:
        """Of `days` days from `first` on, the working days that somebody must still be found for."""
        return tuple(
            Gap(day=day, duty=duty)
            for day in (first + timedelta(days=count) for count in range(days))
            if calendar.is_workday(day)
            for duty in get_args(Duty)
            if not self.on_duty(day, duty)
        )

    def numbered(self, entry: DutyEntry) -> Roster:
        """With `entry` under the next number."""
        number = self.last_number + 1
        return replace(self, entries=(*self.entries, replace(entry, number=number)), last_number=number)

    def with_week_again(self, monday: date, calendar: Calendar) -> Roster:
        """The single days of the week before, once more in the week that begins on `monday`, where that day is worked.

        What recurs by weekday recurs anyway; what stands there already is not entered twice.
        """
        roster = self
        for entry in self.entries:
            if entry.day is None or not monday - WEEK <= entry.day < monday:
                continue
            day = entry.day + WEEK
            if calendar.is_workday(day) and not roster.has(entry.staff, entry.duty, day):
                roster = roster.numbered(replace(entry, day=day))
        return roster

    def has(self, staff: str, duty: Duty, day: date) -> bool:
        return any(each.staff == staff and each.duty == duty and each.covers(day) for each in self.entries)


def named(people: tuple[OnDuty, ...]) -> str:
    """As it stands in an entry: names, and for whom they stand in."""
    return "、".join(f"{each.name}（代{each.stands_in_for}）" if each.stands_in_for else each.name for each in people)
