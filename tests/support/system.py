"""The whole system as real processes: PostgreSQL, NATS, three services, their tenants, one clock that a test moves.

Owns starting, killing, cutting and healing. What must hold afterwards is oracle.py's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bancheng.federation.site import wall_now
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.local_postgres import PostgresServer
from bancheng.runtime.local_process import pick_port, wait_until
from bancheng.runtime.nats_config import TenantAccount, nats_configuration
from bancheng.runtime.provisioning import Founded, found_tenant
from bancheng.runtime.site_files import write_site_file
from bancheng.store.accounts import Staff, save_staff
from bancheng.store.database import Database
from bancheng.store.roles import Passwords, prepare_database
from bancheng.store.schema_changes import upgrade
from bancheng.window.passwords import hash_password
from bancheng_county.app import DEFINITION as COUNTY_SERVICE
from bancheng_town.app import DEFINITION as TOWN_SERVICE
from bancheng_village.app import DEFINITION as VILLAGE_SERVICE
from tests.support.api import Client
from tests.support.clock import SharedClock
from tests.support.processes import ServiceProcess
from tests.support.proxy import Proxy
from tests.support.standing import Standing, read_standing
from tests.support.tenants import BEGIN_AT, HOUSEHOLDS, PASSWORD, Account, Household, calendar

DEFINITIONS = {each.name: each for each in (COUNTY_SERVICE, TOWN_SERVICE, VILLAGE_SERVICE)}
SERVICE_NAMES = tuple(DEFINITIONS)
QUIET_SECONDS = 60.0


@dataclass(kw_only=True)
class System:
    """Everything that runs. Made by `running_system`; a test may kill and start any part of it."""

    directory: Path
    postgres: PostgresServer
    nats: NatsServer
    clock: SharedClock
    proxies: Mapping[tuple[str, str], Proxy]
    services: Mapping[str, ServiceProcess]
    founded: Mapping[str, Founded]
    owner_urls: Mapping[str, str]
    households: Sequence[Household]
    _clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def client(self, tenant: str, login: str) -> Client:
        """Signed in at the service of the site that the account belongs to."""
        household = next(each for each in self.households if each.tenant == tenant)
        account = next(each for each in household.accounts if each.login == login)
        service = self.services[household.services[account.site]]
        client = self._clients.enter_context(Client(base_url=service.url, tenant=tenant))
        client.sign_in(login, PASSWORD)
        return client

    def start(self, *names: str) -> None:
        """These services, or all; returns when they are ready."""
        chosen = [self.services[name] for name in names or SERVICE_NAMES]
        for service in chosen:
            service.start()
        for service in chosen:
            service.wait_ready()

    def cut(self, tenant: str, child: str) -> None:
        """The child's line to its parent is pulled: nothing comes through, nothing is refused."""
        self.proxies[tenant, child].set_mode("black_hole")

    def heal(self, tenant: str, child: str) -> None:
        """Connections that were stuck are reset, as a returning line does to what timed out meanwhile."""
        proxy = self.proxies[tenant, child]
        proxy.set_mode("reset")
        proxy.set_mode("pass")

    def kill_nats(self, *, wipe: bool = False) -> None:
        """SIGKILL; with `wipe` its streams are gone when it comes back."""
        self.nats.kill()
        if wipe:
            self.nats.wipe_store()

    def mend(self) -> None:
        """Lines that are cut pass again and what was killed runs; harmless when all is whole."""
        for (tenant, child), proxy in self.proxies.items():
            if proxy.mode != "pass":
                self.heal(tenant, child)
        self.postgres.start()
        self.nats.start()
        self.start()

    def standing(self) -> Standing:
        """Everything that the databases hold, read as their owners."""
        services = {(each.tenant, site): name for each in self.households for site, name in each.services.items()}
        return asyncio.run(read_standing(self.owner_urls, services))

    def quiesce(self, timeout_seconds: float = QUIET_SECONDS) -> Standing:
        """Waits until every frame is receipted and no deadline is due. Raises AssertionError saying what is left."""
        before, now = self.standing(), self.standing()

        def is_quiet() -> bool:
            # The sites are read one after another: only what two readings agree on was there at one moment.
            nonlocal before, now
            before, now = now, self.standing()
            return not self._unrest(before, now)

        if not wait_until(is_quiet, timeout_seconds=timeout_seconds):
            raise AssertionError("\n".join(["still at work:", *self._unrest(before, now)]))
        return now

    def _unrest(self, before: Standing, now: Standing) -> list[str]:
        moved = [] if _pulse(before) == _pulse(now) else ["something arrived between two readings"]
        return now.unrest(self.clock.now()) or before.unrest(self.clock.now()) or moved

    def close(self) -> None:
        """Services in order, then servers; the first thing that does not end is raised after the rest has ended."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.postgres.stop)
            stack.callback(self.nats.stop)
            for proxy in self.proxies.values():
                stack.callback(proxy.stop)
            for service in self.services.values():
                stack.callback(service.stop)
            stack.callback(self._clients.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pulse(standing: Standing) -> list[tuple[int, ...]]:
    """Counts that grow with everything that can still happen by itself."""
    return [
        (
            len(site.events),
            len(site.outbox),
            len(site.inbox),
            *(n for row in site.links.values() for n in (row.out_next_number, row.receipted_number, row.in_number)),
        )
        for site in standing.sites.values()
    ]


@contextlib.contextmanager
def running_system(
    directory: Path, *, fsync: bool = False, proxied: bool = True, households: Sequence[Household] = HOUSEHOLDS
) -> Generator[System]:
    """A new system on `directory`, everything started and ready. Without proxies no link can be cut.

    Each link has a proxy of its own, by tenant and child.
    """
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer(directory=_made(directory / "postgres"), fsync=fsync))
        nats_port = pick_port()
        links = [(each.tenant, child) for each in households for child in each.children]
        proxies = {link: Proxy(to_port=nats_port) for link in links if proxied}
        for proxy in proxies.values():
            proxy.start()
            stack.callback(proxy.stop)
        founded = _found(nats_port, households, proxies)
        nats = stack.enter_context(_nats(directory, nats_port, founded))
        clock = SharedClock(_made(directory / "clock") / "anchor.json", at=BEGIN_AT, calendar=calendar())
        system = System(
            directory=directory, postgres=postgres, nats=nats, clock=clock, proxies=proxies, founded=founded,
            households=households, services=_services(directory, postgres, clock, founded, households),
            owner_urls={name: _url(postgres, name, "owner") for name in SERVICE_NAMES},
        )  # fmt: skip
        stack.pop_all()
        with system:
            _prepare(system)
            system.start()
            asyncio.run(_add_staff(postgres, households))
            yield system


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _found(
    nats_port: int, households: Sequence[Household], proxies: Mapping[tuple[str, str], Proxy]
) -> dict[str, Founded]:
    hub_url = f"nats://127.0.0.1:{nats_port}"

    def uplink(tenant: str, child: str) -> str:
        return proxies[tenant, child].url if (tenant, child) in proxies else hub_url

    return {
        each.tenant: found_tenant(each.found(hub_url, {child: uplink(each.tenant, child) for child in each.children}))
        for each in households
    }


def _nats(directory: Path, port: int, founded: Mapping[str, Founded]) -> NatsServer:
    accounts: list[TenantAccount] = [account for each in founded.values() for account in each.accounts.values()]
    return NatsServer(directory=_made(directory / "nats"), port=port, configuration=nats_configuration(accounts))


def _url(postgres: PostgresServer, service: str, role: str) -> str:
    return postgres.url(f"bancheng_{service}", user=f"{service}_{role}", password=f"{service}-{role}")


def _services(
    directory: Path,
    postgres: PostgresServer,
    clock: SharedClock,
    founded: Mapping[str, Founded],
    households: Sequence[Household],
) -> dict[str, ServiceProcess]:
    services: dict[str, ServiceProcess] = {}
    for name in SERVICE_NAMES:
        sites = _made(directory / f"{name}-sites")
        for household in households:
            for site, service in household.services.items():
                if service == name:
                    write_site_file(sites, founded[household.tenant].site_files[site])
        settings = {
            "database_url": _url(postgres, name, "service"),
            "owner_url": _url(postgres, name, "owner"),
            "sites_dir": str(sites),
            "clock_file": str(clock.path),
            "cookie_secure": "0",
        }
        services[name] = ServiceProcess(name, directory=directory, settings=settings)
    return services


def _prepare(system: System) -> None:
    """Databases with their two roles, brought to this release as `db upgrade` does it."""

    async def databases() -> None:
        for name in SERVICE_NAMES:
            passwords = Passwords(owner=f"{name}-owner", service=f"{name}-service")
            await prepare_database(
                system.postgres.admin_url, f"bancheng_{name}", f"{name}_owner", f"{name}_service", passwords
            )
            definition = DEFINITIONS[name]
            await upgrade(
                system.owner_urls[name],
                definition.version_locations,
                service_role=f"{name}_service",
                extra_metadata=definition.tables,
            )

    asyncio.run(databases())


async def _add_staff(postgres: PostgresServer, households: Sequence[Household]) -> None:
    password_hash = hash_password(PASSWORD)
    for name in SERVICE_NAMES:
        database = Database(_url(postgres, name, "service"), pool_size=2)
        for household in households:
            async with database.transaction(household.tenant) as tx:
                for account in household.accounts:
                    if household.services[account.site] == name:
                        await save_staff(tx, _staff(account, password_hash))
        await database.close()


def _staff(account: Account, password_hash: str) -> Staff:
    return Staff(
        staff_id=f"{account.tenant}-{account.login}", login=account.login, name=account.name, unit=account.unit,
        roles=account.roles, password_hash=password_hash, active=True, created_at=wall_now(),
    )  # fmt: skip
