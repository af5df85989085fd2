"""What a receiver does with frames that are wrong, strange or contradictory: stop, or set one aside, never guess."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from bancheng.federation.application import take_in
from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.custody import apply_batch
from bancheng.federation.inspection import inspect
from bancheng.federation.jetstream import Outgoing
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.wire import Delivered
from bancheng.schema.frames import Frame, decode_frame, encode_frame
from bancheng.schema.messages import Receipt, Signed, link_name
from bancheng.schema.subjects import (
    HEADER_EPOCH,
    HEADER_HEAD_SIGNATURE,
    HEADER_KIND,
    HEADER_LINK_HASH,
)
from tests.federation.forged import Pen, note_frame, pen_of, resigned
from tests.federation.linked_sites import eventually
from tests.support.databases import OWNER, PASSWORD, SERVICE
from tests.support.tiers import COUNTY, TOWN, VILLAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from bancheng.runtime.database_admin import DatabaseAdmin
    from bancheng.store.database import Transaction
    from tests.federation.linked_sites import LinkedSites

# asyncpg's own types are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

PEER = Peer(site=VILLAGE, is_parent=False)


@pytest_asyncio.fixture
async def case_id(linked: LinkedSites) -> UUID:
    """One case stands at both ends; the village's relay has stopped, so that a test may write in its name."""
    await linked.start()
    (case_id,) = await linked.register()
    await linked.arrived()
    await linked.stop(VILLAGE)
    return case_id


@pytest_asyncio.fixture
async def pen(linked: LinkedSites, case_id: UUID) -> AsyncIterator[Pen]:
    assert case_id
    async with pen_of(linked) as pen:
        yield pen


async def _head(linked: LinkedSites) -> bytes:
    (row,) = await linked.fetch(TOWN, "SELECT head_hash FROM cases WHERE tenant = $1")
    return row[0]


async def _stopped(linked: LinkedSites, reason: str) -> None:
    row = await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.state == "stopped", "the link stops")
    assert row.reason == reason
    assert len(await linked.inbox(TOWN, VILLAGE)) == row.in_number == 1


def _flip(data: bytes, at: int = -1) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + (data[at + 1 :] if at != -1 else b"")


def _in_frame(change: Callable[[Frame], Frame]) -> Callable[[Outgoing], Outgoing]:
    def changed(message: Outgoing) -> Outgoing:
        frame, _ = decode_frame(message.data)
        return msgspec.structs.replace(message, data=encode_frame(change(frame)))

    return changed


def _with_header(name: str, value: str) -> Callable[[Outgoing], Outgoing]:
    return lambda message: msgspec.structs.replace(message, headers=message.headers | {name: value})


def _replace(**fields: bytes) -> Callable[[Frame], Frame]:
    return lambda frame: msgspec.structs.replace(frame, **fields)


def _not_a_frame(message: Outgoing) -> Outgoing:
    return msgspec.structs.replace(message, data=b"\x93not a frame")


TAMPERING: dict[str, Callable[[Outgoing], Outgoing]] = {
    "frame.payload_hash": _in_frame(lambda frame: msgspec.structs.replace(frame, payload=_flip(frame.payload or b""))),
    "frame.payload_length": _in_frame(_replace(payload=b"{}")),
    "frame.signature": _in_frame(lambda frame: msgspec.structs.replace(frame, signature=_flip(frame.signature, 5))),
    "frame.unreadable": _not_a_frame,
    "link.head_signature": _with_header(HEADER_HEAD_SIGNATURE, "00" * 64),
    "link.headers": _with_header(HEADER_KIND, "rumour"),
    "link.epoch": _with_header(HEADER_EPOCH, "2"),
}


async def test_numbers_that_no_chain_can_hold_stop_the_link_and_wedge_it_not(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    frame = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked)).frame
    row = await linked.link(TOWN, VILLAGE)
    huge = _with_header(HEADER_EPOCH, str(10**30))
    await pen.publish([huge(await pen.message(row.in_number + n, row.in_head, frame)) for n in (1, 2)])
    await _stopped(linked, "link.headers")


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [
        (f"REVOKE INSERT ON case_event FROM {SERVICE}", f"GRANT INSERT ON case_event TO {SERVICE}"),
        ("ALTER TABLE case_event RENAME opened TO later", "ALTER TABLE case_event RENAME later TO opened"),
    ],
    ids=["not allowed", "not migrated"],
)
async def test_what_comes_while_the_database_is_not_as_it_should_be_waits_for_no_operator(
    linked: LinkedSites, postgres: DatabaseAdmin, breaks: str, mends: str
) -> None:
    await linked.start()
    await linked.register(1)
    await linked.arrived()
    owner = await asyncpg.connect(postgres.url(f"link_{TOWN}", user=OWNER, password=PASSWORD))
    try:
        await owner.execute(breaks)
        await linked.register(3, notes=1)
        await eventually(
            lambda: linked.status(TOWN, VILLAGE), lambda each: each is not None and each.state == "waiting", "it is met"
        )
    finally:
        await owner.execute(mends)
        await owner.close()
    await linked.arrived()
    assert {each.state for each in await linked.inbox(TOWN, VILLAGE)} == {"applied"}


