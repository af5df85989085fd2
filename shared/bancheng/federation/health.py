"""How a link and its halves are doing: what the status page, the metrics and the tests read.

Owns the words. `open` runs; `waiting` tries again by itself; `stopped` needs somebody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from bancheng.store.links import LinkRow

HealthState = Literal["starting", "open", "waiting", "stopped"]

STOPPED_THERE: Final = "link.stopped_there"
"""The peer's receipts say that it has stopped: what is sent waits until its operator resolves that."""
UNHEARD_SECONDS: Final = 600.0
"""Without a sign of life for longer, somebody should look: ten greetings had no answer. As the alert has it."""


class Health:
    """Of the sending or the receiving half. `reason` is a stable code."""

    __slots__ = ("detail", "reason", "state")

    def __init__(self) -> None:
        self.state: HealthState = "starting"
        self.reason = ""
        self.detail = ""

    def well(self) -> None:
        self.state, self.reason, self.detail = "open", "", ""

    def trouble(self, code: str, detail: str = "") -> None:
        self.state, self.reason, self.detail = "waiting", code, detail

    def stopped(self, code: str) -> None:
        self.state, self.reason, self.detail = "stopped", code, ""


class LinkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One link as its page shows it. `out_number`: sent up to; `receipted_number`: the peer has signed for;
    `in_number`: we have stored. In wall time: `oldest_unreceipted_at` of the oldest row that waits for a receipt,
    `heard_at` of the peer's last sign of life, exact to the minute; null before the first.
    """

    peer: str
    is_parent: bool
    state: HealthState
    reason: str
    detail: str
    connected: bool
    oldest_unreceipted_at: datetime | None
    receipted_number: int
    out_number: int
    in_number: int
    heard_at: datetime | None


def is_unheard(heard_at: datetime | None, now: datetime, *, is_parent: bool) -> bool:
    """Whether somebody should look why the peer is silent. A child that was never heard may not be installed yet."""
    if heard_at is None:
        return is_parent
    return (now - heard_at).total_seconds() > UNHEARD_SECONDS


def link_status(
    row: LinkRow, oldest_unreceipted_at: datetime | None, health: Health, *, reason: str, connected: bool
) -> LinkStatus:
    """A link that the database says is stopped is stopped, whatever its halves do."""
    stopped = row.state == "stopped"
    waits = row.state == "resolving" or reason == STOPPED_THERE
    return LinkStatus(
        peer=row.peer,
        is_parent=row.role == "parent",
        state="stopped" if stopped else "waiting" if waits else health.state,
        reason=row.reason if stopped else reason,
        detail=health.detail,
        connected=connected,
        oldest_unreceipted_at=oldest_unreceipted_at,
        receipted_number=row.receipted_number,
        out_number=row.out_next_number - 1,
        in_number=row.in_number,
        heard_at=row.heard_at,
    )
