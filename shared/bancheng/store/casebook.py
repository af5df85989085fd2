"""Cases and their history: reading them, finding those that are due, numbering new ones.

Owns the queries by key. Lists are ledger.py's, writing is append.py's (named here too, since callers need both).
Must not know rules: a state is what the kernel made of the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from bancheng.kernel.case import Case, Position
from bancheng.schema.events import decode_event
from bancheng.schema.frames import Frame, decode_header
from bancheng.store.append import append
from bancheng.store.changes import (
    AuditRecord,
    CaseChange,
    IdempotencyRecord,
    Outgoing,
    RequestRecord,
    Route,
    decode_state,
    readable_state,
)
from bancheng.store.database import Transaction
from bancheng.store.errors import EntryErased, TooManyEntries
from bancheng.store.signing import StoredEntry

__all__ = [
    "MAX_CASES",
    "MAX_ENTRIES",
    "AuditRecord",
    "CaseChange",
    "DueCases",
    "IdempotencyRecord",
    "Outgoing",
    "RequestRecord",
    "Route",
    "append",
    "due_cases",
    "load_cases",
    "load_entries",
    "look_again",
    "next_act_at",
    "next_numbers",
    "stored_hashes",
]

MAX_CASES = 1_000
MAX_ENTRIES = 10_000

LOAD_CASES = "SELECT state FROM cases WHERE tenant = $1 AND case_id = ANY($2::uuid[])"
LOCK_CASES = f"{LOAD_CASES} ORDER BY case_id FOR UPDATE"
LOAD_ENTRIES = """
SELECT header, signature, salt, payload, event_hash, opened FROM case_event
WHERE tenant = $1 AND case_id = $2 ORDER BY term, author, seq LIMIT $3"""
STORED_HASHES = """
SELECT e.case_id, e.term, e.author, e.seq, e.event_hash
FROM unnest($2::uuid[], $3::int[], $4::text[], $5::int[]) AS asked(case_id, term, author, seq)
CROSS JOIN LATERAL (
    SELECT * FROM case_event k WHERE k.tenant = $1 AND k.case_id = asked.case_id AND k.term = asked.term
        AND k.author = asked.author AND k.seq = asked.seq LIMIT 1
) AS e"""
DUE_CASES = """
SELECT case_id, state FROM cases WHERE tenant = $1 AND act_at <= $2
ORDER BY act_at, case_id LIMIT $3 FOR UPDATE SKIP LOCKED"""
LOOK_AGAIN = "UPDATE cases SET act_at = $3 WHERE tenant = $1 AND case_id = ANY($2::uuid[])"
NEXT_ACT_AT = "SELECT act_at FROM cases WHERE tenant = $1 AND act_at IS NOT NULL ORDER BY act_at LIMIT 1"
NEXT_NUMBERS = """
INSERT INTO number_sequence AS s (tenant, unit, day, last) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, unit, day) DO UPDATE SET last = s.last + excluded.last
RETURNING last"""


class DueCases(NamedTuple):
    """Those of which a clock wants something. Of the `unreadable`, this release cannot read the state."""

    cases: tuple[Case, ...]
    unreadable: tuple[UUID, ...]


async def load_cases(tx: Transaction, case_ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, Case]:
    """The states of those cases that are here, at most MAX_CASES. `lock` holds them, in one order, until the commit."""
    if len(case_ids) > MAX_CASES:
        raise ValueError(f"at most {MAX_CASES} cases at once")
    rows = await tx.fetch(LOCK_CASES if lock else LOAD_CASES, tx.tenant, list(case_ids))
    return {case.case_id: case for case in (decode_state(row[0]) for row in rows)}


async def load_entries(tx: Transaction, case_id: UUID) -> list[StoredEntry]:
    """All entries of a case, late ones too, by position. Raises TooManyEntries, EntryErased."""
    rows = await tx.fetch(LOAD_ENTRIES, tx.tenant, case_id, MAX_ENTRIES + 1)
    if len(rows) > MAX_ENTRIES:
        raise TooManyEntries(case_id=str(case_id), maximum=MAX_ENTRIES)
    return [_entry(*row) for row in rows]


async def stored_hashes(
    tx: Transaction, positions: Sequence[tuple[UUID, Position]]
) -> dict[tuple[UUID, Position], bytes]:
    """The event hashes that stand at these positions already: the same is a duplicate, another an equivocation."""
    columns = (
        [case_id for case_id, _ in positions],
        [at.term for _, at in positions],
        [at.author for _, at in positions],
        [at.seq for _, at in positions],
    )
    rows = await tx.fetch(STORED_HASHES, tx.tenant, *columns)
    return {(row[0], Position(term=row[1], author=row[2], seq=row[3])): row[4] for row in rows}


async def due_cases(tx: Transaction, now: datetime, limit: int) -> DueCases:
    """Cases of which a clock wants something at `now` (domain time), the longest waiting first.

    They are locked until the commit; those that another worker has locked are skipped.
    """
    rows = await tx.fetch(DUE_CASES, tx.tenant, now, limit)
    read = [(row[0], readable_state(row[1])) for row in rows]
    return DueCases(
        tuple(case for _, case in read if case is not None), tuple(case_id for case_id, case in read if case is None)
    )


async def look_again(tx: Transaction, case_ids: Sequence[UUID], *, at: datetime) -> None:
    """A clock of these cases, which the caller holds, wants something again at `at` (domain time)."""
    await tx.execute(LOOK_AGAIN, tx.tenant, list(case_ids), at)


async def next_act_at(tx: Transaction) -> datetime | None:
    """The earliest instant (domain time) at which a case wants something; None when none ever will."""
    row = await tx.fetch_one(NEXT_ACT_AT, tx.tenant)
    return None if row is None else row[0]


async def next_numbers(tx: Transaction, unit: str, day: date, count: int) -> range:
    """`count` running numbers of a unit's day, from 1. The row stays locked until the commit: see numbers.py."""
    row = await tx.fetch_one(NEXT_NUMBERS, tx.tenant, unit, day, count)
    last = 0 if row is None else int(row[0])
    return range(last - count + 1, last + 1)


def _entry(
    header: bytes, signature: bytes, salt: bytes, payload: bytes | None, event_hash: bytes, opened: bytes | None
) -> StoredEntry:
    if payload is None:
        raise EntryErased(event_hash=event_hash.hex())
    frame = Frame(header=header, signature=signature, salt=salt, payload=payload)
    event = decode_event(payload if opened is None else opened)
    return StoredEntry(header=decode_header(header), frame=frame, hash=event_hash, event=event, opened=opened)
