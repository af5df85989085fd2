"""The generated pages are fresh, and what they are made of is in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.conformance_page import read_clauses, read_marks
from tests.docs.pages import stale_pages
from tests.support.clauses import collect_marks


def test_no_generated_page_is_stale() -> None:
    assert not stale_pages(), "run `make docs` and look at what changed"


def test_every_mark_names_a_clause_of_the_list() -> None:
    unknown = sorted({mark.clause for mark in read_marks().marks} - set(read_clauses().clauses))
    assert not unknown


def test_every_mark_stands_on_a_test_that_runs() -> None:
    assert not read_marks().problems


def test_every_clause_has_somebody_who_asks_for_it_and_fits_a_line() -> None:
    listed = read_clauses()
    assert len(listed.clauses) == 106
    for name, clause in listed.clauses.items():
        assert name.split("-")[0] in listed.who, name
        assert 5 <= len(clause.shows.split()) <= 25, name
        assert set(clause.tier.split(", ")) <= {"all", "county", "town", "village"}, name


def test_the_marks_that_are_read_are_those_that_pytest_sees(request: pytest.FixtureRequest) -> None:
    """Whatever of this run bears a clause is in the page as well."""
    read = {(mark.test, mark.clause, mark.part) for mark in read_marks().marks}
    for item in request.session.items:
        name = item.nodeid.split("[")[0]
        for mark in item.iter_markers("clause"):
            for clause in mark.args:
                assert (name, clause, mark.kwargs.get("part", "")) in read, name


SOURCE = """
import pytest
pytestmark = [pytest.mark.clause("A-1")]

@pytest.mark.clause("A-2", "A-3", part="half")
async def test_plain() -> None: ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.clause("A-4"))])
def test_with_parameters(x: int) -> None: ...

class TestGroup:
    pytestmark = pytest.mark.clause("A-5")
    @pytest.mark.clause("A-6")
    def test_method(self) -> None: ...

TestStates = pytest.mark.clause("A-7")(States.TestCase)
"""


def test_marks_are_found_wherever_pytest_allows_them(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "other.py").write_text(SOURCE, encoding="utf-8")
    found = collect_marks(tmp_path, tmp_path)
    assert not found.problems
    assert {(mark.test, mark.clause, mark.part) for mark in found.marks if mark.clause != "A-1"} == {
        ("test_x.py::test_plain", "A-2", "half"),
        ("test_x.py::test_plain", "A-3", "half"),
        ("test_x.py::test_with_parameters", "A-4", ""),
        ("test_x.py::TestGroup::test_method", "A-5", ""),
        ("test_x.py::TestGroup::test_method", "A-6", ""),
        ("test_x.py::TestStates", "A-7", ""),
    }
    assert len([mark for mark in found.marks if mark.clause == "A-1"]) == 4


@pytest.mark.parametrize(
    "source",
    [
        '@pytest.mark.clause("A-1")\ndef given() -> None: ...',
        '@pytest.mark.clause("A-1")\nclass States: ...',
        '@pytest.mark.clause("A-1")\n@pytest.mark.skip\ndef test_x() -> None: ...',
        '@pytest.mark.clause("A-1")\n@pytest.mark.skipif(True, reason="")\ndef test_x() -> None: ...',
        '@pytest.mark.xfail\n@pytest.mark.clause("A-1")\ndef test_x() -> None: ...',
        "@pytest.mark.clause(NAME)\ndef test_x() -> None: ...",
        "@pytest.mark.clause()\ndef test_x() -> None: ...",
    ],
)
def test_a_mark_that_promises_what_does_not_run_is_a_problem(tmp_path: Path, source: str) -> None:
    (tmp_path / "test_x.py").write_text(source, encoding="utf-8")
    found = collect_marks(tmp_path, tmp_path)
    assert not found.marks
    assert len(found.problems) == 1
