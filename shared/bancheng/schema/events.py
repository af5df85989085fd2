"""The events of a case: what happened, in the past tense, as it stands in history for ever.

Owns the contract between the tiers: the union of all events and its encoding. A field may be added with a default;
none is renamed, removed or given another meaning: that is a new event type or a higher schema number.
"""

from __future__ import annotations

import msgspec

from bancheng.schema.custody_events import (
    Escalated,
    HandedDown,
    LateEntryFiled,
    LateOutcomeAdopted,
    LateOverruled,
    Received,
    Returned,
    TakenOver,
)
from bancheng.schema.event import (
    SYSTEM_STAFF,
    Actor,
    Agent,
    Channel,
    Event,
    HandoverCause,
    Outcome,
    Person,
    TakeoverCause,
)
from bancheng.schema.handling_events import (
    Accepted,
    AnswerGiven,
    Archived,
    AskAccepted,
    AskRefused,
    Classified,
    DeadlinePassed,
    DeadlineReminded,
    DeadlineWarned,
    Declined,
    DeclineProposed,
    DeclineRefused,
    DueChange,
    DuesRecomputed,
    DutyLeaderCalled,
    ExtensionApproved,
    ExtensionRefused,
    ExtensionRequested,
    NoteAdded,
    OutsideReplied,
    Paused,
    Redone,
    Registered,
    ReportedOutside,
    ResultProposed,
    ResultSentBack,
    ResultVerified,
    Resumed,
    Revisited,
    StruckOff,
    Withdrawn,
)
from bancheng.schema.intake_events import (
    Correction,
    DutyHandedOver,
    FileSubmitted,
    FormSigned,
    GuidanceIssued,
    JointPersonAdded,
    OtherNumberRecorded,
    PaperAttached,
    PaperRequired,
    PersonCorrected,
    PersonField,
    RequiredPaperCame,
    Sealed,
)
from bancheng.schema.remedy_events import (
    AidAnswered,
    AidOffered,
    BodyReplied,
    CauseCoded,
    FaultAttributed,
    LevelRaised,
    ObligationsMoved,
    OrderAnswered,
    OrderIssued,
    PassedToBody,
    PolicyToolUsed,
    ServiceBooked,
    ServiceRendered,
    StepRecorded,
    Urged,
)

__all__ = [
    "HANDOVERS",
    "SYSTEM_STAFF",
    "TERM_OPENERS",
    "Accepted",
    "Actor",
    "Agent",
    "AidAnswered",
    "AidOffered",
    "AnswerGiven",
    "Archived",
    "AskAccepted",
    "AskRefused",
    "BodyReplied",
    "CaseEvent",
    "CauseCoded",
    "Channel",
    "Classified",
    "Correction",
    "DeadlinePassed",
    "DeadlineReminded",
    "DeadlineWarned",
    "DeclineProposed",
    "DeclineRefused",
    "Declined",
    "DueChange",
    "DuesRecomputed",
    "DutyHandedOver",
    "DutyLeaderCalled",
    "Escalated",
    "Event",
    "ExtensionApproved",
    "ExtensionRefused",
    "ExtensionRequested",
    "FaultAttributed",
    "FileSubmitted",
    "FormSigned",
    "GuidanceIssued",
    "HandedDown",
    "HandoverCause",
    "JointPersonAdded",
    "LateEntryFiled",
    "LateOutcomeAdopted",
    "LateOverruled",
    "LevelRaised",
    "NoteAdded",
    "ObligationsMoved",
    "OrderAnswered",
    "OrderIssued",
    "OtherNumberRecorded",
    "Outcome",
    "OutsideReplied",
    "PaperAttached",
    "PaperRequired",
    "PassedToBody",
    "Paused",
    "Person",
    "PersonCorrected",
    "PersonField",
    "PolicyToolUsed",
    "Received",
    "RecordEvent",
    "Redone",
    "Registered",
    "ReportedOutside",
    "RequiredPaperCame",
    "ResultProposed",
    "ResultSentBack",
    "ResultVerified",
    "Resumed",
    "Returned",
    "Revisited",
    "Sealed",
    "ServiceBooked",
    "ServiceRendered",
    "StepRecorded",
    "StruckOff",
    "TakenOver",
    "TakeoverCause",
    "Urged",
    "Withdrawn",
    "decode_event",
    "encode_event",
    "papers_named",
]

RecordEvent = (
    FormSigned
    | FileSubmitted
    | PaperAttached
    | PaperRequired
    | RequiredPaperCame
    | GuidanceIssued
    | JointPersonAdded
    | OtherNumberRecorded
    | DutyHandedOver
    | Sealed
    | CauseCoded
    | PolicyToolUsed
    | ServiceBooked
    | ServiceRendered
    | AidOffered
    | AidAnswered
    | OrderIssued
    | OrderAnswered
    | PassedToBody
    | BodyReplied
    | LevelRaised
    | StepRecorded
    | FaultAttributed
    | Urged
    | ObligationsMoved
)
"""What is entered into a case beside its loop."""

CaseEvent = (
    Registered
    | Accepted
    | DeclineProposed
    | DeclineRefused
    | Declined
    | Classified
    | NoteAdded
    | Paused
    | Resumed
    | ExtensionRequested
    | ExtensionApproved
    | ExtensionRefused
    | AnswerGiven
    | ResultProposed
    | ResultVerified
    | ResultSentBack
    | Revisited
    | StruckOff
    | Redone
    | Withdrawn
    | Archived
    | Escalated
    | HandedDown
    | Returned
    | Received
    | TakenOver
    | LateEntryFiled
    | LateOutcomeAdopted
    | LateOverruled
    | DeadlineWarned
    | DeadlineReminded
    | DeadlinePassed
    | DutyLeaderCalled
    | DuesRecomputed
    | ReportedOutside
    | OutsideReplied
    | AskAccepted
    | AskRefused
    | PersonCorrected
    | RecordEvent
)

HANDOVERS = (Escalated, HandedDown, Returned)
"""The last event of a term: it grants the next."""
TERM_OPENERS = (Registered, Received, TakenOver)
"""The first event of a term."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[CaseEvent] = msgspec.json.Decoder(CaseEvent)


def encode_event(event: CaseEvent) -> bytes:
    """JSON, so that a stranger can read a history without this program."""
    return _encoder.encode(event)


def decode_event(payload: bytes) -> CaseEvent:
    """Raises msgspec.MsgspecError for an unknown type or a field that does not fit: the frame is deferred."""
    return _decoder.decode(payload)


def papers_named(event: CaseEvent) -> tuple[str, ...]:
    """The papers that come with an event: its frame's header names them, so that nobody need read the payload."""
    return (event.sha256,) if isinstance(event, PaperAttached) else ()
