"""Roles and databases of a PostgreSQL server to which we have an administrator's address.

Owns creating and dropping them. Must not know tables, tenants or who started the server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_CONNECT_TIMEOUT_SECONDS = 10
_COMMAND_TIMEOUT_SECONDS = 60


class NotAName(ValueError):
    """A role or database name that is not 1 to 63 of `a-z 0-9 _`, starting with no digit."""


class _Connection(Protocol):
    """The part of an asyncpg connection that is used here; the library's own types are partial."""

    async def fetch(self, query: str, *arguments: str) -> Sequence[Sequence[object]]: ...
    async def execute(self, query: str) -> str: ...
    async def close(self) -> None: ...


class DatabaseAdmin:
    """What may be done with a server's roles and databases, whoever started it.

    Addresses are `postgresql://user:password@host:port/database`, as asyncpg takes them.
    """

    def __init__(self, *, admin_url: str) -> None:
        self._admin_url = admin_url

    @property
    def admin_url(self) -> str:
        """The address of the database `postgres` (or of the one named) as a superuser."""
        return self._admin_url

    def url(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """The address of `database`; as the administrator, or as `user` with `password`."""
        parts = urlsplit(self.admin_url)
        where = parts.netloc.rpartition("@")[2]
        who = parts.netloc.rpartition("@")[0]
        if user is not None:
            who = quote(user, safe="") + (f":{quote(password, safe='')}" if password is not None else "")
        return urlunsplit(parts._replace(netloc=f"{who}@{where}" if who else where, path=f"/{_name(database)}"))

    async def create_role(self, name: str, *, password: str) -> None:
        """A role that may sign in and nothing else; if it exists already, only its password is set."""
        verb = "ALTER" if await self._fetch("SELECT 1 FROM pg_roles WHERE rolname = $1", name) else "CREATE"
        await self._run_formatted(f"{verb} ROLE %I LOGIN PASSWORD %L", _name(name), password)

    async def create_database(self, name: str, *, owner: str, template: str = "template0") -> None:
        """A database of `owner`, in UTF-8. `template` may be a database that nobody is connected to.

        Raises `asyncpg.DuplicateDatabaseError` when it exists.
        """
        await self._run_formatted(
            "CREATE DATABASE %I OWNER %I ENCODING 'UTF8' TEMPLATE %I", _name(name), _name(owner), _name(template)
        )

    async def drop_database(self, name: str) -> None:
        """Drops the database if it is there, closing the connections to it."""
        await self._run_formatted("DROP DATABASE IF EXISTS %I WITH (FORCE)", _name(name))

    async def database_exists(self, name: str) -> bool:
        """Whether there is a database of this name."""
        return bool(await self._fetch("SELECT 1 FROM pg_database WHERE datname = $1", name))

    async def _run_formatted(self, statement: str, *parts: str) -> None:
        # These statements take no parameters; the server itself quotes the names into them.
        places = ", ".join(f"${position}::text" for position in range(2, len(parts) + 2))
        rows = await self._fetch(f"SELECT format($1::text, {places})", statement, *parts)
        await self._execute(str(rows[0][0]))

    async def _fetch(self, query: str, *arguments: str) -> Sequence[Sequence[object]]:
        connection = await self._connect()
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await self._connect()
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _connect(self) -> _Connection:
        connection: object = await asyncpg.connect(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            self.admin_url, timeout=_CONNECT_TIMEOUT_SECONDS, command_timeout=_COMMAND_TIMEOUT_SECONDS
        )
        return cast("_Connection", connection)


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise NotAName(text)
    return text
