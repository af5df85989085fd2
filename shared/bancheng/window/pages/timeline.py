"""The history of a case as its page tells it: term by term, who did what, and how far it has come.

Owns which details of an entry are said, in which order and in which words. Must not know templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Protocol, cast

import msgspec

from bancheng.federation.delivery import Delivery
from bancheng.federation.site import HostedSite
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.profile import Profile
from bancheng.window.command_registry import kebab
from bancheng.window.error_texts import ErrorText, Language, in_full, text_for
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.field_words import CALLED
from bancheng.window.pages.naming import Names
from bancheng.window.pages.part_names import PART_OF
from bancheng.window.pages.places import site_name, unit_tier_name
from bancheng.window.views import AskView, EntryView, named_units, unit_view

SAID: Final = (
    "grant", "unit", "on_duty", "was_on_duty", "called", "number", "system", "cause", "corrections", "asked", "code",
    "reason", "cannot_do", "kind", "case_type", "ground", "department", "matter", "complained_unit", "is_restricted",
    "person", "agent", "received_on", "imported_from", "ended_at", "explanation", "method", "signer", "to_name",
    "level", "tool", "basis", "form", "on", "helper", "took_place", "programme", "taken_up", "to_unit", "handler",
    "request", "reply", "body", "step", "by_unit", "side", "name", "paper_kind", "due_on", "documents", "conditions",
    "answer_kind", "person_number", "text", "said_by", "said_how", "wants", "done", "note", "department_text",
    "told_text", "staff_name", "opinion", "outcome", "answer", "satisfied", "rating", "comment", "channel", "until",
    "clock", "owner", "workdays", "started", "met", "ended", "old_due_at", "new_due_at", "due_at", "round", "count",
    "authority", "asked_by", "late_type", "late_unit", "late_at", "decided_by", "decided_at", "calendar_edition",
    "title", "description",
)  # fmt: skip
"""Details that are said, in this order; hashes and positions are not."""
_GROUPS: Final = {
    "outcome": "outcome", "channel": "channel", "cause": "cause", "late_type": "event", "method": "method",
    "note_kind": "note_kind", "reply": "reply", "answer_kind": "answer_kind", "side": "side", "said_how": "said_how",
    "paper_kind": "paper_kind",
}  # fmt: skip
_UNSAID: Final = {
    "Registered": ("unit", "number", "title", "description", "person"), "Received": ("unit",), "TakenOver": ("unit",),
    "DutyLeaderCalled": ("unit",), "Paused": ("owner",), "PaperRequired": ("number",),
    "OrderIssued": ("number",), "PassedToBody": ("number",), "ServiceBooked": ("number",), "AidOffered": ("number",),
    "AskRefused": ("reason",),
}  # fmt: skip
"""What stands beside the entry or above the history anyway."""
_CALLED: Final = {
    ("Registered", "channel"): "source", ("ResultProposed", "answer"): "proposed_answer",
    ("CauseCoded", "cause"): "cause_code", ("OtherNumberRecorded", "number"): "other_number",
    ("OrderIssued", "to_unit"): "order_unit", ("ServiceBooked", "on"): "service_day",
    ("PaperRequired", "name"): "paper_name", ("PassedToBody", "helper"): "transfer_helper",
    ("OrderAnswered", "text"): "order_text", ("FaultAttributed", "unit"): "fault_unit",
    ("AskRefused", "code"): "reason",
}  # fmt: skip
_LISTS: Final = {
    "kind": "kinds", "case_type": "case_types", "ground": "exclusions", "level": "levels", "tool": "policy_tools",
    "form": "service_forms", "programme": "aid_programmes", "step": "steps", "started": "obligations",
    "met": "obligations", "ended": "obligations",
}  # fmt: skip
_UNITS: Final = {
    "unit", "owner", "late_unit", "decided_by", "department", "complained_unit", "to_unit", "by_unit",
}  # fmt: skip


_ENTERED_AS: Final = {"answer-order": "OrderAnswered"}
"""Whose numbered parts what is asked for names."""


class _Told(Protocol):
    """What has details to tell: an entry, or what is asked for."""

    @property
    def type(self) -> str: ...
    @property
    def details(self) -> dict[str, object]: ...


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    details: dict[str, object]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    text: str


class Light(msgspec.Struct, frozen=True, kw_only=True):
    """How far an entry has come on one link. `name` says where it goes, `state` is the colour."""

    name: str
    state: str
    text: str
    reason: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `by_system`: the clock or a link did it."""

    title: str
    type: str
    at: datetime
    who: str
    unit: str
    by_system: bool
    anchor: str
    lines: tuple[Line, ...]
    lights: tuple[Light, ...]


