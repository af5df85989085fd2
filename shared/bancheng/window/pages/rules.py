"""Days and rules at the page of the top tier's administrator: import a notice, publish an edition, each seen before.

Owns the flow of the two pages. What a notice or an edition does is publishing.py's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery

from bancheng.federation.editions import PublishRefused
from bancheng.kernel.rejected import Rejected
from bancheng.window.error_responses import ErrorView, error_view
from bancheng.window.error_texts import Language, text_for
from bancheng.window.failures import ApiError, failure_of
from bancheng.window.field_problems import InvalidInput
from bancheng.window.idempotency import request_of
from bancheng.window.input_text import convert_form
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.notice_form import NoticeRow, as_list, by_row, empty_rows, typed_rows
from bancheng.window.pages.session import page_context, redirect, session_form
from bancheng.window.publishing import (
    CALENDAR_PREVIEWED,
    CalendarBody,
    CalendarQuestion,
    ProfileBody,
    ProfilePreview,
    preview_calendar,
    preview_profile,
    publish_days,
    publish_rules,
)
from bancheng.window.registers.changing import Published, admit, is_top, may_change, top_unit
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.rule_books import BookUnreadable
from bancheng.window.window import Window

MOST_BYTES: Final = 1024 * 1024
"""A profile with a long comment on every line, as a form sends it."""
PAGE_ROWS: Final = 50
_REFUSALS = (ApiError, BookUnreadable, InvalidInput, PublishRefused, Rejected)


class SaidProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake as the reader is told it. `place` is the row of the form, or the line of the file."""

    place: str
    field: str
    message: str
    next_step: str


