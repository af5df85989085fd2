"""Domain time from an anchor: business hours and an hour after them, frozen while stopped, never back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bancheng.kernel.calendar import Calendar, CalendarYear, DayName
from bancheng.runtime.domain_clock import (
    EVENING,
    Anchor,
    ClockFileError,
    DomainClock,
    domain_time,
    moved,
    opening_after,
    read_anchor,
    started,
    stopped,
    write_anchor,
)

# Beijing is 8 hours ahead: business is open from 01:00 to 09:00 UTC.
CALENDAR = Calendar(
    edition=1,
    years=(
        CalendarYear(
            year=2026,
            days_off=(DayName(day=date(2026, 10, 1), name="国庆节"), DayName(day=date(2026, 10, 2), name="国庆节")),
            make_up_workdays=(DayName(day=date(2026, 9, 27), name="国庆节"),),
            official=True,
        ),
    ),
)
MONDAY = datetime(2026, 9, 28, 1, tzinfo=UTC)
WALL = datetime(2030, 1, 1, tzinfo=UTC)


def running(at: datetime = MONDAY, day_seconds: float = 90) -> Anchor:
    return Anchor(domain_at=at, running_since_at=WALL, day_seconds=day_seconds, calendar=CALENDAR)


def after(seconds: float, anchor: Anchor | None = None) -> datetime:
    return domain_time(anchor or running(), WALL + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, datetime(2026, 9, 28, 1, tzinfo=UTC)),
        (10, datetime(2026, 9, 28, 2, tzinfo=UTC)),
        (79.99, datetime(2026, 9, 28, 8, 59, 56, 400_000, tzinfo=UTC)),
        (80, datetime(2026, 9, 28, 9, tzinfo=UTC)),
        (85, datetime(2026, 9, 28, 9, 30, tzinfo=UTC)),  # a margin after the close is a time of its own
        (90, datetime(2026, 9, 29, 1, tzinfo=UTC)),  # the rest of the night is skipped
        (270, datetime(2026, 10, 5, 1, tzinfo=UTC)),  # the holiday and the weekend are skipped
    ],
)
def test_a_working_day_takes_its_seconds_and_nights_and_days_off_take_none(seconds: float, expected: datetime) -> None:
    assert after(seconds) == expected


def test_a_make_up_working_day_is_worked() -> None:
    friday = datetime(2026, 9, 25, 8, tzinfo=UTC)
    assert after(30, running(friday)) == datetime(2026, 9, 27, 2, tzinfo=UTC)


def test_a_clock_anchored_at_night_begins_at_the_next_opening() -> None:
    night = datetime(2026, 9, 28, 15, tzinfo=UTC)
    assert after(0, running(night)) == datetime(2026, 9, 29, 1, tzinfo=UTC)


def test_a_stopped_clock_stands_still() -> None:
    halted = stopped(running(), WALL + timedelta(seconds=15))
    assert domain_time(halted, WALL + timedelta(days=400)) == datetime(2026, 9, 28, 2, 30, tzinfo=UTC)
    again = started(halted, WALL + timedelta(days=400))
    assert domain_time(again, WALL + timedelta(days=400, seconds=5)) == datetime(2026, 9, 28, 3, tzinfo=UTC)


def test_a_wall_clock_set_back_does_not_turn_it_back() -> None:
    assert after(-1_000) == MONDAY


def test_it_is_not_moved_back() -> None:
    with pytest.raises(ClockFileError) as refused:
        moved(running(), MONDAY, WALL + timedelta(seconds=60))
    assert refused.value.code == "clock.backward"


@settings(deadline=None)
@given(
    offset=st.integers(0, 14 * 24 * 60),
    day_seconds=st.floats(20, 10_000),
    first=st.floats(0, 20_000),
    further=st.floats(0, 20_000),
)
def test_it_never_goes_back_and_moves_by_day_only(
    offset: int, day_seconds: float, first: float, further: float
) -> None:
    anchor = running(MONDAY + timedelta(minutes=offset), day_seconds)
    one, two = after(first, anchor), after(first + further, anchor)
    assert anchor.domain_at <= one <= two
    assert one == anchor.domain_at or CALENDAR.is_business_time(one) or CALENDAR.is_business_time(one - EVENING)


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_what_is_known_changes_the_cost_and_not_the_answer(known_days: int, days: int) -> None:
    known = opening_after(CALENDAR, MONDAY, known_days)
    assert opening_after(CALENDAR, MONDAY, days, known) == opening_after(CALENDAR, MONDAY, days)


class Times:
    """A wall clock in the hands of a test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wall(self) -> datetime:
        return WALL + timedelta(seconds=self.seconds)


@pytest.fixture
def follow(tmp_path: Path) -> Callable[[Anchor], tuple[DomainClock, Times, Path]]:
    def make(anchor: Anchor) -> tuple[DomainClock, Times, Path]:
        path, times = tmp_path / "anchor.json", Times()
        write_anchor(path, anchor)
        return DomainClock(path, wall=times.wall), times, path

    return make


Follow = Callable[[Anchor], tuple[DomainClock, Times, Path]]


def test_a_service_follows_the_file(follow: Follow) -> None:
    clock, times, path = follow(running())
    assert clock.now() == MONDAY
    write_anchor(path, stopped(moved(running(), MONDAY + timedelta(hours=5), WALL), WALL))
    assert clock.now() == MONDAY + timedelta(hours=5)
    times.seconds = 1_000
    assert clock.now() == MONDAY + timedelta(hours=5)


def test_a_file_set_back_by_hand_is_waited_for(follow: Follow) -> None:
    clock, times, path = follow(running(MONDAY + timedelta(hours=4)))
    assert clock.now() == MONDAY + timedelta(hours=4)
    write_anchor(path, running(MONDAY))
    times.seconds = 1
    assert clock.now() == MONDAY + timedelta(hours=4)
    times.seconds = 50
    assert clock.now() == MONDAY + timedelta(hours=5)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"domain_at":"2026-01-01T00:00:00"}'])
def test_a_file_that_became_unreadable_leaves_the_last_anchor_in_force(follow: Follow, content: bytes) -> None:
    clock, times, path = follow(running())
    path.write_bytes(content)
    times.seconds = 10
    assert clock.now() == MONDAY + timedelta(hours=1)


def test_an_unreadable_file_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ClockFileError) as refused:
        DomainClock(tmp_path / "missing.json")
    assert refused.value.code == "clock.unreadable"


def test_the_file_holds_what_was_written(tmp_path: Path) -> None:
    write_anchor(tmp_path / "anchor.json", running())
    assert read_anchor(tmp_path / "anchor.json") == running()


def test_without_a_file_it_is_what_the_machine_says() -> None:
    times = Times()
    clock = DomainClock(wall=times.wall)
    assert clock.is_real
    times.seconds = 500
    assert clock.now() == WALL + timedelta(seconds=500)
    times.seconds = 100
    assert clock.now() == WALL + timedelta(seconds=100)
