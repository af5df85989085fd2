"""A link that was stopped goes on: a new epoch from the agreed head, nothing lost, nothing twice, no trust given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from bancheng.federation.resolution import ResolutionRefused, ask_resolution
from bancheng.runtime.link_board import link_board
from bancheng.schema.messages import Resolution, Signed
from bancheng.store.alerts import alerts_of_case
from bancheng.store.errors import LinkUnknown
from tests.federation.forged import note_frame, pen_of
from tests.federation.linked_sites import eventually
from tests.federation.stopped_links import (
    alerts,
    audited,
    is_now,
    link_of,
    one_case,
    resolutions,
    resolve,
    stop,
    stops,
    whole,
)
from tests.support.tiers import START, TOWN, VILLAGE

if TYPE_CHECKING:
    from uuid import UUID

    from bancheng.federation.jetstream import Outgoing
    from tests.federation.linked_sites import LinkedSites


async def _head(linked: LinkedSites, site: str = TOWN) -> bytes:
    (row,) = await linked.fetch(site, "SELECT head_hash FROM cases WHERE tenant = $1")
    return row[0]


def _with_bad_signature(message: Outgoing, frame_signature: bytes) -> Outgoing:
    bad = frame_signature[:5] + bytes([frame_signature[5] ^ 1]) + frame_signature[6:]
    return msgspec.structs.replace(message, data=message.data.replace(frame_signature, bad))


async def _bad_signature(linked: LinkedSites, case_id: UUID) -> None:
    async with pen_of(linked) as pen:
        frame = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked)).frame
        await pen.publish([_with_bad_signature(await pen.next_message(frame), frame.signature)])
        await eventually(lambda: link_of(linked, TOWN), lambda row: row.state == "stopped", "the link stops")


async def test_after_a_bad_signature_the_link_goes_on_from_the_agreed_head(linked: LinkedSites) -> None:
    case_id = await one_case(linked)
    await _bad_signature(linked, case_id)
    assert await alerts(linked, TOWN) == [f"link_stopped:{VILLAGE}"]
    await linked.note(case_id)
    await linked.start(VILLAGE)
    assert (await resolve(linked)).epoch == 2
    row = await is_now(linked, TOWN, "open", 2)
    assert row.reason == ""
    await is_now(linked, VILLAGE, "open", 2)
    await linked.hand_in(case_id)
    await whole(linked)
    assert {each.state for each in await linked.inbox(TOWN, VILLAGE)} == {"applied"}
    assert await alerts(linked, TOWN) == []
    sent = await linked.fetch(VILLAGE, "SELECT number, epoch FROM outbox WHERE tenant = $1 ORDER BY id")
    assert [tuple(each) for each in sent] == [(1, 1), (2, 2), (3, 2)]


async def test_the_evidence_says_what_was_refused_by_whom_it_was_resolved_and_why(linked: LinkedSites) -> None:
    case_id = await one_case(linked)
    before = await link_of(linked, TOWN)
    await _bad_signature(linked, case_id)
    await linked.start(VILLAGE)
    await resolve(linked, reason="村里换了主板")
    await is_now(linked, TOWN, "open", 2)
    await is_now(linked, VILLAGE, "open", 2)
    (refused,) = await stops(linked, TOWN)
    assert (refused.code, refused.epoch, refused.number, refused.known_hash) == (
        "frame.signature",
        1,
        2,
        before.in_head,
    )
    assert refused.refused_hash not in {None, before.in_head}
    assert refused.frame
    (mine,), (theirs,) = await resolutions(linked, TOWN), await resolutions(linked, VILLAGE)
    assert (mine.code, mine.reason, mine.asked_by) == ("frame.signature", "村里换了主板", "operator:test")
    assert (theirs.code, theirs.reason, theirs.asked_by) == ("", "", TOWN)
    assert (mine.in_number, mine.out_number) == (theirs.out_number, theirs.in_number) == (1, 0)
    assert mine.opened_at is not None
    for record, signer in ((mine.ours, TOWN), (mine.theirs, VILLAGE), (theirs.ours, VILLAGE), (theirs.theirs, TOWN)):
        assert record is not None
        signed = msgspec.json.decode(record, type=Signed)
        said = msgspec.json.decode(signed.body, type=Resolution)
        assert (signed.signer, said.site, said.epoch) == (signer, signer, 2)
    said = await audited(linked, TOWN)
    assert [staff for staff, _ in said] == ["operator:test", "system"]
    assert "frame.signature" in said[0][1]
    assert "村里换了主板" in said[0][1]


async def test_a_chain_that_was_broken_is_chained_anew(linked: LinkedSites) -> None:
    case_id = await one_case(linked)
    async with pen_of(linked) as pen:
        frame = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked)).frame
        await pen.publish([await pen.message(2, b"\1" * 32, frame)])
        await eventually(lambda: link_of(linked, TOWN), lambda row: row.state == "stopped", "the link stops")
    await linked.register(3)
    await linked.start(VILLAGE)
    await resolve(linked)
    await whole(linked)
    (refused,) = await stops(linked, TOWN)
    assert refused.code == "link.chain"


async def test_the_same_bad_frame_again_stops_the_link_again(linked: LinkedSites) -> None:
    case_id = await one_case(linked)
    await _bad_signature(linked, case_id)
    # Now the village's own database holds the bad frame, so that its relay sends it.
    await linked.note(case_id)
    spoilt = "UPDATE outbox SET event_hash = $2 WHERE tenant = $1 AND seq = 2 RETURNING 1"
    frame = note_frame(linked, case_id, seq=2, prev_hash=await _head(linked))
    keep = (
        "INSERT INTO loose_frame (tenant, event_hash, header, signature, salt, payload, type, occurred_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, 'NoteAdded', $7) RETURNING 1"
    )
    parts = (frame.hash, frame.frame.header, bytes(64), frame.frame.salt, frame.frame.payload, START)
    assert await linked.fetch(VILLAGE, keep, *parts)
    assert await linked.fetch(VILLAGE, spoilt, frame.hash)
    loose = "UPDATE outbox SET term = NULL, author = NULL, seq = NULL WHERE tenant = $1 AND seq = 2 RETURNING 1"
    assert await linked.fetch(VILLAGE, loose)
    await linked.start(VILLAGE)
    for epoch in (2, 3):
        await resolve(linked)
        row = await is_now(linked, TOWN, "stopped", epoch)
        assert (row.reason, row.in_number) == ("frame.signature", 1)
    assert [each.epoch for each in await stops(linked, TOWN)] == [3, 2, 1]
    assert await alerts(linked, TOWN) == [f"link_stopped:{VILLAGE}"]


async def test_two_entries_for_one_place_are_not_applied_and_only_their_case_waits(linked: LinkedSites) -> None:
    """Somebody with the village's key wrote to the town what the village itself does not have."""
    case_id = await one_case(linked)
    async with pen_of(linked) as pen:
        await pen.send(note_frame(linked, case_id, seq=2, prev_hash=await _head(linked), text="other").frame)
        await eventually(lambda: link_of(linked, TOWN), lambda row: row.in_number == 2, "the town has it")
    other = await _head(linked)
    await linked.note(case_id)
    await linked.note(case_id)
    await linked.register()
    await linked.start(VILLAGE)
    # The town sees a chain that does not follow what it has; the village a receipt for what it never sent.
    await eventually(lambda: link_of(linked, VILLAGE), lambda row: row.state == "stopped", "the village stops")
    await eventually(lambda: link_of(linked, TOWN), lambda row: row.state == "stopped", "the town stops")
    assert (await link_of(linked, VILLAGE)).reason == "receipt.head_differs"
    await resolve(linked, TOWN)
    status = await eventually(
        lambda: linked.status(TOWN, VILLAGE),
        lambda each: each is not None and each.reason == "link.stopped_here",
        "the village's own operator must agree",
    )
    assert status is not None
    assert status.state == "waiting"
    await resolve(linked, VILLAGE)
    row = await is_now(linked, TOWN, "stopped", 2)
    assert (row.reason, row.in_number) == ("case.equivocation", 1)
    assert (await stops(linked, TOWN))[0].known_hash == other
    async with linked.sites[TOWN].database.transaction(linked.tenant) as tx:
        assert [each.kind for each in await alerts_of_case(tx, case_id)] == ["equivocation"]
    await resolve(linked, TOWN)
    await is_now(linked, VILLAGE, "open", 3)
    row = await eventually(lambda: link_of(linked, TOWN), lambda row: row.in_number == 4, "everything was stored")
    assert row.state == "open"
    stored = await linked.fetch(
        TOWN, "SELECT epoch, number, state, reason FROM inbox WHERE tenant = $1 ORDER BY epoch, number"
    )
    assert [tuple(each) for each in stored] == [
        (1, 1, "applied", ""),
        (1, 2, "applied", ""),  # what it had keeps its place
        (3, 2, "deferred", "case.equivocation"),
        (3, 3, "deferred", "history.base_unknown"),
        (3, 4, "applied", ""),  # another case goes on
    ]
    ((head,),) = await linked.fetch(TOWN, "SELECT head_hash FROM cases WHERE tenant = $1 AND case_id = $2", case_id)
    assert head == other


