"""What a paper is, is told by its content; what could be two things at once is not taken."""

from __future__ import annotations

import pytest

from bancheng.store.paper_types import HEAD_BYTES, TAIL_BYTES, file_name, problem_with, type_of
from tests.support.papers import empty_zip, jpeg, pdf, png

TIFF = b"II*\x00\x08\x00\x00\x00" + bytes(64)
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(64)
OFFICE = b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00[Content_Types].xml word/document.xml" + bytes(64)


def problem(content: bytes) -> str | None:
    return problem_with(content[:HEAD_BYTES], content[-TAIL_BYTES:], len(content))


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (jpeg(), "image/jpeg"),
        (jpeg(after=b"a second picture of the same moment"), "image/jpeg"),
        (png(), "image/png"),
        (png(seed=3, size=100_000), "image/png"),
        (pdf(), "application/pdf"),
        (TIFF, "image/tiff"),
        (WEBP, "image/webp"),
    ],
)
def test_photos_and_scans_are_taken(content: bytes, media_type: str) -> None:
    assert type_of(content[:HEAD_BYTES]) == media_type
    assert problem(content) is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "paper.empty"),
        (b"just words", "paper.type_refused"),
        (b"<!doctype html><script>alert(1)</script>", "paper.type_refused"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "paper.type_refused"),
        (b"MZ" + bytes(200), "paper.type_refused"),
        (OFFICE, "paper.type_refused"),
        (empty_zip(), "paper.type_refused"),
        (png()[:-6], "paper.broken"),
        (pdf()[:-8], "paper.broken"),
        (png() + b"more", "paper.two_in_one"),
        (jpeg(after=empty_zip()), "paper.two_in_one"),
        (jpeg(after=empty_zip(b"with a comment")), "paper.two_in_one"),
        (pdf() + empty_zip(), "paper.two_in_one"),
        (jpeg()[:20] + b"%PDF-1.7 " + jpeg()[20:], "paper.two_in_one"),
        (jpeg()[:20] + b"<ScRiPt>alert(1)</script>" + jpeg()[20:], "paper.two_in_one"),
        (TIFF[:16] + b"<?php echo 1;" + TIFF[16:], "paper.two_in_one"),
    ],
)
def test_anything_else_is_refused_with_the_reason(content: bytes, code: str) -> None:
    assert problem(content) == code


@pytest.mark.parametrize(
    ("given", "media_type", "name"),
    [
        ("登记表.png", "image/png", "登记表.png"),
        ("scan.PDF", "application/pdf", "scan.PDF"),
        ("C:\\Users\\me\\form.jpg", "image/jpeg", "form.jpg"),
        ("../../etc/passwd", "image/png", "passwd.png"),
        ("page.html", "image/png", "page.html.png"),
        ("line\r\nbreak\x00.png", "image/png", "linebreak.png"),
        ("\u202egnp.exe", "image/png", "gnp.exe.png"),
        ("", "application/pdf", "paper.pdf"),
        ("...", "application/pdf", "paper.pdf"),
        ("长" * 300, "image/png", "长" * 196 + ".png"),
        ("x" * 300 + ".png", "image/png", "x" * 196 + ".png"),
    ],
)
def test_a_file_name_ends_as_its_content_says_and_leads_nowhere(given: str, media_type: str, name: str) -> None:
    assert file_name(given, media_type) == name
