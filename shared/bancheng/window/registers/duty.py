"""值班表: the duty roster of one's own unit, its A and B posts and who is away (NX-07, PZ-02, PA-R7).

Owns the bodies, who may change a roster and what is refused. What follows for an entry of a case is the kernel's
(kernel/duty.py) and recorded when somebody acts: a change here alters nothing that was done before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Final, TypeVar, get_args

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from bancheng.kernel.command import Key, Name
from bancheng.kernel.duty import Absence, Duty, DutyEntry, Gap, OnDuty, Post, Roster
from bancheng.kernel.rejected import Rejected
from bancheng.store.accounts import Staff, staff_of_unit
from bancheng.store.database import Transaction
from bancheng.store.duty_rosters import load_roster, save_roster
from bancheng.window.field_problems import require_days
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request
from bancheng.window.identity import Identity
from bancheng.window.permissions import Role
from bancheng.window.registers.changing import Change, changed

PLANNERS: Final[tuple[Role, ...]] = ("administrator", "duty_leader", "coordinator", "leader")
MOST_PARTS: Final = 1_000
"""Of each sort in one roster. What is over for KEPT_DAYS makes room."""
KEPT_DAYS: Final = 400
MAY_HAVE: Final[dict[Duty, frozenset[str]]] = {
    "clerk": frozenset({"clerk", "duty_leader", "coordinator"}),
    "duty_leader": frozenset({"duty_leader", "coordinator", "leader"}),
}
"""Whom a duty can be given to, by their roles: a roster gives nobody rights."""
GAP_DAYS: Final = 14
"""How far ahead the gaps are listed."""

Part = TypeVar("Part")
DutyPhone = Annotated[str, Meta(max_length=32)]


class AddDutyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A colleague's duty: on `day`, or on every `weekday` (1 Monday … 7 Sunday) from today on, to `last_day` if given.

    `phone`: where they are reached while on duty, if that is to be seen by colleagues.
    """

    staff: Key
    duty: Duty
    day: date | None = None
    weekday: Annotated[int, Meta(ge=1, le=7)] | None = None
    last_day: date | None = None
    phone: DutyPhone = ""


class RemoveDutyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is the one that the roster gives the entry."""

    number: Annotated[int, Meta(ge=1)]


class CopyWeekBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`week`: any day of the week that gets the duties of the week before."""

    week: date


class PairBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """AB 岗. A post that was known gets the new pair."""

    post: Name
    a_staff: Key
    b_staff: Key


class UnpairBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    post: Name


class AbsenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both days included."""

    staff: Key
    first_day: date
    last_day: date


class RosterSaved(msgspec.Struct, frozen=True, kw_only=True):
    """`entries`: how many duties the roster has now."""

    unit: str
    entries: int


class DutyDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the week. `gaps`: duties that nobody has though it is a working day."""

    day: date
    is_workday: bool
    clerks: tuple[OnDuty, ...]
    duty_leaders: tuple[OnDuty, ...]
    gaps: list[Duty]


class DutyWeek(msgspec.Struct, frozen=True, kw_only=True):
    """The roster of the reader's unit, Monday to Sunday, and what it is made of. `gaps`: from today on."""

    unit: str
    days: list[DutyDay]
    gaps: tuple[Gap, ...]
    entries: tuple[DutyEntry, ...]
    posts: tuple[Post, ...]
    absences: tuple[Absence, ...]


