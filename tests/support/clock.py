"""The one domain clock of a system under test: it stands still until a test moves it.

Owns the anchor file. Instants are aware UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bancheng.kernel.calendar import Calendar
from bancheng.runtime.domain_clock import Anchor, domain_time, moved, read_anchor, started, stopped, write_anchor


class SharedClock:
    """What every service reads as now."""

    def __init__(self, path: Path, *, at: datetime, calendar: Calendar, day_seconds: float = 60) -> None:
        self.path = path
        write_anchor(path, Anchor(domain_at=at, day_seconds=day_seconds, calendar=calendar))

    def now(self) -> datetime:
        return domain_time(read_anchor(self.path), datetime.now(UTC))

    def advance_to(self, instant: datetime) -> None:
        """Jump forward. The services see it when they next look, which is before they act."""
        write_anchor(self.path, moved(read_anchor(self.path), instant, datetime.now(UTC)))

    def run(self) -> None:
        """Let it go at `day_seconds` for a working day."""
        write_anchor(self.path, started(read_anchor(self.path), datetime.now(UTC)))

    def stop(self) -> None:
        write_anchor(self.path, stopped(read_anchor(self.path), datetime.now(UTC)))
