"""Which milestone an event reaches: what step obligations count from and end with.

Owns that table and keeps when each was last reached. What is owed after which is the profile's.
"""

from __future__ import annotations

from msgspec.structs import replace

from bancheng.kernel.record import Record
from bancheng.schema import events as e
from bancheng.schema.clocks import STEP_PREFIX


def milestone_of(event: e.CaseEvent) -> str | None:
    """One of MILESTONES, or `step:<key>` for a step of the tenant's; None for an event that is none."""
    match event:
        case e.StepRecorded():
            return STEP_PREFIX + event.step
        case e.OrderAnswered():
            return "order_done" if event.reply == "result" else "order_reported"
        case e.AnswerGiven():
            if event.person_number:
                return None
            return "answered" if event.answer_kind == "final" else "progress_told"
        case e.BodyReplied():
            return "body_done" if event.done else None
        case _:
            return _BY_TYPE.get(type(event))


_BY_TYPE: dict[type[e.CaseEvent], str] = {
    e.Registered: "registered",
    e.FormSigned: "signed",
    e.FileSubmitted: "file_submitted",
    e.GuidanceIssued: "guided",
    e.Accepted: "accepted",
    e.Classified: "classified",
    e.OrderIssued: "ordered",
    e.ResultProposed: "result_proposed",
    e.ResultSentBack: "sent_back",
    e.ResultVerified: "verified",
    e.Revisited: "revisited",
    e.Redone: "redone",
    e.PassedToBody: "passed_to_body",
    e.Received: "received",
    e.TakenOver: "received",
    e.ReportedOutside: "reported_outside",
    e.OutsideReplied: "outside_replied",
    e.StruckOff: "closed",
    e.Declined: "closed",
    e.Withdrawn: "closed",
}


def reached(record: Record, event: e.CaseEvent) -> Record:
    """The record with the instant at which the event's milestone was reached, if it is one."""
    milestone = milestone_of(event)
    return record if milestone is None else replace(record, milestones={**record.milestones, milestone: event.at})
