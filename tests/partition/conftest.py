"""Three sites on three databases, made from one migrated template."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bancheng.store.database import Database
from bancheng.store.roles import Passwords, prepare_database
from bancheng.store.schema_changes import upgrade
from tests.support.tiers import COUNTY, TOWN, VILLAGE, Tiers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.runtime.database_admin import DatabaseAdmin

OWNER, SERVICE, PASSWORD = "partition_owner", "partition_service", "partition"
TEMPLATE = "partition_template"


@pytest.fixture(scope="session")
def template(postgres: DatabaseAdmin) -> str:
    """A migrated database that nobody is connected to."""

    async def make() -> None:
        passwords = Passwords(owner=PASSWORD, service=PASSWORD)
        await prepare_database(postgres.admin_url, TEMPLATE, OWNER, SERVICE, passwords)
        await upgrade(postgres.url(TEMPLATE, user=OWNER, password=PASSWORD), service_role=SERVICE)

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture
async def tiers(postgres: DatabaseAdmin, template: str) -> AsyncIterator[Tiers]:
    """A village, a town and a county that know one another and hold no case."""
    databases: dict[str, Database] = {}
    for site in (COUNTY, TOWN, VILLAGE):
        name = f"partition_{site}"
        await postgres.drop_database(name)
        await postgres.create_database(name, owner=OWNER, template=template)
        databases[site] = Database(postgres.url(name, user=SERVICE, password=PASSWORD), pool_size=4)
    tiers = Tiers(databases)
    await tiers.join()
    yield tiers
    for site, database in databases.items():
        await database.close()
        await postgres.drop_database(f"partition_{site}")
