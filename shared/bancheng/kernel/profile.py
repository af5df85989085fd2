"""A tenant's rule profile: everything in which one jurisdiction differs from another, as data.

Owns the form and the questions the rules ask of it; knows no jurisdiction by name and reads no file.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

import msgspec

from bancheng.schema.clocks import ClockNature, RungAction


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A word of the tenant's in both languages."""

    zh: str
    en: str


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A tier that this tenant has, top first. `hold_workdays` is how long a case stays here before it climbs:
    no source gives it, so it is always the tenant's own choice. None: no timed climb from here.
    """

    key: str
    name: Text
    hold_workdays: int | None = None


class CaseType(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a case is, and the limit for the answer to the person, in working days from registration."""

    key: str
    name: Text
    answer_workdays: int
    nature: ClockNature = "resolve_by"
    source: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A kind, ground, exclusion or pause reason of the tenant's. `source` cites the section it comes from."""

    key: str
    name: Text
    source: str = ""


class LadderRung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung: `workdays_before` the due date at opening time (0: at the due instant itself)."""

    clock: str
    action: RungAction
    workdays_before: int = 0


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edition of one tenant's rules."""

    tenant: str
    name: Text
    edition: int
    effective_on: date
    tiers: tuple[Tier, ...]
    case_types: tuple[CaseType, ...]
    kinds: tuple[Choice, ...]
    ladder: tuple[LadderRung, ...]
    grounds: tuple[Choice, ...] = ()
    exclusions: tuple[Choice, ...] = ()
    pause_reasons: tuple[Choice, ...] = ()
    outside_authority: Text
    number_format: str = "{unit}-{date}-{count:03d}"
    transit_workdays: int = 1
    takeover_margin_minutes: int = 30
    late_decision_workdays: int = 1
    conclusion_workdays: int = 5
    decline_needs_approval: bool = True
    max_extension_workdays: int = 30
    max_pause_workdays: int = 60
    own_choices: tuple[str, ...] = ()

    def tier(self, key: str) -> Tier | None:
        return next((tier for tier in self.tiers if tier.key == key), None)

    def case_type(self, key: str) -> CaseType | None:
        return next((each for each in self.case_types if each.key == key), None)

    def has_kind(self, key: str) -> bool:
        return any(kind.key == key for kind in self.kinds)

    def rungs(self, clock: str) -> tuple[LadderRung, ...]:
        return tuple(rung for rung in self.ladder if rung.clock == clock)


ProblemCode = Literal[
    "profile.tiers_missing",
    "profile.duplicate_key",
    "profile.limit_out_of_range",
    "profile.ladder_unknown_clock",
    "profile.no_climb",
    "profile.number_format",
]


class ProfileProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a profile: a stable code and the field, as a path."""

    code: ProblemCode
    field: str
    detail: str = ""


_NUMBER_FORMAT = re.compile(
    r"(?:[\w.()（）〔〕/-]|\{unit\}|\{date(?::[%A-Za-z-]{1,12})?\}|\{count(?::0[1-9]d)?\}){1,60}"
)
"""A number is printed and said aloud, so plain characters only; and a format that may reach into its arguments or ask
for a million digits is no place for what somebody typed."""


def check_profile(profile: Profile) -> tuple[ProfileProblem, ...]:
    """Everything that would leave a case without a rule. Empty means fit for use."""
    problems: list[ProfileProblem] = []
    if not profile.tiers:
        problems.append(ProfileProblem(code="profile.tiers_missing", field="tiers"))
    for field in ("tiers", "case_types", "kinds", "grounds", "exclusions", "pause_reasons"):
        keys = [item.key for item in getattr(profile, field)]
        doubles = sorted({key for key in keys if keys.count(key) > 1})
        problems.extend(ProfileProblem(code="profile.duplicate_key", field=f"{field}.{key}") for key in doubles)
    limits = [(f"case_types.{each.key}.answer_workdays", each.answer_workdays) for each in profile.case_types]
    limits += [(f"tiers.{t.key}.hold_workdays", t.hold_workdays) for t in profile.tiers if t.hold_workdays is not None]
    limits += [("transit_workdays", profile.transit_workdays)]
    limits += [("late_decision_workdays", profile.late_decision_workdays)]
    limits += [("conclusion_workdays", profile.conclusion_workdays)]
    limits += [("max_extension_workdays", profile.max_extension_workdays)]
    limits += [("max_pause_workdays", profile.max_pause_workdays)]
    limits += [("takeover_margin_minutes", profile.takeover_margin_minutes)]
    limits += [(f"ladder.{index}.workdays_before", rung.workdays_before) for index, rung in enumerate(profile.ladder)]
    for field, limit in limits:
        if not 0 <= limit <= 400:
            problems.append(ProfileProblem(code="profile.limit_out_of_range", field=field, detail=str(limit)))
    problems.extend(_ladder_problems(profile))
    if _NUMBER_FORMAT.fullmatch(profile.number_format) is None or "{count" not in profile.number_format:
        problems.append(ProfileProblem(code="profile.number_format", field="number_format"))
    return tuple(problems)


def _ladder_problems(profile: Profile) -> list[ProfileProblem]:
    known = {"person", "holder", "transit", "late_decision", "conclusion"}
    problems = [
        ProfileProblem(code="profile.ladder_unknown_clock", field=f"ladder.{index}.clock", detail=rung.clock)
        for index, rung in enumerate(profile.ladder)
        if rung.clock not in known
    ]
    if any(tier.hold_workdays is not None for tier in profile.tiers) and not any(
        rung.clock == "holder" and rung.action == "climb" for rung in profile.ladder
    ):
        problems.append(ProfileProblem(code="profile.no_climb", field="ladder"))
    return problems
