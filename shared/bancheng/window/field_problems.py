"""A field that does not fit: its path, a stable code and the parameters of the message.

Owns reading the decoder's messages. Must not know which body or parameter a field belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec

FORBIDDEN: Final = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff\\ufeff\\ufffe\\uffff]"
)
"""C0 but tab and line feed, DEL and C1, marks that turn the direction of writing, half surrogates, and what Unicode
says is no character. Forms send a carriage return at each line's end: it is taken out before.
"""
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""Days that a question may be about: from and to them can be counted in every time zone."""
_LONGEST_NAME: Final = 64
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$")
_TOO_LONG: Final = re.compile(r"Expected `(?:str|array|object)` of length <= (\d+)")
_TOO_SHORT: Final = re.compile(r"Expected `(?:str|array|object)` of length >= (\d+)")
_AT_MOST: Final = re.compile(r"Expected `(?:int|float)` <= (-?\d+)")
_AT_LEAST: Final = re.compile(r"Expected `(?:int|float)` >= (-?\d+)")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_WRONG_TYPE: Final = re.compile(r"Expected `([a-z|]+)[^`]*`, got `")


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One field that does not fit. `field` is its path, for example `person.phone` or `matters[0].name`; `line` that of
    a file's text.
    """

    field: str
    code: str
    parameters: dict[str, str | int] = {}
    line: int | None = None


class InvalidInput(Exception):
    """Fields that do not fit, each with its own code. Nothing was changed."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__([problem.code for problem in problems])
        self.problems = tuple(problems)


def problem(code: str, field: str, **parameters: str | int) -> FieldProblem:
    return FieldProblem(field=field, code=code, parameters={"field": field, **parameters})


def require_days(**days: date | None) -> None:
    """Days by their field, that can be counted from and to. Raises InvalidInput for those of another age."""
    problems = [
        problem("api.wrong_value", name)
        for name, day in days.items()
        if day is not None and not EARLIEST <= day <= LATEST
    ]
    if problems:
        raise InvalidInput(problems)


def require_instants(**instants: datetime | None) -> None:
    """Instants by their field, with their offset, that every time zone has. Raises InvalidInput for others."""
    problems = [
        problem("api.wrong_value", name)
        for name, instant in instants.items()
        if instant is not None and (instant.tzinfo is None or not EARLIEST <= instant.date() <= LATEST)
    ]
    if problems:
        raise InvalidInput(problems)


def problem_of(message: str, path: str = "") -> FieldProblem:
    """What the decoder's message says, as a code. `path` stands in front of the place it names."""
    place = _PLACE.search(message)
    inner = place[1] if place is not None else ""
    field = path + inner if inner.startswith("[") else ".".join(part for part in (path, inner) if part)
    text = _PLACE.sub("", message)
    if found := _UNKNOWN.match(text):
        return problem("api.unknown_field", joined(field, found[1]))
    if found := _MISSING.match(text):
        return problem("api.missing_field", joined(field, found[1]))
    if found := _TOO_LONG.match(text):
        return problem("api.too_long", field, maximum=int(found[1]))
    if _TOO_SHORT.match(text):
        return problem("api.empty_field", field)
    if found := _AT_MOST.match(text):
        return problem("api.too_great", field, maximum=int(found[1]))
    if found := _AT_LEAST.match(text):
        return problem("api.too_small", field, minimum=int(found[1]))
    if found := _WRONG_TYPE.match(text):
        return problem("api.wrong_type", field, expected=found[1].partition("|")[0])
    return problem("api.wrong_value", field)


def joined(path: str, name: str) -> str:
    """The path of a field that the sender named: what they typed is not given back as it is."""
    shown = name[:_LONGEST_NAME] if FORBIDDEN.search(name) is None else "?"
    return f"{path}.{shown}" if path else shown
