"""Sites that hold cases together over links that are cut, healed and slow: in memory, for tests of the rules only.

Owns the model of a deployment: each site has its own entries and its own state of each case, links are queues in
order, and an operation's effects stay whole or not at all. Written apart from the product's own federation, by
federation.md: every event goes up to the top and down to every participant, a new one first gets the whole history.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context, Jurisdiction
from bancheng.kernel.decide import decide
from bancheng.kernel.evolve import begin, evolve
from bancheng.kernel.history import Entry, extends, head_of, lines, state_of
from bancheng.kernel.watch import Watch, next_watch
from bancheng.schema.documents import Directory
from bancheng.schema.events import Actor, CaseEvent, Registered
from tests.kernel.books import Book, Site
from tests.kernel.notices import CALENDAR
from tests.kernel.tenant import PROFILE, THREE_TIERS, UNIT_OF
from tests.kernel.world import MONDAY, REGISTER, clerk, sealed, stand, system


class Equivocation(AssertionError):
    """Two entries for one position: what makes a peer stop the link."""


class Network:
    """All sites of one tenant. `now` is the domain time of all; a site's clock may be skewed."""

    def __init__(self, directory: Directory = THREE_TIERS, now: datetime = MONDAY) -> None:
        self.jurisdiction = Jurisdiction(directory)
        self.now = now
        self.sites = {entry.site: Site(entry.site) for entry in directory.sites}
        self.cut: set[frozenset[str]] = set()
        self.cases: list[UUID] = []

    # -- what people and the clock do at a site

    def register(self, site: str) -> UUID:
        case_id = UUID(int=len(self.cases) + 1)
        command = replace(REGISTER, case_id=case_id, number=f"{site}-{len(self.cases) + 1}", unit=UNIT_OF[site])
        self.cases.append(case_id)
        self.give(site, case_id, command)
        return case_id

    def give(
        self, site: str, case_id: UUID, command: c.AnyCommand, actor: Actor | None = None, *, crash: bool = False
    ) -> tuple[CaseEvent, ...]:
        """One transaction at one site, by the clerk of its window. Raises Rejected; a crash leaves nothing behind."""
        work = self.sites[site].copied()
        events = self._decide(work, case_id, command, actor or clerk(UNIT_OF[site]))
        self._settle(work, case_id)
        if not crash:
            self.sites[site] = work
        return events

    def watch(self, site: str, case_id: UUID) -> Watch | None:
        case = self.case(site, case_id)
        return next_watch(case, site, self.jurisdiction, PROFILE) if case is not None else None

    def sweep(self, *sites: str) -> None:
        """Each site acts on all that is due by its own clock; none may be left that nothing answers."""
        for site in sites or tuple(self.sites):
            for case_id in self.sites[site].books:
                self._sweep_case(site, case_id)

    def _sweep_case(self, site: str, case_id: UUID) -> None:
        now = self.now + self.sites[site].skew
        for _ in range(100):
            watch = self.watch(site, case_id)
            if watch is None or watch.at > now or watch.reason == "transit_alarm":
                return
            passes = watch.reason == "rung"
            command = c.PassDeadline() if passes else c.TakeOver(cause="silence")
            assert self.give(site, case_id, command, system(UNIT_OF[site])), f"{watch.reason} is due for ever at {site}"
        raise AssertionError("never came to rest")

    # -- what the links do

    def deliver(self, sender: str, receiver: str, *, crash: bool = False, again: bool = False) -> bool:
        """The next of the queue, taken in with its position in one transaction; `again`: the one before, a second
        time, as after a receipt that was lost. False where nothing waits or the link is cut.
        """
        position = self.sites[receiver].read.get(sender, 0) - again
        queue = self.sites[sender].outbox.get(receiver, ())
        if frozenset((sender, receiver)) in self.cut or not 0 <= position < len(queue):
            return False
        work = self.sites[receiver].copied()
        case_id, entry = queue[position]
        self._take_in(work, case_id, entry, sender)
        work.read[sender] = position + 1
        if not crash:
            self.sites[receiver] = work
        return True

    def carry_all(self) -> None:
        """Until nothing moves on the links that are not cut."""
        links = [(sender, receiver) for sender in self.sites for receiver in self._peers(sender)]
        for _ in range(10_000):
            if not sum(self.deliver(*link) for link in links):
                return
        raise AssertionError("the links never came to rest")

    def cut_link(self, one: str, other: str) -> None:
        self.cut.add(frozenset((one, other)))

    def heal(self) -> None:
        self.cut.clear()
        self.carry_all()

    def pass_time(self, days: float, *sites: str) -> None:
        """From one instant that a site waits for to the next: it acts, and what is not cut is carried."""
        until = self.now + timedelta(days=days)
        self.carry_all()
        for _ in range(10_000):
            awaited = [each for site in sites or tuple(self.sites) for each in self._awaited(site)]
            at, site = min(awaited, default=(until, ""))
            if at >= until:
                self.now = until
                return
            self.now = max(self.now, at)
            self.sweep(site)
            self.carry_all()
        raise AssertionError("never came to rest")

    def _awaited(self, site: str) -> list[tuple[datetime, str]]:
        watches = [self.watch(site, case_id) for case_id in self.sites[site].books]
        skew = self.sites[site].skew
        return [(each.at - skew, site) for each in watches if each is not None and each.reason != "transit_alarm"]

    # -- what can be seen

    def case(self, site: str, case_id: UUID) -> Case | None:
        book = self.sites[site].books.get(case_id)
        return book.case if book is not None else None

    def state(self, site: str, case_id: UUID) -> Case:
        case = self.case(site, case_id)
        assert case is not None
        return case

    def entries(self, site: str, case_id: UUID) -> dict[bytes, Entry]:
        return self.sites[site].books[case_id].entries

    def _peers(self, site: str) -> list[str]:
        entry = self.jurisdiction.site(site)
        assert entry is not None
        return [*([entry.parent] if entry.parent is not None else []), *self.jurisdiction.children(site)]

    # -- within one transaction

    def _context(self, site: Site, actor: Actor) -> Context:
        return Context(
            now=self.now + site.skew,
            actor=actor,
            site=site.name,
            profile=PROFILE,
            calendar=CALENDAR,
            jurisdiction=self.jurisdiction,
        )

    def _decide(self, site: Site, case_id: UUID, command: c.AnyCommand, actor: Actor) -> tuple[CaseEvent, ...]:
        book = site.books.setdefault(case_id, Book())
        events = decide(command, book.case, self._context(site, actor))
        for event in events:
            book.case, entry = stand(book.case, event, site.name)
            # The hash that travels names this case and not the one of the other tests.
            entry = sealed(event, entry.position, entry.prev_hash, case_id)
            book.case = replace(book.case, head=head_of(entry))
            self._keep(book, entry)
        return events

    def _keep(self, book: Book, entry: Entry) -> None:
        if any(known.position == entry.position for known in book.entries.values()):
            raise Equivocation(entry.position)
        book.entries[entry.hash] = entry

    def _take_in(self, site: Site, case_id: UUID, entry: Entry, sender: str) -> None:
        book = site.books.setdefault(case_id, Book())
        book.sent[sender] = book.sent.get(sender, frozenset()) | {entry.hash}
        if entry.hash in book.entries:
            return
        waiting = [*book.waiting, entry]
        for _ in range(len(waiting)):
            placed = [each for each in waiting if self._place(book, each)]
            waiting = [each for each in waiting if each not in placed]
            self._receive(site, case_id)
        book.waiting = tuple(waiting)
        self._settle(site, case_id)

    def _place(self, book: Book, entry: Entry) -> bool:
        if book.case is None and isinstance(entry.event, Registered):
            book.case = begin(entry.event, head_of(entry))
        elif book.case is not None and extends(book.case, entry):
            book.case = evolve(book.case, entry.event, head_of(entry))
        else:
            found = lines([*book.entries.values(), entry])
            if entry in found.unplaced:
                return False
            book.case = state_of(found)
        self._keep(book, entry)
        return True

    def _receive(self, site: Site, case_id: UUID) -> None:
        case = site.books[case_id].case
        if case is not None and case.in_transit is not None and case.in_transit.site == site.name:
            self._decide(site, case_id, c.Receive(), system(case.in_transit.unit))

    def _settle(self, site: Site, case_id: UUID) -> None:
        """Receive what is granted here, file what is late, and send what every peer has to have."""
        book = site.books[case_id]
        self._receive(site, case_id)
        case = book.case
        if case is None:
            return
        if case.holder_site == site.name and case.in_transit is None:
            for entry in lines(book.entries.values()).late:
                late = c.FileLateEntry(event_hash=entry.hash, author=entry.position.author, event=entry.event)
                self._decide(site, case_id, late, system(case.holder_unit))
        self._send(site, case_id)

    def _send(self, site: Site, case_id: UUID) -> None:
        book = site.books[case_id]
        assert book.case is not None
        hops = {self.jurisdiction.next_hop(site.name, other) for other in book.case.participants}
        parent = self.jurisdiction.site(site.name)
        for peer in sorted(hops | {parent.parent if parent is not None else None}, key=str):
            if peer is None:
                continue
            sent = book.sent.get(peer, frozenset())
            fresh = [(case_id, entry) for key, entry in book.entries.items() if key not in sent]
            site.outbox[peer] = (*site.outbox.get(peer, ()), *fresh)
            book.sent[peer] = sent | {entry.hash for _, entry in fresh}
