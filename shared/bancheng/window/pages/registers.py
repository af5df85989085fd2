"""The registers at the page: one tab for each, its rows, and a form for each change of it.

Owns the flow. What a register holds is register_books.py's, what a change does the use cases'.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from bancheng.kernel.rejected import Rejected
from bancheng.store.accounts import Staff
from bancheng.window.api.register_views import csv_answer
from bancheng.window.error_responses import ErrorView, error_view
from bancheng.window.error_texts import Language, text_for
from bancheng.window.failures import ApiError, failure_of
from bancheng.window.field_problems import FieldProblem, InvalidInput
from bancheng.window.former_ledgers.taking import may_import
from bancheng.window.idempotency import request_of
from bancheng.window.identity import Identity
from bancheng.window.input_text import convert_form
from bancheng.window.pages.book_parts import BookForm
from bancheng.window.pages.catalogue import word
from bancheng.window.pages.forms import FormField, Widget
from bancheng.window.pages.kept_forms import USED_KEY, sent_before
from bancheng.window.pages.register_books import (
    BOOKS,
    FORMS,
    filled,
    options,
    problem_at,
    problem_label,
    raw_body,
    span,
)
from bancheng.window.pages.register_words import REGISTER_HINTS
from bancheng.window.pages.session import page_context, redirect, session_form
from bancheng.window.registers.changing import is_top, may_change
from bancheng.window.registers.duty import staff_on_roster
from bancheng.window.registers.summaries import summary
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.window import Window

Word = Annotated[str, QueryParameter(max_length=40)]
_WIDGETS: Final[dict[str, Widget]] = {
    "matter_lines": "area",
    **dict.fromkeys(("signed_on", "ends_on", "day", "first_day", "last_day", "week"), "date"),
}
MOST_FORM_BYTES: Final = 2 * 1024 * 1024
"""A form writes nine characters for a Chinese one: a whole catalogue of matters is more than other forms."""
_CHOSEN: Final = {"staff", "a_staff", "b_staff", "duty_number", "absence_number", "known_post"}
"""Fields that are always chosen, also where there is nothing to choose from."""


class ShownForm(msgspec.Struct, frozen=True, kw_only=True):
    """One form; `is_open` when it was just sent and refused. `key` makes sending it twice one change."""

    name: str
    fields: list[FormField]
    key: str
    is_open: bool


@get("/registers", include_in_schema=False)
async def first_register() -> Response[bytes]:
    """The units."""
    return redirect("/registers/units")


@get("/registers/{name:str}", include_in_schema=False)
async def register_page(
    *,
    request: StaffRequest,
    window: NamedDependency[Window],
    name: FromPath[str],
    month: Word = "",
    first: Word = "",
    last: Word = "",
    done: Word = "",
) -> Response[str]:
    """Its rows, and the forms that the reader may use."""
    asked = {"month": month, "first": first, "last": last}
    return await _page(request, window, name, asked, done=done)


@get("/registers/not-done/file", include_in_schema=False)
async def summary_file(
    request: StaffRequest, window: NamedDependency[Window], first: Word = "", last: Word = ""
) -> Response[bytes]:
    """The summary for a spreadsheet."""
    begins, ends = span(request.user, {"first": first, "last": last})
    return csv_answer(await summary(window.hosting, request.user, begins, ends, language_of(request)), request)


@post("/registers/{name:str}/{change:str}", include_in_schema=False, request_max_body_size=MOST_FORM_BYTES)
async def change_register(
    request: StaffRequest, window: NamedDependency[Window], name: FromPath[str], change: FromPath[str]
) -> Response[Any]:
    """One change: the register again with what was done, or with what was typed and what does not fit."""
    typed = await session_form(request)
    form = next((each for each in FORMS.get(name, ()) if each.name == change), None)
    if form is None:
        raise ApiError(404, "api.not_found")
    try:
        body = convert_form(raw_body(form, typed), form.body)
        await form.use_case(window.hosting, request.user, body, request_of(typed.get("key"), change, body))
    except (InvalidInput, Rejected, ApiError) as refusal:
        failure = failure_of(refusal, retry_seconds=window.parts.limits.retry_seconds)
        if failure is None or failure.status in {401, 403}:
            raise
        if failure.code == USED_KEY:
            failure, typed = sent_before(failure), {**typed, "key": ""}
        error = error_view(failure, language_of(request), "", request.user)
        return await _page(
            request, window, name, {}, sent=change, typed=typed, problems=failure.fields, error=error,
            status=failure.status,
        )  # fmt: skip
    return redirect(f"/registers/{name}?done={change}")


async def _page(  # noqa: PLR0913  all that a refused form brings back
    request: StaffRequest,
    window: Window,
    name: str,
    asked: Mapping[str, str],
    *,
    done: str = "",
    sent: str = "",
    typed: Mapping[str, str] | None = None,
    problems: Sequence[FieldProblem] = (),
    error: ErrorView | None = None,
    status: int = 200,
) -> Response[str]:
    identity, language = request.user, language_of(request)
    if name not in BOOKS:
        raise ApiError(404, "api.not_found")
    first, last = span(identity, asked)
    known = {form.name for form in FORMS[name]}
    staff = await staff_on_roster(window.hosting, identity) if name == "duty" else ()
    context = {
        **page_context(identity),
        "name": name,
        "names": tabs_for(identity),
        "book": await BOOKS[name](window.hosting, identity, language, asked),
        "forms": [
            _shown(form, identity, language, typed if form.name == sent else None, problems, staff)
            for form in FORMS[name]
            if may_change(identity, form.roles) and (is_top(identity) or not form.at_the_top)
        ],
        "hints": REGISTER_HINTS,
        "first": first,
        "last": last,
        "done": done if done in known else "",
        "error": error,
    }
    return window.renderer.page("registers.html", language, context, status=status)


def tabs_for(identity: Identity) -> tuple[str, ...]:
    """The registers, and where a former ledger comes in for who may do that."""
    return (*BOOKS, "former-ledger") if may_import(identity) else tuple(BOOKS)


def _shown(
    form: BookForm,
    identity: Identity,
    language: Language,
    typed: Mapping[str, str] | None,
    problems: Sequence[FieldProblem],
    staff: Sequence[Staff],
) -> ShownForm:
    given = typed or {}
    fields = [
        _field(each, identity, language, given.get(each.rstrip("?")), problems if typed is not None else (), staff)
        for each in form.fields
    ]
    key = given.get("key") or secrets.token_hex(16)
    return ShownForm(name=form.name, fields=fields, key=key, is_open=typed is not None)


def _said(problem: FieldProblem, label: str, language: Language) -> str:
    return text_for(problem.code, language, {**problem.parameters, "field": label}).message


def _field(
    spec: str,
    identity: Identity,
    language: Language,
    typed: str | None,
    problems: Sequence[FieldProblem],
    staff: Sequence[Staff],
) -> FormField:
    name = spec.rstrip("?")
    chosen = options(name, identity, language, staff)
    label = word(language, "column", name)
    found = problem_at(name, problems)
    widget: Widget = "select" if chosen or name in _CHOSEN else _WIDGETS.get(name, "text")
    return FormField(
        name=name,
        label=label,
        widget=widget,
        required=not spec.endswith("?"),
        options=chosen,
        value=filled(name, identity) if typed is None else typed,
        hint=word(language, "register_hint", name) if name in REGISTER_HINTS else "",
        error=_said(found, problem_label(name, found, label, language), language) if found else "",
    )


ROUTES = [first_register, register_page, summary_file, change_register]
