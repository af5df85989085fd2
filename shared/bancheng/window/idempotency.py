"""One request, one effect: the answer to a key is stored with what it changed and given again.

Owns the tries of a write: what is retried, and which stored answer stands. Must not know what is written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from bancheng.federation.editions import PublishRefused
from bancheng.kernel.rejected import Rejected
from bancheng.store.accounts import find_response, record_audit
from bancheng.store.changes import AuditRecord, IdempotencyRecord, RequestRecord
from bancheng.store.database import Database, Transaction
from bancheng.store.errors import DatabaseConflict, EntryExists, KeyInUse, StaleVersion
from bancheng.window.failures import ApiError
from bancheng.window.identity import Identity
from bancheng.window.rule_books import BookUnreadable

MOST_TRIES: Final = 4
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_PASSING = (DatabaseConflict, EntryExists, StaleVersion)
_REFUSALS = (Rejected, ApiError, PublishRefused, BookUnreadable)
"""What stands as it is however often it is tried; a repeat of what was done before looks like one of them."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may come twice. `content` tells a repeat from another request under the same key."""

    key: str
    content: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent back: JSON as it was stored. `replayed`: the change had been made before."""

    status: int
    body: bytes
    replayed: bool = False


class Refused(ApiError):
    """Somebody asked for what they may not have: it is put in the audit, then said, with the roles that may."""

    def __init__(self, status: int, code: str, audit: AuditRecord, *, roles: str = "") -> None:
        if roles:
            super().__init__(status, code, roles=roles)
        else:
            super().__init__(status, code)
        self.audit = audit


def request_of(key: str | None, action: str, body: msgspec.Struct) -> Request:
    """Raises ApiError `api.idempotency_key_missing` or `api.idempotency_key_invalid`."""
    if not key:
        raise ApiError(400, "api.idempotency_key_missing")
    if _KEY.fullmatch(key) is None:
        raise ApiError(400, "api.idempotency_key_invalid")
    content = hashlib.sha256(action.encode() + b"\0" + msgspec.json.encode(body)).digest()
    return Request(key=key, content=content)


def record_of(identity: Identity, request: Request, answer: Answer, audit: AuditRecord) -> RequestRecord:
    """What the request leaves beside its case, in the same statement."""
    key = IdempotencyRecord(
        staff_id=identity.staff_id,
        key=request.key,
        request_hash=request.content,
        status=answer.status,
        response=answer.body,
    )
    return RequestRecord(idempotency=key, audit=(audit,))


async def once(
    database: Database, identity: Identity, request: Request, work: Callable[[Transaction], Awaitable[Answer]]
) -> Answer:
    """Do `work` in a transaction, unless its key has an answer. See `answer_once`."""

    async def attempt() -> Answer:
        async with database.transaction(identity.tenant) as tx:
            return await work(tx)

    return await answer_once(database, identity, request, attempt)


async def answer_once(
    database: Database, identity: Identity, request: Request, attempt: Callable[[], Awaitable[Answer]]
) -> Answer:
    """The answer of `attempt`, which commits it, or the stored one. Tried again when only others were in the way.

    Raises ApiError `api.idempotency_conflict`, and whatever `attempt` and the store raise. A repeat costs nothing on
    the first try: only when the attempt fails is the stored answer looked for.
    """
    for tries in range(1, MOST_TRIES + 1):
        try:
            return await attempt()
        except (KeyInUse, *_REFUSALS, *_PASSING) as error:
            known = await _known(database, identity, request)
            if known is not None:
                return known
            if isinstance(error, Refused):
                await audit(database, identity, error.audit)
            if isinstance(error, _REFUSALS) or tries == MOST_TRIES:
                raise
    raise AssertionError("the last try returns or raises")


async def _known(database: Database, identity: Identity, request: Request) -> Answer | None:
    async with database.transaction(identity.tenant) as tx:
        known = await find_response(tx, identity.staff_id, request.key)
    if known is None:
        return None
    if known.request_hash != request.content:
        raise ApiError(409, "api.idempotency_conflict")
    return Answer(status=known.status, body=known.response, replayed=True)


async def audit(database: Database, identity: Identity, record: AuditRecord) -> None:
    """In a transaction of its own: what was refused leaves this one row."""
    async with database.transaction(identity.tenant) as tx:
        await record_audit(tx, [record], now=identity.site.wall_now())
