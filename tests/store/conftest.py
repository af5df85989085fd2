"""One migrated database for the run, seen as the service's role; each test has a tenant of its own."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bancheng.store.database import Database
from bancheng.store.roles import Passwords, prepare_database
from bancheng.store.schema_changes import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.runtime.database_admin import DatabaseAdmin

OWNER = "store_owner"
SERVICE = "store_service"
PASSWORDS = Passwords(owner="owner-password", service="service-password")


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """One database as its administrator, its owner and the service."""

    admin: str
    owner: str
    service: str


async def make_database(postgres: DatabaseAdmin, name: str) -> Addresses:
    """A migrated database with its two roles."""
    await prepare_database(postgres.admin_url, name, OWNER, SERVICE, PASSWORDS)
    owner = postgres.url(name, user=OWNER, password=PASSWORDS.owner)
    await upgrade(owner, service_role=SERVICE)
    service = postgres.url(name, user=SERVICE, password=PASSWORDS.service)
    return Addresses(admin=postgres.url(name), owner=owner, service=service)


@pytest.fixture(scope="session")
def addresses(postgres: DatabaseAdmin) -> Addresses:
    """The database that most tests share."""
    return asyncio.run(make_database(postgres, "store_tests"))


@pytest_asyncio.fixture
async def database(addresses: Addresses) -> AsyncIterator[Database]:
    """As the service's role."""
    database = Database(addresses.service, pool_size=6)
    yield database
    await database.close()


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test uses."""
    return f"t-{secrets.token_hex(6)}"
