"""What an error means and what to do next, in the reader's language.

Owns the words for every stable error code (`error_texts.toml`) and for the names of stages and clocks inside them.
Must not know who raised an error nor how it is shown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

Language = Literal["zh", "en"]

UNEXPLAINED: Final = "api.internal"
"""What is said of a code that has no text: a test sees to it that there is none."""

MAXIMUM_PARAMETER_CHARACTERS: Final = 200
"""A parameter may be what a user typed; an error page is not the place to give all of it back."""

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


class ErrorText(msgspec.Struct, frozen=True, kw_only=True):
    """`message` says what is wrong, `next_step` what to do now. Plain text, to be escaped like any other."""

    message: str
    next_step: str


class _Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    zh: str
    en: str
    next_zh: str
    next_en: str


class _Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    zh: str
    en: str


class _Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    words: dict[str, dict[str, _Word]]
    texts: dict[str, _Text]


def text_for(code: str, language: Language, parameters: Mapping[str, str | int] | None = None) -> ErrorText:
    """The text for a code, with its parameters filled in; an unknown code gets the text of UNEXPLAINED.

    A parameter that names a stage, a clock or roles is said in the reader's language. A parameter that was not given
    stands as its name in brackets, so that a message is never lost for the want of one.
    """
    texts = _catalogue().texts
    text = texts.get(code, texts[UNEXPLAINED])
    given = parameters or {}
    message, next_step = (text.zh, text.next_zh) if language == "zh" else (text.en, text.next_en)
    return ErrorText(
        message=_filled(message, language, given),
        next_step=_filled(next_step, language, given),
    )


def in_full(text: ErrorText, language: Language) -> str:
    """Both sentences in one line."""
    return text.message + ("" if language == "zh" else " ") + text.next_step


def every_code() -> tuple[str, ...]:
    """All codes that have a text, in order."""
    return tuple(sorted(_catalogue().texts))


@cache
def _catalogue() -> _Catalogue:
    source = (files("bancheng.window") / "error_texts.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(source), _Catalogue)


def _filled(text: str, language: Language, parameters: Mapping[str, str | int]) -> str:
    def said(place: re.Match[str]) -> str:
        name = place[1]
        if name not in parameters:
            return f"[{name}]"
        value = str(parameters[name])[:MAXIMUM_PARAMETER_CHARACTERS]
        words = _catalogue().words.get(name, {})
        if name == "roles":
            return _any_of([_in(language, words[role]) for role in value.split(",")], language)
        return _in(language, words[value]) if value in words else value

    return _PLACE.sub(said, text)


def _in(language: Language, word: _Word) -> str:
    return word.zh if language == "zh" else word.en


def _any_of(words: Sequence[str], language: Language) -> str:
    comma, last = ("、", "或") if language == "zh" else (", ", " or ")
    return words[0] if len(words) == 1 else comma.join(words[:-1]) + last + words[-1]
