"""登记 · 受理 · 不予受理 · 研判: how a case begins, or is turned away with a report and an explanation."""

from __future__ import annotations

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case, DeclineProposal
from bancheng.kernel.context import Context
from bancheng.kernel.profile import CaseType
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards
from bancheng.kernel.rules.holding import holder_clock
from bancheng.schema import events as e
from bancheng.schema.clocks import PERSON, Clock


def register(command: c.Register, context: Context) -> tuple[e.CaseEvent, ...]:
    unit = guards.require_unit(command.unit, context, "unit")
    if unit.site != context.site or not unit.is_window:
        raise Rejected("unit.not_here", field="unit", unit=unit.code)
    if not guards.is_system(context) and context.actor.unit != unit.code:
        raise Rejected("unit.not_yours", field="unit", unit=unit.code)
    case_type = _case_type(command.case_type, context)
    _require_kind(command.kind, context)
    if command.ground and not any(ground.key == command.ground for ground in context.profile.grounds):
        raise Rejected("registration.unknown_ground", field="ground", ground=command.ground)
    person_clock = limits.start(
        PERSON,
        owner=unit.code,
        at=context.now,
        limit_workdays=case_type.answer_workdays,
        profile=context.profile,
        calendar=context.calendar,
        nature=case_type.nature,
    )
    clocks: tuple[Clock, ...] = (person_clock, *holder_clock(unit.code, unit.tier, None, context))
    registered = e.Registered(
        at=context.now,
        actor=context.actor,
        case_id=command.case_id,
        number=command.number,
        unit=unit.code,
        site=context.site,
        profile_edition=context.profile.edition,
        channel=command.channel,
        kind=command.kind,
        case_type=command.case_type,
        title=command.title,
        description=command.description,
        person=command.person,
        ground=command.ground,
        clocks=clocks,
    )
    return (registered,)


def _case_type(key: str, context: Context) -> CaseType:
    case_type = context.profile.case_type(key)
    if case_type is None:
        raise Rejected("registration.unknown_case_type", field="case_type", case_type=key)
    return case_type


def _require_kind(key: str, context: Context) -> None:
    if not context.profile.has_kind(key):
        raise Rejected("registration.unknown_kind", field="kind", kind=key)


def accept(command: c.Accept, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, "registered")
    return (e.Accepted(at=context.now, actor=context.actor, note=command.note),)


def classify(command: c.Classify, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Reclassifying moves the person's due date and keeps its start (PA-05)."""
    guards.require_stage(case, "accepted", "in_hand")
    case_type = _case_type(command.case_type, context)
    _require_kind(command.kind, context)
    clock = case.clock(PERSON)
    moved: tuple[Clock, ...] = ()
    if clock is not None and clock.state != "stopped" and command.case_type != case.case_type:
        earlier = context.profile.case_type(case.case_type)
        extended = clock.limit_workdays - earlier.answer_workdays if earlier is not None else 0
        moved = (
            limits.relimit(
                clock,
                limit_workdays=case_type.answer_workdays + max(0, extended),
                at=context.now,
                profile=context.profile,
                calendar=context.calendar,
            ),
        )
    classified = e.Classified(
        at=context.now, actor=context.actor, kind=command.kind, case_type=command.case_type, clocks=moved
    )
    return (classified,)


def propose_decline(command: c.ProposeDecline, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The report before any "no" (NX-08); the exclusion and the explanation are kept (PA-03)."""
    guards.require_stage(case, "registered")
    if not any(exclusion.key == command.ground for exclusion in context.profile.exclusions):
        raise Rejected("decline.unknown_ground", field="ground", ground=command.ground)
    proposed = e.DeclineProposed(
        at=context.now, actor=context.actor, ground=command.ground, explanation=command.explanation
    )
    if context.profile.decline_needs_approval:
        return (proposed,)
    return (proposed, _declined(command.ground, command.explanation, case, context))


def approve_decline(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    proposal = _open_proposal(case, context)
    guards.require_no_open_late_decision(case, context)
    return (_declined(proposal.ground, proposal.explanation, case, context),)


def refuse_decline(command: c.RefuseDecline, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    _open_proposal(case, context)
    return (e.DeclineRefused(at=context.now, actor=context.actor, reason=command.reason),)


def _declined(ground: str, explanation: str, case: Case, context: Context) -> e.Declined:
    stopped = tuple(limits.stop(clock, context.calendar, context.now) for clock in guards.all_live(case))
    return e.Declined(at=context.now, actor=context.actor, ground=ground, explanation=explanation, clocks=stopped)


def _open_proposal(case: Case, context: Context) -> DeclineProposal:
    guards.require_stage(case, "decline_proposed")
    if case.decline is None:
        raise Rejected("case.stage_forbids", stage=case.stage)
    guards.require_somebody_else(case.decline.proposed_by, context)
    return case.decline
