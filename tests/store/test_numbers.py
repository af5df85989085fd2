"""Numbers are unique and rising for a unit and a day, whoever asks at the same time."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bancheng.store.casebook import next_numbers
from bancheng.store.database import Database
from bancheng.store.errors import DatabaseUnavailable
from bancheng.store.numbers import NumberDesk

if TYPE_CHECKING:
    from tests.store.conftest import Addresses

DAY = date(2026, 3, 2)


async def test_numbers_begin_at_one_for_each_unit_and_day(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        assert list(await next_numbers(tx, "guali", DAY, 3)) == [1, 2, 3]
        assert list(await next_numbers(tx, "guali", DAY, 1)) == [4]
        assert list(await next_numbers(tx, "linpu", DAY, 1)) == [1]
        assert list(await next_numbers(tx, "guali", date(2026, 3, 3), 1)) == [1]


async def test_those_who_wait_together_are_served_together(
    database: Database, addresses: Addresses, tenant: str
) -> None:
    other = Database(addresses.service, pool_size=2)
    desks = (NumberDesk(database), NumberDesk(other))
    taken = await asyncio.gather(*(desk.take(tenant, "guali", DAY) for _ in range(50) for desk in desks))
    assert sorted(taken) == list(range(1, 101))
    assert await desks[0].take(tenant, "guali", DAY) == 101
    await other.close()


async def test_one_who_hangs_up_takes_nothing_from_the_others(database: Database, tenant: str) -> None:
    desk = NumberDesk(database)
    tasks = [asyncio.create_task(desk.take(tenant, "guali", DAY)) for _ in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[2].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    numbers = [each for each in results if isinstance(each, int)]
    assert len(numbers) == len(set(numbers)) == 3
    assert await desk.take(tenant, "guali", DAY) > max(numbers)


async def test_a_database_that_is_away_is_told_to_everybody_who_waits(tenant: str, unused_tcp_port: int) -> None:
    away = Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nothing")
    desk = NumberDesk(away)
    for _ in range(2):
        results = await asyncio.gather(*(desk.take(tenant, "guali", DAY) for _ in range(4)), return_exceptions=True)
        assert [type(each) for each in results] == [DatabaseUnavailable] * 4
    await away.close()


async def test_a_number_taken_in_a_transaction_that_fails_is_given_again(database: Database, tenant: str) -> None:
    with pytest.raises(KeyError):  # noqa: PT012  the whole block is what is tested
        async with database.transaction(tenant) as tx:
            await next_numbers(tx, "guali", DAY, 5)
            raise KeyError
    async with database.transaction(tenant) as tx:
        assert list(await next_numbers(tx, "guali", DAY, 1)) == [1]
