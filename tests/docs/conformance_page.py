"""docs/conformance.md: every clause, and the tests that name it.

Owns the page. The clauses are docs/clauses.toml, the tests are read by tests.support.clauses.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Final

import msgspec

from tests.support.clauses import ClauseMark, ClauseMarks, collect_marks

PROJECT: Final = Path(__file__).parents[2]
CLAUSES: Final = PROJECT / "docs" / "clauses.toml"

HEAD = """\
# What is shown, clause by clause

Written by `make docs` from [clauses.toml](clauses.toml) and the tests; a test fails when this page is stale.
A clause is **shown** when a test that runs in `make test` names it, **in part** when every such test says that it shows
only a part, and otherwise *not shown yet*. What a test shows stands in its name; a clause with a test is not thereby
finished for good. Tests in `tests/containers` run in `make test-containers`, and show parts only.
"""


class Clause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One behaviour that the sources ask for. `tier`: the windows where it is seen."""

    tier: str
    shows: str


class ClauseList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """docs/clauses.toml: who asks, by the letters that an id begins with, and the clauses by id."""

    who: dict[str, str]
    clauses: dict[str, Clause]


def read_clauses() -> ClauseList:
    """The clause list of this project."""
    return msgspec.convert(tomllib.loads(CLAUSES.read_text(encoding="utf-8")), ClauseList)


def read_marks() -> ClauseMarks:
    """The marks of all tests of this project."""
    return collect_marks(PROJECT / "tests", PROJECT)


def render() -> str:
    """The whole page."""
    listed = read_clauses()
    by_clause: dict[str, list[ClauseMark]] = defaultdict(list)
    for mark in read_marks().marks:
        by_clause[mark.clause].append(mark)
    states = [_state(by_clause[clause]) for clause in listed.clauses]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("shown", "in part", "not shown yet"))
    lines = [HEAD, f"{len(states)} clauses: {counts}."]
    for letters, who in listed.who.items():
        lines += ["", f"## {who}", "", "| Clause | Where | What | Tests |", "|---|---|---|---|"]
        for name, clause in listed.clauses.items():
            if name.split("-")[0] == letters:
                lines.append(f"| {name} | {clause.tier} | {clause.shows} | {_tests(by_clause[name])} |")
    return "\n".join(lines) + "\n"


def _state(marks: list[ClauseMark]) -> str:
    if not marks:
        return "not shown yet"
    return "in part" if all(mark.part for mark in marks) else "shown"


def _tests(marks: list[ClauseMark]) -> str:
    if not marks:
        return "*not shown yet*"
    return "<br>".join(f"`{mark.test}`" + (f" (in part: {mark.part})" if mark.part else "") for mark in marks)
