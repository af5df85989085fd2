"""What would leave a case without a rule, or an official with nonsense: what makes a profile unfit for use, by code.

Owns these checks. What can be wrong with a file is the loader's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, Literal, cast, get_args

import msgspec

from bancheng.kernel.dues import MAXIMUM_LIMIT_WORKDAYS
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import FORM_DATA, MILESTONES, Text
from bancheng.kernel.roles import Role
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
    "profile.key_unfit",
    "profile.text_missing",
    "profile.text_unfit",
    "profile.limit_out_of_range",
    "profile.ladder_unknown_clock",
    "profile.ladder_action",
    "profile.never_passes",
    "profile.no_climb",
    "profile.number_format",
    "profile.number_repeats",
    "profile.unknown_milestone",
    "profile.unknown_case_type",
    "profile.unknown_role",
    "profile.unknown_level",
    "profile.unknown_form_data",
    "profile.edition_out_of_range",
    "profile.nothing_to_choose",
    "profile.obligation_never_ends",
    "profile.rating_count",
    "profile.rating_out_of_scale",
    "profile.report_day",
]

LISTS: Final = (
    "tiers",
    "case_types",
    "kinds",
    "grounds",
    "exclusions",
    "channels",
    "pause_reasons",
    "causes",
    "policy_tools",
    "service_forms",
    "aid_programmes",
    "levels",
    "steps",
    "obligations",
    "forms",
    "bodies",
    "meetings",
    "reports",
)
"""The lists of a profile whose parts have keys."""
SORTS: Final = tuple(prefix.rstrip(":") for prefix in (STEP_PREFIX, ORDER_PREFIX, PAPER_PREFIX, BODY_PREFIX))
CLOCKS: Final = (PERSON, HOLDER, TRANSIT, LATE_DECISION, CONCLUSION, PURSUIT, *SORTS)
"""The clocks, and the sorts of clocks, that a ladder may have rungs for."""
RATINGS: Final = 5
"""The revisit asks for 1 to 5: a scale of words has a word for each."""
REPORT_DAYS: Final[dict[str, int]] = {"week": 5, "month": 22, "quarter": 22, "year": 22}
"""The last working day of the next period on which a report may be due."""

_KEY = re.compile(r"[\w.-]{1,64}")
_UNFIT: Final = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufffe\\uffff]")
"""Control characters but tab and line feed, marks that turn the direction of writing, and what is no character."""
_NUMBER_FORMAT = re.compile(
    r"(?:[\w.()（）〔〕/-]|\{unit\}|\{date(?::[%A-Za-z-]{1,12})?\}|\{count(?::0[1-9]d)?\}){1,60}"
)
"""A number is printed and said aloud, so plain characters only; and a format that may reach into its arguments or ask
for a million digits is no place for what somebody typed."""


_DAYS: Final = (date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 8), date(2026, 2, 1), date(2027, 1, 1))
"""What is the same on two of these days gives two cases one number."""


class ProfileProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a profile: a stable code and the field, as a path."""

    code: ProblemCode
    field: str
    detail: str = ""


def check_profile(profile: Profile) -> tuple[ProfileProblem, ...]:
    """Everything that would leave a case without a rule. Empty means fit for use."""
    checks = (
        _missing,
        _keys,
        _limits,
        _types,
        _obligations,
        _forms,
        _roles,
        _ladder,
        _reports,
        _texts,
    )
    return tuple(problem for check in checks for problem in check(profile))


