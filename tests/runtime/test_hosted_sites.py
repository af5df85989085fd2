"""A site is made from its file and what arrived, trusts the root alone, and is made anew when something arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from bancheng.federation.desk import Desk
from bancheng.federation.editions import document_of
from bancheng.federation.publication import publish
from bancheng.federation.site import HostedSite
from bancheng.kernel.calendar import CalendarYear, DayName
from bancheng.kernel.commands import Register
from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.hosted_sites import SiteMaker, SiteRefused
from bancheng.runtime.provisioning import Founded, found_tenant, sign_document
from bancheng.runtime.recomputing import recompute_some
from bancheng.runtime.site_files import Root, SiteFile, document_texts
from bancheng.schema.clocks import PERSON
from bancheng.schema.events import Actor, DuesRecomputed, Person
from bancheng.store.casebook import append, load_cases, load_entries
from bancheng.store.database import Database
from bancheng.store.signing import Signer, generate_seed
from tests.support.databases import migrated_database
from tests.support.tenants import BEGIN_AT, COUNTY, XIAOSHAN, calendar, xiaoshan

HUB = "nats://127.0.0.1:4222"


@dataclass(kw_only=True)
class Hall:
    """One tenant's county site on a database of its own, and a clock that stands still."""

    database: Database
    founded: Founded
    now: datetime = BEGIN_AT

    def maker(self, file: SiteFile | None = None) -> SiteMaker:
        return SiteMaker(self.database, file or self.founded.site_files["county"], lambda: self.now)

    async def publish(self, site: HostedSite, kind: str, edition: int, on: date, content: msgspec.Struct) -> None:
        document = document_of(kind, edition, on, content)  # pyright: ignore[reportArgumentType]
        async with self.database.transaction(XIAOSHAN) as tx:
            await publish(tx, site, document)


@pytest.fixture
async def hall(postgres: DatabaseAdmin) -> AsyncIterator[Hall]:
    made = await migrated_database(postgres)
    database = Database(made.service_url, pool_size=4)
    yield Hall(database=database, founded=found_tenant(xiaoshan(hub_url=HUB, uplinks={"town": "", "village": ""})))
    await database.close()


async def test_a_site_is_made_from_its_file_and_made_again_without_it(hall: Hall) -> None:
    site = await hall.maker().make()
    assert (site.site, sorted(site.profiles), site.calendar.edition) == ("county", [1], 1)
    later = msgspec.structs.replace(hall.founded.site_files["county"], documents=())
    again = await hall.maker(later).make()
    assert again.jurisdiction.directory == site.jurisdiction.directory


async def test_a_document_that_arrives_makes_the_site_anew(hall: Hall) -> None:
    maker = hall.maker()
    site = await maker.make()
    assert await maker.made_anew() is None
    await hall.publish(site, "profile", 2, date(2026, 1, 1), _edition_2(site))
    anew = await maker.made_anew()
    assert anew is not None
    assert sorted(anew.profiles) == [1, 2]
    assert anew.calendar is site.calendar
    assert await maker.made_anew() is None


async def test_a_directory_of_tomorrow_is_used_tomorrow(hall: Hall) -> None:
    maker = hall.maker()
    site = await maker.make()
    tomorrow = date(2026, 3, 3)
    directory = msgspec.structs.replace(site.jurisdiction.directory, edition=2)
    await hall.publish(site, "directory", 2, tomorrow, directory)
    assert await maker.made_anew() is None
    hall.now += timedelta(days=1)
    anew = await maker.made_anew()
    assert anew is not None
    assert anew.jurisdiction.directory.edition == 2


async def test_documents_that_the_root_did_not_sign_are_refused(hall: Hall) -> None:
    file = hall.founded.site_files["county"]
    stranger = Signer.from_seed("county", generate_seed())
    forged = sign_document(stranger, XIAOSHAN, document_of("calendar", 9, date(2020, 1, 1), calendar()), at=BEGIN_AT)
    bad = msgspec.structs.replace(file, documents=(*file.documents, *document_texts((forged,))))
    with pytest.raises(SiteRefused) as refused:
        await hall.maker(bad).make()
    assert refused.value.code == "site.document_not_signed_by_root"


