"""What a site asks of a case's holder finds it over cut links and moves, and is answered once, also when nobody there
understands it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import msgspec
import pytest

from bancheng.federation.asks import send_ask
from bancheng.federation.desk import Desk
from bancheng.federation.retrying import retry_deferred
from bancheng.kernel import commands as c
from bancheng.kernel.asking import Ask, AskedCommand
from bancheng.schema import events as e
from bancheng.store.links import queue_loose
from bancheng.store.signing import StoredFrame, sign_loose
from tests.partition.test_sealed import complain, everything_stored
from tests.partition.test_waiting import without_rules
from tests.support.tiers import COUNTY, TENANT, TOWN, TOWN_UNIT, UNIT_OF, VILLAGE, Tiers, clerk

if TYPE_CHECKING:
    from datetime import datetime

    from bancheng.schema.events import Actor

PHONE = c.CorrectPerson(phone="000-4321", reason="登记时记错一位")
UP = c.Escalate(reason="本级解决不了")


async def ask(tiers: Tiers, case_id: UUID, command: AskedCommand = PHONE, site: str = VILLAGE) -> StoredFrame:
    at = tiers.sites[site]
    asked = Ask(at=tiers.now, actor=clerk(site), ask_id=UUID(int=91), case_id=case_id, command=command)
    async with at.database.transaction(TENANT) as tx:
        return await send_ask(tx, Desk(at.hosted, case_id, await tiers.case(site, case_id)), asked)


async def answers(tiers: Tiers, site: str, case_id: UUID) -> list[e.AskAccepted | e.AskRefused]:
    events = [entry.event for entry in (await tiers.lines(site, case_id)).main]
    return [each for each in events if isinstance(each, e.AskAccepted | e.AskRefused)]


async def inbox(tiers: Tiers, site: str) -> list[tuple[str, str]]:
    async with tiers.sites[site].database.transaction(TENANT) as tx:
        rows = await tx.fetch(
            "SELECT state, reason FROM inbox WHERE tenant = $1 AND kind = 'ask' ORDER BY number", TENANT
        )
    return [(row[0], row[1]) for row in rows]


async def test_a_correction_follows_a_case_that_moves_on_and_is_entered_by_whoever_holds_it_then(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, UP)
    await ask(tiers, case_id)
    tiers.cut_link(TOWN, COUNTY)
    await tiers.carry(VILLAGE, TOWN, limit=2)
    await tiers.command(TOWN, case_id, UP)
    await tiers.carry_all()
    assert await inbox(tiers, TOWN) == [("applied", "ask.passed_on")]
    tiers.heal()
    await tiers.carry_all()
    assert await inbox(tiers, COUNTY) == [("applied", "")]
    assert (await tiers.case(VILLAGE, case_id)).person.phone == "000-4321"
    await tiers.assert_agreement(case_id)

    # The same ask comes once more, as from a site that was restored and sends again.
    await ask(tiers, case_id)
    await tiers.carry_all()
    assert await inbox(tiers, COUNTY) == [("applied", ""), ("duplicate", "")]
    assert [each.ask_id for each in await answers(tiers, VILLAGE, case_id)] == [UUID(int=91)]


async def test_an_ask_waits_at_a_site_whose_case_waits_and_goes_on_with_it(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, UP)
    await ask(tiers, case_id)
    town = tiers.sites[TOWN]
    complete = town.hosted
    town.hosted = without_rules(complete)
    await tiers.carry_all()
    assert await inbox(tiers, TOWN) == [("deferred", "ask.case_unknown")]
    town.hosted = complete
    retried = await retry_deferred(town.database, town.hosted)
    assert retried.waiting == ()
    assert await inbox(tiers, TOWN) == [("applied", "")]
    await tiers.carry_all()
    (answer,) = await answers(tiers, VILLAGE, case_id)
    assert isinstance(answer, e.AskAccepted)


async def test_an_ask_that_comes_back_waits_for_news_of_its_case_and_is_not_passed_to_and_fro(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.carry_all()
    await tiers.command(VILLAGE, case_id, UP)
    stored = await ask(tiers, case_id)
    # The town has not placed what made it the holder, and sends the ask back to whom it takes for the holder.
    async with tiers.sites[TOWN].database.transaction(TENANT) as tx:
        await queue_loose(tx, VILLAGE, "ask", stored, now=tiers.now)
    await tiers.carry(TOWN, VILLAGE)
    assert await inbox(tiers, VILLAGE) == [("deferred", "ask.came_back")]
    await tiers.carry_all()
    assert await inbox(tiers, VILLAGE) == [("applied", "")]
    assert await inbox(tiers, TOWN) == [("applied", ""), ("duplicate", "")]
    assert len(await answers(tiers, VILLAGE, case_id)) == 1
    await tiers.assert_agreement(case_id)


class _OfALaterRelease(msgspec.Struct, frozen=True, kw_only=True, tag="LendACar", tag_field="type"):
    at: datetime
    actor: Actor
    ask_id: UUID
    case_id: UUID
    wheels: int


async def test_what_a_later_release_asks_for_is_passed_on_unread_and_refused_by_the_holder_who_does_not_know_it(
    tiers: Tiers,
) -> None:
    case_id = await tiers.register(VILLAGE)
    await tiers.command(VILLAGE, case_id, UP)
    await tiers.carry_all()
    await tiers.command(TOWN, case_id, UP)
    await tiers.carry_all()
    village = tiers.sites[VILLAGE]
    asked = _OfALaterRelease(at=tiers.now, actor=clerk(VILLAGE), ask_id=UUID(int=92), case_id=case_id, wheels=4)
    for payload in (asked, msgspec.structs.replace(asked, case_id=UUID(int=1_000))):
        stored = sign_loose(
            village.hosted.signer, tenant=TENANT, payload=cast("Any", payload), occurred_at=tiers.now, now_wall_ms=1,
            random=village.hosted.random, case_id=case_id,
        )  # fmt: skip
        async with village.database.transaction(TENANT) as tx:
            await queue_loose(tx, TOWN, "ask", stored, now=tiers.now)
    await tiers.command(VILLAGE, await tiers.register(VILLAGE), c.AddNote(text="链路照常"))
    await tiers.carry_all()
    assert await inbox(tiers, COUNTY) == [("applied", ""), ("rejected", "ask.unreadable")], "one speaks of another case"
    (answer,) = await answers(tiers, VILLAGE, case_id)
    assert isinstance(answer, e.AskRefused)
    assert (answer.ask_id, answer.code, answer.asked) == (UUID(int=92), "ask.unreadable", "")
    await tiers.assert_agreement(case_id)


@pytest.mark.clause("XS-04", part="a correction that is asked for passes the town complained of sealed")
async def test_a_correction_in_a_complaint_about_the_town_passes_it_sealed(tiers: Tiers) -> None:
    case_id = await complain(tiers, VILLAGE, TOWN_UNIT)
    await tiers.command(VILLAGE, case_id, UP)
    await tiers.carry_all()
    assert (await tiers.case(VILLAGE, case_id)).holder_unit == UNIT_OF[COUNTY]
    await ask(tiers, case_id, c.CorrectPerson(phone="000-9876", reason="记错了，本人是 000-9876"))
    await tiers.carry_all()
    await tiers.assert_agreement(case_id, VILLAGE, COUNTY)
    assert (await tiers.case(COUNTY, case_id)).person.phone == "000-9876"
    assert "000-9876" in await everything_stored(tiers.sites[COUNTY].database)
    assert "000-9876" not in await everything_stored(tiers.sites[TOWN].database)
