"""What a window knows beside its cases: units, links, the rules in force, alerts."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from bancheng.federation.health import LinkStatus
from bancheng.kernel.profile import Profile
from bancheng.store.counters import CounterValue
from bancheng.window.acknowledging import AcknowledgeBody, Acknowledged, acknowledge
from bancheng.window.api.answers import TO_A_CASE, Key, answered
from bancheng.window.api.bodies import body_of
from bancheng.window.idempotency import request_of
from bancheng.window.requests import StaffRequest
from bancheng.window.views import AlertView
from bancheng.window.window import Window


class UnitRow(msgspec.Struct, frozen=True, kw_only=True):
    """A window or department. `parent` is where a case climbs to; `successor` follows it if it was merged; `is_seen`:
    you see its cases.
    """

    code: str
    name: str
    tier: str
    site: str
    parent: str | None
    is_window: bool
    closed_on: date | None
    successor: str | None
    serves_enterprises: bool
    is_seen: bool


class LinkView(LinkStatus, frozen=True, kw_only=True):
    """One link of this site. `waiting`: numbered and not yet receipted by the peer."""

    waiting: int


def link_view(status: LinkStatus) -> LinkView:
    waiting = max(0, status.out_number - status.receipted_number)
    return LinkView(**msgspec.structs.asdict(status), waiting=waiting)


@get("/units", summary="Units of the tenant", tags=["tenant"])
async def units(request: StaffRequest) -> list[UnitRow]:
    """As the directory in force names them."""
    identity = request.user
    return [
        UnitRow(
            code=unit.code,
            name=unit.name,
            tier=unit.tier,
            site=unit.site,
            parent=unit.parent,
            is_window=unit.is_window,
            closed_on=unit.closed_on,
            successor=unit.successor,
            serves_enterprises=unit.serves_enterprises,
            is_seen=identity.visible.sees(unit.code),
        )
        for unit in identity.site.jurisdiction.directory.units
    ]


@get("/links", summary="Links of this site", tags=["tenant"])
async def links(request: StaffRequest, window: NamedDependency[Window]) -> list[LinkView]:
    """How far each neighbour is, and why a link waits."""
    return [link_view(status) for status in await window.parts.links(request.user.tenant)]


@get("/profile", summary="The rules in force", tags=["tenant"])
async def profile(request: StaffRequest) -> Profile:
    """The tenant's rule profile: kinds, types, grounds, exclusions, limits and the ladder."""
    return request.user.site.current_profile()


@get("/alerts", summary="What somebody must look at", tags=["tenant"])
async def alerts(request: StaffRequest, window: NamedDependency[Window]) -> list[AlertView]:
    """About cases that you may see, and about links; the longest standing first."""
    return await window.queries.alerts(request.user)


@get("/figures", summary="How many cases each unit had", tags=["tenant"])
async def figures(request: StaffRequest, window: NamedDependency[Window]) -> list[CounterValue]:
    """Registered, escalated, received, closed: of your own unit and those below it, kept up to the last moment.

    Cases that complain of a unit are left out, as in the periodic reports: that unit may read these figures too.
    """
    return await window.queries.figures(request.user)


@post(
    "/cases/{case_id:uuid}/acknowledge",
    dto=body_of(AcknowledgeBody),
    return_dto=None,
    status_code=200,
    summary="Acknowledge a notice 签阅",
    tags=["cases"],
    responses={200: ResponseSpec(Acknowledged, description="Done"), **TO_A_CASE},
)
async def acknowledge_notice(
    request: StaffRequest,
    data: JSONBody[AcknowledgeBody],
    window: NamedDependency[Window],
    case_id: FromPath[UUID],
    idempotency_key: Key = None,
) -> Response[bytes]:
    """A fault reported to your unit or to you, or a call to the duty leader: seen. `kind` as `/alerts` has it."""
    wanted = request_of(idempotency_key, f"acknowledge/{case_id}", data)
    return answered(await acknowledge(window.hosting, request.user, case_id, data, wanted))


ROUTES = [units, links, profile, alerts, acknowledge_notice, figures]
