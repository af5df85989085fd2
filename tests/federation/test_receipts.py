"""Receipts: what is believed, what is kept, and that they never go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from operator import lt
from typing import TYPE_CHECKING

import msgspec
import pytest
import pytest_asyncio

from bancheng.schema.messages import Hello, Receipt, Refusal, Signed, link_name
from bancheng.schema.subjects import control_subject
from bancheng.store.links import stop_link
from bancheng.store.signing import sign_message, verify_message
from tests.federation.linked_sites import FAST, eventually
from tests.support.tiers import COUNTY, TOWN, VILLAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bancheng.federation.client import NatsClient
    from tests.federation.linked_sites import LinkedSites


@pytest_asyncio.fixture
async def town(linked: LinkedSites) -> AsyncIterator[NatsClient]:
    """The town's connection in the test's hands; the village runs, and ten frames were receipted by the town's site."""
    await linked.start()
    await linked.register(10)
    await linked.arrived()
    await linked.stop(TOWN)
    client = linked.client(TOWN)
    client.start()
    assert await client.wait_connected(10)
    yield client
    await client.stop()


async def _receipt(linked: LinkedSites, stored_up_to: int, wishes: dict[str, object] | None = None) -> Receipt:
    sent = await linked.outbox(VILLAGE, TOWN)
    head = sent[stored_up_to - 1][1] if 0 < stored_up_to <= len(sent) else b"\0" * 32
    honest = Receipt(
        link=link_name(linked.tenant, VILLAGE, "up"),
        receiver=TOWN,
        epoch=1,
        stored_up_to=stored_up_to,
        head_hash=head or b"",
        at=datetime.now(UTC),
    )
    return msgspec.structs.replace(honest, **(wishes or {}))


async def _send(linked: LinkedSites, town: NatsClient, receipt: Receipt, signer: str = TOWN) -> str:
    signed = sign_message(linked.signers[signer], msgspec.json.encode(receipt))
    subject = control_subject(linked.tenant, VILLAGE, "dn", "receipt")
    answer = await town.request(subject, msgspec.json.encode(signed))
    return msgspec.json.decode(answer, type=Refusal).code if answer else ""


async def test_a_receipt_never_goes_back(linked: LinkedSites, town: NatsClient) -> None:
    assert await _send(linked, town, await _receipt(linked, 4)) == ""
    row = await linked.link(VILLAGE, TOWN)
    assert row.receipted_number == 10
    assert row.receipt is not None
    body = verify_message(linked.sites[VILLAGE].hosted.keyring, msgspec.json.decode(row.receipt, type=Signed))
    assert msgspec.json.decode(body, type=Receipt).stored_up_to == 10


