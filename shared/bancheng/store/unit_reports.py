"""Reports that units filed for a period, and the cases that came in by report.

Owns both queries. What a period is, and which units owe a report, is the profile's and the directory's.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from bancheng.kernel.case import Case
from bancheng.store.changes import decode_state
from bancheng.store.database import Transaction

MAX_LISTED = 5_000


class FiledReport(msgspec.Struct, frozen=True, kw_only=True):
    """`filed_at` is domain time; `staff_name` as it stood then."""

    report: str
    period: str
    unit: str
    filed_at: datetime
    staff_name: str
    event_hash: bytes


FILE = """
INSERT INTO unit_report (tenant, report, period, unit, filed_at, staff_name, event_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, report, period, unit) DO NOTHING"""
FILED = """
SELECT report, period, unit, filed_at, staff_name, event_hash FROM unit_report
WHERE tenant = $1 AND report = $2 AND period = $3 ORDER BY unit LIMIT $4"""
REPORTED = """
SELECT state FROM cases WHERE tenant = $1 AND channel = 'report' AND registered_at >= $2 AND registered_at < $3
ORDER BY registered_at, case_id LIMIT $4"""


async def store_report(tx: Transaction, report: FiledReport) -> bool:
    """False when the unit had filed it before: the first stands."""
    stored = await tx.execute(
        FILE, tx.tenant, report.report, report.period, report.unit, report.filed_at, report.staff_name,
        report.event_hash,
    )  # fmt: skip
    return stored > 0


async def filed_reports(tx: Transaction, report: str, period: str) -> dict[str, FiledReport]:
    """By unit."""
    rows = await tx.fetch(FILED, tx.tenant, report, period, MAX_LISTED)
    names = FiledReport.__struct_fields__
    found = [FiledReport(**dict(zip(names, row, strict=True))) for row in rows]
    return {each.unit: each for each in found}


async def reported_cases(tx: Transaction, begins_at: datetime, ends_before: datetime) -> list[Case]:
    """Cases that were registered by report within the time, at most MAX_LISTED."""
    rows = await tx.fetch(REPORTED, tx.tenant, begins_at, ends_before, MAX_LISTED)
    return [decode_state(row[0]) for row in rows]
