"""What `check` asks PostgreSQL: is it usable, which release is it, and is its clock ours.

Owns these questions and their words. Must not know tables.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bancheng.runtime.findings import Finding, skew
from bancheng.runtime.settings import variable
from bancheng.store.database import Database
from bancheng.store.errors import StoreError

TRIED_VERSION: Final = 18
"""The major release on which everything is tested."""
OLDEST_VERSION: Final = 15
"""What is older is no longer mended by its makers."""

_TODO: Final = {
    "database.unavailable": f"start PostgreSQL, or correct {variable('database_url')}",
    "database.busy": "PostgreSQL takes no connection in time: see its load and max_connections",
    "database.not_migrated": "run `db upgrade` of this service",
    "database.role_too_powerful": "use a role that owns no table, is no superuser and has NOBYPASSRLS",
}


def usable(problem: str) -> Finding:
    """`problem`: the code of `Service.database_problem`."""
    if not problem:
        return Finding(level="ok", subject="database", said="reachable, migrated, and the role can bypass nothing")
    todo = _TODO.get(problem, f"see PostgreSQL's log, and {variable('database_url')}")
    return Finding(level="failed", subject="database", said=problem, todo=todo)


async def release_and_clock(database: Database, wall: Callable[[], datetime]) -> list[Finding]:
    """What a server that can be asked says of itself; nothing where it cannot."""
    try:
        asked_at = wall()
        number, server_at = await database.server()
        answered_at = wall()
    except StoreError:
        return []
    taken = answered_at - asked_at
    return [release(number), skew("database", server_at - (asked_at + taken / 2), taken / 2)]


def release(number: int) -> Finding:
    """`number`: as PostgreSQL counts its releases, 180001 for 18.1."""
    major = number // 10_000
    said = f"PostgreSQL {major}.{number % 10_000}"
    if major < OLDEST_VERSION:
        todo = f"upgrade PostgreSQL to {TRIED_VERSION}: older than {OLDEST_VERSION} is no longer mended by its makers"
        return Finding(level="failed", subject="database", said=said, todo=todo)
    if major < TRIED_VERSION:
        todo = f"upgrade PostgreSQL to {TRIED_VERSION}, on which every release of the service is tried"
        return Finding(level="warning", subject="database", said=said, todo=todo)
    return Finding(level="ok", subject="database", said=said)
