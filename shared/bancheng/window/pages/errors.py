"""Errors as pages: what is wrong, what to do next, and a way on; whoever is not signed in is sent to sign in.

Owns the answer to an error of a page. What the error means is `failures`' to say.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response

from bancheng.window.error_responses import answer_error, error_headers, error_view, foreseen, identity_of
from bancheng.window.pages.session import SESSION, cookie, redirect, sign_in_path
from bancheng.window.requests import language_of, window_of

API = "/api/"


def answer_page_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The one exception handler of the pages."""
    failure, reference = foreseen(request, error)
    language = language_of(request)
    if failure.code == "api.not_signed_in":
        if request.headers.get("hx-request"):
            return Response(b"", status_code=200, headers={"HX-Refresh": "true"})
        wanted = request.url.path if request.method == "GET" else "/"
        return redirect(sign_in_path(wanted), (cookie(request, SESSION, "", seconds=0),))
    identity = identity_of(request)
    view = error_view(failure, language, reference, identity)
    window = window_of(request)
    answer = window.renderer.page(
        "error.html", language, {"error": view, "status": failure.status, "signed_in": identity is not None},
        status=failure.status,
    )  # fmt: skip
    answer.headers.update(error_headers(failure, language))
    return answer


def answer_any_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """For what belongs to no route: JSON below the API's address, a page elsewhere."""
    if request.url.path.startswith(API):
        return answer_error(request, error)
    return answer_page_error(request, error)
