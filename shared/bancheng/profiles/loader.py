"""Rule profiles from TOML: the shipped ones and any other file.

Owns reading a profile and telling what is wrong with it, each time with the file, the line and the field. What makes a
profile unfit for use is the kernel's (`check_profile`); here is only what can be wrong with a file.

Must not know: storage, the directory of units, which edition is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal

from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_checks import check_profile
from bancheng.profiles.problems import MAXIMUM_PROBLEMS, FileUnreadable, LoadProblem
from bancheng.profiles.toml_file import read_text
from bancheng.profiles.toml_lines import line_of
from bancheng.profiles.toml_struct import Reading, place, read_struct

PACKAGE: Final = "bancheng.profiles"
FILE_NAME: Final = "profile.toml"

FileOnlyCode = Literal["profile.own_choice_unknown", "profile.unknown_tenant"]
"""What only the file can show: `own_choices` names something that is not in it; a tenant without a shipped profile."""


class ProfileUnreadable(FileUnreadable):
    """A profile that is refused as a whole. `problems` names file, line, field and code of each mistake."""

    code = "profile.unreadable"


def load_profile(path: Path) -> Profile:
    """The profile in the file at `path`, UTF-8. Raises ProfileUnreadable, also when there is no such file."""
    text, problem = read_text(path)
    if problem is not None:
        raise ProfileUnreadable((problem,))
    return parse_profile(text, path.name)


def parse_profile(text: str, file: str) -> Profile:
    """The profile written in `text`. `file` is the name that problems bear. Raises ProfileUnreadable."""
    reading = read_struct(Profile, text, file)
    if reading.value is None:
        raise ProfileUnreadable(reading.problems)
    problems = (*_rule_problems(reading.value, reading, file), *_own_choice_problems(reading.value, reading, file))
    if problems:
        raise ProfileUnreadable(problems[:MAXIMUM_PROBLEMS])
    return reading.value


def shipped_profiles() -> tuple[str, ...]:
    """The tenant codes (GB/T 2260) that a profile is shipped for, in order."""
    folders = (each for each in files(PACKAGE).iterdir() if each.is_dir())
    return tuple(sorted(folder.name for folder in folders if (folder / FILE_NAME).is_file()))


def shipped_profile(code: str) -> Profile:
    """The shipped profile of a tenant. Raises ProfileUnreadable `profile.unknown_tenant` when there is none."""
    if code not in shipped_profiles():
        raise ProfileUnreadable(
            (LoadProblem(file=FILE_NAME, line=None, field="", code="profile.unknown_tenant", detail=code),)
        )
    source: Traversable = files(PACKAGE) / code / FILE_NAME
    return parse_profile(source.read_text(encoding="utf-8"), f"{code}/{FILE_NAME}")


def _rule_problems(profile: Profile, reading: Reading[Profile], file: str) -> Iterator[LoadProblem]:
    for problem in check_profile(profile):
        line = line_of(reading.lines, place(reading.data, problem.field).path)
        yield LoadProblem(file=file, line=line, field=problem.field, code=problem.code, detail=problem.detail)


def _own_choice_problems(profile: Profile, reading: Reading[Profile], file: str) -> Iterator[LoadProblem]:
    """A mark on something that is not there misleads whoever looks for the tenant's own choices."""
    for position, path in enumerate(profile.own_choices):
        if not place(reading.data, path).is_whole:
            field = f"own_choices[{position}]"
            line = line_of(reading.lines, field)
            yield LoadProblem(file=file, line=line, field=field, code="profile.own_choice_unknown", detail=path)
