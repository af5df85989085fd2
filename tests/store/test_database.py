"""A transaction belongs to one tenant, is committed at its edge, and survives what happens to connections."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bancheng.store.alerts import open_alerts, raise_alert
from bancheng.store.casebook import append, load_cases
from bancheng.store.database import Database
from bancheng.store.errors import (
    CommitUnknown,
    DatabaseBusy,
    DatabaseUnavailable,
    NotAllowed,
    RoleTooPowerful,
    StaleVersion,
    TenantInvalid,
    TransactionAborted,
)
from bancheng.store.tables import cases
from tests.store.stories import NOW, Village

if TYPE_CHECKING:
    from tests.store.conftest import Addresses

BACKEND = "SELECT pg_backend_pid()"


async def test_what_leaves_the_block_in_an_exception_is_rolled_back(database: Database, tenant: str) -> None:
    change = Village(tenant).register()
    with pytest.raises(KeyError):  # noqa: PT012  the whole block is what is tested
        async with database.transaction(tenant) as tx:
            await append(tx, [change], now=NOW)
            raise KeyError
    async with database.transaction(tenant) as tx:
        assert await load_cases(tx, [change.case.case_id]) == {}


async def test_statements_of_sqlalchemy_stand_in_the_same_transaction(database: Database, tenant: str) -> None:
    change = Village(tenant).register()
    with pytest.raises(KeyError):  # noqa: PT012  the whole block is what is tested
        async with database.transaction(tenant) as tx:
            await append(tx, [change], now=NOW)
            found = await tx.connection.execute(select(cases.c.title))
            assert found.scalars().all() == [change.case.title]
            raise KeyError
    async with database.transaction(tenant) as tx:
        assert (await tx.connection.execute(select(cases.c.title))).scalars().all() == []


@pytest.mark.parametrize("tenant", ["", "x'; DROP TABLE cases; --", "大写", "A", "a" * 49])
async def test_what_is_no_token_is_no_tenant(database: Database, tenant: str) -> None:
    with pytest.raises(TenantInvalid):
        async with database.transaction(tenant):
            pass


async def test_a_swallowed_error_does_not_look_like_a_commit(database: Database, tenant: str) -> None:
    with pytest.raises(TransactionAborted):  # noqa: PT012  the whole block is what is tested
        async with database.transaction(tenant) as tx:
            with pytest.raises(NotAllowed):
                await tx.execute("DELETE FROM case_event WHERE tenant = $1", tenant)
    async with database.transaction(tenant) as tx:
        assert await open_alerts(tx) == []


async def test_a_connection_that_died_in_the_pool_is_replaced_without_a_word(
    database: Database, addresses: Addresses, tenant: str
) -> None:
    async with database.transaction(tenant) as tx:
        first = (await tx.fetch(BACKEND))[0][0]
    await _terminate(addresses, first)
    async with database.transaction(tenant) as tx:
        assert (await tx.fetch(BACKEND))[0][0] != first


async def test_a_connection_that_dies_in_a_transaction_is_a_coded_error_and_the_next_one_works(
    database: Database, addresses: Addresses, tenant: str
) -> None:
    change = Village(tenant).register()
    with pytest.raises(DatabaseUnavailable):  # noqa: PT012  the whole block is what is tested
        async with database.transaction(tenant) as tx:
            await append(tx, [change], now=NOW)
            await _terminate(addresses, (await tx.fetch(BACKEND))[0][0])
            await tx.fetch(BACKEND)
    async with database.transaction(tenant) as tx:
        assert await load_cases(tx, [change.case.case_id]) == {}


async def test_a_connection_that_dies_before_the_commit_leaves_the_outcome_open(
    database: Database, addresses: Addresses, tenant: str
) -> None:
    with pytest.raises(CommitUnknown):
        async with database.transaction(tenant) as tx:
            await _terminate(addresses, (await tx.fetch(BACKEND))[0][0])


async def test_a_cancelled_transaction_leaves_nothing_and_its_connection_is_not_used_again(
    database: Database, tenant: str
) -> None:
    change = Village(tenant).register()
    begun = asyncio.Event()
    backends: list[int] = []

    async def slow() -> None:
        async with database.transaction(tenant) as tx:
            backends.append((await tx.fetch(BACKEND))[0][0])
            await append(tx, [change], now=NOW)
            begun.set()
            await tx.fetch("SELECT pg_sleep(20)")

    task = asyncio.create_task(slow())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction(tenant) as tx:
        assert (await tx.fetch(BACKEND))[0][0] not in backends
        assert await load_cases(tx, [change.case.case_id]) == {}
    assert database.pool_status().in_use == 0


async def test_errors_of_ours_pass_through_unchanged_and_the_connection_is_kept(
    database: Database, tenant: str
) -> None:
    village = Village(tenant)
    async with database.transaction(tenant) as tx:
        first = (await tx.fetch(BACKEND))[0][0]
    with pytest.raises(StaleVersion):
        async with database.transaction(tenant) as tx:
            await append(tx, [village.note(village.register().case)], now=NOW)
    async with database.transaction(tenant) as tx:
        assert (await tx.fetch(BACKEND))[0][0] == first


async def test_a_connection_that_ended_while_the_process_hung_is_replaced_whenever_that_is_noticed(
    addresses: Addresses, tenant: str
) -> None:
    """The driver reads the server's farewell and the end of the connection in two steps; between them it refuses."""
    for steps in range(5):
        database = Database(addresses.service, pool_size=1)
        async with database.transaction(tenant) as tx:
            backend = (await tx.fetch(BACKEND))[0][0]
        hanging = threading.Thread(target=asyncio.run, args=(_terminate(addresses, backend),))
        hanging.start()
        hanging.join()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with database.transaction(tenant) as tx:
            assert (await tx.fetch(BACKEND))[0][0] != backend
        await database.close()


async def test_nobody_listens_is_a_coded_error(tenant: str, unused_tcp_port: int) -> None:
    database = Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nothing")
    with pytest.raises(DatabaseUnavailable):
        async with database.transaction(tenant):
            pass
    with pytest.raises(DatabaseUnavailable):
        await database.check_role()
    await database.close()


async def test_a_full_pool_says_busy(addresses: Addresses, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bancheng.store.database.POOL_WAIT_SECONDS", 0.05)
    database = Database(addresses.service, pool_size=1)
    async with database.transaction(tenant) as tx:
        await raise_alert(tx, Village(tenant).registered().case_id, "transit_late", detail="town", at=NOW)
        with pytest.raises(DatabaseBusy):
            async with database.transaction(tenant):
                pass
        assert database.pool_status().in_use == 1
    await database.close()


async def test_only_a_role_that_row_level_security_binds_may_serve(addresses: Addresses) -> None:
    for url in (addresses.admin, addresses.owner):
        database = Database(url)
        with pytest.raises(RoleTooPowerful):
            await database.check_role()
        await database.close()
    database = Database(addresses.service)
    await database.check_role()
    await database.close()


async def _terminate(addresses: Addresses, backend: int) -> None:
    """End a backend and wait until it is gone."""
    admin = Database(addresses.admin)
    async with admin.transaction("admin") as tx:
        assert (await tx.fetch("SELECT pg_terminate_backend($1, 5000)", backend))[0][0]
    await admin.close()
