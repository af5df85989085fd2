"""Three nats-servers as one: a mailbox lies on each, and a link outlives whichever of them is lost."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.request import urlopen

import msgspec
import pytest
import pytest_asyncio

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import Fenced
from bancheng.federation.jetstream import Outgoing, publish_batch, stream_state
from bancheng.runtime import check_nats
from bancheng.runtime.certificates import AUTHORITY_FILE, SERVER_KEY_FILE, issue
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.local_process import pick_port
from bancheng.runtime.nats_config import (
    NatsCluster,
    NatsListener,
    SiteUser,
    TenantAccount,
    generate_nkey,
    nats_configuration,
)
from bancheng.runtime.site_files import Root, Server, SiteFile
from bancheng.schema.subjects import log_subject, stream_name
from tests.federation.linked_sites import FAST, LinkedSites, eventually
from tests.support.tiers import TOWN, VILLAGE

if TYPE_CHECKING:
    from pathlib import Path

UP, DOWN = stream_name(VILLAGE, "up"), stream_name(VILLAGE, "dn")
QUICK = msgspec.structs.replace(FAST, heartbeat=0.4)


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """`current`: it has all that the leader has."""

    name: str
    current: bool


class StreamCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stream lies."""

    leader: str = ""
    replicas: tuple[Follower, ...] = ()


class StreamDetail(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    cluster: StreamCluster = StreamCluster()


class AccountDetail(msgspec.Struct, frozen=True, kw_only=True):
    stream_detail: tuple[StreamDetail, ...] = ()


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of a server's own account of its streams."""

    account_details: tuple[AccountDetail, ...] = ()


@dataclass(kw_only=True)
class Member:
    server: NatsServer
    watch_port: int

    def seen(self, stream: str) -> StreamCluster:
        """Only a leader knows how far the others are."""
        with urlopen(f"http://127.0.0.1:{self.watch_port}/jsz?streams=1", timeout=5) as answer:
            known = msgspec.json.decode(answer.read(), type=Streams)
        streams = (each for account in known.account_details for each in account.stream_detail)
        return next((each.cluster for each in streams if each.name == stream), StreamCluster())


@dataclass(kw_only=True)
class Cluster:
    """Three members and the two sites that connect to them."""

    members: dict[str, Member]
    linked: LinkedSites

    def seen(self, stream: str) -> StreamCluster:
        """Who leads a stream and who follows, as its leader has it; nobody while there is none."""
        for name, member in self.members.items():
            if member.server.process_id is not None:
                seen = member.seen(stream)
                if seen.leader == name:
                    return seen
        return StreamCluster()

    async def led_by(self, stream: str, *, followers: int = 0) -> str:
        """Waits until somebody leads it, and so many have all that it holds."""

        async def ask() -> StreamCluster:
            return self.seen(stream)

        def is_led(seen: StreamCluster) -> bool:
            return bool(seen.leader) and sum(each.current for each in seen.replicas) >= followers

        return (await eventually(ask, is_led, f"a leader of {stream} and {followers} followers")).leader


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[dict[str, Member], str, dict[str, NatsAccess]]]:
    """Started, with the accounts of a tenant; its name, and how its two sites enter."""
    tenant = f"t-{secrets.token_hex(6)}"
    (town_seed, town), (village_seed, village) = generate_nkey(), generate_nkey()
    account = TenantAccount(
        tenant=tenant,
        users=(
            SiteUser(site=TOWN, public_nkey=town, children=(VILLAGE,)),
            SiteUser(site=VILLAGE, public_nkey=village, parent=TOWN),
        ),
    )
    ports = {f"nats-{number}": (pick_port(), pick_port()) for number in range(3)}
    routes = tuple(f"127.0.0.1:{own}" for own, _ in ports.values())
    certificate = issue(tmp_path, tmp_path, ["127.0.0.1"], now=datetime.now(UTC))
    members: dict[str, Member] = {}
    with contextlib.ExitStack() as stack:
        for name, (own, watch) in ports.items():
            text = nats_configuration(
                [account],
                listener=NatsListener(watch_port=watch),
                cluster=NatsCluster(
                    members=routes,
                    host="127.0.0.1",
                    port=own,
                    certificate=str(certificate),
                    key=str(tmp_path / SERVER_KEY_FILE),
                    authority=str(tmp_path / AUTHORITY_FILE),
                ),
            )
            server = NatsServer(directory=tmp_path / name, configuration=f'server_name: "{name}"\n{_inside(text)}')
            members[name] = Member(server=stack.enter_context(server), watch_port=watch)
        url = ",".join(member.server.url for member in members.values())
        access = {
            TOWN: NatsAccess(url=url, nkey_seed=town_seed),
            VILLAGE: NatsAccess(url=url, nkey_seed=village_seed),
        }
        yield members, tenant, access


