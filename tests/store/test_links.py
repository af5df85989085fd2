"""Both mailboxes of a link: numbered without gaps in commit order, chained, read once, receipted."""

from __future__ import annotations

import asyncio
import secrets
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from bancheng.schema.documents import Document
from bancheng.schema.frames import NO_HASH, decode_frame, encode_frame, event_hash, link_hash
from bancheng.schema.messages import MAX_EXCEPTIONS, ReceiptException, link_name
from bancheng.store.casebook import CaseChange, append
from bancheng.store.deliveries import deliveries_of_case
from bancheng.store.errors import LinkMoved, LinkUnknown
from bancheng.store.links import (
    InboxRow,
    InboxState,
    NumberedFrame,
    deferred_of_cases,
    ensure_link,
    exceptions_of,
    get_link,
    inbox_hash,
    list_links,
    number_outbox,
    oldest_unreceipted_at,
    queue_loose,
    queue_loose_to,
    read_outbox,
    record_equivocation,
    record_inbox,
    set_receipted,
    settle_inbox,
    stop_link,
    store_receipt,
    waiting_loose,
)
from bancheng.store.signing import StoredFrame, sign_loose
from tests.store.stories import NOW, Village

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bancheng.store.database import Database

PEER = "town"


async def _open(database: Database, tenant: str, *peers: str) -> str:
    async with database.transaction(tenant) as tx:
        for peer in peers or (PEER,):
            await ensure_link(tx, peer, "parent")
    return link_name(tenant, "guali", "up")


async def _append(database: Database, tenant: str, changes: Sequence[CaseChange]) -> None:
    async with database.transaction(tenant) as tx:
        await append(tx, changes, now=NOW)


async def _number(database: Database, tenant: str, link: str, limit: int = 1_000) -> int:
    async with database.transaction(tenant) as tx:
        return await number_outbox(tx, PEER, link, limit)


async def _read(database: Database, tenant: str, after: int = 0, limit: int = 100) -> list[NumberedFrame]:
    async with database.transaction(tenant) as tx:
        return await read_outbox(tx, PEER, after, limit, 1 << 20)


async def test_committed_rows_get_numbers_without_gaps_and_a_chain(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant), Village(tenant)
    changes = [village.register() for _ in range(5)]
    await _append(database, tenant, changes[:3])
    assert await _number(database, tenant, link, 2) == 2
    await _append(database, tenant, changes[3:])
    assert await _number(database, tenant, link) == 3
    assert await _number(database, tenant, link) == 0
    frames = await _read(database, tenant)
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5]
    assert [frame.event_hash for frame in frames] == [change.entries[0].hash for change in changes]
    head = NO_HASH
    for each in frames:
        head = link_hash(link, each.epoch, each.number, head, each.event_hash)
        assert each.link_hash == head
        frame, header = decode_frame(encode_frame(each.frame))
        assert event_hash(frame.header) == each.event_hash
        assert header.tenant == tenant
    async with database.transaction(tenant) as tx:
        row = await get_link(tx, PEER)
    assert row is not None
    assert (row.out_next_number, row.out_head) == (6, head)


async def test_a_row_committed_late_comes_after_and_none_is_lost(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant), Village(tenant)
    slow, fast = village.register(), village.register()
    async with database.transaction(tenant) as tx:
        await append(tx, [slow], now=NOW)
        await _append(database, tenant, [fast])
        assert await _number(database, tenant, link) == 1
    assert await _number(database, tenant, link) == 1
    hashes = [frame.event_hash for frame in await _read(database, tenant)]
    assert hashes == [fast.entries[0].hash, slow.entries[0].hash]


async def test_sequencers_at_once_number_each_row_once(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant), Village(tenant)
    await _append(database, tenant, [village.register() for _ in range(40)])
    counts = await asyncio.gather(*(_number(database, tenant, link, 15) for _ in range(4)))
    assert sorted(counts) == [0, 10, 15, 15]
    assert [frame.number for frame in await _read(database, tenant)] == list(range(1, 41))


async def test_the_entries_of_one_case_keep_their_order_with_writers_at_once(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant), Village(tenant)
    change = village.register()
    hashes = [change.entries[0].hash]
    await _append(database, tenant, [change])
    for step in range(6):
        change = village.note(change.case, f"第{step}步")
        hashes.append(change.entries[0].hash)
        others = [_append(database, tenant, [village.register()]) for _ in range(3)]
        await asyncio.gather(_append(database, tenant, [change]), *others, _number(database, tenant, link))
    await _number(database, tenant, link)
    sent = [frame.event_hash for frame in await _read(database, tenant)]
    assert len(sent) == 1 + 6 * 4
    assert [each for each in sent if each in hashes] == hashes


