"""上报 · 下交 · 退回 · 签收 · 接管 · 收回: one holder at any time, in numbered terms (federation.md, Custody).

Owns who may hand a case to whom and what becomes of its clocks. A hand-over is the last event of its term.
"""

from __future__ import annotations

from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.audience import readers_of
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards, matters
from bancheng.kernel.rules.holding import clock_again, tier_key
from bancheng.kernel.rules.results import conclusion
from bancheng.kernel.units import heir_of, open_above
from bancheng.kernel.watch import taker, unit_above, watched_until
from bancheng.schema import events as e
from bancheng.schema.clocks import (
    BODY_PREFIX,
    CONCLUSION,
    HOLDER,
    LATE_DECISION,
    PAPER_PREFIX,
    PURSUIT,
    STEP_PREFIX,
    TRANSIT,
    Base,
    Clock,
    Grant,
)
from bancheng.schema.documents import UnitEntry

MAXIMUM_LEVELS = 8
"""Units above each other: three tiers, and departments and stations below the windows."""


def escalate(command: c.Escalate, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """To the next tier that the tenant has; above the top it is reported outside, and followed here."""
    guards.require_open(case)
    matters.require_cannot(command, case, context)
    above = _unit_above(case, context)
    if above is None:
        return _report_outside(command, case, context)
    event = e.Escalated(
        at=context.now,
        actor=context.actor,
        grant=_grant(above, case),
        cause=_cause(context),
        reason=command.reason,
        climb_id=climb_id(case, above.tier, case.term),
        clocks=_on_its_way(case, context),
        cannot_do=command.cannot_do,
    )
    return (event,)


def leave_closed_unit(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The case goes on with the unit that follows the closed one: its successor, or the unit above (PA-01); never with
    the one complained of, while there is another.
    """
    heir = heir_of(context.jurisdiction.directory, case.holder_unit, context.calendar.local_day(context.now))
    if case.is_closed or heir is None:
        return ()
    if heir.code == case.complained_unit:
        heir = _unit_above(replace(case, holder_unit=heir.code), context) or heir
    event = e.Escalated(
        at=context.now,
        actor=context.actor,
        grant=_grant(heir, case),
        cause="unit_closed",
        reason="unit_closed",
        climb_id=climb_id(case, heir.tier, case.term),
        clocks=_on_its_way(case, context),
    )
    return (event,)


def _cause(context: Context) -> e.HandoverCause:
    """Only the clock climbs by a deadline, and it climbs for no other reason."""
    return "deadline" if guards.is_system(context) else "hand"


def _unit_above(case: Case, context: Context) -> UnitEntry | None:
    """The nearest unit above that is open, or who follows it; the one directly above if none is. None at the top. The
    unit complained of is passed over (XS-04).
    """
    jurisdiction, today = context.jurisdiction, context.calendar.local_day(context.now)
    above = open_above(jurisdiction, case.holder_unit, today)
    for _ in range(MAXIMUM_LEVELS):
        if above is None:
            break
        if above.code not in {case.complained_unit, case.holder_unit}:
            return above
        above = open_above(jurisdiction, above.code, today)
    return unit_above(case, jurisdiction)


def _report_outside(command: c.Escalate, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    event = e.ReportedOutside(
        at=context.now,
        actor=context.actor,
        authority=context.profile.outside_authority.zh,
        cause=_cause(context),
        reason=command.reason,
    )
    return (event,)


def hand_down(command: c.HandDown, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, *guards.BEFORE_RESULT)
    target = guards.require_unit(command.to_unit, context, "to_unit")
    above = open_above(context.jurisdiction, target.code, context.calendar.local_day(context.now))
    if above is None or above.code != case.holder_unit:
        raise Rejected("handover.not_below", field="to_unit", unit=target.code)
    guards.require_not_complained_of(target.code, case, "to_unit")
    readers = readers_of(case, context.site, context.jurisdiction)
    if readers and target.site not in readers:
        raise Rejected("handover.sealed_from", field="to_unit", unit=target.code)
    event = e.HandedDown(
        at=context.now,
        actor=context.actor,
        grant=_grant(target, case, command.limit_workdays),
        reason=command.reason,
        clocks=_on_its_way(case, context),
    )
    return (event,)


def return_case(command: c.Return, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """退回: a receiver that does not want a case receives it and returns it."""
    guards.require_stage(case, *guards.BEFORE_RESULT)
    matters.require_not_sunk_here(case, context)
    if case.came_from is None:
        raise Rejected("handover.came_from_nobody")
    target = guards.require_unit(case.came_from[0], context, "unit")
    guards.require_not_complained_of(target.code, case, "unit")
    event = e.Returned(
        at=context.now,
        actor=context.actor,
        grant=_grant(target, case),
        reason=command.reason,
        count=case.returns + 1,
        clocks=_on_its_way(case, context),
    )
    return (event,)


def _grant(unit: UnitEntry, case: Case, limit_workdays: int | None = None) -> Grant:
    return Grant(term=case.highest_term + 1, site=unit.site, unit=unit.code, limit_workdays=limit_workdays)


def climb_id(case: Case, tier: str, term: int) -> str:
    """The same climb fired twice has one name: (case, tier, term)."""
    return f"{case.case_id}/{tier}/{term}"


def _on_its_way(case: Case, context: Context) -> tuple[Clock, ...]:
    """The sender's clock stops, the transit clock starts; the sender stays answerable until it is received."""
    stopped = tuple(
        limits.stop(clock, context.calendar, context.now) for clock in guards.running(case, HOLDER, CONCLUSION)
    )
    transit = limits.start(
        TRANSIT,
        owner=case.holder_unit,
        at=context.now,
        limit_workdays=context.profile.transit_workdays,
        profile=context.profile,
        calendar=context.calendar,
    )
    return (*stopped, transit)


def receive(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The first event of the granted term. A second return calls the duty leader of the unit that got it back."""
    grant = case.in_transit
    if grant is None or grant.site != context.site:
        raise Rejected("handover.not_granted_here")
    received = e.Received(
        at=context.now,
        actor=context.actor,
        unit=grant.unit,
        site=context.site,
        base=_base(case),
        clocks=_arrival_clocks(case, grant.unit, grant.limit_workdays, context),
    )
    if not case.is_returning or case.returns < 2:
        return (received,)
    called = e.DutyLeaderCalled(at=context.now, actor=context.actor, reason="second_return", unit=grant.unit)
    return (received, called)


def _base(case: Case) -> Base:
    position = case.head.position
    return Base(term=position.term, author=position.author, seq=position.seq, hash=case.head.hash)


def _arrival_clocks(case: Case, unit: str, limit_workdays: int | None, context: Context) -> tuple[Clock, ...]:
    """What the last holder spent is kept; a unit that held the case before goes on with what it had left."""
    clocks: list[Clock] = [limits.stop(clock, context.calendar, context.now) for clock in guards.running(case, TRANSIT)]
    before = case.clock(HOLDER)
    if before is not None and before.owner != unit:
        before = limits.stop(before, context.calendar, context.now)
        clocks.append(limits.held(before))
    clocks += [replace(clock, owner=unit) for clock in guards.all_live(case) if _goes_along(clock)]
    if case.stage in ("result_proposed", "verified", "revisited"):
        return (*clocks, *_left_behind(before), conclusion(case, context, owner=unit))
    own = clock_again(case, unit, limit_workdays, context)
    return (*clocks, *(own or _left_behind(before)))


def _goes_along(clock: Clock) -> bool:
    """What whoever holds the case owes beside the loop. A department goes on owing its own orders."""
    sort = clock.name.partition(":")[0] + ":"
    return clock.name in {PURSUIT, LATE_DECISION} or sort in {STEP_PREFIX, PAPER_PREFIX, BODY_PREFIX}


def _left_behind(before: Clock | None) -> tuple[Clock, ...]:
    """The last holder's clock, stopped, where no clock of the new holder takes its place."""
    return () if before is None else (before,)


def take_over(command: c.TakeOver, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The parent's own watch: a holder silent past its due date and margin, or a hand-down nobody received.

    Repeated, or too early, it is no event: a climb that fires twice has one effect.
    """
    unit = taker(case, context.site, context.jurisdiction)
    until = watched_until(case, context.site, context.jurisdiction, context.profile)
    if case.is_closed or unit is None or until is None or context.now < until:
        return ()
    return (_taken_over(case, unit, context, cause=command.cause, reason=""),)


def take_back(command: c.TakeBack, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """收回 by hand, by the unit directly above the holder."""
    guards.require_open(case)
    unit = taker(case, context.site, context.jurisdiction)
    above = unit_above(case, context.jurisdiction)
    if case.in_transit is None and (above is None or above.code != unit):
        unit = None
    if unit is None or (not guards.is_system(context) and context.actor.unit != unit):
        raise Rejected("handover.not_above_holder", unit=case.holder_unit)
    return (_taken_over(case, unit, context, cause="take_back", reason=command.reason),)


def _taken_over(case: Case, unit: str, context: Context, *, cause: e.TakeoverCause, reason: str) -> e.TakenOver:
    granted = case.in_transit.term if case.in_transit is not None else case.term
    return e.TakenOver(
        at=context.now,
        actor=context.actor,
        unit=unit,
        site=context.site,
        base=_base(case),
        cause=cause,
        reason=reason,
        depth=context.jurisdiction.depth(context.site),
        climb_id=climb_id(case, tier_key(unit, context), granted),
        clocks=_arrival_clocks(case, unit, None, context),
    )
