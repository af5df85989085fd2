"""Errors as pages: what is wrong, what to do next, and a way on; whoever is not signed in is sent to sign in.

Owns the answer to an error of a page. What the error means is `failures`' to say.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response

from bancheng.window.error_responses import answer_error, error_headers, error_view, foreseen, identity_of
from bancheng.window.pages.kept_forms import kept_form
from bancheng.window.pages.session import cookie, redirect, sign_in_path, today_at
from bancheng.window.requests import cookie_name, language_of, window_of

API = "/api/"


def answer_page_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The one exception handler of the pages."""
    failure, reference = foreseen(request, error)
    language = language_of(request)
    again = kept_form(request, failure)
    if failure.code == "api.not_signed_in" and again is None:
        if request.headers.get("hx-request"):
            return Response(b"", status_code=200, headers={"HX-Refresh": "true"})
        query = f"?{request.url.query}" if request.url.query else ""
        wanted = request.url.path + query if request.method == "GET" else "/"
        return redirect(sign_in_path(wanted), (cookie(request, "session", "", seconds=0),))
    identity = identity_of(request)
    view = error_view(failure, language, reference, identity)
    # An address of no page has no guard that would have read the cookie; a cookie that no longer counts leads on too.
    signed_in = identity is not None or cookie_name(request, "session") in request.cookies
    window = window_of(request)
    context = {
        "error": view,
        "status": failure.status,
        "signed_in": signed_in,
        "again": again,
        "csrf": identity.csrf if identity is not None else "",
        **(today_at(identity.site) if identity is not None else {}),
    }
    answer = window.renderer.page("error.html", language, context, status=failure.status)
    answer.headers.update(error_headers(failure, language))
    return answer


def answer_any_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """For what belongs to no route: JSON below the API's address, a page elsewhere."""
    if request.url.path.startswith(API):
        return answer_error(request, error)
    return answer_page_error(request, error)
