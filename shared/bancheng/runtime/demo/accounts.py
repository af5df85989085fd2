"""The demo's staff, entered at each service's own database with one password that everybody may know.

Owns nothing but the entering: who they are is places.py's.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bancheng.federation.site import wall_now
from bancheng.runtime.demo.places import ACCOUNTS, PASSWORD, Account
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.runtime.site_files import read_site_files
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.store.accounts import Staff, list_staff, save_staff
from bancheng.store.database import Database
from bancheng.window.passwords import hash_password


async def enter_accounts(database_url: str, sites: Path, now: datetime) -> int:
    """Those of one service that are not there yet; returns how many. Raises SiteRefused, StoreError."""
    database = Database(database_url, pool_size=2, application="bancheng-demo")
    entered = 0
    try:
        for file in read_site_files(sites):
            await SiteMaker(database, file, lambda: now).make()
            wanted = [each for each in ACCOUNTS if (each.tenant, each.site) == (file.tenant, file.site)]
            entered += await _enter(database, file.tenant, wanted)
    finally:
        await database.close()
    return entered


async def _enter(database: Database, tenant: str, wanted: Sequence[Account]) -> int:
    async with database.transaction(tenant) as tx:
        known = {each.login for each in await list_staff(tx)}
        missing = [each for each in wanted if each.login not in known]
        # One hash for all: it protects nothing, and each takes a tenth of a second to make.
        password_hash = hash_password(PASSWORD) if missing else ""
        for each in missing:
            staff = Staff(
                staff_id=str(uuid7(wall_now(), secrets.token_bytes(RANDOM_BYTES))),
                login=each.login,
                name=each.name,
                unit=each.unit,
                roles=each.roles,
                password_hash=password_hash,
                active=True,
                created_at=wall_now(),
            )
            await save_staff(tx, staff)
    return len(missing)
