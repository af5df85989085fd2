"""Forms and the ledger as pages that a browser prints: one A4 form, or the ledger's rows."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from bancheng.window.api.forms import OrderNumber, document_response, ledger_response
from bancheng.window.documents.layout import above, rows
from bancheng.window.pages.session import page_context
from bancheng.window.papers import drawn_signature
from bancheng.window.printing import filled_form, ledger_form, ledger_page_rows, span_of
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.window import Window

SHOWN_ROWS = 200
"""What a page shows; the spreadsheet has all."""


@get("/cases/{case_id:uuid}/forms/{key:str}", include_in_schema=False)
async def form_page(
    request: StaffRequest,
    window: NamedDependency[Window],
    case_id: FromPath[UUID],
    key: FromPath[str],
    order: OrderNumber = 0,
) -> Response[str]:
    """The filled form, for the printer."""
    filled = await filled_form(window.queries, request.user, case_id, key, order_number=order)
    context: dict[str, object] = {
        **page_context(request.user),
        "form": filled.form,
        "above": above(filled.form, filled.data),
        "rows": rows(filled.form, filled.data),
        "case_id": case_id,
        "order": order,
        "drawn": await drawn_signature(window.hosting, window.queries, request.user, case_id),
    }
    return window.renderer.page("print_form.html", language_of(request), context)


@get("/cases/{case_id:uuid}/forms/{key:str}/document", include_in_schema=False)
async def form_file(
    request: StaffRequest,
    window: NamedDependency[Window],
    case_id: FromPath[UUID],
    key: FromPath[str],
    order: OrderNumber = 0,
) -> Response[bytes]:
    """The Word document."""
    return await document_response(window, request, case_id, key, order)


@get("/ledger", include_in_schema=False)
async def ledger_page(
    request: StaffRequest,
    window: NamedDependency[Window],
    first: FromQuery[date | None] = None,
    last: FromQuery[date | None] = None,
) -> Response[str]:
    """The newest rows of the tenant's ledger, for the printer."""
    span, form = span_of(request.user, first, last), ledger_form(request.user)
    shown, more = await ledger_page_rows(window.hosting, request.user, span, limit=SHOWN_ROWS)
    context: dict[str, Any] = {
        **page_context(request.user),
        "form": form,
        "rows": shown,
        "span": span,
        "more": more,
    }
    return window.renderer.page("ledger.html", language_of(request), context)


@get("/ledger/file", include_in_schema=False)
async def ledger_file(
    request: StaffRequest,
    window: NamedDependency[Window],
    first: FromQuery[date | None] = None,
    last: FromQuery[date | None] = None,
) -> Response[bytes]:
    """The spreadsheet."""
    return await ledger_response(window, request, first, last)


ROUTES = [form_page, form_file, ledger_page, ledger_file]
