"""Which papers are here, which are still on their way, and whom to ask for them next, each under its case.

Owns the rows; the bytes are paper_store.py's, and which case has which paper is the case's own. A paper is `complete`
under a case only when its bytes came here for that case: who merely knows a hash and names it in a case of their own
gets nothing (ADR 24). A row that is `storing` names bytes that nobody attached yet: they are removed when nobody does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.store.database import Transaction

PaperState = Literal["storing", "fetching", "missing", "complete"]
"""Being written · on its way from a neighbour · was here and is lost, fetched again · here and whole."""
MAX_PAPERS = 1_000

COLUMNS = "sha256, case_id, state, size, media_type, received_bytes, peer, source, tries, refused_copies, reason"

STORING = """
INSERT INTO paper AS p (tenant, sha256, case_id, state, size, media_type, received_bytes, peer, source, tries,
    next_try_at, refused_copies, reason, known_at)
VALUES ($1, $2, $3, 'storing', $4, $5, 0, '', '', 0, $6, 0, '', $6)
ON CONFLICT (tenant, case_id, sha256) DO UPDATE SET known_at = excluded.known_at WHERE p.state = 'storing'"""
STORED = """
UPDATE paper SET state = 'complete', size = $4, media_type = $5, received_bytes = $4, reason = '', completed_at = $6
WHERE tenant = $1 AND case_id = $2 AND sha256 = $3"""
WANT = """
INSERT INTO paper AS p (tenant, sha256, case_id, state, size, media_type, received_bytes, peer, source, tries,
    next_try_at, refused_copies, reason, known_at)
SELECT $1, wanted.sha256, wanted.case_id, 'fetching', 0, '', 0, wanted.peer, wanted.source, 0, $2, 0, '', $2
FROM unnest($3::text[], $4::uuid[], $5::text[], $6::text[]) AS wanted(sha256, case_id, peer, source)
ON CONFLICT (tenant, case_id, sha256) DO UPDATE SET peer = excluded.peer, source = excluded.source,
    tries = 0, next_try_at = excluded.next_try_at,
    state = CASE p.state WHEN 'storing' THEN 'fetching' ELSE p.state END
WHERE p.state <> 'complete'"""
NEXT_WANTED = f"""
SELECT {COLUMNS} FROM paper
WHERE tenant = $1 AND peer = $2 AND state IN ('fetching', 'missing') AND next_try_at <= $3
ORDER BY next_try_at, sha256, case_id LIMIT 1"""  # noqa: S608  columns named above
NEXT_TRY_AT = """
SELECT next_try_at FROM paper WHERE tenant = $1 AND peer = $2 AND state IN ('fetching', 'missing')
ORDER BY next_try_at LIMIT 1"""
RECEIVED = """
UPDATE paper SET size = $4, received_bytes = $6, reason = '', tries = 0
WHERE tenant = $1 AND case_id = $2 AND sha256 = $3 AND received_bytes = $5 AND state IN ('fetching', 'missing')"""
PUT_OFF = """
UPDATE paper SET reason = $4, peer = $5, source = $6, next_try_at = $7, tries = tries + 1
WHERE tenant = $1 AND case_id = $2 AND sha256 = $3 AND state IN ('fetching', 'missing')"""
REFUSE = """
UPDATE paper SET reason = $4, peer = $5, source = $6, next_try_at = $7, tries = tries + 1, received_bytes = 0,
    size = 0, refused_copies = refused_copies + 1
WHERE tenant = $1 AND case_id = $2 AND sha256 = $3 AND state IN ('fetching', 'missing')"""
START_AGAIN = """
UPDATE paper SET received_bytes = 0, size = 0
WHERE tenant = $1 AND case_id = $2 AND sha256 = $3 AND state IN ('fetching', 'missing')"""
LOST = """
UPDATE paper SET state = 'missing', received_bytes = 0, reason = $3, next_try_at = $6, tries = 0, completed_at = NULL,
    peer = CASE peer WHEN '' THEN $4 ELSE peer END, source = CASE source WHEN '' THEN $5 ELSE source END
WHERE tenant = $1 AND sha256 = $2 AND state = 'complete'"""
TRY_NOW = """
UPDATE paper SET next_try_at = $3
WHERE tenant = $1 AND peer = $2 AND state IN ('fetching', 'missing') AND next_try_at > $3"""
OF_CASE = f"SELECT {COLUMNS} FROM paper WHERE tenant = $1 AND case_id = $2 LIMIT $3"  # noqa: S608  the same
WAITING = """
SELECT count(*), coalesce(sum(greatest(size - received_bytes, 0)), 0)::bigint, min(known_at), coalesce(
    sum(refused_copies), 0)::bigint
FROM paper WHERE tenant = $1 AND state IN ('fetching', 'missing')"""
UNATTACHED = """
SELECT sha256, case_id FROM paper WHERE tenant = $1 AND state = 'storing' AND known_at < $2
ORDER BY known_at LIMIT $3 FOR UPDATE SKIP LOCKED"""
FORGET = "DELETE FROM paper WHERE tenant = $1 AND case_id = $2 AND sha256 = $3 AND state = 'storing'"
IS_NAMED_ELSEWHERE = "SELECT 1 FROM paper WHERE tenant = $1 AND sha256 = $2 AND case_id <> $3 LIMIT 1"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask: `source` is the site that has the paper, `peer` the neighbour through which it is reached. They are
    the same, but for a sealed case, whose papers no neighbour may keep that must not read it. Both empty: nobody.
    """

    peer: str = ""
    source: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A paper that an entry of a case names, and where it can be had."""

    sha256: str
    case_id: UUID
    peer: str
    source: str


class PaperRow(msgspec.Struct, frozen=True, kw_only=True):
    """One paper of one case. `peer` and `source`: see `Source`.

    Sizes in bytes; `size` 0: not told yet. `refused_copies`: how many did not match their hash.
    """

    sha256: str
    case_id: UUID
    state: PaperState
    size: int
    media_type: str
    received_bytes: int
    peer: str
    source: str
    tries: int
    refused_copies: int
    reason: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Papers that are not here yet: how many, how many bytes are known to be missing, since when the oldest."""

    papers: int
    bytes: int
    oldest_known_at: datetime | None
    refused_copies: int


