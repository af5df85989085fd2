"""Whether a system has come to rest, asked with one cheap statement a site instead of reading everything.

Owns that question: nothing unnumbered, nothing unreceipted, nothing due, nothing deferred, and no change between two
looks, since the sites are looked at one after the other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from uuid import UUID

from bancheng.store.database import Database
from tests.support.system import System
from tests.support.tenants import SERVICES

LOOK_SECONDS = 0.3

_LOOK = """
SELECT (SELECT count(*) FROM outbox WHERE number IS NULL),
    (SELECT count(*) FROM cases WHERE act_at <= $1),
    (SELECT count(*) FROM inbox WHERE state = 'deferred' AND (case_id IS NULL OR case_id <> ALL($2::uuid[]))),
    (SELECT string_agg(format('%s %s %s of %s receipted', peer, state, receipted_number, out_next_number - 1), '; ')
     FROM link WHERE receipted_number <> out_next_number - 1 OR state <> 'open'),
    (SELECT sum(out_next_number + in_number) FROM link)"""


def wait_until_settled(system: System, *, until: float, deferred: Collection[UUID] = ()) -> list[str]:
    """What is left at `until` (monotonic seconds), in words; empty as soon as all is quiet."""
    return asyncio.run(_wait(system, until, list(deferred)))


async def _wait(system: System, until: float, deferred: list[UUID]) -> list[str]:
    databases = {name: Database(url, pool_size=1, application="oracle") for name, url in system.owner_urls.items()}
    before: list[object] = []
    try:
        while True:
            left, counts = await _look(system, databases, deferred)
            if not left and counts == before:
                return []
            if time.monotonic() > until:
                return left or ["still moving"]
            before = [] if left else counts
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        for database in databases.values():
            await database.close()


async def _look(system: System, databases: dict[str, Database], deferred: list[UUID]) -> tuple[list[str], list[object]]:
    left: list[str] = []
    counts: list[object] = []
    for (tenant, site), service in SERVICES.items():
        async with databases[service].transaction(tenant) as tx:
            row = await tx.fetch_one(_LOOK, system.clock.now(), deferred)
        assert row is not None
        unnumbered, due, waiting, links, moved = row
        counts.append(moved)
        found = ((unnumbered, "frames unnumbered"), (due, "cases due"), (waiting, "frames deferred"))
        left += [f"{tenant}/{site}: {count} {what}" for count, what in found if count]
        if links:
            left.append(f"{tenant}/{site}: {links}")
    return left, counts
