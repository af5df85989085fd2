"""The one oracle for every fault: what was done = what was queued = what was applied (federation.md).

Owns the judgement: distinct, in order, heads equal, every signature good; one holder and one history of each case at
every site that must have it; every late entry filed once. Reads bytes, and trusts no state that a service derived.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case, Position
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.history import NEVER_FILED, Entry, Lines, lines, state_of
from bancheng.schema.documents import Directory
from bancheng.schema.events import LateEntryFiled, decode_event
from bancheng.schema.frames import NO_HASH, decode_frame, encode_frame, event_hash, link_hash
from bancheng.schema.messages import link_name
from bancheng.store.changes import encode_state
from bancheng.store.signing import Keyring, SignatureRefused
from tests.support.standing import EventRow, InRow, OutRow, SiteStanding, Standing


def judge(
    standing: Standing,
    directories: Mapping[str, Directory],
    *,
    registered: Mapping[str, Collection[UUID]] | None = None,
) -> None:
    """Raises AssertionError listing everything that does not hold. `registered` are cases that were answered 201."""
    problems = list(problems_of(standing, directories, registered or {}))
    assert not problems, "\n".join([f"{len(problems)} things do not hold:", *problems[:40]])


def problems_of(
    standing: Standing, directories: Mapping[str, Directory], registered: Mapping[str, Collection[UUID]]
) -> Iterator[str]:
    """In words, one for each fact that does not hold."""
    for tenant, directory in directories.items():
        sites = {site: each for (of, site), each in standing.sites.items() if of == tenant}
        jurisdiction = Jurisdiction(directory)
        for site in sites.values():
            yield from _signatures(site, Keyring(directory))
            yield from _own_history(site)
        for child, above in ((each.site, each.parent) for each in directory.sites):
            if above is not None and child in sites and above in sites:
                yield from _link(sites[child], sites[above], link_name(tenant, child, "up"))
                yield from _link(sites[above], sites[child], link_name(tenant, child, "dn"))
        yield from _cases(tenant, sites, jurisdiction)
        for case_id in registered.get(tenant, ()):
            if not any(case_id in site.cases for site in sites.values()):
                yield f"{tenant}: case {case_id} was answered as registered and is nowhere"


def _signatures(site: SiteStanding, keyring: Keyring) -> Iterator[str]:
    """Every byte of history is what its author signed, and the columns say what the frame says."""
    for row in site.events:
        where = f"{site.tenant}/{site.site} {row.case_id} {row.term}/{row.author}/{row.seq}"
        header = row.header
        digest = event_hash(row.frame.header)
        try:
            decode_frame(encode_frame(row.frame))
            keyring.verify(header.author, header.key_id, digest, row.frame.signature)
        except (SignatureRefused, ValueError) as error:
            yield f"{where}: {error}"
        said = (header.case_id, header.term, header.author, header.seq, header.prev_hash, header.type, header.tenant)
        if said != (row.case_id, row.term, row.author, row.seq, row.prev_hash, row.type, site.tenant):
            yield f"{where}: the columns differ from the frame"
        if digest != row.event_hash:
            yield f"{where}: the stored hash is not the frame's"


def _own_history(site: SiteStanding) -> Iterator[str]:
    """What was queued is what happened: nothing that is not in history, nothing twice to one neighbour."""
    where = f"{site.tenant}/{site.site}"
    if site.equivocations:
        yield f"{where}: {site.equivocations} equivocations"
    known = {row.event_hash for row in site.events} | site.loose
    for (peer, hash_), count in Counter((row.peer, row.event_hash) for row in site.outbox).items():
        if hash_ not in known:
            yield f"{where} -> {peer}: queued {hash_.hex()[:12]}, which is not in history"
        if count > 1:
            yield f"{where} -> {peer}: queued {hash_.hex()[:12]} {count} times"


def _link(sender: SiteStanding, receiver: SiteStanding, link: str) -> Iterator[str]:
    """The numbered log: without a gap, chained, and the same at both ends, both heads and the receipt included."""
    out = sorted((row for row in sender.outbox if row.peer == receiver.site), key=lambda row: row.number or 0)
    arrived = sorted((row for row in receiver.inbox if row.peer == sender.site), key=lambda row: row.number)
    yield from _chain(out, link)
    if [(row.number, row.event_hash, row.link_hash) for row in out] != [
        (row.number, row.event_hash, row.link_hash) for row in arrived
    ]:
        yield f"{link}: {len(out)} frames queued, {len(arrived)} stored, and they are not the same in the same order"
    yield from _states(arrived, link)
    sent, stored = sender.links.get(receiver.site), receiver.links.get(sender.site)
    if sent is None or stored is None:
        yield f"{link}: one end does not know the link"
        return
    if (sent.out_next_number - 1, sent.out_head) != (stored.in_number, stored.in_head):
        yield f"{link}: heads differ, {sent.out_next_number - 1} and {stored.in_number}"
    if sent.receipted_number != stored.in_number:
        yield f"{link}: receipted {sent.receipted_number}, stored {stored.in_number}"


def _chain(out: Iterable[OutRow], link: str) -> Iterator[str]:
    head = NO_HASH
    for expected, row in enumerate(out, start=1):
        if row.number != expected or row.epoch is None:
            yield f"{link}: number {row.number} where {expected} belongs"
            return
        head = link_hash(link, row.epoch, expected, head, row.event_hash)
        if head != row.link_hash:
            yield f"{link}: the chain breaks at {expected}"
            return


def _states(arrived: Iterable[InRow], link: str) -> Iterator[str]:
    for row in arrived:
        fits = row.state in {"applied", "late", "duplicate"} or (row.state == "rejected" and row.kind == "ask")
        if not fits:
            yield f"{link}: {row.number} is {row.state} {row.reason}"


def _cases(tenant: str, sites: Mapping[str, SiteStanding], jurisdiction: Jurisdiction) -> Iterator[str]:
    entries = {name: _entries(site) for name, site in sites.items()}
    everything: dict[UUID, dict[bytes, EventRow]] = defaultdict(dict)
    for site in sites.values():
        for row in site.events:
            everything[row.case_id][row.event_hash] = row
    numbers: dict[str, UUID] = {}
    for case_id, rows in everything.items():
        whole = lines(_readable(rows.values()))
        where = f"{tenant} {case_id}"
        if not whole.main or whole.unplaced:
            yield f"{where}: {len(whole.main)} entries on the main line, {len(whole.unplaced)} unplaced"
            continue
        case = state_of(whole)
        if numbers.setdefault(case.number, case_id) != case_id:
            yield f"{where}: number {case.number} is another case's too"
        yield from _late(where, whole)
        for name in _must_have(case, jurisdiction):
            if name in sites:
                yield from _at_site(f"{where} at {name}", case, whole, entries[name].get(case_id, []), sites[name])
        yield from _positions(where, rows.values())


def _positions(where: str, rows: Iterable[EventRow]) -> Iterator[str]:
    for (term, author, seq), count in Counter((row.term, row.author, row.seq) for row in rows).items():
        if count > 1:
            yield f"{where}: {count} different entries at {term}/{author}/{seq}"


def _at_site(where: str, case: Case, whole: Lines, known: list[Entry], site: SiteStanding) -> Iterator[str]:
    """The site has the whole history, finds the same line in it, and its projection says what the line says."""
    here = lines(known)
    if [entry.hash for entry in here.main] != [entry.hash for entry in whole.main]:
        yield f"{where}: main line of {len(here.main)} entries instead of {len(whole.main)}"
        return
    if {entry.hash for entry in here.late} != {entry.hash for entry in whole.late}:
        yield f"{where}: {len(here.late)} late entries instead of {len(whole.late)}"
    row = site.cases.get(case.case_id)
    if row is None:
        yield f"{where}: no projection"
    elif encode_state(row.case) != encode_state(state_of(here)):
        yield f"{where}: the projection is not what the history comes to"
    elif (row.case.holder_site, row.case.holder_unit) != (case.holder_site, case.holder_unit):
        yield f"{where}: another holder"


def _late(where: str, whole: Lines) -> Iterator[str]:
    """Every late entry that is to be filed stands on the main line once."""
    filed = Counter(entry.event.event_hash for entry in whole.main if isinstance(entry.event, LateEntryFiled))
    for entry in whole.late:
        expected = 0 if isinstance(entry.event, NEVER_FILED) else 1
        if filed[entry.hash] != expected:
            name = f"{type(entry.event).__name__} {entry.position}"
            yield f"{where}: late {name} filed {filed[entry.hash]} times"


def _must_have(case: Case, jurisdiction: Jurisdiction) -> set[str]:
    """Whoever held it, or is sent it, and every site above those, up to the top tier."""
    concerned = {*case.participants, case.holder_site}
    if case.in_transit is not None:
        concerned.add(case.in_transit.site)
    found: set[str] = set()
    for name in concerned:
        walk = jurisdiction.site(name)
        while walk is not None and walk.site not in found:
            found.add(walk.site)
            walk = jurisdiction.site(walk.parent) if walk.parent is not None else None
    return found


def _entries(site: SiteStanding) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = defaultdict(list)
    for row in site.events:
        found[row.case_id].extend(_readable([row]))
    return found


def _readable(rows: Iterable[EventRow]) -> Iterator[Entry]:
    """Those whose payload is an event; the others are named by their hash already."""
    for row in rows:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            event = decode_event(row.frame.payload or b"")
            position = Position(term=row.term, author=row.author, seq=row.seq)
            yield Entry(position=position, hash=row.event_hash, prev_hash=row.prev_hash, event=event)
