"""The history of a case as its page tells it: term by term, who did what, and how far it has come.

Owns which details of an entry are said, in which order and in which words. Must not know templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, cast

import msgspec

from bancheng.federation.delivery import Delivery
from bancheng.federation.site import HostedSite
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import Choice
from bancheng.window.error_texts import Language, text_for
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.places import site_name, tier_name
from bancheng.window.views import EntryView, unit_view

SAID: Final = (
    "grant", "unit", "cause", "reason", "kind", "case_type", "ground", "explanation", "note", "text", "outcome",
    "answer", "satisfied", "rating", "comment", "channel", "until", "clock", "owner", "workdays", "old_due_at",
    "new_due_at", "due_at", "round", "count", "authority", "asked_by", "late_type", "late_unit", "late_at",
    "decided_by", "decided_at", "calendar_edition", "title", "description",
)  # fmt: skip
"""Details that are said, in this order; hashes and positions are not."""
_GROUPS: Final = {
    "outcome": "outcome", "channel": "channel", "clock": "clock", "cause": "cause", "late_type": "event",
}  # fmt: skip
_UNSAID: Final = {
    "Registered": ("unit", "title", "description"), "Received": ("unit",), "TakenOver": ("unit",),
    "DutyLeaderCalled": ("unit",), "Paused": ("owner",),
}  # fmt: skip
"""What stands beside the entry anyway."""
_CALLED: Final = {("Registered", "channel"): "source", ("ResultProposed", "answer"): "proposed_answer"}
_LISTS: Final = {"kind": "kinds", "case_type": "case_types", "ground": "exclusions"}
_UNITS: Final = {"unit", "owner", "late_unit", "decided_by"}


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
    lines: tuple[Line, ...]
    lights: tuple[Light, ...]


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of custody with one author site. `depth` is its site's distance from the top."""

    number: int
    unit: str
    tier: str
    depth: int
    items: tuple[Item, ...]


class Teller:
    """Tells the entries of one case in one language."""

    def __init__(self, site: HostedSite, profile: Profile, language: Language) -> None:
        self._site = site
        self._profile = profile
        self._language: Language = language

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
        first = entries[0]
        opened = first.details.get("unit")
        unit = unit_view(self._site.jurisdiction, str(opened)).name if opened else first.unit.name
        return Term(
            number=first.term,
            unit=unit,
            tier=tier_name(self._site.jurisdiction, self._profile, first.site, self._language),
            depth=min(2, self._site.jurisdiction.depth(first.site)),
            items=tuple(self.item(entry) for entry in entries),
        )

    def item(self, entry: EntryView) -> Item:
        said = translations(self._language).gettext
        return Item(
            title=word(self._language, "event", entry.type),
            type=entry.type,
            at=entry.at,
            who=said("系统") if entry.by_system else entry.actor.name,
            unit=entry.unit.name,
            by_system=entry.by_system,
            lines=tuple(self._lines(entry)),
            lights=tuple(self._light(each) for each in entry.deliveries),
        )

    def _lines(self, entry: EntryView) -> list[Line]:
        lines: list[Line] = []
        for name in SAID:
            value = entry.details.get(name)
            if value in (None, "", ()) or name in _UNSAID.get(entry.type, ()) or (name, value) == ("cause", "hand"):
                continue
            called = _CALLED.get((entry.type, name), name)
            lines.append(Line(label=word(self._language, "field", called), text=self._text(name, value, entry)))
        return lines

    def _text(self, name: str, value: object, entry: EntryView) -> str:
        said = translations(self._language).gettext
        if name == "reason":
            return self._reason(str(value), entry)
        if name in _GROUPS:
            return word(self._language, _GROUPS[name], str(value))
        if name in _LISTS:
            return self._chosen(_LISTS[name], str(value))
        if name in _UNITS:
            return unit_view(self._site.jurisdiction, str(value)).name
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

    def _reason(self, reason: str, entry: EntryView) -> str:
        """A reason that the system gives is a code; a person's is their own words."""
        said = translations(self._language).gettext
        if reason == "deadline":
            return said("到期没有办结，自动上报")
        if reason == "second_return":
            return said("第二次退回")
        if reason.startswith("deadline:"):
            return said("%(clock)s 已到") % {"clock": word(self._language, "clock", reason.partition(":")[2])}
        if entry.type == "Paused":
            return self._chosen("pause_reasons", reason)
        if entry.type == "AskRefused":
            return text_for(str(entry.details.get("code", "")), self._language, {"stage": reason}).message
        return reason

    def _chosen(self, listed: str, key: str) -> str:
        choices = cast("Sequence[Choice]", getattr(self._profile, listed))
        if listed == "exclusions":
            choices = (*choices, *self._profile.grounds)
        found = next((each for each in choices if each.key == key), None)
        if found is None:
            return key
        return found.name.zh if self._language == "zh" else found.name.en

    def _named(self, value: dict[str, object]) -> str:
        """A grant by its unit, an actor by name and unit."""
        unit = unit_view(self._site.jurisdiction, str(value.get("unit", ""))).name
        if "name" not in value:
            return unit
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


def _local(instant: datetime, calendar: Calendar) -> str:
    return calendar.local(instant).strftime("%Y-%m-%d %H:%M")
