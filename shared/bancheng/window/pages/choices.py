"""What the fields of a form may be: the tenant's own words, the units, what the case has, the system's words.

Owns the options of every field in the reader's language, and which fields a case has no use for. Must not know
templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import AidProgramme, CaseType, Choice, CollectionChannel, Text
from bancheng.schema.documents import UnitEntry
from bancheng.store.accounts import Staff
from bancheng.window.command_registry import CaseCommand
from bancheng.window.error_texts import Language
from bancheng.window.identity import Identity
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.words import WORDS
from bancheng.window.trials import departments, next_level, open_orders, units_below


class Option(msgspec.Struct, frozen=True, kw_only=True):
    value: str
    label: str


_WORDED: Final = {"clock", "channel", "outcome", "note_kind", "method", "reply", "side", "answer_kind"}
"""Fields whose values are the system's own words, in the group of the same name."""
_LISTED: Final = {
    "kind": "kinds", "ground": "exclusions", "cause": "causes", "tool": "policy_tools", "form": "service_forms",
    "programme": "aid_programmes", "step": "steps",
}  # fmt: skip
"""Fields whose values are the tenant's, and the list of its profile."""
CHOSEN: Final = {
    *_WORDED, *_LISTED, "case_type", "to_unit", "event_hash", "department", "by_unit", "complained_unit", "level",
    "to_staff", "number", "paper", "said_how",
}  # fmt: skip
"""Fields that are always chosen, also where there is nothing to choose from."""


