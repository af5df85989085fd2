"""Showing papers: which a case has, how far those that are not here have come, and the bytes of one.

Owns who may see a paper and what is said of its state. Taking papers in is paper_intake.py's. Must not know HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.federation.desk import neighbours_of
from bancheng.kernel.case import Case
from bancheng.kernel.record import Paper
from bancheng.schema.intake_events import PaperKind
from bancheng.store.accounts import record_audit
from bancheng.store.changes import AuditRecord
from bancheng.store.errors import PaperGone
from bancheng.store.paper_types import SUFFIXES, UNKNOWN
from bancheng.store.papers import PaperRow, Source, paper_lost, papers_of_case
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.identity import Identity
from bancheng.window.queries import Queries

ShownState = Literal["here", "on_its_way", "refused", "missing"]


class PaperView(msgspec.Struct, frozen=True, kw_only=True):
    """A paper of a case. `on_its_way`: an entry names it, and `received_bytes` of it have come here so far.

    `refused`: the last copies did not match its hash (`refused_copies` of them), it is fetched again; `missing`: it
    was here and is lost, fetched again. `reason` is a stable code of what holds it up, or empty. `name` is empty
    where personal data is not for whoever asks. Sizes in bytes.
    """

    sha256: str
    name: str
    media_type: str
    size: int
    paper_kind: PaperKind
    attached_by: str
    attached_at: datetime
    state: ShownState
    received_bytes: int
    refused_copies: int
    reason: str


class OpenPaper(msgspec.Struct, frozen=True, kw_only=True):
    """A paper whose bytes are here. `media_type` and `size` are told by these bytes, not by who attached it."""

    name: str
    media_type: str
    size: int
    content: AsyncIterator[bytes]


async def list_papers(hosting: Hosting, queries: Queries, identity: Identity, case_id: UUID) -> list[PaperView]:
    """In the order in which they were attached. Raises ApiError `api.not_found`."""
    async with hosting.database.transaction(identity.tenant) as tx:
        case, hide = await queries.case_and_hiding(tx, identity, case_id)
        rows = await papers_of_case(tx, case_id) if case.record.papers else {}
    return [_view(each, rows.get(each.sha256), hide=hide) for each in case.record.papers]


async def open_paper(hosting: Hosting, queries: Queries, identity: Identity, case_id: UUID, sha256: str) -> OpenPaper:
    """The paper and its bytes; the reading is recorded. Raises ApiError `api.not_found`, `paper.hidden`,
    `paper.not_here_yet`; PaperGone when the bytes are lost, which are then fetched again; PaperStoreUnavailable.
    """
    site = identity.site
    async with hosting.database.transaction(identity.tenant) as tx:
        case, hide = await queries.case_and_hiding(tx, identity, case_id)
        paper = next((each for each in case.record.papers if each.sha256 == sha256), None)
        if paper is None:
            raise ApiError(404, "api.not_found")
        action = "refused:read-paper" if hide else "read_paper"
        await record_audit(tx, [_audit(identity, action, case_id, sha256)], now=site.wall_now())
        row = (await papers_of_case(tx, case_id)).get(sha256)
    if hide:
        raise ApiError(403, "paper.hidden")
    if row is None or row.state != "complete":
        raise ApiError(409, "paper.not_here_yet")
    try:
        await hosting.papers.read(identity.tenant, sha256, 0, 1)
    except PaperGone as gone:
        await _lost(hosting, identity, case, sha256, gone.code)
        raise
    return OpenPaper(
        name=paper.name,
        media_type=row.media_type if row.media_type in SUFFIXES else UNKNOWN,
        size=row.size,
        content=hosting.papers.content(identity.tenant, sha256, row.size),
    )


async def drawn_signature(hosting: Hosting, queries: Queries, identity: Identity, case_id: UUID) -> str:
    """The hash of the picture of the applicant's signature, for the printed form; empty where there is none to show:
    signed on paper or before the person was corrected, not here yet, or not for whoever asks. Raises ApiError
    `api.not_found`.
    """
    async with hosting.database.transaction(identity.tenant) as tx:
        case, hide = await queries.case_and_hiding(tx, identity, case_id)
        signature = case.record.signature
        if hide or signature is None or signature.method != "drawn" or signature.is_before_correction:
            return ""
        row = (await papers_of_case(tx, case_id)).get(signature.paper)
    is_picture = row is not None and row.state == "complete" and row.media_type == "image/png"
    return signature.paper if is_picture else ""


async def _lost(hosting: Hosting, identity: Identity, case: Case, sha256: str, code: str) -> None:
    """Its bytes are gone: it is fetched from whoever else takes part, where there is anybody."""
    site = identity.site
    neighbour = min(neighbours_of(site, case), default="")
    async with hosting.database.transaction(identity.tenant) as tx:
        ask = Source(peer=neighbour, source=neighbour)
        await paper_lost(tx, sha256, reason=code, ask=ask, now=site.wall_now())
    hosting.wake(identity.tenant)


def _view(paper: Paper, row: PaperRow | None, *, hide: bool) -> PaperView:
    return PaperView(
        sha256=paper.sha256,
        name="" if hide else paper.name,
        media_type=paper.media_type,
        size=paper.size,
        paper_kind=paper.paper_kind,
        attached_by=paper.attached_by,
        attached_at=paper.attached_at,
        state=_state(row),
        received_bytes=0 if row is None else row.received_bytes,
        refused_copies=0 if row is None else row.refused_copies,
        reason="" if row is None else row.reason,
    )


def _state(row: PaperRow | None) -> ShownState:
    """A copy that was refused is said until another one begins to come."""
    match row:
        case None:
            return "on_its_way"
        case PaperRow(state="complete"):
            return "here"
        case PaperRow(state="missing"):
            return "missing"
        case _:
            return "refused" if row.refused_copies and not row.received_bytes else "on_its_way"


def _audit(identity: Identity, action: str, case_id: UUID, detail: str = "") -> AuditRecord:
    return AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=action, case_id=case_id, detail=detail)
