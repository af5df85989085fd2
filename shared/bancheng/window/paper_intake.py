"""Taking papers in: what is sent is read, judged, stored, and entered into its case, or nothing is.

Owns the order of these steps, for a paper alone and for a paper together with the signature that it shows. The bytes
never pass through the history. Must not know HTTP; who may see a paper is papers.py's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import IO, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from bancheng.federation.desk import Desk
from bancheng.kernel.case import Case
from bancheng.kernel.commands import AttachPaper, SignForm
from bancheng.kernel.rejected import Rejected
from bancheng.schema.intake_events import PaperKind, SignatureMethod
from bancheng.store.casebook import load_cases
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.paper_store import READ_BYTES
from bancheng.store.paper_types import HEAD_BYTES, TAIL_BYTES, file_name, problem_with, type_of
from bancheng.store.papers import begin_storing, paper_stored, papers_of_case
from bancheng.store.visibility import seen_of
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Refused, Request, once, request_of
from bancheng.window.identity import Identity
from bancheng.window.permissions import may, sees_at_once, who_may
from bancheng.window.usecases import finish, require_version

_MEBIBYTE: Final = 1 << 20
TURNS: Final = 8
"""Uploads of a process at a time: each holds a temporary file."""
DRAWN_TYPE: Final = "image/png"


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent, once it has been read and found to be a photo or a scan."""

    sha256: str
    name: str
    media_type: str
    size: int
    paper_kind: PaperKind


class SignatureBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signed the registration form, and how: `drawn` on the screen, or on `paper`, or by `thumbprint` on it."""

    method: SignatureMethod
    signer: Annotated[str, Meta(min_length=1, max_length=100)]


class _Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What tells a repeated signature from another one under the same key."""

    upload: Upload
    signature: SignatureBody


class Entering(msgspec.Struct, frozen=True, kw_only=True):
    """What is entered into the case with an upload, in this order; `action` is what the audit calls it."""

    commands: Sequence[AttachPaper | SignForm]
    action: str
    version: bytes | None = None


def judge(content: IO[bytes], name: str, paper_kind: PaperKind, *, most_bytes: int) -> Upload:
    """Read it once: its hash and what it is, whatever its sender calls it. Raises ApiError with the field `file`."""
    found, size, head, tail = hashlib.sha256(), 0, b"", b""
    while piece := content.read(READ_BYTES):
        found.update(piece)
        size += len(piece)
        head = (head + piece)[:HEAD_BYTES] if len(head) < HEAD_BYTES else head
        tail = (tail + piece)[-TAIL_BYTES:]
        if size > most_bytes:
            raise too_large(most_bytes)
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


def too_large(most_bytes: int) -> ApiError:
    return ApiError(413, "paper.too_large", field="file", maximum=max(1, most_bytes // _MEBIBYTE))


async def attach(
    hosting: Hosting, identity: Identity, case_id: UUID, upload: Upload, content: IO[bytes], key: str | None
) -> Answer:
    """200 with `Done`. Raises ApiError `api.not_found`, `api.forbidden`; Rejected; PaperStoreUnavailable."""
    request = request_of(key, f"papers/{case_id}", upload)
    entering = Entering(commands=(_attaching(upload),), action="attach-paper")
    return await _enter(hosting, identity, case_id, upload, content, request, entering)


async def sign(
    hosting: Hosting,
    identity: Identity,
    case_id: UUID,
    signature: SignatureBody,
    upload: Upload,
    content: IO[bytes],
    key: str | None,
    *,
    version: bytes | None = None,
) -> Answer:
    """签收 with the paper that shows it: both are entered, or neither (PA-R10). 200 with `Done`.

    Raises what `attach` does, and ApiError `form.drawing_not_png`, `api.stale_version`.
    """
    if signature.method == "drawn" and upload.media_type != DRAWN_TYPE:
        raise ApiError(422, "form.drawing_not_png", field="file")
    request = request_of(key, f"signature/{case_id}", _Signed(upload=upload, signature=signature))
    signing = SignForm(method=signature.method, signer=signature.signer, paper=upload.sha256)
    entering = Entering(commands=(_attaching(upload), signing), action="sign-form", version=version)
    return await _enter(hosting, identity, case_id, upload, content, request, entering)


def _attaching(upload: Upload) -> AttachPaper:
    return AttachPaper(
        sha256=upload.sha256,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.size,
        paper_kind=upload.paper_kind,
    )


async def _enter(
    hosting: Hosting,
    identity: Identity,
    case_id: UUID,
    upload: Upload,
    content: IO[bytes],
    request: Request,
    entering: Entering,
) -> Answer:
    """The rules are asked before anything is stored; what is stored and then not entered after all is tidied away."""
    database, tenant, site = hosting.database, identity.tenant, identity.site
    async with database.transaction(tenant) as tx:
        case = await _seen(tx, identity, case_id)
        is_wanted = case is not None and _is_accepted(Desk(site, case_id, case), case, identity, entering)
        if is_wanted:
            row = (await papers_of_case(tx, case_id)).get(upload.sha256)
            is_wanted = row is None or row.state != "complete"
        if is_wanted:
            await begin_storing(
                tx, upload.sha256, case_id, size=upload.size, media_type=upload.media_type, now=site.wall_now()
            )
    if is_wanted:
        await hosting.papers.keep(tenant, upload.sha256, content)

    async def work(tx: Transaction) -> Answer:
        case = await _seen(tx, identity, case_id, lock=True)
        if case is None:
            raise Refused(404, "api.not_found", _refusal(identity, entering, case_id))
        roles = _forbidden(identity, case, entering)
        if roles:
            raise Refused(403, "api.forbidden", _refusal(identity, entering, case_id), roles=roles)
        require_version(case, entering.version)
        desk = Desk(site, case_id, case)
        _decide(desk, case, identity, entering)
        now = site.wall_now()
        if not await paper_stored(tx, upload.sha256, case_id, size=upload.size, media_type=upload.media_type, now=now):
            raise ApiError(503, "api.busy", retry_seconds=1, seconds=1)
        return await finish(tx, desk, identity, request, entering.action)

    answer = await once(database, identity, request, work)
    hosting.wake(tenant)
    return answer


def _decide(desk: Desk, case: Case, identity: Identity, entering: Entering) -> None:
    for command in entering.commands:
        desk.decide(command, identity.actor_on(case))


def _is_accepted(desk: Desk, case: Case, identity: Identity, entering: Entering) -> bool:
    """Whether it would be entered as things stand. If not, nothing is stored, and the write itself says why."""
    if _forbidden(identity, case, entering):
        return False
    try:
        _decide(desk, case, identity, entering)
    except Rejected:
        return False
    return True


async def _seen(tx: Transaction, identity: Identity, case_id: UUID, *, lock: bool = False) -> Case | None:
    """The case if it may be seen."""
    case = (await load_cases(tx, [case_id], lock=lock)).get(case_id)
    if case is None:
        return None
    if not (sees_at_once(identity.visible, case) or await seen_of(tx, identity.visible, [case_id])):
        return None
    return case


def _forbidden(identity: Identity, case: Case, entering: Entering) -> str:
    """The roles that may enter it, where the asker's may not; empty where they may."""
    profile = identity.site.profile(case.profile_edition)
    refused = (each for each in entering.commands if not may(identity.roles, type(each), profile, case))
    first = next(refused, None)
    return "" if first is None else who_may(type(first), profile, case)


def _refusal(identity: Identity, entering: Entering, case_id: UUID) -> AuditRecord:
    action = f"refused:{entering.action}"
    return AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=action, case_id=case_id)


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