class Choices:
    """What one reader may choose from. `colleagues` are those whom a duty can be handed to."""

    def __init__(
        self, identity: Identity, profile: Profile, language: Language, colleagues: Sequence[Staff] = ()
    ) -> None:
        self._identity = identity
        self._profile = profile
        self._language: Language = language
        self._colleagues = colleagues
        self._context = identity.site.context(identity.actor, profile)

    @property
    def needs_ground(self) -> bool:
        """Whether registration records the ground (PA-02)."""
        return self._profile.ground_required

    def of_registration(self) -> dict[str, tuple[Option, ...]]:
        # In the tenant's own words, where its rules name the ways in which matters come.
        channels = {"channel": self._named(self._profile.channels)} if self._profile.channels else {}
        return {
            **channels,
            "kind": self._named(self._profile.kinds),
            "case_type": self._types(),
            "ground": self._named(self._profile.grounds),
            "department": _units(departments(None, self._context)),
            "matter": tuple(Option(value=each.key, label=each.name) for each in self._context.catalogue.matters),
            "complained_unit": _units(
                unit for unit in self._identity.site.jurisdiction.directory.units if unit.code != self._identity.unit
            ),
        }

    def has_use(self, spec: CaseCommand, name: str, case: Case) -> bool:
        """Whether the case has a use for the field: a choice of one is none."""
        match name:
            case "answer_kind":
                case_type = self._profile.case_type(case.case_type)
                return case_type is not None and case_type.nature == "report_by"
            case "person_number":
                return bool(case.record.joint_persons)
            case "order_number":
                return any(order.answer for order in case.record.orders)
            case "paper":
                return bool(case.record.papers)
            case "said_by" | "said_how" if spec.kind in {c.AnswerOrder, c.IssueGuidance, c.RecordStep}:
                return self._identity.unit == case.holder_unit
            case "cannot_do":
                return self._context.catalogue.matter(case.matter) is not None
            case _:
                return True

    def of(self, spec: CaseCommand, name: str, case: Case) -> tuple[Option, ...]:
        """What the field may be; none for one that is written."""
        if name == "channel":
            return self.worded("channel", literals(spec.kind, name))
        if name in _WORDED:
            return self.worded(name, literals(spec.kind, name))
        if name in _LISTED:
            return self._named(getattr(self._profile, _LISTED[name]))
        if name == "reason" and spec.kind is c.Pause:
            return self._named(self._profile.pause_reasons)
        return self._of_case(spec, name, case)

    def _of_case(self, spec: CaseCommand, name: str, case: Case) -> tuple[Option, ...]:
        match name:
            case "case_type":
                return self._types()
            case "to_unit" if spec.kind is c.HandDown:
                return _units(units_below(case, self._context))
            case "to_unit" | "department" | "by_unit":
                return _units(self._departments(case))
            case "unit" if spec.kind is c.AttributeFault:
                return _units(each for each in self._identity.site.jurisdiction.directory.units)
            case "level":
                above = next_level(case, self._context)
                return self._named(each for each in self._profile.levels if each.key == above)
            case "to_staff":
                return tuple(Option(value=each.staff_id, label=each.name) for each in self._colleagues)
            case "rating" | "satisfied" | "took_place" | "taken_up" | "done":
                return self._opinions(name)
            case "said_how":
                return self.worded(name, tuple(WORDS["said_how"]))
            case "paper":
                return tuple(Option(value=each.sha256, label=each.name) for each in case.record.papers)
            case "number" | "order_number" | "person_number":
                return self._numbered(spec, name, case)
            case "event_hash":
                return self._late(case)
            case _:
                return ()

    def _departments(self, case: Case) -> list[UnitEntry]:
        """Who does not hold the case acts for itself alone."""
        own, found = self._identity.unit, departments(case, self._context)
        return found if own == case.holder_unit else [each for each in found if each.code == own]

    def _numbered(self, spec: CaseCommand, name: str, case: Case) -> tuple[Option, ...]:
        """Parts of the case by their numbers, said by what they are."""
        record = case.record
        match name, spec.kind:
            case "person_number", _:
                shown = [(number, each.person.name) for number, each in enumerate(record.joint_persons, start=1)]
            case "order_number", _:
                shown = [(each.number, self._order(each.to_unit, each.answer)) for each in record.orders if each.answer]
            case _, c.AnswerOrder:
                orders = open_orders(case, self._identity.unit)
                shown = [(each.number, self._order(each.to_unit, each.request)) for each in orders]
            case _, c.RecordRequiredPaper:
                shown = [(each.number, each.name) for each in record.required_papers if each.came_at is None]
            case _, c.CompleteService:
                booked = [each for each in record.services if each.took_place is None]
                shown = [(each.number, f"{each.on} {self.name_of('service_forms', each.form)}") for each in booked]
            case _, c.RecordAidAnswer:
                offered = [each for each in record.aid if each.taken_up is None]
                shown = [(each.number, self.name_of("aid_programmes", each.programme)) for each in offered]
            case _, c.RecordBodyReply:
                shown = [(each.number, each.body) for each in record.transfers if not each.is_done]
            case _:
                shown = []
        return tuple(Option(value=str(number), label=label) for number, label in shown)

    def _order(self, unit: str, text: str) -> str:
        found = self._identity.site.jurisdiction.unit(unit)
        return f"{found.name if found is not None else unit} · {text[:20]}"

    def name_of(self, listed: str, key: str) -> str:
        """The tenant's word for a key of one of its lists."""
        return next((self._said(each) for each in getattr(self._profile, listed) if each.key == key), key)

    def _opinions(self, name: str) -> tuple[Option, ...]:
        said = translations(self._language).gettext
        if name == "rating":
            return tuple(Option(value=str(stars), label=self._rating(stars)) for stars in range(5, 0, -1))
        if name == "satisfied":
            return (Option(value="true", label=said("满意")), Option(value="false", label=said("不满意，重办")))
        return (Option(value="true", label=said("是")), Option(value="false", label=said("否")))

    def _rating(self, stars: int) -> str:
        """With the tenant's own word for it, where it names five; the highest comes last in a profile."""
        ratings = self._profile.ratings
        named = ratings[stars - 1] if len(ratings) == 5 else None
        return "★" * stars + (f" {self._text(named)}" if named is not None else "")

    def _late(self, case: Case) -> tuple[Option, ...]:
        jurisdiction = self._identity.site.jurisdiction
        options: list[Option] = []
        for entry in case.late_entries:
            if entry.decision == "open":
                unit = jurisdiction.unit(entry.late_unit)
                label = f"{word(self._language, 'event', entry.late_type)} · {unit.name if unit else entry.late_unit}"
                options.append(Option(value=entry.event_hash.hex(), label=label))
        return tuple(options)

    def worded(self, group: str, keys: Sequence[str]) -> tuple[Option, ...]:
        return tuple(Option(value=key, label=word(self._language, group, key)) for key in keys)

    def _named(self, choices: Iterable[Choice | AidProgramme | CollectionChannel]) -> tuple[Option, ...]:
        return tuple(Option(value=each.key, label=self._said(each)) for each in choices)

    def _types(self) -> tuple[Option, ...]:
        limit = translations(self._language).gettext("%(name)s（%(workdays)s 个工作日内答复）")
        return tuple(
            Option(value=each.key, label=limit % {"name": self._said(each), "workdays": each.answer_workdays})
            for each in self._profile.case_types
        )

    def _said(self, each: Choice | CaseType | CollectionChannel) -> str:
        return self._text(each.name)

    def _text(self, text: Text) -> str:
        return text.zh if self._language == "zh" else text.en


def _units(units: Iterable[UnitEntry]) -> tuple[Option, ...]:
    return tuple(Option(value=unit.code, label=unit.name) for unit in units)


def literals(kind: type[msgspec.Struct], name: str) -> tuple[str, ...]:
    """The values that a field may have, in the order of the schema."""
    field = next(each for each in msgspec.structs.fields(kind) if each.name == name)
    return tuple(str(value) for value in getattr(field.type, "__args__", ()))
