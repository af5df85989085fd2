"""The one oracle for every fault: what was done = what was queued = what was applied (federation.md).

Owns the judgement of history: every signature good; one holder and one history of each case at every site that must
have it; every late entry filed once. The links are link_oracle.py's, what people did is business.py's. Reads bytes, and
trusts no state that a service derived.
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
from bancheng.schema.frames import decode_frame, encode_frame, event_hash
from bancheng.schema.messages import link_name
from bancheng.store.changes import encode_state
from bancheng.store.signing import Keyring, SignatureRefused
from tests.support.business import Business, broken_promises
from tests.support.link_oracle import link, own_history, provenance, receipts
from tests.support.standing import EventRow, SiteStanding, Standing


def judge(
    standing: Standing,
    directories: Mapping[str, Directory],
    *,
    registered: Mapping[str, Collection[UUID]] | None = None,
    business: Business | None = None,
    deferred: Collection[UUID] = (),
) -> None:
    """Raises AssertionError listing everything that does not hold. `registered` are cases that were answered 201.

    `business` is the whole record of what was asked; `deferred` are the cases in which a frame is meant to wait.
    """
    problems = list(problems_of(standing, directories, registered or {}, deferred))
    if business is not None:
        problems += broken_promises(standing, business)
    assert not problems, "\n".join([f"{len(problems)} things do not hold:", *problems[:40]])


def problems_of(
    standing: Standing,
    directories: Mapping[str, Directory],
    registered: Mapping[str, Collection[UUID]],
    deferred: Collection[UUID] = (),
) -> Iterator[str]:
    """In words, one for each fact that does not hold."""
    for tenant, directory in directories.items():
        sites = {site: each for (of, site), each in standing.sites.items() if of == tenant}
        jurisdiction = Jurisdiction(directory)
        for site in sites.values():
            yield from _signatures(site, Keyring(directory))
            yield from own_history(site)
            yield from provenance(site, deferred)
            yield from receipts(site, Keyring(directory))
        for child, above in ((each.site, each.parent) for each in directory.sites):
            if above is not None and child in sites and above in sites:
                yield from link(sites[child], sites[above], link_name(tenant, child, "up"), deferred)
                yield from link(sites[above], sites[child], link_name(tenant, child, "dn"), deferred)
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
    for hash_, frame in site.loose.items():
        try:
            header = decode_frame(encode_frame(frame))[1]
            keyring.verify(header.author, header.key_id, event_hash(frame.header), frame.signature)
        except (SignatureRefused, ValueError) as error:
            yield f"{site.tenant}/{site.site} ask or document {hash_.hex()[:12]}: {error}"
        if event_hash(frame.header) != hash_:
            yield f"{site.tenant}/{site.site} ask or document {hash_.hex()[:12]}: the stored hash is not the frame's"


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
        yield from _one_holder(where, case_id, sites.values())
        for name in _must_have(case, jurisdiction):
            if name in sites:
                yield from _at_site(f"{where} at {name}", case, whole, entries[name].get(case_id, []), sites[name])
        yield from _positions(where, rows.values())


def _one_holder(where: str, case_id: UUID, sites: Iterable[SiteStanding]) -> Iterator[str]:
    """Each site by its own state: who says that it holds the case, whether or not it must have it."""
    holders = [
        site.site
        for site in sites
        if (row := site.cases.get(case_id)) is not None and row.case.holder_site == site.site
    ]
    if len(holders) != 1:
        yield f"{where}: held at {holders or 'no site'}"


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
