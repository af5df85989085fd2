"""A form with a file, as it comes in: who may send one now, how much of it is read, and what stood in it.

Owns the reading of multipart bodies, for the API and the pages alike. Must not know what is done with the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import IO, Final, TypeVar

import msgspec
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException

from bancheng.schema.intake_events import PaperKind
from bancheng.schema.messages import MAX_PAPER_BYTES
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.input_text import convert_form
from bancheng.window.paper_intake import Upload, judge, too_large
from bancheng.window.requests import StaffRequest
from bancheng.window.window import Window

T = TypeVar("T", bound=msgspec.Struct)

_FORM_BYTES: Final = 64 * 1024
"""What the texts of a form and its boundaries take beside the file."""
MOST_REQUEST_BYTES: Final = MAX_PAPER_BYTES + _FORM_BYTES
_TOO_LARGE: Final = 413


class PaperBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of a paper beside its bytes."""

    paper_kind: PaperKind = "other"


class SentForm(msgspec.Struct, frozen=True, kw_only=True):
    """`file` is None where none was chosen: a browser then sends one without a name or a byte."""

    texts: dict[str, str]
    file: UploadFile | None
    most_bytes: int

    @property
    def content(self) -> IO[bytes]:
        """Raises InvalidInput `paper.no_file`."""
        return self._chosen().file

    async def upload(self, paper_kind: PaperKind) -> Upload:
        """Read and judged. Raises ApiError with the field `file`, InvalidInput `paper.no_file`."""
        file = self._chosen()
        return await asyncio.to_thread(judge, file.file, file.filename, paper_kind, most_bytes=self.most_bytes)

    def _chosen(self) -> UploadFile:
        if self.file is None:
            raise InvalidInput([problem("paper.no_file", "file")])
        return self.file


@asynccontextmanager
async def sent_form(request: StaffRequest, window: Window) -> AsyncGenerator[SentForm]:
    """The form of a request; its files are gone afterwards.

    Raises ApiError `paper.too_large` before anything is read of what says that it is, `api.rate_limited`, `api.busy`.
    """
    most_bytes = window.parts.limits.paper_bytes
    window.limit_uploads(request.user)
    announced = request.content_length
    if announced is not None and announced > most_bytes + _FORM_BYTES:
        raise too_large(most_bytes)
    async with window.upload_turns:
        try:
            form = await request.form()
        except HTTPException as error:
            if error.status_code == _TOO_LARGE:
                raise too_large(most_bytes) from error
            raise
        try:
            values: dict[str, object] = dict(form.items())
            file = values.get("file")
            is_chosen = isinstance(file, UploadFile) and bool(file.filename)
            yield SentForm(
                texts={
                    name: value.replace("\r\n", "\n").strip()
                    for name, value in values.items()
                    if isinstance(value, str)
                },
                file=file if is_chosen and isinstance(file, UploadFile) else None,
                most_bytes=most_bytes,
            )
        finally:
            await form.close()


def body_of_texts(texts: Mapping[str, str], kind: type[T]) -> T:
    """Those of the texts that the body knows; an empty one that may be left out is left out. Raises InvalidInput."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    given = {name: text for name, text in texts.items() if name in fields and (text or fields[name].required)}
    return convert_form(given, kind)
