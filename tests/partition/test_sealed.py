"""A complaint about the town passes through the town, which carries it and can neither read, list nor watch it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.asking import Ask
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.rejected import Rejected
from bancheng.schema.documents import SiteEntry, UnitEntry
from bancheng.schema.events import Person
from bancheng.store.signing import Signer
from tests.support.tiers import COUNTY, START, TENANT, TOWN, TOWN_UNIT, UNIT_OF, VILLAGE, Tiers, clerk

if TYPE_CHECKING:
    from bancheng.store.database import Database

DAY = timedelta(days=1)
SECRET = "镇里的经办人让我等了三个月"


async def complain(tiers: Tiers, site: str, about: str) -> UUID:
    case_id = UUID(int=77)
    profile = tiers.sites[site].hosted.current_profile()
    command = c.Register(
        case_id=case_id, number="77", unit=UNIT_OF[site], channel="desk", kind=profile.kinds[0].key,
        case_type=profile.case_types[0].key, title=SECRET, description=SECRET,
        person=Person(name="周某某", phone="000-1234"), complained_unit=about,
    )  # fmt: skip
    await tiers.command(site, case_id, command)
    return case_id


async def second_town(tiers: Tiers) -> str:
    """Another town under the county, at a site of its own that has taken no part."""
    county = tiers.sites[COUNTY].hosted
    unit = UnitEntry(code="330109002", name="乙镇", tier=TOWN, site="town-2", parent=UNIT_OF[COUNTY])
    site = SiteEntry(
        site="town-2", tier=TOWN, parent=COUNTY, key_id="", public_key=Signer("town-2", b"2" * 32).public_key
    )
    directory = county.jurisdiction.directory
    county.jurisdiction = Jurisdiction(
        replace(directory, sites=(*directory.sites, site), units=(*directory.units, unit))
    )
    return unit.code


async def test_a_sealed_case_is_not_handed_to_a_site_that_could_not_open_it(tiers: Tiers) -> None:
    case_id = await complain(tiers, VILLAGE, TOWN_UNIT)
    await tiers.command(VILLAGE, case_id, c.Escalate(reason="涉及镇里"))
    await tiers.carry_all()
    other = await second_town(tiers)
    with pytest.raises(Rejected) as refused:
        await tiers.command(COUNTY, case_id, c.HandDown(to_unit=other, reason="由邻镇办理"))
    assert refused.value.code == "handover.sealed_from"


async def everything_stored(database: Database) -> str:
    """Every row of every table of the tenant, as text: bytes as they are."""
    found: list[str] = []
    async with database.transaction(TENANT) as tx:
        tables = await tx.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND has_table_privilege(oid, 'SELECT')"
        )
        for (table,) in tables:
            for row in await tx.fetch(f"SELECT * FROM {table}"):
                values = [bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row]
                found.append(b"|".join(values).decode("utf-8", "replace"))
    return "\n".join(found)


@pytest.mark.clause("XS-04", part="a case about the town passes through it sealed")
async def test_the_town_carries_a_complaint_about_itself_and_reads_nothing_of_it(tiers: Tiers) -> None:
    case_id = await complain(tiers, VILLAGE, TOWN_UNIT)
    await tiers.carry_all()
    await tiers.command(VILLAGE, case_id, c.AddNote(text=SECRET))
    await tiers.pass_time(START + 14 * DAY)

    at_county, at_village = await tiers.case(COUNTY, case_id), await tiers.case(VILLAGE, case_id)
    assert at_county == at_village
    assert (at_county.title, at_county.holder_site) == (SECRET, COUNTY)
    story = await tiers.story(COUNTY, case_id)
    assert story.count("Escalated") == 1, "the case climbed past the town at once"
    await tiers.assert_agreement(case_id, VILLAGE, COUNTY)

    with pytest.raises(KeyError):
        await tiers.case(TOWN, case_id)
    assert not (await tiers.lines(TOWN, case_id)).main
    assert SECRET in await everything_stored(tiers.sites[COUNTY].database)
    assert SECRET not in await everything_stored(tiers.sites[TOWN].database)


@pytest.mark.clause("XS-04", part="the county, not the town complained of, takes over from a silent village")
async def test_the_next_above_watches_over_a_case_that_the_town_must_not_know(tiers: Tiers) -> None:
    case_id = await complain(tiers, VILLAGE, TOWN_UNIT)
    await tiers.carry_all()
    tiers.cut_link(VILLAGE, TOWN)
    await tiers.pass_time(START + 14 * DAY, COUNTY, TOWN)

    taken = await tiers.case(COUNTY, case_id)
    assert taken.holder_site == COUNTY
    assert "TakenOver" in await tiers.story(COUNTY, case_id)

    tiers.heal()
    await tiers.carry_all()
    await tiers.assert_agreement(case_id, VILLAGE, COUNTY)


async def test_what_the_county_asks_of_the_village_passes_the_town_sealed(tiers: Tiers) -> None:
    from bancheng.federation.asks import send_ask
    from bancheng.federation.desk import Desk

    case_id = await complain(tiers, VILLAGE, TOWN_UNIT)
    await tiers.carry_all()
    at = tiers.sites[COUNTY]
    async with at.database.transaction(TENANT) as tx:
        command = c.AddNote(text=SECRET)
        ask = Ask(at=tiers.now, actor=clerk(COUNTY), ask_id=UUID(int=5), case_id=case_id, command=command)
        await send_ask(tx, Desk(at.hosted, case_id, await tiers.case(COUNTY, case_id)), ask)
    await tiers.carry_all()

    assert "AskAccepted" in await tiers.story(COUNTY, case_id)
    await tiers.assert_agreement(case_id, VILLAGE, COUNTY)
    assert SECRET not in await everything_stored(tiers.sites[TOWN].database)


@pytest.mark.clause("XS-04", part="a case about a unit is never handed to it")
async def test_a_case_about_the_town_is_not_handed_down_to_it_nor_sent_there(tiers: Tiers) -> None:
    case_id = await complain(tiers, COUNTY, TOWN_UNIT)
    with pytest.raises(Rejected) as refused:
        await tiers.command(COUNTY, case_id, c.HandDown(to_unit=TOWN_UNIT, reason="属镇里"))
    assert refused.value.code == "conduct.unit_complained_of"
    await tiers.carry_all()
    with pytest.raises(KeyError):
        await tiers.case(TOWN, case_id)
