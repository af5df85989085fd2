"""Requests that come at the same time are written together, and none is harmed by another's mistake."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bancheng.store.append_desk import AppendDesk, Written
from bancheng.store.casebook import load_cases
from bancheng.store.changes import CaseChange, IdempotencyRecord, RequestRecord
from bancheng.store.database import FEW_ROWS, Database
from bancheng.store.errors import DatabaseUnavailable, KeyInUse
from tests.store.stories import NOW, Village

if TYPE_CHECKING:
    from uuid import UUID


def written(change: CaseChange, key: str) -> Written:
    record = IdempotencyRecord(staff_id="clerk-1", key=key, request_hash=b"h", status=201, response=b"{}")
    return Written(change=change, also=RequestRecord(idempotency=record), now=NOW)


async def stored(database: Database, tenant: str, changes: list[CaseChange]) -> set[UUID]:
    async with database.transaction(tenant) as tx:
        return set(await load_cases(tx, [each.case.case_id for each in changes]))


async def transactions(database: Database, tenant: str) -> int:
    """How many transactions have written cases."""
    async with database.transaction(tenant) as tx:
        rows = await tx.fetch("SELECT DISTINCT xmin::text FROM cases WHERE tenant = $1", tenant)
    return len(rows)


async def test_those_who_come_at_the_same_time_share_transactions(database: Database, tenant: str) -> None:
    village, desk = Village(tenant), AppendDesk(database)
    changes = [village.register() for _ in range(FEW_ROWS + 2)]
    await asyncio.gather(*(desk.append(tenant, written(change, f"k{number}")) for number, change in enumerate(changes)))
    assert await stored(database, tenant, changes) == {each.case.case_id for each in changes}
    # The first to come waits for nobody or comes with the others; what is over the lot is the next.
    assert await transactions(database, tenant) == 2


async def test_one_that_cannot_be_written_is_told_so_and_the_others_are_written(
    database: Database, tenant: str
) -> None:
    village, desk = Village(tenant), AppendDesk(database)
    first, twice, other = (village.register() for _ in range(3))
    keys = ("k1", "k1", "k2")
    results = await asyncio.gather(
        *(desk.append(tenant, written(change, key)) for change, key in zip((first, twice, other), keys, strict=True)),
        return_exceptions=True,
    )
    assert [type(each) for each in results] == [type(None), KeyInUse, type(None)]
    assert await stored(database, tenant, [first, twice, other]) == {first.case.case_id, other.case.case_id}
    with pytest.raises(KeyInUse):
        await desk.append(tenant, written(village.register(), "k2"))


async def test_one_who_hangs_up_takes_nothing_from_the_others(database: Database, tenant: str) -> None:
    village, desk = Village(tenant), AppendDesk(database)
    changes = [village.register() for _ in range(3)]
    tasks = [
        asyncio.create_task(desk.append(tenant, written(change, f"k{number}"))) for number, change in enumerate(changes)
    ]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert {each.case.case_id for each in changes[1:]} <= await stored(database, tenant, changes)


async def test_a_database_that_is_away_is_told_to_everybody_who_waits(tenant: str, unused_tcp_port: int) -> None:
    village, away = Village(tenant), Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nothing")
    desk = AppendDesk(away)
    results = await asyncio.gather(
        *(desk.append(tenant, written(village.register(), f"k{number}")) for number in range(3)),
        return_exceptions=True,
    )
    assert [type(each) for each in results] == [DatabaseUnavailable] * 3
    await away.close()
