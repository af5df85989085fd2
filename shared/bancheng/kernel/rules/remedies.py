"""What is done about a matter: causes, policy tools, services, aid, orders, other bodies, levels, steps and faults.

Owns what must hold before each is entered. They change neither stage nor holder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.profile_parts import AidProgramme, Choice, Step
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards
from bancheng.kernel.rules.record import MAXIMUM_PARTS, stopped
from bancheng.schema import events as e
from bancheng.schema.clocks import BODY_PREFIX, ORDER_PREFIX, Clock, ClockNature

RemedyCommand = (
    c.CodeCause
    | c.UsePolicyTool
    | c.BookService
    | c.CompleteService
    | c.OfferAid
    | c.RecordAidAnswer
    | c.IssueOrder
    | c.PassToBody
    | c.RecordBodyReply
    | c.RaiseLevel
    | c.RecordStep
    | c.AttributeFault
)


def enter(command: RemedyCommand, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The event of one entry. Raises Rejected."""
    guards.require_open(case)
    match command:
        case c.CodeCause():
            _require_choice(command.cause, context.profile.causes, "cause")
            guards.require_room(case.record.causes, MAXIMUM_PARTS)
            return (e.CauseCoded(at=context.now, actor=context.actor, cause=command.cause, note=command.note),)
        case c.UsePolicyTool():
            _require_choice(command.tool, context.profile.policy_tools, "tool")
            guards.require_room(case.record.policy_tools, MAXIMUM_PARTS)
            return (e.PolicyToolUsed(at=context.now, actor=context.actor, tool=command.tool, basis=command.basis),)
        case c.BookService() | c.CompleteService():
            return (_service(command, case, context),)
        case c.OfferAid() | c.RecordAidAnswer():
            return (_aid(command, case, context),)
        case c.IssueOrder():
            return (_ordered(command, case, context),)
        case c.PassToBody() | c.RecordBodyReply():
            return (_body(command, case, context),)
        case c.RaiseLevel():
            return (_raised(command, case, context),)
        case c.RecordStep():
            return (_step(command, case, context),)
        case c.AttributeFault():
            return (_fault(command, case, context),)
        case _:
            assert_never(command)


def _require_choice(key: str, choices: Sequence[Choice | AidProgramme | Step], field: str) -> None:
    if not any(each.key == key for each in choices):
        raise Rejected("record.unknown_choice", field=field, choice=key)


def _service(command: c.BookService | c.CompleteService, case: Case, context: Context) -> e.CaseEvent:
    if isinstance(command, c.BookService):
        _require_choice(command.form, context.profile.service_forms, "form")
        if command.on < context.calendar.local_day(context.now):
            raise Rejected("service.in_the_past", field="on")
        guards.require_room(case.record.services, MAXIMUM_PARTS)
        return e.ServiceBooked(
            at=context.now, actor=context.actor, number=len(case.record.services) + 1, form=command.form,
            on=command.on, helper=command.helper, note=command.note,
        )  # fmt: skip
    if guards.require_part(case.record.services, command.number).took_place is not None:
        raise Rejected("service.already_completed", field="number")
    return e.ServiceRendered(
        at=context.now, actor=context.actor, number=command.number, took_place=command.took_place, note=command.note
    )


def _aid(command: c.OfferAid | c.RecordAidAnswer, case: Case, context: Context) -> e.CaseEvent:
    if isinstance(command, c.OfferAid):
        _require_choice(command.programme, context.profile.aid_programmes, "programme")
        guards.require_room(case.record.aid, MAXIMUM_PARTS)
        return e.AidOffered(
            at=context.now, actor=context.actor, number=len(case.record.aid) + 1, programme=command.programme,
            note=command.note,
        )  # fmt: skip
    if guards.require_part(case.record.aid, command.number).taken_up is not None:
        raise Rejected("aid.already_answered", field="number")
    return e.AidAnswered(
        at=context.now, actor=context.actor, number=command.number, taken_up=command.taken_up, note=command.note
    )


def _ordered(command: c.IssueOrder, case: Case, context: Context) -> e.OrderIssued:
    """To a department, with a limit of its own or that of the case's type (ST-03, ST-04)."""
    guards.require_stage(case, *guards.BEFORE_RESULT)
    unit = guards.require_unit(command.to_unit, context, "to_unit")
    if unit.is_window and unit.code != case.holder_unit:
        raise Rejected("order.not_a_department", field="to_unit", unit=unit.code)
    guards.require_not_complained_of(unit.code, case, "to_unit")
    guards.require_room(case.record.orders, MAXIMUM_PARTS)
    case_type = context.profile.case_type(case.case_type)
    typical = case_type.order_workdays if case_type is not None else None
    limit = command.limit_workdays if command.limit_workdays is not None else typical
    if limit is None:
        raise Rejected("order.limit_missing", field="limit_workdays")
    number = len(case.record.orders) + 1
    nature = case_type.order_nature if case_type is not None else "resolve_by"
    clock = _owed(f"{ORDER_PREFIX}{number}", unit.code, limit, context, nature)
    return e.OrderIssued(
        at=context.now, actor=context.actor, number=number, to_unit=unit.code, handler=command.handler,
        request=command.request, clocks=(clock,),
    )  # fmt: skip


def _owed(name: str, owner: str, limit_workdays: int, context: Context, nature: ClockNature = "resolve_by") -> Clock:
    return limits.start(
        name,
        owner=owner,
        at=context.now,
        limit_workdays=limit_workdays,
        profile=context.profile,
        calendar=context.calendar,
        nature=nature,
    )


