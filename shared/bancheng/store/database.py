"""A database and its transactions, one tenant each.

Owns the connections (SQLAlchemy's pool), the tenant of a transaction, commit at the edge, and what a broken
connection means. Must not know tables. Hot statements go to the driver as they are written; the statements around
a transaction are two round trips: begin with the tenant, and commit.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol, cast
from urllib.parse import urlsplit, urlunsplit

import msgspec
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection

from bancheng.schema.ids import is_token
from bancheng.store.errors import (
    CommitUnknown,
    DatabaseUnavailable,
    NotAllowed,
    NotMigrated,
    RoleTooPowerful,
    TenantInvalid,
    TransactionAborted,
    typed_error,
)
from bancheng.store.tracing import Tracer

Row = Sequence[Any]
"""One row as the driver gives it: a decoding edge, so each query unpacks it into something typed."""

_DRIVER = "postgresql+asyncpg"
_POSTGRES_PORT = 5432
CONNECT_SECONDS = 10
POOL_WAIT_SECONDS = 5
FEW_ROWS = 64
"""Up to so many rows a statement over arrays uses the plan that is kept for any; for more it is planned afresh."""
STATEMENT_SECONDS = 30
LOCK_SECONDS = 10
IDLE_IN_TRANSACTION_SECONDS = 60


class Driver(Protocol):
    """The part of an asyncpg connection that is used."""

    async def execute(self, query: str, *arguments: object) -> str: ...
    async def fetch(self, query: str, *arguments: object) -> list[Row]: ...
    def is_closed(self) -> bool: ...
    def is_in_transaction(self) -> bool: ...
    def terminate(self) -> None: ...


class Transaction:
    """One transaction of one tenant. It is committed by `Database.transaction`, never by who uses it."""

    __slots__ = ("_driver", "_engine", "_pooled", "tenant", "tracer")

    def __init__(
        self,
        tenant: str,
        engine: AsyncEngine,
        pooled: PoolProxiedConnection,
        driver: Driver,
        tracer: Tracer | None = None,
    ) -> None:
        self.tenant = tenant
        self.tracer = tracer
        self._engine = engine
        self._pooled = pooled
        self._driver = driver

    @property
    def connection(self) -> AsyncConnection:
        """The same connection and transaction for statements of SQLAlchemy's; do not commit or close it."""
        return AsyncConnection(self._engine, Connection(self._engine.sync_engine, connection=self._pooled))

    async def plan_afresh(self) -> None:
        """Plan what follows for its own parameters: a plan kept from single rows would be kept for a thousand too."""
        await self.execute("SET LOCAL plan_cache_mode = force_custom_plan")

    async def fetch(self, statement: str, *arguments: object) -> list[Row]:
        """All rows of a statement with `$1` parameters. Raises StoreError; afterwards nothing more can be done here."""
        try:
            return await self._driver.fetch(statement, *arguments)
        except Exception as error:
            raise typed_error(error) or error from error

    async def fetch_one(self, statement: str, *arguments: object) -> Row | None:
        """The first row, if there is one."""
        rows = await self.fetch(statement, *arguments)
        return rows[0] if rows else None

    async def execute(self, statement: str, *arguments: object) -> int:
        """The number of rows that a statement changed. Raises StoreError."""
        try:
            status = await self._driver.execute(statement, *arguments)
        except Exception as error:
            raise typed_error(error) or error from error
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0


class PoolStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Connections: at most, open now, and in use now."""

    size: int
    opened: int
    in_use: int


class Database:
    """A PostgreSQL database as the service's role. One for a process; closed at shutdown."""

    def __init__(self, url: str, *, pool_size: int = 10, application: str = "bancheng") -> None:
        self._pool_size = pool_size
        self.tracer: Tracer | None = None
        """Who is told of the work on a case: set once, when a service starts."""
        self._engine = _create_engine(driver_url(url), pool_size, application)

    @asynccontextmanager
    async def transaction(self, tenant: str, *, durable: bool = True) -> AsyncGenerator[Transaction]:
        """A transaction in which only `tenant` exists: committed at the end, rolled back when an exception leaves it.

        `durable=False` does not wait for the flush: for what is worthless unless a later commit survives as well.
        Raises StoreError (DatabaseUnavailable, DatabaseBusy, CommitUnknown …) and whatever the caller raises.
        """
        begin = _begin_statement(tenant, durable=durable)
        try:
            pooled, driver = await self._begin(begin)
            try:
                yield Transaction(tenant, self._engine, pooled, driver, self.tracer)
                await _commit(driver)
            except Exception:
                await _roll_back(driver)
                raise
            except BaseException:
                # Cancelled in the middle of a statement: nobody knows where the connection stands.
                driver.terminate()
                raise
            finally:
                _give_back(pooled, driver)
        except Exception as error:
            known = typed_error(error)
            if known is None or known is error:
                raise
            raise known from error

    async def _begin(self, statement: str) -> tuple[PoolProxiedConnection, Driver]:
        """Open the transaction; a connection that died while it lay in the pool is replaced, as nothing was begun."""
        for _ in range(self._pool_size + 1):
            pooled = await self._engine.raw_connection()
            driver = cast("Driver", pooled.driver_connection)
            try:
                if not driver.is_closed():
                    await driver.execute(statement)
                    return pooled, driver
                pooled.invalidate()
            except BaseException as error:
                driver.terminate()
                pooled.invalidate()
                if not isinstance(typed_error(error), DatabaseUnavailable):
                    raise
        raise DatabaseUnavailable

    async def check_role(self) -> None:
        """Raises RoleTooPowerful if row-level security would not bind this role; DatabaseUnavailable and the like."""
        for name, is_superuser, bypasses, owns in await self._ask(_ROLE_QUERY):
            if is_superuser or bypasses or owns:
                raise RoleTooPowerful(role=str(name))

    async def server(self) -> tuple[int, datetime]:
        """The server's release (180001 for 18.1) and its wall clock. Raises DatabaseUnavailable and the like."""
        row = (await self._ask(_SERVER_QUERY))[0]
        return int(row[0]), row[1]

    async def revisions(self) -> frozenset[str]:
        """The last migration of each branch; none if none ended. Raises DatabaseUnavailable and the like."""
        try:
            return frozenset(str(row[0]) for row in await self._ask("SELECT version_num FROM alembic_version"))
        except (NotMigrated, NotAllowed):
            return frozenset()

    async def _ask(self, query: str) -> list[Row]:
        """Outside of any tenant. Raises StoreError."""
        try:
            pooled = await self._engine.raw_connection()
            try:
                return await cast("Driver", pooled.driver_connection).fetch(query)
            finally:
                pooled.close()
        except Exception as error:
            raise typed_error(error) or error from error

    def pool_status(self) -> PoolStatus:
        pool = cast("AsyncAdaptedQueuePool", self._engine.pool)
        return PoolStatus(size=self._pool_size, opened=pool.checkedin() + pool.checkedout(), in_use=pool.checkedout())

    async def close(self) -> None:
        await self._engine.dispose()


_SERVER_QUERY = "SELECT current_setting('server_version_num')::int, clock_timestamp()"
_ROLE_QUERY = """
SELECT rolname, rolsuper, rolbypassrls, EXISTS (
    SELECT FROM pg_class WHERE relkind IN ('r', 'p') AND relowner = pg_roles.oid AND relrowsecurity)
FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
"""


def driver_url(url: str) -> URL:
    """The address with our driver named in it, however it was written.

    Several servers, as PostgreSQL's own tools have them: `postgresql://user@a,b:5433/name?target_session_attrs=primary`.
    """
    parts = urlsplit(url)
    who, _, where = parts.netloc.rpartition("@")
    hosts = where.split(",")
    if len(hosts) == 1:
        return make_url(url).set(drivername=_DRIVER)
    one = make_url(urlunsplit(parts._replace(netloc=f"{who}@")))
    named = tuple(host if ":" in host else f"{host}:{_POSTGRES_PORT}" for host in hosts)
    return one.set(drivername=_DRIVER).update_query_dict({"host": named})


def _create_engine(url: URL, pool_size: int, application: str) -> AsyncEngine:
    settings = {
        "application_name": application,
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        "timezone": "UTC",
        "jit": "off",
        # A plan made while a table was small is kept until the next ANALYZE, however the table grows meanwhile.
        # Nothing the service asks for needs a whole table, so it never learns to read one.
        "enable_seqscan": "off",
    }
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_use_lifo=True,
        # We begin and commit ourselves: SQLAlchemy would need a round trip of its own to begin, and one for the tenant.
        isolation_level="AUTOCOMMIT",
        connect_args={
            "server_settings": settings,
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS * 2,
        },
    )


def _begin_statement(tenant: str, *, durable: bool) -> str:
    # A token holds no quote: nothing can be smuggled into the statement.
    if not is_token(tenant):
        raise TenantInvalid(tenant=tenant[:64])
    lazily = "" if durable else "; SET LOCAL synchronous_commit = off"
    return f"BEGIN; SET LOCAL bancheng.tenant = '{tenant}'{lazily}"


def _give_back(pooled: PoolProxiedConnection, driver: Driver) -> None:
    """Into the pool, unless it is closed or, by a defect, still in a transaction: the next tenant must not be in it."""
    if driver.is_closed() or driver.is_in_transaction():
        pooled.invalidate()
    else:
        # SQLAlchemy began nothing on it, so there is nothing to wait for.
        pooled.close()


async def _roll_back(driver: Driver) -> None:
    """Undo; a connection that cannot even do that is thrown away, and the server undoes it."""
    if driver.is_closed() or not driver.is_in_transaction():
        return
    try:
        await driver.execute("ROLLBACK")
    except BaseException as error:
        driver.terminate()
        if typed_error(error) is None:
            raise


async def _commit(driver: Driver) -> None:
    try:
        status = await driver.execute("COMMIT")
    except BaseException as error:
        driver.terminate()
        if typed_error(error) is None:
            raise
        raise CommitUnknown from error
    if status != "COMMIT":
        raise TransactionAborted
