"""Asks: a site that does not hold a case asks the holder for a deed of its own staff.

Owns how an ask finds the holder and is answered there, once. The answer is an entry of the case and reaches the
asking site as every entry does; so a site on the way only passes an ask on, and one that cannot yet keeps it.
"""

from __future__ import annotations

import msgspec

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.carrying import opened, sealing_to
from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite, Peer
from bancheng.kernel.asking import AnswerAsk, Ask, decode_ask
from bancheng.kernel.audience import readers_of
from bancheng.kernel.rejected import Rejected
from bancheng.schema.frames import Frame, FrameHeader
from bancheng.store.database import Transaction
from bancheng.store.links import queue_loose
from bancheng.store.outbox import has_loose
from bancheng.store.sealing import NotForUs
from bancheng.store.signing import StoredFrame, sign_loose


def way_to_holder(desk: Desk) -> str | None:
    """The peer through which the holder is reached; None if this site holds the case, or nobody knows the way."""
    case = desk.case
    if case is None:
        return None
    holder = case.in_transit.site if case.in_transit is not None else case.holder_site
    return desk.site.jurisdiction.next_hop(desk.site.site, holder)


async def send_ask(tx: Transaction, desk: Desk, ask: Ask) -> StoredFrame:
    """Sign an ask of this site, and queue it towards the holder where that is another site."""
    site = desk.site
    stored = sign_loose(
        site.signer,
        tenant=site.tenant,
        payload=ask,
        occurred_at=ask.at,
        now_wall_ms=site.wall_ms(),
        random=site.random,
        case_id=ask.case_id,
        sealing=sealing_to(site, readers_of(desk.case, site.site, site.jurisdiction) if desk.case else ()),
    )
    peer = way_to_holder(desk)
    if peer is not None:
        await queue_loose(tx, peer, "ask", stored, now=site.wall_now())
    return stored


async def apply_ask(tx: Transaction, site: HostedSite, peer: Peer, arrived: Arrived, desk: Desk | None) -> Applied:
    """Pass an ask on to where the holder is, or answer it here. It waits while its case is not here yet, or stands here
    without having been received; `rejected` is what is no ask, so that nobody could be answered.
    """
    if desk is None:
        return Applied(number=arrived.number, state="rejected", reason="ask.unreadable")
    if desk.case is None:
        return Applied(number=arrived.number, state="deferred", reason="ask.case_unknown")
    onward = way_to_holder(desk)
    if onward == peer.site and not desk.is_changed and await has_loose(tx, arrived.event_hash):
        # Two sites that each take the other for nearer to the holder would pass it to and fro: it waits for news.
        return Applied(number=arrived.number, state="deferred", reason="ask.came_back")
    if onward is not None:
        stored = StoredFrame(header=arrived.header, frame=arrived.frame, hash=arrived.event_hash)
        await queue_loose(tx, onward, "ask", stored, now=site.wall_now())
        return Applied(number=arrived.number, state="applied", reason="ask.passed_on")
    ask = _decoded(arrived.frame, arrived.header, site)
    if ask is None:
        return Applied(number=arrived.number, state="rejected", reason="ask.unreadable")
    command = AnswerAsk(ask=ask, ask_hash=arrived.event_hash, asked_site=arrived.header.author)
    try:
        answered = desk.decide(command, site.system_actor(desk.case.holder_unit))
    except Rejected as refusal:
        return Applied(number=arrived.number, state="deferred", reason=refusal.code)
    return Applied(number=arrived.number, state="applied" if answered else "duplicate")


def _decoded(frame: Frame, header: FrameHeader, site: HostedSite) -> Ask | None:
    try:
        ask = decode_ask(opened(frame, header, site) or b"")
    except (msgspec.MsgspecError, NotForUs):
        return None
    return ask if ask.case_id == header.case_id else None
