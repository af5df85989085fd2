"""A frame: the exact bytes of one event or document, signed once by its author and never written again.

Owns the layout and the hashes. Knows nothing of keys (signing is the store's) nor of what an event means.
`H` is SHA-256; `hash_name` names it so that another can follow.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Kind = Literal["escalation", "handoff", "progress", "ask", "document"]
"""What a frame is on a link: custody up, custody down or back, other history, a request, a published document. What a
unit reports upward goes as a document whose type says so: a release that does not know it keeps it deferred."""

HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)
MAX_PAYLOAD_BYTES = 256 * 1024


class FrameHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Header v1. `case_id` is None for a document; `term` and `seq` are 0 for an ask.

    `prev_hash` is the event hash of the entry before it in the case: in a term's first entry, the base's hash.
    """

    tenant: str
    author: str
    key_id: str
    event_id: UUID
    type: str
    occurred_at: datetime
    payload_hash: bytes
    payload_length: int
    v: Literal[1] = 1
    hash_name: Literal["sha256"] = "sha256"
    schema: int = 1
    case_id: UUID | None = None
    term: int = 0
    seq: int = 0
    prev_hash: bytes = NO_HASH
    audience: str = ""
    papers: tuple[str, ...] = ()


class Frame(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What travels and what is stored: bytes as its author made them. `payload` is None after a lawful erasure."""

    header: bytes
    signature: bytes
    salt: bytes
    payload: bytes | None


class FrameError(ValueError):
    """Bytes that are no frame, or whose payload is not the one its header names. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_header_encoder = msgspec.msgpack.Encoder()
_header_decoder = msgspec.msgpack.Decoder(FrameHeader)
_frame_decoder = msgspec.msgpack.Decoder(Frame)


def encode_header(header: FrameHeader) -> bytes:
    return _header_encoder.encode(header)


def decode_header(data: bytes) -> FrameHeader:
    """Raises FrameError `frame.header_unreadable`."""
    try:
        return _header_decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise FrameError("frame.header_unreadable") from error


def encode_frame(frame: Frame) -> bytes:
    return _header_encoder.encode(frame)


def decode_frame(data: bytes) -> tuple[Frame, FrameHeader]:
    """The frame and its header, with the payload checked against the header. Raises FrameError."""
    try:
        frame = _frame_decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise FrameError("frame.unreadable") from error
    header = decode_header(frame.header)
    if frame.payload is not None:
        if len(frame.payload) != header.payload_length or len(frame.payload) > MAX_PAYLOAD_BYTES:
            raise FrameError("frame.payload_length")
        if payload_hash(frame.salt, frame.payload) != header.payload_hash:
            raise FrameError("frame.payload_hash")
    return frame, header


def payload_hash(salt: bytes, payload: bytes) -> bytes:
    """Salted, so that after the payload and salt are erased nothing can be guessed from the hash."""
    return hashlib.sha256(salt + payload).digest()


def event_hash(header: bytes) -> bytes:
    """What an author signs, and what the next entry of the case names as its `prev_hash`."""
    return hashlib.sha256(b"fed/ev/1" + header).digest()


def link_hash(link: str, epoch: int, number: int, previous: bytes, event: bytes) -> bytes:
    """The chain of a link's log. `link` is `tenant/child/direction`; number n follows the hash of n-1."""
    body = b"fed/ln/1" + link.encode() + b"\0" + epoch.to_bytes(8, "big") + number.to_bytes(8, "big")
    return hashlib.sha256(body + previous + event).digest()
