"""What arrives from a peer becomes part of the cases here, in the order of the link, in the caller's transaction.

Owns where an entry is placed (main line, late, or not yet), what this site does about it by itself (receive what
is granted to it, file what is late), and what becomes of asks and documents. The pipe has checked number, chain
and signatures before; here it is checked that the author may say what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from bancheng.federation.arrivals import Applied, AppliedState, Arrived
from bancheng.federation.asks import apply_ask
from bancheng.federation.carrying import audience_sites, carry, is_carried, opened
from bancheng.federation.desk import Desk
from bancheng.federation.publication import apply_document
from bancheng.federation.reports import REPORT_TYPES, apply_report
from bancheng.federation.site import HostedSite, Peer, UnknownEdition
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.history import extends, lines, state_of
from bancheng.kernel.rejected import Rejected
from bancheng.schema.events import CaseEvent, Received, Registered, TakenOver, decode_event, papers_named
from bancheng.schema.frames import NO_HASH, Frame, FrameHeader, decode_frame, event_hash
from bancheng.store.alerts import TRANSIT_LATE, clear_alerts
from bancheng.store.casebook import CaseChange, append, load_cases, load_entries
from bancheng.store.database import Transaction
from bancheng.store.link_resolution import is_known_equivocation
from bancheng.store.links import DeferredFrame, deferred_of_cases, settle_inbox
from bancheng.store.paper_store import is_paper_hash
from bancheng.store.papers import Wanted, want_papers
from bancheng.store.sealing import NotForUs
from bancheng.store.signing import StoredEntry

BASE_UNKNOWN = "history.base_unknown"


class Equivocated(Exception):
    """Two entries of which only one can be honest: the link stops and both are kept."""

    code = "case.equivocation"

    def __init__(self, peer: str, number: int, known: Frame, other: Frame) -> None:
        super().__init__(f"{self.code} at frame {number} of {peer}")
        self.peer = peer
        self.number = number
        self.known = known
        self.other = other


class NotYet(Exception):
    """The entry cannot be placed now: it is kept, and tried again when something new arrives for its case."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Placing:
    """The cases that one batch touches, while its entries are placed in them."""

    def __init__(self, tx: Transaction, site: HostedSite, desks: dict[UUID, Desk]) -> None:
        self._tx = tx
        self._site = site
        self._desks = desks
        self._histories: dict[UUID, list[StoredEntry]] = {}
        self._papers: set[Wanted] = set()

    def desk(self, case_id: UUID) -> Desk:
        if case_id not in self._desks:
            self._desks[case_id] = Desk(self._site, case_id, None)
        return self._desks[case_id]

    async def history(self, case_id: UUID) -> list[StoredEntry]:
        """All entries of the case: those stored before, read once, and those of this batch."""
        if case_id not in self._histories:
            self._histories[case_id] = await load_entries(self._tx, case_id)
        return [*self._histories[case_id], *self.desk(case_id).entries]

    async def place(self, arrived: Arrived, source: str) -> Applied:
        """One entry of a case, from the peer `source`. What cannot be placed is deferred. Raises Equivocated."""
        header = arrived.header
        if header.case_id is None:
            return Applied(number=arrived.number, state="deferred", reason="frame.no_case")
        desk = self.desk(header.case_id)
        self._want(header.papers, header, source)
        try:
            payload = opened(arrived.frame, header, self._site)
            stored = StoredEntry(
                header=header,
                frame=arrived.frame,
                hash=arrived.event_hash,
                event=_authentic_event(payload, header, self._site),
                opened=payload if header.audience else None,
            )
            self._want(papers_named(stored.event), header, source)
            state = await self._stand(desk, stored, arrived.number, source)
        except (NotYet, NotForUs, UnknownEdition) as reason:
            return Applied(number=arrived.number, state="deferred", reason=reason.code)
        return Applied(number=arrived.number, state=state, reason=_received(desk))

    def _want(self, papers: Sequence[str], header: FrameHeader, peer: str) -> None:
        """A paper comes from the neighbour that the entry came from; a sealed case's from its author, past those who
        must not read it.
        """
        if header.case_id is not None:
            source = header.author if header.audience else peer
            self._papers |= {
                Wanted(sha256=each, case_id=header.case_id, peer=peer, source=source)
                for each in papers
                if is_paper_hash(each)
            }

    async def _stand(self, desk: Desk, stored: StoredEntry, number: int, source: str) -> AppliedState:
        if not (_begins(stored) if desk.case is None else extends(desk.case, stored.entry)):
            return await self._stand_elsewhere(desk, stored, number, source)
        desk.carry_on(stored)
        desk.keep(stored, source=source)
        return "applied"

    async def _stand_elsewhere(self, desk: Desk, stored: StoredEntry, number: int, source: str) -> AppliedState:
        """A duplicate, a late entry, or a takeover that cuts the line further back."""
        known = await self.history(desk.case_id)
        for each in known:
            if each.hash == stored.hash:
                return "duplicate"
            if _excludes(each, stored):
                # Once a link has stopped for it and was resolved, only the case waits.
                if await is_known_equivocation(self._tx, stored.hash):
                    raise NotYet(Equivocated.code)
                raise Equivocated(source, number, each.frame, stored.frame)
        found = lines([*(each.entry for each in known), stored.entry])
        if any(entry.hash == stored.hash for entry in found.unplaced):
            raise NotYet(BASE_UNKNOWN)
        desk.case = state_of(found)
        desk.keep(stored, source=source)
        return "late" if any(entry.hash == stored.hash for entry in found.late) else "applied"

    async def settle(self) -> int:
        """Try again what was deferred, file what is late, and store every case that changed, in one statement.

        Returns how many deferred frames wait no longer.
        """
        touched = list(self._desks)
        waiting = await deferred_of_cases(self._tx, touched) if touched else {}
        placed = 0
        for desk in list(self._desks.values()):
            placed += await self._retry_deferred(waiting.get(desk.case_id, []))
            if desk.may_file_late():
                desk.file_late(await self.history(desk.case_id))
        changes: list[CaseChange] = []
        for desk in self._desks.values():
            if desk.is_changed:
                older = await self._older(desk) if desk.joined else ()
                changes.append(desk.change(older))
        arrived = [desk.case_id for desk in self._desks.values() if desk.has_arrived]
        if arrived:
            await clear_alerts(self._tx, arrived, TRANSIT_LATE, at=self._site.now())
        if changes:
            await append(self._tx, changes, now=self._site.wall_now())
        if self._papers:
            await want_papers(self._tx, self._papers, now=self._site.wall_now())
        return placed

    async def _older(self, desk: Desk) -> Sequence[StoredEntry]:
        await self.history(desk.case_id)
        return self._histories[desk.case_id]

    async def _retry_deferred(self, waiting: list[DeferredFrame]) -> int:
        """How many wait no longer. Each round must place at least one, so the rounds are bounded by what waits."""
        count = len(waiting)
        for _ in range(len(waiting)):
            still: list[DeferredFrame] = []
            for each in waiting:
                applied = await self._again(each)
                if applied.state == "deferred":
                    still.append(each)
                if (applied.state, applied.reason) != ("deferred", each.reason):
                    await settle_inbox(
                        self._tx, each.peer, each.epoch, each.number, applied.state, reason_kept(applied)
                    )
            if len(still) == len(waiting):
                break
            waiting = still
        return count - len(waiting)

    async def _again(self, waiting: DeferredFrame) -> Applied:
        """A frame that was taken in before, as when it came."""
        arrived = arrived_again(waiting)
        if waiting.kind != "ask":
            return await self.place(arrived, waiting.peer)
        peer = self._site.peer(waiting.peer)
        if peer is None or arrived.header.case_id is None:
            return Applied(number=waiting.number, state="deferred", reason=waiting.reason)
        return await apply_ask(self._tx, self._site, peer, arrived, self.desk(arrived.header.case_id))