async def test_an_end_that_is_down_is_waited_for(linked: LinkedSites) -> None:
    case_id = await one_case(linked)
    await _bad_signature(linked, case_id)
    await resolve(linked)
    status = await eventually(
        lambda: linked.status(TOWN, VILLAGE),
        lambda each: each is not None and each.reason == "link.resolving" and each.detail != "",
        "the page says that it waits for the other end",
    )
    assert status is not None
    (elsewhere,) = [
        each for each in await link_board(linked.sites[TOWN].database, linked.tenant) if each.peer == VILLAGE
    ]
    assert (status.state, elsewhere.state, elsewhere.reason) == ("waiting", "waiting", "link.resolving")
    assert (await link_of(linked, TOWN)).in_epoch == 1
    await linked.register(2)
    await linked.start(VILLAGE)
    await is_now(linked, TOWN, "open", 2)
    await whole(linked)


async def test_it_may_be_asked_for_twice_and_at_both_ends(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(3)
    await whole(linked)
    await linked.stop()
    await stop(linked, TOWN)
    await stop(linked, VILLAGE, "receipt.head_differs")
    first = await resolve(linked, TOWN, reason="first")
    assert await resolve(linked, TOWN, reason="second") == first
    await resolve(linked, VILLAGE)
    await linked.register(3)
    await linked.start()
    await is_now(linked, TOWN, "open", 2)
    await is_now(linked, VILLAGE, "open", 2)
    await whole(linked)
    with pytest.raises(ResolutionRefused) as refused:
        await resolve(linked, TOWN)
    assert refused.value.code == "link.not_stopped"


async def test_only_a_link_that_is_stopped_here_is_resolved_here(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(1)
    await linked.arrived()
    at = linked.sites[TOWN]
    async with at.database.transaction(linked.tenant) as tx:
        with pytest.raises(LinkUnknown):
            await ask_resolution(tx, at.hosted, "nowhere", reason="x", asked_by="operator:test")
    await stop(linked, TOWN, "link.too_many_exceptions")
    with pytest.raises(ResolutionRefused) as refused:
        await resolve(linked, TOWN)
    assert refused.value.code == "link.retry_first"


async def test_the_sender_is_told_that_the_other_end_has_stopped(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(1)
    await linked.arrived()
    await stop(linked, TOWN)
    status = await eventually(
        lambda: linked.status(VILLAGE, TOWN),
        lambda each: each is not None and each.reason == "link.stopped_there",
        "the village's page says so",
    )
    assert status is not None
    assert status.state == "waiting"
    await resolve(linked, TOWN)
    await eventually(
        lambda: linked.status(VILLAGE, TOWN),
        lambda each: each is not None and (each.state, each.reason) == ("open", ""),
        "and that it goes on",
    )
