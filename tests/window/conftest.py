"""One migrated database behind one application, empty for each test that asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bancheng.store.database import Database
from tests.support.databases import OWNER, copied_database, service_url
from tests.support.restored_database import RestoredDatabase, restored_database
from tests.support.tiers import COUNTY, TOWN, VILLAGE, Tiers
from tests.window.town_hall import TownHall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.runtime.database_admin import DatabaseAdmin

TEMPLATE, NAME = "window_template", "window_tests"
SITES = (COUNTY, TOWN, VILLAGE)


@pytest.fixture(scope="session")
def template(postgres: DatabaseAdmin, migrated: str) -> str:
    """A migrated database with the staff of both tenants, that nobody is connected to."""

    async def make() -> None:
        database = Database(await copied_database(postgres, TEMPLATE, template=migrated), pool_size=1)
        await TownHall(database).employ()
        await database.close()

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture(scope="session")
def restored(postgres: DatabaseAdmin, template: str) -> RestoredDatabase:
    """The one database of the hall."""
    return asyncio.run(restored_database(postgres, NAME, owner=OWNER, template=template))


@pytest_asyncio.fixture
async def database(postgres: DatabaseAdmin, restored: RestoredDatabase) -> AsyncIterator[Database]:
    """As the service's role, with what the template holds."""
    await restored.restore()
    database = Database(service_url(postgres, NAME), pool_size=6)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def hall(database: Database) -> TownHall:
    """Nobody has come yet."""
    return TownHall(database)


@pytest.fixture(scope="session")
def restored_sites(postgres: DatabaseAdmin, template: str) -> list[RestoredDatabase]:
    """A database for each site."""

    async def make() -> list[RestoredDatabase]:
        return [await restored_database(postgres, f"window_{site}", owner=OWNER, template=template) for site in SITES]

    return asyncio.run(make())


@pytest_asyncio.fixture
async def tiers(postgres: DatabaseAdmin, restored_sites: list[RestoredDatabase]) -> AsyncIterator[Tiers]:
    """A village, a town and a county on a database each, with the same staff."""
    for each in restored_sites:
        await each.restore()
    databases = {site: Database(service_url(postgres, f"window_{site}"), pool_size=3) for site in SITES}
    tiers = Tiers(databases)
    await tiers.join()
    yield tiers
    for database in databases.values():
        await database.close()
