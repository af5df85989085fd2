"""`bancheng profile …`: what an official is told on a terminal, and the editor's schema."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from bancheng.kernel import profile_parts
from bancheng.kernel.profile import Profile
from bancheng.profiles.differences import differences
from bancheng.profiles.imagined import UnknownChoice, walk
from bancheng.profiles.json_schema import schema_text
from bancheng.profiles.loader import shipped_profile, shipped_profiles
from bancheng.profiles.showing import shown
from bancheng.profiles.words import FIELDS, OWNERS, VALUES, Language
from bancheng.runtime.command import main
from bancheng.runtime.profile_command import explained
from tests.kernel.notices import CALENDAR

SCHEMA = Path(__file__).parents[2] / "docs" / "profile.schema.json"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
BEFORE_SPRING_FESTIVAL = datetime(2026, 2, 12, 15, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Thursday afternoon; Saturday the 14th and the 28th are worked, the 15th to the 23rd is off."""
EVERY_TYPE = [(code, each.key) for code in shipped_profiles() for each in shipped_profile(code).case_types]


def explain(code: str, case_type: str, language: Language = "zh", *, nobody_acts: bool = False) -> list[str]:
    return list(
        explained(
            shipped_profile(code),
            CALENDAR,
            case_type=case_type,
            registered_at=BEFORE_SPRING_FESTIVAL,
            nobody_acts=nobody_acts,
            language=language,
        )
    )


def day_of(lines: list[str], happening: str) -> str:
    """The day under whose line it stands."""
    day = ""
    for line in lines:
        day = line[:10] if not line.startswith(" ") else day
        if happening in line and line.startswith(" "):
            return day
    raise AssertionError(f"{happening} does not happen in {lines}")


def test_a_profile_that_is_fit_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "check", "411325"]) == 0
    assert "没有发现错误" in capsys.readouterr().out


def test_every_mistake_is_told_with_file_line_and_why_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(str(profile_parts.__file__)).parents[1] / "profiles/330109/profile.toml").read_text(encoding="utf-8")
    file = tmp_path / "ours.toml"
    file.write_text(text.replace("hold_workdays = 5", "hold_workdays = 500").replace('"warn"', '"wrn"', 1))
    assert main(["profile", "check", str(file)]) == 1
    first = capsys.readouterr().err.splitlines()
    assert re.match(r"ours\.toml:\d+: ladder\[0\]\.action \[file\.wrong_value\]", first[0])
    file.write_text(text.replace("hold_workdays = 5", "hold_workdays = 500"))
    assert main(["profile", "check", str(file)]) == 1
    where, zh, en = capsys.readouterr().err.splitlines()
    line = next(number for number, each in enumerate(file.read_text().splitlines(), 1) if "= 500" in each)
    assert where.startswith(f"ours.toml:{line}: tiers.town.hold_workdays [profile.limit_out_of_range]")
    assert "500" in zh
    assert CHINESE.search(zh)
    assert "500" in en
    assert not CHINESE.search(en)


def test_a_file_or_code_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "show", "999999"]) == 1
    assert "[profile.unknown_tenant]" in capsys.readouterr().err
    assert main(["profile", "diff", "330109", "no-such.toml"]) == 1
    assert "[file.not_found]" in capsys.readouterr().err


def test_a_type_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "explain", "411325", "--case-type", "nope"]) == 1
    assert "[profile.explain_unknown]" in capsys.readouterr().err
    with pytest.raises(UnknownChoice, match="tier: hamlet"):
        walk(
            shipped_profile("330109"),
            CALENDAR,
            case_type="ordinary",
            registered_at=BEFORE_SPRING_FESTIVAL,
            tier="hamlet",
        )


@pytest.mark.parametrize("code", shipped_profiles())
def test_a_profile_is_shown_with_every_name_limit_and_source(code: str) -> None:
    profile = shipped_profile(code)
    told = "\n".join(shown(profile, "zh"))
    for each in (*profile.case_types, *profile.obligations, *profile.kinds, *profile.forms, *profile.reports):
        assert each.name.zh in told
        assert each.source in told
    assert "本地自定" in told
    english = "\n".join(shown(profile, "en"))
    assert all(each.name.en in english for each in profile.case_types)


def test_what_differs_between_two_editions_is_said_in_words() -> None:
    old = shipped_profile("330727")
    ordinary, *others = old.case_types
    new = replace(old, edition=2, case_types=(replace(ordinary, answer_workdays=3), *others), grounds=old.grounds[1:])
    assert list(differences(old, new, "zh")) == [
        "~ 版次：1 → 2",
        "~ 问题类型 · 一般事项 · 答复期限：2 个工作日 → 3 个工作日",
        "- 受理情形 · 已提交申请材料，未能实现成功受理",
    ]
    assert "~ Types · Ordinary · Limit for the answer: 2 working days → 3 working days" in differences(old, new, "en")
    assert list(differences(old, old, "zh")) == []


