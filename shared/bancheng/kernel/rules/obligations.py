"""Step obligations: what the profile says is owed after a milestone, until another, within so many working days.

Owns starting and ending them, as one entry after what was just done. A hand-over ends its term and comes last, so what
it would start begins with the receiver's first entry. A milestone that comes again starts nothing anew while its
obligation is owed, and what was met is not owed again in the same round. What was taken back ends what followed from
it; a case that is classified anew owes what its new type owes, counted from the milestone as ever (PA-05).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from bancheng.kernel import limits
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.milestones import milestone_of
from bancheng.kernel.profile_parts import Obligation
from bancheng.schema import events as e
from bancheng.schema.clocks import STEP_PREFIX, Clock

ONCE = frozenset({"registered", "signed", "file_submitted", "accepted"})
"""Milestones that no case reaches twice: what ends with one of them is not owed once it was reached."""
TURNS = frozenset({"classified", "sent_back", "redone"})
"""Milestones at which what was owed may end and other things come to be owed."""
SENT_BACK = frozenset({"result_proposed"})
NEXT_ROUND = frozenset({"result_proposed", "verified", "progress_told", "answered", "revisited"})


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """What has just been done: the milestones it reached and took back, and the type before and after it."""

    reached: frozenset[str]
    taken_back: frozenset[str]
    is_next_round: bool
    type_before: str
    type_after: str
    holder: str
    clocks: dict[str, Clock]


def following(events: tuple[e.CaseEvent, ...], case: Case | None, context: Context) -> tuple[e.ObligationsMoved, ...]:
    """The entry that follows these events: what they end and start. None where nothing moves.

    `case` is the state before the events; None before a registration.
    """
    obligations = context.profile.obligations
    if not obligations or not events or isinstance(events[-1], e.HANDOVERS):
        return ()
    if isinstance(events[0], e.Registered) and events[0].ended_at is not None:
        return ()
    reached = {milestone for milestone in map(milestone_of, events) if milestone is not None}
    if reached.isdisjoint(TURNS) and not any(_touches(each, reached) for each in obligations):
        return ()
    step = _step(events, reached, case, context)
    owed = case.record.owed if case is not None else ()
    met = {each.key for each in obligations if each.key in owed and step.reached & set(each.until)}
    ended = {each.key for each in obligations if each.key in owed and _is_over(each, step)} - met
    since = {each.key: at for each in obligations if (at := _owed_since(each, step, case, context)) is not None}
    if not met and not ended and not since:
        return ()
    stopped = [clock for key in (*met, *ended) if (clock := step.clocks.get(STEP_PREFIX + key)) is not None]
    started = [_clock(each, each.workdays, since[each.key], step, context)
               for each in obligations if each.key in since and each.workdays is not None]  # fmt: skip
    entry = e.ObligationsMoved(
        at=context.now,
        actor=context.actor,
        started=tuple(since),
        met=tuple(each.key for each in obligations if each.key in met),
        # In another round what was met may come to be owed again.
        ended=tuple(each.key for each in obligations if each.key in ended or (step.is_next_round and each.key in met)),
        clocks=(*(limits.stop(clock, context.calendar, context.now) for clock in stopped), *started),
    )
    return (entry,)


def _touches(obligation: Obligation, reached: set[str]) -> bool:
    """Whether events that reached these could move it. Most events move nothing, and a registration has to be quick."""
    return obligation.after in reached or not reached.isdisjoint(obligation.until)


def _step(events: tuple[e.CaseEvent, ...], reached: set[str], case: Case | None, context: Context) -> _Step:
    before = after = case.case_type if case is not None else ""
    holder = case.holder_unit if case is not None else context.actor.unit
    clocks = dict(case.clocks) if case is not None else {}
    taken_back: frozenset[str] = frozenset()
    for event in events:
        clocks |= {clock.name: clock for clock in getattr(event, "clocks", ())}
        match event:
            case e.Registered():
                before, after, holder = event.case_type, event.case_type, event.unit
            case e.Classified():
                after = event.case_type
            case e.Received() | e.TakenOver():
                holder = event.unit
            case e.ResultSentBack():
                taken_back |= SENT_BACK
            case e.Redone():
                taken_back |= NEXT_ROUND
            case _:
                pass
    return _Step(
        reached=frozenset(reached),
        taken_back=taken_back,
        is_next_round=bool(taken_back & {"revisited"}),
        type_before=before,
        type_after=after,
        holder=holder,
        clocks=clocks,
    )


def _applies(obligation: Obligation, case_type: str) -> bool:
    return not obligation.case_types or case_type in obligation.case_types


def _is_over(obligation: Obligation, step: _Step) -> bool:
    """What it counts from was taken back, or the case was classified as one that does not owe it."""
    return obligation.after in step.taken_back or not _applies(obligation, step.type_after)


def _owed_since(obligation: Obligation, step: _Step, case: Case | None, context: Context) -> datetime | None:
    """From when on it is owed, if these events make it so; None where they do not."""
    reached_before = case.record.milestones if case is not None else {}
    ends_here = step.reached & set(obligation.until) or any(each in ONCE & reached_before.keys()
                                                            for each in obligation.until)  # fmt: skip
    is_known = case is not None and obligation.key in case.record.owed
    was_met = case is not None and obligation.key in case.record.met and not step.is_next_round
    if is_known or was_met or ends_here or _is_over(obligation, step):
        return None
    if obligation.after in step.reached:
        return context.now
    at = reached_before.get(obligation.after)
    if at is None or _applies(obligation, step.type_before):
        return None
    return None if any(reached_before[each] >= at for each in obligation.until if each in reached_before) else at


def _clock(obligation: Obligation, workdays: int, since: datetime, step: _Step, context: Context) -> Clock:
    return limits.start(
        STEP_PREFIX + obligation.key,
        owner=step.holder,
        at=since,
        limit_workdays=workdays,
        profile=context.profile,
        calendar=context.calendar,
        nature=obligation.nature,
    )
