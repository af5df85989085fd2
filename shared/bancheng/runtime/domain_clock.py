"""Domain time: real by default, or fast and stoppable from one anchor file that all services share.

Owns the anchor, the arithmetic over business hours and the file. Must not know cases or deadlines. Only demo and tests
use an anchor: nights and days off are skipped, and while it is stopped nothing falls due.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.runtime.whole_files import READ_BY_ALL, write_whole

MAX_WORKDAYS = 100_000
EVENING = timedelta(hours=1)
"""Time runs on after the close before it skips the night: a margin counted in minutes (the parent's takeover from a
silent holder) must not be over at the very instant at which the holder's limit is."""


class ClockFileError(Exception):
    """The anchor file cannot be read or would turn time back. `code` is stable."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It was `domain_at` when the wall clock said `running_since_at`; None: time stands still at `domain_at`.

    `day_seconds` are the wall seconds that one working day takes, from opening to an hour after the close.
    """

    domain_at: datetime
    running_since_at: datetime | None = None
    day_seconds: float
    calendar: Calendar


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The opening of the n-th working day after the anchor's own: kept so that a long run need not count anew."""

    days: int
    at: datetime


def domain_time(anchor: Anchor, wall: datetime, known: Opening | None = None) -> datetime:
    """Domain time at a wall instant. Pure; never before `domain_at`, and it moves by day only, from opening to evening.

    `known` is an earlier opening of the same anchor: it changes the cost and not the answer.
    """
    if anchor.running_since_at is None:
        return anchor.domain_at
    days, rest, first = _counted(anchor, wall)
    return max(anchor.domain_at, opening_after(anchor.calendar, first, days, known).at + rest)


def opening_after(calendar: Calendar, first: datetime, days: int, known: Opening | None = None) -> Opening:
    """The opening `days` working days after `first`, counted from `known` if that is not later."""
    reached = known if known is not None and known.days <= days else Opening(days=0, at=first)
    at = reached.at
    for _ in range(min(days - reached.days, MAX_WORKDAYS)):
        at = calendar.next_business_instant(calendar.end_of_business(calendar.local_day(at)))
    return Opening(days=days, at=at)


def _counted(anchor: Anchor, wall: datetime) -> tuple[int, timedelta, datetime]:
    """Whole working days since the anchor's own opening, what is left of a day, and that opening."""
    calendar = anchor.calendar
    day = calendar.local_day(anchor.domain_at)
    evening = calendar.end_of_business(day) + EVENING
    by_day = calendar.is_workday(day) and calendar.start_of_business(day) <= anchor.domain_at < evening
    here = anchor.domain_at if by_day else calendar.next_business_instant(anchor.domain_at)
    day = calendar.local_day(here)
    first = calendar.start_of_business(day)
    length = calendar.end_of_business(day) + EVENING - first
    elapsed = max(0.0, (wall - (anchor.running_since_at or wall)).total_seconds())
    days, rest = divmod((here - first) + length * (elapsed / anchor.day_seconds), length)
    return days, rest, first


def started(anchor: Anchor, wall: datetime) -> Anchor:
    """The same instant, running from now on."""
    return msgspec.structs.replace(anchor, domain_at=domain_time(anchor, wall), running_since_at=wall)


def stopped(anchor: Anchor, wall: datetime) -> Anchor:
    """The same instant, standing still."""
    return msgspec.structs.replace(anchor, domain_at=domain_time(anchor, wall), running_since_at=None)


def moved(anchor: Anchor, to: datetime, wall: datetime) -> Anchor:
    """Another instant, running or not as before. Raises ClockFileError: time does not go back."""
    if to < domain_time(anchor, wall):
        raise ClockFileError("clock.backward", to.isoformat())
    since = None if anchor.running_since_at is None else wall
    return msgspec.structs.replace(anchor, domain_at=to, running_since_at=since)


_decoder = msgspec.json.Decoder(Anchor)


def read_anchor(path: Path) -> Anchor:
    """Raises ClockFileError `clock.unreadable`."""
    try:
        anchor = _decoder.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise ClockFileError("clock.unreadable", f"{path.name}: {type(error).__name__}") from error
    instants = (anchor.domain_at, anchor.running_since_at or anchor.domain_at)
    if anchor.day_seconds <= 0 or any(each.tzinfo is None for each in instants):
        raise ClockFileError("clock.unreadable", path.name)
    return anchor


def write_anchor(path: Path, anchor: Anchor) -> None:
    """No secret, and the services may run under another account than whoever moves the clock."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(anchor), indent=1), mode=READ_BY_ALL)


def real_time() -> datetime:
    """The default domain clock."""
    return datetime.now(UTC)


class DomainClock:
    """Domain time of one process. With an anchor file it looks at every call whether the file was replaced.

    So of two services that share a file, the one that hears of the other's act never stands before that act. It
    never goes back: a file that says less than was read before is waited for. Without a file it is what the
    machine's clock says, also when that was wrong and is put right.
    """

    def __init__(self, path: Path | None = None, *, wall: Callable[[], datetime] = real_time) -> None:
        self._path = path
        self._wall = wall
        self._anchor = read_anchor(path) if path is not None else None
        self._stamp = _stamp(path) if path is not None else None
        self._known: Opening | None = None
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Aware UTC. A file that became unreadable leaves the last anchor in force."""
        with self._lock:
            self._follow_file()
            if self._anchor is None:
                return self._wall()
            self._latest = max(self._latest, self._by_anchor(self._anchor))
            return self._latest

    @property
    def is_real(self) -> bool:
        return self._path is None

    def _by_anchor(self, anchor: Anchor) -> datetime:
        wall = self._wall()
        if anchor.running_since_at is not None:
            days, _, first = _counted(anchor, wall)
            self._known = opening_after(anchor.calendar, first, days, self._known)
        return domain_time(anchor, wall, self._known)

    def _follow_file(self) -> None:
        if self._path is None:
            return
        stamp = _stamp(self._path)
        if stamp is None or stamp == self._stamp:
            return
        try:
            self._anchor = read_anchor(self._path)
        except ClockFileError:
            return
        self._stamp, self._known = stamp, None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_ino
