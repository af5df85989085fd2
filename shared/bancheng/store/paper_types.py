"""What a paper is, told by its content and never by what its sender calls it.

Owns the list of types that are taken and what makes a file suspicious. Must not know where papers lie.
Photos and scans only: an office document can run, and what is to be signed is printed or scanned anyway.
"""

from __future__ import annotations

from typing import Final, Literal

HEAD_BYTES: Final = 4096
TAIL_BYTES: Final = 66 * 1024
"""A ZIP archive is found by its end: 22 bytes and a comment of at most 64 KiB."""

SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/tiff": (".tif", ".tiff"),
    "application/pdf": (".pdf",),
}
"""Types that are taken, and how their files may be called; the first is what we call them."""
SHOWN_IN_PAGE: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What a browser shows as a picture; everything else is saved."""
UNKNOWN: Final = "application/octet-stream"

ProblemCode = Literal["paper.empty", "paper.type_refused", "paper.broken", "paper.two_in_one"]

_PDF: Final = b"%PDF-"
_PDF_WITHIN: Final = 1024
"""Readers take a file for a PDF when its mark stands within so many bytes."""
_MARKUP: Final = (b"<!doctype", b"<html", b"<script", b"<svg", b"<?php", b"<body", b"<iframe")
_PNG_END: Final = b"\0\0\0\0IEND\xaeB\x60\x82"
_ARCHIVE_END: Final = b"PK\x05\x06"
_ARCHIVE_END_BYTES: Final = 22


def type_of(head: bytes) -> str:
    """The media type, by the first HEAD_BYTES; `application/octet-stream` for one that is not taken."""
    import filetype

    found: object = filetype.guess_mime(head)  # pyright: ignore[reportUnknownMemberType]  the library is untyped
    return found if isinstance(found, str) and found in SUFFIXES else UNKNOWN


def problem_with(head: bytes, tail: bytes, size: int) -> ProblemCode | None:
    """Why a file is not taken; None for one that is. `tail` is its last TAIL_BYTES, which may overlap `head`."""
    if size == 0:
        return "paper.empty"
    media_type = type_of(head)
    if media_type == UNKNOWN:
        return "paper.type_refused"
    if _is_cut(media_type, tail):
        return "paper.broken"
    if _is_something_else_too(media_type, head, tail):
        return "paper.two_in_one"
    return None


def file_name(given: str, media_type: str) -> str:
    """What the sender calls it, without a path, with an ending that says what it is; at most 200 characters."""
    suffixes = SUFFIXES.get(media_type, (".bin",))
    name = given.replace("\\", "/").rpartition("/")[2].strip().strip(".")
    name = "".join(each for each in name if each.isprintable() and each not in '"<>|:*?')
    if not name.lower().endswith(suffixes):
        name = (name or "paper")[: 200 - len(suffixes[0])] + suffixes[0]
    return name if len(name) <= 200 else name[: 200 - len(suffixes[0])] + suffixes[0]


def _is_cut(media_type: str, tail: bytes) -> bool:
    """Whether the end that belongs to the type is missing. Cameras append to a JPEG: it is not asked."""
    if media_type == "image/png":
        return _PNG_END not in tail
    return media_type == "application/pdf" and b"%%EOF" not in tail


def _is_something_else_too(media_type: str, head: bytes, tail: bytes) -> bool:
    """A file that another program would take for an archive, a document or a page."""
    mark = head[:_PDF_WITHIN].find(_PDF)
    if mark != (0 if media_type == "application/pdf" else -1):
        return True
    if any(each in head[:_PDF_WITHIN].lower() for each in _MARKUP):
        return True
    if media_type == "image/png" and not tail.endswith(_PNG_END):
        return True
    end = tail.rfind(_ARCHIVE_END)
    if end < 0 or len(tail) - end < _ARCHIVE_END_BYTES:
        return False
    comment = int.from_bytes(tail[end + 20 : end + 22], "little")
    return end + _ARCHIVE_END_BYTES + comment == len(tail)
