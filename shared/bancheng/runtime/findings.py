"""One thing that `check` looked at, and how much it differs from what it should be.

Owns the shape. Must not know what was looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

import msgspec

Level = Literal["ok", "warning", "failed"]

SKEW_WARNED: Final = timedelta(seconds=2)
SKEW_FAILED: Final = timedelta(seconds=30)
"""Ages, receipts and which of two was first are told by wall clocks; half a minute makes them wrong for people."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: what is so, and what to do about it."""

    level: Level
    subject: str
    said: str
    todo: str = ""

    def lines(self) -> str:
        """For a terminal."""
        mark = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}[self.level]
        return f"{mark}  {self.subject}: {self.said}" + (f"\n         -> {self.todo}" if self.todo else "")


def is_fit(findings: Sequence[Finding]) -> bool:
    """Whether nothing failed; a warning is no failure."""
    return all(each.level != "failed" for each in findings)


def beyond(measured: float, *, warned: float, failed: float) -> Level:
    """The more the worse."""
    return "failed" if measured > failed else "warning" if measured > warned else "ok"


def skew(subject: str, ahead: timedelta, uncertain: timedelta) -> Finding:
    """How far another host's clock is `ahead` of this one's. `uncertain`: how long it took to ask, halved."""
    at_least = max(timedelta(), abs(ahead) - uncertain)
    level = beyond(at_least / SKEW_WARNED, warned=1, failed=SKEW_FAILED / SKEW_WARNED)
    if level == "ok":
        return Finding(level=level, subject=subject, said="its clock and this host's agree")
    how = "ahead of" if ahead > timedelta() else "behind"
    return Finding(
        level=level,
        subject=subject,
        said=f"its clock is {at_least.total_seconds():.0f} s {how} this host's",
        todo="compare both with a watch (`date`), and let both follow one time server (`timedatectl`)",
    )
