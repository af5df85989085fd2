"""One thing that `check` looked at: how it stands, and its words in Chinese and English.

Owns the shape and the reading of `check_texts.toml`. Must not know what was looked at.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

from bancheng.window.error_texts import ErrorText, Language, text_for

Level = Literal["ok", "warning", "failed"]

SKEW_WARNED: Final = timedelta(seconds=2)
SKEW_FAILED: Final = timedelta(seconds=30)
"""Ages, receipts and which of two was first are told by wall clocks; half a minute makes them wrong for people."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A finding in somebody's language. `todo` is empty where nothing need be done."""

    level: Level
    text: str
    subject: str
    said: str
    todo: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` and `text` are keys of check_texts.toml; a `text` that is not there is an error's code."""

    level: Level
    subject: str
    text: str
    parameters: dict[str, str | int]

    def told(self, language: Language) -> Told:
        texts = _texts()
        parameters = dict(self.parameters)
        if code := parameters.get("code"):
            parameters["meaning"] = text_for(str(code), language, parameters).message
        subject = _filled(texts.subjects[self.subject], language, parameters)
        family, _, name = self.text.partition(".")
        own = texts.findings.get(family, {}).get(name)
        text = text_for(self.text, language, parameters) if own is None else own.told(language, parameters)
        said = text.message if own is not None else f"[{self.text}] {text.message}"
        return Told(
            level=self.level,
            text=self.text,
            subject=subject,
            said=said,
            todo="" if self.level == "ok" else text.next_step,
        )

    def lines(self, language: Language) -> str:
        """For a terminal."""
        told = self.told(language)
        colon, mark = ("：" if language == "zh" else ": "), _filled(_texts().levels[self.level], language, {})
        indent = " " * (6 if language == "zh" else 9)
        return f"{mark}  {told.subject}{colon}{told.said}" + (f"\n{indent}-> {told.todo}" if told.todo else "")


def ok(subject: str, text: str, /, **parameters: str | int) -> Finding:
    return Finding(level="ok", subject=subject, text=text, parameters=parameters)


def warning(subject: str, text: str, /, **parameters: str | int) -> Finding:
    return Finding(level="warning", subject=subject, text=text, parameters=parameters)


def failed(subject: str, text: str, /, **parameters: str | int) -> Finding:
    return Finding(level="failed", subject=subject, text=text, parameters=parameters)


def failed_by(subject: str, error: Exception, /, **parameters: str | int) -> Finding:
    """An error with a stable code, told with what it knows."""
    text = str(getattr(error, "code", UNKNOWN))
    known = {name: value for name, value in vars(error).items() if isinstance(value, (str, int))}
    more: Mapping[str, str | int] = getattr(error, "parameters", {})
    return Finding(level="failed", subject=subject, text=text, parameters={**known, **more, **parameters, "code": text})


UNKNOWN: Final = "api.internal"


def is_fit(findings: Sequence[Finding]) -> bool:
    """Whether nothing failed; a warning is no failure."""
    return all(each.level != "failed" for each in findings)


def beyond(measured: float, *, warned: float, failed: float) -> Level:
    """The more the worse."""
    return "failed" if measured > failed else "warning" if measured > warned else "ok"


def skew(subject: str, ahead: timedelta, uncertain: timedelta, **parameters: str | int) -> Finding:
    """How far another host's clock is `ahead` of this one's. `uncertain`: how long it took to ask, halved."""
    at_least = max(timedelta(), abs(ahead) - uncertain)
    level = beyond(at_least / SKEW_WARNED, warned=1, failed=SKEW_FAILED / SKEW_WARNED)
    if level == "ok":
        return ok(subject, "clock.agrees", **parameters)
    text = "clock.ahead" if ahead > timedelta() else "clock.behind"
    parameters["seconds"] = round(at_least.total_seconds())
    return Finding(level=level, subject=subject, text=text, parameters=parameters)


class _Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    zh: str
    en: str
    todo_zh: str = ""
    todo_en: str = ""

    def told(self, language: Language, parameters: Mapping[str, str | int]) -> ErrorText:
        todo = self.todo_zh if language == "zh" else self.todo_en
        return ErrorText(message=_filled(self, language, parameters), next_step=todo.format_map(parameters))


class _Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    levels: dict[Level, _Words]
    subjects: dict[str, _Words]
    findings: dict[str, dict[str, _Words]]


def _filled(words: _Words, language: Language, parameters: Mapping[str, str | int]) -> str:
    return (words.zh if language == "zh" else words.en).format_map(parameters)


@cache
def _texts() -> _Texts:
    source = (files("bancheng.runtime") / "check_texts.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(source), _Texts)
