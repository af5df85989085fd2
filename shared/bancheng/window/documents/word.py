"""A form as a Word document, which an office can edit: the shipped template filled by docxtpl.

Owns the filling. The template (form.docx) is an ordinary document: A4, 仿宋 and 黑体, 方正小标宋 for the title.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any, Final

import msgspec

from bancheng.kernel.profile_parts import Form
from bancheng.window.documents.layout import above, rows

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


SIGNATURE_HIGH_MM: Final = 12


def word_document(form: Form, data: Mapping[str, str], signature: bytes = b"") -> bytes:
    """The filled form. Text is text: what looks like markup or a template is shown as it was typed.

    `signature` is a PNG of the applicant's, which stands in its box instead of the words; not if it shows nothing.
    """
    # Heavy, and most processes never print: imported where it is used.
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage

    context: dict[str, Any] = {
        "title": form.name.zh,
        "above": above(form, data),
        "note": form.note,
        "rows": [msgspec.structs.asdict(row) for row in rows(form, data)],
    }
    written = BytesIO()
    with as_file(files("bancheng.window.documents") / "form.docx") as template:
        document: Any = DocxTemplate(template)
        for row in context["rows"] if _is_picture(signature) else ():
            for shows, value in (("shows", "value"), ("second_shows", "second_value")):
                if row[shows] == "signature":
                    row[value] = InlineImage(document, BytesIO(signature), height=Mm(SIGNATURE_HIGH_MM))
        document.render(context, autoescape=True)
        document.save(written)
    return written.getvalue()


def _is_picture(content: bytes) -> bool:
    """Whether a document can show it. A file may begin and end as a picture does, and have none between."""
    from docx.image.exceptions import InvalidImageStreamError, UnexpectedEndOfFileError, UnrecognizedImageError
    from docx.image.image import Image

    unreadable = (InvalidImageStreamError, UnexpectedEndOfFileError, UnrecognizedImageError)
    try:
        read: Any = Image.from_blob(content)
        is_shown = int(read.width) > 0 and int(read.height) > 0
    except (*unreadable, ArithmeticError, AttributeError, LookupError, ValueError, struct.error):
        return False
    return is_shown
