"""A migrated database with the staff of every shipped tenant, the same again for each test that asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bancheng.store.database import Database
from bancheng.store.roles import Passwords, prepare_database
from bancheng.store.schema_changes import upgrade
from tests.conformance.hall import OpenHall
from tests.support.restored_database import RestoredDatabase, restored_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.runtime.database_admin import DatabaseAdmin

OWNER, SERVICE, PASSWORD = "conformance_owner", "conformance_service", "conformance"
TEMPLATE, NAME = "conformance_template", "conformance_tests"


@pytest.fixture(scope="session")
def open_template(postgres: DatabaseAdmin) -> str:
    async def make() -> None:
        passwords = Passwords(owner=PASSWORD, service=PASSWORD)
        await prepare_database(postgres.admin_url, TEMPLATE, OWNER, SERVICE, passwords)
        await upgrade(postgres.url(TEMPLATE, user=OWNER, password=PASSWORD), service_role=SERVICE)
        database = Database(postgres.url(TEMPLATE, user=SERVICE, password=PASSWORD), pool_size=1)
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
    database = Database(postgres.url(NAME, user=SERVICE, password=PASSWORD), pool_size=4)
    yield OpenHall(database)
    await database.close()
