"""Which language a reader wants: Chinese first, English complete.

Owns the choice by header and cookie. Must not know any text.
"""

from __future__ import annotations

from typing import Final

from bancheng.window.error_texts import Language

DEFAULT: Final[Language] = "zh"
_MOST_CHOICES: Final = 20


def language_of(accept_language: str | None, cookie: str | None = None) -> Language:
    """What the reader chose on the page, else the first of the browser's that we speak, else Chinese."""
    if cookie == "zh":
        return "zh"
    if cookie == "en":
        return "en"
    best: tuple[float, Language] | None = None
    for choice in (accept_language or "").split(",")[:_MOST_CHOICES]:
        name, _, rest = choice.strip().partition(";")
        spoken = _spoken(name)
        weight = _weight(rest)
        if spoken is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, spoken)
    return DEFAULT if best is None else best[1]


def _spoken(name: str) -> Language | None:
    primary = name.strip().lower().partition("-")[0]
    if primary == "zh":
        return "zh"
    return "en" if primary == "en" else None


def _weight(rest: str) -> float:
    name, _, value = rest.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
