"""Giving papers to neighbours: a piece at a time, to sites that take part in a case that has the paper, to no others.

Owns who is given what. A request for another site is passed on towards it, unread. Must not know how papers come here.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from bancheng.federation.desk import neighbours_of
from bancheng.federation.errors import LinkTrouble
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.paper_wire import (
    PaperAnswer,
    PaperRequestRefused,
    Requested,
    answer_bytes,
    read_ask,
    read_request,
    refusal_bytes,
)
from bancheng.federation.site import HostedSite
from bancheng.kernel.audience import readers_of
from bancheng.kernel.case import Case
from bancheng.schema.events import papers_named
from bancheng.schema.messages import MAX_PIECE_BYTES, PaperAsk, PaperNotGiven, PaperPiece
from bancheng.store.casebook import load_cases, load_entries
from bancheng.store.database import Transaction
from bancheng.store.errors import EntryErased, PaperGone, StoreError, TooManyEntries
from bancheng.store.paper_store import PaperStore
from bancheng.store.papers import PaperRow, Source, paper_lost, papers_of_case

PassOn = Callable[[str, str, bytes], Awaitable[bytes]]
"""Given the site meant, the neighbour the request came from, and the request; its answer. Raises LinkTrouble."""

_log = logging.getLogger(__name__)


class PaperAnswers:
    """One per link and process."""

    def __init__(self, parts: LinkParts, papers: PaperStore, pass_on: PassOn) -> None:
        self._parts = parts
        self._papers = papers
        self._pass_on = pass_on
        self._subject = parts.subject(parts.peer.incoming, "paper")

    async def serve(self) -> None:
        await self._parts.client.serve(self._subject, self.answer)

    async def stop_serving(self) -> None:
        await self._parts.client.stop_serving(self._subject)

    async def answer(self, data: bytes) -> bytes:
        """A piece, or why there is none."""
        site = self._parts.hosted()
        try:
            requested = read_request(site, data)
            if requested.at != site.site:
                return await self._pass_on(requested.at, self._parts.peer.site, data)
            ask = read_ask(site, requested, self._parts.peer.site)
            answer = await self._give(site, requested, ask)
            await self._parts.traffic.let_frames_go_first()
            return answer_bytes(site, requested.reader, self._parts.peer.site, answer)
        except PaperRequestRefused as refused:
            _log.warning("paper request refused", extra={"peer": self._parts.peer.site, "code": refused.code})
            return refusal_bytes(refused.code)
        except (LinkTrouble, StoreError) as trouble:
            return refusal_bytes(trouble.code)

    async def _give(self, site: HostedSite, requested: Requested, ask: PaperAsk) -> PaperAnswer:
        async with self._parts.transaction() as tx:
            case = (await load_cases(tx, [ask.case_id])).get(ask.case_id)
            if case is None or not self._takes_part(site, case, requested.reader):
                return PaperNotGiven(code="paper.not_yours")
            if not (case.record.has_paper(ask.sha256) or await _is_named(tx, ask)):
                return PaperNotGiven(code="paper.not_yours")
            # Only what came here for this very case: that a case names a hash proves nothing (ADR 24).
            row = (await papers_of_case(tx, ask.case_id)).get(ask.sha256)
        if row is None or row.state != "complete":
            return PaperNotGiven(code="paper.not_here_yet")
        if ask.doubts and ask.start == 0 and not await self._papers.is_whole(site.tenant, ask.sha256):
            await self._lost(site, case, row, "paper.hash_differs")
            return PaperNotGiven(code="paper.not_here_yet")
        return await self._piece(site, case, row, ask)

    async def _piece(self, site: HostedSite, case: Case, row: PaperRow, ask: PaperAsk) -> PaperAnswer:
        start, most = max(0, ask.start), max(1, min(ask.most_bytes, MAX_PIECE_BYTES))
        try:
            data = await self._papers.read(site.tenant, ask.sha256, start, most)
        except PaperGone as gone:
            await self._lost(site, case, row, gone.code)
            return PaperNotGiven(code="paper.not_here_yet")
        return PaperPiece(sha256=ask.sha256, size=row.size, start=start, data=data)

    def _takes_part(self, site: HostedSite, case: Case, reader: str) -> bool:
        """A sealed case's papers go to its readers, however far; any other case's to the neighbours that have it."""
        readers = readers_of(case, site.site, site.jurisdiction)
        if readers:
            return reader in readers
        return reader == self._parts.peer.site and reader in neighbours_of(site, case)

    async def _lost(self, site: HostedSite, case: Case, row: PaperRow, code: str) -> None:
        """Our own copy is gone or broken: it is fetched from whoever else takes part."""
        _log.error("paper lost", extra={"tenant": site.tenant, "code": code})
        neighbour = min(neighbours_of(site, case) - {self._parts.peer.site}, default=self._parts.peer.site)
        ask = Source(peer=row.peer or neighbour, source=row.source or neighbour)
        # In this order: what is fetched once the row says so must not be removed.
        await self._papers.remove(site.tenant, row.sha256)
        async with self._parts.transaction() as tx:
            await paper_lost(tx, row.sha256, reason=code, ask=ask, now=site.wall_now())


async def _is_named(tx: Transaction, ask: PaperAsk) -> bool:
    """Whether an entry that is not on the case's main line brought the paper: it is evidence all the same."""
    try:
        entries = await load_entries(tx, ask.case_id)
    except (EntryErased, TooManyEntries):
        return False
    return any(ask.sha256 in papers_named(each.event) for each in entries)
