"""What may be asked of a case, in the imperative. `decide` answers each with events or a refusal.

Owns the inputs and their bounds (lengths in characters). Tuples of these structs are also the JSON API's bodies.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from bancheng.kernel.asking import AnswerAsk
from bancheng.kernel.command import Body, Command, Key, Rating, Reason, Title, Workdays
from bancheng.kernel.record_commands import (
    AddJointPerson,
    AddNote,
    AnswerOrder,
    AttachPaper,
    AttributeFault,
    BookService,
    CodeCause,
    CompleteService,
    CorrectPerson,
    HandOverDuty,
    IssueGuidance,
    IssueOrder,
    OfferAid,
    PassToBody,
    RaiseLevel,
    RecordAidAnswer,
    RecordBodyReply,
    RecordCommand,
    RecordOtherNumber,
    RecordRequiredPaper,
    RecordStep,
    RequirePaper,
    Seal,
    SignForm,
    SubmitFile,
    Urge,
    UsePolicyTool,
)
from bancheng.schema.events import Agent, CaseEvent, Channel, Outcome, Person, TakeoverCause

__all__ = [
    "Accept",
    "AddJointPerson",
    "AddNote",
    "AdoptLateOutcome",
    "AnswerAsk",
    "AnswerOrder",
    "AnyCommand",
    "ApproveDecline",
    "ApproveExtension",
    "Archive",
    "AttachPaper",
    "AttributeFault",
    "Body",
    "BookService",
    "CallDutyLeader",
    "Classify",
    "CodeCause",
    "Command",
    "CompleteService",
    "CorrectPerson",
    "Escalate",
    "FileLateEntry",
    "GiveAnswer",
    "HandDown",
    "HandOverDuty",
    "IssueGuidance",
    "IssueOrder",
    "Key",
    "LeaveClosedUnit",
    "OfferAid",
    "OverruleLate",
    "PassDeadline",
    "PassToBody",
    "Pause",
    "ProposeDecline",
    "ProposeResult",
    "RaiseLevel",
    "Rating",
    "Reason",
    "Receive",
    "RecomputeDues",
    "RecordAidAnswer",
    "RecordBodyReply",
    "RecordCommand",
    "RecordOtherNumber",
    "RecordOutsideReply",
    "RecordRequiredPaper",
    "RecordStep",
    "RefuseDecline",
    "RefuseExtension",
    "Register",
    "RequestExtension",
    "RequirePaper",
    "Resume",
    "Return",
    "Revisit",
    "Seal",
    "SendBackResult",
    "SignForm",
    "StrikeOff",
    "SubmitFile",
    "TakeBack",
    "TakeOver",
    "Title",
    "Urge",
    "UsePolicyTool",
    "VerifyResult",
    "Withdraw",
    "Workdays",
]


class Register(Command, frozen=True, kw_only=True):
    """登记. `unit` is where the person came; `case_id`, `number` and who was on duty are given by the window.

    `received_on` and `imported_from` are for what a former window registered; `ended_on`, `outcome` and `answer` where
    it ended it too.
    """

    case_id: UUID
    number: str
    unit: Key
    channel: Channel
    kind: Key
    case_type: Key
    title: Title
    description: Body
    person: Person
    ground: str = ""
    matter: Annotated[str, Meta(max_length=64)] = ""
    department: Annotated[str, Meta(max_length=64)] = ""
    complained_unit: Annotated[str, Meta(max_length=64)] = ""
    is_restricted: bool = False
    agent: Agent | None = None
    received_on: date | None = None
    imported_from: Annotated[str, Meta(max_length=64)] = ""
    ended_on: date | None = None
    outcome: Outcome | None = None
    answer: Annotated[str, Meta(max_length=4000)] = ""
    on_duty: str = ""
    was_on_duty: bool | None = None


class Accept(Command, frozen=True, kw_only=True):
    note: Annotated[str, Meta(max_length=1000)] = ""


class ProposeDecline(Command, frozen=True, kw_only=True):
    """否定答复报告. `department`: the one concerned, where an exclusion asks for it."""

    ground: Key
    explanation: Body
    department: Annotated[str, Meta(max_length=64)] = ""


class ApproveDecline(Command, frozen=True, kw_only=True):
    pass


class RefuseDecline(Command, frozen=True, kw_only=True):
    reason: Reason


class Classify(Command, frozen=True, kw_only=True):
    kind: Key
    case_type: Key


class Pause(Command, frozen=True, kw_only=True):
    """A named pause: `until` is the last day of it."""

    reason: Key
    until: date


class Resume(Command, frozen=True, kw_only=True):
    pass


class RequestExtension(Command, frozen=True, kw_only=True):
    clock: Literal["person", "holder"] = "holder"
    workdays: Workdays
    reason: Reason


class ApproveExtension(Command, frozen=True, kw_only=True):
    pass


class RefuseExtension(Command, frozen=True, kw_only=True):
    reason: Reason


class GiveAnswer(Command, frozen=True, kw_only=True):
    """答复. `person_number` 0: everyone who brought the matter, else one of those who joined."""

    text: Body
    channel: Literal["desk", "phone", "letter", "platform"] = "phone"
    answer_kind: Literal["final", "progress"] = "final"
    person_number: Annotated[int, Meta(ge=0, le=1000)] = 0


class ProposeResult(Command, frozen=True, kw_only=True):
    outcome: Literal["solved", "partly_solved", "cannot_be_done", "handed_to_other_body"]
    answer: Body


class VerifyResult(Command, frozen=True, kw_only=True):
    note: Annotated[str, Meta(max_length=1000)] = ""


class SendBackResult(Command, frozen=True, kw_only=True):
    reason: Reason


class Revisit(Command, frozen=True, kw_only=True):
    """回访. Not satisfied opens the next round."""

    satisfied: bool
    rating: Rating
    comment: Annotated[str, Meta(max_length=2000)] = ""
    channel: Literal["desk", "phone", "visit", "platform"] = "phone"


class StrikeOff(Command, frozen=True, kw_only=True):
    pass


class Withdraw(Command, frozen=True, kw_only=True):
    reason: Reason


class Archive(Command, frozen=True, kw_only=True):
    pass


class Escalate(Command, frozen=True, kw_only=True):
    """上报 to the next tier that the tenant has; above the top it is reported outside.

    `cannot_do`: what keeps this tier from doing a matter that is its own (XS-03).
    """

    reason: Reason
    cannot_do: Annotated[str, Meta(max_length=1000)] = ""


class HandDown(Command, frozen=True, kw_only=True):
    to_unit: Key
    reason: Reason
    limit_workdays: Workdays | None = None


class Return(Command, frozen=True, kw_only=True):
    """退回 to the unit that the case came from."""

    reason: Reason


class Receive(Command, frozen=True, kw_only=True):
    """签收, by the site that the hand-over names."""


class TakeOver(Command, frozen=True, kw_only=True):
    """The parent's: the holder is silent past its due date and margin, or a hand-down was not received."""

    cause: TakeoverCause


