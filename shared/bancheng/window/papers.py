"""Taking papers in and showing them: what is uploaded is read, judged, stored, and attached to its case, or nothing is.

Owns the order of these steps and who may see a paper. The bytes never pass through the history. Must not know HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import IO, Final, Literal
from uuid import UUID

import msgspec

from bancheng.federation.desk import Desk
from bancheng.kernel.case import Case
from bancheng.kernel.commands import AttachPaper
from bancheng.kernel.record import Paper
from bancheng.schema.intake_events import PaperKind
from bancheng.store.accounts import record_audit
from bancheng.store.casebook import load_cases
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.paper_store import READ_BYTES
from bancheng.store.paper_types import HEAD_BYTES, TAIL_BYTES, file_name, problem_with, type_of
from bancheng.store.papers import PaperRow, begin_storing, paper_stored, papers_by_hash
from bancheng.store.visibility import seen_of
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Refused, once, request_of
from bancheng.window.identity import Identity
from bancheng.window.permissions import may, sees_at_once, who_may
from bancheng.window.queries import Queries
from bancheng.window.usecases import finish

_MEBIBYTE: Final = 1 << 20
ShownState = Literal["here", "on_its_way"]


class PaperView(msgspec.Struct, frozen=True, kw_only=True):
    """A paper of a case. `on_its_way`: an entry names it, and `received_bytes` of it have come here so far.

    `name` is empty where personal data is not for whoever asks. Sizes in bytes.
    """

    sha256: str
    name: str
    media_type: str
    size: int
    paper_kind: PaperKind
    attached_by: str
    state: ShownState
    received_bytes: int
    refused_copies: int
    reason: str


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent, once it has been read and found to be a photo or a scan."""

    sha256: str
    name: str
    media_type: str
    size: int
    paper_kind: PaperKind


