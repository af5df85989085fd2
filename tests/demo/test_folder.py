"""What a demo finds in its folder after somebody pulled the plug."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bancheng.profiles.official_calendar import official_calendar
from bancheng.runtime.demo.folder import DemoFolder, FolderRefused
from bancheng.runtime.demo.foundation import make_foundation, read_foundation
from bancheng.runtime.demo.household import postgres_folder, postgres_is_complete
from bancheng.runtime.demo.timekeeping import LAG, UNSEEN, Timekeeper, business_later
from bancheng.runtime.domain_clock import domain_time, read_anchor

CALENDAR = official_calendar(2025, 2027, edition=1)
BEGINS_AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday, 9:00 in Beijing."""
WALL = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)


def test_a_folder_with_something_else_in_it_is_not_taken_and_nothing_in_it_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(FolderRefused) as refused:
        DemoFolder(tmp_path).take()
    assert refused.value.code == "demo.not_a_demo_folder"
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_reset_deletes_all_but_the_mark_on_which_the_lock_is(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")
    folder.take()
    try:
        (folder.path / "nats").mkdir()
        (folder.path / "nats" / "log").write_text("")
        (folder.path / "clock.json").write_text("{}")
        folder.empty()
        assert [each.name for each in folder.path.iterdir()] == ["bancheng-demo"]
        with pytest.raises(FolderRefused) as refused:
            DemoFolder(folder.path).take()
        assert refused.value.code == "demo.runs_already"
        assert str(os.getpid()) in str(refused.value)
    finally:
        folder.release()


def test_a_data_folder_that_initdb_did_not_finish_is_not_used_again(tmp_path: Path) -> None:
    first = postgres_folder(tmp_path)
    (first / "data").mkdir(parents=True)
    (first / "data" / "PG_VERSION").write_text("18")
    second = postgres_folder(tmp_path)
    assert second != first
    assert not first.exists()
    postgres_is_complete(tmp_path, second)
    assert postgres_folder(tmp_path) == second


def test_a_foundation_is_made_once_and_an_unreadable_one_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "foundation.json"
    assert read_foundation(path) is None
    sunday = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    made = make_foundation(path, sunday)
    # The calendar's tables are derived, and no part of what is kept.
    assert read_foundation(path) == made
    assert made.begins_at == BEGINS_AT
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FolderRefused) as refused:
        read_foundation(path)
    assert refused.value.code == "demo.foundation_unreadable"
    assert "--reset" in str(refused.value)


def test_the_clock_stands_still_while_the_demo_is_stopped_also_when_it_was_killed(tmp_path: Path) -> None:
    wall = WALL
    keeper = Timekeeper(tmp_path, wall=lambda: wall)
    assert keeper.prepare(begins_at=BEGINS_AT, calendar=CALENDAR, day_seconds=60) == BEGINS_AT
    keeper.run()
    running = read_anchor(keeper.path)
    wall += timedelta(seconds=30)
    stopped_at = keeper.freeze()
    assert BEGINS_AT < domain_time(running, wall) <= stopped_at <= domain_time(running, wall + LAG)
    wall += timedelta(hours=9)

    # When it is started again, and then killed: it says no more until when it ran than its last beat
    again = Timekeeper(tmp_path, wall=lambda: wall)
    assert again.prepare(begins_at=BEGINS_AT, calendar=CALENDAR, day_seconds=60) == stopped_at
    again.run()
    running = read_anchor(again.path)
    again.abandon()
    beaten = wall
    wall += timedelta(hours=9)

    # Then time goes on from there, and nobody who read the clock before sees it turn back
    third = Timekeeper(tmp_path, wall=lambda: wall)
    resumed_at = third.prepare(begins_at=BEGINS_AT, calendar=CALENDAR, day_seconds=5)
    assert resumed_at == domain_time(running, beaten + UNSEEN)
    assert read_anchor(third.path).day_seconds == 5


def test_business_hours_skip_nights_and_days_off() -> None:
    friday = BEGINS_AT + timedelta(days=4)
    assert business_later(CALENDAR, friday, 2) == friday + timedelta(hours=2)
    assert business_later(CALENDAR, friday, 9) == friday + timedelta(days=3, hours=1)
