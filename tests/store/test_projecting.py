"""Cases of an earlier release are brought up to what this one shows of a case."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
from msgspec.structs import replace

from bancheng.schema.events import GuidanceIssued
from bancheng.store.casebook import append
from bancheng.store.projecting import bring_up
from tests.store.stories import CLERK, NOW, Village

if TYPE_CHECKING:
    from bancheng.store.database import Database
    from tests.store.conftest import Addresses

# asyncpg's own types are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

LATER = NOW + timedelta(days=1)
SHOWN = "SELECT department, gaps, projection, act_at, head_hash, state FROM cases WHERE tenant = $1 ORDER BY case_id"
UNITS = "SELECT case_id, unit FROM case_unit WHERE tenant = $1 ORDER BY case_id, unit"


async def test_what_the_release_before_did_not_write_is_there_after_a_few_pieces(
    addresses: Addresses, database: Database, tenant: str
) -> None:
    village = Village(tenant)
    brought = [village.register(replace(village.registered(), department="civil-affairs")) for _ in range(5)]
    guided = village.change(brought[0].case, GuidanceIssued(at=NOW, actor=CLERK, department="housing", documents="-"))
    async with database.transaction(tenant) as tx:
        await append(tx, brought, now=NOW)
        await append(tx, [guided], now=NOW)
        shown, units = await tx.fetch(SHOWN, tenant), await tx.fetch(UNITS, tenant)
    assert [row[2] for row in shown] == [1] * 5
    assert len(units) == 6
    connection = await asyncpg.connect(addresses.admin)
    await connection.execute(
        "UPDATE cases SET department = '', gaps = 0, projection = 0 WHERE tenant = $1", tenant
    )  # fmt: skip
    await connection.execute("DELETE FROM case_unit WHERE tenant = $1", tenant)
    await connection.close()
    pieces: list[int] = []
    while not pieces or pieces[-1]:
        async with database.transaction(tenant) as tx:
            pieces.append(await bring_up(tx, now=LATER, limit=2))
    assert pieces == [2, 2, 1, 0]
    async with database.transaction(tenant) as tx:
        assert await tx.fetch(SHOWN, tenant) == shown
        assert await tx.fetch(UNITS, tenant) == units
