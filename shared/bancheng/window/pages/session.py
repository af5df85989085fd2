"""Who is at the page: the session cookie, the guard, and the token that every form carries.

Owns cookies and redirects. A page's form is believed only with the token of the session it was made for; the form of
signing in has a token of its own in a cookie, since there is no session yet.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, get_args
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from bancheng.federation.site import HostedSite
from bancheng.kernel.commands import Register
from bancheng.kernel.duty import Duty
from bancheng.store.errors import StoreError
from bancheng.window.failures import ApiError
from bancheng.window.identity import Identity
from bancheng.window.pages.kept_forms import keep, keep_unread
from bancheng.window.pages.rendering import SECURITY
from bancheng.window.permissions import may, sees_no_case
from bancheng.window.registers.changing import may_change
from bancheng.window.requests import Connection, CookieKind, StaffRequest, cookie_name, window_of

SIGN_IN: Final = "/sign-in"
_LOCAL: Final = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f]*")
_AS_IT_IS: Final = "".join(chr(code) for code in range(0x21, 0x7F))
"""What an address may hold; the rest is written as its bytes."""


async def require_session(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard of the pages. Raises ApiError `api.not_signed_in`, which sends a reader to the sign-in page."""
    token = connection.cookies.get(cookie_name(connection, "session"), "")
    try:
        connection.scope["user"] = await window_of(connection).sign_in.identity(token, kind="session")
    except (ApiError, StoreError):
        await keep_unread(connection)
        raise


async def form_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The texts of a form, with plain line ends. Raises ApiError `api.unreadable_body`."""
    form = await request.form()
    values: dict[str, object] = dict(form.items())
    return {name: value.replace("\r\n", "\n") for name, value in values.items() if isinstance(value, str)}


async def session_form(request: StaffRequest) -> dict[str, str]:
    """The form of a signed-in page. Raises ApiError `api.csrf`."""
    form = await form_of(request)
    keep(request, form)
    require_token(form, request.user.csrf)
    return form


def require_token(form: Mapping[str, str], expected: str) -> None:
    given = form.get("csrf", "")
    if not expected or not secrets.compare_digest(given.encode(), expected.encode()):
        raise ApiError(403, "api.csrf")


def cookie(
    request: Request[Any, Any, Any], kind: CookieKind, value: str, *, path: str = "/", seconds: int | None = None
) -> Cookie:
    """One that no script reads and no other site's form sends."""
    return Cookie(
        key=cookie_name(request, kind),
        value=value,
        path=path,
        httponly=True,
        samesite="lax",
        secure=window_of(request).parts.cookie_secure,
        max_age=seconds,
    )


def redirect(path: str, cookies: tuple[Cookie, ...] = ()) -> Response[bytes]:
    """After a form: look at `path` with GET."""
    return Response(b"", status_code=303, headers={**SECURITY, "Location": path}, cookies=list(cookies))


def local_path(path: str | None) -> str:
    """Where to go on: a path of this window, never an address that somebody slipped in; fit to stand in a header.

    Browsers leave tabs and line ends out of an address: with one of them after the first stroke it is another house's.
    """
    if path is None or _LOCAL.fullmatch(path) is None:
        return "/"
    return quote(path[:500], safe=_AS_IT_IS, errors="replace")


def sign_in_path(wanted: str) -> str:
    return f"{SIGN_IN}?next={quote(local_path(wanted), safe='')}"


def page_context(identity: Identity) -> dict[str, object]:
    """What every signed-in page shows around its content."""
    site = identity.site
    return {
        **today_at(site),
        "identity": identity,
        "unit_name": unit_name(identity),
        "is_department": is_department(identity),
        "tenant_name": site.current_profile().name,
        "csrf": identity.csrf,
        "role_texts": {each.role: each.name for each in site.current_profile().roles},
        "may_publish": may_change(identity),
        "sees_no_case": sees_no_case(identity.roles),
        "may_register": may(identity.roles, Register, site.current_profile()),
        "uses_seal": site.current_profile().seal != "never",
        "on_duty": {duty: identity.roster.on_duty(identity.today, duty) for duty in get_args(Duty)},
    }


def today_at(site: HostedSite) -> dict[str, object]:
    """The site's date and time, which every page shows: by them it is seen what is overdue."""
    return {"calendar": site.calendar, "now": site.now()}


def is_department(identity: Identity) -> bool:
    """Whether the unit is no window: it holds no case, and owes answers to the orders that it is given."""
    unit = identity.site.jurisdiction.unit(identity.unit)
    return unit is not None and not unit.is_window


def unit_name(identity: Identity) -> str:
    unit = identity.site.jurisdiction.unit(identity.unit)
    return unit.name if unit is not None else identity.unit