def arrived_again(waiting: DeferredFrame) -> Arrived:
    """Raises FrameError while no release here can read it."""
    frame, header = decode_frame(waiting.frame)
    return Arrived(
        number=waiting.number,
        epoch=waiting.epoch,
        kind=waiting.kind,
        frame=frame,
        header=header,
        event_hash=event_hash(frame.header),
        link_hash=NO_HASH,
    )


def reason_kept(applied: Applied) -> str:
    """What is told of a frame that was tried again: why it waits or was refused, and nothing of one that stands."""
    return applied.reason if applied.state in {"deferred", "rejected"} else ""


def _received(desk: Desk) -> str:
    """Receive what is granted here. If the rules cannot (a unit this directory does not know), the entry stands all
    the same: the sender's transit clock brings the case back or raises its alarm.
    """
    try:
        desk.take_custody()
    except Rejected as refusal:
        return refusal.code
    return ""


def _excludes(known: StoredEntry, other: StoredEntry) -> bool:
    """Whether of these two only one can be honest: two at one place, two of one author after the same entry, or two
    that begin the case. Else whoever once held a case, or knows its id, could put a new line in the place of its own
    or of another's long after, and all that others did since would be late.
    """
    one, two = known.header, other.header
    return known.position == other.position or (
        one.prev_hash == two.prev_hash and (one.author == two.author or one.prev_hash == NO_HASH)
    )


