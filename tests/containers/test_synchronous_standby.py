"""A PostgreSQL with a synchronous standby: what was answered outlives the loss of the first server.

Needs no engine, but two servers and their recovery: too long for the ordinary tests. The commands are those of
docs/ops/scaling.md.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from bancheng.federation.locks import SiteLocks
from bancheng.runtime.local_binaries import postgres_programs
from bancheng.runtime.local_postgres import PostgresServer
from bancheng.store.casebook import append, load_cases
from bancheng.store.database import Database
from bancheng.store.errors import StoreError
from tests.federation.linked_sites import WAIT_SECONDS, eventually
from tests.store.stories import NOW, Village
from tests.support.databases import migrated_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

# asyncpg's own types are partial; a test reads one value and compares it.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false


FOLLOWER = "follower"


@pytest.fixture
def first(tmp_path: Path) -> Iterator[PostgresServer]:
    with PostgresServer(directory=tmp_path / "a") as server:
        yield server


def _standby(first: PostgresServer, folder: Path) -> PostgresServer:
    """A copy that follows, under the name `b`."""
    folder.mkdir()
    admin = urlsplit(first.admin_url)
    shutil.copy2(folder.parent / "a" / "superuser-password", folder)
    subprocess.run(
        [postgres_programs() / "pg_basebackup", f"--host={admin.hostname}", f"--port={admin.port}",
         f"--username={FOLLOWER}", f"--pgdata={folder / 'data'}", "--write-recovery-conf", "--create-slot",
         "--slot=b", "--checkpoint=fast"],
        env={**os.environ, "PGPASSWORD": FOLLOWER}, check=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    (folder / "data").chmod(0o700)
    return PostgresServer(directory=folder, settings={"cluster_name": "b"})


async def _asked(server: PostgresServer, *statements: str) -> object:
    """What the last statement answers the administrator."""
    connection = await asyncpg.connect(server.admin_url, timeout=10, command_timeout=30)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_an_answered_registration_outlives_the_first_server(first: PostgresServer, tmp_path: Path) -> None:
    made = await migrated_database(first)
    await _asked(first, f"CREATE ROLE {FOLLOWER} REPLICATION LOGIN PASSWORD '{FOLLOWER}'", "SELECT 1")
    second = _standby(first, tmp_path / "b")
    with second:
        await _asked(first, "ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (b)'", "SELECT pg_reload_conf()")
        await eventually(
            lambda: _asked(first, "SELECT sync_state FROM pg_stat_replication WHERE application_name = 'b'"),
            lambda state: state == "sync",
            "the standby is synchronous",
        )
        both = made.service_url.replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
        url = f"{both}?target_session_attrs=primary"
        database, locks = Database(url), SiteLocks(url)
        locks.start()
        change = Village("330109").register()
        async with database.transaction("330109") as tx:
            await append(tx, [change], now=NOW)

        first.kill()
        assert await _asked(second, "SELECT pg_promote()") is True

        async def found() -> dict[UUID, object]:
            try:
                async with database.transaction("330109") as tx:
                    return {**await load_cases(tx, [change.case.case_id])}
            except StoreError:
                return {}

        assert await eventually(found, bool, "the service found the server that took over") == {
            change.case.case_id: change.case
        }
        async with asyncio.timeout(WAIT_SECONDS):
            await locks.acquire("330109", "guali")
        # The new first server waits for nobody until it is told to; what is registered there is kept as well.
        other = Village("330109").register()
        async with database.transaction("330109") as tx:
            await append(tx, [other], now=NOW)
        await locks.stop()
        await database.close()


async def test_nothing_is_answered_that_only_one_server_has(first: PostgresServer, tmp_path: Path) -> None:
    made = await migrated_database(first)
    await _asked(first, "ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (b)'", "SELECT pg_reload_conf()")
    database = Database(made.service_url)
    answered = False

    async def register() -> None:
        nonlocal answered
        async with database.transaction("330109") as tx:
            await append(tx, [Village("330109").register()], now=NOW)
        answered = True

    registering = asyncio.create_task(register())
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    await eventually(lambda: _asked(first, waiting), lambda count: count == 1, "the commit waits for the standby")
    assert not answered
    # What the operator does when the standby will not come back soon.
    await _asked(first, "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
    await registering
    assert answered
    await database.close()
