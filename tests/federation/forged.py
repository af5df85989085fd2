"""Frames as a broken or dishonest peer would send them, put into a mailbox with the production's own publisher."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from bancheng.federation.jetstream import Outgoing, publish_batch, stream_state
from bancheng.kernel.case import Position
from bancheng.schema.events import NoteAdded
from bancheng.schema.frames import Frame, FrameHeader, Kind, encode_frame, encode_header, event_hash, link_hash
from bancheng.schema.messages import link_name
from bancheng.schema.subjects import (
    HEADER_EPOCH,
    HEADER_HEAD_SIGNATURE,
    HEADER_KIND,
    HEADER_LINK_HASH,
    log_subject,
    stream_name,
)
from bancheng.store.signing import Signer, StoredEntry, sign_entry
from tests.support.tiers import START, TOWN, VILLAGE, clerk

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from bancheng.federation.client import NatsClient
    from tests.federation.linked_sites import LinkedSites


def note_frame(
    linked: LinkedSites, case_id: UUID, *, seq: int, prev_hash: bytes, text: str = "", author: str = VILLAGE
) -> StoredEntry:
    """A note of the first term, signed by its author."""
    return sign_entry(
        linked.signers[author],
        tenant=linked.tenant,
        event=NoteAdded(at=START, actor=clerk(author), note_kind="progress", text=text or secrets.token_hex(4)),
        case_id=case_id,
        position=Position(term=1, author=author, seq=seq),
        prev_hash=prev_hash,
        now_wall_ms=1_772_416_800_000,
        random=secrets.token_bytes,
    )


def resigned(signer: Signer, header: FrameHeader, frame: Frame) -> Frame:
    """The frame with another header, signed anew by its author."""
    data = encode_header(header)
    return msgspec.structs.replace(frame, header=data, signature=signer.sign(event_hash(data)))


class Pen:
    """Writes to the village's mailbox in the village's name, from where the town stands."""

    def __init__(self, linked: LinkedSites, client: NatsClient) -> None:
        self._linked = linked
        self._client = client

    async def message(self, number: int, head: bytes, frame: Frame, kind: Kind = "progress") -> Outgoing:
        """What an honest relay would send for that frame."""
        name = link_name(self._linked.tenant, VILLAGE, "up")
        chained = link_hash(name, 1, number, head, event_hash(frame.header))
        headers = {
            HEADER_KIND: kind,
            HEADER_EPOCH: "1",
            HEADER_LINK_HASH: chained.hex(),
            HEADER_HEAD_SIGNATURE: self._linked.signers[VILLAGE].sign(chained).hex(),
        }
        return Outgoing(data=encode_frame(frame), headers=headers)

    async def next_message(self, frame: Frame, kind: Kind = "progress") -> Outgoing:
        row = await self._linked.link(TOWN, VILLAGE)
        return await self.message(row.in_number + 1, row.in_head, frame, kind)

    async def publish(self, messages: Sequence[Outgoing]) -> int:
        last = (await stream_state(self._client, stream_name(VILLAGE, "up"))).last_number
        subject = log_subject(self._linked.tenant, VILLAGE, "up")
        return await publish_batch(self._client, subject, messages, expected_last=last)

    async def send(self, frame: Frame, kind: Kind = "progress") -> None:
        await self.publish([await self.next_message(frame, kind)])


@asynccontextmanager
async def pen_of(linked: LinkedSites) -> AsyncGenerator[Pen]:
    """With a connection of the village's; the village's own relay must not run meanwhile."""
    client = linked.client(VILLAGE)
    client.start()
    assert await client.wait_connected(10)
    try:
        yield Pen(linked, client)
    finally:
        await client.stop()