def answer_order(command: c.AnswerOrder, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """By the department where it works at this site, or entered for it by the holder: its words as given (PZ-11).

    Progress on an order whose limit wants progress starts the same limit once more: followed until done (PZ-09, ST-04).
    """
    guards.require_open(case)
    order = guards.require_part(case.record.orders, command.number)
    guards.require_holder_or(order.to_unit, case, context)
    if order.is_done:
        raise Rejected("order.already_answered", field="number")
    if context.actor.unit != order.to_unit and not command.said_by:
        raise Rejected("order.who_said_it", field="said_by")
    guards.require_said(command.said_by, command.said_how)
    guards.require_known_paper(command.paper, case)
    name = f"{ORDER_PREFIX}{command.number}"
    clocks = stopped(case, name, context)
    if command.reply == "progress":
        clocks = _pursued(case.clock(name), context)
    event = e.OrderAnswered(
        at=context.now, actor=context.actor, number=command.number, reply=command.reply, text=command.text,
        said_by=command.said_by, said_how=command.said_how, paper=command.paper, clocks=clocks,
    )  # fmt: skip
    return (event,)


def _pursued(clock: Clock | None, context: Context) -> tuple[Clock, ...]:
    """The same limit once more where the order wants progress; where it wants the thing done its limit goes on."""
    if clock is None or clock.nature != "report_by":
        return ()
    return (_owed(clock.name, clock.owner, clock.limit_workdays, context, clock.nature),)


def _body(command: c.PassToBody | c.RecordBodyReply, case: Case, context: Context) -> e.CaseEvent:
    if isinstance(command, c.PassToBody):
        guards.require_stage(case, *guards.BEFORE_RESULT)
        guards.require_room(case.record.transfers, MAXIMUM_PARTS)
        number = len(case.record.transfers) + 1
        limit = command.limit_workdays or context.profile.body_workdays
        return e.PassedToBody(
            at=context.now, actor=context.actor, number=number, body=command.body, helper=command.helper,
            reason=command.reason, clocks=(_owed(f"{BODY_PREFIX}{number}", case.holder_unit, limit, context),),
        )  # fmt: skip
    if guards.require_part(case.record.transfers, command.number).is_done:
        raise Rejected("body.already_done", field="number")
    name = f"{BODY_PREFIX}{command.number}"
    again = () if command.done else (_owed(name, case.holder_unit, context.profile.body_workdays, context),)
    return e.BodyReplied(
        at=context.now, actor=context.actor, number=command.number, text=command.text, done=command.done,
        clocks=stopped(case, name, context) if command.done else again,
    )  # fmt: skip


def _raised(command: c.RaiseLevel, case: Case, context: Context) -> e.LevelRaised:
    """The next level only: raising is visible and never skips its record (NX-03)."""
    keys = [level.key for level in context.profile.levels]
    if command.level not in keys:
        raise Rejected("record.unknown_choice", field="level", choice=command.level)
    present = keys.index(case.record.level) if case.record.level in keys else -1
    if keys.index(command.level) != present + 1:
        raise Rejected("level.not_the_next", field="level", level=command.level)
    return e.LevelRaised(at=context.now, actor=context.actor, level=command.level, reason=command.reason)


def _step(command: c.RecordStep, case: Case, context: Context) -> e.StepRecorded:
    _require_choice(command.step, context.profile.steps, "step")
    by_unit = command.by_unit or (context.actor.unit if context.actor.unit != case.holder_unit else "")
    if by_unit:
        guards.require_unit(by_unit, context, "by_unit")
        guards.require_own(by_unit, "by_unit", case, context)
    guards.require_said(command.said_by, command.said_how)
    guards.require_known_paper(command.paper, case)
    return e.StepRecorded(
        at=context.now, actor=context.actor, step=command.step, by_unit=by_unit, note=command.note,
        said_by=command.said_by, said_how=command.said_how, paper=command.paper,
    )  # fmt: skip


def _fault(command: c.AttributeFault, case: Case, context: Context) -> e.FaultAttributed:
    """Both texts stand side by side as they were: the department's answer and what the person was told (PZ-11).

    Where no unit is named it is the window's own fault, or that of the department which gave the answer: it is told.
    """
    guards.require_room(case.record.faults, MAXIMUM_PARTS)
    department_text, unit = "", command.unit
    if unit:
        guards.require_unit(unit, context, "unit")
    if command.order_number:
        order = guards.require_part(case.record.orders, command.order_number, field="order_number")
        department_text = order.answer
        unit = unit or ("" if command.side == "window" else order.to_unit)
    if command.side == "department" and not department_text:
        raise Rejected("fault.no_department_answer", field="order_number")
    if command.side != "none" and not case.record.told:
        raise Rejected("fault.nobody_was_told")
    return e.FaultAttributed(
        at=context.now, actor=context.actor, side=command.side, unit=unit or case.holder_unit,
        department_text=department_text, told_text=case.record.told, opinion=command.opinion,
        staff_name=command.staff_name,
    )  # fmt: skip


def urge(command: c.Urge, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """督促, by whoever supervises where the case is held: it asks and changes nothing (XS-14, PA-04)."""
    guards.require_open(case)
    if case.in_transit is not None:
        raise Rejected("case.in_transit", unit=case.in_transit.unit)
    if case.holder_site != context.site:
        raise Rejected("case.not_holder", unit=case.holder_unit)
    return (e.Urged(at=context.now, actor=context.actor, text=command.text, wants=command.wants),)
