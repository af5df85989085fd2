"""A deed in a case that somebody else holds: the holder is asked to enter it.

Owns when that is done instead of refusing, and the record of it at this site. How an ask finds the holder is the
federation's, what the holder answers the rules'. Must not know HTTP nor pages.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.federation.asks import send_ask, way_to_holder
from bancheng.federation.desk import Desk
from bancheng.kernel.asking import AnswerAsk, Ask, AskedCommand
from bancheng.kernel.case import Case
from bancheng.kernel.commands import AnyCommand, CorrectPerson
from bancheng.kernel.corrections import what_differs
from bancheng.kernel.decide import decide_asked
from bancheng.kernel.rejected import Rejected
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.store.accounts import record_audit, store_response
from bancheng.store.asks import OwnAsk, record_ask
from bancheng.store.casebook import append
from bancheng.store.changes import AuditRecord, RequestRecord
from bancheng.store.database import Transaction
from bancheng.window.idempotency import Answer, Request, record_of
from bancheng.window.identity import Identity

_NOT_THE_HOLDERS = ("case.not_holder", "case.in_transit")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The holder was asked to enter it; the answer will stand in the case."""

    case_id: UUID
    ask_id: UUID
    holder_unit: str


def asked_instead(command: AnyCommand, refusal: Rejected) -> AskedCommand | None:
    """The command, where it was refused only because somebody else holds the case, and can be asked for."""
    return command if refusal.code in _NOT_THE_HOLDERS and isinstance(command, AskedCommand) else None


async def ask_holder(
    tx: Transaction, desk: Desk, case: Case, command: AskedCommand, identity: Identity, request: Request
) -> Answer:
    """Over the link, or at once where the holder is another unit of this site. 202 with `Asked`.

    Raises Rejected for what the holder would refuse by what is known here: nobody waits for an answer known already.
    """
    site, actor = identity.site, identity.actor_on(case)
    decide_asked(command, case, site.context(actor, desk.profile()))
    if isinstance(command, CorrectPerson):
        command = what_differs(command, case.person)
    ask = Ask(
        at=site.now(),
        actor=actor,
        ask_id=uuid7(site.wall_now(), site.random(RANDOM_BYTES)),
        case_id=case.case_id,
        command=command,
    )
    stored = await send_ask(tx, desk, ask)
    own = OwnAsk(
        ask_id=ask.ask_id, case_id=case.case_id, asked_at=ask.at, staff_id=identity.staff_id, command=command,
        event_hash=stored.hash,
    )  # fmt: skip
    await record_ask(tx, own)
    asked = Asked(case_id=case.case_id, ask_id=ask.ask_id, holder_unit=case.holder_unit)
    answer = Answer(status=202, body=msgspec.json.encode(asked))
    audit = AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action="ask", case_id=case.case_id)
    also = record_of(identity, request, answer, audit)
    if way_to_holder(desk) is not None:
        await _store_request(tx, also, site.wall_now())
        return answer
    desk.decide(AnswerAsk(ask=ask, ask_hash=stored.hash, asked_site=site.site), site.system_actor(case.holder_unit))
    await append(tx, [desk.change()], now=site.wall_now(), also=[also])
    return answer


async def _store_request(tx: Transaction, also: RequestRecord, now: datetime) -> None:
    if also.idempotency is not None:
        await store_response(tx, also.idempotency, now=now)
    await record_audit(tx, also.audit, now=now)
