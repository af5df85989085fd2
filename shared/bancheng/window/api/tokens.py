"""Signing in and out of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from bancheng.window.api.bodies import body_of
from bancheng.window.requests import StaffRequest, address_of, bearer_of, require_token
from bancheng.window.views import UnitView, unit_view
from bancheng.window.window import Window


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in: the tenant's code, for example 000000, and the account."""

    tenant: Annotated[str, Meta(min_length=1, max_length=48)]
    login: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """`token` goes into `Authorization: Bearer …`. It is shown once."""

    token: str
    expires_at: datetime
    staff_id: str
    name: str
    unit: UnitView
    roles: list[str]


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it is."""

    tenant: str
    site: str
    staff_id: str
    login: str
    name: str
    unit: UnitView
    roles: list[str]


@post("/tokens", dto=body_of(TokenBody), return_dto=None, status_code=201, summary="Sign in", tags=["sign-in"])
async def open_token(
    request: Request[Any, Any, State], data: JSONBody[TokenBody], window: NamedDependency[Window]
) -> TokenView:
    """A bearer token for the API."""
    opened = await window.sign_in.sign_in(
        data.tenant, data.login, data.password, address=address_of(request), kind="token"
    )
    jurisdiction = window.hosting.site(data.tenant).jurisdiction
    return TokenView(
        token=opened.token,
        expires_at=opened.expires_at,
        staff_id=opened.staff.staff_id,
        name=opened.staff.name,
        unit=unit_view(jurisdiction, opened.staff.unit),
        roles=list(opened.staff.roles),
    )


@delete("/tokens/current", guards=[require_token], summary="Sign out", tags=["sign-in"])
async def revoke_token(request: StaffRequest, window: NamedDependency[Window]) -> None:
    """The token is worth nothing from now on."""
    await window.sign_in.sign_out(bearer_of(request), request.user)


@get("/me", guards=[require_token], summary="Whose token this is", tags=["sign-in"])
async def me(request: StaffRequest) -> MeView:
    """The account, its unit and roles."""
    identity = request.user
    return MeView(
        tenant=identity.tenant,
        site=identity.site.site,
        staff_id=identity.staff_id,
        login=identity.login,
        name=identity.name,
        unit=unit_view(identity.site.jurisdiction, identity.unit),
        roles=list(identity.roles),
    )


ROUTES = [open_token, revoke_token, me]
