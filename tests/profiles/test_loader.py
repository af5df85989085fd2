from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bancheng.kernel.profile import Profile
from bancheng.profiles.loader import ProfileUnreadable, load_profile, parse_profile, shipped_profile, shipped_profiles
from bancheng.profiles.problems import LoadProblem

SHIPPED = shipped_profiles()
IDENTITY = {"tenant", "name", "edition", "own_choices"}
LISTS = {
    each.name
    for each in msgspec.structs.fields(Profile)
    if get_origin(each.type) is tuple and issubclass(get_args(each.type)[0], msgspec.Struct) and each.name != "ratings"
}
LISTS_WITH_SOURCES = sorted(LISTS - {"tiers", "ladder"})


def text_of(code: str) -> str:
    return (files("bancheng.profiles") / code / "profile.toml").read_text(encoding="utf-8")


def read(text: str) -> Profile | tuple[LoadProblem, ...]:
    try:
        return parse_profile(text, "profile.toml")
    except ProfileUnreadable as error:
        return error.problems


def problems_of(text: str) -> tuple[LoadProblem, ...]:
    outcome = read(text)
    assert isinstance(outcome, tuple), "a profile that should have been refused was read"
    return outcome


def line_with(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_five_jurisdictions_have_their_profiles() -> None:
    assert SHIPPED == ("330109", "330727", "370406", "411325", "510400")


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_profile_is_its_tenants(code: str) -> None:
    profile = shipped_profile(code)
    assert profile.tenant == code
    assert profile.edition >= 1


def own(profile: Profile, path: str) -> bool:
    """Whether the tenant marked it, or the list that it stands in, as its own choice."""
    return path in profile.own_choices or path.split(".", maxsplit=1)[0] in profile.own_choices


@pytest.mark.parametrize("code", SHIPPED)
def test_every_entry_of_a_list_is_cited_or_marked_as_the_tenants_own(code: str) -> None:
    """Nothing stands in a profile without saying where it comes from."""
    profile = shipped_profile(code)
    for field in LISTS_WITH_SOURCES:
        for each in getattr(profile, field):
            path = f"{field}.{each.role if field == 'roles' else each.key}"
            assert each.source, path
            assert each.source.startswith("本地自定") == own(profile, path), path


@pytest.mark.parametrize("code", SHIPPED)
def test_how_long_a_tier_keeps_a_case_is_always_the_tenants_own_choice(code: str) -> None:
    profile = shipped_profile(code)
    held = {f"tiers.{tier.key}.hold_workdays" for tier in profile.tiers if tier.hold_workdays is not None}
    assert held == {path for path in profile.own_choices if path.startswith("tiers.")}
    assert "ladder" in profile.own_choices


@pytest.mark.parametrize("code", SHIPPED)
def test_every_plain_setting_stands_in_the_file_and_says_where_it_comes_from(code: str) -> None:
    """Also what has a default: whoever answers for the rules sees all of them."""
    profile, before, seen = shipped_profile(code), "", set[str]()
    for line in text_of(code).splitlines():
        if line.startswith("[["):
            break
        name, equals, _ = line.partition(" = ")
        if equals and not line.startswith(("#", " ")):
            seen.add(name)
            said = before + line
            if name not in IDENTITY:
                assert ("来源：" in said) != ("本地自定" in said), name
                assert ("本地自定" in said) == (name in profile.own_choices), name
        before = before + line if line.startswith("#") else ""
    plain = {each.name for each in msgspec.structs.fields(Profile)} - LISTS - {"tiers", "ladder"}
    assert seen == plain


@pytest.mark.parametrize("code", SHIPPED)
def test_what_is_said_to_come_from_the_tenant_in_a_comment_is_marked(code: str) -> None:
    """A comment that says 本地自定 behind one value of an entry has its path in own_choices."""
    profile, path = shipped_profile(code), ""
    for line in text_of(code).splitlines():
        if match := re.match(r"\[\[(\w+)\]\]", line):
            path = match[1]
        elif match := re.match(r'(?:key|role) = "(\w+)"', line):
            path = f"{path}.{match[1]}"
        elif path and "本地自定" in line and (match := re.match(r"(\w+) = .*#.*本地自定", line)):
            assert own(profile, path) or f"{path}.{match[1]}" in profile.own_choices, f"{path}.{match[1]}"


@pytest.mark.parametrize("code", SHIPPED)
def test_no_role_or_body_of_a_profile_names_a_person(code: str) -> None:
    """Posts only: whoever fills them changes without a new edition."""
    profile = shipped_profile(code)
    said = [each.filled_by for each in profile.roles]
    said += [words for body in profile.bodies for words in (body.chair, body.daily_work, *body.members)]
    assert not [words for words in said if "同志" in words or re.search(r"\d", words.replace("365", ""))]


@pytest.mark.clause("XS-01", part="the tiers and their names")
def test_xiaoshan_has_three_tiers_by_the_names_it_uses() -> None:
    profile = shipped_profile("330109")
    assert [(tier.key, tier.name.zh) for tier in profile.tiers] == [
        ("county", "区级"),
        ("town", "镇街"),
        ("village", "村社"),
    ]


@pytest.mark.clause("XS-04", part="the four kinds")
def test_xiaoshan_has_the_four_kinds_of_its_source() -> None:
    assert [kind.key for kind in shipped_profile("330109").kinds] == [
        "urgent_matter",
        "policy_advice",
        "coordination",
        "conduct",
    ]


@pytest.mark.clause("PA-05", part="the types and their limits")
def test_panan_answers_within_two_five_and_ten_working_days() -> None:
    types = shipped_profile("330727").case_types
    assert [(each.name.zh, each.answer_workdays) for each in types] == [
        ("一般事项", 2),
        ("复杂事项", 5),
        ("特殊事项", 10),
    ]


@pytest.mark.clause("PA-02", "PA-03", part="the list")
def test_panan_has_five_grounds_and_three_exclusions() -> None:
    profile = shipped_profile("330727")
    assert len(profile.grounds) == 5
    assert [each.key for each in profile.exclusions] == [
        "litigation_or_petition",
        "private_dispute",
        "single_department_not_authorised",
    ]


@pytest.mark.clause("PA-R10", part="the limit of a town")
def test_a_town_of_panan_does_not_keep_a_case_beyond_the_day_that_its_file_is_due() -> None:
    profile = shipped_profile("330727")
    assert [(tier.key, tier.hold_workdays) for tier in profile.tiers] == [("county", None), ("town", 1)]


XIAOSHAN = text_of("330109")


@pytest.mark.parametrize(
    ("good", "bad", "code", "field"),
    [
        ("edition = 1", "edition = 1\nedtion = 2", "file.unknown_field", "edtion"),
        ('zh = "镇街"', 'zhh = "镇街"', "file.unknown_field", "tiers[1].name.zhh"),
        ('tenant = "330109"  ', "# no tenant", "file.missing_field", "tenant"),
        ("hold_workdays = 5", 'hold_workdays = "五"', "file.wrong_value", "tiers[1].hold_workdays"),
        ("decline_needs_approval = true", "decline_needs_approval = 1", "file.wrong_value", "decline_needs_approval"),
        ('action = "climb"', 'action = "clim"', "file.wrong_value", "ladder[4].action"),
        ("effective_on = 2022-04-26", 'effective_on = "26 April"', "file.wrong_value", "effective_on"),
        ("hold_workdays = 5", "hold_workdays = 401", "profile.limit_out_of_range", "tiers.town.hold_workdays"),
        (
            "answer_workdays = 20",
            "answer_workdays = -1",
            "profile.limit_out_of_range",
            "case_types.complex.answer_workdays",
        ),
        ('key = "conduct"', 'key = "coordination"', "profile.duplicate_key", "kinds.coordination"),
        ('clock = "transit"', 'clock = "transt"', "profile.ladder_unknown_clock", "ladder[5].clock"),
        ("{unit}-{date", "{unit}-{day", "profile.number_format", "number_format"),
        ("{unit}-{date", "{unit.site}-{date", "profile.number_format", "number_format"),
        ("{count:03d}", "{count:0900000000d}", "profile.number_format", "number_format"),
        ("{count:03d}", "7", "profile.number_format", "number_format"),
        ("{unit}-{date", "{unit}\\u0000{date", "profile.number_format", "number_format"),
        ("max_pause_workdays = 60", "max_pause_workdays = -1", "profile.limit_out_of_range", "max_pause_workdays"),
        ("margin_minutes = 30", "margin_minutes = -30", "profile.limit_out_of_range", "takeover_margin_minutes"),
        ("workdays_before = 1\n", "workdays_before = -1\n", "profile.limit_out_of_range", "ladder[0].workdays_before"),
        ('    "ladder",', '    "lader",', "profile.own_choice_unknown", "own_choices[34]"),
    ],
)
def test_a_mistake_is_named_with_its_field_and_its_line(good: str, bad: str, code: str, field: str) -> None:
    text = XIAOSHAN.replace(good, bad, 1)
    assert text != XIAOSHAN
    problems = problems_of(text)
    found = [problem for problem in problems if (problem.code, problem.field) == (code, field)]
    assert len(found) == 1, problems
    changed_line = XIAOSHAN[: XIAOSHAN.index(good)].count("\n") + 1 + bad.rstrip().count("\n")
    # What is missing has no line; of two with one key, the table that is one too many is pointed at.
    expected = {"file.missing_field": None, "profile.duplicate_key": changed_line - 1}.get(code, changed_line)
    assert found[0].line == expected
    assert found[0].file == "profile.toml"


def test_a_ladder_that_never_climbs_is_refused_at_the_ladder() -> None:
    text = XIAOSHAN.replace('action = "climb"', 'action = "remind"')
    (problem,) = problems_of(text)
    assert (problem.code, problem.line) == ("profile.no_climb", line_with(text, "[[ladder]]"))


def test_text_that_is_no_toml_is_refused_on_its_line() -> None:
    text = XIAOSHAN.replace("[[kinds]]", "[[kinds", 1)
    (problem,) = problems_of(text)
    assert (problem.code, problem.line) == ("file.not_toml", line_with(text, "[[kinds"))
    unfinished = 'tenant = "330109"\nname = {\n'
    (problem,) = problems_of(unfinished)
    assert (problem.code, problem.line) == ("file.not_toml", 2)


def test_all_mistakes_are_named_at_once() -> None:
    text = XIAOSHAN.replace("hold_workdays = 5", "hold_workdays = true").replace("edition = 1", "edition = []")
    assert {problem.field for problem in problems_of(text)} == {"edition", "tiers[1].hold_workdays"}


def test_a_list_of_mistakes_has_a_limit() -> None:
    text = "\n".join(f"wrong_{number} = 1" for number in range(300))
    assert len(problems_of(text)) == 100


def test_a_file_beyond_the_limit_is_not_parsed() -> None:
    (problem,) = problems_of("# " + "x" * (256 * 1024))
    assert problem.code == "file.too_large"


def test_a_file_is_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "萧山.toml"
    path.write_bytes(b"\xef\xbb\xbf" + XIAOSHAN.encode())
    assert load_profile(path) == shipped_profile("330109")


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (None, "file.not_found", None),
        ("名".encode("gb18030"), "file.not_utf8", 1),
        (b"a = 1\nb = '\xff'", "file.not_utf8", 2),
        (b"#" * (4 * 256 * 1024 + 1), "file.too_large", None),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, content: bytes | None, code: str, line: int | None
) -> None:
    path = tmp_path / "profile.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileUnreadable) as caught:
        load_profile(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.file) == (code, line, "profile.toml")


def test_a_tenant_without_a_shipped_profile_is_named() -> None:
    for code in ("000000", "..", ""):
        with pytest.raises(ProfileUnreadable) as caught:
            shipped_profile(code)
        assert caught.value.problems[0].code == "profile.unknown_tenant"


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_file_that_somebody_damaged_is_read_or_refused_but_never_more(data: st.DataObject) -> None:
    """Cut a piece out of a good file and put another in: the answer is a profile or a list with places in it."""
    start = data.draw(st.integers(0, len(XIAOSHAN)))
    end = data.draw(st.integers(start, min(start + 40, len(XIAOSHAN))))
    piece = data.draw(st.sampled_from(("", '"', "[", "]]", "\n", "= 1", "{", "'''", "\x00", "名 = 2", "key = 3\n")))
    text = XIAOSHAN[:start] + piece + XIAOSHAN[end:]
    outcome = read(text)
    if isinstance(outcome, Profile):
        assert outcome.tiers
    else:
        last_line = text.count("\n") + 1
        assert outcome
        assert all(problem.line is None or 1 <= problem.line <= last_line for problem in outcome)
