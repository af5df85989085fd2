"""What would leave a case without a rule: everything that makes a profile unfit for use, by code and field.

Owns these checks. What can be wrong with a file is the loader's.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from bancheng.kernel.profile import Profile
from bancheng.schema.clocks import (
    BODY_PREFIX,
    CONCLUSION,
    HOLDER,
    LATE_DECISION,
    ORDER_PREFIX,
    PAPER_PREFIX,
    PERSON,
    PURSUIT,
    STEP_PREFIX,
    TRANSIT,
)

ProblemCode = Literal[
    "profile.tiers_missing",
    "profile.duplicate_key",
    "profile.limit_out_of_range",
    "profile.ladder_unknown_clock",
    "profile.no_climb",
    "profile.number_format",
    "profile.unknown_milestone",
    "profile.unknown_case_type",
    "profile.unknown_role",
    "profile.unknown_level",
    "profile.unknown_form_data",
    "profile.edition_out_of_range",
    "profile.nothing_to_choose",
    "profile.obligation_never_ends",
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
    known = {PERSON, HOLDER, TRANSIT, LATE_DECISION, CONCLUSION, PURSUIT}
    known |= {prefix.rstrip(":") for prefix in (STEP_PREFIX, ORDER_PREFIX, PAPER_PREFIX, BODY_PREFIX)}
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
