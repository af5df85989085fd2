"""Signing in and out at the page, and choosing the language."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any
from urllib.parse import urlsplit

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from bancheng.window.error_texts import in_full, text_for
from bancheng.window.failures import ApiError
from bancheng.window.hosting import UnknownTenant
from bancheng.window.pages.session import (
    SIGN_IN,
    cookie,
    form_of,
    local_path,
    redirect,
    require_session,
    require_token,
    session_form,
    today_at,
)
from bancheng.window.requests import StaffRequest, address_of, cookie_name, language_of
from bancheng.window.window import Window

Visitor = Request[Any, Any, State]
Next = Annotated[str, QueryParameter(name="next", max_length=500)]
A_YEAR = 365 * 24 * 3600
REFUSALS = ("api.sign_in_failed", "api.rate_limited", "api.unknown_tenant", "api.csrf")
_TOKEN = re.compile(r"[\w-]{32}", re.ASCII)


def _form_page(
    request: Visitor,
    window: Window,
    typed: dict[str, str],
    *,
    error: str = "",
    status: int = 200,
    retry: int | None = None,
) -> Response[str]:
    # One token for all tabs of a browser: when a session is over, each of them comes to this page.
    given = request.cookies.get(cookie_name(request, "form"), "")
    token = given if _TOKEN.fullmatch(given) else secrets.token_urlsafe(24)
    sites = [window.hosting.site(code) for code in window.hosting.tenants()]
    context = {
        "tenants": [(site.tenant, site.current_profile().name) for site in sites],
        "typed": typed,
        "error": error,
        "csrf": token,
        **(today_at(sites[0]) if sites else {}),
    }
    page = window.renderer.page("sign_in.html", language_of(request), context, status=status)
    page.set_cookie(cookie(request, "form", token, path=SIGN_IN))
    if retry is not None:
        page.headers["Retry-After"] = str(retry)
    return page


@get(SIGN_IN, include_in_schema=False)
async def sign_in_page(request: Visitor, window: NamedDependency[Window], wanted: Next = "/") -> Response[str]:
    """Which tenant, which account."""
    return _form_page(request, window, {"next": local_path(wanted)})


@post(SIGN_IN, include_in_schema=False)
async def sign_in(request: Visitor, window: NamedDependency[Window]) -> Response[Any]:
    """A session cookie, or the form again with what was typed but the password."""
    form = await form_of(request)
    try:
        require_token(form, request.cookies.get(cookie_name(request, "form"), ""))
        opened = await window.sign_in.sign_in(
            form.get("tenant", ""), form.get("login", ""), form.get("password", ""),
            address=address_of(request), kind="session",
        )  # fmt: skip
    except (ApiError, UnknownTenant) as refusal:
        if refusal.code not in REFUSALS:
            raise
        failure = refusal.failure if isinstance(refusal, ApiError) else None
        parameters = failure.parameters if failure is not None else {"tenant": form.get("tenant", "")}
        text = text_for(refusal.code, language_of(request), parameters)
        typed = {name: form.get(name, "") for name in ("tenant", "login", "next")}
        return _form_page(
            request, window, typed,
            error=in_full(text, language_of(request)),
            status=failure.status if failure is not None else 404,
            retry=failure.retry_seconds if failure is not None else None,
        )  # fmt: skip
    return redirect(local_path(form.get("next")), (cookie(request, "session", opened.token),))


@post("/sign-out", guards=[require_session], include_in_schema=False)
async def sign_out(request: StaffRequest, window: NamedDependency[Window]) -> Response[bytes]:
    """The session is over, here and everywhere."""
    await session_form(request)
    await window.sign_in.sign_out(request.cookies.get(cookie_name(request, "session"), ""), request.user)
    return redirect(SIGN_IN, (cookie(request, "session", "", seconds=0),))


@get("/language/{chosen:str}", include_in_schema=False)
async def choose_language(request: Visitor, chosen: FromPath[str], wanted: Next = "") -> Response[bytes]:
    """Kept in a cookie; changes nothing else. Back to the page where it was chosen."""
    came_from = urlsplit(request.headers.get("referer", ""))
    back = f"{came_from.path}?{came_from.query}" if came_from.netloc == request.url.netloc else "/"
    language = "en" if chosen == "en" else "zh"
    kept = cookie(request, "language", language, seconds=A_YEAR)
    return redirect(local_path(wanted or back), (kept,))


ROUTES = [sign_in_page, sign_in, sign_out, choose_language]
