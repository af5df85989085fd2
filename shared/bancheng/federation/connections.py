"""The connections of one hosted site: to its own hub, where it is parent of links, and to its parent's hub.

Owns which client serves which link. One user on one server is one connection, so a site whose children live on the
same server as its parent's mailboxes needs only one.
"""

from __future__ import annotations

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import ConfigurationFault
from bancheng.federation.site import Peer
from bancheng.schema.subjects import inbox_prefix


class LinkConnections:
    """`hub` is None for a site without children, `uplink` for the top tier. Starting never waits for a server.

    `replicas`: on how many servers of our hub each mailbox lies; more than one wants a cluster of at least as many.
    """

    def __init__(
        self, *, tenant: str, site: str, hub: NatsAccess | None, uplink: NatsAccess | None, replicas: int = 1
    ) -> None:
        self.replicas = replicas
        self._hub_access = hub
        self._uplink_access = uplink
        self._clients = {
            access: NatsClient(access, name=f"{tenant}/{site}", inbox=inbox_prefix(site))
            for access in (hub, uplink)
            if access is not None
        }

    @property
    def clients(self) -> tuple[NatsClient, ...]:
        return tuple(self._clients.values())

    @property
    def faults(self) -> tuple[ConfigurationFault, ...]:
        """Configuration errors that the servers told us, for `check`."""
        return tuple(fault for client in self.clients for fault in client.faults)

    def to(self, peer: Peer) -> NatsClient | None:
        """The client that reaches the mailboxes of the link with `peer`; None when no server is configured for it."""
        access = self._uplink_access if peer.is_parent else self._hub_access
        return None if access is None else self._clients[access]

    def start(self) -> None:
        for client in self.clients:
            client.start()

    async def stop(self) -> None:
        for client in self.clients:
            await client.stop()
