"""A nats-server with generated accounts, and sites connected to it, for the tests of permissions."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig, StreamInfo

from bancheng.runtime.nats_config import NatsLimits, SiteUser, TenantAccount, generate_nkey, nats_configuration
from bancheng.schema.subjects import Direction, inbox_prefix, log_subject, stream_name

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from bancheng.runtime.local_nats import NatsServer

# nats-py's own types are partial; every value read here is compared with what was sent.
# pyright: reportUnknownMemberType=false

TENANT = "330109"
OTHER_TENANT = "330727"
STREAM_BYTES = 1 << 20
LIMITS = NatsLimits(stream_bytes=STREAM_BYTES)


@dataclass(kw_only=True)
class Household:
    """A server with the sites of its tenants: county keeps xinjie, xinjie keeps two villages."""

    server: NatsServer
    accounts: list[TenantAccount] = field(default_factory=list[TenantAccount])
    seeds: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def user(self, tenant: str, site: str, *, parent: str | None = None, children: tuple[str, ...] = ()) -> SiteUser:
        seed, public = generate_nkey()
        self.seeds[tenant, site] = seed
        return SiteUser(site=site, public_nkey=public, parent=parent, children=children)

    def add_three_tiers(self, tenant: str) -> None:
        users = (
            self.user(tenant, "county", children=("xinjie",)),
            self.user(tenant, "xinjie", parent="county", children=("shanhe", "guali")),
            self.user(tenant, "shanhe", parent="xinjie"),
            self.user(tenant, "guali", parent="xinjie"),
        )
        self.accounts.append(TenantAccount(tenant=tenant, users=users))

    @property
    def configuration(self) -> str:
        return nats_configuration(self.accounts, limits=LIMITS)


@dataclass(kw_only=True)
class Site:
    """A connected site, with what the server refused it and how often it lost its connection."""

    client: Client
    tenant: str
    name: str
    refused: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])
    disconnects: int = 0

    async def is_refused(self, subject: str, *, subscribing: bool = False) -> bool:
        """Whether the server refuses to publish (or subscribe) there; false when it says nothing for 5 seconds."""
        if subscribing:
            await self.client.subscribe(subject)
        else:
            await self.client.publish(subject, b"{}")
        verb = "subscription to" if subscribing else "publish to"
        expected = f'permissions violation for {verb} "{subject.lower()}"'  # the client folds the server's words
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while expected not in await self.refused.get():
                    pass
                return True
        return False

    async def make_streams(self, child: str) -> None:
        for direction in ("up", "dn"):
            await self.client.jetstream().add_stream(
                StreamConfig(
                    name=stream_name(child, direction),
                    subjects=[log_subject(self.tenant, child, direction)],
                    max_bytes=STREAM_BYTES,
                )
            )

    async def stream(self, child: str, direction: Direction) -> StreamInfo:
        return await self.client.jetstream().stream_info(stream_name(child, direction))

    async def read_one(self, child: str, direction: Direction) -> Msg:
        stream = stream_name(child, direction)
        await self.client.jetstream().add_consumer(
            stream, ConsumerConfig(name="reader", ack_policy=AckPolicy.EXPLICIT, inactive_threshold=60)
        )
        reader = await self.client.jetstream().pull_subscribe_bind(consumer="reader", stream=stream)
        (message,) = await reader.fetch(1, timeout=5)
        await message.ack_sync(timeout=5)
        return message


class Sites:
    """Connects sites on demand and closes them all at the end."""

    def __init__(self, household: Household, stack: contextlib.AsyncExitStack) -> None:
        self._household = household
        self._stack = stack

    async def __call__(self, name: str, tenant: str = TENANT) -> Site:
        site = Site(client=Client(), tenant=tenant, name=name)

        async def refused(error: Exception) -> None:
            site.refused.put_nowait(str(error))

        async def disconnected() -> None:
            site.disconnects += 1

        await site.client.connect(
            self._household.server.url,
            nkeys_seed_str=self._household.seeds[tenant, name],
            inbox_prefix=inbox_prefix(name).encode(),
            error_cb=refused,
            disconnected_cb=disconnected,
            pending_size=-1,
        )
        self._stack.push_async_callback(site.client.close)
        return site
