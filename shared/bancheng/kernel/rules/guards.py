"""What must hold before anything is decided, and the small facts that every rule asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from bancheng.kernel.case import Case, Stage
from bancheng.kernel.context import Context
from bancheng.kernel.rejected import Rejected
from bancheng.schema.clocks import HOLDER, PERSON, Clock
from bancheng.schema.documents import UnitEntry
from bancheng.schema.events import SYSTEM_STAFF, Actor

Part = TypeVar("Part")

OPEN_STAGES: tuple[Stage, ...] = (
    "registered",
    "accepted",
    "decline_proposed",
    "in_hand",
    "result_proposed",
    "verified",
    "revisited",
)
BEFORE_RESULT: tuple[Stage, ...] = ("registered", "accepted", "in_hand")


def is_system(context: Context) -> bool:
    return context.actor.staff == SYSTEM_STAFF


def require_holder(case: Case, context: Context) -> None:
    """The site and the unit that hold the case, and not while it is on its way."""
    if case.in_transit is not None:
        raise Rejected("case.in_transit", unit=case.in_transit.unit)
    if case.holder_site != context.site or (not is_system(context) and context.actor.unit != case.holder_unit):
        raise Rejected("case.not_holder", unit=case.holder_unit)


def require_holder_or(unit: str, case: Case, context: Context) -> None:
    """The holder, or the named unit where it works at the holder's site, and not while the case is on its way."""
    if case.in_transit is None and case.holder_site == context.site and context.actor.unit == unit:
        return
    require_holder(case, context)


def require_holder_or_asked(case: Case, context: Context) -> None:
    """The holder, or a department at its site that the case concerns or that was ordered: it acts for itself."""
    asked = {case.department, *(order.to_unit for order in case.record.orders)} - {"", case.complained_unit}
    if context.actor.unit in asked:
        require_holder_or(context.actor.unit, case, context)
    else:
        require_holder(case, context)


def require_staff_of(site: str, actor: Actor, context: Context) -> None:
    """A site speaks for the staff of its own units only, and for no clock but its own."""
    unit = context.jurisdiction.unit(actor.unit)
    if actor.staff == SYSTEM_STAFF or unit is None or unit.site != site:
        raise Rejected("ask.not_their_unit", unit=actor.unit)


def require_own(unit: str, field: str, case: Case, context: Context) -> None:
    """Who does not hold the case enters nothing for another unit."""
    if not is_system(context) and context.actor.unit not in {case.holder_unit, unit}:
        raise Rejected("record.only_your_own", field=field)


def require_room(parts: Sequence[object], most: int) -> None:
    if len(parts) >= most:
        raise Rejected("record.too_many", maximum=most)


def require_not_complained_of(unit: str, case: Case, field: str) -> None:
    """A conduct case stays away from the unit complained of (XS-04)."""
    if unit == case.complained_unit:
        raise Rejected("conduct.unit_complained_of", field=field, unit=unit)


def require_part(parts: Sequence[Part], number: int, field: str = "number") -> Part:
    """The part with that number, counted from 1."""
    if not 1 <= number <= len(parts):
        raise Rejected("record.unknown_number", field=field, number=number)
    return parts[number - 1]


def require_known_paper(sha256: str, case: Case) -> None:
    """A paper that is named is one of this case."""
    if sha256 and not case.record.has_paper(sha256):
        raise Rejected("paper.unknown", field="paper")


def require_said(said_by: str, said_how: str) -> None:
    """Entered on another's behalf: who said it and how go together (product.md, Practice)."""
    if bool(said_by) != bool(said_how):
        raise Rejected("record.said_half", field="said_how" if said_by else "said_by")


def require_open(case: Case) -> None:
    if case.is_closed:
        raise Rejected("case.closed", stage=case.stage)


def require_stage(case: Case, *stages: Stage) -> None:
    require_open(case)
    if case.stage not in stages:
        raise Rejected("case.stage_forbids", stage=case.stage)


def require_no_open_late_decision(case: Case, context: Context) -> None:
    """Until it is decided, or its limit is over, the person is sent nothing: nobody gets two answers."""
    clock = case.clock("late_decision")
    if case.has_open_late_decision() and clock is not None and context.now < clock.due_at:
        raise Rejected("case.late_decision_open")


def require_somebody_else(staff: str, context: Context) -> None:
    """What one asks for, another approves."""
    if context.actor.staff == staff:
        raise Rejected("approval.own_request")


def require_unit(code: str, context: Context, field: str) -> UnitEntry:
    unit = context.jurisdiction.unit(code)
    if unit is None:
        raise Rejected("unit.unknown", field=field, unit=code)
    if unit.closed_on is not None and unit.closed_on <= context.calendar.local_day(context.now):
        raise Rejected("unit.closed", field=field, unit=code)
    return unit


def running(case: Case, *names: str) -> tuple[Clock, ...]:
    """Those of the named clocks that run or are paused."""
    found = (case.clock(name) for name in names or (PERSON, HOLDER))
    return tuple(clock for clock in found if clock is not None and clock.state != "stopped")


def all_live(case: Case) -> tuple[Clock, ...]:
    return tuple(clock for clock in case.clocks.values() if clock.state != "stopped")
