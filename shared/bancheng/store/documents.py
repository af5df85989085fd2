"""Published documents as they were received: directory, profile, calendar and the like, every edition.

Owns their rows. What an edition says, and which unit or site it names, is its reader's to decode.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from bancheng.schema.documents import Document, DocumentKind
from bancheng.store.database import Row, Transaction
from bancheng.store.errors import DocumentConflict

MAX_EDITIONS = 1_000


class StoredDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One edition, the frame that brought it and the site that signed it."""

    document: Document
    event_hash: bytes
    author: str
    received_at: datetime


_COLUMNS = "kind, edition, effective_on, body, event_hash, author, received_at"
STORE = """
WITH stored AS (
    INSERT INTO document (tenant, kind, edition, effective_on, body, event_hash, author, received_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, kind, edition) DO NOTHING RETURNING 1
)
SELECT count(*) FROM stored"""
# Column names of our own, written above: nothing of a user's reaches these texts.
EDITION = f"SELECT {_COLUMNS} FROM document WHERE tenant = $1 AND kind = $2 AND edition = $3"  # noqa: S608
NEWEST = f"""
SELECT {_COLUMNS} FROM document WHERE tenant = $1 AND kind = $2 AND effective_on <= $3
ORDER BY edition DESC LIMIT 1"""  # noqa: S608
EDITIONS = f"SELECT {_COLUMNS} FROM document WHERE tenant = $1 AND kind = $2 ORDER BY edition DESC LIMIT $3"  # noqa: S608


async def store_document(tx: Transaction, document: Document, *, event_hash: bytes, author: str, now: datetime) -> bool:
    """Keep one edition. False when the same stands there already; raises DocumentConflict when it is another."""
    row = await tx.fetch_one(
        STORE, tx.tenant, document.kind, document.edition, document.effective_on, document.body, event_hash, author, now
    )
    if row is not None and row[0] == 1:
        return True
    # A statement of its own: it sees what a concurrent transaction has just committed.
    known = await edition(tx, document.kind, document.edition)
    if known is None or known.event_hash != event_hash:
        raise DocumentConflict(kind=document.kind, edition=document.edition)
    return False


async def newest(tx: Transaction, kind: DocumentKind, on: date) -> StoredDocument | None:
    """The highest edition that is in effect on a day."""
    row = await tx.fetch_one(NEWEST, tx.tenant, kind, on)
    return None if row is None else _document(row)


async def edition(tx: Transaction, kind: DocumentKind, number: int) -> StoredDocument | None:
    row = await tx.fetch_one(EDITION, tx.tenant, kind, number)
    return None if row is None else _document(row)


async def editions(tx: Transaction, kind: DocumentKind, limit: int = MAX_EDITIONS) -> list[StoredDocument]:
    """The newest editions, in effect or not, newest first: a case keeps the edition it was registered under."""
    return [_document(row) for row in await tx.fetch(EDITIONS, tx.tenant, kind, min(limit, MAX_EDITIONS))]


def _document(row: Row) -> StoredDocument:
    document = Document(kind=row[0], edition=row[1], effective_on=row[2], body=row[3])
    return StoredDocument(document=document, event_hash=row[4], author=row[5], received_at=row[6])
