"""What every change of a register and every published edition have in common: who may, once for each key, audited.

Owns these steps. What a register holds is its own module's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import msgspec

from bancheng.federation.publication import next_edition, publish
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.units import is_closed
from bancheng.schema.documents import Document, DocumentKind, UnitEntry
from bancheng.store.accounts import record_audit, store_response
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.errors import DatabaseConflict, DocumentConflict
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Refused, Request, audit, once, record_of
from bancheng.window.identity import Identity
from bancheng.window.permissions import CHANGES_NOTHING, Role

ADMINISTRATORS: tuple[Role, ...] = ("administrator",)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants changed. `action` and `detail` stand in the audit: no personal data in them."""

    action: str
    request: Request
    detail: str = ""
    roles: tuple[Role, ...] = ADMINISTRATORS
    at_the_top: bool = True


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The edition that was published, and the day from which it is in effect."""

    kind: DocumentKind
    edition: int
    effective_on: date


async def changed(
    hosting: Hosting,
    identity: Identity,
    change: Change,
    work: Callable[[Transaction], Awaitable[msgspec.Struct]],
    *,
    status: int = 200,
) -> Answer:
    """Do `work` once for the request's key; what it returns is the answer. Raises ApiError `register.forbidden` and
    `publish.not_here`, and whatever `work` raises.
    """

    async def attempt(tx: Transaction) -> Answer:
        _require(identity, change.action, change.roles, at_the_top=change.at_the_top)
        done = await work(tx)
        answer = Answer(status=status, body=msgspec.json.encode(done))
        record = record_of(identity, change.request, answer, _audited(identity, change, done))
        now = identity.site.wall_now()
        if record.idempotency is not None:
            await store_response(tx, record.idempotency, now=now)
        await record_audit(tx, record.audit, now=now)
        return answer

    return await once(hosting.database, identity, change.request, attempt)


async def publish_once(
    hosting: Hosting, identity: Identity, change: Change, work: Callable[[Transaction], Awaitable[Published]]
) -> Answer:
    """Do `work`, which publishes an edition: 201 with `Published`. In use here at once where it is in effect today."""

    async def attempt(tx: Transaction) -> msgspec.Struct:
        try:
            return await work(tx)
        except DocumentConflict as error:
            # Somebody else published meanwhile: try again on what they published.
            raise DatabaseConflict from error

    answer = await changed(hosting, identity, change, attempt, status=201)
    await hosting.renew(identity.tenant)
    hosting.wake(identity.tenant)
    return answer


async def publish_register(
    hosting: Hosting,
    identity: Identity,
    change: Change,
    kind: DocumentKind,
    make: Callable[[Transaction, int], Awaitable[msgspec.Struct]],
) -> Answer:
    """A register's next edition, in effect from today. `make` is given its number; 201 with `Published`."""

    async def work(tx: Transaction) -> Published:
        site = identity.site
        today = site.calendar.local_day(site.now())
        edition = await next_edition(tx, kind)
        body = msgspec.json.encode(await make(tx, edition))
        await publish(tx, site, Document(kind=kind, edition=edition, effective_on=today, body=body))
        return Published(kind=kind, edition=edition, effective_on=today)

    return await publish_once(hosting, identity, change, work)


async def admit(
    hosting: Hosting,
    identity: Identity,
    action: str,
    roles: tuple[Role, ...] = ADMINISTRATORS,
    *,
    at_the_top: bool = True,
) -> None:
    """Whether somebody may begin what is done in more than one step. Raises ApiError; a refusal is in the audit."""
    try:
        _require(identity, action, roles, at_the_top=at_the_top)
    except Refused as refused:
        await audit(hosting.database, identity, refused.audit)
        raise


def may_change(identity: Identity, roles: tuple[Role, ...] = ADMINISTRATORS) -> bool:
    """Whether somebody has one of the roles, and no role that changes nothing."""
    held = frozenset(identity.roles)
    return not held & CHANGES_NOTHING and bool(held & frozenset(roles))


def _require(identity: Identity, action: str, roles: tuple[Role, ...], *, at_the_top: bool) -> None:
    """Raises ApiError."""
    if not may_change(identity, roles):
        refused = AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=f"refused:{action}")
        raise Refused(403, "register.forbidden", refused, roles=",".join(roles))
    if at_the_top and not is_top(identity):
        top = top_unit(identity)
        raise ApiError(409, "publish.not_here", site=top.site, unit=top.code)


def is_top(identity: Identity) -> bool:
    """Whether this site is the tenant's top one."""
    return identity.site.jurisdiction.depth(identity.site.site) == 0


def top_unit(identity: Identity) -> UnitEntry:
    """The unit at whose site the tenant's registers, rules and days are changed."""
    return next(each for each in identity.site.jurisdiction.directory.units if each.parent is None)


def require_department(identity: Identity, code: str, field: str) -> None:
    """A unit of the directory that is no window, and open. Raises Rejected."""
    site = identity.site
    unit = site.jurisdiction.unit(code)
    if unit is None or unit.is_window or is_closed(unit, site.calendar.local_day(site.now())):
        raise Rejected("unit.not_a_department", field=field, unit=code)


def _audited(identity: Identity, change: Change, done: msgspec.Struct) -> AuditRecord:
    detail = change.detail or (f"edition {done.edition}" if isinstance(done, Published) else "")
    return AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=change.action, detail=detail[:200])
