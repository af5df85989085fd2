"""Lists page by key through everything that may be seen, once, in order; search finds what a full scan finds."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bancheng.kernel.history import head_of
from bancheng.schema.clocks import HOLDER
from bancheng.schema.events import StruckOff
from bancheng.store.casebook import CaseChange, append
from bancheng.store.errors import SearchTooShort, SortNotIndexed, TenantInvalid
from bancheng.store.ledger import LedgerCursor, LedgerFilter, LedgerRow, Sort, list_cases
from bancheng.store.search import index_grams, pieces, search, searched_text, words
from bancheng.store.visibility import Visibility
from tests.store.stories import CLERK, NOW, Village

if TYPE_CHECKING:
    from uuid import UUID

    from bancheng.kernel.case import Case
    from bancheng.store.database import Database

UNITS = ("guali", "linpu", "daicun", "heshang")
SORTS: tuple[Sort, ...] = ("registered_at", "holder_due_at", "person_due_at")


async def populate(database: Database, tenant: str, count: int = 60) -> list[Case]:
    """Cases of four units: some closed, some handed to another unit, some without dates, many at one instant."""
    village, chance = Village(tenant), random.Random(7)
    changes: list[CaseChange] = []
    for index in range(count):
        at = NOW + timedelta(minutes=chance.randrange(count // 3))
        due = chance.randrange(1, 6)
        change = village.register(village.registered(at=at, unit=chance.choice(UNITS), due_workdays=due))
        if chance.random() < 0.4:
            change = replace(change, case=replace(change.case, holder_unit=chance.choice(UNITS)))
        if chance.random() < 0.2:
            change = _also(village, change, StruckOff(at=NOW, actor=CLERK, clocks=()))
        elif chance.random() < 0.2:
            change = replace(change, case=replace(change.case, clocks={}))
        changes.append(change)
        assert index < count
    async with database.transaction(tenant) as tx:
        await append(tx, changes, now=NOW)
    return [change.case for change in changes]


def _also(village: Village, change: CaseChange, event: StruckOff) -> CaseChange:
    more = village.sign(change.case, event)
    case = replace(change.case, stage="struck_off", head=head_of(more.entry))
    return replace(change, case=case, entries=(*change.entries, more))


def visible(case: Case, units: tuple[str, ...] | None) -> bool:
    return units is None or case.holder_unit in units or case.registered_unit in units


def fits(case: Case, filters: LedgerFilter) -> bool:
    return (
        filters.holder_unit in {None, case.holder_unit}
        and filters.registered_unit in {None, case.registered_unit}
        and filters.stage in {None, case.stage}
        and filters.is_closed in {None, case.is_closed}
    )


def in_order(cases: list[Case], sort: Sort) -> list[UUID]:
    if sort == "registered_at":
        newest = sorted(cases, key=lambda case: (case.registered_at, case.case_id), reverse=True)
        return [case.case_id for case in newest]
    name = sort.removesuffix("_due_at")
    dated = [case for case in cases if name in case.clocks and not case.is_closed]
    undated = [case for case in cases if name not in case.clocks and not case.is_closed]
    ordered = sorted(dated, key=lambda case: (case.clocks[name].due_at, case.case_id))
    return [case.case_id for case in (*ordered, *sorted(undated, key=lambda case: case.case_id))]


@pytest.mark.parametrize(
    "units", [None, ("guali",), ("guali", "daicun"), ("nowhere",), tuple(f"u{n}" for n in range(40))]
)
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_are_the_whole_list_in_order(
    database: Database, tenant: str, sort: Sort, units: tuple[str, ...] | None
) -> None:
    cases = await populate(database, tenant)
    for filters in (
        LedgerFilter(),
        LedgerFilter(is_closed=False),
        LedgerFilter(holder_unit="guali"),
        LedgerFilter(registered_unit="daicun", stage="registered"),
    ):
        paged = await _all_pages(database, Visibility(tenant=tenant, units=units), filters, sort)
        wanted = [case for case in cases if visible(case, units) and fits(case, filters)]
        assert paged == in_order(wanted, sort), filters


async def test_due_before_cuts_the_list_and_leaves_out_what_has_no_date(database: Database, tenant: str) -> None:
    cases = await populate(database, tenant)
    before = NOW + timedelta(days=3)
    filters = LedgerFilter(holder_unit="guali", due_before=before)
    paged = await _all_pages(database, Visibility(tenant=tenant, units=None), filters, "holder_due_at")
    due = [case for case in cases if HOLDER in case.clocks and case.clocks[HOLDER].due_at < before]
    assert paged
    assert paged == in_order([case for case in due if case.holder_unit == "guali"], "holder_due_at")


async def test_a_closed_list_goes_by_registration_only(database: Database, tenant: str) -> None:
    cases = await populate(database, tenant)
    everybody = Visibility(tenant=tenant, units=None)
    closed = await _all_pages(database, everybody, LedgerFilter(is_closed=True), "registered_at")
    assert closed == in_order([case for case in cases if case.is_closed], "registered_at")
    async with database.transaction(tenant) as tx:
        with pytest.raises(SortNotIndexed):
            await list_cases(tx, everybody, filters=LedgerFilter(is_closed=True), sort="person_due_at")
        with pytest.raises(SortNotIndexed):
            await list_cases(tx, everybody, filters=LedgerFilter(due_before=NOW))


async def test_the_predicate_of_another_tenant_is_refused(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        with pytest.raises(TenantInvalid):
            await list_cases(tx, Visibility(tenant="t-other", units=None), filters=LedgerFilter())


async def _all_pages(
    database: Database, visibility: Visibility, filters: LedgerFilter, sort: Sort, size: int = 7
) -> list[UUID]:
    rows: list[LedgerRow] = []
    after: LedgerCursor | None = None
    for _ in range(100):
        async with database.transaction(visibility.tenant) as tx:
            page = await list_cases(tx, visibility, filters=filters, sort=sort, after=after, limit=size)
        rows.extend(page.rows)
        after = page.next
        if after is None:
            return [row.case_id for row in rows]
        assert len(page.rows) == size
    raise AssertionError("the list never ends")


TEXTS = (
    ("低保停发", "残疾补贴和低保都停了三个月"),
    ("化粪池满溢", "三村化粪池满了,污水流到路上"),
    ("路灯不亮", "Lamp No. 7 在ABC路口"),
    ("宅基地", "粪池化验,地基低,保养"),
    ("", "学区房　核查表"),
)


async def test_search_finds_what_a_full_scan_finds_cut_or_not(database: Database, tenant: str) -> None:
    village = Village(tenant)
    changes = [
        village.register(title=title or "无题", description=body, unit=unit)
        for title, body in TEXTS * 8
        for unit in UNITS[:2]
    ]
    async with database.transaction(tenant) as tx:
        await append(tx, changes[:40], now=NOW)
        assert await index_grams(tx, 500) == 40
        await append(tx, changes[40:], now=NOW)
        assert await index_grams(tx, 10) == 10
    cases = [change.case for change in changes]
    for asked in (
        "低保",
        "化粪池",
        "粪池",
        "lamp abc",
        "ａｂｃ",
        "三村 污水",
        "钱大江",
        "核查表",
        "没有的",
        "低保 停发",
        "号 路灯",
    ):
        for units in (None, ("guali",), ("nowhere",)):
            found = await _search_all(database, Visibility(tenant=tenant, units=units), asked)
            scan = [case for case in cases if visible(case, units) and _holds(case, asked)]
            assert found == sorted((case.case_id for case in scan), reverse=True), (asked, units)


async def test_a_case_is_found_by_its_number_by_those_who_may_see_it(database: Database, tenant: str) -> None:
    change = Village(tenant).register()
    async with database.transaction(tenant) as tx:
        await append(tx, [change], now=NOW)
        for units, count in ((None, 1), (("guali",), 1), (("linpu",), 0)):
            page = await search(tx, f" {change.case.number} ", Visibility(tenant=tenant, units=units))
            assert [row.case_id for row in page.rows] == [change.case.case_id] * count


async def test_one_character_is_too_short(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        for asked in ("", "低", "低 保"):
            with pytest.raises(SearchTooShort):
                await search(tx, asked, Visibility(tenant=tenant, units=None))


def test_pieces_are_cut_word_by_word_in_one_form() -> None:
    assert pieces("路灯 Ａb") == {"路灯", "ab"}
    assert words("　ＡＢ　Ｃ") == ["ab", "c"]


def _holds(case: Case, asked: str) -> bool:
    text = " ".join(words(searched_text(case)))
    return all(word in text for word in words(asked))


async def _search_all(database: Database, visibility: Visibility, asked: str) -> list[UUID]:
    found: list[UUID] = []
    below: UUID | None = None
    for _ in range(100):
        async with database.transaction(visibility.tenant) as tx:
            page = await search(tx, asked, visibility, 7, below=below)
        found.extend(row.case_id for row in page.rows)
        below = page.next
        if below is None:
            return found
    raise AssertionError("the search never ends")


async def test_a_search_that_looked_at_enough_says_where_it_goes_on(
    database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("_BATCH", 3), ("MAX_EXAMINED", 6), ("_UNCUT", 4)):
        monkeypatch.setattr(f"bancheng.store.search.{name}", value)
    village = Village(tenant)
    changes = [village.register(unit=UNITS[number % 10 == 3]) for number in range(50)]
    async with database.transaction(tenant) as tx:
        await append(tx, changes, now=NOW)
        await index_grams(tx, 30)
    seen = Visibility(tenant=tenant, units=("linpu",))
    wanted = sorted((change.case.case_id for change in changes if visible(change.case, seen.units)), reverse=True)
    assert len(wanted) == 5
    assert await _search_all(database, seen, "路灯") == wanted
    assert await _search_all(database, replace(seen, units=None), "不亮") == sorted(
        (change.case.case_id for change in changes), reverse=True
    )
