"""The text of a file that somebody else wrote: found, small enough and in UTF-8, or a finding that says why not.

Owns the opening of files for this package. Must not know what they hold.
"""

from __future__ import annotations

from pathlib import Path

from bancheng.profiles.problems import LoadProblem
from bancheng.profiles.toml_struct import MAXIMUM_FILE_CHARACTERS

MAXIMUM_FILE_BYTES = 4 * MAXIMUM_FILE_CHARACTERS
"""A character of UTF-8 takes four bytes at most."""


def read_text(path: Path) -> tuple[str, LoadProblem | None]:
    """The text and no problem, or an empty text and the problem. A byte order mark at the beginning is passed over."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAXIMUM_FILE_BYTES + 1)
    except OSError as error:
        return "", LoadProblem(file=path.name, line=None, field="", code="file.not_found", detail=error.strerror or "")
    return decode_text(content, path.name)


def decode_text(content: bytes, file: str) -> tuple[str, LoadProblem | None]:
    """The same for bytes that are here already, for example an upload."""
    if len(content) > MAXIMUM_FILE_BYTES:
        detail = f"> {MAXIMUM_FILE_BYTES} bytes"
        return "", LoadProblem(file=file, line=None, field="", code="file.too_large", detail=detail)
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", LoadProblem(file=file, line=line, field="", code="file.not_utf8", detail=f"byte {error.start}")
