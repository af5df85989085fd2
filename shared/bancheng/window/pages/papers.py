"""Papers at a case's page: one is looked at, one is taken in, and the form is signed with one.

The use cases are the API's. Owns how their forms come in and how a refusal goes back to the page, with what was typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from bancheng.kernel.rejected import Rejected
from bancheng.store.errors import PaperStoreUnavailable
from bancheng.window.api.papers import Hash, paper_response
from bancheng.window.command_registry import CASE_COMMANDS
from bancheng.window.failures import ApiError
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.idempotency import request_of
from bancheng.window.pages.case import refused_at_page, seen_version
from bancheng.window.pages.forms import body_from
from bancheng.window.pages.kept_forms import keep
from bancheng.window.pages.session import redirect, require_token
from bancheng.window.paper_intake import SignatureBody, attach, sign
from bancheng.window.requests import StaffRequest
from bancheng.window.sent_papers import MOST_REQUEST_BYTES, PaperBody, SentForm, body_of_texts, sent_form
from bancheng.window.usecases import give
from bancheng.window.window import Window

_REFUSALS = (InvalidInput, Rejected, ApiError, PaperStoreUnavailable)
_File = Callable[[StaffRequest, Window, UUID, SentForm], Awaitable[None]]


@get("/cases/{case_id:uuid}/papers/{sha256:str}", include_in_schema=False)
async def paper_at_page(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID], sha256: Hash
) -> Stream:
    """A picture to look at, anything else to save."""
    return await paper_response(window, request, case_id, sha256)


@post("/cases/{case_id:uuid}/papers", request_max_body_size=MOST_REQUEST_BYTES, include_in_schema=False)
async def attach_at_page(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID]
) -> Response[Any]:
    """A paper with its kind."""
    return await _filed(request, window, case_id, "attach-paper", _attach)


@post("/cases/{case_id:uuid}/sign-form", request_max_body_size=MOST_REQUEST_BYTES, include_in_schema=False)
async def sign_at_page(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID]
) -> Response[Any]:
    """签收: with what was drawn or photographed, attached in the same step, or with a paper that the case has."""
    return await _filed(request, window, case_id, "sign-form", _sign)


async def _filed(request: StaffRequest, window: Window, case_id: UUID, command: str, file: _File) -> Response[Any]:
    """The case's page again: with what was filed, or with the form still open and what is wrong beside the field."""
    typed: dict[str, str] = {}
    try:
        async with sent_form(request, window) as sent:
            typed = sent.texts
            keep(request, typed)
            require_token(typed, request.user.csrf)
            await file(request, window, case_id, sent)
    except _REFUSALS as refusal:
        return await refused_at_page(request, window, case_id, command, typed, refusal)
    return redirect(f"/cases/{case_id}?done={command}")


async def _attach(request: StaffRequest, window: Window, case_id: UUID, sent: SentForm) -> None:
    body = body_of_texts(sent.texts, PaperBody)
    upload = await sent.upload(body.paper_kind)
    await attach(window.hosting, request.user, case_id, upload, sent.content, sent.texts.get("key"))


async def _sign(request: StaffRequest, window: Window, case_id: UUID, sent: SentForm) -> None:
    typed, version = sent.texts, seen_version(sent.texts)
    if sent.file is None:
        spec = CASE_COMMANDS["sign-form"]
        body = body_from(typed, spec.body)
        if not typed.get("paper"):
            raise InvalidInput([problem("form.signature_missing", "file")])
        wanted = request_of(typed.get("key"), f"{spec.name}/{case_id}", body)
        await give(window.hosting, request.user, case_id, spec, body, request=wanted, version=version)
        return
    signature = body_of_texts(typed, SignatureBody)
    upload = await sent.upload("signed_form")
    await sign(
        window.hosting, request.user, case_id, signature, upload, sent.content, typed.get("key"), version=version
    )


ROUTES = [paper_at_page, attach_at_page, sign_at_page]
