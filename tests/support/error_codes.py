"""Which stable error codes the source can give, read from the source without running it.

Owns the ways in which this project spells a code: `Rejected("case.closed")`, any `raise Error("frame.unreadable")`, a
class with `code = "..."`, an argument `code="..."` or `reason="..."`, an
argument of `stop_link` or `trouble`, a `Literal` or `StrEnum` whose name ends in
`Code`; in each of these a name in capitals stands for the text it was given. Knows no code by name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_DOTTED: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")
_TAKE_CODES: Final = ("Rejected", "stop_link", "trouble")
_CODE_ARGUMENTS: Final = ("code", "reason")


def codes_in(*folders: Path) -> dict[str, str]:
    """Each code and the first file, in order of path, that spells it."""
    files = [(folder, path) for folder in folders for path in sorted(folder.rglob("*.py"))]
    trees = {
        path.relative_to(folder.parent).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder, path in files
    }
    reader = _Reader(constants={name: value for tree in trees.values() for name, value in _constants(tree)})
    found: dict[str, str] = {}
    for file, tree in trees.items():
        for code in reader.codes(tree):
            found.setdefault(code, file)
    return dict(sorted(found.items()))


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names in capitals that stand for a text: `KEY_UNKNOWN = "frame.key_unknown"`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            target, value = node.target, node.value
        else:
            continue
        if target.id.isupper() and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield target.id, value.value


class _Reader:
    def __init__(self, *, constants: dict[str, str]) -> None:
        self._constants = constants

    def codes(self, tree: ast.AST) -> Iterator[str]:
        for node in ast.walk(tree):
            match node:
                case ast.Call():
                    yield from self._in_call(node)
                case ast.Raise(exc=ast.Call(args=[first, *_])):
                    yield from self._dotted(first)
                case ast.ClassDef():
                    yield from self._in_class(node)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript(slice=choices)) if name.endswith(
                    "Code"
                ):
                    yield from self._dotted(choices)
                case _:
                    pass

    def _in_call(self, node: ast.Call) -> Iterator[str]:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _TAKE_CODES:
            for argument in node.args:
                yield from self._dotted(argument)
        for keyword in node.keywords:
            if keyword.arg in _CODE_ARGUMENTS:
                yield from self._dotted(keyword.value)

    def _in_class(self, node: ast.ClassDef) -> Iterator[str]:
        is_enumeration = any(isinstance(base, ast.Name) and base.id == "StrEnum" for base in node.bases)
        for each in node.body:
            if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                target, value = each.targets[0].id, each.value
            elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is not None:
                target, value = each.target.id, each.value
            else:
                continue
            if target == "code":
                yield from self._dotted(value)
            elif is_enumeration and node.name.endswith("Code") and isinstance(value, ast.Constant):
                yield str(value.value)

    def _dotted(self, node: ast.AST) -> Iterator[str]:
        """The codes that an expression may be: both of `"a.b" if late else "a.c"`, all of a `Literal`'s."""
        match node:
            case ast.Constant(value=str(text)) if _DOTTED.fullmatch(text):
                yield text
            case ast.Name(id=name) if _DOTTED.fullmatch(self._constants.get(name, "")):
                yield self._constants[name]
            case ast.IfExp(body=first, orelse=second):
                yield from self._dotted(first)
                yield from self._dotted(second)
            case ast.Tuple(elts=elements):
                for each in elements:
                    yield from self._dotted(each)
            case _:
                pass
