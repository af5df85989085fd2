"""Events of custody: handed over, received, taken over, and what came too late.

Owns the form of the entries on which the line of a case turns; the rules are the kernel's.
"""

from __future__ import annotations

from datetime import datetime

from bancheng.schema.clocks import Base, Clock, Grant
from bancheng.schema.event import Event, HandoverCause, Outcome, TakeoverCause


class Escalated(Event, frozen=True, kw_only=True):
    """上报: the last event of its term. `climb_id` (case, tier, term) makes firing twice one effect.

    `cannot_do`: why a tier did not do a matter that is sunk to it.
    """

    grant: Grant
    cause: HandoverCause
    reason: str
    climb_id: str
    clocks: tuple[Clock, ...]
    cannot_do: str = ""


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
