"""From the text of a TOML file to a struct, with every problem found and pointed at.

Owns the step from text to types for all files of this package. msgspec alone would stop at the first mistake and passes
over misspelled names inside tables; whoever keeps a rule file by hand wants to hear of all of them, each with its line.
Must not know which fields there are or what they mean.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final, Generic, TypeGuard, TypeVar, get_args, get_origin

import msgspec

from bancheng.profiles.problems import MAXIMUM_PROBLEMS, FileProblemCode, LoadProblem
from bancheng.profiles.toml_lines import line_of, value_lines

MAXIMUM_FILE_CHARACTERS: Final = 256 * 1024
MAXIMUM_DETAIL_CHARACTERS: Final = 200

Table = dict[str, object]
"""A table of TOML as `tomllib` gives it."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class Reading(msgspec.Struct, Generic[_Struct], frozen=True, kw_only=True):
    """What came of reading: `value` if and only if there are no `problems`. `data` and `lines` point at places."""

    value: _Struct | None
    problems: tuple[LoadProblem, ...]
    data: Table
    lines: Mapping[str, int]


def read_struct(kind: type[_Struct], text: str, file: str) -> Reading[_Struct]:
    """Read `text` as one `kind`. `file` is the name that problems bear."""
    data, problem = _parsed(text, file)
    if problem is not None:
        return Reading(value=None, problems=(problem,), data={}, lines={})
    lines = value_lines(text)
    found = tuple(
        LoadProblem(file=file, line=line_of(lines, field), field=field, code=code, detail=detail)
        for (code, field, detail), _ in zip(_check(kind, data, ""), range(MAXIMUM_PROBLEMS), strict=False)
    )
    value = None if found else msgspec.convert(data, kind)
    return Reading(value=value, problems=found, data=data, lines=lines)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a path leads: `path` spelled as lines are, as far as the data goes; `is_whole` when it goes all the way."""

    path: str
    is_whole: bool


def place(data: Table, path: str) -> Place:
    """Where the path leads. It names elements by number, `key` or `role` (`ladder[0].clock`, `tiers.town.name`); lines
    are by number.

    Of several elements with one key the last is meant: it is the one that is too many.
    """
    spelled = ""
    here: object = data
    for part in path.replace("[", ".").replace("]", "").split("."):
        if _is_list(here):
            position = _position(here, part)
            if position is None:
                return Place(path=spelled, is_whole=False)
            spelled, here = f"{spelled}[{position}]", here[position]
        elif _is_table(here) and part in here:
            spelled, here = _under(spelled, part), here[part]
        else:
            return Place(path=spelled, is_whole=False)
    return Place(path=spelled, is_whole=True)


def _position(elements: list[object], part: str) -> int | None:
    if part.isdecimal():
        return int(part) if int(part) < len(elements) else None
    keyed = [number for number, each in enumerate(elements) if _is_table(each) and part in _names(each)]
    return keyed[-1] if keyed else None


def _names(element: Table) -> tuple[object, object]:
    return element.get("key"), element.get("role")


def _parsed(text: str, file: str) -> tuple[Table, LoadProblem | None]:
    if len(text) > MAXIMUM_FILE_CHARACTERS:
        detail = f"{len(text)} > {MAXIMUM_FILE_CHARACTERS}"
        return {}, LoadProblem(file=file, line=None, field="", code="file.too_large", detail=detail)
    try:
        return tomllib.loads(text), None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = str(error)
        at = _AT_LINE.search(message)
        last = text.rstrip().count("\n") + 1
        line = None if at is None else int(at[1] or last)
        detail = _AT_LINE.sub("", message)[:MAXIMUM_DETAIL_CHARACTERS]
        return {}, LoadProblem(file=file, line=line, field="", code="file.not_toml", detail=detail)


_Finding = tuple[FileProblemCode, str, str]


def _check(kind: type[msgspec.Struct], data: object, path: str) -> Iterator[_Finding]:
    """Every mistake in the table at `path`: fields that nobody knows, that are missing, that do not fit."""
    if not _is_table(data):
        yield "file.wrong_value", path, "Expected a table"
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in data:
        if name not in fields:
            yield "file.unknown_field", _under(path, name), ""
    for name, field in fields.items():
        if name in data:
            yield from _check_value(field.type, data[name], _under(path, name))
        elif field.required:
            yield "file.missing_field", _under(path, name), ""


def _check_value(kind: Any, value: object, path: str) -> Iterator[_Finding]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _check(kind, value, path)
    elif get_origin(kind) is tuple and _is_list(value):
        for position, element in enumerate(value):
            yield from _check_value(get_args(kind)[0], element, f"{path}[{position}]")
    else:
        yield from _check_scalar(kind, value, path)


def _check_scalar(kind: Any, value: object, path: str) -> Iterator[_Finding]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield "file.wrong_value", path, str(error).split(" - at ")[0][:MAXIMUM_DETAIL_CHARACTERS]


def _is_table(value: object) -> TypeGuard[Table]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