@pytest.mark.parametrize("reason", TAMPERING)
async def test_a_frame_that_was_tampered_with_stops_the_link(
    linked: LinkedSites, case_id: UUID, pen: Pen, reason: str
) -> None:
    frame = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked)).frame
    await pen.publish([TAMPERING[reason](await pen.next_message(frame))])
    await _stopped(linked, reason)


async def test_a_flipped_byte_in_a_signed_header_stops_the_link(linked: LinkedSites, case_id: UUID, pen: Pen) -> None:
    entry = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked))
    at = entry.frame.header.index(entry.header.prev_hash)
    flipped = msgspec.structs.replace(entry.frame, header=_flip(entry.frame.header, at))
    await pen.publish([await pen.next_message(flipped)])
    await _stopped(linked, "frame.signature")


async def test_a_chain_that_does_not_follow_our_head_stops_the_link_and_is_kept(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    frame = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked)).frame
    await pen.publish([await pen.message(2, b"\1" * 32, frame)])
    await _stopped(linked, "link.chain")
    ((second,),) = await linked.fetch(TOWN, "SELECT second_frame FROM equivocation WHERE tenant = $1")
    assert second == encode_frame(frame)


async def test_frames_before_a_bad_one_are_taken_in(linked: LinkedSites, case_id: UUID, pen: Pen) -> None:
    first = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked))
    second = note_frame(linked, case_id, seq=3, prev_hash=first.hash)
    good = await pen.next_message(first.frame)
    head = bytes.fromhex(good.headers[HEADER_LINK_HASH])
    bad = TAMPERING["frame.signature"](await pen.message(3, head, second.frame))
    await pen.publish([good, bad])
    row = await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.state == "stopped", "the link stops")
    assert (row.reason, row.in_number) == ("frame.signature", 2)


async def test_a_stopped_link_takes_in_nothing_and_keeps_what_it_has(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    frame = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked)).frame
    await pen.publish([TAMPERING["frame.signature"](await pen.next_message(frame))])
    await _stopped(linked, "frame.signature")
    await linked.start(VILLAGE)
    await linked.register()
    # The village is told what the town has, although the link is stopped.
    status = await eventually(
        lambda: linked.status(TOWN, VILLAGE), lambda each: each is not None and each.state == "stopped", "shown"
    )
    assert status is not None
    assert (status.reason, status.in_number) == ("frame.signature", 1)
    assert len(await linked.inbox(TOWN, VILLAGE)) == 1


async def test_a_frame_of_another_tenant_stops_the_link(linked: LinkedSites, case_id: UUID, pen: Pen) -> None:
    entry = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked))
    header = msgspec.structs.replace(entry.header, tenant="t-other")
    await pen.send(resigned(linked.signers[VILLAGE], header, entry.frame))
    await _stopped(linked, "frame.tenant")


async def test_a_frame_whose_key_nobody_vouches_for_stops_the_link_after_a_while(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    exchange = linked.sites[TOWN].exchange
    assert exchange is not None
    await exchange.replace_site(linked.host(TOWN, linked.directory(without_key_of=COUNTY)))
    await pen.send(note_frame(linked, case_id, seq=1, prev_hash=await _head(linked), author=COUNTY).frame)
    await _stopped(linked, "frame.key_unknown")


async def test_a_key_that_arrives_with_a_new_directory_is_waited_for(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    exchange = linked.sites[TOWN].exchange
    assert exchange is not None
    await exchange.replace_site(linked.host(TOWN, linked.directory(without_key_of=COUNTY)))
    await pen.send(note_frame(linked, case_id, seq=1, prev_hash=await _head(linked), author=COUNTY).frame)
    await eventually(
        lambda: linked.status(TOWN, VILLAGE),
        lambda each: each is not None and each.reason == "frame.key_unknown",
        "it waits",
    )
    await exchange.replace_site(linked.host(TOWN, linked.directory()))
    row = await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.in_number == 2, "taken in")
    assert row.state == "open"


async def test_a_stream_whose_head_nobody_signs_stops_the_link(linked: LinkedSites, case_id: UUID, pen: Pen) -> None:
    row = await linked.link(TOWN, VILLAGE)
    head, before = row.in_head, await _head(linked)
    messages: list[Outgoing] = []
    for index in range(256):
        entry = note_frame(linked, case_id, seq=2 + index, prev_hash=before)
        message = await pen.message(row.in_number + 1 + index, head, entry.frame)
        del message.headers[HEADER_HEAD_SIGNATURE]
        messages.append(message)
        head, before = bytes.fromhex(message.headers[HEADER_LINK_HASH]), entry.hash
    await pen.publish(messages)
    await _stopped(linked, "link.head_unsigned")


async def test_two_frames_for_one_place_in_a_case_stop_the_link_and_both_are_kept(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    head = await _head(linked)
    one = note_frame(linked, case_id, seq=2, prev_hash=head, text="one")
    other = note_frame(linked, case_id, seq=2, prev_hash=head, text="other")
    await pen.send(one.frame)
    await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.in_number == 2, "the first is taken in")
    await pen.send(other.frame)
    row = await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.state == "stopped", "the link stops")
    assert (row.reason, row.in_number) == ("case.equivocation", 2)
    kept = await linked.fetch(TOWN, "SELECT first_frame, second_frame FROM equivocation WHERE tenant = $1")
    assert [tuple(each) for each in kept] == [(encode_frame(one.frame), encode_frame(other.frame))]


