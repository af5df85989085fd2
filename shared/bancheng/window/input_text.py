"""Text that people and programs send: what may stand in it, and naming the field in which it does not fit.

Owns decoding a body strictly into a struct: UTF-8, JSON, no unknown field, no control character, bounds. Every
problem is named by its field, all of them at once. Must not know what the fields mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec

from bancheng.window.failures import ApiError
from bancheng.window.field_problems import FORBIDDEN, FieldProblem, InvalidInput, joined, problem, problem_of

T = TypeVar("T", bound=msgspec.Struct)

MOST_PROBLEMS: Final = 20


def decode_body(body: bytes, kind: type[T]) -> T:
    """The struct that a JSON body holds. Raises ApiError for bytes that are no JSON object, InvalidInput for fields."""
    try:
        decoded = msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(_problems(_plain(body), kind) or [problem_of(str(error))]) from error
    problems = list(unfit_texts(msgspec.to_builtins(decoded)))
    if problems:
        raise InvalidInput(problems[:MOST_PROBLEMS])
    return decoded


def convert_form(raw: Mapping[str, object], kind: type[T]) -> T:
    """The same from the texts of a form, in which numbers and dates are texts too. Raises InvalidInput."""
    problems = _problems(dict(raw), kind, strict=False)
    if problems:
        raise InvalidInput(problems)
    return msgspec.convert(raw, kind, strict=False)


def unfit_texts(value: object, path: str = "") -> Iterator[FieldProblem]:
    """Every text within a value that holds what must not be stored or shown."""
    if isinstance(value, str):
        if FORBIDDEN.search(value):
            yield problem("api.control_characters", path)
        elif value.isspace():
            yield problem("api.empty_field", path)
    elif isinstance(value, dict):
        for name, inner in cast("dict[object, object]", value).items():
            yield from unfit_texts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(cast("Sequence[object]", value)):
            yield from unfit_texts(inner, f"{path}[{number}]")


def _problems(raw: object, kind: type[msgspec.Struct], *, path: str = "", strict: bool = True) -> list[FieldProblem]:
    """Every field of `raw` that does not fit, each looked at on its own, at most MOST_PROBLEMS."""
    if not isinstance(raw, dict):
        raise ApiError(400, "api.unreadable_body")
    given = cast("dict[str, object]", raw)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    problems = [problem("api.unknown_field", joined(path, name)) for name in given if name not in fields]
    for name, field in fields.items():
        place = joined(path, name)
        if name not in given:
            problems.extend([problem("api.missing_field", place)] if field.required else [])
        elif isinstance(given[name], dict) and _is_struct(field.type):
            problems.extend(_problems(given[name], field.type, path=place, strict=strict))
        else:
            problems.extend(_unfit(given[name], field.type, place, strict=strict))
    return problems[:MOST_PROBLEMS]


def _unfit(value: object, annotation: Any, place: str, *, strict: bool) -> list[FieldProblem]:
    problems = list(unfit_texts(value, place))
    if problems:
        return problems
    try:
        msgspec.convert(value, annotation, strict=strict)
    except msgspec.ValidationError as error:
        # Nothing chosen in a form is an empty text, whatever the field wants.
        return [problem("api.empty_field", place) if value == "" and not strict else problem_of(str(error), place)]
    return []


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def _plain(body: bytes) -> object:
    """The body as plain values. Raises ApiError for what is no UTF-8 or no JSON, InvalidInput for texts within it."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "api.wrong_encoding") from error
    try:
        return msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        # The standard library lets half surrogates and raw control characters through, so their field can be named.
        raw: Any = json.JSONDecoder(strict=False).decode(text)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "api.unreadable_body") from error
    problems = list(unfit_texts(raw))[:MOST_PROBLEMS]
    raise InvalidInput(problems) if problems else ApiError(400, "api.unreadable_body")
