"""Every term of the contract has its row in the glossary, and no row names a term that is gone."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from bancheng.kernel.case import Stage
from bancheng.kernel.commands import AnyCommand
from bancheng.schema import clocks
from bancheng.schema.events import CaseEvent, Channel, Outcome

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"

CLOCKS = {value for name, value in vars(clocks).items() if name.isupper() and isinstance(value, str)}


def sections() -> dict[str, list[list[str]]]:
    """The rows of each table, by the English half of its heading."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.split("· ")[-1]
        elif line.startswith("| ") and not line.startswith("| 中文"):
            found.setdefault(heading, []).append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def identifiers(heading: str) -> list[str]:
    return [row[2].strip("`") for row in sections()[heading]]


@pytest.mark.parametrize(
    ("heading", "terms"),
    [
        ("Stages", set(get_args(Stage))),
        ("Outcomes", set(get_args(Outcome))),
        ("Channels", set(get_args(Channel))),
        ("Events", {event.__name__ for event in get_args(CaseEvent)}),
        ("Commands", {command.__name__ for command in get_args(AnyCommand)}),
    ],
)
def test_a_table_has_exactly_the_terms_of_the_contract(heading: str, terms: set[str]) -> None:
    assert sorted(identifiers(heading)) == sorted(terms)


def test_every_clock_its_nature_and_every_rung_has_a_row() -> None:
    wanted = CLOCKS | set(get_args(clocks.ClockNature)) | set(get_args(clocks.RungAction))
    assert wanted <= set(identifiers("Limits"))


def test_every_row_is_complete_and_no_table_names_a_term_twice() -> None:
    for heading, rows in sections().items():
        for row in rows:
            assert len(row) == 5, row
            assert all(row), row
        assert len(set(identifiers(heading))) == len(rows), heading
