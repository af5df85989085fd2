"""`staff add`, `staff stop` and `staff list`: the accounts of a tenant, from a terminal.

Owns the command's steps. A password is read without echo, or made up and shown once; it is never an argument, since
those are seen by every user of the machine.
"""

from __future__ import annotations

import getpass
import secrets
import sys
from collections.abc import Sequence
from typing import get_args
from uuid import UUID

import msgspec

from bancheng.federation.site import wall_now
from bancheng.kernel.roles import Role
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile, read_site_files
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.store.accounts import Staff, list_staff, record_audit, revoke_sessions_of, save_staff, staff_by_login
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Database, Transaction
from bancheng.window.passwords import hash_password

ROLES: tuple[str, ...] = get_args(Role)
MIN_PASSWORD_CHARACTERS = 8


class StaffRefused(Exception):
    """What cannot be entered. `code` is stable, `field` names the input."""

    def __init__(self, code: str, *, field: str, detail: str = "") -> None:
        super().__init__(": ".join(part for part in (code, field, detail) if part))
        self.code = code
        self.field = field
        self.detail = detail


class NewStaff(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff to be. An empty password is made up."""

    tenant: str
    login: str
    name: str
    unit: str
    roles: tuple[str, ...]
    password: str = ""


def site_file_of(settings: Settings, tenant: str) -> SiteFile:
    """Raises StaffRefused, SiteFileError."""
    for file in read_site_files(settings.sites_dir):
        if file.tenant == tenant:
            return file
    raise StaffRefused("staff.unknown_tenant", field="tenant", detail=tenant)


async def add_staff(settings: Settings, new: NewStaff) -> str:
    """Adds or, for a login that is there, changes, which ends its sessions and tokens.

    Returns the password that was made up, else an empty text.

    Raises StaffRefused, SiteRefused, StoreError.
    """
    unknown = sorted(set(new.roles) - set(ROLES))
    if unknown or not new.roles:
        raise StaffRefused("staff.unknown_role", field="role", detail=", ".join(unknown))
    made_up = "" if new.password else secrets.token_urlsafe(12)
    password = new.password or made_up
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise StaffRefused("staff.password_too_short", field="password")
    file = site_file_of(settings, new.tenant)
    database = Database(settings.database_url, pool_size=2, application="bancheng-staff")
    try:
        site = await SiteMaker(database, file, DomainClock(settings.clock_file).now).make()
        unit = site.jurisdiction.unit(new.unit)
        if unit is None or unit.site != site.site:
            raise StaffRefused("staff.unit_not_here", field="unit", detail=new.unit)
        async with database.transaction(new.tenant) as tx:
            known = await staff_by_login(tx, new.login)
            staff = Staff(
                staff_id=known.staff_id if known is not None else str(_staff_id()),
                login=new.login,
                name=new.name,
                unit=new.unit,
                roles=new.roles,
                password_hash=hash_password(password),
                active=True,
                created_at=known.created_at if known is not None else wall_now(),
            )
            await _enter(tx, staff, "staff_added" if known is None else "staff_changed")
    finally:
        await database.close()
    return made_up


async def stop_staff(settings: Settings, tenant: str, login: str) -> None:
    """Nobody signs in with it any more, and whoever is in is out. What was done under it keeps its name.

    Raises StaffRefused, StoreError.
    """
    site_file_of(settings, tenant)
    database = Database(settings.database_url, pool_size=2, application="bancheng-staff")
    try:
        async with database.transaction(tenant) as tx:
            known = await staff_by_login(tx, login)
            if known is None:
                raise StaffRefused("staff.unknown_login", field="login", detail=login)
            await _enter(tx, msgspec.structs.replace(known, active=False), "staff_stopped")
    finally:
        await database.close()


async def _enter(tx: Transaction, staff: Staff, action: str) -> None:
    """The account as it is now; whoever is in is out, and it is in the audit who did it on this machine."""
    await save_staff(tx, staff)
    await revoke_sessions_of(tx, staff.staff_id, now=wall_now())
    detail = f"{staff.login}: {', '.join(staff.roles)}"
    record = AuditRecord(staff_id=operator(), unit=staff.unit, action=action, detail=detail)
    await record_audit(tx, [record], now=wall_now())


async def staff_of(settings: Settings, tenant: str) -> Sequence[Staff]:
    """By login, at most 1,000. Raises StaffRefused, StoreError."""
    site_file_of(settings, tenant)
    database = Database(settings.database_url, pool_size=2, application="bancheng-staff")
    try:
        async with database.transaction(tenant) as tx:
            return await list_staff(tx)
    finally:
        await database.close()


def operator() -> str:
    """Who types: the account of the machine, since the command has no other."""
    try:
        return f"operator:{getpass.getuser()}"
    except (OSError, KeyError):  # no account and no variable names one
        return "operator"


def ask_password() -> str:
    """From the terminal without echo, or the first line of what is piped in; empty: one is made up."""
    if sys.stdin.isatty():
        return getpass.getpass("密码 / password (empty: one is made up): ")
    return sys.stdin.readline().rstrip("\n")


def _staff_id() -> UUID:
    return uuid7(wall_now(), secrets.token_bytes(RANDOM_BYTES))