class SaidChange(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between two editions; `place` in words where there are some."""

    kind: str
    place: str
    was: str
    becomes: str


@get("/rules/days", include_in_schema=False)
async def days_page(request: StaffRequest, window: NamedDependency[Window], done: FromQuery[int] = 0) -> Response[str]:
    """The calendar that is in force, and the form for the next notice."""
    _require_administrator(request)
    return _days(request, window, empty_rows(), done=done)


@post("/rules/days/preview", include_in_schema=False, request_max_body_size=MOST_BYTES)
async def preview_days_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[str]:
    """What the notice would do, with the button that publishes it; or the form again with what is wrong."""
    form = await session_form(request)
    await admit(window.hosting, request.user, CALENDAR_PREVIEWED, at_the_top=False)
    window.limit_uploads(request.user)
    rows, came_from = typed_rows(form), list[int]()
    try:
        given = await _given(request, window, form)
        if not given["text"]:
            given["text"], came_from = as_list(rows)
        if not given["text"]:
            raise ApiError(422, "calendar.nothing_given")
        question = convert_form({**given, "after": form.get("after", ""), "limit": PAGE_ROWS}, CalendarQuestion)
        seen = await preview_calendar(window.hosting, request.user, window.parts.books, question)
    except _REFUSALS as refusal:
        error = _error(request, window, by_row(refusal, came_from))
        problems = _in_rows(error, rows, request, is_typed=bool(came_from))
        return _days(request, window, rows, error=error, problems=problems)
    context = {
        **page_context(request.user),
        "seen": seen,
        "given": question.text,
        "format": question.format,
        "is_first": not question.after,
        "key": secrets.token_hex(16),
    }
    return window.renderer.page("rules_days_preview.html", language_of(request), context)


@post("/rules/days", include_in_schema=False, request_max_body_size=MOST_BYTES)
async def publish_days_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[Any]:
    """Published as it was previewed, or the form again with the reason."""
    form = await session_form(request)
    window.limit_uploads(request.user)
    try:
        raw = {name: form[name] for name in ("text", "format", "effective_on", "edition") if form.get(name)}
        body = convert_form(raw, CalendarBody)
        wanted = request_of(form.get("key"), "publish_calendar", body)
        answer = await publish_days(window.hosting, request.user, window.parts.books, body, wanted)
    except _REFUSALS as refusal:
        return _days(request, window, empty_rows(), error=_error(request, window, refusal))
    return redirect(f"/rules/days?done={msgspec.json.decode(answer.body, type=Published).edition}")


@get("/rules/profile", include_in_schema=False)
async def profile_page(
    request: StaffRequest, window: NamedDependency[Window], done: FromQuery[int] = 0
) -> Response[str]:
    """The rules that are in force, and where the next edition is given."""
    _require_administrator(request)
    return _profile(request, window, "", done=done)


@post("/rules/profile/preview", include_in_schema=False, request_max_body_size=MOST_BYTES)
async def preview_profile_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[str]:
    """What is wrong with it, what it changes, whom it would strand."""
    form = await session_form(request)
    window.limit_uploads(request.user)
    text = form.get("text", "")
    try:
        text = await _uploaded_text(request) or text
        body = convert_form({"text": text}, ProfileBody)
        seen = await preview_profile(window.hosting, request.user, window.parts.books, body)
    except _REFUSALS as refusal:
        return _profile(request, window, text, error=_error(request, window, refusal))
    return _profile(request, window, text, seen=seen)


@post("/rules/profile", include_in_schema=False, request_max_body_size=MOST_BYTES)
async def publish_profile_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[Any]:
    """Published, or the page again with the reason and the text as it was."""
    form = await session_form(request)
    window.limit_uploads(request.user)
    text = form.get("text", "")
    try:
        body = convert_form({"text": text}, ProfileBody)
        wanted = request_of(form.get("key"), "publish_profile", body)
        answer = await publish_rules(window.hosting, request.user, window.parts.books, body, wanted)
    except _REFUSALS as refusal:
        return _profile(request, window, text, error=_error(request, window, refusal))
    return redirect(f"/rules/profile?done={msgspec.json.decode(answer.body, type=Published).edition}")


def _require_administrator(request: StaffRequest) -> None:
    if not may_change(request.user):
        raise ApiError(403, "register.forbidden", roles="administrator")


async def _given(request: StaffRequest, window: Window, form: Mapping[str, str]) -> dict[str, object]:
    """The text that was uploaded or sent on, and its form."""
    content, name = await _uploaded(request)
    if content:
        text, kind = window.parts.books.table(content, name)
        return {"text": text, "format": kind}
    return {"text": form.get("text", ""), "format": form.get("format", "csv")}


async def _uploaded(request: StaffRequest) -> tuple[bytes, str]:
    sent: object = (await request.form()).get("file")
    return (await sent.read(), sent.filename) if isinstance(sent, UploadFile) else (b"", "")


async def _uploaded_text(request: StaffRequest) -> str:
    content, _ = await _uploaded(request)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ApiError(422, "api.wrong_encoding", field="file") from error


def _error(request: StaffRequest, window: Window, refusal: Exception) -> ErrorView:
    """In words. Raises the refusal itself when this page is not for the reader at all."""
    failure = failure_of(refusal, retry_seconds=window.parts.limits.retry_seconds)
    if failure is None or failure.status in {401, 403}:
        raise refusal
    return error_view(failure, language_of(request), "", request.user)


def _in_rows(
    error: ErrorView, rows: Sequence[NoticeRow], request: StaffRequest, *, is_typed: bool
) -> list[SaidProblem]:
    """Each finding beside the name of the row that it came from, or the line of the file."""
    said: list[SaidProblem] = []
    for each in error.fields:
        place = "" if each.line is None else _line(each.line, language_of(request))
        if each.line is not None and is_typed:
            place = rows[each.line - 1].name or place
        said.append(SaidProblem(place=place, field="", message=each.message, next_step=each.next_step))
    return said


def _days(
    request: StaffRequest,
    window: Window,
    rows: Sequence[NoticeRow],
    *,
    error: ErrorView | None = None,
    problems: Sequence[SaidProblem] = (),
    done: int = 0,
) -> Response[str]:
    site = request.user.site
    present = site.calendar
    context = {
        **page_context(request.user),
        "rows": rows,
        "error": error,
        "problems": problems,
        "done": done,
        "present": present,
        "official": [year for year in present.years if year.official],
        "elsewhere": _elsewhere(request),
    }
    status = 200 if error is None else 422
    return window.renderer.page("rules_days.html", language_of(request), context, status=status)


def _profile(
    request: StaffRequest,
    window: Window,
    text: str,
    *,
    seen: ProfilePreview | None = None,
    error: ErrorView | None = None,
    done: int = 0,
) -> Response[str]:
    site, language = request.user.site, language_of(request)
    to_come = [each for each in site.profiles.values() if each.edition > site.current_profile().edition]
    context = {
        **page_context(request.user),
        "present": site.current_profile(),
        "to_come": sorted(to_come, key=lambda each: each.edition),
        "seen": seen,
        "problems": [] if seen is None else _said_problems(seen, language),
        "changes": [] if seen is None else _said_changes(seen, language),
        "given": text,
        "error": error,
        "done": done,
        "key": secrets.token_hex(16),
        "elsewhere": _elsewhere(request),
    }
    is_fit = error is None and (seen is None or seen.can_publish)
    return window.renderer.page("rules_profile.html", language, context, status=200 if is_fit else 422)


def _elsewhere(request: StaffRequest) -> str:
    """At any site but the top: where to go."""
    if is_top(request.user):
        return ""
    top = top_unit(request.user)
    said = text_for("publish.not_here", language_of(request), {"site": top.site, "unit": top.name})
    return f"{said.message} {said.next_step}"


def _line(number: int, language: Language) -> str:
    said = translations(language).gettext
    return said("第 %(line)s 行") % {"line": number}


def _said_problems(seen: ProfilePreview, language: Language) -> list[SaidProblem]:
    said: list[SaidProblem] = []
    for each in seen.problems:
        text = text_for(each.code, language, {"line": each.line or 1, **each.parameters})
        place = "" if each.line is None else _line(each.line, language)
        said.append(SaidProblem(place=place, field=each.field, message=text.message, next_step=text.next_step))
    return said


def _said_changes(seen: ProfilePreview, language: Language) -> list[SaidChange]:
    return [
        SaidChange(
            kind=each.kind,
            place=" · ".join(word(language, "rule", part) for part in each.place.split(".")),
            was=each.was,
            becomes=each.becomes,
        )
        for each in seen.changes
    ]


ROUTES = [days_page, preview_days_page, publish_days_page, profile_page, preview_profile_page, publish_profile_page]
