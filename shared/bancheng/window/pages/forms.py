"""The fields of a form: what can be entered or chosen, what was typed, and what does not fit.

Owns how a command's body becomes fields and a form becomes a body. Nothing that was typed is lost. What can be chosen
is choices.py's. Must not know templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeVar, get_args

import msgspec

from bancheng.kernel.case import Case
from bancheng.kernel.commands import CorrectPerson
from bancheng.schema.intake_events import PaperKind
from bancheng.window.command_registry import AgentBody, CaseCommand, PersonBody, RegisterBody
from bancheng.window.error_texts import Language, text_for
from bancheng.window.field_problems import FieldProblem
from bancheng.window.input_text import convert_form
from bancheng.window.pages.catalogue import word
from bancheng.window.pages.choices import CHOSEN, Choices, Option, literals
from bancheng.window.pages.field_words import CALLED
from bancheng.window.pages.words import WORDS

T = TypeVar("T", bound=msgspec.Struct)
Widget = Literal["text", "area", "number", "date", "select", "check", "file"]


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One field. `name` is its path in the body, `value` what was typed, `error` what is wrong with it."""

    name: str
    label: str
    widget: Widget
    required: bool = False
    options: tuple[Option, ...] = ()
    value: str = ""
    hint: str = ""
    error: str = ""


_AREAS: Final = {
    "reason", "explanation", "text", "answer", "comment", "description", "note", "documents", "conditions", "request",
    "opinion", "basis", "cannot_do",
}  # fmt: skip
_NUMBERS: Final = {"workdays", "limit_workdays"}
_DATES: Final = {"until", "due_on", "on"}
_SAID_HERE: Final = {"channel": "source"}
"""How a matter came in is not how somebody is told."""
_PARTS: Final = {"person": PersonBody, "agent": AgentBody}


class FormReader:
    """The forms of one reader, in their language."""

    def __init__(self, choices: Choices, language: Language) -> None:
        self._choices = choices
        self._language: Language = language

    def command_fields(
        self,
        spec: CaseCommand,
        case: Case,
        typed: Mapping[str, str],
        problems: Sequence[FieldProblem],
        *,
        hide_person: bool,
    ) -> list[FormField]:
        """The fields of one command to one case. What can be only one thing is chosen already."""
        present = {"kind": case.kind, "case_type": case.case_type, "department": case.department}
        if spec.kind is CorrectPerson and not hide_person:
            present |= msgspec.structs.asdict(case.person)
        fields: list[FormField] = []
        for field in msgspec.structs.fields(spec.body):
            if not self._choices.has_use(spec, field.name, case):
                continue
            options = self._choices.of(spec, field.name, case)
            only = options[0].value if field.required and len(options) == 1 else ""
            default = present.get(field.name) or only or _default(field)
            value, called = typed.get(field.name, default), CALLED.get((spec.name, field.name))
            fields.append(self._field(field, field.name, options, value, problems, called))
        return fields

    def registration_fields(self, typed: Mapping[str, str], problems: Sequence[FieldProblem]) -> dict[str, FormField]:
        """By name. What the tenant has nothing to choose from is no field."""
        own = [each for each in msgspec.structs.fields(RegisterBody) if each.name not in {*_PARTS, "unit"}]
        named = [(each.name, each) for each in own]
        for prefix, part in _PARTS.items():
            named += [(f"{prefix}.{each.name}", each) for each in msgspec.structs.fields(part)]
        options = {
            "channel": self._choices.worded("channel", literals(RegisterBody, "channel")),
            **self._choices.of_registration(),
        }
        fields = {
            name: self._field(field, name, options.get(name, ()), typed.get(name, ""), problems, _SAID_HERE.get(name))
            for name, field in named
            if options.get(name, (None,)) and name != "agent.authority"
        }
        if self._choices.needs_ground and "ground" in fields:
            fields["ground"] = msgspec.structs.replace(fields["ground"], required=True)
        return fields

    def paper_kind_field(self, typed: Mapping[str, str], problems: Sequence[FieldProblem]) -> FormField:
        """What kind of paper it is; `other` until something else is chosen."""
        options = self._choices.worded("paper_kind", get_args(PaperKind))
        return self._shown("paper_kind", "select", problems, options=options, value=typed.get("paper_kind", "other"))

    def file_field(self, problems: Sequence[FieldProblem]) -> FormField:
        """A photo or a scan. No browser lets a page fill it in again: what was chosen has to be chosen once more."""
        return self._shown("file", "file", problems)

    def _field(
        self,
        field: msgspec.structs.FieldInfo,
        name: str,
        options: tuple[Option, ...],
        value: str,
        problems: Sequence[FieldProblem],
        called: str | None = None,
    ) -> FormField:
        widget = _widget(field, has_options=bool(options))
        return self._shown(
            name, widget, problems, options=options, value=value, called=called, is_required=field.required
        )

    def _shown(
        self,
        name: str,
        widget: Widget,
        problems: Sequence[FieldProblem],
        *,
        options: tuple[Option, ...] = (),
        value: str = "",
        called: str | None = None,
        is_required: bool = True,
    ) -> FormField:
        label = word(self._language, "field", called or name)
        found = next((each for each in problems if each.field == name or each.field.startswith(f"{name}.")), None)
        hinted = called or name
        return FormField(
            name=name,
            label=label,
            widget=widget,
            required=is_required,
            options=options,
            value=value,
            hint=word(self._language, "hint", hinted) if hinted in WORDS["hint"] else "",
            # The field is called what stands above it.
            error=text_for(found.code, self._language, {**found.parameters, "field": label}).message if found else "",
        )


def body_from(form: Mapping[str, str], kind: type[T]) -> T:
    """The body that a form's texts make. Raises InvalidInput with every field that does not fit."""
    raw = _given(form, kind, "")
    for field in msgspec.structs.fields(kind):
        part = _part(field)
        if part is not None:
            given = _given(form, part, f"{field.name}.")
            if field.required or any(given.values()):
                raw[field.name] = given
    return convert_form(raw, kind)


def _part(field: msgspec.structs.FieldInfo) -> type[msgspec.Struct] | None:
    """The struct of a field that is one, or may be."""
    for kind in (field.type, *get_args(field.type)):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return kind
    return None


def _given(form: Mapping[str, str], kind: type[msgspec.Struct], prefix: str) -> dict[str, object]:
    """What was filled in: an empty field that may be left out is left out, unless leaving it out says that it stays."""
    texts: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        typed = form.get(prefix + field.name)
        if typed is not None and (typed or field.required or _may_be_emptied(field)):
            texts[field.name] = typed
    return texts


def _may_be_emptied(field: msgspec.structs.FieldInfo) -> bool:
    """A text that is none unless it is said: an empty one says that there is nothing any more."""
    return field.default is None and any(_is_text(part) for part in get_args(field.type))


def _is_text(annotation: object) -> bool:
    return annotation is str or get_args(annotation)[:1] == (str,)


def _default(field: msgspec.structs.FieldInfo) -> str:
    default: object = field.default
    return default if isinstance(default, str) else ""


def _widget(field: msgspec.structs.FieldInfo, *, has_options: bool) -> Widget:
    name = field.name
    if has_options or (name in CHOSEN and not (name == "number" and str in get_args(field.type))):
        return "select"
    if field.type is bool:
        return "check"
    if name in _DATES:
        return "date"
    if name in _NUMBERS:
        return "number"
    return "area" if name in _AREAS else "text"
