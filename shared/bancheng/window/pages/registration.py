"""Registering a case at the page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency

from bancheng.kernel.commands import Register
from bancheng.kernel.rejected import Rejected
from bancheng.window.command_registry import RegisterBody
from bancheng.window.error_responses import ErrorView, error_view
from bancheng.window.failures import ApiError, failure_of
from bancheng.window.field_problems import FieldProblem, InvalidInput
from bancheng.window.idempotency import request_of
from bancheng.window.pages.choices import Choices
from bancheng.window.pages.forms import FormReader, body_from
from bancheng.window.pages.kept_forms import USED_KEY, sent_before
from bancheng.window.pages.session import page_context, redirect, session_form
from bancheng.window.permissions import may, who_may
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.usecases import Registered, register
from bancheng.window.window import Window


@get("/cases/new", include_in_schema=False)
async def registration_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[str]:
    """An empty form, with a key of its own: sent twice, it is one case."""
    profile = request.user.site.current_profile()
    if not may(request.user.roles, Register, profile):
        raise ApiError(403, "api.forbidden", roles=who_may(Register, profile))
    return _page(request, window, {"key": secrets.token_hex(16)}, ())


@post("/cases/new", include_in_schema=False)
async def register_at_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[Any]:
    """The new case's page, or the form again with everything that was typed and an error beside each field."""
    form = await session_form(request)
    try:
        body = body_from({name: text.strip() for name, text in form.items()}, RegisterBody)
        answer = await register(window.hosting, request.user, body, request_of(form.get("key"), "register", body))
    except (InvalidInput, Rejected, ApiError) as refusal:
        failure = failure_of(refusal, retry_seconds=window.parts.limits.retry_seconds)
        if failure is None or failure.status in {401, 403}:
            raise
        if failure.code == USED_KEY:
            # Sent, saved and gone back to: what is typed now is another matter, and gets a key of its own.
            failure, form = sent_before(failure), {**form, "key": secrets.token_hex(16)}
        error = error_view(failure, language_of(request), "", request.user)
        return _page(request, window, form, failure.fields, error=error, status=failure.status)
    registered = msgspec.json.decode(answer.body, type=Registered)
    return redirect(f"/cases/{registered.case_id}?done=register")


def _page(
    request: StaffRequest,
    window: Window,
    typed: Mapping[str, str],
    problems: Sequence[FieldProblem],
    *,
    error: ErrorView | None = None,
    status: int = 200,
) -> Response[str]:
    identity, language = request.user, language_of(request)
    reader = FormReader(Choices(identity, identity.site.current_profile(), language), language)
    fields = reader.registration_fields(typed, problems)
    context = {**page_context(identity), "fields": fields, "error": error, "key": typed.get("key", "")}
    context["typed_agent"] = any(text for name, text in typed.items() if name.startswith("agent."))
    return window.renderer.page("register.html", language, context, status=status)


ROUTES = [registration_page, register_at_page]
