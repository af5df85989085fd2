"""登记 · 受理 · 不予受理 · 研判: how a case begins, or is turned away with a report and an explanation."""

from __future__ import annotations

from datetime import date, datetime

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case, DeclineProposal
from bancheng.kernel.context import Context
from bancheng.kernel.profile_parts import CaseType, Kind
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import entrusting, guards, matters
from bancheng.kernel.rules.holding import holder_clock
from bancheng.kernel.rules.record import seal
from bancheng.schema import events as e
from bancheng.schema.clocks import PERSON, Clock

OLDEST_YEARS = 10
"""How long ago a former window may have registered what is imported: more is a typing mistake."""


def register(command: c.Register, context: Context) -> tuple[e.CaseEvent, ...]:
    unit = guards.require_unit(command.unit, context, "unit")
    if unit.site != context.site or not unit.is_window:
        raise Rejected("unit.not_here", field="unit", unit=unit.code)
    if not guards.is_system(context) and context.actor.unit != unit.code:
        raise Rejected("unit.not_yours", field="unit", unit=unit.code)
    case_type = _case_type(command.case_type, context)
    kind = _require_kind(command.kind, context)
    _require_ground(command, context)
    _require_channel(command, context)
    _require_conduct(command, kind, context)
    matters.require_known(command.matter, context)
    if command.department:
        guards.require_unit(command.department, context, "department")
    if command.ended_on is not None:
        return (_registered(command, (), context, ended_at=_ended_at(command, context)),)
    person_clock = limits.start(
        PERSON,
        owner=unit.code,
        at=_came_in_at(command, context),
        limit_workdays=case_type.answer_workdays,
        profile=context.profile,
        calendar=context.calendar,
        nature=case_type.nature,
    )
    clocks: tuple[Clock, ...] = (person_clock, *holder_clock(unit.code, unit.tier, None, context))
    return (_registered(command, clocks, context),)


def _registered(
    command: c.Register, clocks: tuple[Clock, ...], context: Context, *, ended_at: datetime | None = None
) -> e.Registered:
    case_type = _case_type(command.case_type, context)
    return e.Registered(
        at=context.now,
        actor=context.actor,
        case_id=command.case_id,
        number=command.number,
        unit=command.unit,
        site=context.site,
        profile_edition=context.profile.edition,
        channel=command.channel,
        kind=command.kind,
        case_type=command.case_type,
        title=command.title,
        description=command.description,
        person=command.person,
        ground=command.ground,
        matter=command.matter,
        department=command.department,
        complained_unit=command.complained_unit,
        is_restricted=command.is_restricted or bool(command.complained_unit),
        agent=command.agent,
        received_on=command.received_on,
        imported_from=command.imported_from,
        outcome=command.outcome if ended_at is not None else None,
        answer=command.answer if ended_at is not None else "",
        ended_at=ended_at,
        level=case_type.level,
        on_duty=command.on_duty,
        was_on_duty=command.was_on_duty,
        clocks=clocks,
    )


def _require_ground(command: c.Register, context: Context) -> None:
    """Registration records the ground, where the tenant's scope has grounds (PA-02). A former window knew of none."""
    ground = command.ground
    if not ground and context.profile.ground_required and not command.imported_from:
        raise Rejected("registration.ground_missing", field="ground")
    if ground and not any(each.key == ground for each in context.profile.grounds):
        raise Rejected("registration.unknown_ground", field="ground", ground=ground)


def _require_channel(command: c.Register, context: Context) -> None:
    """One of those by which the tenant's rules collect, where they name any (PA-R6). A former window had its own."""
    if command.imported_from:
        return
    if not context.profile.has_channel(command.channel):
        raise Rejected("registration.unknown_channel", field="channel", channel=command.channel)


def _require_conduct(command: c.Register, kind: Kind, context: Context) -> None:
    """A conduct case names the unit complained of, and that unit does not take it (XS-04)."""
    if kind.concerns_conduct and not command.complained_unit:
        raise Rejected("conduct.unit_missing", field="complained_unit")
    if not command.complained_unit:
        return
    guards.require_unit(command.complained_unit, context, "complained_unit")
    if command.complained_unit == command.unit:
        raise Rejected("conduct.unit_complained_of", field="unit", unit=command.unit)


def _came_in_at(command: c.Register, context: Context) -> datetime:
    """Now, or the day on which a former window registered it: the person's clock counts from there (PA-R3)."""
    if command.received_on is None:
        return context.now
    return context.calendar.start_of_business(_came_in_on(command, context))


def _came_in_on(command: c.Register, context: Context) -> date:
    today = context.calendar.local_day(context.now)
    received_on = command.received_on or today
    if received_on > today:
        raise Rejected("registration.received_in_future", field="received_on")
    if received_on.year < today.year - OLDEST_YEARS:
        raise Rejected("registration.received_too_long_ago", field="received_on", maximum=OLDEST_YEARS)
    return received_on


def _ended_at(command: c.Register, context: Context) -> datetime:
    """What a former window ended comes in as it ended there, with outcome and answer: nothing ends without (PA-R3)."""
    if command.received_on is None:
        raise Rejected("registration.received_missing", field="received_on")
    if command.outcome is None:
        raise Rejected("registration.outcome_missing", field="outcome")
    if not command.answer.strip():
        raise Rejected("registration.answer_missing", field="answer")
    ended_on = command.ended_on
    if ended_on is None or not _came_in_on(command, context) <= ended_on <= context.calendar.local_day(context.now):
        raise Rejected("registration.ended_out_of_range", field="ended_on")
    return context.calendar.start_of_business(ended_on)


def _case_type(key: str, context: Context) -> CaseType:
    case_type = context.profile.case_type(key)
    if case_type is None:
        raise Rejected("registration.unknown_case_type", field="case_type", case_type=key)
    return case_type


def _require_kind(key: str, context: Context) -> Kind:
    kind = context.profile.kind(key)
    if kind is None:
        raise Rejected("registration.unknown_kind", field="kind", kind=key)
    return kind


def accept(command: c.Accept, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, "registered")
    matters.require_its_tier(case, context)
    accepted = e.Accepted(at=context.now, actor=context.actor, note=command.note)
    if context.profile.seal == "on_acceptance" and case.record.sealed_at is None:
        return (accepted, seal(case, context))
    return (accepted,)


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
    return (classified, *_raised_to(case_type.level, case, context))


def _raised_to(level: str, case: Case, context: Context) -> tuple[e.LevelRaised, ...]:
    """A type that is answered at a higher level raises the case to it, each level on record; none lowers it (NX-03)."""
    keys = [each.key for each in context.profile.levels]
    if level not in keys:
        return ()
    present = keys.index(case.record.level) if case.record.level in keys else -1
    return tuple(
        e.LevelRaised(at=context.now, actor=context.actor, level=key, reason="classified")
        for key in keys[present + 1 : keys.index(level) + 1]
    )


def propose_decline(command: c.ProposeDecline, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The report before any "no" (NX-08); the exclusion and the explanation are kept (PA-03)."""
    guards.require_stage(case, "registered")
    exclusion = context.profile.exclusion(command.ground)
    if exclusion is None:
        raise Rejected("decline.unknown_ground", field="ground", ground=command.ground)
    if exclusion.unless_entrusted:
        entrusting.require_not_entrusted(command.department or case.department, case, context)
    proposed = e.DeclineProposed(
        at=context.now,
        actor=context.actor,
        ground=command.ground,
        explanation=command.explanation,
        department=command.department or case.department,
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