def judge(content: IO[bytes], name: str, paper_kind: PaperKind, *, most_bytes: int) -> Upload:
    """Read it once: its hash and what it is, whatever its sender calls it. Raises ApiError with the field `file`."""
    found, size, head, tail = hashlib.sha256(), 0, b"", b""
    while piece := content.read(READ_BYTES):
        found.update(piece)
        size += len(piece)
        head = (head + piece)[:HEAD_BYTES] if len(head) < HEAD_BYTES else head
        tail = (tail + piece)[-TAIL_BYTES:]
        if size > most_bytes:
            raise ApiError(413, "paper.too_large", field="file", maximum=most_bytes // _MEBIBYTE)
    problem = problem_with(head, tail, size)
    if problem is not None:
        raise ApiError(422, problem, field="file")
    content.seek(0)
    media_type = type_of(head)
    return Upload(
        sha256=found.hexdigest(),
        name=file_name(name, media_type),
        media_type=media_type,
        size=size,
        paper_kind=paper_kind,
    )


async def attach(
    hosting: Hosting, identity: Identity, case_id: UUID, upload: Upload, content: IO[bytes], key: str | None
) -> Answer:
    """200 with `Done`. Raises ApiError `api.not_found`, `api.forbidden`; Rejected; PaperStoreUnavailable.

    The rules are asked before anything is stored; what is stored and then not attached all the same is tidied away.
    """
    request = request_of(key, f"papers/{case_id}", upload)
    command = AttachPaper(
        sha256=upload.sha256,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.size,
        paper_kind=upload.paper_kind,
    )
    database, tenant, site = hosting.database, identity.tenant, identity.site
    async with database.transaction(tenant) as tx:
        case = await _permitted(tx, identity, case_id)
        row = (await papers_by_hash(tx, [upload.sha256])).get(upload.sha256)
        if case is not None:
            Desk(site, case_id, case).judge(command, identity.actor_on(case))
            if row is None or row.state != "complete":
                await begin_storing(
                    tx, upload.sha256, case_id, size=upload.size, media_type=upload.media_type, now=site.wall_now()
                )
    if case is not None and (row is None or row.state != "complete"):
        await hosting.papers.keep(tenant, upload.sha256, content)

    async def work(tx: Transaction) -> Answer:
        case = await _permitted(tx, identity, case_id, lock=True)
        if case is None:
            raise Refused(404, "api.not_found", _audit(identity, "refused:attach-paper", case_id))
        profile = site.profile(case.profile_edition)
        if not may(identity.roles, AttachPaper, profile, case):
            audit = _audit(identity, "refused:attach-paper", case_id)
            raise Refused(403, "api.forbidden", audit, roles=who_may(AttachPaper, profile, case))
        desk = Desk(site, case_id, case)
        desk.decide(command, identity.actor_on(case))
        now = site.wall_now()
        if not await paper_stored(tx, upload.sha256, size=upload.size, media_type=upload.media_type, now=now):
            raise ApiError(503, "api.busy", retry_seconds=1, seconds=1)
        return await finish(tx, desk, identity, request, "attach-paper")

    answer = await once(database, identity, request, work)
    hosting.wake(tenant)
    return answer


async def _permitted(tx: Transaction, identity: Identity, case_id: UUID, *, lock: bool = False) -> Case | None:
    """The case if it may be seen; before anything is stored, also only if the role may attach."""
    case = (await load_cases(tx, [case_id], lock=lock)).get(case_id)
    if case is None:
        return None
    if not (sees_at_once(identity.visible, case) or await seen_of(tx, identity.visible, [case_id])):
        return None
    if not lock and not may(identity.roles, AttachPaper, identity.site.profile(case.profile_edition), case):
        return None
    return case


async def list_papers(hosting: Hosting, queries: Queries, identity: Identity, case_id: UUID) -> list[PaperView]:
    """In the order in which they were attached. Raises ApiError `api.not_found`."""
    async with hosting.database.transaction(identity.tenant) as tx:
        case, hide = await queries.case_and_hiding(tx, identity, case_id)
        rows = await papers_by_hash(tx, [each.sha256 for each in case.record.papers])
    return [_view(each, rows.get(each.sha256), hide=hide) for each in case.record.papers]


async def open_paper(
    hosting: Hosting, queries: Queries, identity: Identity, case_id: UUID, sha256: str
) -> tuple[Paper, AsyncIterator[bytes]]:
    """The paper and its bytes; the reading is recorded. Raises ApiError `api.not_found`, `paper.hidden`,
    `paper.not_here_yet`.
    """
    site = identity.site
    async with hosting.database.transaction(identity.tenant) as tx:
        case, hide = await queries.case_and_hiding(tx, identity, case_id)
        paper = next((each for each in case.record.papers if each.sha256 == sha256), None)
        if paper is None:
            raise ApiError(404, "api.not_found")
        action = "refused:read-paper" if hide else "read_paper"
        await record_audit(tx, [_audit(identity, action, case_id, sha256)], now=site.wall_now())
        row = (await papers_by_hash(tx, [sha256])).get(sha256)
    if hide:
        raise ApiError(403, "paper.hidden")
    if row is None or row.state != "complete":
        raise ApiError(409, "paper.not_here_yet")
    await hosting.papers.read(identity.tenant, sha256, 0, 1)
    return paper, hosting.papers.content(identity.tenant, sha256, row.size)


def _view(paper: Paper, row: PaperRow | None, *, hide: bool) -> PaperView:
    here = row is not None and row.state == "complete"
    return PaperView(
        sha256=paper.sha256,
        name="" if hide else paper.name,
        media_type=paper.media_type,
        size=paper.size,
        paper_kind=paper.paper_kind,
        attached_by=paper.attached_by,
        state="here" if here else "on_its_way",
        received_bytes=0 if row is None else row.received_bytes,
        refused_copies=0 if row is None else row.refused_copies,
        reason="" if row is None else row.reason,
    )


def _audit(identity: Identity, action: str, case_id: UUID, detail: str = "") -> AuditRecord:
    return AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=action, case_id=case_id, detail=detail)


TURNS: Final = 8
"""Uploads of a process at a time: each holds a temporary file."""


class UploadTurns:
    """Who may upload now. Raises ApiError `api.busy` at once instead of letting people wait with a full form."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(TURNS)

    async def __aenter__(self) -> None:
        if self._turns.locked():
            raise ApiError(503, "api.busy", retry_seconds=2, seconds=2)
        await self._turns.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()
