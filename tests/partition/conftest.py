"""Three sites on three databases, made from one migrated template."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bancheng.store.database import Database
from tests.support.databases import OWNER, service_url
from tests.support.restored_database import RestoredDatabase, restored_database
from tests.support.tiers import COUNTY, EAST, TOWN, VILLAGE, Tiers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from bancheng.runtime.database_admin import DatabaseAdmin

SITES = (COUNTY, TOWN, VILLAGE)


@pytest.fixture(scope="session")
def restored_sites(postgres: DatabaseAdmin, migrated: str) -> list[RestoredDatabase]:
    """A database for each site."""

    async def make() -> list[RestoredDatabase]:
        return [
            await restored_database(postgres, f"partition_{site}", owner=OWNER, template=migrated) for site in SITES
        ]

    return asyncio.run(make())


@pytest.fixture(scope="session")
def restored_east(postgres: DatabaseAdmin, migrated: str) -> RestoredDatabase:
    """The second village's, for the tests that have one."""
    return asyncio.run(restored_database(postgres, f"partition_{EAST}", owner=OWNER, template=migrated))


@pytest.fixture
async def tiers(postgres: DatabaseAdmin, restored_sites: list[RestoredDatabase]) -> AsyncIterator[Tiers]:
    """A village, a town and a county that know one another and hold no case."""
    async with _standing(postgres, restored_sites, SITES) as tiers:
        yield tiers


@pytest.fixture
async def tiers_and_east(
    postgres: DatabaseAdmin, restored_sites: list[RestoredDatabase], restored_east: RestoredDatabase
) -> AsyncIterator[Tiers]:
    """The same with a second village below the town."""
    async with _standing(postgres, [*restored_sites, restored_east], (*SITES, EAST)) as tiers:
        yield tiers


@asynccontextmanager
async def _standing(
    postgres: DatabaseAdmin, restored: Sequence[RestoredDatabase], sites: Sequence[str]
) -> AsyncGenerator[Tiers]:
    for each in restored:
        await each.restore()
    databases = {site: Database(service_url(postgres, f"partition_{site}"), pool_size=4) for site in sites}
    tiers = Tiers(databases)
    await tiers.join()
    yield tiers
    for database in databases.values():
        await database.close()