async def add_duty(hosting: Hosting, identity: Identity, body: AddDutyBody, request: Request) -> Answer:
    """By an administrator or leader of the unit, for a colleague who has a role for it."""
    require_days(day=body.day, last_day=body.last_day)

    def entered(roster: Roster, staff: dict[str, Staff]) -> Roster:
        colleague = _colleague(staff, body.staff, "staff")
        if not MAY_HAVE[body.duty] & set(colleague.roles):
            raise Rejected("duty.not_their_role", field="staff", duty=body.duty)
        if (body.day is None) == (body.weekday is None):
            raise Rejected("duty.day_or_weekday", field="day")
        if body.day is not None and body.day < identity.today:
            raise Rejected("duty.in_the_past", field="day")
        if body.last_day is not None and (body.weekday is None or body.last_day < identity.today):
            raise Rejected("duty.last_day", field="last_day")
        if body.day is not None and roster.has(colleague.staff_id, body.duty, body.day):
            raise Rejected("duty.already_there", field="staff")
        entry = DutyEntry(
            number=0, staff=colleague.staff_id, name=colleague.name, duty=body.duty, day=body.day,
            weekday=body.weekday, first_day=identity.today if body.weekday is not None else None,
            last_day=body.last_day, phone=body.phone,
        )  # fmt: skip
        _require_room(roster.entries)
        return roster.numbered(entry)

    return await _changed(hosting, identity, Change(action="duty-added", request=request, detail=body.duty), entered)


async def remove_duty(hosting: Hosting, identity: Identity, body: RemoveDutyBody, request: Request) -> Answer:
    """Entries of cases keep who was on duty when they were written."""

    def without(roster: Roster, _: dict[str, Staff]) -> Roster:
        left = tuple(each for each in roster.entries if each.number != body.number)
        return replace(roster, entries=_fewer(left, roster.entries, "number"))

    change = Change(action="duty-removed", request=request, detail=str(body.number))
    return await _changed(hosting, identity, change, without)


async def copy_week(hosting: Hosting, identity: Identity, body: CopyWeekBody, request: Request) -> Answer:
    """The single days of the week before, once more; days off are left out."""
    require_days(week=body.week)
    monday = monday_of(body.week)

    def copied(roster: Roster, _: dict[str, Staff]) -> Roster:
        if monday + timedelta(days=6) < identity.today:
            raise Rejected("duty.in_the_past", field="week")
        after = roster.with_week_again(monday, identity.site.calendar)
        if after is roster:
            raise Rejected("duty.nothing_to_copy", field="week")
        _require_room(after.entries)
        return after

    change = Change(action="duty-week-copied", request=request, detail=monday.isoformat())
    return await _changed(hosting, identity, change, copied)


async def pair(hosting: Hosting, identity: Identity, body: PairBody, request: Request) -> Answer:
    """B has the roles that A has, or does not become B."""

    def paired(roster: Roster, staff: dict[str, Staff]) -> Roster:
        a, b = _colleague(staff, body.a_staff, "a_staff"), _colleague(staff, body.b_staff, "b_staff")
        if a.staff_id == b.staff_id:
            raise Rejected("duty.same_person", field="b_staff")
        if not set(a.roles) <= set(b.roles):
            raise Rejected("duty.b_lacks_a_role", field="b_staff", roles=",".join(sorted(set(a.roles) - set(b.roles))))
        post = Post(post=body.post, a_staff=a.staff_id, a_name=a.name, b_staff=b.staff_id, b_name=b.name)
        _require_room(roster.posts)
        return replace(roster, posts=(*(each for each in roster.posts if each.post != body.post), post))

    return await _changed(hosting, identity, Change(action="post-paired", request=request, detail=body.post), paired)


async def unpair(hosting: Hosting, identity: Identity, body: UnpairBody, request: Request) -> Answer:
    """The post has no A and B any more."""

    def without(roster: Roster, _: dict[str, Staff]) -> Roster:
        left = tuple(each for each in roster.posts if each.post != body.post)
        return replace(roster, posts=_fewer(left, roster.posts, "post"))

    return await _changed(hosting, identity, Change(action="post-unpaired", request=request, detail=body.post), without)


async def record_absence(hosting: Hosting, identity: Identity, body: AbsenceBody, request: Request) -> Answer:
    """Somebody is away: whoever is B to them holds their duties."""
    require_days(first_day=body.first_day, last_day=body.last_day)

    def entered(roster: Roster, staff: dict[str, Staff]) -> Roster:
        colleague = _colleague(staff, body.staff, "staff")
        if body.last_day < body.first_day:
            raise Rejected("duty.ends_before", field="last_day")
        if body.last_day < identity.today:
            raise Rejected("duty.in_the_past", field="last_day")
        _require_room(roster.absences)
        number = roster.last_number + 1
        absence = Absence(
            number=number, staff=colleague.staff_id, name=colleague.name, first_day=body.first_day,
            last_day=body.last_day,
        )  # fmt: skip
        return replace(roster, absences=(*roster.absences, absence), last_number=number)

    return await _changed(hosting, identity, Change(action="absence-recorded", request=request), entered)