def _missing(profile: Profile) -> Iterator[ProfileProblem]:
    if profile.edition < 1:
        yield ProfileProblem(code="profile.edition_out_of_range", field="edition", detail=str(profile.edition))
    if not profile.tiers:
        yield ProfileProblem(code="profile.tiers_missing", field="tiers")
    for field in ("kinds", "case_types"):
        if not getattr(profile, field):
            yield ProfileProblem(code="profile.nothing_to_choose", field=field)
    if profile.ground_required and not profile.grounds:
        yield ProfileProblem(code="profile.nothing_to_choose", field="grounds")
    if profile.negative_needs_cause and not profile.causes:
        yield ProfileProblem(code="profile.nothing_to_choose", field="causes")
    if profile.negative_needs_aid_offer and not profile.aid_programmes:
        yield ProfileProblem(code="profile.nothing_to_choose", field="aid_programmes")
    if profile.ratings and len(profile.ratings) != RATINGS:
        yield ProfileProblem(code="profile.rating_count", field="ratings", detail=str(len(profile.ratings)))
    # Below the lowest there is nothing, so from 1 on would make whoever is not satisfied unable to say so.
    if profile.satisfied_from_rating not in {0, *range(2, RATINGS + 1)}:
        yield ProfileProblem(
            code="profile.rating_out_of_scale",
            field="satisfied_from_rating",
            detail=str(profile.satisfied_from_rating),
        )
    if _NUMBER_FORMAT.fullmatch(profile.number_format) is None or "{count" not in profile.number_format:
        yield ProfileProblem(code="profile.number_format", field="number_format")
    elif _repeats_numbers(profile):
        yield ProfileProblem(code="profile.number_repeats", field="number_format")


def _repeats_numbers(profile: Profile) -> bool:
    """Cases are counted from 1 each day, and where numbers name no unit at each tier's own site."""
    numbers = {profile.number_format.format(unit="", date=day, count=1) for day in _DAYS}
    return len(numbers) < len(_DAYS) or (len(profile.tiers) > 1 and "{unit}" not in profile.number_format)


def _keys(profile: Profile) -> Iterator[ProfileProblem]:
    lists = [(field, [item.key for item in getattr(profile, field)]) for field in LISTS]
    lists += [(f"forms.{form.key}.fields", [field.key for field in form.fields]) for form in profile.forms]
    lists.append(("roles", [each.role for each in profile.roles]))
    for field, keys in lists:
        doubles = sorted({key for key in keys if keys.count(key) > 1})
        for key in doubles:
            yield ProfileProblem(code="profile.duplicate_key", field=f"{field}.{key}")
        for key in keys:
            if _KEY.fullmatch(key) is None:
                yield ProfileProblem(code="profile.key_unfit", field=field, detail=key[:64])


def _limits(profile: Profile) -> Iterator[ProfileProblem]:
    limits: list[tuple[str, int | None]] = [
        *((f"case_types.{each.key}.answer_workdays", each.answer_workdays) for each in profile.case_types),
        *((f"case_types.{each.key}.order_workdays", each.order_workdays) for each in profile.case_types),
        *((f"tiers.{each.key}.hold_workdays", each.hold_workdays) for each in profile.tiers),
        *((f"obligations.{each.key}.workdays", each.workdays) for each in profile.obligations),
        *((f"ladder[{index}].workdays_before", rung.workdays_before) for index, rung in enumerate(profile.ladder)),
        ("transit_workdays", profile.transit_workdays),
        ("late_decision_workdays", profile.late_decision_workdays),
        ("conclusion_workdays", profile.conclusion_workdays),
        ("pursuit_workdays", profile.pursuit_workdays),
        ("body_workdays", profile.body_workdays),
        ("max_extension_workdays", profile.max_extension_workdays),
        ("max_pause_workdays", profile.max_pause_workdays),
        ("takeover_margin_minutes", profile.takeover_margin_minutes),
    ]
    for field, limit in limits:
        if limit is not None and not 0 <= limit <= MAXIMUM_LIMIT_WORKDAYS:
            yield ProfileProblem(code="profile.limit_out_of_range", field=field, detail=str(limit))


def _types(profile: Profile) -> Iterator[ProfileProblem]:
    levels = {level.key for level in profile.levels}
    for each in profile.case_types:
        if each.level and each.level not in levels:
            yield ProfileProblem(code="profile.unknown_level", field=f"case_types.{each.key}.level", detail=each.level)


def _obligations(profile: Profile) -> Iterator[ProfileProblem]:
    """Each begins and ends with something that can happen, for types that there are."""
    milestones = {*MILESTONES, *(STEP_PREFIX + step.key for step in profile.steps)}
    types = {each.key for each in profile.case_types}
    for each in profile.obligations:
        field = f"obligations.{each.key}"
        for name, milestone in (("after", each.after), *(("until", milestone) for milestone in each.until)):
            if milestone not in milestones:
                yield ProfileProblem(code="profile.unknown_milestone", field=f"{field}.{name}", detail=milestone)
        if not each.until or each.after in each.until:
            yield ProfileProblem(code="profile.obligation_never_ends", field=f"{field}.until")
        for key in each.case_types:
            if key not in types:
                yield ProfileProblem(code="profile.unknown_case_type", field=f"{field}.case_types", detail=key)


