"""Bringing a database to the release's schema.

Owns the run of all migration branches: one at a time over all replicas (a session advisory lock), under time-outs, as
the tables' owner; then the service role's grants. Must not know which service it runs for: its branch is passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bancheng.store.database import driver_url
from bancheng.store.register_tables import metadata as shared_metadata
from bancheng.store.roles import grants
from bancheng.store.schema_state import VERSIONS

ADVISORY_LOCK = 0x62616E6368656E67
"""`bancheng` in ASCII: what replicas that start together wait for."""
WAIT_FOR_REPLICA = "120s"
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"


async def upgrade(
    owner_url: str,
    extra_version_locations: Sequence[Path] = (),
    *,
    service_role: str,
    extra_metadata: Sequence[MetaData] = (),
) -> None:
    """Run what is missing of every branch and set the service role's grants. Safe when several start at once."""
    config = _config(extra_version_locations, extra_metadata)

    def run(connection: Connection) -> None:
        _lock(connection)
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
            for statement in grants(service_role, (shared_metadata, *extra_metadata)):
                connection.execute(text(statement))
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()

    await _with_connection(owner_url, run)


async def differences(
    owner_url: str, extra_version_locations: Sequence[Path] = (), *, extra_metadata: Sequence[MetaData] = ()
) -> list[Any]:
    """What the tables in code and in the database differ in, as alembic names it. Empty is what a test wants."""
    config = _config(extra_version_locations, extra_metadata)
    found: list[Any] = []

    def run(connection: Connection) -> None:
        context = MigrationContext.configure(connection)
        found.extend(compare_metadata(context, config.attributes["metadata"]))

    await _with_connection(owner_url, run)
    return found


def _lock(connection: Connection) -> None:
    """Wait for our turn, then limit what a migration may wait for and take."""
    connection.execute(text(f"SET lock_timeout = '{WAIT_FOR_REPLICA}'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()


def _config(extra_version_locations: Sequence[Path], extra_metadata: Sequence[MetaData]) -> Config:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("path_separator", "newline")
    locations = [VERSIONS, *extra_version_locations]
    config.set_main_option("version_locations", "\n".join(str(path) for path in locations))
    config.attributes["metadata"] = [shared_metadata, *extra_metadata]
    return config


async def _with_connection(url: str, run: Any) -> None:
    engine = create_async_engine(driver_url(url), poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()
