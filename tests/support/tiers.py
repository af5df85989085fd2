"""Three sites (or four) on as many real databases, and a courier that carries their links by hand.

Owns what a test of a partition needs: which frames travel, when, and what stays behind. The code under test is the
production's (desk, custody, sweep, sequencer); only the pipe between the databases is the test's, so that every
order of events can be brought about without waiting.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from bancheng.federation.arrivals import Arrived
from bancheng.federation.custody import apply_batch
from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.succession import hand_on
from bancheng.federation.sweep import sweep
from bancheng.kernel import commands as c
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.history import Lines, lines
from bancheng.profiles.loader import shipped_profile
from bancheng.schema.documents import Directory, SiteEntry, UnitEntry
from bancheng.schema.events import Actor, CaseEvent, Person
from bancheng.schema.frames import decode_header, encode_frame
from bancheng.schema.messages import link_name
from bancheng.store.casebook import append, load_cases, load_entries
from bancheng.store.database import Database
from bancheng.store.links import InboxRow, ensure_link, get_link, number_outbox, read_outbox, record_inbox
from bancheng.store.signing import Keyring, Signer, verify_frame
from tests.kernel.notices import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bancheng.kernel.case import Case

TENANT = "330109"
COUNTY, TOWN, VILLAGE, EAST = "county", "town", "village", "east"
COUNTY_UNIT, TOWN_UNIT, VILLAGE_UNIT, EAST_UNIT = "330109", "330109001", "330109001001", "330109001002"
UNIT_OF = {COUNTY: COUNTY_UNIT, TOWN: TOWN_UNIT, VILLAGE: VILLAGE_UNIT, EAST: EAST_UNIT}
_ABOVE = {COUNTY: None, TOWN: COUNTY, VILLAGE: TOWN, EAST: TOWN}
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, 10:00 in Beijing."""


def clerk(site: str, staff: str = "") -> Actor:
    return Actor(staff=staff or f"{site}-clerk", name="张三", unit=UNIT_OF[site])


@dataclass
class SiteAt:
    """One site: its database, what it knows, and nothing else."""

    database: Database
    hosted: HostedSite


