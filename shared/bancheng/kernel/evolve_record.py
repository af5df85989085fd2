"""From the events of a case's record to its parts: copies facts, holds no rule and refuses nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, assert_never

from msgspec.structs import replace

from bancheng.kernel.record import (
    Aid,
    Fault,
    JointPerson,
    Order,
    OtherNumber,
    Paper,
    Record,
    RequiredPaper,
    Service,
    Signature,
    Transfer,
)
from bancheng.schema import events as e

Numbered = TypeVar("Numbered", RequiredPaper, Service, Aid, Order, Transfer)


def evolve_record(record: Record, event: e.RecordEvent) -> Record:
    match event:
        case (
            e.FormSigned()
            | e.FileSubmitted()
            | e.PaperAttached()
            | e.PaperRequired()
            | e.RequiredPaperCame()
            | e.GuidanceIssued()
            | e.JointPersonAdded()
            | e.OtherNumberRecorded()
            | e.Sealed()
        ):
            return _intake(record, event)
        case e.OrderIssued() | e.OrderAnswered() | e.PassedToBody() | e.BodyReplied() | e.FaultAttributed() | e.Urged():
            return _others(record, event)
        case e.CauseCoded():
            return replace(record, causes=(*record.causes, event.cause))
        case e.PolicyToolUsed():
            return replace(record, policy_tools=(*record.policy_tools, event.tool))
        case e.ServiceBooked():
            booked = Service(number=event.number, form=event.form, on=event.on, helper=event.helper)
            return replace(record, services=(*record.services, booked))
        case e.ServiceRendered():
            services = _changed(record.services, event.number, lambda each: replace(each, took_place=event.took_place))
            return replace(record, services=services)
        case e.AidOffered():
            return replace(record, aid=(*record.aid, Aid(number=event.number, programme=event.programme)))
        case e.AidAnswered():
            return replace(
                record, aid=_changed(record.aid, event.number, lambda each: replace(each, taken_up=event.taken_up))
            )
        case e.LevelRaised():
            return replace(record, level=event.level)
        case e.StepRecorded() | e.DutyHandedOver():
            return record
        case e.ObligationsMoved():
            left = {*event.met, *event.ended}
            met = (*record.met, *(key for key in event.met if key not in event.ended))
            return replace(record, owed=(*(key for key in record.owed if key not in left), *event.started), met=met)
        case _:
            assert_never(event)


def _changed(parts: tuple[Numbered, ...], number: int, change: Callable[[Numbered], Numbered]) -> tuple[Numbered, ...]:
    return tuple(change(each) if each.number == number else each for each in parts)


def _intake(
    record: Record,
    event: e.FormSigned
    | e.FileSubmitted
    | e.PaperAttached
    | e.PaperRequired
    | e.RequiredPaperCame
    | e.GuidanceIssued
    | e.JointPersonAdded
    | e.OtherNumberRecorded
    | e.Sealed,
) -> Record:
    match event:
        case e.FormSigned():
            signed = Signature(method=event.method, signer=event.signer, signed_at=event.at, paper=event.paper)
            return replace(record, signature=signed)
        case e.FileSubmitted():
            return replace(record, file_submitted_at=event.at)
        case e.PaperAttached():
            paper = Paper(
                sha256=event.sha256, name=event.name, media_type=event.media_type, size=event.size,
                paper_kind=event.paper_kind, attached_at=event.at, attached_by=event.actor.name,
            )  # fmt: skip
            return replace(record, papers=(*record.papers, paper))
        case e.PaperRequired():
            missing = RequiredPaper(number=event.number, name=event.name, due_on=event.due_on)
            return replace(record, required_papers=(*record.required_papers, missing))
        case e.RequiredPaperCame():
            came = _changed(
                record.required_papers,
                event.number,
                lambda each: replace(each, came_at=event.at, paper=event.paper),
            )
            return replace(record, required_papers=came)
        case e.GuidanceIssued():
            return replace(record, guidance=(*record.guidance, event.department))
        case e.JointPersonAdded():
            return replace(record, joint_persons=(*record.joint_persons, JointPerson(person=event.person)))
        case e.OtherNumberRecorded():
            number = OtherNumber(system=event.system, number=event.number)
            return replace(record, other_numbers=(*record.other_numbers, number))
        case e.Sealed():
            return replace(record, sealed_at=event.at)
        case _:
            assert_never(event)


def _others(
    record: Record,
    event: e.OrderIssued | e.OrderAnswered | e.PassedToBody | e.BodyReplied | e.FaultAttributed | e.Urged,
) -> Record:
    match event:
        case e.OrderIssued():
            order = Order(
                number=event.number, to_unit=event.to_unit, handler=event.handler, request=event.request,
                issued_at=event.at,
            )  # fmt: skip
            return replace(record, orders=(*record.orders, order))
        case e.OrderAnswered():
            answered = _changed(
                record.orders,
                event.number,
                lambda each: replace(each, answer=event.text, reported_at=event.at, is_done=event.reply == "result"),
            )
            return replace(record, orders=answered)
        case e.PassedToBody():
            passed = Transfer(number=event.number, body=event.body, helper=event.helper, passed_at=event.at)
            return replace(record, transfers=(*record.transfers, passed))
        case e.BodyReplied():
            replied = _changed(
                record.transfers,
                event.number,
                lambda each: replace(each, last_reply=event.text, is_done=event.done),
            )
            return replace(record, transfers=replied)
        case e.FaultAttributed():
            fault = Fault(
                side=event.side, unit=event.unit, department_text=event.department_text,
                told_text=event.told_text, opinion=event.opinion,
            )  # fmt: skip
            return replace(record, faults=(*record.faults, fault))
        case e.Urged():
            return replace(record, urged=record.urged + 1)
        case _:
            assert_never(event)
