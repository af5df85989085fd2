"""Each way in which a profile can leave a case without a rule, or an official with nonsense, is found and named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pytest
from msgspec.structs import replace

from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_checks import LISTS, ProblemCode, check_profile
from bancheng.kernel.profile_parts import (
    Body,
    CaseType,
    CollectionChannel,
    Form,
    FormField,
    LadderRung,
    Meeting,
    Obligation,
    Report,
    RoleName,
    Text,
)
from tests.kernel.tenant import PROFILE

WORD = Text(zh="词", en="word")


def _obligation(*, after: str = "registered", until: tuple[str, ...] = ("accepted",), **more: object) -> Obligation:
    made = Obligation(key="file", name=WORD, owner="clerk", after=after, until=until, workdays=1)
    return replace(made, **more)


def _form(*fields: FormField) -> Form:
    return Form(key="sheet", kind="registration", name=WORD, fields=fields)


def _report(**changes: object) -> Report:
    return replace(Report(key="zero", name=WORD, by="镇", to="县", every="month", workday=2), **changes)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is changed in a good profile, and the one problem that comes of it."""

    profile: Profile
    code: ProblemCode
    field: str
    detail: str = ""


def _changed(code: ProblemCode, field: str, detail: str = "", **changes: object) -> Change:
    return Change(profile=replace(PROFILE, **changes), code=code, field=field, detail=detail)


FIRST_TYPE = PROFILE.case_types[0]
CHANGES = (
    _changed("profile.edition_out_of_range", "edition", "0", edition=0),
    _changed("profile.tiers_missing", "tiers", tiers=()),
    _changed("profile.nothing_to_choose", "kinds", kinds=()),
    _changed("profile.nothing_to_choose", "case_types", case_types=()),
    _changed("profile.nothing_to_choose", "grounds", grounds=(), ground_required=True),
    _changed("profile.nothing_to_choose", "causes", causes=(), negative_needs_cause=True),
    _changed("profile.nothing_to_choose", "aid_programmes", aid_programmes=(), negative_needs_aid_offer=True),
    _changed("profile.nothing_to_choose", "decline_approvers", decline_approvers=()),
    _changed("profile.nothing_to_choose", "extension_approvers", extension_approvers=()),
    _changed("profile.nothing_to_choose", "policy_tool_roles", policy_tool_roles=()),
    _changed("profile.nothing_to_choose", "forms.sheet.fields", forms=(_form(),)),
    _changed("profile.rating_count", "ratings", "4", ratings=(WORD,) * 4),
    _changed("profile.rating_out_of_scale", "satisfied_from_rating", "1", satisfied_from_rating=1),
    _changed("profile.rating_out_of_scale", "satisfied_from_rating", "6", satisfied_from_rating=6),
    _changed("profile.number_format", "number_format", number_format="{unit}-{date}"),
    _changed("profile.number_format", "number_format", number_format="{unit.parent}-{count}"),
    _changed("profile.number_format", "number_format", number_format="{count:0999999999d}"),
    *(_changed("profile.number_repeats", "number_format", number_format=written) for written in (
        "{unit}-{count:03d}", "{unit}-{date:%Y}-{count:03d}", "{unit}{date:%Y%m}-{count}", "{date:%Y%m%d}-{count}",
        "{date:%Y-%a}-{count}")),
    _changed("profile.key_unfit", "pause_reasons", "two words", pause_reasons=(
        replace(PROFILE.pause_reasons[0], key="two words"),)),
    _changed("profile.key_unfit", "steps", "a:b", steps=(
        *PROFILE.steps, replace(PROFILE.steps[0], key="a:b"))),
    _changed("profile.text_unfit", "name", name=Text(zh="某\x01县", en="County")),
    _changed("profile.text_unfit", "forms.sheet.note", forms=(
        replace(_form(FormField(key="a", name=WORD)), note="\u202e"),)),
    _changed("profile.text_missing", "ratings[1]", ratings=(WORD, Text(zh="", en="word"), *(WORD,) * 3)),
    _changed("profile.text_missing", "name", name=Text(zh="某县", en=" ")),
    _changed("profile.text_missing", "kinds.allowance.name", kinds=(
        replace(PROFILE.kinds[0], name=Text(zh="", en="word")), *PROFILE.kinds[1:])),
    _changed("profile.limit_out_of_range", "case_types.ordinary.answer_workdays", "401", case_types=(
        replace(FIRST_TYPE, answer_workdays=401), *PROFILE.case_types[1:])),
    _changed("profile.limit_out_of_range", "case_types.ordinary.order_workdays", "-1", case_types=(
        replace(FIRST_TYPE, order_workdays=-1), *PROFILE.case_types[1:])),
    _changed("profile.limit_out_of_range", "tiers.county.hold_workdays", "-1", tiers=(
        replace(PROFILE.tiers[0], hold_workdays=-1), *PROFILE.tiers[1:])),
    _changed("profile.limit_out_of_range", "obligations.file.workdays", "401", obligations=(
        _obligation(workdays=401),)),
    _changed("profile.limit_out_of_range", "ladder[0].workdays_before", "-1", ladder=(
        replace(PROFILE.ladder[0], workdays_before=-1), *PROFILE.ladder[1:])),
    *(_changed("profile.limit_out_of_range", field, "401", **{field: 401}) for field in (
        "transit_workdays", "late_decision_workdays", "conclusion_workdays", "pursuit_workdays", "body_workdays",
        "max_extension_workdays", "max_pause_workdays", "takeover_margin_minutes")),
    _changed("profile.unknown_level", "case_types.ordinary.level", "four", case_types=(
        replace(FIRST_TYPE, level="four"), *PROFILE.case_types[1:])),
    _changed("profile.unknown_milestone", "obligations.file.after", "born", obligations=(_obligation(after="born"),)),
    _changed("profile.unknown_milestone", "obligations.file.until", "step:dance", obligations=(
        _obligation(until=("step:dance",)),)),
    _changed("profile.obligation_never_ends", "obligations.file.until", obligations=(_obligation(until=()),)),
    _changed("profile.obligation_never_ends", "obligations.file.until", obligations=(
        _obligation(until=("accepted", "registered")),)),
    _changed("profile.unknown_case_type", "obligations.file.case_types", "rare", obligations=(
        _obligation(case_types=("ordinary", "rare")),)),
    _changed("profile.unknown_form_data", "forms.sheet.fields.a.shows", "salary", forms=(
        _form(FormField(key="a", name=WORD, shows="salary")),)),
    _changed("profile.unknown_role", "decline_approvers", "mayor", decline_approvers=("leader", "mayor")),
    _changed("profile.unknown_role", "extension_approvers", "mayor", extension_approvers=("mayor",)),
    _changed("profile.unknown_role", "policy_tool_roles", "mayor", policy_tool_roles=("mayor",)),
    _changed("profile.unknown_role", "roles.mayor", "mayor", roles=(RoleName(role="mayor", name=WORD),)),
    _changed("profile.duplicate_key", "roles.clerk", roles=(RoleName(role="clerk", name=WORD),) * 2),
    _changed("profile.duplicate_key", "forms.sheet.fields.a", forms=(
        _form(*(FormField(key="a", name=WORD),) * 2),)),
    _changed("profile.ladder_unknown_clock", "ladder[7].clock", "moon", ladder=(
        *PROFILE.ladder, LadderRung(clock="moon", action="warn"))),
    _changed("profile.ladder_action", "ladder[7].action", "resume", ladder=(
        *PROFILE.ladder, LadderRung(clock="person", action="resume"))),
    _changed("profile.ladder_action", "ladder[7].action", "pass", ladder=(
        *PROFILE.ladder, LadderRung(clock="person", action="pass", workdays_before=1))),
    _changed("profile.never_passes", "ladder", "order", ladder=(
        *PROFILE.ladder, LadderRung(clock="order", action="remind"))),
    _changed("profile.never_passes", "ladder", "person", ladder=tuple(
        rung for rung in PROFILE.ladder if (rung.clock, rung.action) != ("person", "pass"))),
    _changed("profile.no_climb", "ladder", ladder=tuple(
        rung for rung in PROFILE.ladder if (rung.clock, rung.action) != ("holder", "climb"))),
    _changed("profile.report_day", "reports.zero.workday", "23", reports=(_report(workday=23),)),
    _changed("profile.report_day", "reports.zero.workday", "0", reports=(_report(workday=0),)),
    _changed("profile.report_day", "reports.zero.workday", "6", reports=(_report(every="week", workday=6),)),
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: f"{each.code} {each.field} {each.detail}")
def test_the_one_thing_that_is_wrong_is_named(change: Change) -> None:
    found = [(each.code, each.field, each.detail) for each in check_profile(change.profile)]
    assert found == [(change.code, change.field, change.detail)]


