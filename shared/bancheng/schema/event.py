"""What every event of a case has, and the few words that several of them use.

Owns the base of the events and who acts. Knows no event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Outcome = Literal["solved", "partly_solved", "cannot_be_done", "handed_to_other_body", "declined", "withdrawn"]
"""办成 · 部分办成 · 不能办并已说明 · 转其他机构 · 不予受理 · 撤回: kept apart, never one "closed" (PA-06)."""
HandoverCause = Literal["hand", "deadline", "unit_closed"]
TakeoverCause = Literal["silence", "take_back"]
Channel = Literal["desk", "phone", "platform", "visit", "supervision_station", "handed_over", "report"]

SYSTEM_STAFF = "system"


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who did it: the staff id, the name as it stood then, and the unit acted for. `system` is the clock.

    `stands_in_for` names whoever was away that day and whose duties this one held (PA-R7).
    """

    staff: str
    name: str
    unit: str
    stands_in_for: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """反映人: the person whose matter it is. Personal data: never in logs, masked for those who need not see it."""

    name: str
    phone: str = ""
    identity_number: str = ""
    address: str = ""


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """代办人: who came for the person. `relation` in words; `authority` is the SHA-256 of the paper that shows it."""

    name: str
    relation: str
    phone: str = ""
    authority: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """What every event has: the domain instant at which it happened and who did it."""

    at: datetime
    actor: Actor
