"""Late entries: what reached the holder after its term was cut is filed once, and decided if it could matter."""

from __future__ import annotations

from typing import Literal

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case, LateEntry
from bancheng.kernel.context import Context
from bancheng.kernel.history import NEVER_FILED
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards
from bancheng.kernel.rules.results import conclusion
from bancheng.schema import events as e
from bancheng.schema.clocks import CONCLUSION, HOLDER, LATE_DECISION, PERSON, Clock

DECIDES = (
    e.AnswerGiven,
    e.ResultProposed,
    e.Declined,
    e.Withdrawn,
    e.StruckOff,
    e.Paused,
    e.ExtensionApproved,
    e.HandedDown,
    e.Returned,
)
"""A late answer, outcome, pause, extension or hand-over. A late climb to the site that took over is the same climb."""


def file_late_entry(command: c.FileLateEntry, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Filed once: repeated, it is no event. A closed case still files, and leaves nothing to decide."""
    event = command.event
    known = any(entry.event_hash == command.event_hash for entry in case.late_entries)
    if known or isinstance(event, NEVER_FILED):
        return ()
    climbed_elsewhere = isinstance(event, e.Escalated) and event.grant.site != context.site
    decides = not case.is_closed and (isinstance(event, DECIDES) or climbed_elsewhere)
    outcome, answer = _outcome_and_answer(event)
    clock = case.clock(LATE_DECISION)
    opens = decides and (clock is None or clock.state == "stopped")
    filed = e.LateEntryFiled(
        at=context.now,
        actor=context.actor,
        event_hash=command.event_hash,
        late_type=type(event).__name__,
        late_author=command.author,
        late_unit=event.actor.unit,
        late_at=event.at,
        decides=decides,
        outcome=outcome,
        answer=answer,
        clocks=(_decision_clock(case, context),) if opens else (),
    )
    return (filed,)


def _outcome_and_answer(event: e.CaseEvent) -> tuple[e.Outcome | None, str]:
    match event:
        case e.ResultProposed():
            return event.outcome, event.answer
        case e.AnswerGiven():
            return None, event.text
        case e.Declined():
            return "declined", event.explanation
        case e.Withdrawn():
            return "withdrawn", ""
        case _:
            return None, ""


def _decision_clock(case: Case, context: Context) -> Clock:
    return limits.start(
        LATE_DECISION,
        owner=case.holder_unit,
        at=context.now,
        limit_workdays=context.profile.late_decision_workdays,
        profile=context.profile,
        calendar=context.calendar,
    )


def adopt(command: c.AdoptLateOutcome, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """The late outcome stands at its own time; the return visit follows. One decision settles the whole story of
    the late site: its last outcome and its last answer count.
    """
    guards.require_open(case)
    chosen = _open_entry(command.event_hash, case)
    story = [entry for entry in case.late_entries if entry.late_author == chosen.late_author]
    outcome = _last(story, "outcome")
    answer = _last(story, "answer")
    clocks = list(_stopped(case, context, LATE_DECISION))
    if answer is not None:
        clocks += [_answered_then(clock, answer, context) for clock in guards.running(case, PERSON)]
    if outcome is not None:
        clocks += [*_stopped(case, context, HOLDER, CONCLUSION), conclusion(case, context)]
    adopted = e.LateOutcomeAdopted(
        at=context.now,
        actor=context.actor,
        event_hash=chosen.event_hash,
        outcome=outcome.outcome if outcome is not None else None,
        answer=answer.answer if answer is not None else "",
        decided_at=(answer or outcome or chosen).late_at,
        decided_by=chosen.late_unit,
        clocks=tuple(clocks),
    )
    return (adopted,)


def _last(story: list[LateEntry], what: Literal["outcome", "answer"]) -> LateEntry | None:
    return next((entry for entry in reversed(story) if getattr(entry, what)), None)


def _answered_then(clock: Clock, answer: LateEntry, context: Context) -> Clock:
    """The person was told at that time, not when the word of it arrived."""
    return limits.stop(clock, context.calendar, answer.late_at)


def overrule(command: c.OverruleLate, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """With a reason, and the duty to tell the person: the person's clock goes on."""
    guards.require_open(case)
    chosen = _open_entry(command.event_hash, case)
    event = e.LateOverruled(
        at=context.now,
        actor=context.actor,
        event_hash=chosen.event_hash,
        reason=command.reason,
        clocks=_stopped(case, context, LATE_DECISION),
    )
    return (event,)


def _open_entry(event_hash: str, case: Case) -> LateEntry:
    wanted = bytes.fromhex(event_hash)
    entry = next((each for each in case.late_entries if each.event_hash == wanted), None)
    if entry is None:
        raise Rejected("late.unknown_entry", field="event_hash")
    if entry.decision != "open":
        raise Rejected("late.nothing_to_decide", field="event_hash")
    return entry


def _stopped(case: Case, context: Context, *names: str) -> tuple[Clock, ...]:
    return tuple(limits.stop(clock, context.calendar, context.now) for clock in guards.running(case, *names))
