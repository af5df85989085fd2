"""The tables fit a PostgreSQL that spreads its rows over machines by tenant: what Citus asks, read from the catalogue.

The rules and why they are so: docs/ops/scaling.md and ADR 52.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bancheng.store.database import driver_url
from bancheng.store.schema_changes import upgrade
from bancheng.store.tables import metadata
from bancheng_county.app import DEFINITION as COUNTY
from bancheng_town.app import DEFINITION as TOWN
from bancheng_village.app import DEFINITION as VILLAGE
from tests.support.databases import OwnDatabase, prepared_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.runtime.database_admin import DatabaseAdmin

UNSPREAD = {"alembic_version": "which migrations ran: one row for the database, read and written by migrations alone"}
"""Tables without a tenant, each with the reason. They stay on the coordinator."""

_OURS = "c.relnamespace = 'public'::regnamespace"
_TENANT = "(SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = {table} AND a.attname = 'tenant')"
_FIRST_OF_INDEX = "(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0])"

RULES: Mapping[str, str] = {
    # The tenant decides the machine, so a key that does not hold it could not be checked on one machine.
    "a table without a primary key": f"""
        SELECT c.relname FROM pg_class c WHERE {_OURS} AND c.relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)""",
    "an index that does not begin with the tenant": f"""
        SELECT x.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        WHERE {_OURS} AND c.relname <> ALL(:unspread) AND {_FIRST_OF_INDEX} IS DISTINCT FROM 'tenant'""",
    # Rows of one tenant lie together over all tables only if the tenants are written and compared alike.
    "a tenant that is not a text, not null, by code point": f"""
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
        WHERE {_OURS} AND c.relkind IN ('r', 'p') AND NOT (
            a.attnotnull AND a.atttypid = 'text'::regtype AND a.attcollation = '"C"'::regcollation)""",
    # A reference must be answered on the machine of the row: it names the tenant, and to the same tenant.
    "a foreign key that does not go from tenant to tenant": f"""
        SELECT k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE {_OURS} AND k.contype = 'f'
        AND array_position(k.conkey, {_TENANT.format(table="k.conrelid")}) IS DISTINCT FROM
            coalesce(array_position(k.confkey, {_TENANT.format(table="k.confrelid")}), 0)""",
    "an exclusion constraint": f"""
        SELECT k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE {_OURS} AND k.contype = 'x'""",
    "a trigger": f"""
        SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE {_OURS} AND NOT t.tgisinternal""",
    "a rule": f"""
        SELECT r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE {_OURS} AND c.relkind = 'r'""",
    "a default that is computed, or a generated column": f"""
        SELECT c.relname || '.' || a.attname FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
        JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE {_OURS} AND (
            a.attgenerated <> '' OR pg_get_expr(d.adbin, d.adrelid) !~ '^(true|false|[0-9]+|''[^'']*''::text)$')""",
    # Machines hand out ranges of 48 bits of their own, for which an integer is too narrow.
    "an identity that is no bigint": f"""
        SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE {_OURS} AND a.attidentity <> '' AND a.atttypid <> 'bigint'::regtype""",
    "a sequence that belongs to no identity": f"""
        SELECT c.relname FROM pg_class c WHERE {_OURS} AND c.relkind = 'S' AND NOT EXISTS (
            SELECT 1 FROM pg_depend d
            WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'i')""",
    "a view, a foreign table or a table with partitions or heirs": f"""
        SELECT c.relname FROM pg_class c WHERE {_OURS} AND (c.relkind IN ('v', 'm', 'f', 'p') OR c.relhassubclass)""",
    "a table that is not logged": f"""
        SELECT c.relname FROM pg_class c WHERE {_OURS} AND c.relkind = 'r' AND c.relpersistence <> 'p'""",
    "a function or a type of our own": """
        SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        UNION ALL SELECT t.typname::text FROM pg_type t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typrelid = 0 AND t.typelem = 0""",
}
"""What must not be there, and the statement that finds it."""

_WITHOUT_TENANT = f"""
    SELECT c.relname FROM pg_class c WHERE {_OURS} AND c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant')"""

