"""nats-py as we use it: how it is connected, subscribed and closed.

Owns its settings. `pending_size=-1`: what cannot be sent now fails now, instead of being delivered later all the same;
reconnection never ends; what nobody waits for is told to the error callback. Only getting in for the first time has an
end: after a failed TLS handshake nats-py may wait for ever for its connection to be closed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

_CONNECT_SECONDS = 3
_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class NatsAccess:
    """Where a hub is and as whom to enter it. Equal accesses share one connection.

    `url` names one server, or several of one cluster, separated by commas: any of them will do, and when it is lost the
    next one is tried.
    `ca`, as PEM: who must have signed the certificate of a `tls://` server; without it, who the machine trusts.
    """

    url: str
    nkey_seed: str | None = field(default=None, repr=False)
    ca: str = field(default="", repr=False)

    @property
    def servers(self) -> list[str]:
        return self.url.split(",")

    def tls(self) -> ssl.SSLContext | None:
        """None where the address asks for none. Raises `ssl.SSLError` for a `ca` that is none."""
        if not self.url.startswith(("tls://", "wss://")):
            return None
        return ssl.create_default_context(cadata=self.ca or None)


async def connect(
    client: Client,
    access: NatsAccess,
    *,
    name: str,
    inbox: str,
    on_error: Callable[[Exception], Awaitable[None]],
    on_session: Callable[[], Awaitable[None]],
    timeout_seconds: float,
) -> None:
    """Returns when it is connected. `on_session` is called after each reconnection.

    Raises TimeoutError: `client` is then to be discarded, and another one to be tried.
    """
    async with asyncio.timeout(timeout_seconds):
        await client.connect(
            access.servers,
            name=name,
            nkeys_seed_str=access.nkey_seed,
            inbox_prefix=inbox,
            tls=access.tls(),
            pending_size=-1,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=_CONNECT_SECONDS,
            ping_interval=10,
            max_outstanding_pings=2,
            error_cb=on_error,
            reconnected_cb=on_session,
        )


async def subscribe(client: Client, subject: str, arrived: Callable[[Msg], Awaitable[None]]) -> Subscription:
    return await client.subscribe(subject, cb=arrived)  # pyright: ignore[reportUnknownMemberType]


async def discard(client: Client) -> None:
    """Close it, but wait no longer than a dead line deserves."""
    with suppress(nats.errors.Error, OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await client.close()
