"""What `check` asks PostgreSQL: is it usable, which release is it, and is its clock ours.

Owns these questions and their words. Must not know tables.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bancheng.runtime.findings import Finding, failed, ok, skew, warning
from bancheng.runtime.settings import variable
from bancheng.store.database import Database
from bancheng.store.errors import StoreError

TRIED_VERSION: Final = 18
"""The major release on which everything is tested."""
OLDEST_VERSION: Final = 15
"""What is older is no longer mended by its makers."""

_KNOWN: Final = frozenset(
    {"database.unavailable", "database.busy", "database.not_migrated", "database.role_too_powerful"}
)


def usable(problem: str) -> Finding:
    """`problem`: the code of `Service.database_problem`."""
    if not problem:
        return ok("database", "database.usable")
    text = problem if problem in _KNOWN else "database.other"
    return failed("database", text, code=problem, setting=variable("database_url"))


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
    named = {"release": f"{major}.{number % 10_000}", "tried": TRIED_VERSION, "oldest": OLDEST_VERSION}
    if major < OLDEST_VERSION:
        return failed("database", "database.too_old_release", **named)
    if major < TRIED_VERSION:
        return warning("database", "database.old_release", **named)
    return ok("database", "database.release", **named)
