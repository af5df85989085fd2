"""What the server forbids is a configuration error: shown as one, and healed when the configuration is corrected."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest_asyncio

from bancheng.federation.client import NatsAccess
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.nats_config import SiteUser, TenantAccount, generate_nkey, nats_configuration
from tests.federation.linked_sites import LinkedSites, eventually
from tests.support.tiers import TOWN, VILLAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Accounts:
    """The keys of the two sites, and the configuration with or without the link between them."""

    def __init__(self) -> None:
        self.seeds: dict[str, str] = {}
        self.public: dict[str, str] = {}
        for site in (TOWN, VILLAGE):
            self.seeds[site], self.public[site] = generate_nkey()

    def configuration(self, tenant: str, *, linked: bool) -> str:
        town = SiteUser(site=TOWN, public_nkey=self.public[TOWN], children=(VILLAGE,) if linked else ())
        village = SiteUser(site=VILLAGE, public_nkey=self.public[VILLAGE], parent=TOWN if linked else None)
        return nats_configuration([TenantAccount(tenant=tenant, users=(town, village))])


@pytest_asyncio.fixture
async def guarded(
    tmp_path: Path, site_addresses: dict[str, str]
) -> AsyncIterator[tuple[LinkedSites, NatsServer, Accounts]]:
    """A server with accounts that knows both sites but not their link."""
    accounts = Accounts()
    tenant = f"t-{secrets.token_hex(6)}"
    with NatsServer(directory=tmp_path, configuration=accounts.configuration(tenant, linked=False)) as server:
        access = {site: NatsAccess(url=server.url, nkey_seed=seed) for site, seed in accounts.seeds.items()}
        linked = LinkedSites(nats=server, addresses=site_addresses, access=access, tenant=tenant)
        yield linked, server, accounts
        await linked.close()


async def test_missing_permissions_are_configuration_errors_and_heal_when_they_are_given(
    guarded: tuple[LinkedSites, NatsServer, Accounts],
) -> None:
    linked, server, accounts = guarded
    await linked.start()
    await linked.register(3)
    status = await eventually(
        lambda: linked.status(TOWN, VILLAGE),
        lambda each: each is not None and each.reason == "nats.forbidden",
        "the town's page says that the server forbids it",
    )
    assert status is not None
    exchange = linked.sites[TOWN].exchange
    assert exchange is not None
    assert {fault.code for fault in exchange.faults} == {"nats.forbidden"}
    server.reload(accounts.configuration(linked.tenant, linked=True))
    await linked.arrived()


async def test_a_refused_key_is_a_configuration_error_and_heals_when_it_is_known(
    guarded: tuple[LinkedSites, NatsServer, Accounts],
) -> None:
    linked, server, accounts = guarded
    right = accounts.public[VILLAGE]
    accounts.public[VILLAGE] = generate_nkey()[1]
    server.reload(accounts.configuration(linked.tenant, linked=True))
    await linked.start()
    await linked.register(3)
    exchange = linked.sites[VILLAGE].exchange
    assert exchange is not None

    async def faults() -> set[str]:
        return {fault.code for fault in exchange.faults}

    await eventually(faults, lambda codes: codes == {"nats.authorization"}, "check can name it")
    accounts.public[VILLAGE] = right
    server.reload(accounts.configuration(linked.tenant, linked=True))
    await linked.arrived()
    assert await faults() == set()
