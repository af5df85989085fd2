"""签阅: whom a notice about a case is for, and that they have seen it.

Owns both. A notice stands until one of those whom it is for acknowledges it, which is in the audit; what raises it is
the store's (notices.py).
"""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from bancheng.store.accounts import record_audit, store_response
from bancheng.store.alerts import clear_alerts
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.notices import FAULT_OF_UNIT, FAULT_TO_LEADER, LEADER_CALLED
from bancheng.store.visibility import seen_of
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Refused, Request, once, record_of
from bancheng.window.identity import Identity
from bancheng.window.permissions import CHANGES_NOTHING

LEADS: Final = frozenset({"leader", "coordinator", "duty_leader"})
_PERSONAL: Final = frozenset({FAULT_OF_UNIT, FAULT_TO_LEADER, LEADER_CALLED})


class AcknowledgeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind` as the alert has it."""

    kind: Annotated[str, Meta(min_length=1, max_length=200)]


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    case_id: UUID
    kind: str


def is_shown(identity: Identity, kind: str) -> bool:
    """Notices are for those whom they concern; all other alerts are for everybody who sees the case."""
    return kind.partition(":")[0] not in _PERSONAL or is_for(identity, kind)


def is_for(identity: Identity, kind: str) -> bool:
    """Whether it is this one's to acknowledge: the unit's own people, or who leads."""
    what, _, rest = kind.partition(":")
    unit = rest.partition(":")[2]
    held = frozenset(identity.roles)
    if held & CHANGES_NOTHING:
        return False
    match what:
        case "fault_of_unit":
            return identity.unit == unit
        case "fault_to_leader":
            return bool(held & LEADS)
        case "leader_called":
            return identity.unit == unit and bool(held & LEADS)
        case _:
            return False


async def acknowledge(
    hosting: Hosting, identity: Identity, case_id: UUID, body: AcknowledgeBody, request: Request
) -> Answer:
    """200 with `Acknowledged`. Raises ApiError `api.not_found`, `api.forbidden`, `alert.not_open`."""
    audit = AuditRecord(
        staff_id=identity.staff_id, unit=identity.unit, action="alert-acknowledged", case_id=case_id,
        detail=body.kind[:200],
    )  # fmt: skip

    async def work(tx: Transaction) -> Answer:
        if not await seen_of(tx, identity.visible, [case_id]):
            raise ApiError(404, "api.not_found")
        if not is_for(identity, body.kind):
            refused = msgspec.structs.replace(audit, action="refused:alert-acknowledged")
            raise Refused(403, "api.forbidden", refused, roles=",".join(sorted(LEADS)))
        now = identity.site.wall_now()
        if not await clear_alerts(tx, [case_id], body.kind, at=now):
            raise ApiError(409, "alert.not_open")
        answer = Answer(status=200, body=msgspec.json.encode(Acknowledged(case_id=case_id, kind=body.kind)))
        record = record_of(identity, request, answer, audit)
        if record.idempotency is not None:
            await store_response(tx, record.idempotency, now=now)
        await record_audit(tx, record.audit, now=now)
        return answer

    return await once(hosting.database, identity, request, work)