async def remove_absence(hosting: Hosting, identity: Identity, body: RemoveDutyBody, request: Request) -> Answer:
    """Back, or never away."""

    def without(roster: Roster, _: dict[str, Staff]) -> Roster:
        left = tuple(each for each in roster.absences if each.number != body.number)
        return replace(roster, absences=_fewer(left, roster.absences, "number"))

    return await _changed(hosting, identity, Change(action="absence-removed", request=request), without)


async def staff_on_roster(hosting: Hosting, identity: Identity) -> list[Staff]:
    """The colleagues of one's own unit, oneself among them: those whom its roster can name."""
    async with hosting.database.transaction(identity.tenant, durable=False) as tx:
        return await staff_of_unit(tx, identity.unit)


def duty_week(identity: Identity, day: date | None = None) -> DutyWeek:
    """The week of `day` (today without one), of one's own unit. Raises InvalidInput for a day of another age."""
    require_days(first=day)
    roster, calendar = identity.roster, identity.site.calendar
    monday = monday_of(day or identity.today)
    days: list[DutyDay] = []
    for each in (monday + timedelta(days=count) for count in range(7)):
        there = {duty: roster.on_duty(each, duty) for duty in get_args(Duty)}
        is_workday = calendar.is_workday(each)
        gaps = [duty for duty in get_args(Duty) if is_workday and not there[duty]]
        shown = DutyDay(
            day=each, is_workday=is_workday, clerks=there["clerk"], duty_leaders=there["duty_leader"], gaps=gaps
        )
        days.append(shown)
    return DutyWeek(
        unit=identity.unit, days=days, gaps=roster.gaps(calendar, identity.today, GAP_DAYS),
        entries=roster.entries, posts=roster.posts, absences=roster.absences,
    )  # fmt: skip


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


async def _changed(
    hosting: Hosting, identity: Identity, change: Change, make: Callable[[Roster, dict[str, Staff]], Roster]
) -> Answer:
    change = replace(change, roles=PLANNERS, at_the_top=False)

    async def work(tx: Transaction) -> msgspec.Struct:
        staff = {each.staff_id: each for each in await staff_of_unit(tx, identity.unit)}
        roster = make(_without_old(await load_roster(tx, identity.unit, lock=True), identity.today), staff)
        await save_roster(tx, identity.unit, roster, now=identity.site.wall_now())
        return RosterSaved(unit=identity.unit, entries=len(roster.entries))

    try:
        return await changed(hosting, identity, change, work)
    finally:
        hosting.rosters.forget(identity.tenant, identity.unit)


def _without_old(roster: Roster, today: date) -> Roster:
    """What is long over is in the history of the cases; the roster forgets it."""
    oldest = today - timedelta(days=KEPT_DAYS)
    entries = tuple(each for each in roster.entries if (each.day or each.last_day or today) >= oldest)
    absences = tuple(each for each in roster.absences if each.last_day >= oldest)
    return replace(roster, entries=entries, absences=absences)


def _colleague(staff: dict[str, Staff], staff_id: str, field: str) -> Staff:
    found = staff.get(staff_id)
    if found is None:
        raise Rejected("duty.unknown_staff", field=field)
    return found


def _fewer(left: tuple[Part, ...], before: tuple[Part, ...], field: str) -> tuple[Part, ...]:
    if len(left) == len(before):
        raise Rejected("duty.not_on_roster", field=field)
    return left


def _require_room(parts: tuple[object, ...]) -> None:
    if len(parts) >= MOST_PARTS:
        raise Rejected("record.too_many", maximum=MOST_PARTS)
