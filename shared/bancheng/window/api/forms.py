"""Forms of a case and the ledger: what stands in them, as Word documents and as a spreadsheet."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from bancheng.window.documents import spreadsheet, word
from bancheng.window.papers import drawn_signature, open_paper
from bancheng.window.printing import FilledForm, filled_form, ledger_workbook, span_of
from bancheng.window.requests import StaffRequest
from bancheng.window.window import Window

OrderNumber = Annotated[int, QueryParameter(ge=0, le=1000, description="The order of an order form; 0: the last")]


@get("/cases/{case_id:uuid}/forms/{key:str}", summary="A form of a case, filled", tags=["forms"])
async def show_form(
    request: StaffRequest,
    window: NamedDependency[Window],
    case_id: FromPath[UUID],
    key: FromPath[str],
    order: OrderNumber = 0,
) -> Response[FilledForm]:
    """The tenant's form and what stands in its boxes. Personal data only for the units concerned."""
    filled = await filled_form(window.queries, request.user, case_id, key, order_number=order)
    return Response(filled, headers={"Cache-Control": "no-store"})


@get("/cases/{case_id:uuid}/forms/{key:str}/document", summary="A form as a Word document", tags=["forms"])
async def form_document(
    request: StaffRequest,
    window: NamedDependency[Window],
    case_id: FromPath[UUID],
    key: FromPath[str],
    order: OrderNumber = 0,
) -> Response[bytes]:
    """For an office that edits it."""
    return await document_response(window, request, case_id, key, order)


@get("/ledger", summary="The ledger as a spreadsheet", tags=["forms"])
async def ledger(
    request: StaffRequest,
    window: NamedDependency[Window],
    first: FromQuery[date | None] = None,
    last: FromQuery[date | None] = None,
) -> Response[bytes]:
    """A row for each case registered on these days that you may see, newest first."""
    return await ledger_response(window, request, first, last)


async def document_response(
    window: Window, request: StaffRequest, case_id: UUID, key: str, order: int
) -> Response[bytes]:
    filled = await filled_form(window.queries, request.user, case_id, key, order_number=order)
    drawn = await drawn_signature(window.hosting, window.queries, request.user, case_id)
    picture = b""
    if drawn and any(field.shows == "signature" for field in filled.form.fields):
        paper = await open_paper(window.hosting, window.queries, request.user, case_id, drawn)
        picture = b"".join([piece async for piece in paper.content])
    content = await asyncio.to_thread(word.word_document, filled.form, filled.data, picture)
    return _download(content, word.MEDIA_TYPE, f"{filled.form.name.zh}-{filled.number}.docx")


async def ledger_response(
    window: Window, request: StaffRequest, first: date | None, last: date | None
) -> Response[bytes]:
    span = span_of(request.user, first, last)
    content = await ledger_workbook(window.hosting, request.user, span)
    name = f"台账-{span.first.isoformat()}-{span.last.isoformat()}.xlsx"
    return _download(content, spreadsheet.MEDIA_TYPE, name)


def _download(content: bytes, media_type: str, name: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


ROUTES = [show_form, form_document, ledger]