def _forms(profile: Profile) -> Iterator[ProfileProblem]:
    for form in profile.forms:
        if not form.fields:
            yield ProfileProblem(code="profile.nothing_to_choose", field=f"forms.{form.key}.fields")
        for field in form.fields:
            if field.shows and field.shows not in FORM_DATA:
                yield ProfileProblem(
                    code="profile.unknown_form_data",
                    field=f"forms.{form.key}.fields.{field.key}.shows",
                    detail=field.shows,
                )


def _roles(profile: Profile) -> Iterator[ProfileProblem]:
    """Somebody has to be able to approve, and roles are those of the system."""
    named: list[tuple[str, Iterable[str]]] = [
        ("decline_approvers", profile.decline_approvers),
        ("extension_approvers", profile.extension_approvers),
        ("policy_tool_roles", profile.policy_tool_roles),
    ]
    for field, roles in named:
        if not roles:
            yield ProfileProblem(code="profile.nothing_to_choose", field=field)
    named += [(f"roles.{each.role}", (each.role,)) for each in profile.roles]
    for field, roles in named:
        for role in roles:
            if role not in get_args(Role):
                yield ProfileProblem(code="profile.unknown_role", field=field, detail=role)


def _ladder(profile: Profile) -> Iterator[ProfileProblem]:
    """Whatever a clock's rungs do before, in the end it is on record that the limit is over, or the case climbs."""
    for index, rung in enumerate(profile.ladder):
        if rung.clock not in CLOCKS:
            yield ProfileProblem(code="profile.ladder_unknown_clock", field=f"ladder[{index}].clock", detail=rung.clock)
        early = rung.action in {"pass", "climb"} and rung.workdays_before != 0
        if rung.action == "resume" or early:
            yield ProfileProblem(code="profile.ladder_action", field=f"ladder[{index}].action", detail=rung.action)
    for clock in CLOCKS:
        actions = {rung.action for rung in profile.rungs(clock)}
        if clock not in {HOLDER, TRANSIT} and not actions & {"pass", "climb"}:
            yield ProfileProblem(code="profile.never_passes", field="ladder", detail=clock)
    climbs = any(rung.action == "climb" for rung in profile.rungs(HOLDER))
    if any(tier.hold_workdays is not None for tier in profile.tiers) and not climbs:
        yield ProfileProblem(code="profile.no_climb", field="ladder")


def _reports(profile: Profile) -> Iterator[ProfileProblem]:
    for each in profile.reports:
        day = each.workday
        if day is None and not each.is_case_report:
            continue
        # What the system makes by itself has a day.
        if day is None or not 1 <= day <= REPORT_DAYS[each.every]:
            yield ProfileProblem(
                code="profile.report_day", field=f"reports.{each.key}.workday", detail=str(each.workday)
            )


def _texts(profile: Profile) -> Iterator[ProfileProblem]:
    """Nothing that is shown is blank in either language, and nothing holds what no document or spreadsheet can."""
    for path, text in _texts_of(profile, ""):
        if isinstance(text, str):
            unfit, blank = _UNFIT.search(text) is not None, False
        else:
            unfit = _UNFIT.search(text.zh + text.en) is not None
            blank = not text.zh.strip() or not text.en.strip()
        if unfit:
            yield ProfileProblem(code="profile.text_unfit", field=path)
        elif blank:
            yield ProfileProblem(code="profile.text_missing", field=path)


def _texts_of(value: object, path: str) -> Iterator[tuple[str, Text | str]]:
    if isinstance(value, Text | str):
        yield path, value
    elif isinstance(value, tuple):
        for index, part in enumerate(cast("tuple[object, ...]", value)):
            key: str | None = getattr(part, "key", None)
            yield from _texts_of(part, f"{path}[{index}]" if key is None else f"{path}.{key}")
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _texts_of(getattr(value, field), f"{path}.{field}" if path else field)
