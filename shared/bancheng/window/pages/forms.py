"""The fields of a form: what can be entered or chosen, what was typed, and what does not fit.

Owns how a command's body becomes fields and a form becomes a body. Nothing that was typed is lost. Must not know
templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from bancheng.kernel.case import Case
from bancheng.kernel.commands import ProposeResult
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import CaseType, Choice
from bancheng.window.availability import units_below
from bancheng.window.command_registry import CaseCommand, PersonBody, RegisterBody
from bancheng.window.error_texts import Language, text_for
from bancheng.window.field_problems import FieldProblem
from bancheng.window.identity import Identity
from bancheng.window.input_text import convert_form
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.words import PROPOSED, WORDS

T = TypeVar("T", bound=msgspec.Struct)
Widget = Literal["text", "area", "number", "date", "select"]


class Option(msgspec.Struct, frozen=True, kw_only=True):
    value: str
    label: str


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


_AREAS: Final = {"reason", "explanation", "text", "answer", "comment", "description", "note"}
_NUMBERS: Final = {"workdays", "limit_workdays"}
_SAID_HERE: Final = {"channel": "source"}
"""How a matter came in is not how somebody is told."""


class FormReader:
    """What a form of one reader may choose from, in their language."""

    def __init__(self, identity: Identity, profile: Profile, language: Language) -> None:
        self._identity = identity
        self._profile = profile
        self._language: Language = language

    def command_fields(
        self, spec: CaseCommand, case: Case, typed: Mapping[str, str], problems: Sequence[FieldProblem]
    ) -> list[FormField]:
        """The fields of one command to one case."""
        present = {"kind": case.kind, "case_type": case.case_type}
        fields: list[FormField] = []
        for field in msgspec.structs.fields(spec.body):
            options = self._options(spec, field.name, case)
            default = present.get(field.name) or _default(field)
            value, called = typed.get(field.name, default), PROPOSED if spec.kind is ProposeResult else {}
            fields.append(self._field(field, field.name, options, value, problems, called.get(field.name)))
        return fields

    def registration_fields(self, typed: Mapping[str, str], problems: Sequence[FieldProblem]) -> dict[str, FormField]:
        """By name. A tenant without grounds has no such field."""
        own = [each for each in msgspec.structs.fields(RegisterBody) if each.name not in {"person", "unit"}]
        named = [(each.name, each) for each in own]
        named += [(f"person.{each.name}", each) for each in msgspec.structs.fields(PersonBody)]
        options = {
            "channel": self._words("channel", _literals(RegisterBody, "channel")),
            "kind": self._choices(self._profile.kinds),
            "case_type": self._types(),
            "ground": self._choices(self._profile.grounds),
        }
        return {
            name: self._field(field, name, options.get(name, ()), typed.get(name, ""), problems, _SAID_HERE.get(name))
            for name, field in named
            if name != "ground" or self._profile.grounds
        }

    def _field(
        self,
        field: msgspec.structs.FieldInfo,
        name: str,
        options: tuple[Option, ...],
        value: str,
        problems: Sequence[FieldProblem],
        called: str | None = None,
    ) -> FormField:
        label = word(self._language, "field", called or name)
        found = next((each for each in problems if each.field == name or each.field.startswith(f"{name}.")), None)
        return FormField(
            name=name,
            label=label,
            widget=_widget(field.name, has_options=bool(options)),
            required=field.required,
            options=options,
            value=value,
            hint=word(self._language, "hint", called) if called in WORDS["hint"] else "",
            # The field is called what stands above it.
            error=text_for(found.code, self._language, {**found.parameters, "field": label}).message if found else "",
        )

    def _options(self, spec: CaseCommand, name: str, case: Case) -> tuple[Option, ...]:
        """What the field may be; none for one that is written."""
        match name:
            case "kind":
                return self._choices(self._profile.kinds)
            case "case_type":
                return self._types()
            case "ground":
                return self._choices(self._profile.exclusions)
            case "reason" if spec.name == "pause":
                return self._choices(self._profile.pause_reasons)
            case "clock" | "channel" | "outcome" | "note_kind":
                return self._words(name, _literals(spec.kind, name))
            case "to_unit" | "event_hash":
                return self._below(case) if name == "to_unit" else self._late(case)
            case "rating" | "satisfied":
                return self._opinions(name)
            case _:
                return ()

    def _opinions(self, name: str) -> tuple[Option, ...]:
        if name == "rating":
            return tuple(Option(value=str(stars), label="★" * stars) for stars in range(5, 0, -1))
        said = translations(self._language).gettext
        return (Option(value="true", label=said("满意")), Option(value="false", label=said("不满意，重办")))

    def _below(self, case: Case) -> tuple[Option, ...]:
        context = self._identity.site.context(self._identity.actor, self._profile)
        return tuple(Option(value=unit.code, label=unit.name) for unit in units_below(case, context))

    def _late(self, case: Case) -> tuple[Option, ...]:
        jurisdiction = self._identity.site.jurisdiction
        options: list[Option] = []
        for entry in case.late_entries:
            if entry.decision == "open":
                unit = jurisdiction.unit(entry.late_unit)
                label = f"{word(self._language, 'event', entry.late_type)} · {unit.name if unit else entry.late_unit}"
                options.append(Option(value=entry.event_hash.hex(), label=label))
        return tuple(options)

    def _words(self, group: str, keys: Sequence[str]) -> tuple[Option, ...]:
        return tuple(Option(value=key, label=word(self._language, group, key)) for key in keys)

    def _choices(self, choices: Sequence[Choice]) -> tuple[Option, ...]:
        return tuple(Option(value=each.key, label=self._said(each)) for each in choices)

    def _types(self) -> tuple[Option, ...]:
        limit = translations(self._language).gettext("%(name)s（%(workdays)s 个工作日内答复）")
        return tuple(
            Option(value=each.key, label=limit % {"name": self._said(each), "workdays": each.answer_workdays})
            for each in self._profile.case_types
        )

    def _said(self, each: Choice | CaseType) -> str:
        return each.name.zh if self._language == "zh" else each.name.en


def body_from(form: Mapping[str, str], kind: type[T]) -> T:
    """The body that a form's texts make. Raises InvalidInput with every field that does not fit."""
    raw: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            raw[field.name] = _given(form, field.type, f"{field.name}.")
    return convert_form({**_given(form, kind, ""), **raw}, kind)


def _given(form: Mapping[str, str], kind: type[msgspec.Struct], prefix: str) -> dict[str, object]:
    """What was filled in: an empty field that may be left out is left out."""
    texts: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        typed = form.get(prefix + field.name)
        if typed is not None and (typed or field.required):
            texts[field.name] = typed
    return texts


def _default(field: msgspec.structs.FieldInfo) -> str:
    default: object = field.default
    return default if isinstance(default, str) else ""


def _widget(name: str, *, has_options: bool) -> Widget:
    if has_options or name in {"to_unit", "event_hash", "ground", "kind", "case_type"}:
        return "select"
    if name == "until":
        return "date"
    if name in _NUMBERS:
        return "number"
    return "area" if name in _AREAS else "text"


def _literals(kind: type[msgspec.Struct], name: str) -> tuple[str, ...]:
    """The values that a field may have, in the order of the schema."""
    field = next(each for each in msgspec.structs.fields(kind) if each.name == name)
    return tuple(str(value) for value in getattr(field.type, "__args__", ()))
