"""What the business did, by the record of those who did it, against what the histories hold.

Owns the record of an answered request and the part of the oracle that begins with it: nothing that was acknowledged
is missing, nothing is there twice, nothing is there that nobody did. Bytes of frames are trusted to say what they
say; that they are whole and signed is oracle.py's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from bancheng.schema import events as e
from bancheng.schema.events import CaseEvent, decode_event
from tests.support.standing import SiteStanding, Standing


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One request and its last answer. `mark` is in its text and in no other's.

    `status` 201: registered, 200: done, 202: the holder was asked; any other: refused. `head` is the hash of the
    case's head after it. `tries` are how often it was sent: an answer may have been lost before the last one.
    """

    tenant: str
    site: str
    command: str
    mark: str
    status: int
    case_id: UUID | None = None
    number: str = ""
    head: bytes = b""
    ask_id: UUID | None = None
    code: str = ""
    tries: int = 1
    replayed: bool = False

    @property
    def is_accepted(self) -> bool:
        return self.status in {200, 201, 202}


@dataclass(frozen=True, kw_only=True)
class Business:
    """Everything that was asked of a system. `is_all`: no case was registered but by these deeds."""

    deeds: Sequence[Deed] = ()
    is_all: bool = True


@dataclass(kw_only=True)
class _Tenant:
    """The union of what a tenant's sites know, each entry once."""

    events: dict[bytes, tuple[UUID, CaseEvent]] = field(default_factory=dict[bytes, tuple[UUID, CaseEvent]])
    marks: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    answers: dict[UUID, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    refused: dict[bytes, int] = field(default_factory=dict[bytes, int])


def broken_promises(standing: Standing, business: Business) -> Iterator[str]:
    """In words, one for each deed that is not as it was answered, and one for each case that nobody registered."""
    for tenant in sorted({tenant for tenant, _ in standing.sites}):
        sites = {site: each for (of, site), each in standing.sites.items() if of == tenant}
        deeds = [deed for deed in business.deeds if deed.tenant == tenant]
        known = _gathered(sites)
        yield from _registrations(tenant, sites, deeds, known, is_all=business.is_all)
        for deed in deeds:
            if deed.is_accepted:
                yield from _kept(deed, sites, known)
            elif len(known.marks.get(deed.mark, ())) > (deed.tries > 1):
                yield f"{_name(deed)}: refused with {deed.status} {deed.code}, and yet it was done"


def _gathered(sites: Mapping[str, SiteStanding]) -> _Tenant:
    known = _Tenant()
    for site in sites.values():
        for row in site.events:
            if row.event_hash in known.events or row.frame.payload is None:
                continue
            try:
                event = decode_event(row.frame.payload)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # named by its hash already
            known.events[row.event_hash] = (row.case_id, event)
            mark = mark_of(event)
            if mark:
                known.marks[mark].add(row.event_hash)
            if isinstance(event, (e.AskAccepted, e.AskRefused)):
                known.answers[event.ask_id].add(row.event_hash)
        for row in site.inbox:
            if row.state == "rejected":
                known.refused[row.event_hash] = known.refused.get(row.event_hash, 0) + 1
    return known


def mark_of(event: CaseEvent) -> str:
    """The text that a member of staff wrote in it."""
    match event:
        case e.Registered():
            return event.title
        case e.NoteAdded() | e.AskAccepted() | e.AnswerGiven():
            return event.text
        case e.Escalated() | e.HandedDown() | e.Returned() | e.TakenOver() | e.ReportedOutside():
            return event.reason
        case e.Withdrawn() | e.LateOverruled():
            return event.reason
        case e.ResultProposed():
            return event.answer
        case e.Accepted():
            return event.note
        case _:
            return ""


def _registrations(
    tenant: str, sites: Mapping[str, SiteStanding], deeds: Sequence[Deed], known: _Tenant, *, is_all: bool
) -> Iterator[str]:
    answered = {deed.case_id: deed for deed in deeds if deed.status == 201}
    if len(answered) != sum(deed.status == 201 for deed in deeds):
        yield f"{tenant}: one case was the answer to two registrations"
    for case_id, deed in answered.items():
        for site in sites.values():
            row = site.cases.get(case_id) if case_id is not None else None
            if row is not None and row.number != deed.number:
                yield f"{_name(deed)}: number {row.number} at {site.site}, answered was {deed.number}"
        if not any(case_id in site.cases for site in sites.values()):
            yield f"{_name(deed)}: case {case_id} was answered as registered and is nowhere"
    if is_all:
        there = {case_id for case_id, event in known.events.values() if isinstance(event, e.Registered)}
        there |= {case_id for site in sites.values() for case_id in site.cases}
        for case_id in there - set(answered):
            yield f"{tenant}: case {case_id} is there, and nobody was answered that it was registered"


def _kept(deed: Deed, sites: Mapping[str, SiteStanding], known: _Tenant) -> Iterator[str]:
    """An accepted deed is in history once, and at the site that accepted it."""
    if deed.ask_id is not None:
        yield from _answered_once(deed, sites, known)
        return
    found = known.marks.get(deed.mark, set())
    if len(found) != 1:
        yield f"{_name(deed)}: accepted, and stands in history {len(found)} times"
    for hash_ in found:
        if known.events[hash_][0] != deed.case_id:
            yield f"{_name(deed)}: stands in another case than {deed.case_id}"
    at_home = {row.event_hash for row in sites[deed.site].events if row.case_id == deed.case_id}
    if deed.head and deed.head not in at_home:
        yield f"{_name(deed)}: answered with head {deed.head.hex()[:12]}, which {deed.site} does not know"


def _answered_once(deed: Deed, sites: Mapping[str, SiteStanding], known: _Tenant) -> Iterator[str]:
    """Entered or refused by a holder, or by a site on the way that did not know the case: one answer to one ask."""
    assert deed.ask_id is not None
    frame = sites[deed.site].asks.get(deed.ask_id)
    if frame is None:
        yield f"{_name(deed)}: answered as asked, and {deed.site} does not know of it"
        return
    answers = len(known.answers.get(deed.ask_id, ())) + known.refused.get(frame, 0)
    if answers != 1:
        yield f"{_name(deed)}: asked once and answered {answers} times"


def summary(business: Business) -> dict[str, int]:
    """How many of each: for the report of a run."""
    counts = Counter[str]()
    for deed in business.deeds:
        counts["requests"] += 1
        counts["tries"] += deed.tries
        counts["registered"] += deed.status == 201
        counts["commands done"] += deed.status == 200
        counts["asked"] += deed.status == 202
        counts["refused"] += not deed.is_accepted
        counts["answered from the record"] += deed.replayed
    return dict(counts)


def _name(deed: Deed) -> str:
    return f"{deed.tenant}/{deed.site} {deed.command} {deed.mark}"
