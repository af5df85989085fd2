"""月零报告: who reported in a month, who filed that there was nothing, and who did neither (PA-R6).

Owns the list and the filing. A unit has reported when a case came in by report from it that month: registered at its
own window, or for the department.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bancheng.federation.reports import file_report
from bancheng.kernel.profile_parts import Report
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.reporting import Span, due_on, span_named, spans_over
from bancheng.kernel.units import is_closed
from bancheng.schema.documents import UnitEntry
from bancheng.schema.messages import ReportFiled
from bancheng.store.database import Transaction
from bancheng.store.unit_reports import FiledReport, filed_reports, reported_by_unit
from bancheng.window.failures import ApiError
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request
from bancheng.window.identity import Identity
from bancheng.window.permissions import Role, visibility
from bancheng.window.registers.changing import Change, changed

REPORTERS: tuple[Role, ...] = ("clerk", "duty_leader", "coordinator", "department_officer", "leader")
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
State = Literal["reported", "zero", "open", "missing"]


class ZeroReportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For your own unit: in that month there was nothing to report."""

    month: Month


class UnitMonth(msgspec.Struct, frozen=True, kw_only=True):
    """`missing`: neither reported nor filed though it was due. `open`: it may still be filed in time."""

    unit: str
    name: str
    state: State
    cases: int
    filed_at: str | None = None
    filed_by: str = ""


class ZeroReports(msgspec.Struct, frozen=True, kw_only=True):
    """`due_on`: the last day for filing. `is_owed` is false where the tenant's rules know no such report, and for a
    month before the tenant began.
    """

    month: str
    is_owed: bool
    due_on: date | None
    units: list[UnitMonth]


class ZeroReportFiled(msgspec.Struct, frozen=True, kw_only=True):
    """`is_new` is false when it had been filed before."""

    unit: str
    month: str
    is_new: bool


async def file_zero_report(hosting: Hosting, identity: Identity, body: ZeroReportBody, request: Request) -> Answer:
    """It travels up to the top tier, and stands at every tier that it passes."""
    site, unit = identity.site, identity.unit

    async def work(tx: Transaction) -> msgspec.Struct:
        report, month = owed_report(identity), month_named(body.month)
        owing = {each.code for each in _owing(identity)}
        if report is None or month.last < site.begun_on or unit not in owing:
            raise ApiError(409, "report.not_owed")
        if month.last >= site.calendar.local_day(site.now()):
            raise Rejected("report.month_not_over", field="month", month=body.month)
        cases = (await _cases_by_unit(tx, month, identity)).get(unit, 0)
        if cases:
            raise Rejected("report.has_cases", field="month", count=cases)
        filed = ReportFiled(at=site.now(), actor=identity.actor, report=report.key, unit=unit, period=body.month)
        return ZeroReportFiled(unit=unit, month=body.month, is_new=await file_report(tx, site, filed))

    change = Change(
        action="zero-report-filed", request=request, detail=body.month, roles=REPORTERS, at_the_top=False
    )  # fmt: skip
    answer = await changed(hosting, identity, change, work)
    hosting.wake(identity.tenant)
    return answer


async def list_zero_reports(hosting: Hosting, identity: Identity, month: str) -> ZeroReports:
    """Of all units at the top, else of your own unit and those below it."""
    report, span = owed_report(identity), month_named(month)
    if report is None or span.last < identity.site.begun_on:
        return ZeroReports(month=month, is_owed=False, due_on=None, units=[])
    async with hosting.database.transaction(identity.tenant) as tx:
        filed = await filed_reports(tx, report.key, month)
        cases = await _cases_by_unit(tx, span, identity)
    due_day = due_on(span, report, identity.site.calendar)
    is_over = due_day < identity.site.calendar.local_day(identity.site.now())
    units = [
        _unit_month(each, cases.get(each.code, 0), filed.get(each.code), is_over=is_over) for each in _owing(identity)
    ]
    return ZeroReports(month=month, is_owed=True, due_on=due_day, units=units)


def owed_report(identity: Identity) -> Report | None:
    """The monthly zero report of the tenant's rules."""
    reports = identity.site.current_profile().reports
    return next((each for each in reports if each.is_zero_report), None)


def last_month(identity: Identity) -> str:
    """The last month that is over."""
    return spans_over(identity.site.calendar.local_day(identity.site.now()), "month", 1)[0].name


def _owing(identity: Identity) -> list[UnitEntry]:
    """Open windows and departments, those that the reader's unit stands above and itself, but for the top."""
    site = identity.site
    reach = visibility(site.jurisdiction, identity.unit, REPORTERS)
    today = site.calendar.local_day(site.now())
    return [
        unit
        for unit in site.jurisdiction.directory.units
        if unit.parent is not None and not is_closed(unit, today) and reach.sees(unit.code)
    ]


def _unit_month(unit: UnitEntry, cases: int, filed: FiledReport | None, *, is_over: bool) -> UnitMonth:
    state: State = "reported" if cases else "zero" if filed is not None else "missing" if is_over else "open"
    return UnitMonth(
        unit=unit.code,
        name=unit.name,
        state=state,
        cases=cases,
        filed_at=filed.filed_at.isoformat() if filed is not None else None,
        filed_by=filed.staff_name if filed is not None else "",
    )


async def _cases_by_unit(tx: Transaction, month: Span, identity: Identity) -> dict[str, int]:
    calendar = identity.site.calendar
    ends_before = calendar.start_of_day(month.last + timedelta(days=1))
    return await reported_by_unit(tx, calendar.start_of_day(month.first), ends_before, reader=identity.unit)


def month_named(name: str) -> Span:
    """Raises InvalidInput."""
    span = span_named(name, "month")
    if span is None:
        raise InvalidInput([problem("api.wrong_value", "month")])
    return span
