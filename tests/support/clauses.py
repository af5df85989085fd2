"""Which tests name which clause, read from the tests' source without running them.

Owns the walk over `@pytest.mark.clause("PA-05")` marks. A mark with `part="..."` says that the test shows only
that part. What a mark must not be is a problem: on something pytest does not collect, on a test that may be skipped or
expected to fail, or with a clause that is not written out as text. Knows no clause by name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_NOT_RUN = ("skip", "skipif", "xfail")
_PATTERNS = ("test_*.py", "*_test.py")


@dataclass(frozen=True, kw_only=True, order=True)
class ClauseMark:
    """One test that names one clause. `test` is `file::name`, the file below the project; `part` is empty for all."""

    clause: str
    test: str
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class ClauseMarks:
    """All marks of a folder, in order, and what is wrong with others."""

    marks: tuple[ClauseMark, ...]
    problems: tuple[str, ...]


def collect_marks(tests: Path, project: Path) -> ClauseMarks:
    """The marks of every test file below `tests`; files are named as they lie below `project`."""
    marks: list[ClauseMark] = []
    problems: list[str] = []
    for path in sorted({path for pattern in _PATTERNS for path in tests.rglob(pattern)}):
        module = _Module(path.relative_to(project).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        module.read()
        marks.extend(module.marks)
        problems.extend(module.problems)
    return ClauseMarks(marks=tuple(sorted(set(marks))), problems=tuple(problems))


class _Module:
    def __init__(self, file: str, tree: ast.Module) -> None:
        self._file = file
        self._tree = tree
        self.marks: list[ClauseMark] = []
        self.problems: list[str] = []

    def read(self) -> None:
        for_all = _pytestmarks(self._tree.body)
        for node in self._tree.body:
            if isinstance(node, ast.ClassDef):
                self._read_class(node, for_all)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._read_function(node, "", for_all)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._read_assignment(node.targets[0].id, node, for_all)

    def _read_class(self, node: ast.ClassDef, for_all: Sequence[ast.expr]) -> None:
        own = [*node.decorator_list, *_pytestmarks(node.body)]
        methods = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
        tests = [each for each in methods if each.name.startswith("test_")]
        if not node.name.startswith("Test") or not tests:
            if any(_clause_calls(own)):
                self.problems.append(f"{self._file}::{node.name}: a clause on something that is not collected")
            own.clear()
        for method in methods:
            self._read_function(method, f"{node.name}::", [*for_all, *own])

    def _read_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str, for_all: Sequence[ast.expr]
    ) -> None:
        name = prefix + node.name
        is_test = node.name.startswith("test_") and (not prefix or prefix.startswith("Test"))
        if is_test:
            self._add(name, [*for_all, *node.decorator_list])
        elif any(_clause_calls(node.decorator_list)):
            self.problems.append(f"{self._file}::{name}: a clause on something that is not collected")

    def _read_assignment(self, name: str, node: ast.Assign, for_all: Sequence[ast.expr]) -> None:
        """`TestStates = pytest.mark.clause("U-03")(States.TestCase)`: how a state machine becomes a test."""
        if name.startswith("Test"):
            self._add(name, [*for_all, node.value])
        elif name != "pytestmark" and any(_clause_calls([node.value])):
            self.problems.append(f"{self._file}::{name}: a clause on something that is not collected")

    def _add(self, name: str, marks: Sequence[ast.expr]) -> None:
        for call in _clause_calls(marks):
            part = next((word.value for word in call.keywords if word.arg == "part"), ast.Constant(value=""))
            named = [*call.args, part]
            if len(named) < 2 or not all(isinstance(each, ast.Constant) for each in named):
                self.problems.append(f"{self._file}::{name}: a clause that is not written out")
                continue
            if any(_is_mark(each, word) for mark in marks for each in ast.walk(mark) for word in _NOT_RUN):
                self.problems.append(f"{self._file}::{name}: a test that may not run shows no clause")
                continue
            *clauses, said = [str(each.value) for each in named if isinstance(each, ast.Constant)]
            self.marks.extend(ClauseMark(clause=clause, test=f"{self._file}::{name}", part=said) for clause in clauses)


def _pytestmarks(body: Sequence[ast.stmt]) -> list[ast.expr]:
    return [
        node.value
        for node in body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)
    ]


def _clause_calls(marks: Sequence[ast.expr]) -> Iterator[ast.Call]:
    for mark in marks:
        for node in ast.walk(mark):
            if isinstance(node, ast.Call) and _is_mark(node.func, "clause"):
                yield node


def _is_mark(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "mark"
    )
