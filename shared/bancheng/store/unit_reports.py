"""Reports that units filed for a period, and the cases that they are made from or counted by.

Owns these queries. What a period is, and which units owe a report, is the profile's and the directory's.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case
from bancheng.store.changes import decode_state
from bancheng.store.database import Transaction

MAX_LISTED = 5_000


class FiledReport(msgspec.Struct, frozen=True, kw_only=True):
    """`filed_at` and `received_at` (here) are domain time; `staff_name` as it stood then. `body` is the JSON of
    one that holds more than that it was filed.
    """

    report: str
    period: str
    unit: str
    filed_at: datetime
    staff_name: str
    event_hash: bytes
    received_at: datetime | None = None
    body: bytes | None = None


FILE = """
INSERT INTO unit_report (tenant, report, period, unit, filed_at, staff_name, event_hash, received_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant, report, period, unit) DO NOTHING"""
FILED = """
SELECT report, period, unit, filed_at, staff_name, event_hash, received_at, body FROM unit_report
WHERE tenant = $1 AND report = $2 AND period = $3 ORDER BY unit LIMIT $4"""
REPORTED = """
WITH reported AS MATERIALIZED (
    SELECT registered_unit, department FROM cases
    WHERE tenant = $1 AND channel = 'report' AND registered_at >= $2 AND registered_at < $3 AND complained_unit <> $4
)
SELECT unit, count(*) FROM (
    SELECT registered_unit AS unit FROM reported
    UNION ALL SELECT department FROM reported WHERE department <> '' AND department <> registered_unit
) AS counted GROUP BY unit ORDER BY unit"""
OWN_CASES = """
SELECT state FROM cases
WHERE tenant = $1 AND registered_unit = $2 AND (registered_at, case_id) > ($3, $4) AND registered_at < $5
ORDER BY registered_at, case_id LIMIT $6"""


async def store_report(tx: Transaction, report: FiledReport) -> bool:
    """False when the unit had filed it before: the first stands."""
    stored = await tx.execute(
        FILE, tx.tenant, report.report, report.period, report.unit, report.filed_at, report.staff_name,
        report.event_hash, report.received_at, report.body,
    )  # fmt: skip
    return stored > 0


async def filed_reports(tx: Transaction, report: str, period: str) -> dict[str, FiledReport]:
    """By unit."""
    rows = await tx.fetch(FILED, tx.tenant, report, period, MAX_LISTED)
    names = FiledReport.__struct_fields__
    found = [FiledReport(**dict(zip(names, row, strict=True))) for row in rows]
    return {each.unit: each for each in found}


async def reported_by_unit(
    tx: Transaction, begins_at: datetime, ends_before: datetime, *, reader: str
) -> dict[str, int]:
    """How many cases came in by report within the time, by the window that registered them and by the department.

    Those that complain of the reader's own unit are not counted for it (XS-04).
    """
    rows = await tx.fetch(REPORTED, tx.tenant, begins_at, ends_before, reader)
    return {str(row[0]): int(row[1]) for row in rows}


async def own_cases(
    tx: Transaction, unit: str, after: tuple[datetime, UUID], ends_before: datetime, *, limit: int
) -> list[Case]:
    """What a unit registered after a case and before an instant, in order."""
    rows = await tx.fetch(OWN_CASES, tx.tenant, unit, *after, ends_before, min(limit, MAX_LISTED))
    return [decode_state(row[0]) for row in rows]
