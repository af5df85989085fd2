"""What this site asked of a case's holder, and how the holder answered.

Owns the asking site's own record. The answer arrives as an entry of the case.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.store.database import Transaction

AskState = Literal["sent", "accepted", "refused"]
MAX_ASKS = 500


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is the code or text of a refusal."""

    ask_id: UUID
    case_id: UUID
    asked_at: datetime
    staff_id: str
    text: str
    note_kind: str
    event_hash: bytes
    state: AskState = "sent"
    reason: str = ""


RECORD = """
INSERT INTO ask (tenant, ask_id, case_id, asked_at, staff_id, text, note_kind, state, reason, event_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, ask_id) DO NOTHING"""
ANSWER = "UPDATE ask SET state = $3, reason = $4 WHERE tenant = $1 AND ask_id = $2 AND state = 'sent'"
OF_CASE = """
SELECT ask_id, case_id, asked_at, staff_id, text, note_kind, event_hash, state, reason FROM ask
WHERE tenant = $1 AND case_id = $2 ORDER BY asked_at LIMIT $3"""


async def record_ask(tx: Transaction, ask: Ask) -> bool:
    """False when this ask is on record already."""
    return await tx.execute(
        RECORD, tx.tenant, ask.ask_id, ask.case_id, ask.asked_at, ask.staff_id, ask.text, ask.note_kind, ask.state,
        ask.reason, ask.event_hash,
    ) > 0  # fmt: skip


async def answer_ask(tx: Transaction, ask_id: UUID, state: AskState, reason: str = "") -> bool:
    """Note the holder's answer. False when it is not ours, or answered already."""
    return await tx.execute(ANSWER, tx.tenant, ask_id, state, reason) > 0


async def asks_of_case(tx: Transaction, case_id: UUID) -> list[Ask]:
    """In the order in which they were asked."""
    names = Ask.__struct_fields__
    rows = await tx.fetch(OF_CASE, tx.tenant, case_id, MAX_ASKS)
    return [Ask(**dict(zip(names, row, strict=True))) for row in rows]
