"""What this site asked of a case's holder.

Owns the asking site's own record. The answer arrives as an entry of the case.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.kernel.asking import AskedCommand
from bancheng.kernel.commands import AddNote
from bancheng.store.database import Transaction

MAX_ASKS = 500
_command = msgspec.json.Decoder(AskedCommand)


class OwnAsk(msgspec.Struct, frozen=True, kw_only=True):
    """One ask, by the hash of its frame."""

    ask_id: UUID
    case_id: UUID
    asked_at: datetime
    staff_id: str
    command: AskedCommand
    event_hash: bytes


RECORD = """
INSERT INTO ask (tenant, ask_id, case_id, asked_at, staff_id, text, note_kind, state, reason, event_hash)
VALUES ($1, $2, $3, $4, $5, $6, '', 'sent', '', $7) ON CONFLICT (tenant, ask_id) DO NOTHING"""
OF_CASE = """
SELECT ask_id, case_id, asked_at, staff_id, text, note_kind, event_hash FROM ask
WHERE tenant = $1 AND case_id = $2 ORDER BY asked_at LIMIT $3"""


async def record_ask(tx: Transaction, ask: OwnAsk) -> bool:
    """False when this ask is on record already. Its command is kept as JSON in the column `text`."""
    text = msgspec.json.encode(ask.command).decode()
    return await tx.execute(
        RECORD, tx.tenant, ask.ask_id, ask.case_id, ask.asked_at, ask.staff_id, text, ask.event_hash
    ) > 0  # fmt: skip


async def asks_of_case(tx: Transaction, case_id: UUID) -> list[OwnAsk]:
    """In the order in which they were asked."""
    rows = await tx.fetch(OF_CASE, tx.tenant, case_id, MAX_ASKS)
    return [
        OwnAsk(ask_id=row[0], case_id=row[1], asked_at=row[2], staff_id=row[3], command=_read(*row[4:6]),
               event_hash=row[6])
        for row in rows
    ]  # fmt: skip


def _read(text: str, note_kind: str) -> AskedCommand:
    """From before other things than notes could be asked for, a row has the note itself and its kind."""
    if not note_kind:
        return _command.decode(text)
    return msgspec.convert({"type": "AddNote", "text": text, "note_kind": note_kind}, AddNote)
