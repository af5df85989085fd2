"""The page of one case: how it stands, its clocks with reasons, its history across the tiers, and what may be done."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from bancheng.kernel.case import Stage
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.window.availability import NOTHING_TO_CHOOSE, may_attach
from bancheng.window.case_view import CaseView
from bancheng.window.command_registry import CASE_COMMANDS
from bancheng.window.error_responses import ErrorView, error_view
from bancheng.window.error_texts import ErrorText, Language, in_full
from bancheng.window.failures import ApiError, failure_of
from bancheng.window.field_problems import FieldProblem, InvalidInput
from bancheng.window.idempotency import request_of
from bancheng.window.pages.action_groups import GROUPS, next_commands, unused
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.choices import Choices
from bancheng.window.pages.forms import FormField, FormReader, body_from
from bancheng.window.pages.kept_forms import USED_KEY, sent_before
from bancheng.window.pages.missing import asked_for
from bancheng.window.pages.naming import Names
from bancheng.window.pages.paper_items import paper_items
from bancheng.window.pages.part_names import part_names
from bancheng.window.pages.session import page_context, redirect, session_form
from bancheng.window.pages.timeline import Teller
from bancheng.window.pages.waiting import waiting
from bancheng.window.pages.words import WORDS
from bancheng.window.papers import list_papers
from bancheng.window.printing import forms_of_case
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.usecases import give
from bancheng.window.views import ActionView
from bancheng.window.window import Window

Seen = Annotated[str, QueryParameter(max_length=200)]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was refused: its form stays open with what was typed."""

    name: str
    typed: dict[str, str]
    problems: tuple[FieldProblem, ...]
    error: ErrorView


class ActionForm(msgspec.Struct, frozen=True, kw_only=True):
    """One command at the page: its form if it may be given, the reason if it may not."""

    action: ActionView
    fields: tuple[FormField, ...]
    is_open: bool
    key: str
    why: str
    about: str


class AttachForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form that takes a paper in."""

    fields: tuple[FormField, ...]
    is_open: bool
    key: str


@get("/cases/{case_id:uuid}", include_in_schema=False)
async def case_page(
    request: StaffRequest,
    window: NamedDependency[Window],
    case_id: FromPath[UUID],
    done: Seen = "",
    asked: Seen = "",
    form: Seen = "",
) -> Response[str]:
    """The whole page. `done` and `asked` name what was just done or asked for, `form` a command whose form is open."""
    return await _page(request, window, case_id, done=done, asked=asked, opened=form)


@get("/cases/{case_id:uuid}/live", include_in_schema=False)
async def case_live(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID], seen: Seen = "", version: Seen = ""
) -> Response[str]:
    """The part that renews itself, if anything in it changed. `version` is what the forms on the page stand on."""
    context = await _live_context(request, window, case_id, version)
    language = language_of(request)
    inner = window.renderer.html("_case_inner.html", language, context)
    if _fingerprint(inner) == seen:
        return Response("", status_code=204)
    return window.renderer.page("_case_live.html", language, {**context, "inner": inner, "seen": _fingerprint(inner)})


@post("/cases/{case_id:uuid}/{name:str}", include_in_schema=False)
async def command_at_page(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID], name: FromPath[str]
) -> Response[Any]:
    """The case's page again: with what was done, or with the form still open and an error beside each field."""
    form = await session_form(request)
    spec = CASE_COMMANDS.get(name)
    if spec is None:
        raise ApiError(404, "api.not_found")
    try:
        body = body_from({field: text.strip() for field, text in form.items()}, spec.body)
        wanted = request_of(form.get("key"), f"{spec.name}/{case_id}", body)
        version = None if name == "add-note" else seen_version(form)
        answer = await give(window.hosting, request.user, case_id, spec, body, request=wanted, version=version)
    except (InvalidInput, Rejected, ApiError) as refusal:
        return await refused_at_page(request, window, case_id, name, form, refusal)
    return redirect(f"/cases/{case_id}?{'asked' if answer.status == 202 else 'done'}={name}")


async def refused_at_page(
    request: StaffRequest, window: Window, case_id: UUID, name: str, typed: dict[str, str], refusal: Exception
) -> Response[str]:
    """The case's page with the form still open, what was typed in it, and what is wrong with it.

    Raises `refusal` where there is no page to show it on.
    """
    failure = failure_of(refusal, retry_seconds=window.parts.limits.retry_seconds)
    if failure is None or failure.status in {401, 404} or failure.code == "api.csrf":
        raise refusal
    if failure.code == USED_KEY:
        failure = sent_before(failure)
    problems = failure.fields
    if not problems and failure.field:
        problems = (FieldProblem(field=failure.field, code=failure.code, parameters=failure.parameters),)
    error = error_view(failure, language_of(request), "", request.user)
    tried = Tried(name=name, typed=typed, problems=problems, error=error)
    return await _page(request, window, case_id, tried=tried, status=failure.status)


def seen_version(form: Mapping[str, str]) -> bytes:
    """What the form stood on. Raises ApiError `api.version_unreadable`."""
    try:
        return bytes.fromhex(form.get("version", ""))
    except ValueError as error:
        raise ApiError(400, "api.version_unreadable") from error


