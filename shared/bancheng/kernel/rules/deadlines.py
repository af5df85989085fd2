"""Passed deadlines: the ladder of the profile is climbed rung by rung, and at its end the case climbs by itself.

Harmless when repeated: each event carries the clock without the rungs that were acted on.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.rules import custody, guards, handling
from bancheng.schema import events as e
from bancheng.schema.clocks import PERSON, Clock, Rung


def pass_deadline(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Acts on every rung due at `context.now`, in order of time; a climb ends the term and so comes last."""
    if case.is_closed:
        return ()
    live = guards.all_live(case)
    due = [(rung.at, clock.name, rung) for clock in live for rung in clock.rungs if rung.at <= context.now]
    clocks = {clock.name: clock for clock in live}
    events: list[e.CaseEvent] = []
    climbs = False
    for _, name, rung in sorted(due, key=lambda item: (item[0], item[1])):
        clock = replace(clocks[name], rungs=clocks[name].rungs[1:])
        clock = clock if rung.action != "pass" else replace(clock, passed_at=context.now)
        clocks[name] = clock
        if rung.action == "climb":
            climbs = True
            continue
        events.extend(_act(rung, clock, case, context))
    if climbs:
        events.extend(_climb(case, context, clocks))
    return tuple(events)


def _act(rung: Rung, clock: Clock, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    match rung.action:
        case "warn":
            warned = e.DeadlineWarned(
                at=context.now, actor=context.actor, clock=clock.name, due_at=clock.due_at, clocks=(clock,)
            )
            return (warned,)
        case "remind":
            reminded = e.DeadlineReminded(
                at=context.now, actor=context.actor, clock=clock.name, due_at=clock.due_at, clocks=(clock,)
            )
            return (reminded,)
        case "call_duty_leader":
            called = e.DutyLeaderCalled(
                at=context.now,
                actor=context.actor,
                reason=f"deadline:{clock.name}",
                unit=case.holder_unit,
                clocks=(clock,),
            )
            return (called,)
        case "pass":
            passed = e.DeadlinePassed(
                at=context.now,
                actor=context.actor,
                clock=clock.name,
                owner=case.holder_unit if clock.name == PERSON else clock.owner,
                due_at=clock.due_at,
                clocks=(clock,),
            )
            return (passed,)
        case "resume":
            resumed = tuple(each for each in handling.resumed_clocks(case, context) if each.name == clock.name)
            return (e.Resumed(at=context.now, actor=context.actor, clocks=resumed),)
        case "climb":
            return ()
        case _:
            assert_never(rung.action)


def _climb(case: Case, context: Context, clocks: dict[str, Clock]) -> tuple[e.CaseEvent, ...]:
    """By the clock, with the clocks as the rungs before it left them."""
    as_left = replace(case, clocks={**case.clocks, **clocks})
    events = custody.escalate(c.Escalate(reason="deadline", cause="deadline"), as_left, context)
    if not events:
        return ()
    climbed = events[0]
    if isinstance(climbed, e.ReportedOutside):
        return (replace(climbed, clocks=tuple(clocks.values())),)
    return events
