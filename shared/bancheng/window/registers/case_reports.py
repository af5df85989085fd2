"""定期报备: which windows' reports of a period are here, came late, or are missing (PZ-04).

Owns the list. The reports are made and sent by the sites themselves (federation/case_reports.py).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

import msgspec

from bancheng.federation.site import HostedSite
from bancheng.kernel.profile_parts import Report
from bancheng.kernel.reporting import Span, due_on, span_named, spans_over
from bancheng.kernel.units import is_closed
from bancheng.schema.documents import UnitEntry
from bancheng.schema.messages import CaseFigures, CasesReported
from bancheng.store.unit_reports import FiledReport, filed_reports
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.hosting import Hosting
from bancheng.window.identity import Identity

ReportState = Literal["received", "late", "open", "missing"]
"""Here in time · here, after its day · its day is not over · not here, though its day is over."""
SHOWN_PERIODS: Final = 3
CHOSEN_PERIODS: Final = 12

_decoder = msgspec.json.Decoder(CasesReported)


class UnitReport(msgspec.Struct, frozen=True, kw_only=True):
    """One window and period. `received_at` is when it came here; numbers and figures are its own."""

    unit: str
    name: str
    period: str
    due_on: date
    state: ReportState
    received_at: datetime | None = None
    figures: CaseFigures | None = None
    numbers: list[str] = []
    is_complete: bool = True


class CaseReports(msgspec.Struct, frozen=True, kw_only=True):
    """`report` is empty where the tenant's rules know no such report. `periods` are those that can be asked for; for
    one that ended before the tenant began no report is owed, and there are no rows.
    """

    report: str
    periods: list[str]
    rows: list[UnitReport]


async def list_case_reports(hosting: Hosting, identity: Identity, period: str = "") -> CaseReports:
    """Of one period, or of the last few that are over, the newest first. Raises InvalidInput."""
    site = identity.site
    report = next((each for each in site.current_profile().reports if each.is_case_report), None)
    if report is None:
        return CaseReports(report="", periods=[], rows=[])
    known = spans_over(identity.today, report.every, CHOSEN_PERIODS, since=site.begun_on)
    asked = known[:SHOWN_PERIODS]
    if period:
        span = span_named(period, report.every)
        if span is None:
            raise InvalidInput([problem("api.wrong_value", "period")])
        asked = [span] if span.last >= site.begun_on else []
    rows: list[UnitReport] = []
    async with hosting.database.transaction(identity.tenant) as tx:
        for span in asked:
            filed = await filed_reports(tx, report.key, span.name)
            rows += [_row(site, unit, report, span, filed.get(unit.code)) for unit in _reporting(identity, span)]
    return CaseReports(report=report.key, periods=[each.name for each in known], rows=rows)


def _reporting(identity: Identity, span: Span) -> list[UnitEntry]:
    """Windows that report to one above them, of those that the reader's unit is or stands above."""
    return [
        unit
        for unit in identity.site.jurisdiction.directory.units
        if unit.is_window
        and unit.parent is not None
        and not is_closed(unit, span.last)
        and identity.visible.sees(unit.code)
    ]


def _row(site: HostedSite, unit: UnitEntry, report: Report, span: Span, filed: FiledReport | None) -> UnitReport:
    due_day = due_on(span, report, site.calendar)
    held = _decoder.decode(filed.body) if filed is not None and filed.body is not None else None
    return UnitReport(
        unit=unit.code,
        name=unit.name,
        period=span.name,
        due_on=due_day,
        state=_state(site, due_day, filed),
        received_at=filed.received_at if filed is not None else None,
        figures=held.figures if held is not None else None,
        numbers=list(held.numbers) if held is not None else [],
        is_complete=held is None or held.is_complete,
    )


def _state(site: HostedSite, due_day: date, filed: FiledReport | None) -> ReportState:
    if filed is None:
        return "missing" if due_day < site.calendar.local_day(site.now()) else "open"
    received_at = filed.received_at or filed.filed_at
    return "received" if site.calendar.local_day(received_at) <= due_day else "late"
