"""Late entries: what reached the holder after its term was cut is filed once, and decided if it could matter."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.case import Case, LateEntry
from bancheng.kernel.context import Context
from bancheng.kernel.history import NEVER_FILED
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards
from bancheng.kernel.rules.results import conclusion
from bancheng.schema import events as e
from bancheng.schema.clocks import HOLDER, LATE_DECISION, PERSON, PURSUIT, Clock

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
    e.JointPersonAdded,
)
"""A late answer, outcome, pause, extension or hand-over, or somebody who is to be answered as well. Not a late climb:
what cut it is that climb, fired above.
"""


def file_late_entry(command: c.FileLateEntry, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """Filed once: repeated, it is no event. A closed case still files, and leaves nothing to decide."""
    event = command.event
    known = any(entry.event_hash == command.event_hash for entry in case.late_entries)
    if known or isinstance(event, NEVER_FILED):
        return ()
    decides = not case.is_closed and _decides(event)
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


def _decides(event: e.CaseEvent) -> bool:
    """Whether it could change what the person is told: also what a department or another body came to."""
    match event:
        case e.OrderAnswered():
            return event.reply == "result"
        case e.BodyReplied():
            return event.done
        case _:
            return isinstance(event, DECIDES)


def _outcome_and_answer(event: e.CaseEvent) -> tuple[e.Outcome | None, str]:
    match event:
        case e.ResultProposed():
            return event.outcome, event.answer
        case e.AnswerGiven():
            # How it stands, or what one of several was told, is no answer that could stand for all.
            return None, event.text if event.answer_kind == "final" and not event.person_number else ""
        case e.OrderAnswered() | e.BodyReplied():
            return None, event.text
        case e.Declined():
            return "declined", event.explanation
        case e.Withdrawn():
            return "withdrawn", ""
        case _:
            return None, ""


TOLD = ("AnswerGiven", "Declined")
"""What the person was told. The answer of a proposed result is what the person would have been told."""
UNDONE: dict[str, tuple[Literal["outcome", "answer"], ...]] = {
    "ResultSentBack": ("outcome",),
    "Redone": ("outcome", "answer"),
}
"""What a late entry takes back of the entries before it."""


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
    the late site: its last outcome and its last answer count, unless it took them back itself.
    """
    guards.require_open(case)
    chosen = _open_entry(command.event_hash, case)
    story = [each for each in case.late_entries if each.late_author == chosen.late_author]
    outcome = _last(story, "outcome")
    answer = _last(story, "answer")
    clocks = list(_decided(case, chosen, context))
    if answer is not None:
        clocks += [_answered_then(clock, answer, context) for clock in guards.running(case, PERSON, PURSUIT)]
    if outcome is not None:
        clocks += [*_stopped(case, context, HOLDER), conclusion(case, context)]
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
    """The last undecided entry with an outcome, or with an answer that the person was given."""
    last: LateEntry | None = None
    for entry in story:
        if what in UNDONE.get(entry.late_type, ()):
            last = None
        elif entry.decision == "open" and (entry.outcome if what == "outcome" else _was_told(entry)):
            last = entry
    return last


def _was_told(entry: LateEntry) -> bool:
    return entry.late_type in TOLD and bool(entry.answer)


def _answered_then(clock: Clock, answer: LateEntry, context: Context) -> Clock:
    """The person was told at that time, not when the word of it arrived: an answer in time was never late."""
    stopped = limits.stop(clock, context.calendar, answer.late_at)
    return replace(stopped, passed_at=None) if answer.late_at <= clock.due_at else stopped


def _decided(case: Case, chosen: LateEntry, context: Context) -> tuple[Clock, ...]:
    """The limit of the decision stops, unless the story of another site still waits for one."""
    waiting = (each for each in case.late_entries if each.decision == "open" and each.late_author != chosen.late_author)
    return () if any(waiting) else _stopped(case, context, LATE_DECISION)


def overrule(command: c.OverruleLate, case: Case, context: Context) -> tuple[e.CaseEvent, ...]:
    """With a reason, and the duty to tell the person: the person's clock goes on."""
    guards.require_open(case)
    chosen = _open_entry(command.event_hash, case)
    event = e.LateOverruled(
        at=context.now,
        actor=context.actor,
        event_hash=chosen.event_hash,
        reason=command.reason,
        clocks=_decided(case, chosen, context),
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
