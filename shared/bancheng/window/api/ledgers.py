"""The ledger of a former window: the form to fill in, what a filled one would do, and taking it in."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, cast

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from bancheng.window.api.answers import NEEDS_KEY, Key, answered
from bancheng.window.documents.spreadsheet import MEDIA_TYPE
from bancheng.window.failures import ApiError
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.former_ledgers.reading import MOST_BYTES
from bancheng.window.former_ledgers.taking import (
    LedgerPreview,
    LedgerTaken,
    Take,
    TakeBody,
    digest,
    preview_ledger,
    take_ledger,
)
from bancheng.window.former_ledgers.template import NAME, template
from bancheng.window.idempotency import request_of
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.window import Window

_FORM_BYTES: Final = 64 * 1024
_TOO_LARGE: Final = 413
TakeAsked = Annotated[str, QueryParameter(pattern="^(all|sound)$", description="`all` or `sound`")]


@get("/ledgers/former/template", summary="The empty ledger 台账样表", tags=["registers"], media_type=MEDIA_TYPE)
async def former_ledger_template(request: StaffRequest) -> Response[bytes]:
    """A workbook in your language: the columns, and what each of them takes by the tenant's rules."""
    return await template_answer(request)


@post(
    "/ledgers/former/preview",
    status_code=200,
    request_max_body_size=MOST_BYTES + _FORM_BYTES,
    summary="What a former ledger would do 预览",
    tags=["registers"],
    responses={each: NEEDS_KEY[each] for each in (403, 409, 422)},
)
async def preview_former_ledger(request: StaffRequest, window: NamedDependency[Window]) -> LedgerPreview:
    """A form (multipart) with `file`: CSV or xlsx. Every row as it would come in. Changes nothing."""
    content = await sent_file(request, window)
    async with window.upload_turns:
        return await preview_ledger(window.hosting, request.user, content, language_of(request))


@post(
    "/ledgers/former",
    status_code=200,
    request_max_body_size=MOST_BYTES + _FORM_BYTES,
    summary="Take a former ledger in 导入台账",
    tags=["registers"],
    responses={200: ResponseSpec(LedgerTaken, description="Done"), **NEEDS_KEY},
)
async def take_former_ledger(
    request: StaffRequest, window: NamedDependency[Window], take: TakeAsked, idempotency_key: Key = None
) -> Response[bytes]:
    """All rows, or the sound ones. A row that is here already is not taken twice, whoever sends it."""
    content = await sent_file(request, window)
    chosen = cast("Take", take)
    wanted = request_of(idempotency_key, "take_former_ledger", TakeBody(sha256=digest(content), take=chosen))
    async with window.upload_turns:
        return answered(await take_ledger(window.hosting, request.user, content, chosen, wanted))


async def template_answer(request: StaffRequest) -> Response[bytes]:
    """A file to be kept."""
    made = await asyncio.to_thread(template, request.user.site, language_of(request))
    headers = {"Content-Disposition": f'attachment; filename="{NAME}"', "Cache-Control": "no-store"}
    return Response(made, media_type=MEDIA_TYPE, headers=headers)


async def sent_file(request: Request[Any, Any, Any], window: Window) -> bytes:
    """Raises ApiError `ledger.too_large` and `api.rate_limited`, InvalidInput `ledger.no_file`."""
    window.limit_uploads(request.user)
    try:
        form = await request.form()
    except HTTPException as error:
        if error.status_code == _TOO_LARGE:
            raise ApiError(_TOO_LARGE, "ledger.too_large", field="file", maximum=MOST_BYTES >> 20) from error
        raise
    file: object = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidInput([problem("ledger.no_file", "file")])
    try:
        return await file.read()
    finally:
        await file.close()


ROUTES = [former_ledger_template, preview_former_ledger, take_former_ledger]
