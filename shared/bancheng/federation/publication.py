"""Published documents: the top tier signs them, every site below stores them and passes them on.

Owns who may publish and the way down. What a document changes here is for whoever hosts the site.
"""

from __future__ import annotations

import msgspec

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.site import HostedSite, Peer
from bancheng.schema.documents import Document, DocumentKind
from bancheng.store.database import Transaction
from bancheng.store.document_editions import known_editions
from bancheng.store.documents import store_document
from bancheng.store.errors import DocumentConflict
from bancheng.store.links import queue_loose_to
from bancheng.store.signing import StoredFrame, sign_loose

_decoder = msgspec.json.Decoder(Document)


class NotThePublisher(Exception):
    """Only the site at the top of a tenant publishes."""

    code = "document.not_the_publisher"


async def next_edition(tx: Transaction, kind: DocumentKind) -> int:
    """The number that the next edition of a kind bears."""
    return max((each.edition for each in await known_editions(tx, (kind,))), default=0) + 1


async def publish(tx: Transaction, site: HostedSite, document: Document) -> StoredFrame:
    """Sign, store and send down one edition. Raises NotThePublisher, DocumentConflict."""
    if site.jurisdiction.depth(site.site) != 0:
        raise NotThePublisher(site.site)
    stored = sign_loose(
        site.signer,
        tenant=site.tenant,
        payload=document,
        occurred_at=site.now(),
        now_wall_ms=site.wall_ms(),
        random=site.random,
    )
    await _keep_and_pass_on(tx, site, document, stored)
    return stored


async def apply_document(tx: Transaction, site: HostedSite, peer: Peer, arrived: Arrived) -> Applied:
    """Store what the top tier published, and pass it on; anything else waits for an operator, with a code."""
    if not peer.is_parent or site.jurisdiction.depth(arrived.header.author) != 0:
        return Applied(number=arrived.number, state="deferred", reason=NotThePublisher.code)
    try:
        document = _decoder.decode(arrived.frame.payload or b"")
    except msgspec.MsgspecError:
        return Applied(number=arrived.number, state="deferred", reason="document.unreadable")
    stored = StoredFrame(header=arrived.header, frame=arrived.frame, hash=arrived.event_hash)
    try:
        await _keep_and_pass_on(tx, site, document, stored)
    except DocumentConflict as conflict:
        return Applied(number=arrived.number, state="deferred", reason=conflict.code)
    return Applied(number=arrived.number, state="applied")


async def _keep_and_pass_on(tx: Transaction, site: HostedSite, document: Document, stored: StoredFrame) -> None:
    is_new = await store_document(
        tx, document, event_hash=stored.hash, author=stored.header.author, now=site.wall_now()
    )
    if is_new:
        children = site.jurisdiction.children(site.site)
        await queue_loose_to(tx, children, "document", stored, now=site.wall_now())
