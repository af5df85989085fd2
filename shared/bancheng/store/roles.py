"""The two roles of a database: one owns the tables and migrates, the other serves and can bypass nothing.

Owns their making and the service role's grants. Run as an administrator of the server, once for a database; running
it again changes nothing but the passwords.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol, cast
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
from sqlalchemy import MetaData

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SECONDS = 30


class Passwords(msgspec.Struct, frozen=True, kw_only=True):
    owner: str
    service: str


class NotAName(ValueError):
    """A role or database name that is not 1 to 63 of `a-z 0-9 _`, starting with no digit."""


class _Admin(Protocol):
    async def execute(self, query: str) -> str: ...
    async def fetchval(self, query: str, *arguments: object) -> object: ...
    async def close(self) -> None: ...


async def prepare_database(admin_url: str, database: str, owner: str, service: str, passwords: Passwords) -> None:
    """Make the database and its two roles, if they are not there. Raises NotAName."""
    for name in (database, owner, service):
        if _NAME.fullmatch(name) is None:
            raise NotAName(name)
    server = await _connect(admin_url)
    try:
        await _make_role(server, owner, passwords.owner)
        await _make_role(server, service, passwords.service)
        if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            # Code-point order, from PostgreSQL itself: an upgrade of the operating system unsorts no index.
            await server.execute(
                f"CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            )
        await server.execute(f"ALTER DATABASE {database} OWNER TO {owner}")
        await server.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        await server.execute(f"GRANT CONNECT ON DATABASE {database} TO {service}")
    finally:
        await server.close()
    inside = await _connect(urlunsplit(urlsplit(admin_url)._replace(path=f"/{database}")))
    try:
        await inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        await inside.execute(f"GRANT USAGE ON SCHEMA public TO {service}")
    finally:
        await inside.close()


def grants(service: str, metadata: Sequence[MetaData]) -> Iterator[str]:
    """What the service role may do with each table, as its `info["service"]` says, and nothing that it once might.

    History (`SELECT, INSERT`) is neither updated nor deleted by the service; a lawful erasure is another role's.
    """
    if _NAME.fullmatch(service) is None:
        raise NotAName(service)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {service}"
    yield f"GRANT SELECT ON alembic_version TO {service}"
    for each in metadata:
        for table in each.sorted_tables:
            yield f'GRANT {table.info["service"]} ON "{table.name}" TO {service}'


async def _make_role(server: _Admin, name: str, password: str) -> None:
    exists = await server.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    # A role statement takes no parameters: the server itself quotes the password into it.
    verb = "ALTER" if exists else "CREATE"
    powers = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"
    statement = await server.fetchval(
        "SELECT format($1::text, $2::text, $3::text)", f"{verb} ROLE %I {powers} PASSWORD %L", name, password
    )
    await server.execute(str(statement))


async def _connect(url: str) -> _Admin:
    connection: object = await asyncpg.connect(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        url, timeout=_SECONDS, command_timeout=_SECONDS
    )
    return cast("_Admin", connection)
