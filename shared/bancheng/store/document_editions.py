"""Which editions of which documents are here, without their bodies: what tells a process that something arrived.

Owns that query, and the one for the signed frames that a new site begins with. The documents themselves are
documents.py's.
"""

from __future__ import annotations

from datetime import date

import msgspec

from bancheng.schema.frames import Frame, decode_header
from bancheng.store.database import Row, Transaction
from bancheng.store.signing import StoredFrame

MAX_LISTED = 3_000


class KnownFrame(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    edition: int


EDITIONS_KNOWN = """
SELECT kind, edition, effective_on FROM document WHERE tenant = $1 AND kind = ANY($2::text[])
ORDER BY kind, edition DESC LIMIT $3"""


class KnownEdition(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    edition: int
    effective_on: date


DOCUMENT_FRAMES = """
SELECT d.kind, d.edition, f.event_hash, f.header, f.signature, f.salt, f.payload
FROM document d JOIN loose_frame f ON f.tenant = d.tenant AND f.event_hash = d.event_hash
WHERE d.tenant = $1 AND f.tenant = $1 AND d.kind = ANY($2::text[]) AND f.payload IS NOT NULL
ORDER BY d.kind, d.edition LIMIT $3"""


async def document_frames(tx: Transaction, kinds: tuple[str, ...]) -> tuple[tuple[KnownFrame, StoredFrame], ...]:
    """The signed frames of every edition of these kinds, for a site that begins with them."""
    rows = await tx.fetch(DOCUMENT_FRAMES, tx.tenant, list(kinds), MAX_LISTED)
    return tuple((KnownFrame(kind=row[0], edition=row[1]), _frame(row)) for row in rows)


def _frame(row: Row) -> StoredFrame:
    frame = Frame(header=row[3], signature=row[4], salt=row[5], payload=row[6])
    return StoredFrame(header=decode_header(frame.header), frame=frame, hash=row[2])


async def known_editions(tx: Transaction, kinds: tuple[str, ...]) -> tuple[KnownEdition, ...]:
    """Of these kinds, the newest first within each kind."""
    rows = await tx.fetch(EDITIONS_KNOWN, tx.tenant, list(kinds), MAX_LISTED)
    return tuple(KnownEdition(kind=row[0], edition=row[1], effective_on=row[2]) for row in rows)
