"""The record: form, file, papers, guidance, other numbers, the duty and the seal.

Owns what must hold before each is entered. They change neither stage nor holder.
"""

from __future__ import annotations

from typing import assert_never

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.corrections import corrected
from bancheng.kernel.dues import MAXIMUM_LIMIT_WORKDAYS, workdays_between
from bancheng.kernel.officers import present_officer
from bancheng.kernel.record import RequiredPaper
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards
from bancheng.schema import events as e
from bancheng.schema.clocks import PAPER_PREFIX, Clock

MAXIMUM_PARTS = 200
"""Papers, orders, services … of one case: more is a mistake, and the state is loaded at each step."""

IntakeCommand = (
    c.SignForm
    | c.SubmitFile
    | c.AttachPaper
    | c.RequirePaper
    | c.RecordRequiredPaper
    | c.IssueGuidance
    | c.AddJointPerson
    | c.CorrectPerson
    | c.RecordOtherNumber
    | c.HandOverDuty
    | c.Seal
)


def enter(command: IntakeCommand, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The event of one entry. Raises Rejected."""
    guards.require_open(case)
    match command:
        case c.SignForm():
            return (_signed(command, case, context),)
        case c.SubmitFile():
            return (_submitted(command, case, context),)
        case c.AttachPaper():
            return _attached(command, case, context)
        case c.RequirePaper():
            return (_required(command, case, context),)
        case c.RecordRequiredPaper():
            return (_came(command, case, context),)
        case c.IssueGuidance():
            guards.require_known_paper(command.paper, case)
            guards.require_unit(command.department, context, "department")
            guards.require_own(command.department, "department", case, context)
            guards.require_said(command.said_by, command.said_how)
            guards.require_room(case.record.guidance, MAXIMUM_PARTS)
            event = e.GuidanceIssued(
                at=context.now, actor=context.actor, department=command.department, documents=command.documents,
                conditions=command.conditions, said_by=command.said_by, said_how=command.said_how,
                paper=command.paper,
            )  # fmt: skip
            return (event,)
        case c.AddJointPerson():
            return (_joined(command, case, context),)
        case c.CorrectPerson():
            return (_corrected(command, case, context),)
        case c.RecordOtherNumber():
            return _other_number(command, case, context)
        case c.HandOverDuty():
            return (_handed_over(command, case, context),)
        case c.Seal():
            return (seal(case, context, command.note),)
        case _:
            assert_never(command)


def _signed(command: c.SignForm, case: Case, context: Context) -> e.FormSigned:
    """Signed once; what is signed on paper needs the paper (PA-R10)."""
    if case.record.signature is not None:
        raise Rejected("form.already_signed")
    if not command.paper:
        raise Rejected("form.signature_missing", field="paper")
    guards.require_known_paper(command.paper, case)
    return e.FormSigned(
        at=context.now, actor=context.actor, method=command.method, signer=command.signer, paper=command.paper
    )


def _submitted(command: c.SubmitFile, case: Case, context: Context) -> e.FileSubmitted:
    if case.record.file_submitted_at is not None:
        raise Rejected("file.already_submitted")
    if case.record.signature is None:
        raise Rejected("file.not_signed")
    return e.FileSubmitted(at=context.now, actor=context.actor, note=command.note)


def _attached(command: c.AttachPaper, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The same paper again is no event: it is there."""
    if case.record.has_paper(command.sha256):
        return ()
    guards.require_room(case.record.papers, MAXIMUM_PARTS)
    event = e.PaperAttached(
        at=context.now, actor=context.actor, sha256=command.sha256, name=command.name,
        media_type=command.media_type, size=command.size, paper_kind=command.paper_kind,
    )  # fmt: skip
    return (event,)


def _required(command: c.RequirePaper, case: Case, context: Context) -> e.PaperRequired:
    """The day that a missing paper is due is a working day to come (PA-R24)."""
    guards.require_room(case.record.required_papers, MAXIMUM_PARTS)
    today = context.calendar.local_day(context.now)
    if not 1 <= workdays_between(context.calendar, today, command.due_on) <= MAXIMUM_LIMIT_WORKDAYS:
        raise Rejected("paper.due_out_of_range", field="due_on")
    number = len(case.record.required_papers) + 1
    clock = limits.start(
        f"{PAPER_PREFIX}{number}",
        owner=case.holder_unit,
        at=context.now,
        limit_workdays=workdays_between(context.calendar, today, command.due_on),
        profile=context.profile,
        calendar=context.calendar,
    )
    return e.PaperRequired(
        at=context.now, actor=context.actor, number=number, name=command.name, due_on=clock.due_day, clocks=(clock,)
    )


def _came(command: c.RecordRequiredPaper, case: Case, context: Context) -> e.RequiredPaperCame:
    missing: RequiredPaper = guards.require_part(case.record.required_papers, command.number)
    if missing.came_at is not None:
        raise Rejected("paper.already_came", field="number")
    guards.require_known_paper(command.paper, case)
    return e.RequiredPaperCame(
        at=context.now,
        actor=context.actor,
        number=command.number,
        paper=command.paper,
        clocks=stopped(case, f"{PAPER_PREFIX}{command.number}", context),
    )


def stopped(case: Case, name: str, context: Context) -> tuple[Clock, ...]:
    """The clock of that name as it stops now; nothing where none runs."""
    return tuple(limits.stop(clock, context.calendar, context.now) for clock in guards.running(case, name))


def _joined(command: c.AddJointPerson, case: Case, context: Context) -> e.JointPersonAdded:
    """Once a result is proposed nobody joins: whoever comes then has a case of their own."""
    guards.require_stage(case, *guards.BEFORE_RESULT)
    guards.require_room(case.record.joint_persons, MAXIMUM_PARTS)
    person = e.Person(
        name=command.name, phone=command.phone, identity_number=command.identity_number, address=command.address
    )
    if any(each.person == person for each in case.record.joint_persons) or person == case.person:
        raise Rejected("person.already_here", field="name")
    return e.JointPersonAdded(at=context.now, actor=context.actor, person=person)


def _corrected(command: c.CorrectPerson, case: Case, context: Context) -> e.PersonCorrected:
    """What was mistyped is put right by an entry that keeps what it was: nothing entered before is altered (ST-02)."""
    person = case.person
    said: tuple[tuple[e.PersonField, str, str | None], ...] = (
        ("name", person.name, command.name),
        ("phone", person.phone, command.phone),
        ("identity_number", person.identity_number, command.identity_number),
        ("address", person.address, command.address),
    )
    corrections = tuple(
        e.Correction(field=field, was=was, now=now) for field, was, now in said if now is not None and now != was
    )
    if not corrections:
        raise Rejected("person.nothing_to_correct")
    event = e.PersonCorrected(at=context.now, actor=context.actor, corrections=corrections, reason=command.reason)
    if any(each.person == corrected(case.person, event) for each in case.record.joint_persons):
        raise Rejected("person.already_here", field="name")
    return event


def _other_number(command: c.RecordOtherNumber, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    known = any((each.system, each.number) == (command.system, command.number) for each in case.record.other_numbers)
    if known:
        return ()
    guards.require_room(case.record.other_numbers, MAXIMUM_PARTS)
    event = e.OtherNumberRecorded(at=context.now, actor=context.actor, system=command.system, number=command.number)
    return (event,)


def _handed_over(command: c.HandOverDuty, case: Case, context: Context) -> e.DutyHandedOver:
    officer = present_officer(case)
    if officer is not None and officer.staff == command.to_staff:
        raise Rejected("duty.already_theirs", field="to_staff")
    return e.DutyHandedOver(
        at=context.now,
        actor=context.actor,
        to_staff=command.to_staff,
        to_name=command.to_name,
        reason=command.reason,
    )


def seal(case: Case, context: Context, note: str = "") -> e.Sealed:
    """盖章, once, where the tenant has a seal (XS-08)."""
    if context.profile.seal == "never":
        raise Rejected("seal.not_used_here")
    if case.record.sealed_at is not None:
        raise Rejected("seal.already_sealed")
    return e.Sealed(at=context.now, actor=context.actor, note=note)