async def _page(
    request: StaffRequest,
    window: Window,
    case_id: UUID,
    *,
    tried: Tried | None = None,
    done: str = "",
    asked: str = "",
    opened: str = "",
    status: int = 200,
) -> Response[str]:
    language = language_of(request)
    context = await _live_context(request, window, case_id, "")
    view, (case, profile) = context["case"], await window.queries.profile_of(request.user, case_id)
    if not isinstance(view, CaseView):
        raise TypeError("a case's page without a case")
    colleagues = await window.queries.colleagues(request.user)
    reader = FormReader(Choices(request.user, profile, language, colleagues), language)
    forms: list[ActionForm] = []
    for action in view.actions:
        is_tried = tried is not None and tried.name == action.name
        fields: Sequence[FormField] = ()
        if action.allowed or is_tried:
            spec = CASE_COMMANDS[action.name]
            typed = tried.typed if tried is not None and is_tried else {}
            problems = tried.problems if tried is not None and is_tried else ()
            fields = reader.command_fields(spec, case, typed, problems, hide_person=view.person_masked)
            if action.name == "sign-form":
                fields += [reader.file_field(problems)]
        # A refused request left its key free; a new one is right whether or not something was typed.
        is_open = is_tried or (action.allowed and action.name == opened)
        key, why = secrets.token_hex(16), _why(action, language)
        about = word(language, "about", action.name) if action.name in WORDS["about"] else ""
        form = ActionForm(action=action, fields=tuple(fields), is_open=is_open, key=key, why=why, about=about)
        forms.append(form)
    inner = window.renderer.html("_case_inner.html", language, context)
    context |= {
        "inner": inner,
        "seen": _fingerprint(inner),
        **_grouped(forms, view, profile),
        "printed_forms": forms_of_case(request.user, case),
        "waiting": waiting(case, profile, request.user, colleagues),
        "attach": _attach_form(reader, tried) if may_attach(case, request.user, profile) else None,
        "most_bytes": window.parts.limits.paper_bytes,
        "error": tried.error if tried is not None else None,
        "tried": tried.name if tried is not None else "",
        "done": _done(done, language),
        "asked": _done(asked, language),
    }
    return window.renderer.page("case.html", language, context, status=status)


def _attach_form(reader: FormReader, tried: Tried | None) -> AttachForm:
    mine = tried if tried is not None and tried.name == "attach-paper" else None
    typed, problems = (mine.typed, mine.problems) if mine is not None else ({}, ())
    fields = (reader.paper_kind_field(typed, problems), reader.file_field(problems))
    return AttachForm(fields=fields, is_open=mine is not None, key=secrets.token_hex(16))


def _done(name: str, language: Language) -> str:
    """What was done, in words; empty for a name that somebody made up."""
    said = translations(language).gettext
    words = {"register": said("登记"), "attach-paper": said("上传材料")}
    return words.get(name) or (word(language, "command", name) if name in CASE_COMMANDS else "")


def _grouped(forms: Sequence[ActionForm], view: CaseView, profile: Profile) -> dict[str, object]:
    """What usually comes next, the others that may be given by what they are about, and the rest with reasons."""
    shown = {form.action.name: form for form in forms if form.action.allowed or form.is_open}
    first = next_commands(cast("Stage", view.stage), shown)
    hidden = unused(profile)
    return {
        "next_forms": [shown[name] for name in first],
        "groups": {
            group: [shown[name] for name in names if name in shown and name not in first]
            for group, names in GROUPS.items()
        },
        "closed": [form for form in forms if form.action.name not in shown and form.action.name not in hidden],
    }


def _why(action: ActionView, language: Language) -> str:
    """Why not. How the case stands is on this page anyway; who may do it is not, nor what there would be to choose."""
    if action.code == NOTHING_TO_CHOOSE and action.name in WORDS["nothing"]:
        return word(language, "nothing", action.name)
    if action.code != "api.forbidden":
        return action.reason
    return in_full(ErrorText(message=action.reason, next_step=action.next_step), language)


async def _live_context(request: StaffRequest, window: Window, case_id: UUID, version: str) -> dict[str, object]:
    """How the case stands and its history told. `version` empty: the forms are made now."""
    identity, language = request.user, language_of(request)
    view = await window.queries.case(identity, case_id, language)
    history = await window.queries.history(identity, case_id)
    profile = identity.site.profile(view.profile_edition)
    plain = Names(profile, identity.site.jurisdiction, language)
    called = Names(profile, identity.site.jurisdiction, language, part_names(view.record, plain))
    here, elsewhere = (Teller(identity.site, profile, language, names) for names in (called, plain))
    papers = await list_papers(window.hosting, window.queries, identity, case_id)
    return {
        **page_context(identity),
        "case": view,
        "terms": here.terms(history.main),
        "late": [elsewhere.item(entry) for entry in history.late],
        "asks": [here.asked(each) for each in view.asks],
        "unplaced": [elsewhere.item(entry) for entry in history.unplaced],
        "papers": paper_items(papers, history.main, language, is_hidden=view.person_masked),
        "names": _names(profile, view),
        "called": called,
        "can_correct": any(action.name == "correct-person" and action.allowed for action in view.actions),
        "missing": [step for step in view.missing if step in asked_for(profile)],
        "version": version or view.version,
        "has_moved_on": bool(version) and version != view.version,
    }


def _names(profile: Profile, view: CaseView) -> dict[str, object]:
    """The tenant's own words for kind, type and ground, in both languages."""
    chosen = {"kind": profile.kinds, "case_type": profile.case_types, "ground": profile.grounds}
    return {
        field: next((each.name for each in choices if each.key == getattr(view, field)), None)
        for field, choices in chosen.items()
    }


def _fingerprint(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]


ROUTES = [case_page, case_live, command_at_page]