class TakeBack(Command, frozen=True, kw_only=True):
    """收回 by hand, by the parent that handed it down or watches it."""

    reason: Reason


class FileLateEntry(Command, frozen=True, kw_only=True):
    """Put a late entry on record: the entry as it came, and the hash that names it."""

    event_hash: bytes
    author: str
    event: CaseEvent


class AdoptLateOutcome(Command, frozen=True, kw_only=True):
    """`event_hash` is hex. The outcome and the answer are those that were filed."""

    event_hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class OverruleLate(Command, frozen=True, kw_only=True):
    event_hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    reason: Reason


class PassDeadline(Command, frozen=True, kw_only=True):
    """The clock's: act on every rung that is due at `context.now`. Harmless when repeated.

    `called` is as in CallDutyLeader, for the holder's unit, should a rung call the duty leader.
    """

    called: str = ""


class CallDutyLeader(Command, frozen=True, kw_only=True):
    """`called` is who is on duty at this moment, as the window's roster says; empty where it says nobody."""

    reason: Reason
    called: str = ""


class LeaveClosedUnit(Command, frozen=True, kw_only=True):
    """The holder's unit was closed or merged: the case goes to the unit that follows it (PA-01)."""


class RecomputeDues(Command, frozen=True, kw_only=True):
    """A calendar arrived."""


class RecordOutsideReply(Command, frozen=True, kw_only=True):
    text: Body


AnyCommand = (
    Register
    | Accept
    | ProposeDecline
    | ApproveDecline
    | RefuseDecline
    | Classify
    | AddNote
    | Pause
    | Resume
    | RequestExtension
    | ApproveExtension
    | RefuseExtension
    | GiveAnswer
    | ProposeResult
    | VerifyResult
    | SendBackResult
    | Revisit
    | StrikeOff
    | Withdraw
    | Archive
    | Escalate
    | HandDown
    | Return
    | Receive
    | TakeOver
    | TakeBack
    | FileLateEntry
    | AdoptLateOutcome
    | OverruleLate
    | PassDeadline
    | CallDutyLeader
    | RecomputeDues
    | LeaveClosedUnit
    | RecordOutsideReply
    | AnswerAsk
    | RecordCommand
)
