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
from bancheng.schema.clocks import CONCLUSION, HOLDER, PERSON, PURSUIT, Clock


def give_answer(command: c.GiveAnswer, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The person is told: that stops the person's clock. Told how it stands, they are told again: followed until done
    (PZ-09, ST-04). A "no" is not said before somebody else approved it (NX-08).
    """
    guards.require_stage(case, "accepted", "in_hand", "result_proposed", "verified")
    guards.require_no_open_late_decision(case, context)
    if command.person_number:
        guards.require_part(case.record.joint_persons, command.person_number, field="person_number")
    if command.answer_kind == "progress":
        return (_progress_told(command, case, context),)
    if _is_no_to_approve(case, context) and case.stage == "result_proposed":
        raise Rejected("answer.no_needs_approval")
    event = e.AnswerGiven(
        at=context.now,
        actor=context.actor,
        text=command.text,
        channel=command.channel,
        person_number=command.person_number,
        clocks=() if command.person_number else _stopped(case, context, PERSON, PURSUIT),
    )
    return (event,)


def _progress_told(command: c.GiveAnswer, case: Case, context: Context) -> e.AnswerGiven:
    """Where the limit wants progress with reasons it is met; from here on the person is told again and again, until
    the final answer. What is told to one of those who joined moves no limit.
    """
    guards.require_stage(case, "accepted", "in_hand")
    if case.answered_at is not None:
        raise Rejected("answer.already_final", field="answer_kind")
    case_type = context.profile.case_type(case.case_type)
    if case_type is None or case_type.nature != "report_by":
        raise Rejected("answer.progress_not_enough", field="answer_kind")
    pursuit = limits.start(
        PURSUIT,
        owner=case.holder_unit,
        at=context.now,
        limit_workdays=context.profile.pursuit_workdays,
        profile=context.profile,
        calendar=context.calendar,
        nature="report_by",
    )
    return e.AnswerGiven(
        at=context.now,
        actor=context.actor,
        text=command.text,
        channel=command.channel,
        answer_kind="progress",
        person_number=command.person_number,
        clocks=() if command.person_number else (*_stopped(case, context, PERSON), pursuit),
    )


def _is_no_to_approve(case: Case, context: Context) -> bool:
    return case.outcome == "cannot_be_done" and context.profile.negative_needs_approval


def propose_result(command: c.ProposeResult, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, "accepted", "in_hand")
    if command.outcome == "cannot_be_done":
        _require_reasons(case, context)
    event = e.ResultProposed(
        at=context.now,
        actor=context.actor,
        outcome=command.outcome,
        answer=command.answer,
        clocks=(*_stopped(case, context, HOLDER), conclusion(case, context)),
    )
    return (event,)


def _require_reasons(case: Case, context: Context) -> None:
    """Why not, by code, and what else might help: before the "no" is proposed (PZ-05, PZ-08)."""
    if context.profile.negative_needs_cause and not case.record.causes:
        raise Rejected("result.cause_missing", field="outcome")
    if context.profile.negative_needs_aid_offer and not case.record.aid:
        raise Rejected("result.aid_not_offered", field="outcome")


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
    if _is_no_to_approve(case, context):
        guards.require_somebody_else(case.result_proposed_by, context)
    return (e.ResultVerified(at=context.now, actor=context.actor, note=command.note),)


def send_back_result(command: c.SendBackResult, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, "result_proposed")
    clocks = _back_in_hand(case, context)
    return (e.ResultSentBack(at=context.now, actor=context.actor, reason=command.reason, clocks=clocks),)


def revisit(command: c.Revisit, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """回访. Who is not satisfied gets another round; the person's clock is not reset."""
    guards.require_stage(case, "verified")
    guards.require_no_open_late_decision(case, context)
    _require_told(case, context)
    _require_one_opinion(command, context)
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


def _require_one_opinion(command: c.Revisit, context: Context) -> None:
    """Who is satisfied rates so, where the tenant's scale says which ratings mean it; else any rating goes."""
    least = context.profile.satisfied_from_rating
    if least and command.satisfied != (command.rating >= least):
        raise Rejected("revisit.rating_contradicts", field="rating", minimum=least)


def _require_told(case: Case, context: Context) -> None:
    """Everyone who brought the matter, and a "no" after somebody else approved it (NX-08)."""
    if case.answered_at is None:
        raise Rejected("result.not_answered")
    approved_at = case.record.milestones.get("verified")
    if _is_no_to_approve(case, context) and approved_at is not None and case.answered_at < approved_at:
        raise Rejected("result.no_not_told")
    if any(person.answered_at is None for person in case.record.joint_persons):
        raise Rejected("result.joint_person_not_answered")


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


def _stopped(case: Case, context: Context, *names: str) -> tuple[Clock, ...]:
    return tuple(limits.stop(clock, context.calendar, context.now) for clock in guards.running(case, *names))


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
