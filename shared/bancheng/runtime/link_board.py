"""The links of a site as the database has them, for a process that does not run them itself.

Owns that view: what only the process that runs a link knows (its connection, what it waits for) is not in it.
"""

from __future__ import annotations

from bancheng.federation.health import HealthState, LinkStatus
from bancheng.store.database import Database
from bancheng.store.links import LinkRow, list_links, oldest_unreceipted_at

ELSEWHERE = "another_process"
"""In `detail`: the state is the database's, the connection is another process's."""


async def link_board(database: Database, tenant: str) -> list[LinkStatus]:
    """Every link of the tenant's site. Raises StoreError."""
    async with database.transaction(tenant) as tx:
        rows = await list_links(tx)
        oldest = {row.peer: await oldest_unreceipted_at(tx, row.peer) for row in rows}
    return [
        LinkStatus(
            peer=row.peer,
            is_parent=row.role == "parent",
            state=_state(row),
            reason=row.reason,
            detail=ELSEWHERE,
            connected=False,
            oldest_unreceipted_at=oldest[row.peer],
            receipted_number=row.receipted_number,
            out_number=row.out_next_number - 1,
            in_number=row.in_number,
        )
        for row in rows
    ]


def _state(row: LinkRow) -> HealthState:
    return "stopped" if row.state == "stopped" else "open"