async def test_receipts_are_kept_as_evidence(linked: LinkedSites, town: NatsClient) -> None:
    assert town.connected
    rows = await linked.fetch(
        VILLAGE, "SELECT stored_up_to, signed FROM receipt WHERE tenant = $1 AND direction = 'up' ORDER BY stored_up_to"
    )
    assert rows[-1][0] == 10
    for stored_up_to, signed in rows:
        body = verify_message(linked.sites[VILLAGE].hosted.keyring, msgspec.json.decode(signed, type=Signed))
        assert msgspec.json.decode(body, type=Receipt).stored_up_to == stored_up_to


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ({"epoch": 2}, "receipt.epoch"),
        ({"stored_up_to": 11}, "receipt.ahead"),
        ({"receiver": COUNTY}, "receipt.receiver"),
        ({"link": "t-other/village/up"}, "receipt.link"),
    ],
)
async def test_a_receipt_that_does_not_fit_is_refused_and_shown(
    linked: LinkedSites, town: NatsClient, wishes: dict[str, object], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    for _ in range(3):
        assert await _send(linked, town, await _receipt(linked, 10, wishes)) == code
    assert [each.message for each in caplog.records].count("receipt refused") == 1
    assert (await linked.link(VILLAGE, TOWN)).receipted_number == 10
    status = await linked.status(VILLAGE, TOWN)
    assert status is not None
    assert status.reason == code


async def test_a_receipt_that_another_site_signed_is_refused(linked: LinkedSites, town: NatsClient) -> None:
    assert await _send(linked, town, await _receipt(linked, 10), signer=COUNTY) == "receipt.receiver"


async def test_a_receipt_for_another_head_stops_the_link_and_is_kept(linked: LinkedSites, town: NatsClient) -> None:
    await linked.register(1)
    await eventually(lambda: linked.link(VILLAGE, TOWN), lambda row: row.out_next_number == 12, "numbered")
    assert await _send(linked, town, await _receipt(linked, 11, {"head_hash": b"\7" * 32})) == "receipt.head_differs"
    row = await linked.link(VILLAGE, TOWN)
    assert (row.state, row.reason, row.receipted_number) == ("stopped", "receipt.head_differs", 10)
    kept = await linked.fetch(VILLAGE, "SELECT head_hash FROM receipt WHERE tenant = $1 AND stored_up_to = 11")
    assert [each[0] for each in kept] == [b"\7" * 32]


async def test_a_stopped_link_still_answers_hello(linked: LinkedSites) -> None:
    await linked.start()
    await linked.register(3)
    await linked.arrived()
    async with linked.sites[TOWN].database.transaction(linked.tenant) as tx:
        await stop_link(tx, VILLAGE, "link.resolve_pending")
    await linked.stop(VILLAGE)
    client = linked.client(VILLAGE)
    client.start()
    assert await client.wait_connected(10)
    hello = msgspec.json.encode(Hello(site=VILLAGE))
    answer = await client.request(control_subject(linked.tenant, VILLAGE, "up", "hello"), hello)
    signed = msgspec.json.decode(answer, type=Hello).up_receipt
    assert signed is not None
    body = verify_message(linked.sites[VILLAGE].hosted.keyring, signed)
    assert msgspec.json.decode(body, type=Receipt).stored_up_to == 3
    await client.stop()


async def test_a_receipt_that_was_lost_is_learnt_in_the_next_hello(linked: LinkedSites, town: NatsClient) -> None:
    assert town.connected
    await linked.stop(VILLAGE)
    await linked.register(2)
    owner = "UPDATE link SET receipted_number = 0, receipt = NULL WHERE tenant = $1 RETURNING 1"
    assert await linked.fetch(VILLAGE, owner)
    await linked.start()
    await linked.arrived()


async def test_the_ends_of_an_idle_link_go_on_hearing_each_other_until_one_is_gone(linked: LinkedSites) -> None:
    await linked.start(timing=msgspec.structs.replace(FAST, greet=0.1))
    for site, peer in ((VILLAGE, TOWN), (TOWN, VILLAGE)):
        first = await eventually(partial(_heard_at, linked, site, peer), bool, "heard")
        later = partial(lt, first)
        await eventually(partial(_heard_at, linked, site, peer), later, "heard again, with nothing to send")
        assert (await linked.link(site, peer)).out_next_number == 1
    await eventually(partial(_reason, linked), lambda reason: reason == "", "nothing in the way")
    await linked.stop(TOWN)
    await eventually(partial(_reason, linked), lambda reason: reason == "nats.nobody_listens", "the page says so")
    status = await linked.status(VILLAGE, TOWN)
    assert status is not None
    assert (status.state, status.oldest_unreceipted_at) == ("waiting", None)


async def _reason(linked: LinkedSites) -> str:
    status = await linked.status(VILLAGE, TOWN)
    assert status is not None
    return status.reason if status.state != "open" else ""


async def _heard_at(linked: LinkedSites, site: str, peer: str) -> float:
    """As a Unix instant; 0 before the first time."""
    status = await linked.status(site, peer)
    return 0.0 if status is None or status.heard_at is None else status.heard_at.timestamp()


async def test_whatever_the_peer_signed_was_heard_and_is_written_once_a_minute(
    linked: LinkedSites, town: NatsClient
) -> None:
    village = linked.sites[VILLAGE].hosted
    begun_at = village.wall_now() + timedelta(hours=1)

    async def heard_after(seconds: float, wishes: dict[str, object], signer: str = TOWN) -> float:
        village.wall_now = lambda: begun_at + timedelta(seconds=seconds)
        await _send(linked, town, await _receipt(linked, 10, wishes), signer)
        heard_at = (await linked.link(VILLAGE, TOWN)).heard_at
        assert heard_at is not None
        return (heard_at - begun_at).total_seconds()

    assert await heard_after(0, {}) == 0
    assert await heard_after(59, {}) == 0
    assert await heard_after(60, {}) == 60
    assert await heard_after(120, {}, signer=COUNTY) == 60
    assert await heard_after(120, {"link": "t-other/village/up"}) == 60
    # It lives, whatever is wrong with what it says.
    assert await heard_after(120, {"epoch": 2}) == 120
    # This host's clock was set back: what is in the future counts for nothing.
    assert await heard_after(60, {}) == 60
