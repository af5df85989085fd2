"""What the databases of a system hold, read whole as their owners, tenant by tenant.

Owns the reading and the question whether anything is still on its way. Judging is oracle.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from bancheng.kernel.case import Case
from bancheng.schema.frames import Frame, FrameHeader, decode_header
from bancheng.store.changes import decode_state
from bancheng.store.database import Database, Transaction
from bancheng.store.links import LinkRow, list_links

MAX_ROWS = 5_000_000


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One row of `case_event`: the frame, and the columns that repeat what it says."""

    case_id: UUID
    term: int
    author: str
    seq: int
    event_hash: bytes
    prev_hash: bytes
    type: str
    frame: Frame
    header: FrameHeader


@dataclass(frozen=True, kw_only=True)
class OutRow:
    peer: str
    kind: str
    case_id: UUID | None
    term: int | None
    event_hash: bytes
    epoch: int | None
    number: int | None
    link_hash: bytes | None


@dataclass(frozen=True, kw_only=True)
class InRow:
    peer: str
    epoch: int
    number: int
    kind: str
    case_id: UUID | None
    event_hash: bytes
    link_hash: bytes
    state: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    case: Case
    number: str
    act_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SiteStanding:
    """One tenant's site. `loose` are asks and documents by hash, `asks` the hashes of its own by id."""

    tenant: str
    site: str
    events: list[EventRow]
    cases: dict[UUID, CaseRow]
    outbox: list[OutRow]
    inbox: list[InRow]
    links: dict[str, LinkRow]
    loose: dict[bytes, Frame]
    asks: dict[UUID, bytes]
    equivocations: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """All sites, by tenant and site."""

    sites: dict[tuple[str, str], SiteStanding] = field(default_factory=dict[tuple[str, str], SiteStanding])

    def unrest(self, now: datetime) -> list[str]:
        """What is still on its way, or still to be done at `now` (domain time); empty when all is quiet."""
        left: list[str] = []
        for (tenant, name), site in self.sites.items():
            where = f"{tenant}/{name}"
            unnumbered = sum(row.number is None for row in site.outbox)
            if unnumbered:
                left.append(f"{where}: {unnumbered} frames unnumbered")
            for peer, link in site.links.items():
                if link.receipted_number != link.out_next_number - 1:
                    left.append(f"{where} -> {peer}: {link.receipted_number} of {link.out_next_number - 1} receipted")
                if link.state != "open":
                    left.append(f"{where} - {peer}: {link.state} {link.reason}")
            due = sum(row.act_at is not None and row.act_at <= now for row in site.cases.values())
            if due:
                left.append(f"{where}: {due} cases due")
            deferred = [row for row in site.inbox if row.state == "deferred"]
            left.extend(f"{where}: {row.peer} {row.number} deferred, {row.reason}" for row in deferred[:3])
        return left

    def case(self, tenant: str, site: str, case_id: UUID) -> Case | None:
        row = self.sites[tenant, site].cases.get(case_id)
        return None if row is None else row.case


async def read_standing(owner_urls: Mapping[str, str], services: Mapping[tuple[str, str], str]) -> Standing:
    """`services` says which service hosts which site. Each site is read in one snapshot."""
    standing = Standing()
    databases = {name: Database(url, pool_size=1, application="oracle") for name, url in owner_urls.items()}
    try:
        for (tenant, site), service in services.items():
            async with databases[service].transaction(tenant) as tx:
                await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                standing.sites[tenant, site] = await _read_site(tx, site)
    finally:
        for database in databases.values():
            await database.close()
    return standing


async def _read_site(tx: Transaction, site: str) -> SiteStanding:
    cases = await _rows(tx, "SELECT case_id, number, act_at, state FROM cases")
    links = {row.peer: row for row in await list_links(tx)}
    return SiteStanding(
        tenant=tx.tenant,
        site=site,
        events=[_event(row) for row in await _rows(tx, _EVENTS)],
        cases={row[0]: CaseRow(case=decode_state(row[3]), number=row[1], act_at=row[2]) for row in cases},
        outbox=[OutRow(**dict(zip(_OUT, row, strict=True))) for row in await _rows(tx, _select(_OUT, "outbox", "id"))],
        inbox=[InRow(**dict(zip(_IN, row, strict=True))) for row in await _rows(tx, _select(_IN, "inbox", "number"))],
        links=links,
        loose={row[0]: _frame(row[1:]) for row in await _rows(tx, _LOOSE)},
        asks={row[0]: row[1] for row in await _rows(tx, "SELECT ask_id, event_hash FROM ask")},
        equivocations=len(await _rows(tx, "SELECT id FROM equivocation")),
    )


_EVENTS = """
SELECT case_id, term, author, seq, event_hash, prev_hash, type, header, signature, salt, payload FROM case_event
ORDER BY case_id, term, author, seq"""
_LOOSE = "SELECT event_hash, header, signature, salt, payload FROM loose_frame"
_OUT = tuple(OutRow.__dataclass_fields__)
_IN = tuple(InRow.__dataclass_fields__)


def _select(columns: tuple[str, ...], table: str, order: str) -> str:
    return f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}"


async def _rows(tx: Transaction, statement: str) -> list[Any]:
    # The policy leaves this tenant's rows only: the owner is bound by it as well.
    rows = await tx.fetch(statement)
    assert len(rows) <= MAX_ROWS
    return list(rows)


def _event(row: Any) -> EventRow:
    return EventRow(
        case_id=row[0], term=row[1], author=row[2], seq=row[3], event_hash=row[4], prev_hash=row[5], type=row[6],
        frame=_frame(row[7:]), header=decode_header(row[7]),
    )  # fmt: skip


def _frame(columns: Any) -> Frame:
    return Frame(header=columns[0], signature=columns[1], salt=columns[2], payload=columns[3])
