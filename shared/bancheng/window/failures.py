"""What went wrong, as an answer: a stable code, its parameters, the field it concerns and the HTTP status.

Owns the one mapping from every error of the layers below to a failure. Must not know how it is shown, nor its words.
"""

from __future__ import annotations

from typing import Final

import msgspec
from litestar.exceptions import HTTPException, ValidationException

from bancheng.federation.editions import PublishRefused
from bancheng.federation.site import UnknownEdition
from bancheng.kernel.rejected import Rejected
from bancheng.schema.frames import FrameError
from bancheng.store.errors import (
    CommitUnknown,
    DatabaseBusy,
    DatabaseConflict,
    DatabaseFull,
    DatabaseUnavailable,
    DocumentConflict,
    NotMigrated,
    PaperGone,
    PaperStoreUnavailable,
    SearchTooShort,
    SortNotIndexed,
    StaleVersion,
    StoreError,
    TenantInvalid,
    TransactionAborted,
    UnstorableText,
)
from bancheng.window.field_problems import FieldProblem, InvalidInput, problem_of
from bancheng.window.hosting import UnknownTenant
from bancheng.window.rule_books import BookUnreadable

INTERNAL: Final = "api.internal"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An error on its way to the user. `retry_seconds` is set when trying again may help."""

    status: int
    code: str
    field: str = ""
    parameters: dict[str, str | int] = {}
    fields: tuple[FieldProblem, ...] = ()
    retry_seconds: int | None = None


class ApiError(Exception):
    """An error of the window itself."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        field: str = "",
        retry_seconds: int | None = None,
        **parameters: str | int,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.failure = Failure(
            status=status, code=code, field=field, parameters=parameters, retry_seconds=retry_seconds
        )


_TRY_AGAIN: Final[dict[type[StoreError], str]] = {
    DatabaseBusy: "api.busy",
    DatabaseConflict: "api.busy",
    TransactionAborted: "api.busy",
    DatabaseFull: DatabaseFull.code,
    DatabaseUnavailable: "database.unavailable",
    NotMigrated: NotMigrated.code,
    CommitUnknown: "database.commit_unknown",
    PaperStoreUnavailable: PaperStoreUnavailable.code,
}
_STATUS_OF_STORE: Final[dict[type[StoreError], int]] = {
    SearchTooShort: 422,
    SortNotIndexed: 422,
    DocumentConflict: 409,
    PaperGone: 409,
    StaleVersion: 409,
    TenantInvalid: 404,
    UnstorableText: 422,
}
_HTTP: Final[dict[int, str]] = {
    400: "api.unreadable_body",
    401: "api.not_signed_in",
    403: "api.forbidden",
    404: "api.not_found",
    405: "api.method_not_allowed",
    413: "api.body_too_large",
    415: "api.unsupported_media_type",
    429: "api.rate_limited",
    503: "api.busy",
}


_HUNG_UP: Final = "client disconnected prematurely"
"""The framework's words for a client that went away while it sent its body: nobody is left to be told."""
_WORTH_ANOTHER_TRY: Final = (429, 503)


def failure_of(error: BaseException, *, retry_seconds: int) -> Failure | None:
    """What an error means to whoever asked; None for one that nobody foresaw."""
    match error:
        case ApiError():
            return error.failure
        case InvalidInput():
            first = error.problems[0]
            return Failure(
                status=422, code=first.code, field=first.field, parameters=first.parameters, fields=error.problems
            )
        case UnknownTenant():
            return Failure(status=404, code=UnknownTenant.code, field="tenant", parameters={"tenant": error.tenant})
        case Rejected():
            return _of_rejected(error)
        case UnknownEdition():
            return Failure(status=409, code=UnknownEdition.code)
        case FrameError():
            return Failure(status=413, code=error.code)
        case PublishRefused():
            return Failure(status=409, code=error.code, field=error.field, parameters=error.parameters)
        case BookUnreadable():
            return _of_book(error)
        case StoreError():
            return _of_store(error, retry_seconds)
        case HTTPException():
            return _of_http(error, retry_seconds)
        case _:
            return None


def _of_rejected(error: Rejected) -> Failure:
    """The rules refuse: a field that does not fit is the input's fault, anything else is how the case stands."""
    parameters = dict(error.parameters)
    if error.code == "case.unknown":
        return Failure(status=404, code="api.not_found")
    if not error.field:
        return Failure(status=409, code=error.code, parameters=parameters)
    problem = FieldProblem(field=error.field, code=error.code, parameters=parameters)
    return Failure(status=422, code=error.code, field=error.field, parameters=parameters, fields=(problem,))


def _of_book(error: BookUnreadable) -> Failure:
    """Every finding with its line."""
    problems = tuple(
        FieldProblem(
            field=each.field or "text",
            code=each.code,
            parameters={"field": each.field, "line": each.line or 1, "detail": each.detail, "value": each.detail},
            line=each.line,
        )
        for each in error.problems
    )
    return Failure(status=422, code=error.code, field="text", fields=problems)


def _of_store(error: StoreError, retry_seconds: int) -> Failure | None:
    code = _TRY_AGAIN.get(type(error))
    if code is not None:
        return Failure(status=503, code=code, parameters={"seconds": retry_seconds}, retry_seconds=retry_seconds)
    status = _STATUS_OF_STORE.get(type(error))
    return None if status is None else Failure(status=status, code=error.code, parameters=dict(error.parameters))


def _of_http(error: HTTPException, retry_seconds: int) -> Failure | None:
    """What the framework itself refuses."""
    if error.detail == _HUNG_UP:
        return Failure(status=400, code="api.unreadable_body")
    if error.status_code >= 500:
        return None
    if isinstance(error, ValidationException):
        return _of_validation(error)
    code = _HTTP.get(error.status_code, "api.unreadable_body")
    if error.status_code in _WORTH_ANOTHER_TRY:
        return Failure(
            status=error.status_code, code=code, parameters={"seconds": retry_seconds}, retry_seconds=retry_seconds
        )
    return Failure(status=error.status_code, code=code)


def _of_validation(error: ValidationException) -> Failure:
    """Parameters of the path, the query or the headers that do not fit, or a body that is not there."""
    named = _named_parameters(error.extra)
    problems = tuple(problem_of(message, name) for name, message in named)
    if not problems:
        return Failure(status=400, code="api.unreadable_body")
    first = problems[0]
    return Failure(status=422, code=first.code, field=first.field, parameters=first.parameters, fields=problems)


def _named_parameters(extra: object) -> list[tuple[str, str]]:
    """Name and message of each, as the framework lists them. The body is not among them: we decode it ourselves."""
    try:
        listed = msgspec.convert(extra, list[_Complaint])
    except msgspec.ValidationError:
        return []
    return [(each.key, each.message) for each in listed if each.key not in {"", "data"}]


class _Complaint(msgspec.Struct, frozen=True, kw_only=True):
    key: str = ""
    message: str = ""
