"""The events of a case: what happened, in the past tense, as it stands in history for ever.

Owns the contract between the tiers. A field may be added with a default; none is renamed, removed or given
another meaning: that is a new event type or a higher schema number. Knows no rule.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.schema.clocks import Base, Clock, Grant

Outcome = Literal["solved", "partly_solved", "cannot_be_done", "handed_to_other_body", "declined", "withdrawn"]
"""办成 · 部分办成 · 不能办并已说明 · 转其他机构 · 不予受理 · 撤回: kept apart, never one "closed" (PA-06)."""
HandoverCause = Literal["hand", "deadline"]
TakeoverCause = Literal["silence", "take_back"]
Channel = Literal["desk", "phone", "platform", "visit", "supervision_station", "handed_over"]

SYSTEM_STAFF = "system"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it: the staff id, the name as it stood then, and the unit acted for. `system` is the clock."""

    staff: str
    name: str
    unit: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """反映人: the person whose matter it is. Personal data: never in logs, masked for those who need not see it."""

    name: str
    phone: str = ""
    identity_number: str = ""
    address: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """What every event has: the domain instant at which it happened and who did it."""

    at: datetime
    actor: Actor


class Registered(Event, frozen=True, kw_only=True):
    """登记. `profile_edition` is the edition the case keeps for good."""

    case_id: UUID
    number: str
    unit: str
    site: str
    profile_edition: int
    channel: Channel
    kind: str
    case_type: str
    title: str
    description: str
    person: Person
    ground: str = ""
    clocks: tuple[Clock, ...]


class Accepted(Event, frozen=True, kw_only=True):
    """受理."""

    note: str = ""


class DeclineProposed(Event, frozen=True, kw_only=True):
    """否定答复报告: nobody says no without a report (NX-08)."""

    ground: str
    explanation: str


class DeclineRefused(Event, frozen=True, kw_only=True):
    """The one who had to approve the "no" did not."""

    reason: str


class Declined(Event, frozen=True, kw_only=True):
    """不予受理, with the explanation the person gets in writing (PA-03)."""

    ground: str
    explanation: str
    clocks: tuple[Clock, ...]


class Classified(Event, frozen=True, kw_only=True):
    """研判: type and kind settled. The start of the person's clock stays (PA-05)."""

    kind: str
    case_type: str
    clocks: tuple[Clock, ...]


class NoteAdded(Event, frozen=True, kw_only=True):
    """办理记录. `note_kind`: progress, supplement (by the person), solution, phone."""

    note_kind: Literal["progress", "supplement", "solution", "phone"]
    text: str


class Paused(Event, frozen=True, kw_only=True):
    """A named pause with an owner and an end."""

    reason: str
    owner: str
    until: date
    clocks: tuple[Clock, ...]


class Resumed(Event, frozen=True, kw_only=True):
    clocks: tuple[Clock, ...]


class ExtensionRequested(Event, frozen=True, kw_only=True):
    """Asked for before expiry (ST-05)."""

    clock: str
    workdays: int
    reason: str
    old_due_at: datetime


class ExtensionApproved(Event, frozen=True, kw_only=True):
    """Approved by somebody else; old and new date are kept (ST-05)."""

    clock: str
    workdays: int
    old_due_at: datetime
    new_due_at: datetime
    clocks: tuple[Clock, ...]


class ExtensionRefused(Event, frozen=True, kw_only=True):
    clock: str
    reason: str


class AnswerGiven(Event, frozen=True, kw_only=True):
    """The person was told: what stops the person's clock."""

    text: str
    channel: str
    clocks: tuple[Clock, ...]


class ResultProposed(Event, frozen=True, kw_only=True):
    """办结申请, with the outcome and what the person is told."""

    outcome: Outcome
    answer: str
    clocks: tuple[Clock, ...] = ()


class ResultVerified(Event, frozen=True, kw_only=True):
    """核查."""

    note: str = ""


class ResultSentBack(Event, frozen=True, kw_only=True):
    reason: str
    clocks: tuple[Clock, ...] = ()


class Revisited(Event, frozen=True, kw_only=True):
    """回访. `rating` is 1 to 5."""

    satisfied: bool
    rating: int
    comment: str = ""
    channel: str = "phone"


class StruckOff(Event, frozen=True, kw_only=True):
    """销号: done, answered and revisited (PA-10)."""

    clocks: tuple[Clock, ...]


class Redone(Event, frozen=True, kw_only=True):
    """重办: round n + 1, because the person was not satisfied. The person's clock is not reset."""

    round: int
    reason: str
    clocks: tuple[Clock, ...]