async def test_reading_is_bounded_by_count_and_by_bytes_but_never_stuck(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant), Village(tenant)
    await _append(database, tenant, [village.register(description="长" * 1000) for _ in range(6)])
    await _number(database, tenant, link)
    async with database.transaction(tenant) as tx:
        assert [each.number for each in await read_outbox(tx, PEER, 0, 4, 1 << 20)] == [1, 2, 3, 4]
        assert [each.number for each in await read_outbox(tx, PEER, 4, 100, 1 << 20)] == [5, 6]
        some = await read_outbox(tx, PEER, 0, 100, 10_000)
        assert 1 < len(some) < 6
        assert [each.number for each in await read_outbox(tx, PEER, 2, 100, 1)] == [3]


async def test_asks_and_documents_travel_in_the_same_log(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant, PEER, "linpu"), Village(tenant)
    stored = _document(village)
    async with database.transaction(tenant) as tx:
        await queue_loose(tx, PEER, "document", stored, now=NOW)
        await queue_loose_to(tx, (PEER, "linpu"), "document", stored, now=NOW)
    assert await _number(database, tenant, link) == 2
    frames = await _read(database, tenant)
    assert [(each.kind, each.event_hash, each.frame) for each in frames] == [
        ("document", stored.hash, stored.frame)
    ] * 2
    async with database.transaction(tenant) as tx:
        assert len(await list_links(tx)) == 2
        assert await read_outbox(tx, "linpu", 0, 10, 1 << 20) == []


async def test_an_unknown_link_has_a_name_and_a_stopped_one_numbers_nothing(database: Database, tenant: str) -> None:
    with pytest.raises(LinkUnknown):
        await _number(database, tenant, "x")
    link, village = await _open(database, tenant), Village(tenant)
    await _append(database, tenant, [village.register()])
    async with database.transaction(tenant) as tx:
        assert await stop_link(tx, PEER, "frame.signature")
        assert not await stop_link(tx, PEER, "frame.other")
    assert await _number(database, tenant, link) == 0
    async with database.transaction(tenant) as tx:
        row = await get_link(tx, PEER, lock=True)
    assert row is not None
    assert (row.state, row.reason) == ("stopped", "frame.signature")


async def test_receipts_only_rise_and_never_beyond_what_was_sent(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant), Village(tenant)
    async with database.transaction(tenant) as tx:
        assert await oldest_unreceipted_at(tx, PEER) is None
        await append(tx, [village.register(), village.register()], now=NOW)
    await _number(database, tenant, link)
    await _append_at(database, tenant, village, minutes=5)
    async with database.transaction(tenant) as tx:
        assert await oldest_unreceipted_at(tx, PEER) == NOW
        assert not await set_receipted(tx, PEER, 3, b"signed", NOW)
        assert await set_receipted(tx, PEER, 2, b"signed", NOW)
        assert not await set_receipted(tx, PEER, 1, b"older", NOW)
        assert await oldest_unreceipted_at(tx, PEER) == NOW + timedelta(minutes=5)
        for _ in range(2):
            await store_receipt(tx, PEER, "up", epoch=1, stored_up_to=2, head_hash=NO_HASH, signed=b"signed", at=NOW)
        row = await get_link(tx, PEER)
        assert row is not None
        assert (row.receipted_number, row.receipt) == (2, b"signed")
        assert len(await tx.fetch("SELECT 1 FROM receipt WHERE tenant = $1", tenant)) == 1


async def test_a_case_page_can_say_what_was_sent_and_stored(database: Database, tenant: str) -> None:
    link, village = await _open(database, tenant), Village(tenant)
    first = village.register()
    await _append(database, tenant, [first])
    await _number(database, tenant, link)
    second = village.note(first.case)
    await _append(database, tenant, [second])
    async with database.transaction(tenant) as tx:
        await set_receipted(tx, PEER, 1, b"signed", NOW)
        found = await deliveries_of_case(tx, first.case.case_id)
    assert [(each.peer, each.event_hash, each.number, each.receipted_number) for each in found] == [
        (PEER, first.entries[0].hash, 1, 1),
        (PEER, second.entries[0].hash, None, 1),
    ]
    assert {each.receipt for each in found} == {b"signed"}


async def test_the_inbox_takes_what_follows_and_nothing_else(database: Database, tenant: str) -> None:
    await _open(database, tenant)
    rows = [_row(number) for number in (1, 2, 3)]
    async with database.transaction(tenant) as tx:
        await record_inbox(tx, PEER, rows, 3, rows[-1].link_hash, now=NOW)
        assert await inbox_hash(tx, PEER, 1, [2, 3, 4]) == {2: rows[1].link_hash, 3: rows[2].link_hash}
        row = await get_link(tx, PEER)
        assert row is not None
        assert (row.in_number, row.in_head) == (3, rows[-1].link_hash)
    for wrong in ([_row(3)], [_row(5)], [_row(4), _row(6)]):
        with pytest.raises(LinkMoved):
            async with database.transaction(tenant) as tx:
                await record_inbox(tx, PEER, wrong, wrong[-1].number, b"x", now=NOW)
    async with database.transaction(tenant) as tx:
        assert set(await inbox_hash(tx, PEER, 1, list(range(10)))) == {1, 2, 3}