async def test_a_file_of_another_root_site_or_key_is_refused(hall: Hall) -> None:
    file = hall.founded.site_files["county"]
    await hall.maker().make()
    other = Signer.from_seed("county", generate_seed())
    trusts_other = Root(site="county", key_id=other.key_id, public_key=other.public_key)
    for bad, code in (
        (msgspec.structs.replace(file, root=trusts_other, documents=()), "site.root_differs"),
        (msgspec.structs.replace(file, site="town"), "site.not_in_directory"),
        (msgspec.structs.replace(file, site="elsewhere"), "site.not_in_directory"),
        (msgspec.structs.replace(file, signing_seed=generate_seed()), "site.key_differs"),
    ):
        with pytest.raises(SiteRefused) as refused:
            await hall.maker(bad).make()
        assert refused.value.code == code


async def test_without_documents_there_is_no_site(hall: Hall) -> None:
    bare = msgspec.structs.replace(hall.founded.site_files["county"], documents=())
    with pytest.raises(SiteRefused) as refused:
        await hall.maker(bare).make()
    assert refused.value.code == "site.no_directory"


async def test_a_profile_that_this_release_cannot_read_leaves_the_others_in_use(hall: Hall) -> None:
    maker = hall.maker()
    site = await maker.make()

    class Future(msgspec.Struct):
        rules_of_tomorrow: int = 1

    await hall.publish(site, "profile", 2, date(2026, 1, 1), Future())
    anew = await maker.made_anew()
    assert anew is not None
    assert sorted(anew.profiles) == [1]


@pytest.mark.clause("PA-05", part="a calendar that arrives moves the date, and history keeps the old one")
async def test_a_calendar_that_arrives_recomputes_every_open_case_in_bounded_pieces(hall: Hall) -> None:
    maker = hall.maker()
    site = await maker.make()
    while not (await recompute_some(hall.database, site)).is_finished:
        pass
    case_ids = [UUID(int=number) for number in range(1, 8)]
    for case_id in case_ids:
        await _register(hall, site, case_id)
    await hall.publish(site, "calendar", 2, date(2026, 1, 1), _with_a_day_off())
    anew = await maker.made_anew()
    assert anew is not None

    first = await recompute_some(hall.database, anew, limit=3)
    assert (first.walked, first.changed, first.is_finished) == (3, 3, False)
    walked = first.walked
    for _ in range(10):
        done = await recompute_some(hall.database, anew, limit=3)
        walked += done.walked
        if done.is_finished:
            break
    assert walked == len(case_ids)
    assert (await recompute_some(hall.database, anew)).walked == 0

    async with hall.database.transaction(XIAOSHAN) as tx:
        cases = await load_cases(tx, case_ids)
        entries = await load_entries(tx, case_ids[0])
    assert {case.clocks[PERSON].calendar_edition for case in cases.values()} == {2}
    last = entries[-1].event
    assert isinstance(last, DuesRecomputed)
    change = next(each for each in last.changes if each.clock == PERSON)
    assert change.new_due_at - change.old_due_at == timedelta(days=1)


async def _register(hall: Hall, site: HostedSite, case_id: UUID) -> None:
    desk = Desk(site, case_id, None)
    command = Register(
        case_id=case_id, number=f"n{case_id.int}", unit=COUNTY, channel="desk", kind="coordination",
        case_type="ordinary", title="测试", description="测试", person=Person(name="测试甲"),
    )  # fmt: skip
    desk.decide(command, Actor(staff="s", name="测试乙", unit=COUNTY))
    async with hall.database.transaction(XIAOSHAN) as tx:
        await append(tx, [desk.change()], now=site.wall_now())


def _edition_2(site: HostedSite) -> msgspec.Struct:
    return msgspec.structs.replace(site.profiles[1], edition=2, effective_on=date(2026, 1, 1))


def _with_a_day_off() -> msgspec.Struct:
    """A Friday within the ordinary limit of 10 working days is off: what was due on Monday is due on Tuesday."""
    years: list[CalendarYear] = []
    for year in calendar().years:
        off = (DayName(day=date(2026, 3, 13), name="本地假日"),) if year.year == 2026 else ()
        years.append(msgspec.structs.replace(year, days_off=(*year.days_off, *off)))
    return msgspec.structs.replace(calendar(), edition=2, years=tuple(years))
