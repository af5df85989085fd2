"""Two migrated databases for the run; each test has a tenant and a nats-server of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bancheng.runtime.local_nats import NatsServer
from bancheng.store.paper_store import PaperStore
from tests.federation.linked_sites import LinkedSites
from tests.support.databases import copied_database
from tests.support.tiers import COUNTY, TOWN, VILLAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from bancheng.runtime.database_admin import DatabaseAdmin


@pytest.fixture(scope="session")
def site_addresses(postgres: DatabaseAdmin, migrated: str) -> dict[str, str]:
    """The two databases, as the service's role."""
    return {site: asyncio.run(copied_database(postgres, f"link_{site}", template=migrated)) for site in (VILLAGE, TOWN)}


@pytest.fixture(scope="session")
def county_address(postgres: DatabaseAdmin, migrated: str) -> str:
    """The third database, for what takes two hops."""
    return asyncio.run(copied_database(postgres, f"link_{COUNTY}", template=migrated))


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A server that the test may kill and wipe."""
    with NatsServer(directory=tmp_path) as server:
        yield server


@pytest_asyncio.fixture
async def linked(own_nats: NatsServer, site_addresses: dict[str, str]) -> AsyncIterator[LinkedSites]:
    """A village and its town; nothing runs yet."""
    sites = LinkedSites(nats=own_nats, addresses=site_addresses)
    yield sites
    await sites.close()


@pytest_asyncio.fixture
async def line(
    own_nats: NatsServer, site_addresses: dict[str, str], county_address: str, tmp_path: Path
) -> AsyncIterator[LinkedSites]:
    """A village, its town and its county, each with a folder of papers; nothing runs yet."""
    papers = {site: PaperStore(str(tmp_path / site)) for site in (VILLAGE, TOWN, COUNTY)}
    sites = LinkedSites(nats=own_nats, addresses={**site_addresses, COUNTY: county_address}, papers=papers)
    yield sites
    await sites.close()
