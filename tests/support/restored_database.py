"""A database that is brought back to what its template held, for one test after the other.

Owns that. A new copy of the template for each test took ten times as long as emptying the tables of the last one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import asyncpg

if TYPE_CHECKING:
    from bancheng.runtime.database_admin import DatabaseAdmin

# asyncpg's own types are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_TABLES = """
SELECT format('%I', relname),
    (SELECT string_agg(format('%I', attname), ', ' ORDER BY attnum) FROM pg_attribute
     WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""
_RESTART = """
SELECT setval(oid::regclass, (SELECT seqstart FROM pg_sequence WHERE seqrelid = oid), false)
FROM pg_class WHERE relkind = 'S'"""


@dataclass(frozen=True, kw_only=True)
class RestoredDatabase:
    """One database; `restore` is for before each test."""

    admin_url: str
    statements: Sequence[str]

    async def restore(self) -> None:
        """As at the beginning, with nobody connected. Keys and triggers do not hinder it, nor do rows of any tenant."""
        async with _connected(self.admin_url) as connection:
            await connection.execute(_END_OTHERS)
            await connection.execute(";".join(("SET session_replication_role = replica", *self.statements)))
            await connection.execute(_RESTART)


async def restored_database(admin: DatabaseAdmin, name: str, *, owner: str, template: str) -> RestoredDatabase:
    """Made anew from a template that nobody is connected to. The template's rows are kept in a schema of their own."""
    await admin.drop_database(name)
    await admin.create_database(name, owner=owner, template=template)
    async with _connected(admin.url(name)) as connection:
        await connection.execute("CREATE SCHEMA template")
        tables = cast("list[tuple[str, str]]", await connection.fetch(_TABLES))
        statements = [f"DELETE FROM public.{table}" for table, _ in tables]
        for table, columns in tables:
            await connection.execute(f"CREATE TABLE template.{table} AS SELECT {columns} FROM public.{table}")
            statements.append(
                f"INSERT INTO public.{table} ({columns}) OVERRIDING SYSTEM VALUE SELECT * FROM template.{table}"
            )
    return RestoredDatabase(admin_url=admin.url(name), statements=statements)


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