async def test_many_that_wait_hide_none_of_another_case_nor_of_another_neighbour(
    database: Database, tenant: str
) -> None:
    await _open(database, tenant, "east", "west")
    first, second = UUID(int=1), UUID(int=2)
    many = [_row(number, "deferred", case_id=first, reason="later", frame=b"f") for number in range(1, 1_001)]
    loose = [_row(number, "deferred", reason="later", frame=b"f") for number in range(1_001, 1_004)]
    one = [_row(1, "deferred", case_id=second, reason="later", frame=b"f"), _row(2, "deferred", frame=b"f")]
    async with database.transaction(tenant) as tx:
        await record_inbox(tx, "east", [*many, *loose], 1_003, b"head", now=NOW)
        await record_inbox(tx, "west", one, 2, b"head", now=NOW)
        found = await deferred_of_cases(tx, [first, second])
        assert {case_id: len(frames) for case_id, frames in found.items()} == {first: 1_000, second: 1}
        walked: list[tuple[str, int]] = []
        piece = await waiting_loose(tx, 2)
        while piece:
            walked += [(each.peer, each.number) for each in piece]
            piece = await waiting_loose(tx, 2, after=piece[-1])
    assert walked == [("east", 1_001), ("east", 1_002), ("east", 1_003), ("west", 2)]


async def test_what_was_deferred_waits_with_its_case_until_it_is_settled(database: Database, tenant: str) -> None:
    await _open(database, tenant)
    case, other = uuid4(), uuid4()
    rows = [
        _row(1),
        _row(2, "deferred", case_id=case, reason="schema.unknown", frame=b"two"),
        _row(3, "rejected", reason="ask.refused", frame=b"three"),
        _row(4, "deferred", case_id=case, reason="case.unknown", frame=b"four"),
        _row(5, "deferred", case_id=other, reason="case.unknown", frame=b"five"),
    ]
    async with database.transaction(tenant) as tx:
        await record_inbox(tx, PEER, rows, 5, b"head", now=NOW)
        found = await deferred_of_cases(tx, [case, uuid4()])
        assert [(each.peer, each.epoch, each.number, each.frame, each.reason) for each in found[case]] == [
            (PEER, 1, 2, b"two", "schema.unknown"),
            (PEER, 1, 4, b"four", "case.unknown"),
        ]
        assert set(found) == {case}
        await settle_inbox(tx, PEER, 1, 2, "applied")
        await settle_inbox(tx, PEER, 1, 5, "deferred", "schema.unknown")
        assert await exceptions_of(tx, PEER) == [
            ReceiptException(number=4, state="deferred", reason="case.unknown"),
            ReceiptException(number=5, state="deferred", reason="schema.unknown"),
        ]
        assert [each.number for each in (await deferred_of_cases(tx, [case]))[case]] == [4]
        kept = await tx.fetch(
            "SELECT number FROM inbox WHERE tenant = $1 AND frame IS NOT NULL ORDER BY number", tenant
        )
        assert [row[0] for row in kept] == [3, 4, 5]


async def test_more_exceptions_than_a_receipt_holds_can_be_told(database: Database, tenant: str) -> None:
    await _open(database, tenant)
    rows = [_row(number, "deferred", reason="x") for number in range(1, MAX_EXCEPTIONS + 5)]
    async with database.transaction(tenant) as tx:
        await record_inbox(tx, PEER, rows, len(rows), b"head", now=NOW)
        assert len(await exceptions_of(tx, PEER)) == MAX_EXCEPTIONS + 1


async def test_both_sides_of_an_equivocation_are_kept(database: Database, tenant: str) -> None:
    await _open(database, tenant)
    async with database.transaction(tenant) as tx:
        await record_equivocation(tx, PEER, detail="case.entry", first_frame=b"one", second_frame=b"two", now=NOW)
        rows = await tx.fetch("SELECT first_frame, second_frame FROM equivocation WHERE tenant = $1", tenant)
    assert [tuple(row) for row in rows] == [(b"one", b"two")]


def _row(number: int, state: InboxState = "applied", **more: object) -> InboxRow:
    return InboxRow(
        epoch=1, number=number, kind="progress", event_hash=b"e%d" % number, link_hash=b"l%d" % number, state=state,
        **more,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def _document(village: Village) -> StoredFrame:
    document = Document(kind="directory", edition=1, effective_on=date(2026, 1, 1), body=b"{}")
    return sign_loose(
        village.signer,
        tenant=village.tenant,
        payload=document,
        occurred_at=NOW,
        now_wall_ms=1,
        random=secrets.token_bytes,
    )


async def _append_at(database: Database, tenant: str, village: Village, *, minutes: int) -> None:
    async with database.transaction(tenant) as tx:
        await append(tx, [village.register()], now=NOW + timedelta(minutes=minutes))
