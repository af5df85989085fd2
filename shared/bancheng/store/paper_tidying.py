"""Removing bytes that were uploaded and never attached: the upload was refused, or broke off half way.

Owns the order: the bytes first, then the row that says where they are. Must not know how often it is done.
"""

from __future__ import annotations

from datetime import datetime

from bancheng.store.database import Database
from bancheng.store.paper_store import PaperStore
from bancheng.store.papers import forget_unattached, is_named_elsewhere, unattached


async def tidy_papers(database: Database, tenant: str, papers: PaperStore, *, before: datetime) -> int:
    """How many were given up. Bytes that another case has too stay. Raises PaperStoreUnavailable."""
    async with database.transaction(tenant) as tx:
        left = await unattached(tx, before=before)
        for sha256, case_id in left:
            if not await is_named_elsewhere(tx, sha256, case_id):
                await papers.remove(tenant, sha256)
            await forget_unattached(tx, sha256, case_id)
    return len(left)
