"""Step obligations: what the profile says is owed after a milestone, until another, within so many working days.

Owns starting and ending their clocks, as one entry after what was just done. A hand-over ends its term and comes last,
so what it would start begins with the receiver's first entry. A milestone that comes again starts nothing anew while
its obligation runs; one that was met does not come back to life except in another round.
"""

from __future__ import annotations

from bancheng.kernel import limits
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.milestones import milestone_of
from bancheng.kernel.profile_parts import Obligation
from bancheng.kernel.rules import guards
from bancheng.schema import events as e
from bancheng.schema.clocks import STEP_PREFIX, Clock


def following(events: tuple[e.CaseEvent, ...], case: Case | None, context: Context) -> tuple[e.ObligationsMoved, ...]:
    """The entry that follows these events: clocks that they stop and start. None where nothing moves.

    `case` is the state before the events; None before a registration.
    """
    obligations = context.profile.obligations
    if not obligations or not events or isinstance(events[-1], e.HANDOVERS):
        return ()
    reached = {milestone for milestone in map(milestone_of, events) if milestone is not None}
    clocks: dict[str, Clock] = dict(case.clocks) if case is not None else {}
    case_type = _case_type(events, case)
    met, started = list[str](), list[str]()
    moved: dict[str, Clock] = {}
    for each in obligations:
        name = STEP_PREFIX + each.key
        clock = clocks.get(name)
        is_live = clock is not None and clock.state != "stopped"
        if clock is not None and is_live and (reached & set(each.until) or _is_over(each, case_type)):
            moved[name] = limits.stop(clock, context.calendar, context.now)
            met.append(each.key)
        elif not is_live and each.after in reached and _applies(each, case_type) and not reached & set(each.until):
            start = _started(each, name, events, case, context)
            if start is not None:
                moved[name] = start
                started.append(each.key)
    if not moved:
        return ()
    entry = e.ObligationsMoved(
        at=context.now, actor=context.actor, started=tuple(started), met=tuple(met), clocks=tuple(moved.values())
    )
    return (entry,)


def _case_type(events: tuple[e.CaseEvent, ...], case: Case | None) -> str:
    found = case.case_type if case is not None else ""
    for event in events:
        if isinstance(event, e.Registered | e.Classified):
            found = event.case_type
    return found


def _applies(obligation: Obligation, case_type: str) -> bool:
    return not obligation.case_types or case_type in obligation.case_types


def _is_over(obligation: Obligation, case_type: str) -> bool:
    """The case was classified as one that does not owe it."""
    return not _applies(obligation, case_type)


def _started(
    obligation: Obligation, name: str, events: tuple[e.CaseEvent, ...], case: Case | None, context: Context
) -> Clock | None:
    if obligation.workdays is None:
        return None
    holder = case.holder_unit if case is not None else context.actor.unit
    for event in events:
        if isinstance(event, e.Registered | e.Received | e.TakenOver):
            holder = event.unit
    return limits.start(
        name,
        owner=holder,
        at=context.now,
        limit_workdays=obligation.workdays,
        profile=context.profile,
        calendar=context.calendar,
        nature=obligation.nature,
    )


def owed(case: Case) -> tuple[str, ...]:
    """The keys of the obligations that are open, the earliest due first."""
    live = [clock for clock in guards.all_live(case) if clock.name.startswith(STEP_PREFIX)]
    return tuple(clock.name.removeprefix(STEP_PREFIX) for clock in sorted(live, key=lambda each: each.due_at))
