"""Two ends agree on an epoch whatever happens between their steps: kills, restored databases, false statements."""

from __future__ import annotations

import asyncio
import random
import secrets
from typing import TYPE_CHECKING

import msgspec
import pytest

from bancheng.federation.errors import NotConnected
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.resolution import Resolving
from bancheng.federation.signed_receipts import make_receipt
from bancheng.schema.messages import Hello, Refusal, Resolution, whole_link_name
from bancheng.schema.subjects import control_subject
from bancheng.store.alerts import NO_CASE, alerts_of_case
from bancheng.store.link_resolution import (
    LinkStop,
    keep_stop,
    points_of,
    stops_of,
)
from bancheng.store.links import get_link
from bancheng.store.signing import sign_message
from tests.federation.linked_sites import FAST, eventually
from tests.federation.stopped_links import (
    PEER_OF,
    is_now,
    link_of,
    resolve,
    stop,
    whole,
)
from tests.support.tiers import COUNTY, START, TOWN, VILLAGE

if TYPE_CHECKING:
    from bancheng.federation.client import NatsClient
    from tests.federation.linked_sites import LinkedSites


async def _ends(linked: LinkedSites, site: str, client: NatsClient) -> Resolving:
    """That end's half of the exchange alone, in the test's hands."""
    at = linked.sites[site]
    peer = at.hosted.peer(PEER_OF[site])
    assert peer is not None
    parts = LinkParts(database=at.database, hosted=lambda: at.hosted, peer=peer, client=client, timing=FAST)
    return Resolving(parts, on_opened=lambda: None)


@pytest.mark.parametrize("asking", [TOWN, VILLAGE])
async def test_an_end_killed_before_it_opened_what_the_other_opened_follows(linked: LinkedSites, asking: str) -> None:
    """The asking end hears the answer and opens the epoch; then the other one dies before it is told."""
    other = PEER_OF[asking]
    await linked.start()
    await linked.register(4)
    await whole(linked)
    await linked.stop()
    await stop(linked, asking)
    await linked.register(2)
    client = linked.client(other)
    client.start()
    assert await client.wait_connected(10)
    end = await _ends(linked, other, client)
    heard: list[bytes] = []
    direction = "dn" if asking == TOWN else "up"
    subject = control_subject(linked.tenant, VILLAGE, direction, "resolve")

    async def answer_once(data: bytes) -> bytes:
        heard.append(data)
        if len(heard) > 1:
            raise NotConnected  # it is dead by now: nobody answers
        return await end.answer(data)

    async def greet(_: bytes) -> bytes:
        return msgspec.json.encode(Hello(site=other))

    await client.serve(control_subject(linked.tenant, VILLAGE, direction, "hello"), greet)
    await client.serve(subject, answer_once)
    await resolve(linked, asking)
    await linked.start(asking)
    await is_now(linked, asking, "open", 2)
    await client.stop()
    assert heard
    assert (await link_of(linked, other)).state == "resolving"
    await linked.register(2)
    await linked.start(other)
    await is_now(linked, other, "open", 2)
    await whole(linked)


async def test_ends_that_are_stopped_and_started_at_random_meanwhile_agree(linked: LinkedSites) -> None:
    seed = secrets.randbits(32)
    chance = random.Random(seed)
    await linked.start()
    await linked.register(5)
    await whole(linked)
    for round_ in range(6):
        await stop(linked, chance.choice((TOWN, VILLAGE)))
        for site in (TOWN, VILLAGE):
            if (await link_of(linked, site)).state == "stopped":
                await resolve(linked, site)
        await linked.register(3)
        for _ in range(4):
            site = chance.choice((TOWN, VILLAGE))
            await linked.stop(site)
            await asyncio.sleep(chance.random() * 0.1)
            await linked.start(site)
            await asyncio.sleep(chance.random() * 0.2)
        for site in (TOWN, VILLAGE):
            row = await eventually(
                lambda site=site: link_of(linked, site), lambda row: row.state == "open", f"seed {seed}, round {round_}"
            )
            assert row.out_epoch == row.in_epoch
        await whole(linked)
    assert (await link_of(linked, TOWN)).in_epoch == (await link_of(linked, VILLAGE)).out_epoch


