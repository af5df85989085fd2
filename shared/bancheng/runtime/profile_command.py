"""`profile check|show|diff|explain|schema`: what whoever answers for a rule profile asks of it on a terminal.

Owns the arguments and what is printed. Reading is the loader's, the words are the package's `profiles`. Needs no
settings and no database: a file on a laptop is enough.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bancheng.profiles.loader import ProfileUnreadable, load_profile, shipped_profile, shipped_profiles

if TYPE_CHECKING:
    from bancheng.kernel.calendar import Calendar
    from bancheng.kernel.profile import Profile
    from bancheng.profiles.problems import LoadProblem
    from bancheng.profiles.words import Language

YEARS_BEFORE, YEARS_AFTER = 1, 2
Lines = Iterable[str]


def add_profile_commands(parser: argparse.ArgumentParser) -> None:
    """The commands under `profile`."""
    commands = parser.add_subparsers(required=True, metavar="command")
    check = commands.add_parser("check", help="every mistake with file, line and why")
    check.add_argument("profile", help="a file, or the division code of a shipped profile")
    check.set_defaults(action=_printing(_check))
    show = commands.add_parser("show", help="the rules in words, each with its source")
    show.add_argument("profile", help="a file, or a code")
    show.set_defaults(action=_printing(_show))
    diff = commands.add_parser("diff", help="what differs between two, field by field in words")
    diff.add_argument("old", help="a file, or a code")
    diff.add_argument("new", help="a file, or a code")
    diff.set_defaults(action=_printing(_diff))
    explain = commands.add_parser("explain", help="one imagined case, day by day through its clocks")
    explain.add_argument("profile", help="a file, or a code")
    explain.add_argument("--case-type", default="", help="key of a type; by default the first")
    explain.add_argument(
        "--registered", type=datetime.fromisoformat, help="local time, 2026-02-12T15:00; by default now"
    )
    explain.add_argument("--tier", default="", help="key of the tier that registers it; by default the lowest")
    explain.add_argument("--nobody-acts", action="store_true", help="nobody does anything: the ladder and the climb")
    explain.set_defaults(action=_printing(_explain))
    for each in (show, diff, explain):
        each.add_argument("--lang", choices=("zh", "en"), default="zh")
    commands.add_parser("schema", help="the JSON Schema for an editor").set_defaults(action=_printing(_schema))


def _printing(make: Callable[[argparse.Namespace], Lines]) -> Callable[[argparse.Namespace], int]:
    """Prints what is made; a profile that cannot be read is told mistake by mistake, and the exit code is 1."""

    def run(parsed: argparse.Namespace) -> int:
        try:
            for line in make(parsed):
                print(line)
        except ProfileUnreadable as unreadable:
            for problem in unreadable.problems:
                for line in problem_lines(problem):
                    print(line, file=sys.stderr)
            return 1
        return 0

    return run


def read(named: str) -> Profile:
    """A file where there is one, else the shipped profile of that code. Raises ProfileUnreadable."""
    path = Path(named)
    if named in shipped_profiles() and not path.is_file():
        return shipped_profile(named)
    return shipped_profile(named) if named.isdecimal() and not path.exists() else load_profile(path)


def problem_lines(problem: LoadProblem) -> list[str]:
    """Where it is and by which code, then why and what to do, in both languages."""
    from bancheng.window.error_texts import in_full, text_for

    parameters = {"field": problem.field, "detail": problem.detail, "file": problem.file}
    place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    head = " ".join(part for part in (f"{place}:", problem.field, f"[{problem.code}]", problem.detail) if part)
    return [
        head,
        "    " + in_full(text_for(problem.code, "zh", parameters), "zh"),
        "    " + in_full(text_for(problem.code, "en", parameters), "en"),
    ]


def _check(parsed: argparse.Namespace) -> Lines:
    profile = read(parsed.profile)
    yield f"{profile.name.zh}（{profile.tenant}）第 {profile.edition} 版：没有发现错误。"
    yield f"{profile.name.en} ({profile.tenant}), edition {profile.edition}: nothing is wrong."


def _show(parsed: argparse.Namespace) -> Lines:
    from bancheng.profiles.showing import shown

    return shown(read(parsed.profile), parsed.lang)


def _diff(parsed: argparse.Namespace) -> Lines:
    from bancheng.profiles.differences import differences

    found = list(differences(read(parsed.old), read(parsed.new), parsed.lang))
    return found or ["没有差别。" if parsed.lang == "zh" else "No difference."]


def _explain(parsed: argparse.Namespace) -> Lines:
    profile = read(parsed.profile)
    registered = parsed.registered or datetime.now(UTC)
    calendar = _calendar(registered.year)
    if registered.tzinfo is None:
        registered = registered.replace(tzinfo=ZoneInfo(calendar.zone))
    return explained(
        profile,
        calendar,
        case_type=parsed.case_type or profile.case_types[0].key,
        registered_at=registered.astimezone(UTC),
        tier=parsed.tier,
        nobody_acts=parsed.nobody_acts,
        language=parsed.lang,
    )


def explained(
    profile: Profile,
    calendar: Calendar,
    *,
    case_type: str,
    registered_at: datetime,
    tier: str = "",
    nobody_acts: bool = False,
    language: Language,
) -> Lines:
    """What `explain` prints. Raises UnknownChoice."""
    from bancheng.profiles.imagined import walk
    from bancheng.profiles.telling import told

    happenings = walk(
        profile, calendar, case_type=case_type, registered_at=registered_at, tier=tier, nobody_acts=nobody_acts
    )
    yield _heading(profile, nobody_acts=nobody_acts, language=language)
    yield from told(happenings, profile, calendar, language)


def _heading(profile: Profile, *, nobody_acts: bool, language: Language) -> str:
    if language == "zh":
        how = "没有人办理，看到期阶梯和自动上报" if nobody_acts else "每一步都拖到到期当天才做，所见都是最晚的日期"
        return f"{profile.name.zh}第 {profile.edition} 版：一件假想的案件，{how}。"
    how = "nobody acts: the ladder and the climb" if nobody_acts else "every step on its last day: the latest dates"
    return f"{profile.name.en}, edition {profile.edition}: an imagined case, {how}."


def _calendar(year: int) -> Calendar:
    from bancheng.profiles.official_calendar import official_calendar

    return official_calendar(year - YEARS_BEFORE, year + YEARS_AFTER, edition=1)


def _schema(_: argparse.Namespace) -> Lines:
    from bancheng.profiles.json_schema import schema_text

    return [schema_text().rstrip("\n")]
