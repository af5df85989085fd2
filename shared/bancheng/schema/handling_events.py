"""Events of handling: from registration to the archive, with clocks, asks and deadlines.

Owns their form. What may follow what is the kernel's.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.schema.clocks import Clock
from bancheng.schema.event import Actor, Agent, Channel, Event, HandoverCause, Outcome, Person


class Registered(Event, frozen=True, kw_only=True):
    """登记. `profile_edition` is the edition the case keeps for good.

    `matter` is of the catalogue, `department` the unit concerned. `complained_unit` is whom a conduct case is about;
    a restricted case is kept from it. `received_on` is the day it first came in, where a former window registered it
    (`imported_from`, PA-R3): the person's clock counts from there. What that window had ended comes in as it ended
    there: `outcome`, `answer` and `ended_at`, and no clock. `on_duty` names who was on duty at the window that day and
    `was_on_duty` says whether whoever registered it was (NX-07); neither where nobody was on the roster.
    """

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
    matter: str = ""
    department: str = ""
    complained_unit: str = ""
    is_restricted: bool = False
    agent: Agent | None = None
    received_on: date | None = None
    imported_from: str = ""
    outcome: Outcome | None = None
    answer: str = ""
    ended_at: datetime | None = None
    level: str = ""
    on_duty: str = ""
    was_on_duty: bool | None = None
    clocks: tuple[Clock, ...]


class Accepted(Event, frozen=True, kw_only=True):
    """受理."""

    note: str = ""


class DeclineProposed(Event, frozen=True, kw_only=True):
    """否定答复报告: nobody says no without a report (NX-08)."""

    ground: str
    explanation: str
    department: str = ""


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
    """The person was told: what stops the person's clock. `person_number` 0: everyone who brought the matter.

    `answer_kind` progress: how it stands and why it is not done yet, then pursued (PZ-09, ST-04).
    """

    text: str
    channel: str
    answer_kind: Literal["final", "progress"] = "final"
    person_number: int = 0
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
    """值班长 or chief called to the case, with the reason. `called`: who was on duty then, by name (PZ-02)."""

    reason: str
    unit: str
    called: str = ""
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
    """What another site asked for was entered, as a deed of `asked_by`, just before this. `asked` names the command.

    `note_kind` and `text` are from when a note was all that could be asked for: then this entry was the note.
    """

    ask_id: UUID
    ask_hash: bytes
    asked_by: Actor
    asked_site: str
    asked: str = "AddNote"
    note_kind: Literal["progress", "supplement", "solution", "phone"] = "progress"
    text: str = ""


class AskRefused(Event, frozen=True, kw_only=True):
    """Refused with a code that its sender's page says in words; `parameters` are for those words.

    `reason` is from before there were parameters: the stage in which the case was closed.
    """

    ask_id: UUID
    ask_hash: bytes
    asked_site: str
    asked: str = "AddNote"
    code: str
    parameters: dict[str, str | int] = msgspec.field(default_factory=dict[str, str | int])
    reason: str = ""
