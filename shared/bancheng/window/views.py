"""What is shown of cases, to programs as JSON and to pages as it is.

Owns the shapes and how they are filled from states and entries. Must not know storage, HTTP or templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from bancheng.federation.delivery import Delivery
from bancheng.kernel.case import Case
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.history import Entry
from bancheng.schema.events import (
    SYSTEM_STAFF,
    Actor,
    CaseEvent,
    FormSigned,
    JointPersonAdded,
    PaperAttached,
    PersonCorrected,
    Registered,
)
from bancheng.store.ledger import LedgerRow
from bancheng.window.permissions import masked, masked_agent, masked_correction, masked_name


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit by its code, with the name that the directory gives it now (the code itself if it gives none)."""

    code: str
    name: str


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list: nothing about the person."""

    case_id: UUID
    number: str
    title: str
    kind: str
    case_type: str
    stage: str
    outcome: str | None
    channel: str
    registered_unit: UnitView
    registered_at: datetime
    holder_unit: UnitView
    in_transit_to: UnitView | None
    person_due_at: datetime | None
    holder_due_at: datetime | None
    round: int
    is_closed: bool
    has_open_late_decision: bool
    is_sealed: bool


class CaseList(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next` is what `after` takes to continue; null at the end."""

    cases: list[CaseRow]
    next: str | None


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the answer to "why this date?". `counted` is its running number, null for a day not counted."""

    day: date
    kind: str
    name: str
    counted: int | None
    provisional: bool


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. `days` is why it is due then; empty for a stopped one. `spent_workdays` is what is used by now.

    `left_workdays`: working days after today up to the due day; 0 on that day, negative once it is past.
    """

    name: str
    owner: UnitView
    nature: str
    state: str
    started_at: datetime
    limit_workdays: int
    used_workdays: int
    spent_workdays: int
    left_workdays: int
    due_at: datetime
    due_day: date
    provisional: bool
    is_over: bool
    paused_until: date | None
    stopped_at: datetime | None
    days: list[DayView]


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """One command: may it be given now, by this member of staff? If not, `code` and `reason` say why not.

    `is_asked`: somebody else holds the case, and is asked to enter it.
    """

    name: str
    allowed: bool
    is_asked: bool = False
    code: str = ""
    reason: str = ""
    next_step: str = ""


class LateView(msgspec.Struct, frozen=True, kw_only=True):
    """A late entry on record. `decision`: none (needs none), open, adopted or overruled."""

    event_hash: str
    type: str
    site: str
    unit: UnitView
    at: datetime
    decision: str
    outcome: str | None
    answer: str


class AskView(msgspec.Struct, frozen=True, kw_only=True):
    """What this site asked the holder to enter, and what came of it. `command` is its name in addresses, `details` what
    was said. A refusal has its code, in words `reason` and `next_step`.
    """

    ask_id: UUID
    asked_at: datetime
    command: str
    details: dict[str, object]
    state: Literal["sent", "accepted", "refused"]
    code: str = ""
    reason: str = ""
    next_step: str = ""


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody must look at. `case_id` is null for one about a link. `is_yours`: to acknowledge."""

    case_id: UUID | None
    kind: str
    raised_at: datetime
    detail: str
    is_yours: bool = False


class DeclineView(msgspec.Struct, frozen=True, kw_only=True):
    ground: str
    explanation: str


class ExtensionView(msgspec.Struct, frozen=True, kw_only=True):
    clock: str
    workdays: int
    reason: str


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the history: where it stands, who wrote it, what it says, and how far it has come on each link."""

    term: int
    site: str
    seq: int
    hash: str
    type: str
    at: datetime
    actor: Actor
    unit: UnitView
    by_system: bool
    details: dict[str, object]
    deliveries: list[Delivery]


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """`main` in order; `late` came after its term was cut; `unplaced` waits for what it stands on."""

    case_id: UUID
    main: list[EntryView]
    late: list[EntryView]
    unplaced: list[EntryView]


def unit_view(jurisdiction: Jurisdiction, code: str) -> UnitView:
    unit = jurisdiction.unit(code)
    return UnitView(code=code, name=unit.name if unit is not None else code)


def named_units(parameters: Mapping[str, str | int], jurisdiction: Jurisdiction) -> dict[str, str | int]:
    """The same parameters for a text: a unit's name instead of its code."""
    unit = jurisdiction.unit(str(parameters.get("unit", "")))
    return {**parameters, "unit": unit.name} if unit is not None else dict(parameters)


def case_row(row: LedgerRow, jurisdiction: Jurisdiction) -> CaseRow:
    return CaseRow(
        case_id=row.case_id,
        number=row.number,
        title=row.title,
        kind=row.kind,
        case_type=row.case_type,
        stage=row.stage,
        outcome=row.outcome,
        channel=row.channel,
        registered_unit=unit_view(jurisdiction, row.registered_unit),
        registered_at=row.registered_at,
        holder_unit=unit_view(jurisdiction, row.holder_unit),
        in_transit_to=None if row.in_transit_to is None else unit_view(jurisdiction, row.in_transit_to),
        person_due_at=row.person_due_at,
        holder_due_at=row.holder_due_at,
        round=row.round,
        is_closed=row.is_closed,
        has_open_late_decision=row.has_open_late_decision,
        is_sealed=row.is_sealed,
    )


def late_views(case: Case, jurisdiction: Jurisdiction) -> list[LateView]:
    return [
        LateView(
            event_hash=each.event_hash.hex(),
            type=each.late_type,
            site=each.late_author,
            unit=unit_view(jurisdiction, each.late_unit),
            at=each.late_at,
            decision=each.decision,
            outcome=each.outcome,
            answer=each.answer,
        )
        for each in case.late_entries
    ]


_ENVELOPE = ("type", "at", "actor", "clocks")


def entry_view(
    entry: Entry, jurisdiction: Jurisdiction, deliveries: Mapping[bytes, tuple[Delivery, ...]], *, hide_person: bool
) -> EntryView:
    """Clocks stay out: the case shows them as they stand now, and each entry would repeat them."""
    event = entry.event
    if hide_person:
        event = _without_names(event)
    plain = cast("dict[str, object]", msgspec.to_builtins(event, builtin_types=(datetime, date, bytes)))
    actor = event.actor
    return EntryView(
        term=entry.position.term,
        site=entry.position.author,
        seq=entry.position.seq,
        hash=entry.hash.hex(),
        type=type(event).__name__,
        at=event.at,
        actor=actor,
        unit=unit_view(jurisdiction, actor.unit),
        by_system=actor.staff == SYSTEM_STAFF,
        details={name: _readable(value) for name, value in plain.items() if name not in _ENVELOPE},
        deliveries=list(deliveries.get(entry.hash, ())),
    )


def _without_names(event: CaseEvent) -> CaseEvent:
    """For who need not know whose matter it is."""
    match event:
        case Registered():
            agent = None if event.agent is None else masked_agent(event.agent)
            return msgspec.structs.replace(event, person=masked(event.person), agent=agent)
        case JointPersonAdded():
            return msgspec.structs.replace(event, person=masked(event.person))
        case PersonCorrected():
            return masked_correction(event)
        case FormSigned():
            return msgspec.structs.replace(event, signer=masked_name(event.signer))
        case PaperAttached():
            return msgspec.structs.replace(event, name="")
        case _:
            return event


def _readable(value: Any) -> object:
    """Hashes as hex, at any depth."""
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {str(name): _readable(inner) for name, inner in cast("dict[object, object]", value).items()}
        case list():
            return [_readable(inner) for inner in cast("list[object]", value)]
        case _:
            return cast("object", value)
