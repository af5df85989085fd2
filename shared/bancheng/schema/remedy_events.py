"""Events of what is done about a matter: causes, tools, aid, services, orders, other bodies, levels, steps and faults.

Owns their form. What may follow what is the kernel's.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from bancheng.schema.clocks import Clock
from bancheng.schema.event import Event

FaultSide = Literal["department", "window", "none"]
OrderReplyKind = Literal["progress", "result"]


class CauseCoded(Event, frozen=True, kw_only=True):
    """Why the matter could not be done, by the tenant's code (PZ-05, NX-14)."""

    cause: str
    note: str = ""


class PolicyToolUsed(Event, frozen=True, kw_only=True):
    """告知承诺 · 自公告 · 容缺受理 …: the tool that settles the case, with its basis (PZ-06)."""

    tool: str
    basis: str


class ServiceBooked(Event, frozen=True, kw_only=True):
    """预约 · 延时 · 上门 · 帮办代办, for the person of this case (PZ-07). `number` counts from 1."""

    number: int
    form: str
    on: date
    helper: str = ""
    note: str = ""


class ServiceRendered(Event, frozen=True, kw_only=True):
    """A booked service was given, or did not take place."""

    number: int
    took_place: bool
    note: str = ""


class AidOffered(Event, frozen=True, kw_only=True):
    """柔性关怀: an aid programme that fits who is barred by policy (PZ-08). `number` counts from 1."""

    number: int
    programme: str
    note: str = ""


class AidAnswered(Event, frozen=True, kw_only=True):
    """Whether the person took the aid up (PZ-08)."""

    number: int
    taken_up: bool
    note: str = ""


class OrderIssued(Event, frozen=True, kw_only=True):
    """受理工单 · 转办单: to a department, with what is asked and by when (PZ-03, ST-03). `number` counts from 1."""

    number: int
    to_unit: str
    handler: str
    request: str
    clocks: tuple[Clock, ...]


class OrderAnswered(Event, frozen=True, kw_only=True):
    """The department's answer, word for word: its own entry, or entered for one that answers by phone or on paper."""

    number: int
    reply: OrderReplyKind
    text: str
    said_by: str = ""
    said_how: str = ""
    paper: str = ""
    clocks: tuple[Clock, ...] = ()


class PassedToBody(Event, frozen=True, kw_only=True):
    """Not of this level or place: handed to the right body with a helper, and tracked (PZ-09, ST-06)."""

    number: int
    body: str
    helper: str
    reason: str
    clocks: tuple[Clock, ...]


class BodyReplied(Event, frozen=True, kw_only=True):
    """What the other body did with it. `done`: tracking ends."""

    number: int
    text: str
    done: bool
    clocks: tuple[Clock, ...] = ()


class LevelRaised(Event, frozen=True, kw_only=True):
    """提级响应: the next response level, never skipping one's record (NX-03)."""

    level: str
    reason: str


class StepRecorded(Event, frozen=True, kw_only=True):
    """A step of the tenant's procedure was taken, by whom and how it became known (PA-R10 … PA-R23)."""

    step: str
    by_unit: str = ""
    note: str = ""
    said_by: str = ""
    said_how: str = ""
    paper: str = ""


class FaultAttributed(Event, frozen=True, kw_only=True):
    """责任认定: the department's answer and what the person was told, side by side (PZ-11, NX-11).

    `staff_name`: whose fault it is, where it is somebody's and not the unit's. `opinion` says how it is to be handled.
    """

    side: FaultSide
    unit: str
    department_text: str
    told_text: str
    opinion: str
    staff_name: str = ""


class Urged(Event, frozen=True, kw_only=True):
    """督促: who supervises asks for something; nothing of the case changes by it (XS-14)."""

    text: str
    wants: str = ""


class ObligationsMoved(Event, frozen=True, kw_only=True):
    """Step obligations that what was just done began, met or ended otherwise, by their keys.

    `ended`: no longer owed, because what it counted from was taken back or the type has changed. Met and ended: met
    in a round that is over, so that the next one may owe it again.
    """

    started: tuple[str, ...]
    met: tuple[str, ...]
    ended: tuple[str, ...] = ()
    clocks: tuple[Clock, ...]
