"""Frames that the town cannot apply yet, written by the village's own key into the village's own outbox.

Owns making them. They are whole, signed and chained: only what they say is of a release that does not exist.
"""

from __future__ import annotations

import asyncio
import secrets
from uuid import UUID

from bancheng.federation.site import wall_milliseconds, wall_now
from bancheng.kernel.case import Position
from bancheng.schema.events import Actor, NoteAdded
from bancheng.schema.frames import Frame, FrameHeader, encode_header, event_hash, payload_hash
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.store.casebook import load_cases
from bancheng.store.database import Database
from bancheng.store.links import queue_loose
from bancheng.store.signing import Signer, StoredFrame, sign_entry
from tests.support.system import System
from tests.support.tenants import VILLAGE, XIAOSHAN


def queue_from_a_newer_release(system: System, case_id: UUID) -> None:
    """An event of an unknown type and schema, and a plain note that stands on it. The relay finds them by itself."""
    asyncio.run(_queue(system, case_id))


async def _queue(system: System, case_id: UUID) -> None:
    signer = Signer.from_seed("village", system.founded[XIAOSHAN].site_files["village"].signing_seed)
    database = Database(system.owner_urls["village"], pool_size=1)
    try:
        async with database.transaction(XIAOSHAN) as tx:
            head = (await load_cases(tx, [case_id]))[case_id].head
            at = system.clock.now()
            payload = b'{"type":"WeighedOnScales","grams":3}'
            salt = secrets.token_bytes(16)
            header = FrameHeader(
                tenant=XIAOSHAN,
                author="village",
                key_id=signer.key_id,
                event_id=uuid7(wall_now(), secrets.token_bytes(RANDOM_BYTES)),
                type="WeighedOnScales",
                schema=2,
                occurred_at=at,
                payload_hash=payload_hash(salt, payload),
                payload_length=len(payload),
                case_id=case_id,
                term=head.position.term,
                seq=head.position.seq + 1,
                prev_hash=head.hash,
            )
            data = encode_header(header)
            digest = event_hash(data)
            frame = Frame(header=data, signature=signer.sign(digest), salt=salt, payload=payload)
            strange = StoredFrame(header=header, frame=frame, hash=digest)
            note = sign_entry(
                signer,
                tenant=XIAOSHAN,
                event=NoteAdded(
                    at=at,
                    actor=Actor(staff="330109-village-clerk", name="测试", unit=VILLAGE),
                    note_kind="progress",
                    text="称重之后",
                ),
                case_id=case_id,
                position=Position(term=head.position.term, author="village", seq=head.position.seq + 2),
                prev_hash=digest,
                now_wall_ms=wall_milliseconds(),
                random=secrets.token_bytes,
            )
            on_it = StoredFrame(header=note.header, frame=note.frame, hash=note.hash)
            for each in (strange, on_it):
                await queue_loose(tx, "town", "progress", each, now=wall_now())
    finally:
        await database.close()
