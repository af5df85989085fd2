"""Papers of a case: upload a photo or a scan, sign with one, list them, take one."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, PathParameter
from litestar.response import Stream

from bancheng.store.paper_types import SHOWN_IN_PAGE
from bancheng.window.api.answers import TO_A_CASE, Key, Version, answered
from bancheng.window.paper_intake import SignatureBody, attach, sign
from bancheng.window.papers import PaperView, list_papers, open_paper
from bancheng.window.requests import StaffRequest, version_of
from bancheng.window.sent_papers import MOST_REQUEST_BYTES, PaperBody, body_of_texts, sent_form
from bancheng.window.usecases import Done
from bancheng.window.window import Window

Hash = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", description="SHA-256 of the paper")]


@post(
    "/cases/{case_id:uuid}/papers",
    status_code=200,
    request_max_body_size=MOST_REQUEST_BYTES,
    summary="attach-paper",
    tags=["papers"],
    responses={200: ResponseSpec(Done, description="Attached"), **TO_A_CASE},
)
async def attach_paper(
    request: StaffRequest, window: NamedDependency[Window], case_id: FromPath[UUID], idempotency_key: Key = None
) -> Response[bytes]:
    """A form (multipart) with `file`, a JPEG, PNG, WebP, TIFF or PDF, and `paper_kind`."""
    async with sent_form(request, window) as sent:
        body = body_of_texts(sent.texts, PaperBody)
        upload = await sent.upload(body.paper_kind)
        return answered(await attach(window.hosting, request.user, case_id, upload, sent.content, idempotency_key))


@post(
    "/cases/{case_id:uuid}/signature",
    status_code=200,
    request_max_body_size=MOST_REQUEST_BYTES,
    summary="sign-form with the paper that shows it",
    tags=["papers"],
    responses={200: ResponseSpec(Done, description="Attached and signed for"), **TO_A_CASE},
)
async def sign_with_paper(
    request: StaffRequest,
    window: NamedDependency[Window],
    case_id: FromPath[UUID],
    idempotency_key: Key = None,
    if_match: Version = None,
) -> Response[bytes]:
    """A form (multipart) with `file`, `method` (drawn: a PNG of what was drawn; paper; thumbprint) and `signer`.

    The paper is attached as `signed_form` and the form signed with it, both or neither. Who signs with a paper that
    the case already has gives `sign-form`.
    """
    async with sent_form(request, window) as sent:
        signature = body_of_texts(sent.texts, SignatureBody)
        upload = await sent.upload("signed_form")
        answer = await sign(
            window.hosting, request.user, case_id, signature, upload, sent.content, idempotency_key,
            version=version_of(request),
        )  # fmt: skip
        return answered(answer)


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
    return await paper_response(window, request, case_id, sha256)


async def paper_response(window: Window, request: StaffRequest, case_id: UUID, sha256: str) -> Stream:
    """A picture to look at, anything else to save. Nothing within it runs, wherever it is opened."""
    paper = await open_paper(window.hosting, window.queries, request.user, case_id, sha256)
    place = "inline" if paper.media_type in SHOWN_IN_PAGE else "attachment"
    return Stream(
        paper.content,
        media_type=paper.media_type,
        headers={
            "Content-Disposition": f"{place}; filename*=UTF-8''{quote(paper.name, safe='')}",
            "Content-Length": str(paper.size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        },
    )


ROUTES = [attach_paper, sign_with_paper, papers_of_case, one_paper]
