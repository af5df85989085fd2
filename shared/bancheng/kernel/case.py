"""The state of a case, derived from its history.

Owns the form of the state; how it comes from events is `evolve`, what may be done is `decide`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.kernel.record import Record
from bancheng.schema.clocks import Clock, Grant
from bancheng.schema.events import Agent, Channel, Outcome, Person

Stage = Literal[
    "registered",
    "accepted",
    "decline_proposed",
    "in_hand",
    "result_proposed",
    "verified",
    "revisited",
    "struck_off",
    "declined",
    "withdrawn",
    "archived",
]
"""登记 · 受理 · 拟不予受理 · 在办 · 办结申请 · 已核查 · 已回访 · 销号 · 不予受理 · 撤回 · 归档."""

CLOSED_STAGES: frozenset[Stage] = frozenset({"struck_off", "declined", "withdrawn", "archived"})


class Position(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Where an entry stands: its term, the site that authored the term, and its number in it (from 1)."""

    term: int
    author: str
    seq: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The last entry of the main line."""

    position: Position
    hash: bytes


class LateEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A filed late entry. `decision` is open until the holder adopts or overrules it; `none` needs none."""

    event_hash: bytes
    late_type: str
    late_author: str
    late_unit: str
    late_at: datetime
    outcome: Outcome | None = None
    answer: str = ""
    decision: Literal["none", "open", "adopted", "overruled"]


class DeclineProposal(msgspec.Struct, frozen=True, kw_only=True):
    """否定答复报告 that waits for somebody else's approval."""

    ground: str
    explanation: str
    proposed_by: str


class ExtensionRequest(msgspec.Struct, frozen=True, kw_only=True):
    clock: str
    workdays: int
    reason: str
    asked_by: str


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A case as its main line says it stands.

    `holder_unit`/`holder_site` is the one whose duty it is: while `in_transit`, still the sender.
    `participants` are the sites that ever held it or were granted it, late entries included, by name: they are sent
    every entry. `unfiled_late` are the hashes of late entries that are known and that the holder has yet to put on
    record. `highest_term` is the highest that any known entry bears, late ones included: no site opens it again.
    `record` is what was entered beside the loop.
    """

    case_id: UUID
    number: str
    profile_edition: int
    registered_at: datetime
    registered_unit: str
    registered_site: str
    channel: Channel
    kind: str
    case_type: str
    title: str
    description: str
    person: Person
    stage: Stage
    holder_unit: str
    holder_site: str
    head: Head
    clocks: dict[str, Clock]
    participants: tuple[str, ...]
    highest_term: int = 1
    ground: str = ""
    outcome: Outcome | None = None
    answer: str = ""
    answered_at: datetime | None = None
    round: int = 1
    in_transit: Grant | None = None
    is_returning: bool = False
    came_from: tuple[str, str] | None = None
    returns: int = 0
    extension: ExtensionRequest | None = None
    late_entries: tuple[LateEntry, ...] = ()
    unfiled_late: tuple[bytes, ...] = ()
    answered_asks: tuple[UUID, ...] = ()
    decline: DeclineProposal | None = None
    result_proposed_by: str = ""
    reported_outside_at: datetime | None = None
    matter: str = ""
    department: str = ""
    complained_unit: str = ""
    is_restricted: bool = False
    agent: Agent | None = None
    received_on: date | None = None
    imported_from: str = ""
    progress_told_at: datetime | None = None
    record: Record = Record()

    @property
    def is_closed(self) -> bool:
        return self.stage in CLOSED_STAGES

    @property
    def term(self) -> int:
        return self.head.position.term

    def clock(self, name: str) -> Clock | None:
        return self.clocks.get(name)

    def has_open_late_decision(self) -> bool:
        """A closed case leaves nothing to decide."""
        return not self.is_closed and any(entry.decision == "open" for entry in self.late_entries)
