"""Staff and their sessions, the responses that stand for idempotency keys, and the audit trail.

Owns their rows. A password or token is never here, only its hash; what a role may do is elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from bancheng.store.changes import AuditRecord, IdempotencyRecord
from bancheng.store.database import Row, Transaction
from bancheng.store.errors import KeyInUse

SessionKind = Literal["session", "token"]
MAX_STAFF = 1_000
MAX_DELETED = 1_000


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff. `password_hash` is argon2's own text."""

    staff_id: str
    login: str
    name: str
    unit: str
    roles: tuple[str, ...]
    password_hash: str
    active: bool
    created_at: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser or an API token. `token_hash` is SHA-256 of what the client shows."""

    token_hash: bytes
    staff_id: str
    kind: SessionKind
    created_at: datetime
    expires_at: datetime
    csrf: str


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    staff: Staff


_STAFF = "s.staff_id, s.login, s.name, s.unit, s.roles, s.password_hash, s.active, s.created_at"
_SESSION = "n.token_hash, n.staff_id, n.kind, n.created_at, n.expires_at, n.csrf"
SAVE_STAFF = """
INSERT INTO staff (tenant, staff_id, login, name, unit, roles, password_hash, active, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant, staff_id) DO UPDATE SET login = excluded.login, name = excluded.name, unit = excluded.unit,
    roles = excluded.roles, password_hash = excluded.password_hash, active = excluded.active"""
# Column names of our own, written above: nothing of a user's reaches these texts.
STAFF_BY_LOGIN = f"SELECT {_STAFF} FROM staff s WHERE s.tenant = $1 AND s.login = $2"  # noqa: S608
ALL_STAFF = f"SELECT {_STAFF} FROM staff s WHERE s.tenant = $1 AND s.login > $2 ORDER BY s.login LIMIT $3"  # noqa: S608
STAFF_OF_UNIT = f"""
SELECT {_STAFF} FROM staff s WHERE s.tenant = $1 AND s.unit = $2 AND s.active ORDER BY s.login LIMIT $3"""  # noqa: S608
OPEN_SESSION = """
INSERT INTO session (tenant, token_hash, staff_id, kind, created_at, expires_at, csrf)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
SIGNED_IN = f"""
SELECT {_SESSION}, {_STAFF}
FROM session n JOIN staff s ON s.tenant = n.tenant AND s.staff_id = n.staff_id
WHERE n.tenant = $1 AND n.token_hash = $2 AND n.revoked_at IS NULL AND n.expires_at > $3 AND s.active"""  # noqa: S608
REVOKE = "UPDATE session SET revoked_at = $3 WHERE tenant = $1 AND token_hash = $2 AND revoked_at IS NULL"
REVOKE_OF_STAFF = "UPDATE session SET revoked_at = $3 WHERE tenant = $1 AND staff_id = $2 AND revoked_at IS NULL"
DELETE_SESSIONS = """
DELETE FROM session WHERE tenant = $1 AND token_hash = ANY(ARRAY(
    SELECT token_hash FROM session WHERE tenant = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3))"""
FIND_RESPONSE = """
SELECT staff_id, key, request_hash, status, response FROM idempotency
WHERE tenant = $1 AND staff_id = $2 AND key = $3"""
STORE_RESPONSE = """
INSERT INTO idempotency (tenant, staff_id, key, request_hash, status, response, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, staff_id, key) DO NOTHING"""
DELETE_RESPONSES = """
DELETE FROM idempotency WHERE tenant = $1 AND (staff_id, key) IN (
    SELECT staff_id, key FROM idempotency WHERE tenant = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)"""
AUDIT = """
INSERT INTO audit (tenant, staff_id, unit, action, case_id, detail, at)
SELECT $1, a.staff_id, a.unit, a.action, a.case_id, a.detail, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[]) WITH ORDINALITY
    AS a(staff_id, unit, action, case_id, detail, ordinal)
ORDER BY a.ordinal"""


async def save_staff(tx: Transaction, staff: Staff) -> None:
    """Add or change one. Raises AlreadyThere when another has the login."""
    await tx.execute(
        SAVE_STAFF, tx.tenant, staff.staff_id, staff.login, staff.name, staff.unit, list(staff.roles),
        staff.password_hash, staff.active, staff.created_at,
    )  # fmt: skip


