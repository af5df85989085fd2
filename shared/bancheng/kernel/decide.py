"""`decide(command, case, context) -> events`: says what happens, or raises `Rejected` with a stable code.

Owns the one entrance to the rules and what holds for all of them: who holds the case. No events mean that there
was nothing to do, which only the commands of the clock and the link may answer, and who enters once more a paper or a
number that is there already.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.asking import AskedCommand
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import (
    custody,
    deadlines,
    guards,
    handling,
    late,
    obligations,
    record,
    registration,
    remedies,
    results,
)
from bancheng.schema.events import AskAccepted, AskRefused, CaseEvent

ByHolder = (
    c.Accept
    | c.ProposeDecline
    | c.ApproveDecline
    | c.RefuseDecline
    | c.Classify
    | c.AddNote
    | c.Pause
    | c.Resume
    | c.RequestExtension
    | c.ApproveExtension
    | c.RefuseExtension
    | c.GiveAnswer
    | c.ProposeResult
    | c.VerifyResult
    | c.SendBackResult
    | c.Revisit
    | c.StrikeOff
    | c.Withdraw
    | c.Archive
    | c.Escalate
    | c.HandDown
    | c.Return
    | c.AdoptLateOutcome
    | c.OverruleLate
    | c.CallDutyLeader
    | c.RecordOutsideReply
    | record.IntakeCommand
    | remedies.RemedyCommand
)
"""Commands that only the unit holding the case may give, and not while it is on its way …"""
ByDepartment = c.IssueGuidance | c.RecordStep
"""… but for these, which a department that is concerned or was ordered may give for itself (PA-R9, PZ-10). Who the
person is, the unit that took the matter in may put right too: it faces the person.
"""


ByOthers = (
    c.Receive
    | c.TakeOver
    | c.TakeBack
    | c.FileLateEntry
    | c.PassDeadline
    | c.RecomputeDues
    | c.LeaveClosedUnit
    | c.AnswerOrder
    | c.Urge
    | c.AnswerAsk
)
"""Commands of the clock, of the links, of units above, of departments and of who supervises."""


def decide(command: c.AnyCommand, case: Case | None, context: Context) -> tuple[CaseEvent, ...]:
    """The events that follow, in order, and what they oblige to. Raises Rejected. `case` is None for a registration."""
    events = _decide(command, case, context)
    return (*events, *obligations.following(events, case, context))


def _decide(command: c.AnyCommand, case: Case | None, context: Context) -> tuple[CaseEvent, ...]:
    if isinstance(command, c.Register):
        if case is not None:
            raise Rejected("case.already_registered", number=case.number)
        return registration.register(command, context)
    if case is None:
        raise Rejected("case.unknown")
    if isinstance(command, ByHolder):
        if isinstance(command, ByDepartment):
            guards.require_holder_or_asked(case, context)
        elif isinstance(command, c.CorrectPerson):
            guards.require_holder_or(case.registered_unit, case, context)
        else:
            guards.require_holder(case, context)
        return _by_holder(command, case, context)
    return _by_others(command, case, context)


def _by_others(command: ByOthers, case: Case, context: Context) -> tuple[CaseEvent, ...]:
    match command:
        case c.Receive():
            return custody.receive(case, context)
        case c.TakeOver():
            return custody.take_over(command, case, context)
        case c.TakeBack():
            return custody.take_back(command, case, context)
        case c.FileLateEntry():
            return late.file_late_entry(command, case, context) if _holds(case, context) else ()
        case c.PassDeadline():
            return deadlines.pass_deadline(command, case, context) if _holds(case, context) else ()
        case c.RecomputeDues():
            return handling.recompute_dues(case, context) if _holds(case, context) else ()
        case c.LeaveClosedUnit():
            return custody.leave_closed_unit(case, context) if _holds(case, context) else ()
        case c.AnswerOrder():
            return remedies.answer_order(command, case, context)
        case c.Urge():
            return remedies.urge(command, case, context)
        case c.AnswerAsk():
            guards.require_holder(case, context)
            return _answered(command, case, context)
        case _:
            assert_never(command)


def decide_asked(command: AskedCommand, case: Case, context: Context) -> tuple[CaseEvent, ...]:
    """What the holder enters when `context.actor` asks for it from elsewhere: what they may do at the holder's own site
    without holding the case. A note is taken from anybody. Raises Rejected, with the code that they are told.
    """
    case, there = replace(case, in_transit=None), replace(context, site=case.holder_site)
    return handling.add_note(command, case, there) if isinstance(command, c.AddNote) else _decide(command, case, there)


def _answered(command: c.AnswerAsk, case: Case, context: Context) -> tuple[CaseEvent, ...]:
    """Once: what was asked for, as a deed of whoever asked, and then that it was entered; or a refusal that their page
    shows. The same ask again is no event.
    """
    ask = command.ask
    if ask.ask_id in case.answered_asks:
        return ()
    try:
        if ask.command is None:
            raise Rejected("ask.unreadable")
        guards.require_staff_of(command.asked_site, ask.actor, context)
        done = decide_asked(ask.command, case, replace(context, actor=ask.actor))
    except Rejected as refusal:
        refused = AskRefused(
            at=context.now, actor=context.actor, ask_id=ask.ask_id, ask_hash=command.ask_hash,
            asked_site=command.asked_site, asked=ask.asked, code=refusal.code, parameters=refusal.parameters,
        )  # fmt: skip
        return (refused,)
    accepted = AskAccepted(
        at=context.now, actor=context.actor, ask_id=ask.ask_id, ask_hash=command.ask_hash, asked_by=ask.actor,
        asked_site=command.asked_site, asked=ask.asked,
    )  # fmt: skip
    return (*done, accepted)


def _holds(case: Case, context: Context) -> bool:
    return case.holder_site == context.site and case.in_transit is None


def _by_holder(command: ByHolder, case: Case, context: Context) -> tuple[CaseEvent, ...]:
    if isinstance(command, record.IntakeCommand):
        return record.enter(command, case, context)
    if isinstance(command, remedies.RemedyCommand):
        return remedies.enter(command, case, context)
    match command:
        case c.Accept() | c.Classify() | c.ProposeDecline() | c.ApproveDecline() | c.RefuseDecline():
            return _registration(command, case, context)
        case c.Escalate():
            return custody.escalate(command, case, context)
        case c.HandDown():
            return custody.hand_down(command, case, context)
        case c.Return():
            return custody.return_case(command, case, context)
        case c.AdoptLateOutcome():
            return late.adopt(command, case, context)
        case c.OverruleLate():
            return late.overrule(command, case, context)
        case (
            c.GiveAnswer()
            | c.ProposeResult()
            | c.VerifyResult()
            | c.SendBackResult()
            | c.Revisit()
            | c.StrikeOff()
            | c.Withdraw()
            | c.Archive()
        ):
            return _results(command, case, context)
        case _:
            return _handling(command, case, context)


def _registration(
    command: c.Accept | c.Classify | c.ProposeDecline | c.ApproveDecline | c.RefuseDecline,
    case: Case,
    context: Context,
) -> tuple[CaseEvent, ...]:
    match command:
        case c.Accept():
            return registration.accept(command, case, context)
        case c.Classify():
            return registration.classify(command, case, context)
        case c.ProposeDecline():
            return registration.propose_decline(command, case, context)
        case c.ApproveDecline():
            return registration.approve_decline(case, context)
        case c.RefuseDecline():
            return registration.refuse_decline(command, case, context)
        case _:
            assert_never(command)


def _results(
    command: c.GiveAnswer
    | c.ProposeResult
    | c.VerifyResult
    | c.SendBackResult
    | c.Revisit
    | c.StrikeOff
    | c.Withdraw
    | c.Archive,
    case: Case,
    context: Context,
) -> tuple[CaseEvent, ...]:
    match command:
        case c.GiveAnswer():
            return results.give_answer(command, case, context)
        case c.ProposeResult():
            return results.propose_result(command, case, context)
        case c.VerifyResult():
            return results.verify_result(command, case, context)
        case c.SendBackResult():
            return results.send_back_result(command, case, context)
        case c.Revisit():
            return results.revisit(command, case, context)
        case c.StrikeOff():
            return results.strike_off(case, context)
        case c.Withdraw():
            return results.withdraw(command, case, context)
        case c.Archive():
            return results.archive(case, context)
        case _:
            assert_never(command)


def _handling(
    command: c.AddNote
    | c.Pause
    | c.Resume
    | c.RequestExtension
    | c.ApproveExtension
    | c.RefuseExtension
    | c.CallDutyLeader
    | c.RecordOutsideReply,
    case: Case,
    context: Context,
) -> tuple[CaseEvent, ...]:
    match command:
        case c.AddNote():
            return handling.add_note(command, case, context)
        case c.Pause():
            return handling.pause(command, case, context)
        case c.Resume():
            return handling.resume(case, context)
        case c.RequestExtension():
            return handling.request_extension(command, case, context)
        case c.ApproveExtension():
            return handling.approve_extension(case, context)
        case c.RefuseExtension():
            return handling.refuse_extension(command, case, context)
        case c.CallDutyLeader():
            return handling.call_duty_leader(command, case, context)
        case c.RecordOutsideReply():
            return handling.record_outside_reply(command, case, context)
        case _:
            assert_never(command)
