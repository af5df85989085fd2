"""Papers of a case: upload a photo or a scan, list them, take one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, cast, get_args
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, PathParameter
from litestar.response import Stream

from bancheng.schema.intake_events import PaperKind
from bancheng.schema.messages import MAX_PAPER_BYTES
from bancheng.store.paper_types import SHOWN_IN_PAGE, SUFFIXES, UNKNOWN
from bancheng.window.api.answers import TO_A_CASE, Key, answered
from bancheng.window.failures import ApiError
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.papers import PaperView, attach, judge, list_papers, open_paper
from bancheng.window.requests import StaffRequest
from bancheng.window.usecases import Done
from bancheng.window.window import Window

Hash = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", description="SHA-256 of the paper")]
_FORM_BYTES: Final = 64 * 1024
_TOO_LARGE: Final = 413


@post(
    "/cases/{case_id:uuid}/papers",
    status_code=200,
    request_max_body_size=MAX_PAPER_BYTES + _FORM_BYTES,
    summary="attach-paper",
    tags=["papers"],
    responses={200: ResponseSpec(Done, description="Attached"), **TO_A_CASE},
)
async def attach_paper(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID], idempotency_key: Key = None
) -> Response[bytes]:
    """A form (multipart) with `file`, a JPEG, PNG, WebP, TIFF or PDF, and `paper_kind`."""
    limits = window.parts.limits
    window.uploads.take(f"{request.user.tenant}/{request.user.staff_id}")
    async with window.upload_turns:
        file, kind = await _sent(request, limits.paper_bytes)
        try:
            content = file.file
            upload = await asyncio.to_thread(judge, content, file.filename, kind, most_bytes=limits.paper_bytes)
            return answered(await attach(window.hosting, request.user, case_id, upload, content, idempotency_key))
        finally:
            await file.close()


async def _sent(request: StaffRequest, most_bytes: int) -> tuple[UploadFile, PaperKind]:
    """Raises ApiError `paper.too_large`, InvalidInput."""
    try:
        form = await request.form()
    except HTTPException as error:
        if error.status_code == _TOO_LARGE:
            raise ApiError(_TOO_LARGE, "paper.too_large", field="file", maximum=most_bytes >> 20) from error
        raise
    file: object = form.get("file")
    kind: object = form.get("paper_kind", "other")
    if not isinstance(file, UploadFile):
        raise InvalidInput([problem("paper.no_file", "file")])
    if kind not in get_args(PaperKind):
        await file.close()
        raise InvalidInput([problem("api.wrong_value", "paper_kind")])
    return file, cast("PaperKind", kind)


@get("/cases/{case_id:uuid}/papers", summary="The papers of a case", tags=["papers"])
async def papers_of_case(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID]
) -> list[PaperView]:
    """Which are here, and how much has come of those that are still on their way."""
    return await list_papers(window.hosting, window.queries, request.user, case_id)


@get("/cases/{case_id:uuid}/papers/{sha256:str}", summary="A paper", tags=["papers"])
async def one_paper(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID], sha256: Hash
) -> Stream:
    """Its bytes, as they were attached. The reading is recorded."""
    paper, content = await open_paper(window.hosting, window.queries, request.user, case_id, sha256)
    # The type was told by our own reading; a neighbour's word for one that we do not take counts for nothing.
    media_type = paper.media_type if paper.media_type in SUFFIXES else UNKNOWN
    place = "inline" if media_type in SHOWN_IN_PAGE else "attachment"
    return Stream(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f"{place}; filename*=UTF-8''{quote(paper.name, safe='')}",
            "Content-Length": str(paper.size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        },
    )


ROUTES = [attach_paper, papers_of_case, one_paper]
