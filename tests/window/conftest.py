"""One migrated database behind one application, empty for each test that asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bancheng.store.database import Database
from bancheng.store.roles import Passwords, prepare_database
from bancheng.store.schema_changes import upgrade
from tests.support.tiers import COUNTY, TOWN, VILLAGE, Tiers
from tests.window.town_hall import TownHall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.runtime.database_admin import DatabaseAdmin

OWNER, SERVICE, PASSWORD = "window_owner", "window_service", "window"
TEMPLATE, NAME = "window_template", "window_tests"


@pytest.fixture(scope="session")
def template(postgres: DatabaseAdmin) -> str:
    """A migrated database with the staff of both tenants, that nobody is connected to."""

    async def make() -> None:
        passwords = Passwords(owner=PASSWORD, service=PASSWORD)
        await prepare_database(postgres.admin_url, TEMPLATE, OWNER, SERVICE, passwords)
        await upgrade(postgres.url(TEMPLATE, user=OWNER, password=PASSWORD), service_role=SERVICE)
        database = Database(postgres.url(TEMPLATE, user=SERVICE, password=PASSWORD), pool_size=1)
        await TownHall(database).employ()
        await database.close()

    asyncio.run(make())
    return TEMPLATE


@pytest_asyncio.fixture
async def database(postgres: DatabaseAdmin, template: str) -> AsyncIterator[Database]:
    """As the service's role."""
    await postgres.drop_database(NAME)
    await postgres.create_database(NAME, owner=OWNER, template=template)
    database = Database(postgres.url(NAME, user=SERVICE, password=PASSWORD), pool_size=6)
    yield database
    await database.close()
    await postgres.drop_database(NAME)


@pytest_asyncio.fixture
async def hall(database: Database) -> TownHall:
    """Nobody has come yet."""
    return TownHall(database)


@pytest_asyncio.fixture
async def tiers(postgres: DatabaseAdmin, template: str) -> AsyncIterator[Tiers]:
    """A village, a town and a county on a database each, with the same staff."""
    databases: dict[str, Database] = {}
    for site in (COUNTY, TOWN, VILLAGE):
        await postgres.drop_database(f"window_{site}")
        await postgres.create_database(f"window_{site}", owner=OWNER, template=template)
        databases[site] = Database(postgres.url(f"window_{site}", user=SERVICE, password=PASSWORD), pool_size=3)
    tiers = Tiers(databases)
    await tiers.join()
    yield tiers
    for site, database in databases.items():
        await database.close()
        await postgres.drop_database(f"window_{site}")
