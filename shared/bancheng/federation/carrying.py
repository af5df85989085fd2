"""Sealed frames: closed to all but their readers, and carried by sites that must not read them.

Owns which frames those are and where they go. A carried frame is kept as it came. Such a case is not listed, searched
or watched here: there is no case.
"""

from __future__ import annotations

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.site import HostedSite, Peer
from bancheng.schema.frames import Frame, FrameHeader
from bancheng.store.database import Transaction
from bancheng.store.links import queue_loose_to
from bancheng.store.outbox import has_loose
from bancheng.store.sealing import seal, unseal
from bancheng.store.signing import Sealing, StoredFrame


def audience_sites(header: FrameHeader) -> frozenset[str]:
    """The sites that can open the payload; none where it is open to all."""
    return frozenset(header.audience.split(",")) if header.audience else frozenset()


def is_carried(header: FrameHeader, site: HostedSite) -> bool:
    """Whether the frame is sealed to others."""
    readers = audience_sites(header)
    return bool(readers) and site.site not in readers


def sealing_to(site: HostedSite, audience: tuple[str, ...]) -> Sealing | None:
    """How a payload is closed to all but these sites; None where it is open to all."""
    if not audience:
        return None
    entries = (site.jurisdiction.site(each) for each in audience)
    keys = {entry.site: entry.public_key for entry in entries if entry is not None}
    return Sealing(audience=audience, seal=lambda payload: seal(payload, keys, site.random))


def opened(frame: Frame, header: FrameHeader, site: HostedSite) -> bytes | None:
    """The payload, unsealed where it was sealed to this site among others. Raises NotForUs."""
    return unseal(frame.payload or b"", site.signer) if header.audience else frame.payload


async def carry(tx: Transaction, site: HostedSite, peer: Peer, arrived: Arrived) -> Applied:
    """To every neighbour on the way to a reader, but not back. The same frame again is a duplicate."""
    if await has_loose(tx, arrived.event_hash):
        return Applied(number=arrived.number, state="duplicate")
    hops = {site.jurisdiction.next_hop(site.site, reader) for reader in audience_sites(arrived.header)}
    onward = sorted(hop for hop in hops if hop is not None and hop != peer.site)
    stored = StoredFrame(header=arrived.header, frame=arrived.frame, hash=arrived.event_hash)
    await queue_loose_to(tx, onward, arrived.kind, stored, now=site.wall_now())
    return Applied(number=arrived.number, state="applied")