def test_every_field_and_every_word_of_a_profile_can_be_said() -> None:
    """Also those of a field that is added later."""
    structs = [
        each for each in vars(profile_parts).values() if isinstance(each, type) and each is not profile_parts.Text
    ]
    parts = [each for each in structs if issubclass(each, msgspec.Struct)]
    names = {field.name for part in (Profile, *parts) for field in msgspec.structs.fields(part)}
    names -= {"zh", "en"}
    assert names <= set(FIELDS)
    assert set(VALUES["milestone"]) == set(profile_parts.MILESTONES)
    assert set(OWNERS) == set(profile_parts.Owner.__args__)


@pytest.mark.parametrize(("code", "case_type"), EVERY_TYPE)
def test_an_imagined_case_of_every_type_ends_when_everybody_acts(code: str, case_type: str) -> None:
    happenings = walk(shipped_profile(code), CALENDAR, case_type=case_type, registered_at=BEFORE_SPRING_FESTIVAL)
    assert happenings[-1].case.stage == "struck_off"
    assert not [clock.name for clock in happenings[-1].case.clocks.values() if clock.passed_at is not None]


def test_the_days_of_an_imagined_case_are_named_with_the_days_worked_instead() -> None:
    lines = explain("330727", "complex")
    assert "2026-02-14 周六  调休上班，算工作日（春节）" in lines
    assert "2026-02-17 周二  放假（春节）" in lines
    assert "2026-02-28 周六  调休上班，算工作日（春节）" in lines


def test_panans_complex_case_goes_through_its_steps_on_their_last_days() -> None:
    """Registered on Thursday 12 February 2026; worked: 13, 14, 24, 25, 26, 27, 28 February, 2, 3 March.

    File +1: 13 Feb. Consultation +2: 14, 24 Feb. Papers +1: 25 Feb. The person +5 from the 12th: 13, 14, 24, 25, 26.
    Joint meeting +3: 26, 27, 28 Feb. Roadmap +2: 2, 3 March.
    """
    lines = explain("330727", "complex")
    assert day_of(lines, "资料完整提交") == "2026-02-12"
    assert day_of(lines, "已做到：资料完整提交工作专班") == "2026-02-13"
    assert day_of(lines, "步骤：已会商") == "2026-02-24"
    assert day_of(lines, "步骤：材料已提交联席会议") == "2026-02-25"
    assert day_of(lines, "告知当事人进展和原因") == "2026-02-26"
    assert day_of(lines, "步骤：已召开联席会议") == "2026-02-28"
    assert day_of(lines, "步骤：已列出路线图、时间表") == "2026-03-03"


def test_neixiang_tells_by_the_third_working_day_and_solves_by_the_fifth() -> None:
    """From Thursday 12 February: 13, 14, 24 are three working days, 25 and 26 the fourth and fifth."""
    lines = explain("411325", "complex", "en")
    assert day_of(lines, "Told whether it can be done") == "2026-02-24"
    assert day_of(lines, "Result proposed") == "2026-02-26"


def test_a_case_that_nobody_touches_climbs_through_three_tiers_to_whom_is_above() -> None:
    """Village 3: 13, 14, 24 Feb. Town 5: 25, 26, 27, 28 Feb, 2 March. District 10: 3 to 6, 9 to 13, 16 March."""
    lines = explain("330109", "ordinary", nobody_acts=True)
    assert day_of(lines, "到期自动上报镇街") == "2026-02-24"
    assert day_of(lines, "到期自动上报区级") == "2026-03-02"
    assert day_of(lines, "报区领导，继续跟办") == "2026-03-16"


def test_the_schema_in_the_docs_is_that_of_the_structs(capsys: pytest.CaptureFixture[str]) -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "bancheng profile schema > docs/profile.schema.json"
    assert main(["profile", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$defs"]["Profile"]["additionalProperties"] is False


@pytest.mark.parametrize("code", shipped_profiles())
def test_a_shipped_profile_names_its_schema_where_an_editor_looks(code: str) -> None:
    folder = Path(str(profile_parts.__file__)).parents[1] / "profiles" / code
    first = (folder / "profile.toml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("#:schema ")
    assert (folder / first.removeprefix("#:schema ")).resolve() == SCHEMA
