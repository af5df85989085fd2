"""What a link promises: everything, once, in order, whoever stops and whatever is wiped meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from bancheng.federation.errors import Fenced
from bancheng.federation.jetstream import Outgoing, delete_stream, publish_batch, stream_state
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.mailbox import Kept, Mailbox
from bancheng.federation.relay import Relay
from bancheng.federation.worker import stop_all
from bancheng.schema.subjects import log_subject, stream_name
from bancheng.store.casebook import load_cases
from tests.federation.linked_sites import FAST, eventually
from tests.support.tiers import TOWN, TOWN_UNIT, VILLAGE

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from bancheng.federation.client import NatsClient
    from bancheng.kernel.case import Case
    from tests.federation.linked_sites import LinkedSites

UP = stream_name(VILLAGE, "up")


async def _connected(linked: LinkedSites, site: str) -> NatsClient:
    client = linked.client(site)
    client.start()
    assert await client.wait_connected(10)
    return client


async def _case(linked: LinkedSites, site: str, case_id: UUID) -> Case | None:
    async with linked.sites[site].database.transaction(linked.tenant) as tx:
        return (await load_cases(tx, [case_id])).get(case_id)


async def test_what_a_village_commits_arrives_at_the_town_once_and_in_order(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(5, notes=3)
    await linked.arrived()
    assert {each.state for each in await linked.inbox(TOWN, VILLAGE)} == {"applied"}


async def test_a_case_that_climbs_is_received_and_the_village_is_told(linked: LinkedSites) -> None:
    await linked.start()
    (case_id,) = await linked.register()
    await linked.hand_in(case_id)
    held = await eventually(
        lambda: _case(linked, VILLAGE, case_id), lambda case: case is not None and case.holder_site == TOWN, "received"
    )
    assert held is not None
    assert held.holder_unit == TOWN_UNIT
    await linked.arrived(VILLAGE, TOWN)
    await linked.arrived(TOWN, VILLAGE)


async def test_frames_committed_while_everything_is_down_arrive_afterwards(linked: LinkedSites) -> None:
    linked.nats.kill()
    await linked.start()
    await linked.register(3)
    status = await eventually(
        lambda: linked.status(VILLAGE, TOWN),
        lambda status: status is not None and status.reason == "nats.not_connected",
        "the page says that there is no connection",
    )
    assert status is not None
    assert status.oldest_unreceipted_at is not None
    linked.nats.start()
    await linked.arrived()
    status = await linked.status(VILLAGE, TOWN)
    assert status is not None
    assert (status.oldest_unreceipted_at, status.receipted_number) == (None, 3)


async def test_a_server_that_hangs_is_waited_for(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(3)
    await linked.arrived()
    process_id = linked.nats.process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGSTOP)
    try:
        await linked.register(3)
        await eventually(
            lambda: linked.status(VILLAGE, TOWN),
            lambda status: status is not None and status.reason == "nats.no_answer",
            "the page says that nobody answers",
        )
    finally:
        os.kill(process_id, signal.SIGCONT)
    await linked.arrived()


async def test_stopping_and_starting_either_side_neither_loses_nor_repeats(linked: LinkedSites) -> None:
    await linked.start()
    for _ in range(4):
        await linked.register(10)
        await linked.stop(VILLAGE)
        await linked.register(10)
        await linked.stop(TOWN)
        await linked.start(VILLAGE)
        await linked.register(10)
        await linked.start(TOWN)
    await linked.arrived()
    assert len(await linked.inbox(TOWN, VILLAGE)) == 120


async def test_a_second_relay_on_the_same_link_is_fenced_and_changes_nothing(linked: LinkedSites) -> None:
    await linked.start()
    at = linked.sites[VILLAGE]
    (peer,) = [each for each in at.hosted.peers() if each.site == TOWN]
    client = await _connected(linked, VILLAGE)
    parts = LinkParts(database=at.database, hosted=lambda: at.hosted, peer=peer, client=client, timing=FAST)
    zombie = Relay(parts, on_trouble=lambda: None).worker
    zombie.start()
    try:
        for _ in range(20):
            await linked.register(3)
            zombie.wake()
        await linked.arrived()
    finally:
        await stop_all([zombie])
    with pytest.raises(Fenced):
        await publish_batch(
            client,
            log_subject(linked.tenant, VILLAGE, "up"),
            [Outgoing(data=b"late", headers={})] * 2,
            expected_last=7,
        )
    await linked.arrived()
    await client.stop()


async def test_a_wiped_nats_store_loses_nothing(linked: LinkedSites) -> None:
    await linked.start()
    cases = await linked.register(10)
    await linked.arrived()
    for case_id in cases[:3]:
        await linked.hand_in(case_id)
    linked.nats.kill()
    linked.nats.wipe_store()
    await linked.register(10)
    linked.nats.start()
    await linked.arrived(VILLAGE, TOWN)
    await linked.arrived(TOWN, VILLAGE)


async def test_a_deleted_stream_is_made_again_by_the_parent_from_where_the_receiver_stands(
    linked: LinkedSites,
) -> None:
    await linked.start()
    await linked.register(5)
    await linked.arrived()
    client = await _connected(linked, TOWN)
    await delete_stream(client, UP)
    await delete_stream(client, stream_name(VILLAGE, "dn"))
    await linked.register(5)
    await linked.arrived()
    assert (await stream_state(client, UP)).first_number >= 6
    await client.stop()


async def test_a_server_that_comes_back_from_an_older_state_is_brought_forward(
    linked: LinkedSites, tmp_path: Path
) -> None:
    await linked.start()
    await linked.register(4)
    await linked.arrived()
    linked.nats.stop()
    shutil.copytree(linked.nats.store_path, tmp_path / "older")
    linked.nats.start()
    await linked.register(20)
    await linked.arrived()
    linked.nats.kill()
    linked.nats.wipe_store()
    shutil.copytree(tmp_path / "older", linked.nats.store_path)
    linked.nats.start()
    await linked.register(4)
    await linked.arrived()
    assert len(await linked.inbox(TOWN, VILLAGE)) == 28


async def test_a_stream_that_begins_beyond_the_receivers_position_is_filled_again(linked: LinkedSites) -> None:
    await linked.start(VILLAGE)
    await linked.register(10)
    client = await _connected(linked, TOWN)
    mailbox = Mailbox(client, linked.tenant, VILLAGE)
    await mailbox.care({"up": None, "dn": None}, Kept(up=6, dn=0))
    await eventually(
        lambda: linked.status(VILLAGE, TOWN), lambda each: each is not None and each.out_number == 10, "numbered"
    )
    await eventually(lambda: stream_state(client, UP), lambda state: state.last_number == 10, "only 7 to 10 are there")
    await linked.start(TOWN)
    await linked.arrived()
    await client.stop()


async def test_a_full_mailbox_holds_the_sender_back_until_the_receiver_takes_in(linked: LinkedSites) -> None:
    client = await _connected(linked, TOWN)
    await Mailbox(client, linked.tenant, VILLAGE, max_bytes=64 * 1024).care({"up": None, "dn": None}, Kept(up=0, dn=0))
    await linked.start(VILLAGE)
    await linked.register(60, notes=1)
    await eventually(
        lambda: linked.status(VILLAGE, TOWN), lambda each: each is not None and each.reason == "stream.full", "full"
    )
    await linked.start(TOWN)
    await linked.arrived()
    await client.stop()


async def test_a_receipted_mailbox_is_emptied_but_keeps_its_numbers(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(12)
    await linked.arrived()
    client = await _connected(linked, TOWN)
    state = await eventually(lambda: stream_state(client, UP), lambda state: state.messages == 0, "purged")
    assert (state.first_number, state.last_number) == (13, 12)
    await client.stop()


async def test_only_one_replica_runs_the_links_and_another_takes_over(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(3)
    await linked.arrived()
    first = linked.sites[TOWN].exchange
    first_locks = linked.sites[TOWN].locks
    assert first is not None
    assert first_locks is not None
    await linked.start(TOWN)
    second = linked.sites[TOWN].exchange
    assert second is not None
    await linked.register(3)
    await linked.arrived()
    assert (first.is_running_links, second.is_running_links) == (True, False)
    await first.stop()
    await first_locks.stop()
    await linked.register(3)
    await linked.arrived()
    assert second.is_running_links


async def test_losing_the_lock_session_stops_the_links_until_it_is_back(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(3)
    await linked.arrived()
    exchange = linked.sites[VILLAGE].exchange
    assert exchange is not None

    async def gone() -> bool:
        # A session of another test's database cannot be ended by this role, and this one is the village's only.
        await linked.fetch(
            VILLAGE,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'links' AND datname = current_database() AND $1::text IS NOT NULL",
        )
        return not exchange.is_running_links

    await eventually(gone, lambda stopped: stopped, "the links stop")
    await linked.register(3)
    await linked.arrived()