FULL = replace(
    PROFILE,
    channels=(CollectionChannel(key="visit", name=WORD),),
    obligations=(_obligation(),),
    forms=(_form(FormField(key="a", name=WORD, shows="number"), FormField(key="b", name=WORD)),),
    bodies=(Body(key="group", name=WORD, chair="县长"),),
    meetings=(Meeting(key="joint", name=WORD, called_by="办公室"),),
    reports=(_report(), _report(key="late", workday=None)),
    roles=(RoleName(role="clerk", name=WORD),),
    ratings=(WORD,) * 5,
)


def test_a_good_profile_has_no_problem() -> None:
    assert check_profile(PROFILE) == ()
    assert check_profile(FULL) == ()


@pytest.mark.parametrize("field", LISTS)
def test_a_key_that_stands_twice_is_found_in_every_list(field: str) -> None:
    parts = getattr(FULL, field)
    assert parts
    doubled = replace(FULL, **{field: (*parts, parts[0])})
    problem = (f"{field}.{parts[0].key}", "profile.duplicate_key")
    assert problem in [(each.field, each.code) for each in check_profile(doubled)]


def test_every_code_has_a_profile_that_shows_it() -> None:
    shown = {change.code for change in CHANGES}
    assert shown == set(get_args(ProblemCode))


def test_what_the_ladder_does_not_name_is_still_recorded_as_passed() -> None:
    bare = replace(PROFILE, ladder=tuple(rung for rung in PROFILE.ladder if rung.clock == "holder"))
    assert check_profile(bare) == ()
    assert [rung.action for rung in bare.rungs("order:3")] == ["pass"]
    assert [rung.action for rung in bare.rungs("person")] == ["pass"]
    assert bare.rungs("transit") == ()


def test_a_type_at_once_and_an_obligation_without_a_date_are_fit() -> None:
    at_once = CaseType(key="simple", name=WORD, answer_workdays=0)
    undated = _obligation(workdays=None)
    assert check_profile(replace(PROFILE, case_types=(at_once, *PROFILE.case_types), obligations=(undated,))) == ()