@dataclass
class Tiers:
    """A village under a town under a county, and a second village where there is a database for it.

    `now` is domain time everywhere, but for what a site's clock is `wrong` by.
    """

    databases: dict[str, Database]
    now: datetime = START
    wrong: dict[str, timedelta] = field(default_factory=dict[str, timedelta])
    cut: set[frozenset[str]] = field(default_factory=set[frozenset[str]])
    sites: dict[str, SiteAt] = field(default_factory=dict[str, SiteAt])
    _ids: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        signers = {site: Signer(site, site.encode().ljust(32, b"0")) for site in self.databases}
        directory = directory_of(signers)
        profile = shipped_profile(TENANT)
        for site, database in self.databases.items():
            hosted = HostedSite(
                tenant=TENANT,
                site=site,
                signer=signers[site],
                jurisdiction=Jurisdiction(directory),
                profiles={profile.edition: profile},
                calendar=CALENDAR,
                now=partial(self.now_at, site),
            )
            self.sites[site] = SiteAt(database=database, hosted=hosted)

    def now_at(self, site: str) -> datetime:
        return self.now + self.wrong.get(site, timedelta())

    async def join(self) -> None:
        for at in self.sites.values():
            async with at.database.transaction(TENANT) as tx:
                for peer in at.hosted.peers():
                    await ensure_link(tx, peer.site, "parent" if peer.is_parent else "child")

    async def register(self, site: str, title: str = "残疾人护理补贴停发") -> UUID:
        number = next(self._ids)
        case_id = UUID(int=number)
        hosted = self.sites[site].hosted
        profile = hosted.current_profile()
        command = c.Register(
            case_id=case_id,
            number=f"{site}-{number}",
            unit=UNIT_OF[site],
            channel="desk",
            kind=profile.kinds[0].key,
            case_type=profile.case_types[0].key,
            title=title,
            description="只领了两个月就没有了",
            person=Person(name="周某", phone="000-1234"),
        )
        await self.command(site, case_id, command)
        return case_id

    async def command(
        self, site: str, case_id: UUID, command: c.AnyCommand, actor: Actor | None = None
    ) -> tuple[CaseEvent, ...]:
        """What a use case does: load, decide, append, in one transaction. Raises Rejected."""
        at = self.sites[site]
        async with at.database.transaction(TENANT) as tx:
            case = (await load_cases(tx, [case_id], lock=True)).get(case_id)
            desk = Desk(at.hosted, case_id, case)
            events = desk.decide(command, actor or clerk(site))
            desk.take_custody()
            known = await load_entries(tx, case_id) if desk.joined or desk.may_file_late() else []
            if desk.may_file_late():
                desk.file_late(known)
            if desk.is_changed:
                await append(tx, [desk.change(known)], now=self.now)
        return events

    async def sweep(self, *sites: str) -> None:
        for site in sites or self.sites:
            at = self.sites[site]
            while (await sweep(at.database, at.hosted)).found:
                pass

    async def pass_time(self, until: datetime, *sites: str) -> None:
        """Hour by hour, sweeping at each site named and carrying what is not cut."""
        while self.now < until:
            self.now = min(until, self.now + timedelta(hours=1))
            await self.sweep(*sites)
            await self.carry_all()

    def learn(self, directory: Directory, *sites: str) -> None:
        """The directory is in force at these sites, or at all."""
        for site in sites or self.sites:
            at = self.sites[site]
            known = at.hosted
            at.hosted = HostedSite(
                tenant=TENANT, site=site, signer=known.signer, jurisdiction=Jurisdiction(directory),
                profiles=known.profiles, calendar=known.calendar, now=known.now,
            )  # fmt: skip

    async def hand_on(self, site: str) -> int:
        """What closed units of the site still hold goes to those that follow them."""
        return await hand_on(self.sites[site].database, self.sites[site].hosted)

    def cut_link(self, one: str, other: str) -> None:
        self.cut.add(frozenset((one, other)))

    def heal(self) -> None:
        self.cut.clear()

    async def carry_all(self) -> None:
        """Until nothing moves any more on the links that are not cut."""
        for _ in range(100):
            moved = [await self.carry(site, peer.site) for site, at in self.sites.items() for peer in at.hosted.peers()]
            if not any(moved):
                return
        raise AssertionError("the links never came to rest")

    async def carry(self, sender: str, receiver: str, limit: int = 1000) -> int:
        """Number, read, verify, apply, record: one batch of one direction. Returns how many frames moved."""
        if frozenset((sender, receiver)) in self.cut:
            return 0
        source, target = self.sites[sender], self.sites[receiver]
        peer = next(each for each in target.hosted.peers() if each.site == sender)
        child = peer.child_of_link(receiver)
        name = link_name(TENANT, child, peer.incoming)
        async with source.database.transaction(TENANT) as tx:
            await number_outbox(tx, receiver, name)
        async with target.database.transaction(TENANT) as tx:
            link = await get_link(tx, sender, lock=True)
            assert link is not None
            async with source.database.transaction(TENANT) as reading:
                frames = await read_outbox(reading, receiver, link.in_number, limit, 8 * 1024 * 1024)
            if not frames:
                return 0
            await self._take_in(tx, target.hosted, peer, [_arrived(each, target.hosted) for each in frames])
            return len(frames)

    async def _take_in(self, tx: object, hosted: HostedSite, peer: Peer, arrived: Sequence[Arrived]) -> None:
        from bancheng.store.database import Transaction

        assert isinstance(tx, Transaction)
        results = await apply_batch(tx, hosted, peer, arrived)
        rows = [
            InboxRow(
                epoch=each.epoch,
                number=each.number,
                kind=each.kind,
                event_hash=each.event_hash,
                link_hash=each.link_hash,
                state=result.state,
                case_id=each.header.case_id,
                reason=result.reason,
                frame=encode_frame(each.frame) if result.state in {"deferred", "rejected"} else None,
            )
            for each, result in zip(arrived, results, strict=True)
        ]
        await record_inbox(tx, peer.site, rows, arrived[-1].number, arrived[-1].link_hash, now=self.now)

    async def case(self, site: str, case_id: UUID) -> Case:
        async with self.sites[site].database.transaction(TENANT) as tx:
            return (await load_cases(tx, [case_id]))[case_id]

    async def lines(self, site: str, case_id: UUID) -> Lines:
        async with self.sites[site].database.transaction(TENANT) as tx:
            return lines(each.entry for each in await load_entries(tx, case_id))

    async def story(self, site: str, case_id: UUID) -> list[str]:
        """The names of the main line's events, as this site sees them."""
        return [type(entry.event).__name__ for entry in (await self.lines(site, case_id)).main]

    async def assert_agreement(self, case_id: UUID, *sites: str) -> None:
        """Every site named has the same entries, the same line and the same state."""
        named = sites or tuple(self.sites)
        found = await asyncio.gather(*(self.lines(site, case_id) for site in named))
        states = await asyncio.gather(*(self.case(site, case_id) for site in named))
        for other, state in zip(found[1:], states[1:], strict=True):
            assert [each.hash for each in other.main] == [each.hash for each in found[0].main]
            assert {each.hash for each in other.late} == {each.hash for each in found[0].late}
            assert state == states[0]
        late = {each.event_hash for each in states[0].late_entries}
        assert len(late) == len(states[0].late_entries)
        assert states[0].unfiled_late == ()


def _arrived(numbered: object, hosted: HostedSite) -> Arrived:
    from bancheng.store.links import NumberedFrame

    assert isinstance(numbered, NumberedFrame)
    header = decode_header(numbered.frame.header)
    return Arrived(
        number=numbered.number,
        epoch=numbered.epoch,
        kind=numbered.kind,
        frame=numbered.frame,
        header=header,
        event_hash=verify_frame(Keyring(hosted.jurisdiction.directory), numbered.frame, header),
        link_hash=numbered.link_hash,
    )


def directory_of(signers: dict[str, Signer]) -> Directory:
    sites = tuple(
        SiteEntry(site=site, tier=_tier(site), parent=_ABOVE[site], key_id=each.key_id, public_key=each.public_key)
        for site, each in signers.items()
    )
    units = tuple(
        UnitEntry(
            code=UNIT_OF[site],
            name=f"{site}窗口",
            tier=_tier(site),
            site=site,
            parent=UNIT_OF[parent] if (parent := _ABOVE[site]) is not None else None,
        )
        for site in signers
    )
    return Directory(tenant=TENANT, edition=1, sites=sites, units=units)


def _tier(site: str) -> str:
    return VILLAGE if site == EAST else site
