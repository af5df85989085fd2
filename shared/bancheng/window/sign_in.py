"""Signing in and out, and who shows which token.

Owns tokens (`<tenant>.<secret>`, only whose hash is stored), their length of life in wall time, and a short memory of
those just looked up: a session that another replica revoked is honoured here for at most REMEMBERED_SECONDS.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

import msgspec

from bancheng.store.accounts import (
    Session,
    SessionKind,
    SignedIn,
    Staff,
    open_session,
    record_audit,
    revoke_session,
    signed_in,
    staff_by_login,
)
from bancheng.store.changes import AuditRecord
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting, UnknownTenant
from bancheng.window.identity import Identity
from bancheng.window.parts import Limits
from bancheng.window.passwords import MAXIMUM_CHARACTERS, PasswordCheck
from bancheng.window.rate_limits import RateLimit

REMEMBERED_SECONDS: Final = 5.0
MOST_REMEMBERED: Final = 5_000
SECRET_BYTES: Final = 32


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session or token just opened; `token` is shown once and never again."""

    token: str
    expires_at: datetime
    staff: Staff


def token_hash(secret: str) -> bytes:
    """256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


class SignIn:
    """Sign-in for all tenants of one process."""

    def __init__(self, hosting: Hosting, limits: Limits) -> None:
        self._hosting = hosting
        self._limits = limits
        self._passwords = PasswordCheck()
        self._by_login = RateLimit(limits.sign_in_by_login, remembered=limits.remembered_keys)
        self._by_address = RateLimit(limits.sign_in_by_address, remembered=limits.remembered_keys)
        self._requests = RateLimit(limits.requests, remembered=limits.remembered_keys)
        self._remembered: OrderedDict[str, tuple[float, SignedIn]] = OrderedDict()

    async def sign_in(self, tenant: str, login: str, password: str, *, address: str, kind: SessionKind) -> Opened:
        """Raises UnknownTenant, ApiError `api.sign_in_failed` or `api.rate_limited`. Either way it is in the audit."""
        site = self._hosting.site(tenant)
        self._by_address.take(address)
        self._by_login.take(f"{tenant}/{login[:64]}")
        async with self._hosting.database.transaction(tenant) as tx:
            staff = await staff_by_login(tx, login)
        may_enter = staff is not None and staff.active and len(password) <= MAXIMUM_CHARACTERS
        known_hash = staff.password_hash if staff is not None and may_enter else None
        right = await self._passwords.fits(password[:MAXIMUM_CHARACTERS], known_hash)
        now = site.wall_now()
        async with self._hosting.database.transaction(tenant) as tx:
            if staff is None or not right:
                # A login that is nobody's may be a password typed into the wrong box: it is not kept.
                refused = AuditRecord(
                    staff_id=staff.staff_id if staff else "", unit=staff.unit if staff else "",
                    action="sign_in_refused", detail=address,
                )  # fmt: skip
                await record_audit(tx, [refused], now=now)
            else:
                session, token = self._new_session(tenant, staff, kind, now)
                await open_session(tx, session)
                entered = AuditRecord(staff_id=staff.staff_id, unit=staff.unit, action="sign_in", detail=address)
                await record_audit(tx, [entered], now=now)
                self._by_login.forget(f"{tenant}/{login[:64]}")
                # A whole hall comes from one address in the morning: only what failed counts against it.
                self._by_address.give_back(address)
                return Opened(token=token, expires_at=session.expires_at, staff=staff)
        raise ApiError(401, "api.sign_in_failed")

    def _new_session(self, tenant: str, staff: Staff, kind: SessionKind, now: datetime) -> tuple[Session, str]:
        hours = self._limits.session_hours if kind == "session" else self._limits.token_hours
        secret = secrets.token_urlsafe(SECRET_BYTES)
        session = Session(
            token_hash=token_hash(secret),
            staff_id=staff.staff_id,
            kind=kind,
            created_at=now,
            expires_at=now + timedelta(hours=hours),
            csrf=secrets.token_urlsafe(SECRET_BYTES) if kind == "session" else "",
        )
        return session, f"{tenant}.{secret}"

    async def identity(self, token: str, *, kind: SessionKind) -> Identity:
        """Who shows this token. Raises ApiError `api.not_signed_in` or `api.rate_limited`."""
        tenant, _, secret = token.partition(".")
        try:
            site = self._hosting.site(tenant)
        except UnknownTenant as error:
            raise ApiError(401, "api.not_signed_in") from error
        now = site.wall_now()
        found = self._recall(token, now)
        if found is None:
            async with self._hosting.database.transaction(tenant) as tx:
                found = await signed_in(tx, token_hash(secret), now=now)
            if found is None or found.session.kind != kind:
                raise ApiError(401, "api.not_signed_in")
            self._remember(token, found)
        if found.session.kind != kind:
            raise ApiError(401, "api.not_signed_in")
        self._requests.take(f"{tenant}/{found.staff.staff_id}")
        return Identity(site, found, await self._hosting.rosters.of(tenant, found.staff.unit))

    async def sign_out(self, token: str, identity: Identity) -> None:
        """Revoked at once, here and everywhere."""
        self._remembered.pop(token, None)
        now = identity.site.wall_now()
        async with self._hosting.database.transaction(identity.tenant) as tx:
            await revoke_session(tx, identity.token_hash, now=now)
            left = AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action="sign_out")
            await record_audit(tx, [left], now=now)

    def _recall(self, token: str, now: datetime) -> SignedIn | None:
        known = self._remembered.get(token)
        if known is None or time.monotonic() - known[0] > REMEMBERED_SECONDS or known[1].session.expires_at <= now:
            return None
        return known[1]

    def _remember(self, token: str, found: SignedIn) -> None:
        self._remembered[token] = (time.monotonic(), found)
        self._remembered.move_to_end(token)
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
