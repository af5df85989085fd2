"""The demo's domain clock: begun once, run while the demo runs, frozen while it is stopped, also when it was killed.

Owns the anchor file, and a file beside it whose time of change says until when the clock was surely running.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from bancheng.kernel.calendar import Calendar
from bancheng.runtime.domain_clock import Anchor, DomainClock, read_anchor, real_time, started, stopped, write_anchor

BEAT_SECONDS = 0.5
UNSEEN = timedelta(seconds=3 * BEAT_SECONDS)
"""How long after the last beat a killed demo may still have told the time: it resumes no earlier than that."""
LAG = timedelta(seconds=0.3)
"""How long the writing may take, in which services go on by the old anchor: freezing later than that turns nobody's
time back."""
MOST_DAYS = 400
"""No story waits longer for its next step."""


class Timekeeper:
    """The one who writes the anchor file."""

    def __init__(self, folder: Path, *, wall: Callable[[], datetime] = real_time) -> None:
        self.path = folder / "clock.json"
        self._alive = folder / "clock.alive"
        self._wall = wall
        self._ended = threading.Event()
        self._beating: threading.Thread | None = None

    def prepare(self, *, begins_at: datetime, calendar: Calendar, day_seconds: float) -> datetime:
        """The clock stands still, at the beginning or where it stopped; returns that instant. Raises ClockFileError."""
        if not self.path.exists():
            write_anchor(self.path, Anchor(domain_at=begins_at, day_seconds=day_seconds, calendar=calendar))
            return begins_at
        anchor = read_anchor(self.path)
        if anchor.running_since_at is not None:
            anchor = stopped(anchor, self._last_seen())
        write_anchor(self.path, replace(anchor, day_seconds=day_seconds))
        return anchor.domain_at

    def freeze_what_runs(self) -> None:
        """A killed demo's services still run and tell the time: stop it for them, now."""
        if self.path.exists() and (anchor := read_anchor(self.path)).running_since_at is not None:
            write_anchor(self.path, stopped(anchor, self._wall() + LAG))

    def run(self) -> None:
        self._beat()
        write_anchor(self.path, started(read_anchor(self.path), self._wall()))
        self._beating = threading.Thread(target=self._beat_on, name="clock", daemon=True)
        self._beating.start()

    def freeze(self) -> datetime:
        """Stops it; returns where. Harmless when it stands still."""
        self.abandon()
        self.freeze_what_runs()
        return read_anchor(self.path).domain_at

    def abandon(self) -> None:
        """No more beats: what a kill leaves."""
        self._ended.set()
        if self._beating is not None:
            self._beating.join()
            self._beating = None

    def clock(self) -> DomainClock:
        """As the services see it."""
        return DomainClock(self.path)

    def _last_seen(self) -> datetime:
        try:
            beaten = datetime.fromtimestamp(self._alive.stat().st_mtime, UTC)
        except OSError:
            return self._wall()
        return min(self._wall(), beaten + UNSEEN)

    def _beat_on(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self._beat()

    def _beat(self) -> None:
        self._alive.touch()
        now = self._wall().timestamp()
        os.utime(self._alive, (now, now))


def business_later(calendar: Calendar, at: datetime, hours: float) -> datetime:
    """`hours` of business after `at`, nights and days off skipped."""
    here, left = calendar.next_business_instant(at), timedelta(hours=hours)
    for _ in range(MOST_DAYS):
        close = calendar.end_of_business(calendar.local_day(here))
        if here + left < close:
            break
        left -= close - here
        here = calendar.next_business_instant(close)
    return here + left
