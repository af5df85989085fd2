"""Is it what it claims to be: frame, place in the chain, author's signature, the peer's signature of the head.

Owns these checks. Pure computing over bytes; the only thing it cannot check is what the database knows, which is the
position and the head before the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec

from bancheng.federation.errors import KeyUnknown
from bancheng.federation.jetstream import stream_number
from bancheng.federation.site import HostedSite, Peer
from bancheng.federation.wire import Delivered
from bancheng.schema.frames import (
    HASH_BYTES,
    Frame,
    FrameError,
    FrameHeader,
    Kind,
    decode_frame,
    event_hash,
    link_hash,
)
from bancheng.schema.subjects import HEADER_EPOCH, HEADER_HEAD_SIGNATURE, HEADER_KIND, HEADER_LINK_HASH
from bancheng.store.signing import SignatureRefused

_HEADER_UNREADABLE = "frame.header_unreadable"
MAX_EPOCH = (1 << 63) - 1
"""The chain has eight bytes for it, and so has the database."""
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_raw_frames = msgspec.msgpack.Decoder(Frame)


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """One message after its checks. `fault` is empty or the code for which the link must stop.

    `header` is None for a frame of a later header version: its place and the peer's word for it hold, its content
    waits for an upgrade. `is_head` is set where the peer signed the chain up to here.
    """

    message: Delivered
    number: int
    fault: str = ""
    epoch: int = 0
    kind: Kind = "progress"
    frame: Frame | None = None
    header: FrameHeader | None = None
    event_hash: bytes = b""
    link_hash: bytes = b""
    is_head: bool = False


def inspect(
    messages: Sequence[Delivered], site: HostedSite, peer: Peer, link: str, *, before: Inspected | None = None
) -> list[Inspected]:
    """All of them in order, the first after `before`; after the first fault nothing is looked at any more."""
    inspected: list[Inspected] = []
    for message in messages:
        before = _inspect(message, before, site, peer, link)
        inspected.append(before)
        if inspected[-1].fault:
            break
    return inspected


def chains(first: Inspected, link: str, head: bytes) -> bool:
    """Whether the first new frame follows the head that we have stored."""
    return link_hash(link, first.epoch, first.number, head, first.event_hash) == first.link_hash


def _inspect(message: Delivered, before: Inspected | None, site: HostedSite, peer: Peer, link: str) -> Inspected:
    number = stream_number(message)
    try:
        epoch, kind, claimed = _envelope(message)
        frame, header = _frame(message.data)
        digest = event_hash(frame.header)
        if before is not None and (before.number + 1, before.epoch) == (number, epoch):
            _require(link_hash(link, epoch, number, before.link_hash, digest) == claimed, "link.chain")
        if header is not None:
            _require(header.tenant == site.tenant, "frame.tenant")
            site.keyring.verify(header.author, header.key_id, digest, frame.signature)
        return Inspected(
            message=message, number=number, epoch=epoch, kind=kind, frame=frame, header=header,
            event_hash=digest, link_hash=claimed, is_head=_is_signed_head(message, claimed, site, peer),
        )  # fmt: skip
    except (FrameError, SignatureRefused) as error:
        return Inspected(message=message, number=number, fault=error.code)


def _envelope(message: Delivered) -> tuple[int, Kind, bytes]:
    headers = message.headers
    kind = _KINDS.get(headers.get(HEADER_KIND, ""))
    try:
        epoch = int(headers[HEADER_EPOCH])
        claimed = bytes.fromhex(headers[HEADER_LINK_HASH])
    except (KeyError, ValueError) as error:
        raise FrameError("link.headers") from error
    if kind is None or len(claimed) != HASH_BYTES or not 0 < epoch <= MAX_EPOCH:
        raise FrameError("link.headers")
    return epoch, kind, claimed


def _frame(data: bytes) -> tuple[Frame, FrameHeader | None]:
    try:
        return decode_frame(data)
    except FrameError as error:
        if error.code != _HEADER_UNREADABLE:
            raise
        return _raw_frames.decode(data), None


def _is_signed_head(message: Delivered, claimed: bytes, site: HostedSite, peer: Peer) -> bool:
    signature = message.headers.get(HEADER_HEAD_SIGNATURE)
    if signature is None:
        return False
    entry = site.jurisdiction.site(peer.site)
    if entry is None:
        raise FrameError(KeyUnknown.code)
    try:
        site.keyring.verify(peer.site, entry.key_id, claimed, bytes.fromhex(signature))
    except (SignatureRefused, ValueError) as error:
        raise FrameError("link.head_signature") from error
    return True


def _require(holds: bool, code: str) -> None:
    if not holds:
        raise FrameError(code)
