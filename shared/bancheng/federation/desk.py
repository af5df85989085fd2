"""One case on the desk of one site, within one transaction.

Owns what every change of a case has in common, whether a person, the clock or a link brings it: the rules are
asked, their events signed, the state carried on, and each entry routed to the sites that must have it. Writes
nothing: `change()` is what the casebook stores, in one statement, with everything else of the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from bancheng.federation.carrying import sealing_to
from bancheng.federation.site import HostedSite
from bancheng.kernel.audience import audience_of
from bancheng.kernel.case import Case, Head
from bancheng.kernel.commands import AnyCommand, FileLateEntry, Receive, RecomputeDues
from bancheng.kernel.decide import decide
from bancheng.kernel.evolve import begin, evolve
from bancheng.kernel.history import head_of, next_position
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.watch import next_watch
from bancheng.schema.events import Actor, CaseEvent, Escalated, HandedDown, Registered, Returned
from bancheng.schema.frames import NO_HASH, Kind
from bancheng.store.casebook import CaseChange, Outgoing, load_entries
from bancheng.store.database import Transaction
from bancheng.store.signing import StoredEntry, sign_entry


def frame_kind(event: CaseEvent) -> Kind:
    """What an entry is on a link: custody up, custody down or back, or other history."""
    match event:
        case Escalated():
            return "escalation"
        case HandedDown() | Returned():
            return "handoff"
        case _:
            return "progress"


def neighbours_of(site: HostedSite, case: Case | None) -> set[str]:
    """Who is sent the case's entries: the parent, and the children on the way to whoever held it or is about to."""
    jurisdiction, here = site.jurisdiction, site.site
    entry = jurisdiction.site(here)
    peers = {entry.parent} if entry is not None and entry.parent is not None else set[str]()
    if case is None:
        return peers
    sites = case.participants if case.in_transit is None else (*case.participants, case.in_transit.site)
    hops = {jurisdiction.next_hop(here, each) for each in sites}
    return peers | {hop for hop in hops if hop is not None}


def _outgoing(peer: str, stored: StoredEntry) -> Outgoing:
    return Outgoing(peer=peer, kind=frame_kind(stored.event), position=stored.position, event_hash=stored.hash)


