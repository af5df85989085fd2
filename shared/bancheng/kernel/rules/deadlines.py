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

MAXIMUM_RUNGS = 256
"""More than any ladder has: what is due beyond it is acted on the next time."""

Acted = e.DeadlineWarned | e.DeadlineReminded | e.DutyLeaderCalled | e.DeadlinePassed | e.Resumed


def pass_deadline(command: c.PassDeadline, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Acts on every rung due at `context.now`, in order of time, until none is left; a climb ends the term and so
    comes last.
    """
    if case.is_closed:
        return ()
    as_left = case
    events: list[e.CaseEvent] = []
    climbing: list[Clock] = []
    for _ in range(MAXIMUM_RUNGS):
        clock = _next_due(as_left, context)
        if clock is None:
            break
        rung, clock = clock.rungs[0], replace(clock, rungs=clock.rungs[1:])
        if rung.action == "climb":
            climbing.append(clock)
            as_left = _with(as_left, (clock,))
            continue
        event = _act(rung, clock, as_left, context, called=command.called)
        events.append(event)
        as_left = _with(as_left, event.clocks)
    if climbing:
        events.extend(_climb(as_left, [as_left.clocks[clock.name] for clock in climbing], context))
    return tuple(events)


def _next_due(case: Case, context: Context) -> Clock | None:
    """The live clock whose next rung is the earliest of those due; the name settles a tie."""
    due = [clock for clock in guards.all_live(case) if clock.rungs and clock.rungs[0].at <= context.now]
    return min(due, key=lambda clock: (clock.rungs[0].at, clock.name), default=None)


def _with(case: Case, clocks: tuple[Clock, ...]) -> Case:
    return replace(case, clocks={**case.clocks, **{clock.name: clock for clock in clocks}})


def _act(rung: Rung, clock: Clock, case: Case, context: Context, *, called: str) -> Acted:
    match rung.action:
        case "warn":
            return e.DeadlineWarned(
                at=context.now, actor=context.actor, clock=clock.name, due_at=clock.due_at, clocks=(clock,)
            )
        case "remind":
            return e.DeadlineReminded(
                at=context.now, actor=context.actor, clock=clock.name, due_at=clock.due_at, clocks=(clock,)
            )
        case "call_duty_leader":
            return e.DutyLeaderCalled(
                at=context.now,
                actor=context.actor,
                reason=f"deadline:{clock.name}",
                unit=case.holder_unit,
                called=called,
                clocks=(clock,),
            )
        case "pass":
            return _passed(clock, case, context)
        case "resume":
            return handling.resumed(case, context)
        case "climb":
            raise AssertionError("a climb ends the term and is decided last")
        case _:
            assert_never(rung.action)


def _passed(clock: Clock, case: Case, context: Context) -> e.DeadlinePassed:
    return e.DeadlinePassed(
        at=context.now,
        actor=context.actor,
        clock=clock.name,
        owner=case.holder_unit if clock.name == PERSON else clock.owner,
        due_at=clock.due_at,
        clocks=(replace(clock, passed_at=context.now),),
    )


def _climb(case: Case, climbing: list[Clock], context: Context) -> tuple[e.CaseEvent, ...]:
    """By the clock, with the clocks as the rungs before it left them. What has been reported outside before is
    followed there: that another limit is over is recorded.
    """
    climbed = custody.escalate(c.Escalate(reason="deadline"), case, context)[0]
    if not isinstance(climbed, e.ReportedOutside):
        return (climbed,)
    if case.reported_outside_at is None:
        return (replace(climbed, clocks=tuple(climbing)),)
    return tuple(_passed(clock, case, context) for clock in climbing)
