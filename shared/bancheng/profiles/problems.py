"""What is wrong in a file of rules or days, and on which line.

Owns the form of such a finding. Must not know which file it is nor the words shown for a code.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FileProblemCode = Literal[
    "file.not_found",
    "file.too_large",
    "file.not_utf8",
    "file.not_toml",
    "file.unknown_field",
    "file.missing_field",
    "file.wrong_value",
]
"""What can be wrong with any file before its own rules are asked."""

MAXIMUM_PROBLEMS = 100
"""Whoever mends a file begins at its top: no list of problems is longer."""


class LoadProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `field` is a path (`tiers[0].hold_workdays`), empty for the whole file; `line` counts from 1."""

    file: str
    line: int | None
    field: str
    code: str
    detail: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return " ".join(part for part in (f"{place}:", self.field, self.code, self.detail) if part)


class FileUnreadable(Exception):
    """A file that is refused as a whole: nothing of it is applied. `problems` has at least one entry."""

    code = "file.unreadable"

    def __init__(self, problems: tuple[LoadProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