class Desk:
    """A case as this transaction has it so far. `case` is None until it is registered or its first entry came."""

    def __init__(self, site: HostedSite, case_id: UUID, case: Case | None) -> None:
        self.site = site
        self.case_id = case_id
        self.case = case
        self.entries: list[StoredEntry] = []
        self.outgoing: list[Outgoing] = []
        self.joined: set[str] = set()
        """Peers on the way to a site that joined just now: they are sent the whole history, what is older first."""
        self._before: Head | None = case.head if case is not None else None
        self._was_sent = case is not None and case.in_transit is not None and case.holder_site == site.site
        self._reached = neighbours_of(self.site, case)

    def profile(self) -> Profile:
        """The edition the case was registered under; the one in effect for a new case. Raises UnknownEdition."""
        return self.site.profile(self.case.profile_edition) if self.case is not None else self.site.current_profile()

    def decide(self, command: AnyCommand, actor: Actor) -> tuple[CaseEvent, ...]:
        """Ask the rules and record what they say. Raises Rejected, UnknownEdition."""
        events = self.judge(command, actor)
        self.record(events)
        return events

    def judge(self, command: AnyCommand, actor: Actor) -> tuple[CaseEvent, ...]:
        """Ask the rules, and leave everything as it is. Raises Rejected, UnknownEdition."""
        return decide(command, self.case, self.site.context(actor, self.profile()))

    def record(self, events: Iterable[CaseEvent]) -> None:
        """Sign what the rules said, and carry the case on."""
        for event in events:
            self._author(event)

    def _author(self, event: CaseEvent) -> None:
        audience = audience_of(event, self.case, self.site.site, self.site.jurisdiction)
        stored = sign_entry(
            self.site.signer,
            tenant=self.site.tenant,
            event=event,
            case_id=self.case_id,
            position=next_position(self.case, event, self.site.site),
            prev_hash=self.case.head.hash if self.case is not None else NO_HASH,
            now_wall_ms=self.site.wall_ms(),
            random=self.site.random,
            sealing=sealing_to(self.site, audience),
        )
        self.carry_on(stored)
        self.keep(stored, source=None)

    def carry_on(self, stored: StoredEntry) -> None:
        """The fast path: the entry stands on the head of the case, or begins it."""
        head = head_of(stored.entry)
        if self.case is not None:
            self.case = evolve(self.case, stored.event, head)
        elif isinstance(stored.event, Registered):
            self.case = begin(stored.event, head)
        else:
            raise Rejected("history.no_beginning")

    def keep(self, stored: StoredEntry, source: str | None) -> None:
        """Store the entry and send it to every peer on the way to a site that must have it, but not back."""
        reached = neighbours_of(self.site, self.case)
        joined = reached - self._reached - {source}
        # Who joins now is owed what this transaction has brought so far; `change` puts the older history before it.
        self.outgoing += [_outgoing(peer, each) for peer in sorted(joined) for each in self.entries]
        self.joined |= joined
        self._reached |= reached
        self.entries.append(stored)
        self.outgoing += [_outgoing(peer, stored) for peer in sorted(reached - {source})]

    def take_custody(self) -> None:
        """What this site does by itself when a case stands before it: receive what is granted to it, and count its
        limits by the calendar that is in force here. The pass over all cases may have been over before this one came.
        """
        case = self.case
        if case is not None and case.in_transit is not None and case.in_transit.site == self.site.site:
            self.decide(Receive(), self.site.system_actor(case.in_transit.unit))
        case, edition = self.case, self.site.calendar.edition
        if case is not None and any(
            clock.calendar_edition < edition for clock in case.clocks.values() if clock.state != "stopped"
        ):
            self.decide(RecomputeDues(), self.site.system_actor(case.holder_unit))

    def may_file_late(self) -> bool:
        """Whether this site holds the case and knows late entries that are not on record."""
        case = self.case
        return (
            case is not None
            and bool(case.unfiled_late)
            and case.holder_site == self.site.site
            and case.in_transit is None
        )

    def file_late(self, known: Iterable[StoredEntry]) -> None:
        """Put the late entries on record, in the order of their terms. `known` are all stored entries of the case."""
        if self.case is None:
            return
        unfiled = set(self.case.unfiled_late)
        late = sorted((each for each in known if each.hash in unfiled), key=lambda each: each.position)
        for entry in late:
            command = FileLateEntry(event_hash=entry.hash, author=entry.position.author, event=entry.event)
            self.decide(command, self.site.system_actor(self.case.holder_unit))

    async def concluded(self, tx: Transaction) -> CaseChange:
        """What a decision of this site comes to: what stays here is received, and what is late goes on record.

        Raises Rejected, EntryErased, TooManyEntries, StoreError.
        """
        self.take_custody()
        known = await load_entries(tx, self.case_id) if self.joined or self.may_file_late() else ()
        if self.may_file_late():
            self.file_late(known)
        return self.change(known)

    @property
    def has_arrived(self) -> bool:
        """Whether a case that this site had sent off, and was answerable for, was received meanwhile."""
        return self._was_sent and self.case is not None and self.case.in_transit is None

    @property
    def is_changed(self) -> bool:
        return bool(self.entries)

    def change(self, older: Iterable[StoredEntry] = ()) -> CaseChange:
        """What is to be stored. `older` is the history before this transaction, needed only if a peer `joined`."""
        if self.case is None:
            raise Rejected("history.no_beginning")
        shared = [_outgoing(peer, each) for peer in sorted(self.joined) for each in older]
        watch = next_watch(self.case, self.site.site, self.site.jurisdiction, self.profile())
        return CaseChange(
            before=self._before,
            case=self.case,
            entries=tuple(self.entries),
            outgoing=(*shared, *self.outgoing),
            act_at=watch.at if watch is not None else None,
        )
