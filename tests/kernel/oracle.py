"""What must hold of simulated sites: at every moment, and once the links are whole and have come to rest."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from bancheng.kernel.history import NEVER_FILED, Entry, lines, replay
from bancheng.schema.clocks import PERSON
from bancheng.schema.events import Escalated, HandedDown, LateEntryFiled, Received, Registered, Returned, TakenOver
from tests.kernel.sites import Network

CUSTODY = (Escalated, HandedDown, Returned, Received, TakenOver)


def assert_every_state_is_its_history(network: Network) -> None:
    """The state that a site reached step by step is the one that its entries come to, in any order."""
    for site in network.sites.values():
        for book in site.books.values():
            if book.case is not None:
                assert replay(reversed(book.entries.values())) == book.case, site.name


def assert_agreement(network: Network) -> None:
    """Links whole and at rest: whoever takes part knows the same, and the case is somewhere, once."""
    assert not network.cut
    for case_id in network.cases:
        knowing = _knowing(network, case_id)
        books = [network.sites[name].books[case_id] for name in knowing]
        assert not any(book.waiting for book in books)
        assert len({frozenset(book.entries) for book in books}) == 1, knowing
        assert all(book.case == books[0].case for book in books)
        found = lines(books[0].entries.values())
        assert not found.unplaced
        assert_line(found.main, found.late)
        case = network.state(knowing[0], case_id)
        assert case.in_transit is None, "on its way to a site that has it"
        assert not case.unfiled_late
        assert case.holder_site in knowing


def _knowing(network: Network, case_id: UUID) -> list[str]:
    """The top tier, whoever the case names a participant, and every site that has heard of it."""
    top = next(name for name in network.sites if network.jurisdiction.depth(name) == 0)
    heard = [name for name, site in network.sites.items() if case_id in site.books]
    needed = {top, *network.state(heard[0], case_id).participants}
    assert needed <= set(heard), "a case is lost to a site that must know it"
    return sorted(heard)


def assert_line(main: tuple[Entry, ...], late: tuple[Entry, ...]) -> None:
    """One line: numbered terms, each climb once, the person's clock untouched by custody, late entries filed once."""
    assert [type(entry.event) for entry in main].count(Registered) == 1
    terms = [entry.position.term for entry in main if entry.position.seq == 1]
    assert terms == sorted(set(terms))
    climbs = [entry.event.climb_id for entry in main if isinstance(entry.event, (Escalated, TakenOver))]
    assert len(climbs) == len(set(climbs)), "one climb, two effects"
    positions = [entry.position for entry in (*main, *late)]
    assert len(positions) == len(set(positions)), "two entries for one position"
    for entry in main:
        if isinstance(entry.event, CUSTODY):
            assert PERSON not in {clock.name for clock in entry.event.clocks}
    filed = Counter(entry.event.event_hash for entry in main if isinstance(entry.event, LateEntryFiled))
    assert filed == {entry.hash: 1 for entry in late if not isinstance(entry.event, NEVER_FILED)}


def assert_nothing_is_forgotten(network: Network) -> None:
    """With every site at work and the links whole, a case that nobody closes climbs to the top and is reported, and
    in the end no site waits for anything.
    """
    network.heal()
    network.pass_time(200)
    assert_agreement(network)
    for case_id in network.cases:
        assert _is_settled(network, case_id), network.state("county", case_id)


def _is_settled(network: Network, case_id: UUID) -> bool:
    case = network.state("county", case_id)
    return case.is_closed or (case.reported_outside_at is not None and case.holder_site == "county")