async def test_an_end_that_is_behind_in_epochs_takes_the_further_one(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(2)
    await whole(linked)
    await linked.stop()
    ahead = "UPDATE link SET out_epoch = 5, in_epoch = 5 WHERE tenant = $1 RETURNING 1"
    assert await linked.fetch(VILLAGE, ahead)
    await stop(linked, TOWN)
    await resolve(linked, TOWN)
    await linked.register(2)
    await linked.start()
    await is_now(linked, TOWN, "open", 6)
    await is_now(linked, VILLAGE, "open", 6)
    await whole(linked)


async def test_where_the_logs_differ_the_last_common_place_is_taken(linked: LinkedSites) -> None:
    """The town lost its latest rows with a restored database; it signs for less than it signed for before."""
    await linked.start()
    await linked.register(9)
    await whole(linked)
    at_four = "SELECT link_hash FROM inbox WHERE tenant = $1 AND number = 4"
    ((head,),) = await linked.fetch(TOWN, at_four)
    await linked.stop()
    back = "UPDATE link SET in_number = 4, in_head = $2 WHERE tenant = $1 RETURNING 1"
    assert await linked.fetch(TOWN, back, head)
    await stop(linked, TOWN)
    await resolve(linked, TOWN)
    await linked.start()
    row = await eventually(lambda: link_of(linked, TOWN), lambda row: row.in_number == 9, "sent again")
    assert (row.state, row.in_epoch) == ("open", 2)
    sent = await linked.fetch(VILLAGE, "SELECT number, epoch FROM outbox WHERE tenant = $1 ORDER BY id")
    assert [tuple(each) for each in sent] == [(n, 1 if n <= 4 else 2) for n in range(1, 10)]
    again = await linked.fetch(TOWN, "SELECT state FROM inbox WHERE tenant = $1 AND epoch = 2 ORDER BY number")
    assert [each[0] for each in again] == ["duplicate"] * 5


async def test_points_go_back_to_the_beginning_ever_further_apart(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(20)
    await linked.arrived()
    async with linked.sites[TOWN].database.transaction(linked.tenant) as tx:
        row = await get_link(tx, VILLAGE)
        assert row is not None
        points = await points_of(tx, row)
    assert [each.number for each in points] == [20, 19, 18, 16, 12, 4, 0]
    sent = await linked.outbox(VILLAGE, TOWN)
    assert [each.head_hash for each in points[:-1]] == [sent[each.number - 1][1] for each in points[:-1]]


@pytest.mark.parametrize(
    ("wishes", "signer", "code"),
    [
        ({"site": COUNTY}, TOWN, "resolution.another_link"),
        ({"link": "t-other/village"}, TOWN, "resolution.another_link"),
        ({"points": ()}, TOWN, "resolution.unreadable"),
        ({}, COUNTY, "resolution.another_link"),
    ],
)
async def test_a_statement_that_does_not_fit_opens_nothing(
    linked: LinkedSites, wishes: dict[str, object], signer: str, code: str
) -> None:
    await linked.start()
    await linked.register(3)
    await linked.arrived()
    await linked.stop(TOWN)
    at = linked.sites[TOWN]
    peer = at.hosted.peer(VILLAGE)
    assert peer is not None
    async with at.database.transaction(linked.tenant) as tx:
        row = await get_link(tx, VILLAGE)
        assert row is not None
        honest = Resolution(
            link=whole_link_name(linked.tenant, VILLAGE), site=TOWN, epoch=2,
            receipt=await make_receipt(tx, at.hosted, peer, row), points=tuple(await points_of(tx, row)), at=START,
        )  # fmt: skip
    said = msgspec.json.encode(msgspec.structs.replace(honest, **wishes))
    client = linked.client(TOWN)
    client.start()
    assert await client.wait_connected(10)
    subject = control_subject(linked.tenant, VILLAGE, "dn", "resolve")
    answer = await client.request(subject, msgspec.json.encode(sign_message(linked.signers[signer], said)))
    assert msgspec.json.decode(answer, type=Refusal).code == code
    answer = await client.request(subject, b"{}")
    assert msgspec.json.decode(answer, type=Refusal).code == "resolution.unreadable"
    await client.stop()
    row = await link_of(linked, VILLAGE)
    assert (row.state, row.out_epoch) == ("open", 1)


async def test_evidence_of_a_stop_is_kept_for_good(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(1)
    kept = LinkStop(epoch=1, number=7, code="link.chain", stopped_at=START, known_hash=b"a", refused_hash=b"b")
    async with linked.sites[TOWN].database.transaction(linked.tenant) as tx:
        await keep_stop(tx, VILLAGE, kept)
        assert await stops_of(tx, VILLAGE) == [kept]
        assert [each.kind for each in await alerts_of_case(tx, NO_CASE)] == []