class Withdrawn(Event, frozen=True, kw_only=True):
    """撤回, by the person's wish."""

    reason: str
    clocks: tuple[Clock, ...]


class Archived(Event, frozen=True, kw_only=True):
    """归档."""


class Escalated(Event, frozen=True, kw_only=True):
    """上报: the last event of its term. `climb_id` (case, tier, term) makes firing twice one effect."""

    grant: Grant
    cause: HandoverCause
    reason: str
    climb_id: str
    clocks: tuple[Clock, ...]


class HandedDown(Event, frozen=True, kw_only=True):
    """下交: the last event of its term."""

    grant: Grant
    reason: str
    clocks: tuple[Clock, ...]


class Returned(Event, frozen=True, kw_only=True):
    """退回 to whom it came from: the last event of its term. `count` is how often this case came back."""

    grant: Grant
    reason: str
    count: int
    clocks: tuple[Clock, ...]


class Received(Event, frozen=True, kw_only=True):
    """签收: the first event of a term that a hand-over granted."""

    unit: str
    site: str
    base: Base
    clocks: tuple[Clock, ...]


class TakenOver(Event, frozen=True, kw_only=True):
    """The first event of a term that the direct parent of the holder's site took. `depth` is the author's
    distance from the top tier (0 is the top): of two takeovers of one base the one nearer the top stands.
    """

    unit: str
    site: str
    base: Base
    cause: TakeoverCause
    reason: str = ""
    depth: int
    climb_id: str
    clocks: tuple[Clock, ...]


class LateEntryFiled(Event, frozen=True, kw_only=True):
    """An entry that reached the holder after its term was cut, filed once. `decides` opens a late decision."""

    event_hash: bytes
    late_type: str
    late_author: str
    late_unit: str
    late_at: datetime
    decides: bool
    outcome: Outcome | None = None
    answer: str = ""
    clocks: tuple[Clock, ...] = ()


class LateOutcomeAdopted(Event, frozen=True, kw_only=True):
    """The late outcome stands at its own time; the lateness is charged to the link and not to the unit."""

    event_hash: bytes
    outcome: Outcome | None
    answer: str
    decided_at: datetime
    decided_by: str
    clocks: tuple[Clock, ...]


class LateOverruled(Event, frozen=True, kw_only=True):
    """With a reason and the duty to tell the person."""

    event_hash: bytes
    reason: str
    clocks: tuple[Clock, ...]


class DeadlineWarned(Event, frozen=True, kw_only=True):
    clock: str
    due_at: datetime
    clocks: tuple[Clock, ...]


class DeadlineReminded(Event, frozen=True, kw_only=True):
    clock: str
    due_at: datetime
    clocks: tuple[Clock, ...]


class DeadlinePassed(Event, frozen=True, kw_only=True):
    """The limit is over. `owner` is who owed it."""

    clock: str
    owner: str
    due_at: datetime
    clocks: tuple[Clock, ...]


class DutyLeaderCalled(Event, frozen=True, kw_only=True):
    """值班长 or chief called to the case, with the reason."""

    reason: str
    unit: str
    clocks: tuple[Clock, ...] = ()


class DueChange(msgspec.Struct, frozen=True, kw_only=True):
    clock: str
    old_due_at: datetime
    new_due_at: datetime


class DuesRecomputed(Event, frozen=True, kw_only=True):
    """A calendar arrived; every date that moved keeps its old one."""

    calendar_edition: int
    changes: tuple[DueChange, ...]
    clocks: tuple[Clock, ...]


class ReportedOutside(Event, frozen=True, kw_only=True):
    """Above the top tier: reported to an outside authority and followed (NX-06)."""

    authority: str
    cause: HandoverCause
    reason: str
    clocks: tuple[Clock, ...] = ()


class OutsideReplied(Event, frozen=True, kw_only=True):
    authority: str
    text: str


class AskAccepted(Event, frozen=True, kw_only=True):
    """What another site asked the holder to enter, entered by the holder. `asked_by` wrote it."""

    ask_id: UUID
    ask_hash: bytes
    asked_by: Actor
    asked_site: str
    note_kind: Literal["progress", "supplement", "solution", "phone"]
    text: str


class AskRefused(Event, frozen=True, kw_only=True):
    """Refused with a reason that its sender's page shows."""

    ask_id: UUID
    ask_hash: bytes
    asked_site: str
    code: str
    reason: str


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
