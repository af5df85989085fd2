"""Cases: register one, list, look at one, its history, search."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation

from bancheng.kernel.case import Stage
from bancheng.kernel.missing import MissingStep
from bancheng.store.ledger import LedgerFilter, Sort
from bancheng.window.api.answers import NEEDS_KEY, Key, answered
from bancheng.window.api.bodies import body_of
from bancheng.window.case_view import CaseView
from bancheng.window.command_registry import RegisterBody
from bancheng.window.field_problems import require_instants
from bancheng.window.idempotency import request_of
from bancheng.window.queries import ListRequest
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.usecases import Registered, register
from bancheng.window.views import CaseList, HistoryView
from bancheng.window.window import Window

After = Annotated[str, QueryParameter(description="`next` of the page before", max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=200)]
Code = Annotated[str | None, QueryParameter(max_length=64)]


@post(
    "/cases",
    dto=body_of(RegisterBody),
    return_dto=None,
    status_code=201,
    summary="Register a case 登记",
    tags=["cases"],
    responses={201: ResponseSpec(Registered, description="Registered"), **NEEDS_KEY},
)
async def register_case(
    request: StaffRequest, data: JSONBody[RegisterBody], window: NamedDependency[Window], idempotency_key: Key = None
) -> Response[bytes]:
    """The number, the stage and the limits of the new case. The key makes sending it twice one case."""
    wanted = request_of(idempotency_key, "register", data)
    return answered(await register(window.hosting, request.user, data, wanted))


def asked_for(  # noqa: PLR0913  each is a parameter of the query
    *,
    holder_unit: Code = None,
    registered_unit: Code = None,
    stage: FromQuery[Stage | None] = None,
    is_closed: FromQuery[bool | None] = None,
    due_before: FromQuery[datetime | None] = None,
    missing: FromQuery[MissingStep | None] = None,
    is_sealed: FromQuery[bool | None] = None,
    sort: FromQuery[Sort | None] = None,
    after: After = "",
    limit: Limit = 50,
) -> ListRequest:
    """The named filters and sorts, from the query. What lacks a step is listed by due date if nothing else is said."""
    require_instants(due_before=due_before)
    filters = LedgerFilter(
        holder_unit=holder_unit,
        registered_unit=registered_unit,
        stage=stage,
        is_closed=is_closed,
        due_before=due_before,
        missing=missing,
        is_sealed=is_sealed,
    )
    ordered: Sort = sort or ("registered_at" if missing is None else "holder_due_at")
    return ListRequest(filters=filters, sort=ordered, after=after, limit=limit)


@get(
    "/cases",
    dependencies={"asked": Provide(asked_for, sync_to_thread=False)},
    summary="List cases",
    tags=["cases"],
)
async def list_cases(
    request: StaffRequest, window: NamedDependency[Window], asked: NamedDependency[SkipValidation[ListRequest]]
) -> CaseList:
    """Those that you may see, newest first, or the most urgent first (`sort` by a due date: open cases only).

    `missing` lists open cases that lack a step of the loop; `is_sealed` those that bear the seal.
    """
    return await window.queries.cases(request.user, asked)


class StepFigure(msgspec.Struct, frozen=True, kw_only=True):
    """How many open cases that you may see lack this step of the loop."""

    step: MissingStep
    count: int


@get("/cases/missing", summary="How many cases lack each step", tags=["cases"])
async def count_missing(request: StaffRequest, window: NamedDependency[Window]) -> list[StepFigure]:
    """Every step of the loop, in its order, also those that none lacks; `/cases?missing=` lists them."""
    counted = await window.queries.missing(request.user)
    return [StepFigure(step=step, count=count) for step, count in counted.items()]


@get("/cases/search", summary="Search cases", tags=["cases"])
async def search_cases(
    request: StaffRequest,
    window: NamedDependency[Window],
    q: Annotated[str, QueryParameter(max_length=100, description="Words, or a number")] = "",
    after: After = "",
    limit: Limit = 50,
) -> CaseList:
    """Cases in whose title, description or person's name every word occurs, two-character words included."""
    return await window.queries.search(request.user, q, after=after, limit=limit)


@get("/cases/{case_id:uuid}", summary="A case", tags=["cases"])
async def show_case(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID]
) -> Response[CaseView]:
    """How it stands, why each limit is due when it is, what may be done now and why the rest may not."""
    view = await window.queries.case(request.user, case_id, language_of(request))
    return Response(view, headers={"ETag": f'"{view.version}"', "Cache-Control": "no-store"})


@get("/cases/{case_id:uuid}/history", summary="The history of a case", tags=["cases"])
async def show_history(request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID]) -> HistoryView:
    """Every entry across the tiers, the late ones apart, with how far each has come on each link."""
    return await window.queries.history(request.user, case_id)


ROUTES = [register_case, list_cases, count_missing, search_cases, show_case, show_history]