def _inside(text: str) -> str:
    """The server takes its settings without the outermost braces as well, and so beside another one."""
    return text.strip().removeprefix("{").removesuffix("}")


@pytest_asyncio.fixture
async def cluster(
    servers: tuple[dict[str, Member], str, dict[str, NatsAccess]], site_addresses: dict[str, str]
) -> AsyncIterator[Cluster]:
    members, tenant, access = servers
    first = next(iter(members.values())).server
    linked = LinkedSites(nats=first, addresses=site_addresses, access=access, tenant=tenant)
    yield Cluster(members=members, linked=linked)
    await linked.close()


async def test_a_link_goes_on_when_the_member_that_leads_its_mailbox_is_lost(cluster: Cluster) -> None:
    linked = cluster.linked
    await linked.start(timing=QUICK)
    await linked.register(2)
    await linked.arrived()
    client = linked.client(TOWN)
    client.start()
    assert await client.wait_connected(10)
    assert (await stream_state(client, UP)).replicas == 1

    await linked.stop(TOWN)
    linked.replicas = 3
    await linked.start(TOWN, timing=QUICK)
    await eventually(lambda: _replicas(client), lambda seen: seen == {3}, "what lay on one server lies on three")

    lost = await cluster.led_by(UP, followers=2)
    await _checked(cluster, "frames on 3 servers")
    await linked.register(2)
    cluster.members[lost].server.kill()
    await linked.register(3, notes=2)
    await linked.arrived()
    assert await cluster.led_by(UP) != lost
    await _checked(cluster, f"frames on 3 servers, not all of it on {lost}", "start the nats-servers that are down")
    # The other mailbox may have lost its leader too, and this connection its server: either takes seconds.
    await cluster.led_by(DOWN)
    assert await client.wait_connected(30)
    await _is_fenced(client, linked)
    cluster.members[lost].server.start()
    await linked.register(1)
    await linked.arrived()
    await client.stop()
    assert {each.state for each in await linked.inbox(TOWN, VILLAGE)} == {"applied"}


async def _replicas(client: NatsClient) -> set[int]:
    return {(await stream_state(client, each)).replicas for each in (UP, DOWN)}


async def _checked(cluster: Cluster, *words: str) -> None:
    """Waits until `check` says this of the mailbox."""
    access = cluster.linked.access[TOWN]
    assert access.nkey_seed is not None
    whole = Server(url=access.url, nkey_seed=access.nkey_seed)
    root = Root(site=TOWN, key_id="", public_key="")
    file = SiteFile(tenant=cluster.linked.tenant, site=TOWN, tier="town", signing_seed="", root=root)

    async def ask() -> str:
        found = await check_nats.server("hub", file, whole, [UP], lambda: datetime.now(UTC))
        return "; ".join(each.lines("en") for each in found)

    level = "warning" if len(words) > 1 else "ok "
    await eventually(ask, lambda said: level in said and all(word in said for word in words), " ".join(words))


async def _is_fenced(client: NatsClient, linked: LinkedSites) -> None:
    """A second writer that is behind gets nothing in, neither one frame nor a batch, also under a new leader."""
    subject = log_subject(linked.tenant, VILLAGE, "dn")
    behind = [Outgoing(data=b"late", headers={}) for _ in range(3)]

    for count in (1, 3):
        before = await stream_state(client, DOWN)
        with pytest.raises(Fenced):
            await publish_batch(client, subject, behind[:count], expected_last=before.last_number + 5)
        assert (await stream_state(client, DOWN)).last_number == before.last_number
