"""On which line each value of a TOML file stands, so that an error in it can be pointed at.

Owns the walk over text that `tomllib`, which keeps no line numbers, has read without complaint. A path is spelled as in
`tiers[0].name.zh`. Knows no field by name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Final

_BLANK: Final = " \t\r\n"
_ENDS_OF_A_SCALAR: Final = ",]}#\r\n"
_QUOTES: Final = ('"""', "'''", '"', "'")


def value_lines(text: str) -> Mapping[str, int]:
    """The line, counted from 1, of every table, key and array element, by path. `text` must be valid TOML."""
    return _Walk(text).run()


def line_of(lines: Mapping[str, int], path: str) -> int | None:
    """The line of the path, or of the nearest value around it when it is not there itself (a missing field)."""
    while path:
        if path in lines:
            return lines[path]
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return None


class _Walk:
    """One pass over the text. Every step moves forward, so the walk ends with the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._lines: dict[str, int] = {}
        self._counts: dict[str, int] = {}

    def run(self) -> dict[str, int]:
        prefix = ""
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._peek() == "[":
                prefix = self._header()
            else:
                self._key_and_value(prefix)
            self._skip(_BLANK)
        return self._lines

    def _header(self) -> str:
        is_array = self._text.startswith("[[", self._at)
        self._move(2 if is_array else 1)
        path = self._resolved(self._key("]"))
        if is_array:
            count = self._counts.get(path, 0)
            self._counts[path] = count + 1
            self._lines.setdefault(path, self._line)
            path = f"{path}[{count}]"
        self._lines[path] = self._line
        self._move(2 if is_array else 1)
        return path

    def _resolved(self, parts: list[str]) -> str:
        """The path of a header: inside an array of tables, its last element is meant."""
        path = ""
        for position, part in enumerate(parts):
            path = _join(path, part)
            if position < len(parts) - 1 and path in self._counts:
                path = f"{path}[{self._counts[path] - 1}]"
        return path

    def _key_and_value(self, prefix: str) -> None:
        line, path = self._line, prefix
        for part in self._key("="):
            path = _join(path, part)
        self._move(1)
        self._lines[path] = line
        self._value(path)

    def _key(self, end: str) -> list[str]:
        """The parts of a dotted key up to, and not including, `end`."""
        parts: list[str] = []
        while self._at < len(self._text) and self._peek() != end:
            start = self._at
            if self._peek() in "\"'":
                self._string()
                parts.append(_unquoted(self._text[start : self._at]))
            elif self._peek() in " \t.":
                self._move(1)
            else:
                while self._at < len(self._text) and self._peek() not in f" \t.{end}":
                    self._move(1)
                parts.append(self._text[start : self._at])
        return parts

    def _value(self, path: str) -> None:
        self._skip(" \t")
        match self._peek():
            case "[":
                self._array(path)
            case "{":
                self._table(path)
            case '"' | "'":
                self._string()
            case _:
                while self._at < len(self._text) and self._peek() not in _ENDS_OF_A_SCALAR:
                    self._move(1)

    def _array(self, path: str) -> None:
        self._move(1)
        self._skip(_BLANK)
        position = 0
        while self._peek() not in ("]", ""):
            self._lines[f"{path}[{position}]"] = self._line
            self._value(f"{path}[{position}]")
            position += 1
            self._skip(_BLANK + ",")
        self._move(1)

    def _table(self, path: str) -> None:
        self._move(1)
        self._skip(_BLANK)
        while self._peek() not in ("}", ""):
            self._key_and_value(path)
            self._skip(_BLANK + ",")
        self._move(1)

    def _string(self) -> None:
        quote = next(quote for quote in _QUOTES if self._text.startswith(quote, self._at))
        self._move(len(quote))
        while self._at < len(self._text) and not self._text.startswith(quote, self._at):
            self._move(2 if quote[0] == '"' and self._peek() == "\\" else 1)
        self._move(len(quote))
        # Up to two quotes may stand right before the closing three.
        while len(quote) == 3 and self._peek() == quote[0]:
            self._move(1)

    def _skip(self, blank: str) -> None:
        """Past blank characters and, since all of them may be followed by one, comments."""
        while self._at < len(self._text) and self._peek() in blank + "#":
            if self._peek() == "#":
                end = self._text.find("\n", self._at)
                self._move((end if end >= 0 else len(self._text)) - self._at)
            else:
                self._move(1)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _move(self, characters: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + characters)
        self._at += characters


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _unquoted(quoted: str) -> str:
    return str(tomllib.loads(f"key = {quoted}")["key"])
