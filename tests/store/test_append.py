"""Writing history: all of it or nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bancheng.kernel.history import replay
from bancheng.schema.events import StruckOff
from bancheng.store.accounts import find_response
from bancheng.store.casebook import (
    AuditRecord,
    IdempotencyRecord,
    RequestRecord,
    append,
    due_cases,
    load_cases,
    load_entries,
    next_act_at,
    stored_hashes,
)
from bancheng.store.counters import fold_counters, read_counters
from bancheng.store.errors import EntryExists, KeyInUse, StaleVersion, UnstorableText
from tests.store.stories import CLERK, NOW, Village

if TYPE_CHECKING:
    from bancheng.store.database import Database


async def test_a_registered_case_reads_back_as_it_was_and_replays_from_its_entries(
    database: Database, tenant: str
) -> None:
    change = Village(tenant).register()
    async with database.transaction(tenant) as tx:
        await append(tx, [change], now=NOW)
    async with database.transaction(tenant) as tx:
        cases = await load_cases(tx, [change.case.case_id], lock=True)
        entries = await load_entries(tx, change.case.case_id)
    assert cases == {change.case.case_id: change.case}
    assert entries == list(change.entries)
    assert replay(each.entry for each in entries) == change.case


async def test_several_events_of_several_cases_are_one_statement_and_leave_in_order(
    database: Database, tenant: str
) -> None:
    village = Village(tenant)
    first, second = village.register(), village.register()
    async with database.transaction(tenant) as tx:
        await append(tx, [first, second], now=NOW)
    notes = [village.note(second.case), village.note(first.case), village.register()]
    async with database.transaction(tenant) as tx:
        await append(tx, notes, now=NOW)
        rows = await tx.fetch("SELECT event_hash FROM outbox WHERE tenant = $1 ORDER BY id", tenant)
    expected = [each.hash for change in (first, second, *notes) for each in change.entries]
    assert [row[0] for row in rows] == expected


async def test_a_case_that_moved_on_is_refused_and_nothing_of_the_batch_is_written(
    database: Database, tenant: str
) -> None:
    village = Village(tenant)
    known = village.register()
    async with database.transaction(tenant) as tx:
        await append(tx, [known], now=NOW)
        await append(tx, [village.note(known.case)], now=NOW)
    fresh = village.register()
    with pytest.raises(StaleVersion) as refusal:
        async with database.transaction(tenant) as tx:
            await append(tx, [fresh, village.note(known.case, "太晚")], now=NOW)
    assert refusal.value.case_id == known.case.case_id
    assert await _rows(database, tenant, "case_event") == 2
    assert await _rows(database, tenant, "cases") == 1
    assert await _rows(database, tenant, "outbox") == 2


async def test_a_stale_change_writes_nothing_even_before_the_rollback(database: Database, tenant: str) -> None:
    village = Village(tenant)
    known = village.register()
    async with database.transaction(tenant) as tx:
        await append(tx, [known], now=NOW)
        moved = village.note(known.case)
        await append(tx, [moved], now=NOW)
        with pytest.raises(StaleVersion):
            await append(tx, [village.note(known.case)], now=NOW)
        assert len(await load_entries(tx, known.case.case_id)) == 2


async def test_of_two_writers_at_once_one_wins_and_the_other_is_stale(database: Database, tenant: str) -> None:
    village = Village(tenant)
    known = village.register()
    async with database.transaction(tenant) as tx:
        await append(tx, [known], now=NOW)

    async def write(text: str) -> bool:
        try:
            async with database.transaction(tenant) as tx:
                await append(tx, [village.note(known.case, text)], now=NOW)
        except StaleVersion:
            return False
        return True

    assert sorted(await asyncio.gather(*(write(str(number)) for number in range(4)))) == [False, False, False, True]
    assert await _rows(database, tenant, "case_event") == 2


async def test_registering_the_same_case_again_is_stale(database: Database, tenant: str) -> None:
    village = Village(tenant)
    known = village.register()
    async with database.transaction(tenant) as tx:
        await append(tx, [known], now=NOW)
    with pytest.raises(StaleVersion):
        async with database.transaction(tenant) as tx:
            await append(tx, [known], now=NOW)


async def test_a_number_that_another_site_used_too_blocks_no_link(database: Database, tenant: str) -> None:
    """Numbers are unique where they are given out (numbers.py); what arrives with one is stored as it is."""
    village = Village(tenant)
    known = village.register()
    other = village.register(replace(village.registered(), number=known.case.number))
    async with database.transaction(tenant) as tx:
        await append(tx, [known, other], now=NOW)
    async with database.transaction(tenant) as tx:
        assert len(await load_cases(tx, [known.case.case_id, other.case.case_id])) == 2


async def test_an_entry_at_a_position_that_is_taken_is_refused(database: Database, tenant: str) -> None:
    known = Village(tenant).register()
    async with database.transaction(tenant) as tx:
        await append(tx, [known], now=NOW)
    again = replace(known, before=known.case.head)
    with pytest.raises(EntryExists):
        async with database.transaction(tenant) as tx:
            await append(tx, [again], now=NOW)
    async with database.transaction(tenant) as tx:
        places = [(known.case.case_id, known.entries[0].position)]
        assert await stored_hashes(tx, places) == {places[0]: known.entries[0].hash}


async def test_the_request_leaves_its_response_and_its_audit_row_in_the_same_statement(
    database: Database, tenant: str
) -> None:
    village = Village(tenant)
    response = IdempotencyRecord(staff_id="clerk-1", key="k1", request_hash=b"h", status=201, response=b"{}")
    change = village.register()
    audit = AuditRecord(staff_id="clerk-1", unit="guali", action="register", case_id=change.case.case_id)
    also = RequestRecord(idempotency=response, audit=(audit,))
    async with database.transaction(tenant) as tx:
        await append(tx, [change], now=NOW, also=[also])
    with pytest.raises(KeyInUse):
        async with database.transaction(tenant) as tx:
            await append(tx, [village.register()], now=NOW, also=[also])
    async with database.transaction(tenant) as tx:
        assert await find_response(tx, "clerk-1", "k1") == response
        assert await find_response(tx, "clerk-2", "k1") is None
    assert await _rows(database, tenant, "audit") == 1
    assert await _rows(database, tenant, "cases") == 1


async def test_what_is_counted_is_folded_once_and_read_the_same_before_and_after(
    database: Database, tenant: str
) -> None:
    village = Village(tenant)
    changes = [village.register() for _ in range(3)]
    closing = village.change(changes[0].case, StruckOff(at=NOW, actor=CLERK, clocks=()))
    async with database.transaction(tenant) as tx:
        await append(tx, changes, now=NOW)
        await append(tx, [closing], now=NOW)
    before = await _counters(database, tenant)
    async with database.transaction(tenant) as tx:
        assert await fold_counters(tx) == 4
        assert await fold_counters(tx) == 0
    assert before == await _counters(database, tenant) == {"registered": 3, "closed": 1}


async def test_a_late_entry_is_stored_and_counts_nowhere(database: Database, tenant: str) -> None:
    village = Village(tenant)
    known = village.register()
    late = village.change(known.case, StruckOff(at=NOW, actor=CLERK, clocks=()))
    async with database.transaction(tenant) as tx:
        await append(tx, [known], now=NOW)
        await append(tx, [replace(late, before=known.case.head, case=known.case)], now=NOW)
        assert len(await load_entries(tx, known.case.case_id)) == 2
    assert await _counters(database, tenant) == {"registered": 1}


async def test_due_cases_come_in_order_and_are_not_given_to_two_workers(database: Database, tenant: str) -> None:
    village = Village(tenant)
    changes = [village.register(due_workdays=days) for days in (3, 1, 9)]
    never = replace(village.register(), act_at=None)
    async with database.transaction(tenant) as tx:
        await append(tx, [*changes, never], now=NOW)
    at = NOW + timedelta(days=4)
    async with database.transaction(tenant) as one, database.transaction(tenant) as two:
        assert await next_act_at(one) == changes[1].act_at
        assert [case.case_id for case in (await due_cases(one, at, 1)).cases] == [changes[1].case.case_id]
        assert [case.case_id for case in (await due_cases(two, at, 10)).cases] == [changes[0].case.case_id]


@pytest.mark.parametrize("text", ["零\x00字符", "半个\ud83d"])
async def test_text_that_no_database_can_hold_is_a_coded_error(database: Database, tenant: str, text: str) -> None:
    change = Village(tenant).register()
    with pytest.raises(UnstorableText) as refusal:
        async with database.transaction(tenant) as tx:
            await append(tx, [replace(change, case=replace(change.case, title=text))], now=NOW)
    assert refusal.value.code == "text.unstorable"
    assert await _rows(database, tenant, "cases") == 0


async def test_a_case_named_twice_is_a_defect_of_the_caller(database: Database, tenant: str) -> None:
    change = Village(tenant).register()
    async with database.transaction(tenant) as tx:
        with pytest.raises(ValueError, match="each case once"):
            await append(tx, [change, change], now=NOW)


async def _rows(database: Database, tenant: str, table: str) -> int:
    async with database.transaction(tenant) as tx:
        return (await tx.fetch(f"SELECT count(*) FROM {table} WHERE tenant = $1", tenant))[0][0]


async def _counters(database: Database, tenant: str) -> dict[str, int]:
    async with database.transaction(tenant) as tx:
        return {each.name: each.value for each in await read_counters(tx, ["guali"])}