class AskItem(msgspec.Struct, frozen=True, kw_only=True):
    """What this site asked the holder to enter. `reason` says why it was refused, and what to do next."""

    title: str
    at: datetime
    state: str
    reason: str
    lines: tuple[Line, ...]


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of custody with one author site. `depth` is its site's distance from the top."""

    number: int
    unit: str
    tier: str
    depth: int
    items: tuple[Item, ...]


class Teller:
    """Tells the entries of one case in one language. `names` know the numbered parts of its main line; entries off that
    line have numbers of their own.
    """

    def __init__(self, site: HostedSite, profile: Profile, language: Language, names: Names) -> None:
        self._site = site
        self._profile = profile
        self._language: Language = language
        self._names = names

    def terms(self, entries: Sequence[EntryView]) -> list[Term]:
        """In order; a new term begins with whoever has the case from then on."""
        grouped: list[list[EntryView]] = []
        for entry in entries:
            if grouped and (grouped[-1][0].term, grouped[-1][0].site) == (entry.term, entry.site):
                grouped[-1].append(entry)
            else:
                grouped.append([entry])
        return [self._term(group) for group in grouped]

    def _term(self, entries: list[EntryView]) -> Term:
        first, jurisdiction = entries[0], self._site.jurisdiction
        opened = str(first.details.get("unit") or first.unit.code)
        return Term(
            number=first.term,
            unit=unit_view(jurisdiction, opened).name,
            tier=unit_tier_name(jurisdiction, self._profile, opened, first.site, self._language),
            depth=min(2, jurisdiction.depth(first.site)),
            items=tuple(self.item(entry) for entry in entries),
        )

    def item(self, entry: EntryView) -> Item:
        said = translations(self._language).gettext
        return Item(
            title=word(self._language, "event", entry.type),
            type=entry.type,
            at=entry.at,
            who=said("系统") if entry.by_system else self._who(entry),
            unit=entry.unit.name,
            by_system=entry.by_system,
            anchor=anchor(entry),
            lines=tuple(self._lines(entry)),
            lights=tuple(self._light(each) for each in entry.deliveries),
        )

    def asked(self, ask: AskView) -> AskItem:
        """By the names of its form's fields; a field of the person that is to be emptied is said."""
        told = _Asked(type=_ENTERED_AS.get(ask.command, ""), details=ask.details)
        lines: list[Line] = []
        for name, value in ask.details.items():
            label = word(self._language, "field", CALLED.get((ask.command, name), name))
            if value == "" and ask.command == "correct-person" and name != "reason":
                lines.append(Line(label=label, text=self._nothing))
            elif not _is_empty(name, value):
                lines.append(self._part(name, value, told) or Line(label=label, text=self._text(name, value, told)))
        reason = in_full(ErrorText(message=ask.reason, next_step=ask.next_step), self._language) if ask.reason else ""
        title = word(self._language, "command", ask.command)
        return AskItem(title=title, at=ask.asked_at, state=ask.state, reason=reason, lines=tuple(lines))

    @property
    def _nothing(self) -> str:
        return translations(self._language).gettext("（空）")

    def _who(self, entry: EntryView) -> str:
        """Whoever stood in for somebody is said to have (PA-R7)."""
        actor = entry.actor
        if not actor.stands_in_for:
            return actor.name
        said = translations(self._language).gettext
        return said("%(name)s（代%(away)s）") % {"name": actor.name, "away": actor.stands_in_for}

    def _lines(self, entry: EntryView) -> list[Line]:
        lines: list[Line] = []
        for name in SAID:
            value = entry.details.get(name)
            if _is_empty(name, value) or name in _UNSAID.get(entry.type, ()) or (name, value) == ("cause", "hand"):
                continue
            if name == "corrections":
                lines += self._corrected(cast("list[dict[str, str]]", value))
                continue
            lines.append(self._part(name, value, entry) or self._line(name, value, entry))
        return lines

    def _part(self, name: str, value: object, entry: _Told) -> Line | None:
        """A detail that names a part of the case, by what the part is called."""
        sort, called = PART_OF.get((entry.type, name), ("", ""))
        part = self._names.part(sort, value)
        return Line(label=word(self._language, "field", called), text=part) if part else None

    def _line(self, name: str, value: object, entry: _Told) -> Line:
        called = _CALLED.get((entry.type, name)) or ("part_number" if name == "number" else name)
        return Line(label=word(self._language, "field", called), text=self._text(name, value, entry))

    def _corrected(self, corrections: Sequence[Mapping[str, str]]) -> list[Line]:
        """Each field by its name, as it was and as it is: masked already for who need not know."""
        return [
            Line(
                label=word(self._language, "field", f"person.{each['field']}"),
                text=f"{each['was'] or self._nothing} → {each['now'] or self._nothing}",
            )
            for each in corrections
        ]

    def _text(self, name: str, value: object, entry: _Told) -> str:
        said = translations(self._language).gettext
        if name in {"reason", "code"}:
            return self._reason(str(value), entry)
        if name == "asked":
            return word(self._language, "command", kebab(str(value)))
        if entry.type == "CauseCoded" and name == "cause":
            return self._names.choice("causes", str(value))
        if name == "clock":
            return self._names.clock(str(value))
        if name in _GROUPS:
            return word(self._language, _GROUPS[name], str(value))
        if name in _LISTS:
            keys = cast("list[object]", value) if isinstance(value, list) else [value]
            return said("、").join(self._names.choice(_LISTS[name], str(key)) for key in keys)
        if name in _UNITS:
            return self._names.unit(str(value))
        match value:
            case bool():
                return said("是") if value else said("否")
            case datetime():
                return _local(value, self._site.calendar)
            case date():
                return value.isoformat()
            case dict():
                return self._named(cast("dict[str, object]", value))
            case _:
                return str(value)

    def _reason(self, reason: str, entry: _Told) -> str:
        """A reason that the system gives is a code; a person's is their own words."""
        said = translations(self._language).gettext
        if reason == "deadline":
            return said("到期没有办结，自动上报")
        if reason == "second_return":
            return said("第二次退回")
        if reason.startswith("deadline:"):
            return said("%(clock)s 已到") % {"clock": self._names.clock(reason.partition(":")[2])}
        if entry.type == "Paused":
            return self._names.choice("pause_reasons", reason)
        if entry.type == "AskRefused":
            return self._refused(reason, entry)
        return reason

    def _refused(self, code: str, entry: _Told) -> str:
        """In words; the stage stands in `reason` where there were no parameters yet."""
        given = cast("dict[str, str | int]", entry.details["parameters"])
        parameters = named_units({"stage": str(entry.details["reason"]), **given}, self._site.jurisdiction)
        return text_for(code, self._language, parameters).message

    def _named(self, value: dict[str, object]) -> str:
        """A grant by its unit, an actor by name and unit, a person by name, who acts for them with how they stand."""
        unit = self._names.unit(str(value.get("unit", "")))
        if "name" not in value:
            return unit
        if "unit" not in value:
            return "，".join(str(value[each]) for each in ("name", "relation", "phone") if value.get(each))
        return translations(self._language).gettext("%(name)s（%(unit)s）") % {"name": value["name"], "unit": unit}

    def _site_name(self, site: str) -> str:
        return site_name(self._site.jurisdiction, self._profile, site, self._language)

    def _light(self, delivery: Delivery) -> Light:
        said = translations(self._language).gettext
        peer = self._site.peer(delivery.peer)
        is_parent = peer is not None and peer.is_parent
        reason = text_for(delivery.reason, self._language).message if delivery.reason else ""
        return Light(
            name=said("上级") if is_parent else said("下级 %(site)s") % {"site": self._site_name(delivery.peer)},
            state=delivery.state,
            text=word(self._language, "delivery", delivery.state),
            reason=reason,
        )


def anchor(entry: EntryView) -> str:
    """Where an entry stands on its page."""
    return f"entry-{entry.hash[:16]}"


def _is_empty(name: str, value: object) -> bool:
    """A no is said; nothing entered, nobody in particular and no restriction are not."""
    return value in (None, "", [], ()) or (name in {"is_restricted", "person_number"} and not value)


def _local(instant: datetime, calendar: Calendar) -> str:
    return calendar.local(instant).strftime("%Y-%m-%d %H:%M")
