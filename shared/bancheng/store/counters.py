"""Counters: kept and not counted. Requests leave deltas, a worker folds them.

Owns both tables. What is counted is changes.py's. A counter is the folded value and the deltas still lying about.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bancheng.store.database import Transaction

FOLD = """
WITH taken AS (
    DELETE FROM counter_delta WHERE tenant = $1 AND id = ANY(ARRAY(
        SELECT id FROM counter_delta WHERE tenant = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING name, unit, delta
), folded AS (
    INSERT INTO counter AS c (tenant, name, unit, value)
    SELECT $1, name, unit, sum(delta) FROM taken GROUP BY name, unit ORDER BY name, unit
    ON CONFLICT (tenant, name, unit) DO UPDATE SET value = c.value + excluded.value
)
SELECT count(*) FROM taken"""
READ = """
SELECT name, unit, sum(value)::bigint FROM (
    SELECT name, unit, value FROM counter WHERE tenant = $1 AND ($2::text[] IS NULL OR unit = ANY($2::text[]))
    UNION ALL
    (SELECT name, unit, delta FROM counter_delta
     WHERE tenant = $1 AND ($2::text[] IS NULL OR unit = ANY($2::text[])) ORDER BY id LIMIT $3)
) AS both_parts GROUP BY name, unit ORDER BY name, unit LIMIT $4"""
MAX_FOLDED = 10_000
MAX_COUNTERS = 10_000


class CounterValue(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    unit: str
    value: int


async def fold_counters(tx: Transaction, limit: int = MAX_FOLDED) -> int:
    """Fold the oldest deltas; how many there were. Several workers may do so at once."""
    row = await tx.fetch_one(FOLD, tx.tenant, min(limit, MAX_FOLDED))
    return 0 if row is None else int(row[0])


async def read_counters(tx: Transaction, units: Sequence[str] | None) -> list[CounterValue]:
    """By name and unit; `units` None is every unit. At most MAX_FOLDED unfolded deltas are looked at."""
    chosen = None if units is None else list(units)
    rows = await tx.fetch(READ, tx.tenant, chosen, MAX_FOLDED, MAX_COUNTERS)
    return [CounterValue(name=row[0], unit=row[1], value=row[2]) for row in rows]