def _begins(stored: StoredEntry) -> bool:
    return stored.header.prev_hash == NO_HASH and isinstance(stored.event, Registered)


def _authentic_event(payload: bytes | None, header: FrameHeader, site: HostedSite) -> CaseEvent:
    """The event, if its author may say it. Raises NotYet, UnknownEdition: what cannot be judged here yet waits."""
    if header.v != 1 or header.schema != 1 or payload is None:
        raise NotYet("event.schema_unknown")
    try:
        event = decode_event(payload)
    except msgspec.MsgspecError as error:
        raise NotYet("event.schema_unknown") from error
    papers = () if header.audience else papers_named(event)
    if type(event).__name__ != header.type or event.at != header.occurred_at or papers != header.papers:
        raise NotYet("event.header_differs")
    if isinstance(event, Registered):
        site.profile(event.profile_edition)
    if isinstance(event, Registered) and (event.case_id != header.case_id or event.site != header.author):
        raise NotYet("event.header_differs")
    if isinstance(event, (Received, TakenOver)) and event.site != header.author:
        raise NotYet("event.header_differs")
    if isinstance(event, TakenOver):
        jurisdiction = site.jurisdiction
        own_sent_down = event.base.author == header.author
        above = _watches(header, event.base.author, jurisdiction)
        if not (own_sent_down or above) or event.depth != jurisdiction.depth(header.author):
            raise NotYet("custody.not_the_parent")
    return event


def _watches(header: FrameHeader, taken_from: str, jurisdiction: Jurisdiction) -> bool:
    """Whether the author is the parent of the site it takes a case from; in a sealed case, the next above that reads
    it.
    """
    readers = audience_sites(header)
    above = (site for site in jurisdiction.line_up(taken_from)[1:] if not readers or site in readers)
    return next(above, None) == header.author


async def apply_batch(tx: Transaction, site: HostedSite, peer: Peer, arrived: Sequence[Arrived]) -> list[Applied]:
    """Apply frames of one tenant from one peer, in order. Returns what became of each, in the same order.

    Raises Equivocated: then nothing of the batch may be committed.
    """
    wanted = {each.header.case_id for each in arrived if each.header.case_id is not None}
    cases = await load_cases(tx, sorted(wanted), lock=True)
    placing = Placing(tx, site, {case_id: Desk(site, case_id, case) for case_id, case in cases.items()})
    results: list[Applied] = []
    for each in arrived:
        match each.kind:
            case "document" if each.header.type in REPORT_TYPES:
                results.append(await apply_report(tx, site, peer, each))
            case "document":
                results.append(await apply_document(tx, site, peer, each))
            case _ if is_carried(each.header, site):
                results.append(await carry(tx, site, peer, each))
            case "ask":
                desk = placing.desk(each.header.case_id) if each.header.case_id is not None else None
                results.append(await apply_ask(tx, site, peer, each, desk))
            case _:
                results.append(await placing.place(each, peer.site))
    await _place_again(placing, peer, arrived, results)
    await placing.settle()
    return results


async def _place_again(placing: Placing, peer: Peer, arrived: Sequence[Arrived], results: list[Applied]) -> None:
    """What waited for something that came later in the same batch. Each round must place at least one."""
    waiting = [index for index, each in enumerate(results) if each.reason == BASE_UNKNOWN]
    for _ in range(len(waiting)):
        for index in waiting:
            results[index] = await placing.place(arrived[index], peer.site)
        still = [index for index in waiting if results[index].reason == BASE_UNKNOWN]
        if len(still) == len(waiting):
            return
        waiting = still


async def retry_cases(tx: Transaction, site: HostedSite, case_ids: Sequence[UUID]) -> int:
    """Try again the entries of those cases that wait. How many wait no longer. Raises Equivocated."""
    cases = await load_cases(tx, case_ids, lock=True)
    placing = Placing(tx, site, {case_id: Desk(site, case_id, cases.get(case_id)) for case_id in case_ids})
    return await placing.settle()