async def staff_by_login(tx: Transaction, login: str) -> Staff | None:
    row = await tx.fetch_one(STAFF_BY_LOGIN, tx.tenant, login)
    return None if row is None else _staff(row)


async def list_staff(tx: Transaction, *, after_login: str = "", limit: int = MAX_STAFF) -> list[Staff]:
    """By login, a page at a time."""
    return [_staff(row) for row in await tx.fetch(ALL_STAFF, tx.tenant, after_login, min(limit, MAX_STAFF))]


async def staff_of_unit(tx: Transaction, unit: str) -> list[Staff]:
    """The active ones of a unit, by login, at most MAX_STAFF."""
    return [_staff(row) for row in await tx.fetch(STAFF_OF_UNIT, tx.tenant, unit, MAX_STAFF)]


async def open_session(tx: Transaction, session: Session) -> None:
    await tx.execute(
        OPEN_SESSION, tx.tenant, session.token_hash, session.staff_id, session.kind, session.created_at,
        session.expires_at, session.csrf,
    )  # fmt: skip


async def signed_in(tx: Transaction, token_hash: bytes, *, now: datetime) -> SignedIn | None:
    """Who shows this token: not revoked, not expired at `now` (wall time), of active staff. One look-up by key."""
    row = await tx.fetch_one(SIGNED_IN, tx.tenant, token_hash, now)
    if row is None:
        return None
    names = Session.__struct_fields__
    session = Session(**dict(zip(names, row[: len(names)], strict=True)))
    return SignedIn(session=session, staff=_staff(row[len(names) :]))


async def revoke_session(tx: Transaction, token_hash: bytes, *, now: datetime) -> bool:
    """Sign out. False when there was nothing to revoke."""
    return await tx.execute(REVOKE, tx.tenant, token_hash, now) > 0


async def revoke_sessions_of(tx: Transaction, staff_id: str, *, now: datetime) -> int:
    """After a password was changed or somebody left."""
    return await tx.execute(REVOKE_OF_STAFF, tx.tenant, staff_id, now)


async def delete_expired_sessions(tx: Transaction, *, before: datetime) -> int:
    """At most MAX_DELETED at a time."""
    return await tx.execute(DELETE_SESSIONS, tx.tenant, before, MAX_DELETED)


async def find_response(tx: Transaction, staff_id: str, key: str) -> IdempotencyRecord | None:
    """What was answered under this key before."""
    row = await tx.fetch_one(FIND_RESPONSE, tx.tenant, staff_id, key)
    if row is None:
        return None
    return IdempotencyRecord(staff_id=row[0], key=row[1], request_hash=row[2], status=row[3], response=row[4])


async def store_response(tx: Transaction, record: IdempotencyRecord, *, now: datetime) -> None:
    """For a request that appends nothing; `append(also=…)` takes the others along. Raises KeyInUse."""
    stored = await tx.execute(
        STORE_RESPONSE, tx.tenant, record.staff_id, record.key, record.request_hash, record.status, record.response, now
    )
    if not stored:
        raise KeyInUse(key=record.key)


async def delete_old_responses(tx: Transaction, *, before: datetime) -> int:
    """At most MAX_DELETED at a time."""
    return await tx.execute(DELETE_RESPONSES, tx.tenant, before, MAX_DELETED)


async def record_audit(tx: Transaction, records: Sequence[AuditRecord], *, now: datetime) -> None:
    """For what appends nothing, looking included; `append(also=…)` takes the others along."""
    columns = (
        [each.staff_id for each in records],
        [each.unit for each in records],
        [each.action for each in records],
        [each.case_id for each in records],
        [each.detail for each in records],
    )
    await tx.execute(AUDIT, tx.tenant, now, *columns)


def _staff(row: Row) -> Staff:
    return Staff(
        staff_id=row[0],
        login=row[1],
        name=row[2],
        unit=row[3],
        roles=tuple(row[4]),
        password_hash=row[5],
        active=row[6],
        created_at=row[7],
    )
