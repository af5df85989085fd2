"""The bench runs to its end and says everything that it is there to say. What it says of time is no test's business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = (
    "registered, and carried up to town and county meanwhile",
    "registered, links down: the village alone",
    "bare endpoint: Litestar, SQLAlchemy Core, the same rows",
    "village → in the town's hands, with history",
    "village → town → in the county's hands",
    "found, warned, signed, queued (sweep)",
    "until it stands at the town, 5 samples: p50",
    "until it stands at the town, 5 samples: p99",
    "events waiting, drained into the town",
    "bare NATS",
    "growth of the receiver's memory",
    "ledger page of 50, newest first",
    "a case, JSON",
    "search of a rare word",
    "sweep with nothing due",
    "county: resident memory at rest",
    "village: from its start until it is ready",
)


@pytest.mark.timeout(300)
def test_the_short_run_reports_every_row_beside_its_goal(tmp_path: Path) -> None:
    written = tmp_path / "benchmarks.md"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--short", "--write", str(written)],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-4_000:]
    page = written.read_text(encoding="utf-8")
    for said in (ended.stdout, page):
        assert not [row for row in ROWS if row not in said]
    # Every figure again with a slower flush, each with a ratio to what the machine can do.
    assert page.count("the same rows |") == 2
    assert "6 ms added to each flush" in page
    assert "of the bare endpoint" in page
    assert "Not reached:" in page or "not reached" not in page
