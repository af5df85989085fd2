"""Asks: a site that does not hold a case asks the holder to enter something.

Owns how an ask finds the holder and is answered there, once. The answer is an entry of the case and reaches the
asking site as every entry does.
"""

from __future__ import annotations

import msgspec

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.federation.carrying import opened, sealing_to
from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite, Peer
from bancheng.kernel.audience import readers_of
from bancheng.kernel.commands import AnswerAsk
from bancheng.kernel.rejected import Rejected
from bancheng.schema.frames import Frame, FrameHeader
from bancheng.schema.messages import AddNoteAsk
from bancheng.store.database import Transaction
from bancheng.store.links import queue_loose
from bancheng.store.sealing import NotForUs
from bancheng.store.signing import StoredFrame, sign_loose

_decoder = msgspec.json.Decoder(AddNoteAsk)


def way_to_holder(desk: Desk) -> str | None:
    """The peer through which the holder is reached; None if this site holds the case, or nobody knows the way."""
    case = desk.case
    if case is None:
        return None
    holder = case.in_transit.site if case.in_transit is not None else case.holder_site
    return desk.site.jurisdiction.next_hop(desk.site.site, holder)


async def send_ask(tx: Transaction, desk: Desk, ask: AddNoteAsk) -> StoredFrame:
    """Sign an ask of this site and queue it towards the holder. The caller has checked that there is a way."""
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
    """Answer an ask here, or pass it on to where the holder is. `rejected` says why neither could be done."""
    ask = _decoded(arrived.frame, arrived.header, site)
    if ask is None:
        return Applied(number=arrived.number, state="rejected", reason="ask.unreadable")
    if desk is None or desk.case is None:
        return Applied(number=arrived.number, state="rejected", reason="ask.case_unknown")
    onward = way_to_holder(desk)
    if onward is not None:
        stored = StoredFrame(header=arrived.header, frame=arrived.frame, hash=arrived.event_hash)
        await queue_loose(tx, onward, "ask", stored, now=site.wall_now())
        return Applied(number=arrived.number, state="applied", reason="ask.passed_on")
    command = AnswerAsk(ask=ask, ask_hash=arrived.event_hash, asked_site=arrived.header.author)
    try:
        answered = desk.decide(command, site.system_actor(desk.case.holder_unit))
    except Rejected as refusal:
        return Applied(number=arrived.number, state="rejected", reason=refusal.code)
    return Applied(number=arrived.number, state="applied" if answered else "duplicate")


def _decoded(frame: Frame, header: FrameHeader, site: HostedSite) -> AddNoteAsk | None:
    try:
        ask = _decoder.decode(opened(frame, header, site) or b"")
    except (msgspec.MsgspecError, NotForUs):
        return None
    return ask if ask.case_id == header.case_id else None
