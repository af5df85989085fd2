"""Nobody puts another line in the place of the one that stands: not who held the case, nor who knows its id."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bancheng.federation.arrivals import Arrived
from bancheng.federation.custody import Equivocated, apply_batch
from bancheng.kernel import commands as c
from bancheng.kernel.case import Position
from bancheng.schema.events import CaseEvent, Received, Registered
from bancheng.schema.frames import NO_HASH
from bancheng.store.casebook import load_entries
from bancheng.store.signing import StoredEntry, sign_entry
from tests.support.tiers import EAST, EAST_UNIT, TENANT, TOWN, TOWN_UNIT, VILLAGE, Tiers

if TYPE_CHECKING:
    from uuid import UUID


async def entries(tiers: Tiers, case_id: UUID) -> list[StoredEntry]:
    """As the town has them."""
    async with tiers.sites[TOWN].database.transaction(TENANT) as tx:
        return await load_entries(tx, case_id)


def better(tiers: Tiers, case_id: UUID, known: StoredEntry, event: CaseEvent, position: Position) -> StoredEntry:
    """Another entry of the eastern village after the same one, tried until its hash comes first."""
    while True:
        forged = sign_entry(
            tiers.sites[EAST].hosted.signer, tenant=TENANT, event=event, case_id=case_id,
            position=position, prev_hash=known.header.prev_hash, now_wall_ms=1, random=secrets.token_bytes,
        )  # fmt: skip
        if forged.hash < known.hash:
            return forged


async def refused_at_town(tiers: Tiers, forged: StoredEntry) -> None:
    town = tiers.sites[TOWN]
    peer = next(each for each in town.hosted.peers() if each.site == EAST)
    arrived = Arrived(
        number=1, epoch=1, kind="progress", frame=forged.frame, header=forged.header, event_hash=forged.hash,
        link_hash=NO_HASH,
    )  # fmt: skip
    with pytest.raises(Equivocated):
        async with town.database.transaction(TENANT) as tx:
            await apply_batch(tx, town.hosted, peer, [arrived])


@pytest.mark.clause("U-03", part="no history is put in another's place")
async def test_who_knows_the_id_of_a_case_cannot_begin_it_again(tiers_and_east: Tiers) -> None:
    tiers = tiers_and_east
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.Accept())
    await tiers.carry_all()
    story = await tiers.story(TOWN, case_id)
    first = next(each for each in await entries(tiers, case_id) if isinstance(each.event, Registered))
    assert isinstance(first.event, Registered)
    hijacking = replace(first.event, site=EAST, unit=EAST_UNIT)
    forged = better(tiers, case_id, first, hijacking, Position(term=1, author=EAST, seq=1))
    await refused_at_town(tiers, forged)
    assert await tiers.story(TOWN, case_id) == story


@pytest.mark.clause("U-03", part="no history is put in another's place")
async def test_who_held_a_case_cannot_receive_it_again_on_another_line(tiers_and_east: Tiers) -> None:
    tiers = tiers_and_east
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, c.Escalate(reason="村里解决不了"))
    await tiers.carry_all()
    await tiers.command(TOWN, case_id, c.HandDown(to_unit=EAST_UNIT, reason="东村近"))
    await tiers.carry_all()
    await tiers.command(EAST, case_id, c.Escalate(reason="也解决不了"))
    await tiers.carry_all()
    await tiers.command(TOWN, case_id, c.Accept())
    story = await tiers.story(TOWN, case_id)
    assert "Accepted" in story
    received = next(
        each for each in await entries(tiers, case_id) if isinstance(each.event, Received) and each.event.site == EAST
    )
    again = better(tiers, case_id, received, received.event, Position(term=90, author=EAST, seq=1))
    await refused_at_town(tiers, again)
    assert await tiers.story(TOWN, case_id) == story
    assert (await tiers.case(TOWN, case_id)).holder_unit == TOWN_UNIT
