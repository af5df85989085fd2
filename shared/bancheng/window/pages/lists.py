"""The lists: what this unit holds, all that may be seen, what is closed, what needs a look, and search."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from bancheng.kernel.case import CLOSED_STAGES, Stage
from bancheng.store.errors import SearchTooShort
from bancheng.store.ledger import LedgerFilter
from bancheng.window.acknowledging import AcknowledgeBody, acknowledge
from bancheng.window.error_texts import in_full, text_for
from bancheng.window.failures import ApiError
from bancheng.window.idempotency import request_of
from bancheng.window.identity import Identity
from bancheng.window.input_text import convert_form
from bancheng.window.pages.session import is_department, page_context, redirect, session_form
from bancheng.window.permissions import sees_no_case
from bancheng.window.queries import ListRequest
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.views import CaseList
from bancheng.window.window import Window

Tab = Literal["held", "all", "sealed", "closed"]
Word = Annotated[str, QueryParameter(max_length=200)]
PAGE_ROWS: Final = 30
ORDERS: Final = "/cases/missing?step=order"
NOTHING: Final = CaseList(cases=[], next=None)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address of a list says."""

    tab: Tab
    stage: str
    after: str

    def address(self, path: str = "/cases", **changes: str) -> str:
        given = {"tab": self.tab, "stage": self.stage, **changes}
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


def _asked(tab: str, stage: str, after: str) -> Asked:
    known: dict[str, Tab] = {each: each for each in get_args(Tab)}
    return Asked(tab=known.get(tab, "held"), stage=stage if stage in get_args(Stage) else "", after=after)


async def _rows(window: Window, identity: Identity, asked: Asked) -> CaseList:
    """Held, and sealed: the most urgent first; the others: the newest first."""
    stage: Any = asked.stage or None
    match asked.tab:
        case "held":
            if stage in CLOSED_STAGES:
                return NOTHING
            filters = LedgerFilter(holder_unit=identity.unit, is_closed=False, stage=stage)
            wanted = ListRequest(filters=filters, sort="holder_due_at", after=asked.after, limit=PAGE_ROWS)
        case "all":
            wanted = ListRequest(filters=LedgerFilter(stage=stage), after=asked.after, limit=PAGE_ROWS)
        case "sealed":
            if stage in CLOSED_STAGES:
                return NOTHING
            filters = LedgerFilter(is_sealed=True, is_closed=False, stage=stage)
            wanted = ListRequest(filters=filters, sort="holder_due_at", after=asked.after, limit=PAGE_ROWS)
        case "closed":
            filters = LedgerFilter(is_closed=True, stage=stage)
            wanted = ListRequest(filters=filters, after=asked.after, limit=PAGE_ROWS)
    return await window.queries.cases(identity, wanted)


@get("/", include_in_schema=False)
async def first_page(request: StaffRequest) -> Response[bytes]:
    """What this unit holds; a department holds nothing, and is led to the orders that wait for an answer."""
    return redirect(ORDERS if is_department(request.user) and not sees_no_case(request.user.roles) else "/cases")


@get("/cases", include_in_schema=False)
async def list_page(
    request: StaffRequest, window: NamedDependency[Window], tab: Word = "", stage: Word = "", after: Word = ""
) -> Response[str]:
    """A list, a page at a time by key; it renews itself."""
    identity = request.user
    asked = _asked(tab, stage, after)
    context = await _list_context(window, identity, asked)
    alerts = await window.queries.alerts(identity)
    language = language_of(request)
    inner = window.renderer.html("_rows.html", language, context)
    context |= {"inner": inner, "seen": _fingerprint(inner), "alerts": alerts, "stages": get_args(Stage)}
    return window.renderer.page("list.html", language, context)


@get("/cases/rows", include_in_schema=False)
async def list_rows(
    request: StaffRequest,
    window: NamedDependency[Window],
    tab: Word = "",
    stage: Word = "",
    after: Word = "",
    seen: Word = "",
) -> Response[str]:
    """The same rows again, if anything about them changed; else nothing, and the page stays as it is."""
    context = await _list_context(window, request.user, _asked(tab, stage, after))
    language = language_of(request)
    inner = window.renderer.html("_rows.html", language, context)
    if _fingerprint(inner) == seen:
        return Response("", status_code=204)
    return window.renderer.page("_list_live.html", language, {**context, "inner": inner, "seen": _fingerprint(inner)})


async def _list_context(window: Window, identity: Identity, asked: Asked) -> dict[str, object]:
    found = await _rows(window, identity, asked)
    return {
        **page_context(identity),
        "asked": asked,
        "found": found,
        "orders_address": ORDERS,
        "next_address": asked.address(after=found.next) if found.next else "",
    }


@get("/cases/alerts", include_in_schema=False)
async def alerts_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[str]:
    """What somebody must look at, the longest standing first."""
    identity = request.user
    alerts = await window.queries.alerts(identity)
    context = {**page_context(identity), "alerts": alerts, "asked": _asked("", "", "")}
    return window.renderer.page("alerts.html", language_of(request), context)


@get("/cases/search", include_in_schema=False)
async def search_page(
    request: StaffRequest, window: NamedDependency[Window], q: Word = "", after: Word = ""
) -> Response[str]:
    """Words of title, description or person, two-character words included; or a number."""
    identity, language = request.user, language_of(request)
    found, error = NOTHING, ""
    if q.strip():
        try:
            found = await window.queries.search(identity, q, after=after, limit=PAGE_ROWS)
        except SearchTooShort as refusal:
            text = text_for(refusal.code, language)
            error = in_full(text, language)
    address = f"/cases/search?{urlencode({'q': q, 'after': found.next})}" if found.next else ""
    context = {**page_context(identity), "q": q, "found": found, "error": error, "next_address": address}
    return window.renderer.page("search.html", language, context, status=422 if error else 200)


@post("/cases/{case_id:uuid}/acknowledge", include_in_schema=False)
async def acknowledge_at_page(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID]
) -> Response[bytes]:
    """The notices again; one that somebody else has acknowledged meanwhile is gone all the same."""
    form = await session_form(request)
    body = convert_form({"kind": form.get("kind", "")}, AcknowledgeBody)
    try:
        await acknowledge(window.hosting, request.user, case_id, body, request_of(form.get("key"), "acknowledge", body))
    except ApiError as refusal:
        if refusal.code != "alert.not_open":
            raise
    return redirect("/cases/alerts")


def _fingerprint(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]


ROUTES = [first_page, list_page, list_rows, alerts_page, acknowledge_at_page, search_page]
