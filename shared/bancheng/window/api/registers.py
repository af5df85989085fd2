"""The registers of the tenant: one address for each change of one.

Owns the addresses. Who may change a register, and what is refused, are the use cases' (window/registers).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from bancheng.window.api.answers import NEEDS_KEY, Key, answered
from bancheng.window.api.bodies import body_of
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request, request_of
from bancheng.window.identity import Identity
from bancheng.window.registers import duty, entrustments, liaisons, matters, units, zero_reports
from bancheng.window.registers.changing import Published
from bancheng.window.requests import StaffRequest
from bancheng.window.window import Window

UseCase = Callable[[Hosting, Identity, Any, Request], Awaitable[Answer]]


def changing(
    path: str, body: type[msgspec.Struct], use_case: UseCase, *, summary: str, answer: type, status: int = 201
) -> HTTPRouteHandler:
    """A POST of `body` to a use case, with an idempotency key. Its description is the use case's."""

    async def change(
        request: StaffRequest,
        data: JSONBody[msgspec.Struct],
        window: NamedDependency[Window],
        idempotency_key: Key = None,
    ) -> Response[bytes]:
        wanted = request_of(idempotency_key, path, data)
        return answered(await use_case(window.hosting, request.user, data, wanted))

    name = path.strip("/").replace("/", "_").replace("-", "_")
    change.__doc__ = use_case.__doc__
    change.__annotations__["data"] = JSONBody[body]
    change.__name__ = name
    return post(
        path,
        dto=body_of(body),
        return_dto=None,
        status_code=status,
        operation_id=name,
        summary=summary,
        tags=["registers"],
        responses={status: ResponseSpec(answer, description="Done"), **NEEDS_KEY},
    )(change)


ROUTES = [
    changing("/units", units.AddUnitBody, units.add, summary="Add a window or department 新设", answer=Published),
    changing("/units/change", units.ChangeUnitBody, units.alter, summary="Rename a unit 改名", answer=Published),
    changing("/units/merge", units.MergeUnitBody, units.merge, summary="Merge a unit 合并", answer=Published),
    changing(
        "/entrustments",
        entrustments.EntrustBody,
        entrustments.entrust,
        summary="Record an entrustment 登记委托文件",
        answer=Published,
    ),
    changing(
        "/entrustments/end",
        entrustments.EndEntrustmentBody,
        entrustments.end,
        summary="End an entrustment 终止委托",
        answer=Published,
    ),
    changing(
        "/matters",
        matters.CatalogueBody,
        matters.publish_catalogue,
        summary="Publish the catalogue of matters 发布事项目录",
        answer=Published,
    ),
    changing(
        "/reports/zero",
        zero_reports.ZeroReportBody,
        zero_reports.file_zero_report,
        summary="File a zero report 月零报告",
        answer=zero_reports.ZeroReportFiled,
        status=200,
    ),
    changing(
        "/liaisons",
        liaisons.NameLiaisonBody,
        liaisons.name_liaison,
        summary="Name a liaison 联络员",
        answer=liaisons.LiaisonSaved,
        status=200,
    ),
    changing(
        "/liaisons/remove",
        liaisons.RemoveLiaisonBody,
        liaisons.drop_liaison,
        summary="Remove a liaison",
        answer=liaisons.LiaisonSaved,
        status=200,
    ),
    changing("/units/close", units.CloseUnitBody, units.close, summary="Close a unit 撤销", answer=Published),
    *(
        changing(path, body, use_case, summary=summary, answer=duty.RosterSaved, status=200)
        for path, body, use_case, summary in (
            ("/duty", duty.AddDutyBody, duty.add_duty, "Put a colleague on duty 排班"),
            ("/duty/remove", duty.RemoveDutyBody, duty.remove_duty, "Take a duty off the roster 撤班"),
            ("/duty/copy-week", duty.CopyWeekBody, duty.copy_week, "Copy last week's duties 沿用上周"),
            ("/duty/posts", duty.PairBody, duty.pair, "Name A and B of a post AB 岗"),
            ("/duty/posts/remove", duty.UnpairBody, duty.unpair, "Remove the A and B of a post"),
            ("/duty/absences", duty.AbsenceBody, duty.record_absence, "Record that somebody is away 外出请假"),
            ("/duty/absences/remove", duty.RemoveDutyBody, duty.remove_absence, "Remove an absence 销假"),
        )
    ),
]
