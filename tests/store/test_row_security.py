"""No tenant sees or writes another's rows, and the service's role can change neither history nor that rule."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from bancheng.store.casebook import append, load_cases
from bancheng.store.database import Database, driver_url
from bancheng.store.errors import NotAllowed, StaleVersion
from bancheng.store.policies import Protection, protections
from bancheng.store.schema_changes import differences
from bancheng.store.tables import APPEND_ONLY, metadata
from tests.store.stories import NOW, Village

if TYPE_CHECKING:
    from tests.store.conftest import Addresses

# asyncpg's own types are partial; a test reads one value and compares it.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

TABLES = sorted(metadata.tables)
OTHER = "t-other"


async def test_every_tenant_table_is_protected_for_every_command_and_for_its_owner(addresses: Addresses) -> None:
    engine = create_async_engine(driver_url(addresses.owner))
    async with engine.connect() as connection:
        found = await connection.run_sync(protections)
    await engine.dispose()
    assert [each.table for each in found] == TABLES
    assert [each for each in found if not each.is_whole] == []


async def test_the_inspection_sees_what_is_missing(addresses: Addresses) -> None:
    engine = create_async_engine(driver_url(addresses.owner))
    async with engine.connect() as connection:

        def weakened(sync: Connection) -> list[Protection]:
            sync.exec_driver_sql("ALTER TABLE staff NO FORCE ROW LEVEL SECURITY")
            sync.exec_driver_sql("CREATE POLICY wide ON ask USING (true)")
            sync.exec_driver_sql("CREATE TABLE forgotten (tenant text)")
            return protections(sync)

        found = await connection.run_sync(weakened)
        await connection.rollback()
    await engine.dispose()
    assert {each.table for each in found if not each.is_whole} == {"staff", "ask", "forgotten"}


async def test_the_tables_in_the_database_are_those_in_code(addresses: Addresses) -> None:
    assert await differences(addresses.owner) == []


async def test_another_tenants_rows_are_neither_seen_nor_changed_nor_written(database: Database, tenant: str) -> None:
    theirs = Village(OTHER).register()
    async with database.transaction(OTHER) as tx:
        await append(tx, [theirs], now=NOW)
    async with database.transaction(tenant) as tx:
        assert await load_cases(tx, [theirs.case.case_id]) == {}
        for table in TABLES:
            assert await tx.fetch(f"SELECT 1 FROM {table} WHERE tenant <> $1 LIMIT 1", tenant) == []
        assert await tx.execute("UPDATE cases SET title = 'x' WHERE tenant = $1", OTHER) == 0
        assert await tx.execute("DELETE FROM counter_delta WHERE tenant = $1", OTHER) == 0
    with pytest.raises(StaleVersion):
        async with database.transaction(tenant) as tx:
            await append(tx, [Village(OTHER).note(theirs.case)], now=NOW)
    async with database.transaction(OTHER) as tx:
        assert await load_cases(tx, [theirs.case.case_id]) == {theirs.case.case_id: theirs.case}


@pytest.mark.parametrize("moved", ["INSERT INTO gram_queue (tenant, case_id) VALUES ('t-other', $1)",
                                   "UPDATE gram_queue SET tenant = 't-other' WHERE case_id = $1"])  # fmt: skip
async def test_no_row_is_written_or_moved_into_another_tenant(database: Database, tenant: str, moved: str) -> None:
    case_id = uuid.uuid4()
    async with database.transaction(tenant) as tx:
        await tx.execute("INSERT INTO gram_queue (tenant, case_id) VALUES ($1, $2)", tenant, case_id)
    with pytest.raises(NotAllowed):
        async with database.transaction(tenant) as tx:
            await tx.execute(moved, case_id)


@pytest.mark.parametrize("role", ["service", "owner"])
async def test_without_a_tenant_there_are_no_rows(
    database: Database, addresses: Addresses, tenant: str, role: str
) -> None:
    async with database.transaction(tenant) as tx:
        await append(tx, [Village(tenant).register()], now=NOW)
    connection = await asyncpg.connect(getattr(addresses, role))
    try:
        for table in TABLES:
            assert await connection.fetch(f"SELECT 1 FROM {table} LIMIT 1") == []
        # After a transaction that had one, the setting is empty and not null.
        await connection.execute(f"BEGIN; SET LOCAL bancheng.tenant = '{tenant}'; COMMIT")
        assert await connection.fetch("SELECT 1 FROM cases LIMIT 1") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO gram_queue (tenant, case_id) VALUES ('', gen_random_uuid())")
    finally:
        await connection.close()


@pytest.mark.parametrize("table", [name for name in TABLES if metadata.tables[name].info["service"] == APPEND_ONLY])
async def test_history_is_neither_updated_nor_deleted_by_the_service(
    database: Database, tenant: str, table: str
) -> None:
    for statement in (f"UPDATE {table} SET tenant = tenant", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(NotAllowed):
            async with database.transaction(tenant) as tx:
                await tx.execute(statement)


def test_what_must_not_change_is_append_only() -> None:
    history = {"case_event", "receipt", "equivocation", "audit", "loose_frame", "document", "case_unit", "link_stop"}
    assert {name for name in TABLES if metadata.tables[name].info["service"] == APPEND_ONLY} == history


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE cases DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE cases NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY one_tenant ON cases",
        "CREATE POLICY wide ON cases USING (true)",
        "ALTER TABLE cases OWNER TO store_service",
        "SET ROLE store_owner",
        "SET SESSION AUTHORIZATION store_owner",
        "ALTER ROLE store_service BYPASSRLS",
        "CREATE TABLE mine (tenant text)",
        "CREATE FUNCTION leak(text) RETURNS bool LANGUAGE sql LEAKPROOF AS 'SELECT true'",
        "GRANT store_owner TO store_service",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
async def test_the_service_cannot_lift_the_rule(database: Database, tenant: str, statement: str) -> None:
    with pytest.raises(NotAllowed):
        async with database.transaction(tenant) as tx:
            await tx.execute(statement)


async def test_row_security_cannot_be_switched_off_by_a_setting(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await tx.execute("SET LOCAL row_security = off")
        # With the setting off PostgreSQL refuses to filter, and so refuses the query.
        with pytest.raises(NotAllowed):
            await tx.fetch("SELECT 1 FROM cases")
        await tx.execute("ROLLBACK")
        await tx.execute("BEGIN")


def test_every_shared_table_begins_with_its_tenant_in_key_and_indexes() -> None:
    assert _without_tenant_first(metadata) == []


def _without_tenant_first(tables: MetaData) -> list[str]:
    firsts = [(table.name, table.primary_key.columns.values()[0].name) for table in tables.sorted_tables]
    firsts += [(str(index.name), index.columns.values()[0].name) for t in tables.sorted_tables for index in t.indexes]
    return [name for name, first in firsts if first != "tenant"]