async def begin_storing(
    tx: Transaction, sha256: str, case_id: UUID, *, size: int, media_type: str, now: datetime
) -> None:
    """Say that bytes are about to be written. Commit this before writing them."""
    await tx.execute(STORING, tx.tenant, sha256, case_id, size, media_type, now)


async def paper_stored(
    tx: Transaction, sha256: str, case_id: UUID, *, size: int, media_type: str, now: datetime
) -> bool:
    """The bytes are here and whole. False when nobody said that they would come: write them again."""
    return await tx.execute(STORED, tx.tenant, case_id, sha256, size, media_type, now) > 0


async def want_papers(tx: Transaction, wanted: Iterable[Wanted], *, now: datetime) -> None:
    """Papers that entries of neighbours name. What came here for the same case stays as it is."""
    unique = {(each.sha256, each.case_id): each for each in wanted}
    rows = [unique[key] for key in sorted(unique)]
    columns = ([getattr(each, name) for each in rows] for name in ("sha256", "case_id", "peer", "source"))
    await tx.execute(WANT, tx.tenant, now, *columns)


async def next_wanted(tx: Transaction, peer: str, *, now: datetime) -> PaperRow | None:
    """The paper that has waited longest for its turn with this neighbour."""
    row = await tx.fetch_one(NEXT_WANTED, tx.tenant, peer, now)
    return None if row is None else _paper(*row)


async def next_try_at(tx: Transaction, peer: str) -> datetime | None:
    """When this neighbour is to be asked again; None when nothing is wanted of it."""
    row = await tx.fetch_one(NEXT_TRY_AT, tx.tenant, peer)
    return None if row is None else row[0]


async def part_received(tx: Transaction, paper: PaperRow, *, size: int, received_bytes: int) -> bool:
    """False when another process was faster: then this one's turn is over."""
    values = (paper.case_id, paper.sha256, size, paper.received_bytes, received_bytes)
    return await tx.execute(RECEIVED, tx.tenant, *values) > 0


async def put_off(tx: Transaction, paper: PaperRow, *, reason: str, ask: Source, until: datetime) -> None:
    """Asked in vain: ask there after `until`. There is no end of tries."""
    await tx.execute(PUT_OFF, tx.tenant, paper.case_id, paper.sha256, reason, ask.peer, ask.source, until)


async def refuse_copy(tx: Transaction, paper: PaperRow, *, reason: str, ask: Source, until: datetime) -> None:
    """A copy that does not match its hash: counted, and fetched again from the beginning."""
    await tx.execute(REFUSE, tx.tenant, paper.case_id, paper.sha256, reason, ask.peer, ask.source, until)


async def start_again(tx: Transaction, paper: PaperRow) -> None:
    """Pieces that were received are not here any more; nobody is to blame."""
    await tx.execute(START_AGAIN, tx.tenant, paper.case_id, paper.sha256)


async def paper_lost(tx: Transaction, sha256: str, *, reason: str, ask: Source, now: datetime) -> bool:
    """Bytes that should be here are not, or are not what their name says: every case that has them fetches them again.

    `ask` is for those that were uploaded here; the others go to where they came from.
    """
    return await tx.execute(LOST, tx.tenant, sha256, reason, ask.peer, ask.source, now) > 0


async def try_now(tx: Transaction, peer: str, *, now: datetime) -> int:
    """A neighbour is back: what had been put off is asked for at once."""
    return await tx.execute(TRY_NOW, tx.tenant, peer, now)


async def papers_of_case(tx: Transaction, case_id: UUID) -> dict[str, PaperRow]:
    """Those of the case that are known here, by their hash, at most MAX_PAPERS."""
    rows = await tx.fetch(OF_CASE, tx.tenant, case_id, MAX_PAPERS)
    return {row[0]: _paper(*row) for row in rows}


async def waiting_papers(tx: Transaction) -> Waiting:
    """Of the whole site."""
    row = await tx.fetch_one(WAITING, tx.tenant)
    papers, missing, oldest, refused = (0, 0, None, 0) if row is None else row
    return Waiting(papers=papers, bytes=missing, oldest_known_at=oldest, refused_copies=refused)


async def unattached(tx: Transaction, *, before: datetime, limit: int = 100) -> list[tuple[str, UUID]]:
    """Bytes that were to be attached to a case before then and never were. Locked until the commit."""
    return [(row[0], row[1]) for row in await tx.fetch(UNATTACHED, tx.tenant, before, limit)]


async def is_named_elsewhere(tx: Transaction, sha256: str, case_id: UUID) -> bool:
    """Whether another case has the same bytes, or is about to: then they stay."""
    return await tx.fetch_one(IS_NAMED_ELSEWHERE, tx.tenant, sha256, case_id) is not None


async def forget_unattached(tx: Transaction, sha256: str, case_id: UUID) -> None:
    """After its bytes were removed."""
    await tx.execute(FORGET, tx.tenant, case_id, sha256)


def _paper(*values: object) -> PaperRow:
    return PaperRow(**dict(zip(PaperRow.__struct_fields__, values, strict=True)))  # pyright: ignore[reportArgumentType]
