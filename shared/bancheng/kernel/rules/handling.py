"""在办: notes, pauses, extensions, the duty leader, replies from outside, and a calendar that arrives."""

from __future__ import annotations

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case, ExtensionRequest
from bancheng.kernel.context import Context
from bancheng.kernel.dues import MAXIMUM_LIMIT_WORKDAYS, workdays_between
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import entrusting, guards
from bancheng.kernel.rules.recounting import recounted
from bancheng.schema import events as e
from bancheng.schema.clocks import Clock


def add_note(command: c.AddNote, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_stage(case, *guards.OPEN_STAGES)
    return (e.NoteAdded(at=context.now, actor=context.actor, note_kind=command.note_kind, text=command.text),)


def pause(command: c.Pause, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """A pause is named, has an owner and an end; it stops the person's and the holder's clock. A limit that is over
    stays over: no pause mends it. What a department does that has entrusted nothing is not waited for (PA-R25).
    """
    guards.require_stage(case, *guards.BEFORE_RESULT)
    reason = next((each for each in context.profile.pause_reasons if each.key == command.reason), None)
    if reason is None:
        raise Rejected("pause.unknown_reason", field="reason", reason=command.reason)
    if reason.only_if_entrusted:
        for unit in entrusting.own_liaisons(case, context):
            raise Rejected("pause.liaison_is_the_windows", field="reason", unit=unit)
    today = context.calendar.local_day(context.now)
    length = workdays_between(context.calendar, today, command.until)
    if not 1 <= length <= context.profile.max_pause_workdays:
        raise Rejected("pause.until_out_of_range", field="until", maximum=context.profile.max_pause_workdays)
    live = [clock for clock in guards.running(case) if clock.state == "paused" or clock.due_at > context.now]
    if any(clock.state == "paused" for clock in live):
        raise Rejected("pause.already_paused")
    if not live:
        raise Rejected("pause.nothing_runs")
    paused = tuple(
        limits.pause(clock, at=context.now, until=command.until, calendar=context.calendar) for clock in live
    )
    event = e.Paused(
        at=context.now,
        actor=context.actor,
        reason=command.reason,
        owner=case.holder_unit,
        until=command.until,
        clocks=paused,
    )
    return (event,)


def resume(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_open(case)
    return (resumed(case, context),)


def resumed(case: Case, context: Context) -> e.Resumed:
    """Every paused clock goes on: now, or from the end that the pause was given, whichever came first."""
    clocks = tuple(_resumed(clock, context) for clock in guards.all_live(case) if clock.state == "paused")
    if not clocks:
        raise Rejected("pause.not_paused")
    return e.Resumed(at=context.now, actor=context.actor, clocks=clocks)


def _resumed(clock: Clock, context: Context) -> Clock:
    ends_at = context.calendar.end_of_business(clock.paused_until) if clock.paused_until is not None else context.now
    return limits.resume(clock, at=min(context.now, ends_at), profile=context.profile, calendar=context.calendar)


def request_extension(command: c.RequestExtension, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Asked for before expiry (ST-05)."""
    guards.require_stage(case, *guards.BEFORE_RESULT)
    if case.extension is not None:
        raise Rejected("extension.already_requested")
    clock = _extendable(command.clock, case)
    if context.now >= clock.due_at:
        raise Rejected("extension.too_late", due_at=clock.due_at.isoformat())
    too_long = clock.limit_workdays + command.workdays > MAXIMUM_LIMIT_WORKDAYS
    if command.workdays > context.profile.max_extension_workdays or too_long:
        raise Rejected("extension.too_long", field="workdays", maximum=context.profile.max_extension_workdays)
    event = e.ExtensionRequested(
        at=context.now,
        actor=context.actor,
        clock=command.clock,
        workdays=command.workdays,
        reason=command.reason,
        old_due_at=clock.due_at,
    )
    return (event,)


def _extendable(name: str, case: Case) -> Clock:
    clock = case.clock(name)
    if clock is None or clock.state != "running":
        raise Rejected("extension.clock_not_running", field="clock", clock=name)
    return clock


def approve_extension(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """By somebody else; the old and the new date are kept (ST-05)."""
    request = _open_request(case, context)
    clock = _extendable(request.clock, case)
    longer = limits.relimit(
        clock,
        limit_workdays=clock.limit_workdays + request.workdays,
        at=context.now,
        profile=context.profile,
        calendar=context.calendar,
    )
    event = e.ExtensionApproved(
        at=context.now,
        actor=context.actor,
        clock=request.clock,
        workdays=request.workdays,
        old_due_at=clock.due_at,
        new_due_at=longer.due_at,
        clocks=(longer,),
    )
    return (event,)


def refuse_extension(command: c.RefuseExtension, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    request = _open_request(case, context)
    return (e.ExtensionRefused(at=context.now, actor=context.actor, clock=request.clock, reason=command.reason),)


def _open_request(case: Case, context: Context) -> ExtensionRequest:
    guards.require_open(case)
    if case.extension is None:
        raise Rejected("extension.none_requested")
    guards.require_somebody_else(case.extension.asked_by, context)
    return case.extension


def call_duty_leader(command: c.CallDutyLeader, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Whoever is on duty is called at once, and the call is recorded (PZ-02)."""
    guards.require_open(case)
    event = e.DutyLeaderCalled(
        at=context.now, actor=context.actor, reason=command.reason, unit=case.holder_unit, called=command.called
    )
    return (event,)


def record_outside_reply(command: c.RecordOutsideReply, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    guards.require_open(case)
    if case.reported_outside_at is None:
        raise Rejected("outside.not_reported")
    authority = context.profile.outside_authority.zh
    return (e.OutsideReplied(at=context.now, actor=context.actor, authority=authority, text=command.text),)


def recompute_dues(case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """A calendar arrived: every date that moves keeps its old one in history. Nothing to do is no event."""
    found = recounted(case, calendar=context.calendar, profile=context.profile, at=context.now)
    if not found:
        return ()
    changes = tuple(
        e.DueChange(clock=each.was.name, old_due_at=each.was.due_at, new_due_at=each.becomes.due_at) for each in found
    )
    event = e.DuesRecomputed(
        at=context.now,
        actor=context.actor,
        calendar_edition=context.calendar.edition,
        changes=changes,
        clocks=tuple(each.becomes for each in found),
    )
    return (event,)
