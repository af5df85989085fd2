"""What may be entered into a case's record beside the loop: forms, papers, causes, remedies, orders, steps, faults.

Owns the inputs and their bounds (lengths in characters). The loop itself is commands.py's.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from bancheng.kernel.command import Body, Command, Key, Name, Number, Reason, Remark, Said, Sha256, Workdays
from bancheng.schema.intake_events import PaperKind, SignatureMethod
from bancheng.schema.remedy_events import FaultSide, OrderReplyKind

PaperHash = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
"""Hex SHA-256 of a paper of this case, or empty."""
ServicePlace = Literal["phone", "message", "paper", "in_person"]


class AddNote(Command, frozen=True, kw_only=True):
    note_kind: Literal["progress", "supplement", "solution", "phone"] = "progress"
    text: Body


class SignForm(Command, frozen=True, kw_only=True):
    """签收 by the applicant or who acts for them."""

    method: SignatureMethod
    signer: Name
    paper: PaperHash = ""


class SubmitFile(Command, frozen=True, kw_only=True):
    """资料提交 to the working group."""

    note: Remark = ""


class AttachPaper(Command, frozen=True, kw_only=True):
    """A paper whose bytes are stored. Given by the window, which has read them, never by a person's body."""

    sha256: Sha256
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    media_type: Annotated[str, Meta(min_length=1, max_length=100)]
    size: Annotated[int, Meta(ge=1)]
    paper_kind: PaperKind = "other"


class RequirePaper(Command, frozen=True, kw_only=True):
    """容缺受理: name a paper that is missing and the day it is due."""

    name: Name
    due_on: date


class RecordRequiredPaper(Command, frozen=True, kw_only=True):
    number: Number
    paper: PaperHash = ""


class IssueGuidance(Command, frozen=True, kw_only=True):
    """受理指导意见书 by the department, or entered for it."""

    department: Key
    documents: Body
    conditions: Remark = ""
    said_by: Said = ""
    said_how: ServicePlace | Literal[""] = ""
    paper: PaperHash = ""


class AddJointPerson(Command, frozen=True, kw_only=True):
    name: Name
    phone: Annotated[str, Meta(max_length=32)] = ""
    identity_number: Annotated[str, Meta(max_length=32)] = ""
    address: Annotated[str, Meta(max_length=300)] = ""


class CorrectPerson(Command, frozen=True, kw_only=True):
    """更正反映人信息: what was mistyped, as it is right. A field that is left out stays; an empty one is emptied."""

    name: Name | None = None
    phone: Annotated[str, Meta(max_length=32)] | None = None
    identity_number: Annotated[str, Meta(max_length=32)] | None = None
    address: Annotated[str, Meta(max_length=300)] | None = None
    reason: Reason


class RecordOtherNumber(Command, frozen=True, kw_only=True):
    system: Name
    number: Annotated[str, Meta(min_length=1, max_length=64)]


class HandOverDuty(Command, frozen=True, kw_only=True):
    """To a colleague of the same unit; B may stand in for A without it, and every act says who did it."""

    to_staff: Key
    to_name: Name
    reason: Reason


class Seal(Command, frozen=True, kw_only=True):
    """盖章 “办NO.成事”."""

    note: Remark = ""


class CodeCause(Command, frozen=True, kw_only=True):
    cause: Key
    note: Remark = ""


class UsePolicyTool(Command, frozen=True, kw_only=True):
    tool: Key
    basis: Reason


class BookService(Command, frozen=True, kw_only=True):
    form: Key
    on: date
    helper: Said = ""
    note: Remark = ""


class CompleteService(Command, frozen=True, kw_only=True):
    number: Number
    took_place: bool
    note: Remark = ""


class OfferAid(Command, frozen=True, kw_only=True):
    programme: Key
    note: Remark = ""


class RecordAidAnswer(Command, frozen=True, kw_only=True):
    number: Number
    taken_up: bool
    note: Remark = ""


class IssueOrder(Command, frozen=True, kw_only=True):
    """To a department. Without a limit of its own, the profile's for the type of the case."""

    to_unit: Key
    request: Body
    handler: Said = ""
    limit_workdays: Workdays | None = None


class AnswerOrder(Command, frozen=True, kw_only=True):
    """By the department itself, or entered for it: then `said_by` and `said_how` say who answered and how."""

    number: Number
    reply: OrderReplyKind
    text: Body
    said_by: Said = ""
    said_how: ServicePlace | Literal[""] = ""
    paper: PaperHash = ""


class PassToBody(Command, frozen=True, kw_only=True):
    body: Name
    helper: Name
    reason: Reason
    limit_workdays: Workdays | None = None


class RecordBodyReply(Command, frozen=True, kw_only=True):
    number: Number
    text: Body
    done: bool


class RaiseLevel(Command, frozen=True, kw_only=True):
    level: Key
    reason: Reason


class RecordStep(Command, frozen=True, kw_only=True):
    step: Key
    by_unit: Annotated[str, Meta(max_length=64)] = ""
    note: Remark = ""
    said_by: Said = ""
    said_how: ServicePlace | Literal[""] = ""
    paper: PaperHash = ""


class AttributeFault(Command, frozen=True, kw_only=True):
    """`order_number` names the department's answer (0: the case has none); what the person was told is the case's."""

    side: FaultSide
    unit: Annotated[str, Meta(max_length=64)] = ""
    order_number: Annotated[int, Meta(ge=0, le=1000)] = 0
    staff_name: Said = ""
    opinion: Reason


class Urge(Command, frozen=True, kw_only=True):
    text: Reason
    wants: Annotated[str, Meta(max_length=64)] = ""


RecordCommand = (
    SignForm
    | SubmitFile
    | AttachPaper
    | RequirePaper
    | RecordRequiredPaper
    | IssueGuidance
    | AddJointPerson
    | CorrectPerson
    | RecordOtherNumber
    | HandOverDuty
    | Seal
    | CodeCause
    | UsePolicyTool
    | BookService
    | CompleteService
    | OfferAid
    | RecordAidAnswer
    | IssueOrder
    | AnswerOrder
    | PassToBody
    | RecordBodyReply
    | RaiseLevel
    | RecordStep
    | AttributeFault
    | Urge
)
