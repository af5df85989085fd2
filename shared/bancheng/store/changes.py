"""What one transaction writes about cases, as values.

Owns the shapes that `append` takes and what can be read off them: the projection's columns and the counts.
Must not know SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case, Head, Position
from bancheng.schema.clocks import CONCLUSION, HOLDER, PERSON
from bancheng.schema.events import (
    CaseEvent,
    CauseCoded,
    Declined,
    Escalated,
    FaultAttributed,
    GuidanceIssued,
    HandedDown,
    OrderIssued,
    OtherNumberRecorded,
    PersonCorrected,
    Received,
    Registered,
    Returned,
    StruckOff,
    TakenOver,
    Withdrawn,
)
from bancheng.schema.frames import Kind
from bancheng.store.gaps import gaps_of
from bancheng.store.signing import StoredEntry

PROJECTION: Final = 1
"""What this release writes of a case beside its state. A migration that adds to it counts it up, and the index of
what is behind (projecting.py) with it.
"""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A neighbour that is sent something, and as what."""

    peer: str
    kind: Kind


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for one neighbour. `position` and `event_hash` name the entry, which is not copied."""

    peer: str
    kind: Kind
    position: Position
    event_hash: bytes


class CaseChange(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one case: `before` is the head it was decided on (None: a new case), `case` the state after it.

    `entries` are all that are to be stored, late ones too. `act_at` is the next instant at which a clock wants
    something of this site, in domain time.
    """

    before: Head | None
    case: Case
    entries: tuple[StoredEntry, ...]
    outgoing: tuple[Outgoing, ...] = ()
    act_at: datetime | None = None


class IdempotencyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The response that stands for a key of a member of staff. `request_hash` tells a repeat from another request."""

    staff_id: str
    key: str
    request_hash: bytes
    status: int
    response: bytes


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did or looked at what. `detail` holds no personal data."""

    staff_id: str
    unit: str
    action: str
    case_id: UUID | None = None
    detail: str = ""


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a request leaves beside its cases, in the same statement."""

    idempotency: IdempotencyRecord | None = None
    audit: tuple[AuditRecord, ...] = ()


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """One more or less of `name` at `unit`."""

    name: str
    unit: str
    delta: int = 1


def due_at(case: Case, name: str) -> datetime | None:
    """When a running or paused clock of the case is due."""
    clock = case.clock(name)
    return None if clock is None or clock.state == "stopped" else clock.due_at


def held_until(case: Case) -> datetime | None:
    """The holder's present limit: for the matter itself, then for verifying, answering and revisiting."""
    return due_at(case, HOLDER) or due_at(case, CONCLUSION)


def projection(change: CaseChange) -> tuple[object, ...]:
    """The values of the projection's row, in the order of `append.CASE_COLUMNS`."""
    case = change.case
    head = case.head.position
    return (
        case.case_id, case.number, case.title, case.kind, case.case_type, case.stage, case.outcome, case.channel,
        case.registered_unit, case.registered_site, case.registered_at, case.holder_unit, case.holder_site,
        None if case.in_transit is None else case.in_transit.unit,
        head.term, head.author, head.seq, case.head.hash, due_at(case, PERSON), held_until(case), change.act_at,
        case.round, case.is_closed, case.has_open_late_decision(), case.complained_unit,
        case.is_restricted and not case.complained_unit, gaps_of(case), case.department,
        case.record.sealed_at is not None, PROJECTION, encode_state(case),
    )  # fmt: skip


def involved_units(change: CaseChange) -> Iterator[tuple[UUID, str, datetime]]:
    """Units that the new entries, late ones too, make part of the case beside whoever registered it."""
    case = change.case
    for entry in change.entries:
        for unit in _units_of(entry.event):
            if unit and unit not in {case.registered_unit, case.complained_unit}:
                yield (case.case_id, unit, case.registered_at)


def _units_of(event: CaseEvent) -> tuple[str, ...]:
    match event:
        case Received(unit=unit) | TakenOver(unit=unit):
            return (unit,)
        case Escalated(grant=grant) | HandedDown(grant=grant) | Returned(grant=grant):
            return (grant.unit,)
        case OrderIssued(to_unit=unit):
            return (unit,)
        case Registered(department=unit) | GuidanceIssued(department=unit):
            return (unit,)
        case FaultAttributed(unit=unit):
            return (unit,)
        case _:
            return ()


def given_numbers(change: CaseChange) -> Iterator[tuple[UUID, str]]:
    """Numbers that another system gave the case, by the new entries."""
    for entry in change.entries:
        if isinstance(entry.event, OtherNumberRecorded):
            yield (change.case.case_id, entry.event.number)


def given_names(change: CaseChange) -> Iterator[str]:
    """What the person is called by the new entries that correct it."""
    for entry in change.entries:
        if isinstance(entry.event, PersonCorrected):
            yield from (each.now for each in entry.event.corrections if each.field == "name")


def counts(change: CaseChange) -> Iterator[Count]:
    """What is counted of the entries that are on the main line; a late one counts nowhere.

    A case that complains of a unit is left out, since that unit may read the figures of those below it (XS-04).
    """
    if change.case.complained_unit:
        return
    for entry in main_entries(change):
        match entry.event:
            case Registered(unit=unit):
                yield Count(name="registered", unit=unit)
                if change.case.is_closed and entry.event.ended_at is not None:
                    yield Count(name="closed", unit=unit)
            case Escalated(actor=actor, cause=cause) if cause != "unit_closed":
                yield Count(name="escalated", unit=actor.unit)
            case Received(unit=unit) | TakenOver(unit=unit):
                yield Count(name="received", unit=unit)
            case StruckOff(actor=actor) | Declined(actor=actor) | Withdrawn(actor=actor):
                yield Count(name="closed", unit=actor.unit)
            case CauseCoded(actor=actor, cause=cause):
                yield Count(name=f"cause:{cause}", unit=actor.unit)
            case _:
                pass


def main_entries(change: CaseChange) -> Iterator[StoredEntry]:
    """The entries that the state stands on, walked back from its head."""
    by_hash = {entry.hash: entry for entry in change.entries}
    entry = by_hash.pop(change.case.head.hash, None)
    while entry is not None:
        yield entry
        entry = by_hash.pop(entry.header.prev_hash, None)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Case)


def encode_state(case: Case) -> bytes:
    return _encoder.encode(case)


def decode_state(state: bytes) -> Case:
    """Raises msgspec.MsgspecError for a state that this release cannot read."""
    return _decoder.decode(state)


def readable_state(state: bytes) -> Case | None:
    """None where `decode_state` raises: for walks, in which one case must not hold up the others."""
    try:
        return decode_state(state)
    except msgspec.MsgspecError:
        return None
