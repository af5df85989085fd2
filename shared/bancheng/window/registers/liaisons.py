"""涉企部门联络员: whom a department that serves enterprises named, and which have named nobody (PA-18).

Owns the list, who sees phones in full, and that looking is recorded. Kept at the top tier alone.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from bancheng.kernel.command import Key, Name
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.units import is_closed
from bancheng.schema.events import Person
from bancheng.store.accounts import record_audit
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.liaisons import Liaison, list_liaisons, remove_liaison, save_liaison
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request
from bancheng.window.identity import Identity
from bancheng.window.permissions import Role, masked
from bancheng.window.registers.changing import Change, changed, is_top, may_change, require_department

SEES_PHONES: tuple[Role, ...] = ("clerk", "duty_leader", "coordinator", "leader", "administrator")


class NameLiaisonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever was named before is replaced."""

    unit: Key
    name: Name
    phone: Annotated[str, Meta(min_length=3, max_length=32)]


class RemoveLiaisonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    unit: Key


class LiaisonRow(msgspec.Struct, frozen=True, kw_only=True):
    """A department that serves enterprises, or that named somebody. `is_gap`: it should have named one, and has not."""

    unit: str
    unit_name: str
    name: str
    phone: str
    is_gap: bool


class LiaisonSaved(msgspec.Struct, frozen=True, kw_only=True):
    unit: str


async def name_liaison(hosting: Hosting, identity: Identity, body: NameLiaisonBody, request: Request) -> Answer:
    """By an administrator at the top. A department has one."""

    async def work(tx: Transaction) -> msgspec.Struct:
        require_department(identity, body.unit, "unit")
        liaison = Liaison(unit=body.unit, name=body.name, phone=body.phone)
        await save_liaison(tx, liaison, now=identity.site.wall_now())
        return LiaisonSaved(unit=body.unit)

    return await changed(hosting, identity, Change(action="liaison-named", request=request, detail=body.unit), work)


async def drop_liaison(hosting: Hosting, identity: Identity, body: RemoveLiaisonBody, request: Request) -> Answer:
    """The department is listed as a gap again."""

    async def work(tx: Transaction) -> msgspec.Struct:
        if not await remove_liaison(tx, body.unit):
            raise Rejected("liaison.none", field="unit", unit=body.unit)
        return LiaisonSaved(unit=body.unit)

    return await changed(hosting, identity, Change(action="liaison-removed", request=request, detail=body.unit), work)


async def list_of_liaisons(hosting: Hosting, identity: Identity) -> list[LiaisonRow]:
    """Gaps first. Below the top there are none. Whoever sees phones in full is in the audit."""
    if not is_top(identity):
        return []
    in_full = may_change(identity, SEES_PHONES)
    async with hosting.database.transaction(identity.tenant) as tx:
        named = await list_liaisons(tx)
        if named and in_full:
            read = AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action="liaisons-read")
            await record_audit(tx, [read], now=identity.site.wall_now())
    site = identity.site
    today = site.calendar.local_day(site.now())
    rows: list[LiaisonRow] = []
    for unit in site.jurisdiction.directory.units:
        found = named.get(unit.code)
        if is_closed(unit, today) or (found is None and not unit.serves_enterprises):
            continue
        person = Person(name=found.name, phone=found.phone) if found is not None else Person(name="")
        shown = person if in_full else masked(person)
        rows.append(
            LiaisonRow(
                unit=unit.code, unit_name=unit.name, name=shown.name, phone=shown.phone, is_gap=found is None
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: not row.is_gap)
