"""Fetching the papers that entries from a neighbour name, piece by piece, until each is here and matches its hash.

Owns the order of asking, resuming, patience and what is done with a wrong copy. Goes on for ever, behind the frames.
Must not know who may see a paper.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from datetime import timedelta

import msgspec

from bancheng.federation.desk import neighbours_of
from bancheng.federation.errors import NoAnswer, NobodyListens, NotConnected
from bancheng.federation.link_parts import LinkParts
from bancheng.federation.paper_wire import PaperAnswerUnreadable, PaperRequestRefused, read_answer, request_bytes
from bancheng.federation.site import HostedSite
from bancheng.federation.timing import jittered
from bancheng.federation.worker import Worker
from bancheng.kernel.audience import readers_of
from bancheng.schema.events import SYSTEM_STAFF
from bancheng.schema.messages import MAX_PAPER_BYTES, MAX_PIECE_BYTES, PaperAsk, PaperNotGiven, PaperPiece
from bancheng.store.accounts import record_audit
from bancheng.store.casebook import load_cases
from bancheng.store.changes import AuditRecord
from bancheng.store.errors import PaperGone
from bancheng.store.paper_store import PaperStore
from bancheng.store.paper_types import HEAD_BYTES, type_of
from bancheng.store.papers import (
    PaperRow,
    Source,
    next_try_at,
    next_wanted,
    paper_stored,
    part_received,
    put_off,
    refuse_copy,
    start_again,
    try_now,
)

ANSWER_SECONDS = 10.0
LEAST_PIECE_BYTES = 4 * 1024
"""On a line of 1 kB/s such a piece still comes in time."""
FIRST_PIECE_BYTES = 32 * 1024
QUICK_SECONDS = 1.0
"""Pieces grow while they come as soon as that."""
MOST_PUT_OFF_SECONDS = 30.0
AT_ONCE = 4
"""Papers of one site that are fetched at a time, over all its links."""

_log = logging.getLogger(__name__)


class PaperFetching:
    """One per link and process: one paper at a time. Two of them on one link harm nothing: one advances."""

    def __init__(self, parts: LinkParts, papers: PaperStore, turns: asyncio.Semaphore) -> None:
        self._parts = parts
        self._papers = papers
        self._turns = turns
        self._subject = parts.subject(parts.peer.outgoing, "paper")
        self._piece_bytes = FIRST_PIECE_BYTES
        self._session = 0
        self.worker = Worker(
            f"papers {parts.name}", self._fetch_next, timing=parts.timing, code="paper.fetching_failed",
            on_trouble=self._in_trouble,
        )  # fmt: skip

    def _in_trouble(self, trouble: Exception) -> None:
        if isinstance(trouble, (NoAnswer, NotConnected)):
            self._piece_bytes = max(LEAST_PIECE_BYTES, self._piece_bytes // 2)

    async def _fetch_next(self) -> float:
        """One paper, as far as it comes. Returns after how many seconds the next one is to be asked for."""
        await self._parts.connected()
        session = self._parts.client.generation
        if session != self._session or self.worker.trouble:
            async with self._parts.transaction() as tx:
                await try_now(tx, self._parts.peer.site, now=self._parts.hosted().wall_now())
            self._session = session
        now = self._parts.hosted().wall_now()
        async with self._turns:
            async with self._parts.transaction() as tx:
                wanted = await next_wanted(tx, self._parts.peer.site, now=now)
                at = None if wanted is not None else await next_try_at(tx, self._parts.peer.site)
            if wanted is not None:
                await self._fetch(wanted)
                return 0.0
        look = jittered(self._parts.timing.check)
        return look if at is None else max(self._parts.timing.retry_least, min(look, (at - now).total_seconds()))

    async def _fetch(self, wanted: PaperRow) -> None:
        while wanted.size == 0 or wanted.received_bytes < wanted.size:
            await self._parts.traffic.let_frames_go_first()
            try:
                answer = await self._ask(wanted)
            except (PaperAnswerUnreadable, PaperRequestRefused) as refused:
                await self._put_off(wanted, refused.code)
                return
            except (NoAnswer, NobodyListens) as silent:
                await self._put_off(wanted, silent.code)
                raise
            if isinstance(answer, PaperNotGiven):
                await self._put_off(wanted, answer.code)
                return
            if not _follows(answer, wanted):
                await self._refuse(wanted, "paper.piece_differs")
                return
            further = await self._keep(wanted, answer)
            if further is None:
                return
            wanted = further
        await self._finish(wanted)

    async def _ask(self, wanted: PaperRow) -> PaperPiece | PaperNotGiven:
        site, loop = self._parts.hosted(), asyncio.get_running_loop()
        ask = PaperAsk(
            case_id=wanted.case_id,
            sha256=wanted.sha256,
            start=wanted.received_bytes,
            most_bytes=self._piece_bytes,
            doubts=wanted.refused_copies > 0,
        )
        asked_at = loop.time()
        data = request_bytes(site, wanted.source, self._parts.peer.site, ask)
        answer = await self._parts.client.request(self._subject, data, timeout_seconds=ANSWER_SECONDS)
        if loop.time() - asked_at < QUICK_SECONDS:
            self._piece_bytes = min(MAX_PIECE_BYTES, self._piece_bytes * 2)
        return read_answer(site, wanted.source, self._parts.peer.site, answer)

    async def _keep(self, wanted: PaperRow, piece: PaperPiece) -> PaperRow | None:
        """The paper with this piece; None when another process goes on with it."""
        await self._papers.keep_part(self._parts.tenant, wanted.sha256, wanted.case_id, piece.start, piece.data)
        received = piece.start + len(piece.data)
        # Not flushed: after a power cut a piece is asked for again.
        async with self._parts.transaction(durable=False) as tx:
            if not await part_received(tx, wanted, size=piece.size, received_bytes=received):
                return None
        return msgspec.structs.replace(wanted, size=piece.size, received_bytes=received)

    async def _finish(self, wanted: PaperRow) -> None:
        """All pieces are here: one paper if they match its hash, otherwise begun again."""
        found, size, head = hashlib.sha256(), 0, b""
        try:
            async for piece in self._papers.parts(self._parts.tenant, wanted.sha256, wanted.case_id):
                found.update(piece)
                size += len(piece)
                head = head or piece[:HEAD_BYTES]
        except PaperGone:
            size = 0
        if size < wanted.size:
            await self._papers.drop_parts(self._parts.tenant, wanted.sha256, wanted.case_id)
            async with self._parts.transaction() as tx:
                await start_again(tx, wanted)
            return
        if found.hexdigest() != wanted.sha256:
            await self._refuse(wanted, "paper.hash_differs")
            return
        await self._papers.keep(
            self._parts.tenant, wanted.sha256, self._papers.parts(self._parts.tenant, wanted.sha256, wanted.case_id)
        )
        async with self._parts.transaction() as tx:
            now = self._parts.hosted().wall_now()
            await paper_stored(tx, wanted.sha256, wanted.case_id, size=size, media_type=type_of(head), now=now)
        await self._papers.drop_parts(self._parts.tenant, wanted.sha256, wanted.case_id)

    async def _put_off(self, wanted: PaperRow, code: str) -> None:
        """Asked in vain: the next time somebody else, if there is one."""
        site = self._parts.hosted()
        ask = await self._somebody_else(site, wanted)
        async with self._parts.transaction() as tx:
            await put_off(tx, wanted, reason=code, ask=ask, until=site.wall_now() + self._pause(wanted.tries))

    async def _refuse(self, wanted: PaperRow, code: str) -> None:
        """A wrong copy leaves nothing but its record, and is fetched again: from somebody else, if there is one."""
        site = self._parts.hosted()
        _log.warning("copy of a paper refused", extra={"peer": self._parts.peer.site, "code": code})
        await self._papers.drop_parts(self._parts.tenant, wanted.sha256, wanted.case_id)
        ask = await self._somebody_else(site, wanted)
        record = AuditRecord(
            staff_id=SYSTEM_STAFF, unit="", action="paper_refused", case_id=wanted.case_id,
            detail=f"{code} {self._parts.peer.site} {wanted.sha256}",
        )  # fmt: skip
        async with self._parts.transaction() as tx:
            await refuse_copy(tx, wanted, reason=code, ask=ask, until=site.wall_now() + self._pause(wanted.tries))
            await record_audit(tx, [record], now=site.wall_now())

    async def _somebody_else(self, site: HostedSite, wanted: PaperRow) -> Source:
        """The next neighbour that has the case, in turn; a sealed case's papers only come from where they came."""
        same = Source(peer=wanted.peer, source=wanted.source)
        async with self._parts.transaction() as tx:
            case = (await load_cases(tx, [wanted.case_id])).get(wanted.case_id)
        if case is None or readers_of(case, site.site, site.jurisdiction):
            return same
        neighbours = sorted(neighbours_of(site, case))
        after = [each for each in neighbours if each > wanted.peer] or neighbours
        return Source(peer=after[0], source=after[0]) if after else same

    def _pause(self, tries: int) -> timedelta:
        """Doubling, capped and jittered; there is no end of tries."""
        seconds = min(MOST_PUT_OFF_SECONDS, self._parts.timing.retry_least * 2 ** min(tries, 16))
        return timedelta(seconds=seconds * random.uniform(0.5, 1.0))  # noqa: S311 - jitter


def _follows(piece: PaperPiece, wanted: PaperRow) -> bool:
    """Whether it is the piece that was asked for, of a paper that does not change its size."""
    fits = piece.sha256 == wanted.sha256 and piece.start == wanted.received_bytes
    grows = 0 < len(piece.data) <= MAX_PIECE_BYTES and piece.start + len(piece.data) <= piece.size <= MAX_PAPER_BYTES
    return fits and grows and wanted.size in {0, piece.size}
