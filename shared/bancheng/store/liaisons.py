"""The liaisons that departments named. Owns their rows: personal data, at the top tier only."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bancheng.store.database import Transaction

MAX_LIAISONS = 2_000


class Liaison(msgspec.Struct, frozen=True, kw_only=True):
    unit: str
    name: str
    phone: str


SAVE = """
INSERT INTO liaison (tenant, unit, name, phone, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, unit) DO UPDATE SET name = excluded.name, phone = excluded.phone,
    updated_at = excluded.updated_at"""
REMOVE = "DELETE FROM liaison WHERE tenant = $1 AND unit = $2"
ALL = "SELECT unit, name, phone FROM liaison WHERE tenant = $1 ORDER BY unit LIMIT $2"


async def save_liaison(tx: Transaction, liaison: Liaison, *, now: datetime) -> None:
    await tx.execute(SAVE, tx.tenant, liaison.unit, liaison.name, liaison.phone, now)


async def remove_liaison(tx: Transaction, unit: str) -> bool:
    """False when there was none."""
    return await tx.execute(REMOVE, tx.tenant, unit) > 0


async def list_liaisons(tx: Transaction) -> dict[str, Liaison]:
    """By unit."""
    rows = await tx.fetch(ALL, tx.tenant, MAX_LIAISONS)
    return {row[0]: Liaison(unit=row[0], name=row[1], phone=row[2]) for row in rows}
