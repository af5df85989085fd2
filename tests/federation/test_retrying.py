"""What waits is tried again, one frame holds up no other, and a link that waited for too many goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.delivery import deliveries
from bancheng.federation.retrying import Retried, retry_deferred
from bancheng.schema.messages import MAX_EXCEPTIONS
from bancheng.store.alerts import open_alerts
from bancheng.store.deliveries import deliveries_of_case
from tests.federation.forged import note_frame, pen_of
from tests.federation.linked_sites import eventually
from tests.support.tiers import TOWN, VILLAGE

if TYPE_CHECKING:
    from bancheng.federation.site import HostedSite, Peer
    from bancheng.store.database import Transaction
    from tests.federation.linked_sites import LinkedSites


async def _defers(tx: Transaction, site: HostedSite, peer: Peer, arrived: Sequence[Arrived]) -> list[Applied]:
    """As a release would that knows none of these events yet."""
    assert tx.tenant == site.tenant
    assert peer.site == VILLAGE
    return [Applied(number=each.number, state="deferred", reason="event.schema_unknown") for each in arrived]


async def _waiting(linked: LinkedSites) -> int:
    ((count,),) = await linked.fetch(TOWN, "SELECT count(*) FROM inbox WHERE tenant = $1 AND state = 'deferred'")
    return count


async def test_a_link_that_stopped_for_too_many_waiting_frames_goes_on_after_a_retry(linked: LinkedSites) -> None:
    notes = 20
    cases = MAX_EXCEPTIONS // (notes + 1) + 1
    await linked.start(TOWN, apply=_defers)
    await linked.start(VILLAGE)
    await linked.register(1)
    await linked.arrived()
    await linked.register(cases, notes=notes)
    row = await eventually(lambda: linked.link(TOWN, VILLAGE), lambda row: row.state == "stopped", "it stops")
    assert row.reason == "link.too_many_exceptions"
    assert await _waiting(linked) > MAX_EXCEPTIONS
    await linked.stop(TOWN)
    at = linked.sites[TOWN]
    async with at.database.transaction(linked.tenant) as tx:
        assert [each.kind for each in await open_alerts(tx)] == [f"link_stopped:{VILLAGE}"]
    done = await retry_deferred(at.database, at.hosted)
    assert (done.settled, done.waiting, done.reopened) == (row.in_number, (), (VILLAGE,))
    async with at.database.transaction(linked.tenant) as tx:
        assert await open_alerts(tx) == []
    await linked.start(TOWN)
    await linked.register(2)
    await linked.arrived()
    assert (await linked.link(TOWN, VILLAGE)).in_epoch == 1
    assert {each.state for each in await linked.inbox(TOWN, VILLAGE)} == {"applied"}


async def test_the_sender_hears_that_what_waited_stands_though_nothing_follows(linked: LinkedSites) -> None:
    await linked.start(TOWN, apply=_defers)
    await linked.start(VILLAGE)
    (case_id,) = await linked.register(1)
    await linked.arrived()
    at = linked.sites[VILLAGE]

    async def states() -> set[str]:
        async with at.database.transaction(linked.tenant) as tx:
            told = deliveries(await deliveries_of_case(tx, case_id))
        return {each.state for entry in told.values() for each in entry}

    await eventually(states, lambda told: told == {"deferred"}, "it is told as waiting")
    town = linked.sites[TOWN]
    assert (await retry_deferred(town.database, town.hosted)).waiting == ()
    await eventually(states, lambda told: told == {"applied"}, "it is told as applied")


async def test_what_still_waits_is_told_with_its_reason_and_the_link_stays_stopped(linked: LinkedSites) -> None:
    await linked.start(TOWN, apply=_defers)
    await linked.start(VILLAGE)
    await linked.register(3)
    await linked.arrived()
    await linked.stop()
    lost = "UPDATE inbox SET frame = $2 WHERE tenant = $1 AND number = 2 RETURNING 1"
    assert await linked.fetch(TOWN, lost, b"\x93nothing")
    at = linked.sites[TOWN]
    done = await retry_deferred(at.database, at.hosted, VILLAGE)
    assert done.settled == 2
    assert [(each.peer, each.reason, each.frames) for each in done.waiting] == [(VILLAGE, "event.schema_unknown", 1)]
    nothing = Retried(settled=0, waiting=done.waiting, reopened=())
    assert await retry_deferred(at.database, at.hosted, "county") == nothing


async def test_a_header_that_this_release_reads_is_taken_in_with_its_signature_checked(linked: LinkedSites) -> None:
    """Two frames that came when no release here read their headers: one honest, one that nobody signed."""
    await linked.start(TOWN, apply=_defers)
    await linked.start(VILLAGE)
    await linked.register(2)
    await linked.arrived()
    await linked.stop()
    as_it_was = "UPDATE inbox SET case_id = NULL, reason = 'frame.header_unreadable' WHERE tenant = $1 RETURNING number"
    assert len(await linked.fetch(TOWN, as_it_was)) == 2
    (row,) = await linked.fetch(TOWN, "SELECT frame FROM inbox WHERE tenant = $1 AND number = 2")
    (sent,) = await linked.fetch(
        VILLAGE,
        "SELECT e.signature FROM case_event e JOIN outbox o ON o.tenant = e.tenant AND o.event_hash = e.event_hash "
        "WHERE e.tenant = $1 AND o.number = 2",
    )
    forged = row[0].replace(sent[0], bytes(64))
    assert forged != row[0]
    assert await linked.fetch(TOWN, "UPDATE inbox SET frame = $2 WHERE tenant = $1 AND number = 2 RETURNING 1", forged)
    at = linked.sites[TOWN]
    done = await retry_deferred(at.database, at.hosted)
    assert done.settled == 1
    assert [(each.reason, each.frames) for each in done.waiting] == [("frame.signature", 1)]
    states = await linked.fetch(TOWN, "SELECT state, case_id IS NULL FROM inbox WHERE tenant = $1 ORDER BY number")
    assert [tuple(each) for each in states] == [("applied", False), ("deferred", True)]


async def test_two_entries_for_one_place_found_in_a_retry_are_kept_and_mark_the_case(
    linked: LinkedSites,
) -> None:
    await linked.start()
    (case_id, other_case) = await linked.register(2)
    await linked.arrived()
    await linked.stop()
    (row,) = await linked.fetch(TOWN, "SELECT head_hash FROM cases WHERE tenant = $1 AND case_id = $2", case_id)
    await linked.start(TOWN, apply=_defers)
    async with pen_of(linked) as pen:
        await pen.send(note_frame(linked, case_id, seq=2, prev_hash=row[0], text="one").frame)
        await eventually(lambda: _waiting(linked), lambda count: count == 1, "the first waits")
        await pen.send(note_frame(linked, case_id, seq=2, prev_hash=row[0], text="other").frame)
        await eventually(lambda: _waiting(linked), lambda count: count == 2, "the second waits")
    await linked.stop(TOWN)
    await linked.note(other_case)
    at = linked.sites[TOWN]
    await retry_deferred(at.database, at.hosted)
    done = await retry_deferred(at.database, at.hosted)
    assert [(each.reason, each.frames) for each in done.waiting] == [("case.equivocation", 1)]
    assert len(await linked.fetch(TOWN, "SELECT 1 FROM equivocation WHERE tenant = $1")) == 1
    async with at.database.transaction(linked.tenant) as tx:
        assert [(each.case_id, each.kind) for each in await open_alerts(tx)] == [(case_id, "equivocation")]
    assert (await linked.link(TOWN, VILLAGE)).state == "open"