BROKEN = """
CREATE TABLE keyless (tenant text COLLATE "C" NOT NULL);
CREATE TABLE shared_words (word text PRIMARY KEY);
CREATE TABLE backwards (tenant text NOT NULL, id integer GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (id, tenant));
CREATE TABLE pointing (tenant text COLLATE "C", id uuid DEFAULT gen_random_uuid(), staff text COLLATE "C",
    word text REFERENCES shared_words, double int GENERATED ALWAYS AS (2) STORED, PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, staff) REFERENCES staff (tenant, staff_id), FOREIGN KEY (staff, tenant) REFERENCES swapped,
    EXCLUDE USING btree (tenant WITH =, word WITH =));
CREATE SEQUENCE loose_numbers;
CREATE UNLOGGED TABLE fleeting (tenant text COLLATE "C" PRIMARY KEY);
CREATE VIEW everybody AS SELECT login FROM staff;
CREATE TYPE mood AS ENUM ('good');
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER watching AFTER INSERT ON staff EXECUTE FUNCTION touched();
CREATE RULE silent AS ON DELETE TO staff DO INSTEAD NOTHING
"""
_SWAPPED = 'CREATE TABLE swapped (tenant text COLLATE "C", id text COLLATE "C", PRIMARY KEY (tenant, id))'


@pytest_asyncio.fixture
async def every_branch(postgres: DatabaseAdmin) -> AsyncIterator[OwnDatabase]:
    """A database with the tables of all three services."""
    made = await prepared_database(postgres)
    branches = [each.migrations for each in (VILLAGE, TOWN, COUNTY)]
    await upgrade(made.owner_url, branches, service_role=made.service_role)
    yield made


async def test_every_table_can_be_spread_over_machines_by_its_tenant(every_branch: OwnDatabase) -> None:
    async with _looking_at(every_branch) as connection:
        assert await _broken(connection) == {}
        assert await _names(connection, _WITHOUT_TENANT) == set(UNSPREAD)
        spread = await _names(connection, f"SELECT c.relname FROM pg_class c WHERE {_OURS} AND c.relkind = 'r'")
    assert spread - set(UNSPREAD) == set(metadata.tables)


async def test_the_inspection_sees_each_thing_that_could_not_be_spread(every_branch: OwnDatabase) -> None:
    async with _looking_at(every_branch) as connection:
        for statement in (_SWAPPED, *BROKEN.strip().split(";\n")):
            await connection.exec_driver_sql(statement)
        found = await _broken(connection)
        without = await _names(connection, _WITHOUT_TENANT)
        await connection.rollback()
    assert without == {"alembic_version", "shared_words"}
    assert found == {
        "a table without a primary key": {"keyless"},
        "an index that does not begin with the tenant": {"shared_words_pkey", "backwards_pkey"},
        "a tenant that is not a text, not null, by code point": {"backwards"},
        "a foreign key that does not go from tenant to tenant": {"pointing_word_fkey", "pointing_staff_tenant_fkey"},
        "an exclusion constraint": {"pointing_tenant_word_excl"},
        "a trigger": {"watching"},
        "a rule": {"silent"},
        "a default that is computed, or a generated column": {"pointing.id", "pointing.double"},
        "an identity that is no bigint": {"backwards.id"},
        "a sequence that belongs to no identity": {"loose_numbers"},
        "a view, a foreign table or a table with partitions or heirs": {"everybody"},
        "a table that is not logged": {"fleeting"},
        "a function or a type of our own": {"mood", "touched"},
    }


@asynccontextmanager
async def _looking_at(database: OwnDatabase) -> AsyncGenerator[AsyncConnection]:
    engine = create_async_engine(driver_url(database.owner_url))
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def _broken(connection: AsyncConnection) -> dict[str, set[str]]:
    found = {rule: await _names(connection, statement) for rule, statement in RULES.items()}
    return {rule: names for rule, names in found.items() if names}


async def _names(connection: AsyncConnection, statement: str) -> set[str]:
    given = {"unspread": sorted(UNSPREAD)} if ":unspread" in statement else {}
    return {str(row[0]) for row in await connection.execute(text(statement), given)}
