"""The links of a site as the database has them, for a process that does not run them itself.

Owns that view: what only the process that runs a link knows (its connection, what it waits for) is not in it.
"""

from __future__ import annotations

from bancheng.federation.health import Health, LinkStatus, link_status
from bancheng.store.database import Database
from bancheng.store.links import list_links, oldest_unreceipted_at

ELSEWHERE = "another_process"
"""In `detail`: the state is the database's, the connection is another process's."""


async def link_board(database: Database, tenant: str) -> list[LinkStatus]:
    """Every link of the tenant's site. Raises StoreError."""
    async with database.transaction(tenant) as tx:
        rows = await list_links(tx)
        oldest = {row.peer: await oldest_unreceipted_at(tx, row.peer) for row in rows}
    health = Health()
    health.well()
    health.detail = ELSEWHERE
    return [link_status(row, oldest[row.peer], health, reason=row.reason, connected=False) for row in rows]
