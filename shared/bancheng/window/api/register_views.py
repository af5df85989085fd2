"""The registers of the tenant, to be looked at."""

from __future__ import annotations

from datetime import date
from typing import Annotated, get_args

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from bancheng.kernel.catalogue import Matter
from bancheng.kernel.entrustments import Entrustment
from bancheng.schema.events import Outcome
from bancheng.window.pages.catalogue import word
from bancheng.window.registers import case_reports, duty, liaisons, summaries, zero_reports
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.window import Window

MonthAsked = Annotated[
    str, QueryParameter(pattern=r"^(20[0-9]{2}-(0[1-9]|1[0-2]))?$", description="For example 2026-02")
]

PeriodAsked = Annotated[
    str, QueryParameter(max_length=8, description="A week, month, quarter or year: `2026-W09`, `2026-02`, `2026-Q1`")
]


@get("/entrustments", summary="Entrustment documents 委托文件", tags=["registers"])
async def entrustments(request: StaffRequest) -> list[Entrustment]:
    """All that the top tier recorded, those that have ended too; every tier decides by them."""
    return list(request.user.site.registers.entrustments.documents)


@get("/matters", summary="The catalogue of matters 事项目录", tags=["registers"])
async def matters(request: StaffRequest) -> list[Matter]:
    """Each with the tier at which it is done and the papers that it needs."""
    return list(request.user.site.registers.catalogue.matters)


@get("/reports/zero", summary="Who reported in a month 月零报告", tags=["registers"])
async def zero_report_list(
    request: StaffRequest, window: NamedDependency[Window], month: MonthAsked = ""
) -> zero_reports.ZeroReports:
    """Of all units at the top, else of your own and those below it; without a month, of the last one that is over."""
    asked = month or zero_reports.last_month(request.user)
    return await zero_reports.list_zero_reports(window.hosting, request.user, asked)


@get("/reports/cases", summary="Reports of the windows below 定期报备", tags=["registers"])
async def case_report_list(
    request: StaffRequest, window: NamedDependency[Window], period: PeriodAsked = ""
) -> case_reports.CaseReports:
    """Received, late or missing, with figures and numbers; without a period, of the last three that are over."""
    return await case_reports.list_case_reports(window.hosting, request.user, period)


@get("/liaisons", summary="Liaisons of departments 联络员", tags=["registers"])
async def liaison_list(request: StaffRequest, window: NamedDependency[Window]) -> list[liaisons.LiaisonRow]:
    """Departments that serve enterprises, those that named nobody first. Kept at the top tier alone."""
    return await liaisons.list_of_liaisons(window.hosting, request.user)


@get("/duty", summary="The duty roster of your unit 值班表", tags=["registers"])
async def duty_roster(request: StaffRequest, day: FromQuery[date | None] = None) -> duty.DutyWeek:
    """The week of `day`, today's without one: who is on duty, who stands in, and the gaps of the next days."""
    return duty.duty_week(request.user, day)


@get("/summaries/not-done", summary="What was declined or could not be done 汇总", tags=["registers"])
async def not_done_summary(
    request: StaffRequest, window: NamedDependency[Window], first: FromQuery[date], last: FromQuery[date]
) -> summaries.Summary:
    """Registered from `first` to `last`, by outcome, reason and department, without personal data."""
    return await summaries.summary(window.hosting, request.user, first, last, language_of(request))


@get("/summaries/not-done.csv", summary="The same for a spreadsheet", tags=["registers"], media_type="text/csv")
async def not_done_table(
    request: StaffRequest, window: NamedDependency[Window], first: FromQuery[date], last: FromQuery[date]
) -> Response[bytes]:
    """UTF-8 with its mark, in your language."""
    return csv_answer(await summaries.summary(window.hosting, request.user, first, last, language_of(request)), request)


def csv_answer(found: summaries.Summary, request: StaffRequest) -> Response[bytes]:
    """A file to be kept."""
    language = language_of(request)
    headings = [word(language, "field", name) for name in summaries.COLUMNS]
    outcomes = {name: word(language, "outcome", name) for name in get_args(Outcome)}
    name = f"not-done-{found.first.isoformat()}-{found.last.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(summaries.as_csv(found, headings, outcomes), media_type="text/csv; charset=utf-8", headers=headers)


ROUTES = [
    entrustments,
    matters,
    zero_report_list,
    case_report_list,
    liaison_list,
    duty_roster,
    not_done_summary,
    not_done_table,
]
