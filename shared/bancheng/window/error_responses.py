"""Errors as JSON: a stable code, what is wrong and what to do next, in the reader's language.

Owns the form of the API's error answers and the log line of an error that nobody foresaw: its kind and place, never
its message, which could hold what a user typed. A stack trace never leaves the process.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.enums import MediaType

from bancheng.window.error_texts import Language, text_for
from bancheng.window.failures import INTERNAL, Failure, failure_of
from bancheng.window.identity import Identity
from bancheng.window.requests import language_of, window_of
from bancheng.window.views import named_units

_log = logging.getLogger(__name__)


class FieldErrorView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field that does not fit. `field` is its path in the body, for example `person.phone`; `line` is given where
    the body is a file's text.
    """

    field: str
    code: str
    message: str
    next_step: str
    line: int | None = None


class ErrorView(msgspec.Struct, frozen=True, kw_only=True):
    """What every refusal of the API looks like. `code` is stable; `reference` is given for internal errors only."""

    code: str
    message: str
    next_step: str
    field: str = ""
    parameters: dict[str, str | int] = {}
    fields: list[FieldErrorView] = []
    reference: str = ""


def foreseen(request: Request[Any, Any, Any], error: BaseException) -> tuple[Failure, str]:
    """What the error means, and the reference under which an unforeseen one was logged."""
    failure = failure_of(error, retry_seconds=window_of(request).parts.limits.retry_seconds)
    if failure is not None:
        return failure, ""
    reference = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    _log.error(
        "unforeseen error",
        extra={"reference": reference, "error": type(error).__name__, "places": places, "path": request.url.path},
    )
    return Failure(status=500, code=INTERNAL, parameters={"reference": reference}), reference


def error_view(failure: Failure, language: Language, reference: str, identity: Identity | None) -> ErrorView:
    text = text_for(failure.code, language, _said(failure.parameters, identity))
    fields: list[FieldErrorView] = []
    for each in failure.fields:
        said = text_for(each.code, language, _said(each.parameters, identity))
        fields.append(
            FieldErrorView(
                field=each.field, code=each.code, message=said.message, next_step=said.next_step, line=each.line
            )
        )
    return ErrorView(
        code=failure.code,
        message=text.message,
        next_step=text.next_step,
        field=failure.field,
        parameters=failure.parameters,
        fields=fields,
        reference=reference,
    )


def error_headers(failure: Failure, language: Language) -> dict[str, str]:
    headers = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    if failure.retry_seconds is not None:
        headers["Retry-After"] = str(failure.retry_seconds)
    if failure.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def identity_of(request: Request[Any, Any, Any]) -> Identity | None:
    """Who asked, if that was known by the time of the error."""
    user: object = request.user if "user" in request.scope else None
    return user if isinstance(user, Identity) else None


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The one exception handler of the API."""
    failure, reference = foreseen(request, error)
    language = language_of(request)
    view = error_view(failure, language, reference, identity_of(request))
    return Response(
        msgspec.json.encode(view),
        status_code=failure.status,
        media_type=MediaType.JSON,
        headers=error_headers(failure, language),
    )


def _said(parameters: Mapping[str, str | int], identity: Identity | None) -> dict[str, str | int]:
    return dict(parameters) if identity is None else named_units(parameters, identity.site.jurisdiction)
