"""What a site may and may not do on its parent's nats-server, tried against the real server."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig
from nats.js.errors import APIError, NotFoundError

from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.nats_config import SiteUser, TenantAccount, generate_nkey
from bancheng.schema.subjects import Direction, control_subject, log_subject, stream_name
from tests.federation.nats_household import OTHER_TENANT, STREAM_BYTES, TENANT, Household, Sites

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from nats.aio.msg import Msg

# nats-py's own types are partial; every value read here is compared with what was sent.
# pyright: reportUnknownMemberType=false


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    household = Household(server=NatsServer(directory=tmp_path))
    household.add_three_tiers(TENANT)
    household.server = NatsServer(directory=tmp_path, configuration=household.configuration)
    with household.server:
        yield household


@pytest.fixture
async def sites(household: Household) -> AsyncIterator[Sites]:
    async with contextlib.AsyncExitStack() as stack:
        yield Sites(household, stack)


async def test_a_link_carries_what_both_sides_write(sites: Sites) -> None:
    town, village = await sites("xinjie"), await sites("shanhe")
    await town.make_streams("shanhe")

    await village.client.jetstream().publish(log_subject(TENANT, "shanhe", "up"), b"climbs")
    await town.client.jetstream().publish(log_subject(TENANT, "shanhe", "dn"), b"comes back")

    assert (await town.read_one("shanhe", "up")).data == b"climbs"
    assert (await village.read_one("shanhe", "dn")).data == b"comes back"
    assert (await village.stream("shanhe", "up")).state.last_seq == 1
    assert (await village.stream("shanhe", "dn")).state.last_seq == 1
    assert town.refused.empty()
    assert village.refused.empty()


@pytest.mark.parametrize(("asks", "answers", "direction"), [("shanhe", "xinjie", "up"), ("xinjie", "shanhe", "dn")])
async def test_both_sides_of_a_link_ask_and_answer(sites: Sites, asks: str, answers: str, direction: Direction) -> None:
    asking, answering = await sites(asks), await sites(answers)
    subject = control_subject(TENANT, "shanhe", direction, "hello")

    async def answer(message: Msg) -> None:
        await message.respond(b"here")

    await answering.client.subscribe(subject, cb=answer)
    for _ in range(2):  # the client's ping overtakes what is still pending, so only the second one is a barrier
        await answering.client.flush()

    assert (await asking.client.request(subject, b"", timeout=5)).data == b"here"


async def test_a_town_is_child_and_parent_at_once(sites: Sites) -> None:
    county, town = await sites("county"), await sites("xinjie")
    await county.make_streams("xinjie")
    await town.make_streams("guali")

    await town.client.jetstream().publish(log_subject(TENANT, "xinjie", "up"), b"to the county")
    await town.client.jetstream().publish(log_subject(TENANT, "guali", "dn"), b"to the village")

    assert (await county.read_one("xinjie", "up")).data == b"to the county"
    assert (await town.stream("guali", "dn")).state.messages == 1


async def test_a_parent_empties_and_makes_anew_the_mailboxes_it_keeps(sites: Sites) -> None:
    town = await sites("xinjie")
    await town.make_streams("shanhe")
    streams = town.client.jetstream()
    name = stream_name("shanhe", "up")

    await streams.update_stream(
        StreamConfig(
            name=name, subjects=[log_subject(TENANT, "shanhe", "up")], max_bytes=STREAM_BYTES, description="renewed"
        )
    )
    assert await streams.purge_stream(name)
    assert await streams.delete_stream(name)
    with pytest.raises(NotFoundError):
        await town.stream("shanhe", "up")


@pytest.mark.parametrize(
    "subject",
    [
        log_subject(TENANT, "shanhe", "dn"),  # its own mailbox, but the parent writes it
        log_subject(TENANT, "guali", "up"),
        log_subject(TENANT, "xinjie", "up"),
        log_subject(OTHER_TENANT, "shanhe", "up"),
        control_subject(TENANT, "shanhe", "dn", "receipt"),
        control_subject(TENANT, "guali", "up", "receipt"),
        "_INBOX_xinjie.forged",
        "_INBOX.forged",
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.CREATE.UP_shanhe",
        "$JS.API.STREAM.CREATE.ANYTHING",
        "$JS.API.STREAM.UPDATE.UP_shanhe",
        "$JS.API.STREAM.PURGE.UP_shanhe",
        "$JS.API.STREAM.PURGE.DN_shanhe",
        "$JS.API.STREAM.DELETE.UP_shanhe",
        "$JS.API.STREAM.DELETE.DN_shanhe",
        "$JS.API.STREAM.MSG.GET.UP_shanhe",
        "$JS.API.STREAM.MSG.DELETE.DN_shanhe",
        "$JS.API.STREAM.SNAPSHOT.UP_shanhe",
        "$JS.API.DIRECT.GET.UP_shanhe",
        "$JS.API.STREAM.INFO.UP_guali",
        "$JS.API.STREAM.INFO.DN_guali",
        "$JS.API.CONSUMER.CREATE.UP_shanhe.reader",
        "$JS.API.CONSUMER.CREATE.DN_guali.reader",
        "$JS.API.CONSUMER.DURABLE.CREATE.DN_guali.reader",
        "$JS.API.CONSUMER.MSG.NEXT.DN_guali.reader",
        "$JS.API.CONSUMER.MSG.NEXT.UP_shanhe.reader",
        "$JS.API.CONSUMER.DELETE.UP_shanhe.reader",
        "$JS.ACK.UP_shanhe.reader.1.1.1.0.0",
        "$JS.ACK.DN_guali.reader.1.1.1.0.0",
        "$SYS.REQ.SERVER.PING",
    ],
)
async def test_a_village_publishes_nowhere_else(sites: Sites, subject: str) -> None:
    village = await sites("shanhe")
    assert await village.is_refused(subject)


@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "fed.>",
        f"fed.v1.{TENANT}.*.ctl.dn.>",
        log_subject(TENANT, "shanhe", "dn"),
        log_subject(TENANT, "guali", "up"),
        control_subject(TENANT, "guali", "dn", "hello"),
        control_subject(TENANT, "shanhe", "up", "hello"),
        "_INBOX.>",
        "*.>",
        "_INBOX_xinjie.>",
        "$JS.>",
        "$SYS.>",
    ],
)
async def test_a_village_listens_nowhere_else(sites: Sites, subject: str) -> None:
    village = await sites("shanhe")
    assert await village.is_refused(subject, subscribing=True)


@pytest.mark.parametrize(
    "subject",
    [
        log_subject(TENANT, "shanhe", "up"),  # the village writes it
        log_subject(TENANT, "shanhe", "dn"),  # and the town answers it: a county reaches over nobody's head
        "$JS.API.STREAM.INFO.UP_shanhe",
        "$JS.API.STREAM.CREATE.ANYTHING",
        "$JS.API.STREAM.MSG.DELETE.UP_xinjie",
        "$JS.API.STREAM.NAMES",
    ],
)
async def test_a_parent_touches_only_its_own_childrens_mailboxes(sites: Sites, subject: str) -> None:
    county = await sites("county")
    assert await county.is_refused(subject)


async def test_a_site_without_a_known_key_does_not_get_in(household: Household, sites: Sites) -> None:
    household.seeds[TENANT, "stranger"] = generate_nkey()[0]
    with pytest.raises(NatsError, match=r"(?i)authorization"):
        await connect_once(household, household.seeds[TENANT, "stranger"])
    with pytest.raises(NatsError, match=r"(?i)authorization"):
        await connect_once(household, None)
    assert (await sites("shanhe")).client.is_connected


async def connect_once(household: Household, seed: str | None) -> None:
    async def silent(_: Exception) -> None:
        return

    client = Client()
    try:
        await client.connect(household.server.url, nkeys_seed_str=seed, allow_reconnect=False, error_cb=silent)
    finally:
        await client.close()


async def test_two_tenants_with_the_same_site_names_do_not_see_each_other(household: Household, sites: Sites) -> None:
    household.add_three_tiers(OTHER_TENANT)
    household.server.reload(household.configuration)
    town, other_town = await sites("xinjie"), await sites("xinjie", OTHER_TENANT)
    await town.make_streams("shanhe")
    await town.client.jetstream().publish(log_subject(TENANT, "shanhe", "dn"), b"ours")

    with pytest.raises(NotFoundError):
        await other_town.stream("shanhe", "dn")
    await other_town.make_streams("shanhe")
    assert (await other_town.stream("shanhe", "dn")).state.messages == 0
    assert (await town.stream("shanhe", "dn")).state.messages == 1
    assert await other_town.is_refused(log_subject(TENANT, "shanhe", "dn"))
    assert await other_town.is_refused(control_subject(TENANT, "shanhe", "up", "hello"), subscribing=True)


async def test_a_new_tenant_joins_by_reload_and_nobody_is_dropped(household: Household, sites: Sites) -> None:
    town, village = await sites("xinjie"), await sites("shanhe")
    await town.make_streams("shanhe")

    household.add_three_tiers(OTHER_TENANT)
    household.server.reload(household.configuration)

    newcomer = await sites("xinjie", OTHER_TENANT)
    await newcomer.make_streams("shanhe")
    await village.client.jetstream().publish(log_subject(TENANT, "shanhe", "up"), b"still here")
    assert (await town.stream("shanhe", "up")).state.messages == 1
    assert town.disconnects == village.disconnects == 0


async def test_a_new_village_joins_by_reload_and_nobody_is_dropped(household: Household, sites: Sites) -> None:
    county, town, village = await sites("county"), await sites("xinjie"), await sites("shanhe")
    await county.make_streams("xinjie")
    await town.make_streams("shanhe")
    await town.make_streams("guali")

    (account,) = household.accounts
    mayor, town_user, *villages = account.users
    grown = SiteUser(
        site="xinjie", public_nkey=town_user.public_nkey, parent="county", children=(*town_user.children, "linpu")
    )
    linpu = household.user(TENANT, "linpu", parent="xinjie")
    household.accounts = [TenantAccount(tenant=TENANT, users=(mayor, grown, *villages, linpu))]
    household.server.reload(household.configuration)

    newcomer = await sites("linpu")
    await town.make_streams("linpu")  # with the permissions and the room that came with the reload
    await newcomer.client.jetstream().publish(log_subject(TENANT, "linpu", "up"), b"hello")
    await village.client.jetstream().publish(log_subject(TENANT, "shanhe", "up"), b"still here")
    assert (await town.stream("linpu", "up")).state.messages == 1
    assert county.disconnects == town.disconnects == village.disconnects == 0


async def test_a_removed_village_is_shut_out_by_reload(household: Household, sites: Sites) -> None:
    await sites("guali")
    (account,) = household.accounts
    mayor, town, shanhe, _ = account.users
    town = SiteUser(site="xinjie", public_nkey=town.public_nkey, parent="county", children=("shanhe",))
    household.accounts = [TenantAccount(tenant=TENANT, users=(mayor, town, shanhe))]
    household.server.reload(household.configuration)

    with pytest.raises(NatsError, match=r"(?i)authorization"):
        await connect_once(household, household.seeds[TENANT, "guali"])


async def test_a_stream_may_not_take_more_than_its_share(sites: Sites) -> None:
    town = await sites("xinjie")
    for bytes_asked in (STREAM_BYTES + 1, -1):
        with pytest.raises(APIError):
            await town.client.jetstream().add_stream(
                StreamConfig(
                    name=stream_name("shanhe", "up"),
                    subjects=[log_subject(TENANT, "shanhe", "up")],
                    max_bytes=bytes_asked,
                )
            )
