"""The ledger of a former window at the page: send the file, see every row as it would come in, then take it in.

Owns the flow. What a row does is former_ledgers'. The file itself goes through the page and back: nothing is kept here
between the two steps.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any, Final, cast, get_args

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery

from bancheng.kernel.rejected import Rejected
from bancheng.window.api.ledgers import template_answer
from bancheng.window.error_responses import ErrorView, error_view
from bancheng.window.failures import ApiError, failure_of
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.former_ledgers.columns import COLUMNS
from bancheng.window.former_ledgers.reading import MOST_BYTES, MOST_ROWS
from bancheng.window.former_ledgers.taking import (
    LedgerPreview,
    LedgerTaken,
    Take,
    TakeBody,
    digest,
    may_import,
    preview_ledger,
    take_ledger,
)
from bancheng.window.idempotency import request_of
from bancheng.window.pages.registers import tabs_for
from bancheng.window.pages.session import page_context, redirect, session_form
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.window import Window

MOST_FORM_BYTES: Final = MOST_BYTES * 3 // 2
"""A file as a form sends it on: four characters for three bytes."""
_ADDRESS: Final = "/registers/former-ledger"
_REFUSALS = (ApiError, InvalidInput, Rejected)


@get(_ADDRESS, include_in_schema=False)
async def former_ledger_page(
    request: StaffRequest,
    window: NamedDependency[Window],
    taken: FromQuery[int | None] = None,
    known: FromQuery[int] = 0,
    left: FromQuery[int] = 0,
) -> Response[str]:
    """Where the file is chosen; after taking one in, what came of it."""
    _require_importer(request)
    done = None if taken is None else LedgerTaken(taken=taken, known=known, left_out=left)
    return _page(request, window, done=done)


@get(f"{_ADDRESS}/template", include_in_schema=False)
async def former_ledger_file(request: StaffRequest) -> Response[bytes]:
    """The empty ledger."""
    return await template_answer(request)


@post(f"{_ADDRESS}/preview", include_in_schema=False, request_max_body_size=MOST_FORM_BYTES)
async def preview_former_ledger_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[str]:
    """Every row as it would come in, with the buttons that take them in; or what is wrong with the file."""
    await session_form(request)
    _require_importer(request)
    window.limit_uploads(request.user)
    try:
        content = await _uploaded(request)
        async with window.upload_turns:
            seen = await preview_ledger(window.hosting, request.user, content, language_of(request))
    except _REFUSALS as refusal:
        return _page(request, window, error=_error(request, window, refusal))
    return _page(request, window, seen=seen, content=content)


@post(_ADDRESS, include_in_schema=False, request_max_body_size=MOST_FORM_BYTES)
async def take_former_ledger_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[Any]:
    """What came of it; or the page again with the reason."""
    form = await session_form(request)
    _require_importer(request)
    window.limit_uploads(request.user)
    try:
        content, take = _sent_on(form.get("content", "")), form.get("take", "")
        if take not in get_args(Take):
            raise InvalidInput([problem("api.wrong_value", "take")])
        chosen = cast("Take", take)
        wanted = request_of(form.get("key"), "take_former_ledger", TakeBody(sha256=digest(content), take=chosen))
        async with window.upload_turns:
            answer = await take_ledger(window.hosting, request.user, content, chosen, wanted)
    except _REFUSALS as refusal:
        return _page(request, window, error=_error(request, window, refusal))
    done = msgspec.json.decode(answer.body, type=LedgerTaken)
    return redirect(f"{_ADDRESS}?taken={done.taken}&known={done.known}&left={done.left_out}")


def _require_importer(request: StaffRequest) -> None:
    if not may_import(request.user):
        raise ApiError(403, "register.forbidden", roles="administrator,coordinator")


async def _uploaded(request: StaffRequest) -> bytes:
    sent: object = (await request.form()).get("file")
    content = await sent.read() if isinstance(sent, UploadFile) else b""
    if not content:
        raise InvalidInput([problem("ledger.no_file", "file")])
    return content


def _sent_on(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise InvalidInput([problem("ledger.no_file", "file")]) from error


def _error(request: StaffRequest, window: Window, refusal: Exception) -> ErrorView:
    failure = failure_of(refusal, retry_seconds=window.parts.limits.retry_seconds)
    if failure is None or failure.status in {401, 403}:
        raise refusal
    return error_view(failure, language_of(request), "", request.user)


def _page(
    request: StaffRequest,
    window: Window,
    *,
    seen: LedgerPreview | None = None,
    content: bytes = b"",
    error: ErrorView | None = None,
    done: LedgerTaken | None = None,
) -> Response[str]:
    language = language_of(request)
    profile = request.user.site.current_profile()
    lists = {"kind": profile.kinds, "case_type": profile.case_types}
    called = {
        f"{name}.{each.key}": each.name.zh if language == "zh" else each.name.en
        for name, choices in lists.items()
        for each in choices
    }
    context = {
        **page_context(request.user),
        "name": "former-ledger",
        "names": tabs_for(request.user),
        # Where the tenant has one kind or type, it need not be said.
        "columns": [(each.name(language), each.required or len(lists.get(each.key, ())) > 1) for each in COLUMNS],
        "most_rows": MOST_ROWS,
        "seen": seen,
        "called": called,
        "content": base64.b64encode(content).decode(),
        "error": error,
        "done": done,
        "key": secrets.token_hex(16),
    }
    return window.renderer.page("former_ledger.html", language, context, status=200 if error is None else 422)


ROUTES = [former_ledger_page, former_ledger_file, preview_former_ledger_page, take_former_ledger_page]
