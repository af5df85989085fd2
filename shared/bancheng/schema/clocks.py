"""Clocks and grants as they stand in events: computed once by the rules, then only copied.

Owns the data of a due date; the arithmetic is the kernel's. All instants are aware UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

PERSON = "person"
"""The person's clock: from registration to answer, never reset by a hand-over (PA-05)."""
HOLDER = "holder"
"""The holder's clock: started when the holder receives the case, resumed when it comes back."""
TRANSIT = "transit"
"""The clock of a hand-over, from sending until received."""
LATE_DECISION = "late_decision"
"""Opened by a late entry that could change what the person is told."""
CONCLUSION = "conclusion"
"""From the result proposed until struck off: verifying, answering and revisiting have a limit too (PA-09)."""
PURSUIT = "pursuit"
"""After a progress answer: the next one, or the final answer, is due by then (PZ-09: followed until done)."""
STEP_PREFIX, ORDER_PREFIX, PAPER_PREFIX, BODY_PREFIX = "step:", "order:", "paper:", "body:"
"""`step:<obligation>`, `order:<number>`, `paper:<number>`, `body:<number>`: what somebody owes beside the loop."""
HELD_PREFIX = "held:"
"""`held:<unit>` keeps what a unit that held the case before had spent of its clock."""

ClockState = Literal["running", "paused", "stopped"]
ClockNature = Literal["resolve_by", "report_by"]
"""`resolve_by`: done by then; `report_by`: progress with reasons by then, then pursued."""
RungAction = Literal["warn", "remind", "call_duty_leader", "pass", "climb", "resume"]


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the ladder of a deadline: what is done, and when."""

    action: RungAction
    at: datetime


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One running or stopped limit of a case. `rungs` are those still ahead, in order of time.

    `used_workdays` is what was spent before the clock was last started (a pause, or a case that came back).
    `paused_until` is set while paused. `passed_at` is the instant at which the rules noticed that it had passed.
    """

    name: str
    owner: str
    nature: ClockNature = "resolve_by"
    state: ClockState = "running"
    started_at: datetime
    start_day: date
    limit_workdays: int
    used_workdays: int = 0
    due_at: datetime
    due_day: date
    provisional: bool = False
    calendar_edition: int
    rungs: tuple[Rung, ...] = ()
    paused_at: datetime | None = None
    paused_until: date | None = None
    stopped_at: datetime | None = None
    passed_at: datetime | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a hand-over names as holder of the next term. `limit_workdays`: the sender's own limit, if it set one."""

    term: int
    site: str
    unit: str
    limit_workdays: int | None = None


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The entry that a term stands on: everything its author's line has after it is late."""

    term: int
    author: str
    seq: int
    hash: bytes
