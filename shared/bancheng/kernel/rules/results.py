"""办结申请 · 核查 · 回访 · 销号 · 重办: nothing closes without an outcome and an answer (PA-06, PA-10)."""

from __future__ import annotations

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards
from bancheng.kernel.rules.holding import clock_again
from bancheng.schema import events as e
from bancheng.schema.clocks import CONCLUSION, HOLDER, PERSON, Clock


def give_answer(command: c.GiveAnswer, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The person is told: that stops the person's clock."""
    guards.require_stage(case, "accepted", "in_hand", "result_proposed", "verified")
    guards.require_no_open_late_decision(case, context)
    stopped = _stopped(case, context, PERSON)
    event = e.AnswerGiven(
        at=context.now, actor=context.actor, text=command.text, channel=command.channel, clocks=stopped
    )
    return (event,)


def propose_result(command: c.ProposeResult, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, "accepted", "in_hand")
    event = e.ResultProposed(
        at=context.now,
        actor=context.actor,
        outcome=command.outcome,
        answer=command.answer,
        clocks=(*_stopped(case, context, HOLDER), conclusion(case, context)),
    )
    return (event,)


def conclusion(case: Case, context: Context, *, owner: str = "") -> Clock:
    """Verifying, answering and revisiting have a limit of their own: no case waits unseen after its result."""
    return limits.start(
        CONCLUSION,
        owner=owner or case.holder_unit,
        at=context.now,
        limit_workdays=context.profile.conclusion_workdays,
        profile=context.profile,
        calendar=context.calendar,
    )


def verify_result(command: c.VerifyResult, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, "result_proposed")
    return (e.ResultVerified(at=context.now, actor=context.actor, note=command.note),)


def send_back_result(command: c.SendBackResult, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, "result_proposed")
    clocks = _back_in_hand(case, context)
    return (e.ResultSentBack(at=context.now, actor=context.actor, reason=command.reason, clocks=clocks),)


def revisit(command: c.Revisit, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """回访. Who is not satisfied gets another round; the person's clock is not reset."""
    guards.require_stage(case, "verified")
    guards.require_no_open_late_decision(case, context)
    if case.answered_at is None:
        raise Rejected("result.not_answered")
    revisited = e.Revisited(
        at=context.now,
        actor=context.actor,
        satisfied=command.satisfied,
        rating=command.rating,
        comment=command.comment,
        channel=command.channel,
    )
    if command.satisfied:
        return (revisited,)
    redone = e.Redone(
        at=context.now,
        actor=context.actor,
        round=case.round + 1,
        reason=command.comment,
        clocks=(*_back_in_hand(case, context), *_to_be_answered_again(case, context)),
    )
    return (revisited, redone)


def strike_off(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Only when done, answered and revisited (PA-10), and with nothing late left undecided."""
    guards.require_stage(case, "revisited")
    if case.has_open_late_decision():
        raise Rejected("case.late_decision_open")
    if case.outcome is None or case.answered_at is None:
        raise Rejected("result.not_answered")
    stopped = tuple(limits.stop(clock, context.calendar, context.now) for clock in guards.all_live(case))
    return (e.StruckOff(at=context.now, actor=context.actor, clocks=stopped),)


def withdraw(command: c.Withdraw, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, *guards.OPEN_STAGES)
    stopped = tuple(limits.stop(clock, context.calendar, context.now) for clock in guards.all_live(case))
    return (e.Withdrawn(at=context.now, actor=context.actor, reason=command.reason, clocks=stopped),)


def archive(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    if case.stage == "archived" or not case.is_closed:
        raise Rejected("case.stage_forbids", stage=case.stage)
    return (e.Archived(at=context.now, actor=context.actor),)


def _stopped(case: Case, context: Context, name: str) -> tuple[Clock, ...]:
    return tuple(limits.stop(clock, context.calendar, context.now) for clock in guards.running(case, name))


def _back_in_hand(case: Case, context: Context) -> tuple[Clock, ...]:
    """The conclusion stops and the holder's clock goes on with what is left of it: the holder's own, also where
    another unit proposed the result.
    """
    return (*_stopped(case, context, CONCLUSION), *clock_again(case, case.holder_unit, None, context))


def _to_be_answered_again(case: Case, context: Context) -> tuple[Clock, ...]:
    """The answer did not satisfy: the person's clock goes on with what is left of it, never reset."""
    clock = case.clock(PERSON)
    if clock is None or clock.state != "stopped":
        return ()
    again = limits.come_back(clock, name=PERSON, at=context.now, profile=context.profile, calendar=context.calendar)
    return (again,)
