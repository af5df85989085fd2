"""How one half of a link is doing: what the status page, the metrics and the tests read.

Owns the words. `open` runs; `waiting` tries again by itself; `stopped` needs somebody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

HealthState = Literal["starting", "open", "waiting", "stopped"]


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
    `in_number`: we have stored. `oldest_unreceipted_at` is wall time of the oldest row that waits for a receipt.
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