async def test_two_frames_for_one_number_of_a_link_stop_it_and_the_same_one_again_is_dropped(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    row = await linked.link(TOWN, VILLAGE)
    head = await _head(linked)
    one, other = (note_frame(linked, case_id, seq=2, prev_hash=head).frame for _ in range(2))
    at = linked.sites[TOWN]
    name = link_name(linked.tenant, VILLAGE, "up")

    async def take(frame: Frame) -> str:
        message = await pen.message(2, row.in_head, frame)
        ack = "$JS.ACK.UP.c.1.2.1.0.0"
        delivered = Delivered(subject="", data=message.data, headers=message.headers, reply=ack)
        batch = inspect([delivered], at.hosted, PEER, name)
        assert not batch[0].fault
        return (await take_in(at.database, at.hosted, PEER, name, batch, apply=apply_batch, epoch=1)).stopped

    assert await take(one) == ""
    assert await take(one) == ""
    assert len(await linked.inbox(TOWN, VILLAGE)) == 2
    assert await take(other) == "link.equivocation"
    await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.state == "stopped", "the link stops")
    kept = await linked.fetch(TOWN, "SELECT first_frame, second_frame FROM equivocation WHERE tenant = $1")
    assert [tuple(each) for each in kept] == [(encode_frame(one), encode_frame(other))]


async def test_a_newer_schema_is_stored_receipted_and_deferred_and_other_cases_go_on(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    entry = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked))
    newer = resigned(linked.signers[VILLAGE], msgspec.structs.replace(entry.header, schema=2), entry.frame)
    await pen.send(newer)
    await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.in_number == 2, "stored")
    deferred = (await linked.inbox(TOWN, VILLAGE))[-1]
    assert (deferred.state, deferred.reason) == ("deferred", "event.schema_unknown")
    assert (await linked.link(TOWN, VILLAGE)).state == "open"


async def test_a_header_that_no_release_here_reads_is_deferred_on_the_peers_word(
    linked: LinkedSites, case_id: UUID, pen: Pen
) -> None:
    entry = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked))
    header = msgspec.msgpack.encode(msgspec.msgpack.decode(entry.frame.header) | {"v": 2, "seal": "sm3"})
    await pen.send(msgspec.structs.replace(entry.frame, header=header))
    await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.in_number == 2, "stored")
    deferred = (await linked.inbox(TOWN, VILLAGE))[-1]
    assert (deferred.state, deferred.reason) == ("deferred", "frame.header_unreadable")


async def test_a_frame_that_no_handler_survives_is_deferred_alone_and_told_to_its_sender(
    linked: LinkedSites,
) -> None:
    poisoned: list[UUID] = []

    async def fails_on_poison(
        tx: Transaction, site: HostedSite, peer: Peer, arrived: Sequence[Arrived]
    ) -> list[Applied]:
        if any(each.header.case_id in poisoned for each in arrived):
            raise ZeroDivisionError
        return await apply_batch(tx, site, peer, arrived)

    await linked.start(TOWN, apply=fails_on_poison)
    cases = await linked.register(3, notes=2)
    poisoned.append(cases[1])
    await linked.start(VILLAGE)
    await linked.arrived()
    states = [(each.state, each.reason) for each in await linked.inbox(TOWN, VILLAGE)]
    deferred = ("deferred", "handler.failed:ZeroDivisionError")
    assert states == [("applied", "")] * 3 + [deferred] * 3 + [("applied", "")] * 3
    row = await linked.link(VILLAGE, TOWN)
    assert row.receipt is not None
    receipt = msgspec.json.decode(msgspec.json.decode(row.receipt, type=Signed).body, type=Receipt)
    assert [each.number for each in receipt.exceptions] == [4, 5, 6]
