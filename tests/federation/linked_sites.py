"""A village and its town: two databases, one nats-server of their own, and the production's links between them.

Owns starting, stopping and asking. A test reads the databases, not the code under test, to see what arrived.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import msgspec

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.connections import LinkConnections
from bancheng.federation.custody import apply_batch
from bancheng.federation.desk import Desk
from bancheng.federation.exchange import Exchange
from bancheng.federation.locks import SiteLocks
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.timing import Timing
from bancheng.kernel import commands as c
from bancheng.kernel.context import Jurisdiction
from bancheng.profiles.loader import shipped_profile
from bancheng.schema.documents import Directory
from bancheng.schema.events import Person
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.schema.subjects import inbox_prefix
from bancheng.store.casebook import append, load_cases
from bancheng.store.database import Database, Row
from bancheng.store.links import LinkRow, get_link
from bancheng.store.paper_store import PaperStore
from bancheng.store.signing import Signer, generate_seed
from tests.kernel.notices import CALENDAR
from tests.support.tiers import COUNTY, START, TOWN, UNIT_OF, VILLAGE, clerk, directory_of

if TYPE_CHECKING:
    from bancheng.federation.application import Apply
    from bancheng.federation.health import LinkStatus
    from bancheng.federation.intake import OnApplied
    from bancheng.runtime.local_nats import NatsServer

FAST = Timing(poll=0.05, check=0.25, retry_least=0.02, retry_most=0.25, key_patience=0.5, receipt_interval=0.01)
WAIT_SECONDS = 30.0
T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], what: str) -> T:
    """Asks until the answer is what is wanted; fails with the last answer when that takes too long."""
    answer = await ask()
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not wanted(answer):
                await asyncio.sleep(0.02)
                answer = await ask()
    except TimeoutError:
        raise AssertionError(f"not within {WAIT_SECONDS} s: {what}; last seen: {answer}") from None
    return answer


async def nothing_more(peer: Peer, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> None:
    """After a commit."""


class InboxEntry(msgspec.Struct, frozen=True, order=True):
    number: int
    link_hash: bytes
    event_hash: bytes
    state: str
    reason: str


@dataclass
class SiteAt:
    """One end of a link. `exchange` is None while it does not run."""

    database: Database
    address: str
    hosted: HostedSite
    hub: NatsAccess | None
    uplink: NatsAccess | None
    exchange: Exchange | None = None
    locks: SiteLocks | None = None


@dataclass
class LinkedSites:
    """Nothing runs until `start`."""

    nats: NatsServer
    addresses: dict[str, str]
    tenant: str = field(default_factory=lambda: f"t-{secrets.token_hex(6)}")
    access: dict[str, NatsAccess] = field(default_factory=dict[str, NatsAccess])
    sites: dict[str, SiteAt] = field(default_factory=dict[str, SiteAt])
    signers: dict[str, Signer] = field(default_factory=dict[str, Signer])
    papers: dict[str, PaperStore] = field(default_factory=dict[str, PaperStore])
    replicas: int = 1

    def __post_init__(self) -> None:
        self.signers = {site: Signer.from_seed(site, generate_seed()) for site in (COUNTY, TOWN, VILLAGE)}
        directory = self.directory()
        for site, address in self.addresses.items():
            access = self.access.get(site) or NatsAccess(url=self.nats.url)
            self.sites[site] = SiteAt(
                database=Database(address, pool_size=8),
                address=address,
                hosted=self.host(site, directory),
                hub=access if site != VILLAGE else None,
                uplink=access if self._parent_of(site) in self.addresses else None,
            )

    def _parent_of(self, site: str) -> str | None:
        entry = Jurisdiction(self.directory()).site(site)
        return None if entry is None else entry.parent

    def directory(self, *, without_key_of: str = "") -> Directory:
        directory = msgspec.structs.replace(directory_of(self.signers), tenant=self.tenant)
        known = tuple(each for each in directory.sites if each.site != without_key_of)
        return msgspec.structs.replace(directory, sites=known)

    def host(self, site: str, directory: Directory) -> HostedSite:
        profile = shipped_profile("330109")
        return HostedSite(
            tenant=self.tenant,
            site=site,
            signer=self.signers[site],
            jurisdiction=Jurisdiction(directory),
            profiles={profile.edition: profile},
            calendar=CALENDAR,
            now=lambda: START,
        )

    async def start(
        self, *names: str, apply: Apply = apply_batch, on_applied: OnApplied | None = None, timing: Timing = FAST
    ) -> None:
        for name in names or tuple(self.sites):
            at = self.sites[name]
            connections = LinkConnections(
                tenant=self.tenant, site=name, hub=at.hub, uplink=at.uplink, replicas=self.replicas
            )
            at.locks = SiteLocks(at.address)
            at.locks.start()
            at.exchange = Exchange(
                at.database, at.hosted, connections, at.locks,
                timing=timing, apply=apply, on_applied=on_applied or nothing_more, papers=self.papers.get(name),
            )  # fmt: skip
            await at.exchange.start()

    async def stop(self, *names: str) -> None:
        for name in names or tuple(self.sites):
            at = self.sites[name]
            if at.exchange is not None:
                await at.exchange.stop()
            if at.locks is not None:
                await at.locks.stop()
            at.exchange = at.locks = None

    async def close(self) -> None:
        await self.stop()
        for at in self.sites.values():
            await at.database.close()

    def client(self, site: str) -> NatsClient:
        """Another connection of that site, for a second relay or a look into a stream."""
        access = self.access.get(site) or NatsAccess(url=self.nats.url)
        return NatsClient(access, name=f"test {site}", inbox=inbox_prefix(site))

    async def register(self, count: int = 1, *, notes: int = 0, site: str = VILLAGE) -> list[UUID]:
        """That many cases, in one transaction each, with that many notes; then the relay is woken."""
        case_ids = [uuid7(START, secrets.token_bytes(RANDOM_BYTES)) for _ in range(count)]
        for case_id in case_ids:
            await self._register(site, case_id, notes)
        self.wake(site)
        return case_ids

    def wake(self, site: str) -> None:
        exchange = self.sites[site].exchange
        if exchange is not None:
            exchange.wake()

    async def note(self, case_id: UUID, site: str = VILLAGE) -> None:
        await self.command(site, case_id, c.AddNote(text="已联系村电工"))
        self.wake(site)

    async def hand_in(self, case_id: UUID) -> None:
        await self.command(VILLAGE, case_id, c.Escalate(reason="村里解决不了"))
        self.wake(VILLAGE)

    async def command(self, site: str, case_id: UUID, *commands: c.AnyCommand) -> None:
        at = self.sites[site]
        async with at.database.transaction(self.tenant) as tx:
            case = (await load_cases(tx, [case_id], lock=True)).get(case_id)
            desk = Desk(at.hosted, case_id, case)
            for command in commands:
                desk.decide(command, clerk(site))
            await append(tx, [desk.change()], now=START)

    async def _register(self, site: str, case_id: UUID, notes: int) -> None:
        profile = self.sites[site].hosted.current_profile()
        register = c.Register(
            case_id=case_id,
            number=f"{site}-{case_id}",
            unit=UNIT_OF[site],
            channel="desk",
            kind=profile.kinds[0].key,
            case_type=profile.case_types[0].key,
            title="路灯不亮",
            description="村口的路灯三天不亮了",
            person=Person(name="钱大江", phone="000-1001"),
        )
        await self.command(site, case_id, register, *(c.AddNote(text=f"第{each}次") for each in range(notes)))

    async def link(self, site: str, peer: str) -> LinkRow:
        async with self.sites[site].database.transaction(self.tenant) as tx:
            row = await get_link(tx, peer)
        assert row is not None, f"{site} has no link with {peer}"
        return row

    async def outbox(self, site: str, peer: str) -> list[tuple[int | None, bytes | None, bytes]]:
        """Number, link hash and event hash in insertion order."""
        rows = await self.fetch(
            site, "SELECT number, link_hash, event_hash FROM outbox WHERE tenant = $1 AND peer = $2 ORDER BY id", peer
        )
        return [(row[0], row[1], row[2]) for row in rows]

    async def inbox(self, site: str, peer: str) -> list[InboxEntry]:
        rows = await self.fetch(
            site,
            "SELECT number, link_hash, event_hash, state, reason FROM inbox WHERE tenant = $1 AND peer = $2 "
            "ORDER BY epoch, number",
            peer,
        )
        return [InboxEntry(*row) for row in rows]

    async def fetch(self, site: str, statement: str, *arguments: object) -> list[Row]:
        async with self.sites[site].database.transaction(self.tenant) as tx:
            return await tx.fetch(statement, self.tenant, *arguments)

    async def status(self, site: str, peer: str) -> LinkStatus | None:
        exchange = self.sites[site].exchange
        assert exchange is not None
        return next((each for each in await exchange.statuses() if each.peer == peer), None)

    async def arrived(self, sender: str = VILLAGE, receiver: str = TOWN) -> None:
        """Waits until everything committed for the receiver is receipted, and asserts the oracle.

        What the outbox holds is what the inbox holds, distinct, in order, with equal heads.
        """
        await eventually(lambda: self._all_receipted(sender, receiver), lambda done: done, "all receipted")
        sent = await self.outbox(sender, receiver)
        received = await self.inbox(receiver, sender)
        assert [each.number for each in received] == list(range(1, len(sent) + 1))
        assert [(each.number, each.link_hash, each.event_hash) for each in received] == sent
        out, back = await self.link(sender, receiver), await self.link(receiver, sender)
        assert (out.out_head, out.out_next_number - 1) == (back.in_head, back.in_number)

    async def _all_receipted(self, sender: str, receiver: str) -> bool:
        (row,) = await self.fetch(
            sender,
            "SELECT count(*), coalesce((SELECT receipted_number FROM link WHERE tenant = $1 AND peer = $2), 0) "
            "FROM outbox WHERE tenant = $1 AND peer = $2",
            receiver,
        )
        return row[0] == row[1]
