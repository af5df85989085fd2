"""What everyone who works on a link has in common: both ends, the database, the connection, and whose turn it is.

Owns that, and what the link is called. Must not know what is done with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from bancheng.federation.client import NatsClient
from bancheng.federation.errors import NotConnected
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.timing import Timing
from bancheng.federation.traffic import Traffic
from bancheng.schema.messages import whole_link_name
from bancheng.schema.subjects import Direction, Verb, control_subject
from bancheng.store.database import Database, Transaction


@dataclass(frozen=True, kw_only=True)
class LinkParts:
    """Of one link in one process. `hosted` is asked again whenever it is needed: documents make the site anew."""

    database: Database
    hosted: Callable[[], HostedSite]
    peer: Peer
    client: NatsClient
    timing: Timing
    traffic: Traffic = field(default_factory=Traffic)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from numbering frames to the stream's answer: who takes it knows that nothing is on its way meanwhile."""

    @property
    def tenant(self) -> str:
        return self.hosted().tenant

    @property
    def child(self) -> str:
        """The site that the link is named for."""
        return self.peer.child_of_link(self.hosted().site)

    @property
    def name(self) -> str:
        """Of both directions."""
        return whole_link_name(self.tenant, self.child)

    def subject(self, direction: Direction, verb: Verb) -> str:
        """Under which one end asks the other."""
        return control_subject(self.tenant, self.child, direction, verb)

    def transaction(self, *, durable: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """Of the link's tenant."""
        return self.database.transaction(self.tenant, durable=durable)

    async def connected(self) -> None:
        """Waits a moment for a connection. Raises NotConnected."""
        if not self.client.connected and not await self.client.wait_connected(self.timing.retry_most):
            raise NotConnected
