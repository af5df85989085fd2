"""A migrated database with the staff of every shipped tenant, the same again for each test that asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bancheng.store.database import Database
from tests.conformance.hall import OpenHall
from tests.support.databases import OWNER, copied_database, service_url
from tests.support.restored_database import RestoredDatabase, restored_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.runtime.database_admin import DatabaseAdmin

TEMPLATE, NAME = "conformance_template", "conformance_tests"


@pytest.fixture(scope="session")
def open_template(postgres: DatabaseAdmin, migrated: str) -> str:
    async def make() -> None:
        database = Database(await copied_database(postgres, TEMPLATE, template=migrated), pool_size=1)
        await OpenHall(database).employ()
        await database.close()

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture(scope="session")
def restored(postgres: DatabaseAdmin, open_template: str) -> RestoredDatabase:
    """The one database of the hall."""
    return asyncio.run(restored_database(postgres, NAME, owner=OWNER, template=open_template))


@pytest_asyncio.fixture
async def open_hall(postgres: DatabaseAdmin, restored: RestoredDatabase) -> AsyncIterator[OpenHall]:
    """Monday morning, nobody has come yet, every shipped tenant."""
    await restored.restore()
    database = Database(service_url(postgres, NAME), pool_size=4)
    yield OpenHall(database)
    await database.close()
