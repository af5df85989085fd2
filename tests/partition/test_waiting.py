"""Entries that cannot be placed yet wait, alone, and stand as soon as what they need is there."""

from __future__ import annotations

from datetime import date

import msgspec

from bancheng.federation.arrivals import Arrived
from bancheng.federation.custody import apply_batch
from bancheng.federation.retrying import retry_deferred
from bancheng.federation.site import HostedSite
from bancheng.kernel import commands as c
from bancheng.kernel.calendar import CalendarYear, DayName, merge_overrides
from bancheng.schema.events import DuesRecomputed
from bancheng.schema.frames import decode_header, event_hash
from bancheng.schema.messages import link_name
from bancheng.store.links import number_outbox, read_outbox
from tests.support.tiers import COUNTY, TENANT, TOWN, VILLAGE, Tiers


async def sent(tiers: Tiers) -> list[Arrived]:
    """What the village has numbered for the town, as the town's intake would hand it on."""
    village = tiers.sites[VILLAGE]
    async with village.database.transaction(TENANT) as tx:
        await number_outbox(tx, TOWN, link_name(TENANT, VILLAGE, "up"))
    async with village.database.transaction(TENANT) as tx:
        frames = await read_outbox(tx, TOWN, 0, 100, 1_000_000)
    return [
        Arrived(
            number=each.number,
            epoch=each.epoch,
            kind=each.kind,
            frame=each.frame,
            header=decode_header(each.frame.header),
            event_hash=event_hash(each.frame.header),
            link_hash=each.link_hash,
        )
        for each in frames
    ]


async def test_an_entry_whose_base_comes_later_in_the_batch_is_placed_with_it(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.AddNote(text="一"))
    await tiers.command(VILLAGE, case_id, c.AddNote(text="二"))
    registered, first, second = await sent(tiers)
    town = tiers.sites[TOWN]
    peer = next(each for each in town.hosted.peers() if each.site == VILLAGE)
    async with town.database.transaction(TENANT) as tx:
        results = await apply_batch(tx, town.hosted, peer, [second, registered, first])
    assert [each.state for each in results] == ["applied", "applied", "applied"]
    assert await tiers.story(TOWN, case_id) == ["Registered", "NoteAdded", "NoteAdded"]


def without_rules(hosted: HostedSite) -> HostedSite:
    """The same site before the profile's edition has reached it."""
    return HostedSite(
        tenant=hosted.tenant,
        site=hosted.site,
        signer=hosted.signer,
        jurisdiction=hosted.jurisdiction,
        profiles={},
        calendar=hosted.calendar,
        now=hosted.now,
    )


async def test_a_case_of_an_edition_that_has_not_arrived_waits_alone_and_is_passed_on_when_it_does(
    tiers: Tiers,
) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.AddNote(text="一"))
    town = tiers.sites[TOWN]
    complete = town.hosted
    town.hosted = without_rules(complete)
    await tiers.carry(VILLAGE, TOWN)
    async with town.database.transaction(TENANT) as tx:
        waiting = await tx.fetch("SELECT state, reason FROM inbox WHERE tenant = $1 ORDER BY number", TENANT)
    assert [tuple(row) for row in waiting] == [
        ("deferred", "profile.edition_unknown"),
        ("deferred", "history.base_unknown"),
    ]

    town.hosted = complete
    assert (await retry_deferred(town.database, complete)).settled == 2
    await tiers.carry_all()
    await tiers.assert_agreement(case_id)
    assert await tiers.story(COUNTY, case_id) == ["Registered", "NoteAdded"]


async def test_what_a_frame_of_an_unknown_type_blocks_is_only_its_own_case(tiers: Tiers) -> None:
    blocked = await tiers.register(VILLAGE)
    free = await tiers.register(VILLAGE)
    one, other = await sent(tiers)
    header = msgspec.structs.replace(one.header, schema=2)
    strange = msgspec.structs.replace(one, header=header)
    town = tiers.sites[TOWN]
    peer = next(each for each in town.hosted.peers() if each.site == VILLAGE)
    async with town.database.transaction(TENANT) as tx:
        results = await apply_batch(tx, town.hosted, peer, [strange, other])
    assert [(each.state, each.reason) for each in results] == [("deferred", "event.schema_unknown"), ("applied", "")]
    assert await tiers.story(TOWN, free) == ["Registered"]
    assert blocked != free


def with_day_off(hosted: HostedSite, day: date) -> HostedSite:
    """The same site with a newer calendar, in which one more day is off."""
    year = CalendarYear(
        year=day.year, days_off=(DayName(day=day, name="临时放假"),), make_up_workdays=(), official=True
    )
    return HostedSite(
        tenant=hosted.tenant,
        site=hosted.site,
        signer=hosted.signer,
        jurisdiction=hosted.jurisdiction,
        profiles=hosted.profiles,
        calendar=merge_overrides(hosted.calendar, (year,), hosted.calendar.edition + 1),
        now=hosted.now,
    )


async def test_a_case_that_climbs_to_a_newer_calendar_is_counted_by_it_and_keeps_the_old_date(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    before = (await tiers.case(VILLAGE, case_id)).clocks["person"].due_at
    town = tiers.sites[TOWN]
    town.hosted = with_day_off(town.hosted, date(2026, 3, 6))
    await tiers.command(VILLAGE, case_id, c.Escalate(reason="村里办不了"))
    await tiers.carry_all()

    recomputed = [
        each.event for each in (await tiers.lines(COUNTY, case_id)).main if type(each.event) is DuesRecomputed
    ]
    assert [[(each.clock, each.old_due_at) for each in event.changes] for event in recomputed] == [[("person", before)]]
    assert (await tiers.case(COUNTY, case_id)).clocks["person"].due_at > before
    await tiers.assert_agreement(case_id)
