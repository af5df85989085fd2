"""Which entries make up a case, and which came too late.

Owns the rule of the main line. Entries are linked by hash: each names the one before it, and the first of a term
names its base. Where two follow the same entry, a takeover by the site nearest the top stands, and everything on
the other branch is late. Every site that has the same entries finds the same line, in whatever order they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from bancheng.kernel.case import Case, Head, Position
from bancheng.kernel.evolve import begin, evolve, with_participants
from bancheng.schema.clocks import Grant
from bancheng.schema.events import (
    HANDOVERS,
    CaseEvent,
    LateEntryFiled,
    LateOutcomeAdopted,
    LateOverruled,
    Received,
    Registered,
    TakenOver,
)
from bancheng.schema.frames import NO_HASH


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a case and where it stands."""

    position: Position
    hash: bytes
    prev_hash: bytes
    event: CaseEvent


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """`main` in order; `late` were cut off; `unplaced` have no entry to stand on yet."""

    main: tuple[Entry, ...]
    late: tuple[Entry, ...]
    unplaced: tuple[Entry, ...]


class BrokenHistory(Exception):
    """Entries that no honest author can have written. `code` is stable."""

    def __init__(self, code: str, position: Position) -> None:
        super().__init__(f"{code} at {position}")
        self.code = code
        self.position = position


def head_of(entry: Entry) -> Head:
    return Head(position=entry.position, hash=entry.hash)


def next_position(case: Case | None, event: CaseEvent, site: str) -> Position:
    """Where `site` puts `event`: the first of a new term, or the next of its own.

    A new term is above every term that the site knows of, late ones included: after a partition the term that a
    grant names may be one that the receiver has already written, on a line that was cut.
    """
    if case is None:
        return Position(term=1, author=site, seq=1)
    head = case.head.position
    granted = case.in_transit.term if case.in_transit is not None else head.term
    match event:
        case Received():
            return Position(term=max(granted, case.highest_term + 1), author=site, seq=1)
        case TakenOver():
            return Position(term=max(granted, case.highest_term) + 1, author=site, seq=1)
        case _:
            return Position(term=head.term, author=head.author, seq=head.seq + 1)


def follows(before: Entry, after: Entry) -> bool:
    """Whether `after` may stand directly on `before`, by its numbers and kind."""
    if after.prev_hash != before.hash:
        return False
    grant = before.event.grant if isinstance(before.event, HANDOVERS) else None
    return _may_stand_on(head_of(before), grant, after)


def extends(case: Case, entry: Entry) -> bool:
    """The fast path: `follows`, by what the state says of the head instead of the entry itself."""
    return entry.prev_hash == case.head.hash and _may_stand_on(case.head, case.in_transit, entry)


def _may_stand_on(head: Head, grant: Grant | None, after: Entry) -> bool:
    before, position, event = head.position, after.position, after.event
    if isinstance(event, (Received, TakenOver)):
        base = event.base
        named = Position(term=base.term, author=base.author, seq=base.seq)
        if named != before or base.hash != head.hash or position.seq != 1 or position.term <= before.term:
            return False
        if isinstance(event, TakenOver):
            return True
        return grant is not None and grant.site == position.author and grant.term <= position.term
    same_term = (position.term, position.author) == (before.term, before.author)
    return same_term and position.seq == before.seq + 1 and grant is None


def _precedence(entry: Entry) -> tuple[int, int, bytes]:
    """The smallest stands: a takeover before anything else, nearest the top first; the hash settles nothing honest."""
    if isinstance(entry.event, TakenOver):
        return (0, entry.event.depth, entry.hash)
    return (1, 0, entry.hash)


def lines(entries: Iterable[Entry]) -> Lines:
    """The main line, the late entries and those that nothing holds up yet. Any order in, one answer out."""
    by_hash = {entry.hash: entry for entry in entries}
    after: dict[bytes, list[Entry]] = defaultdict(list)
    for entry in by_hash.values():
        after[entry.prev_hash].append(entry)
    roots = [entry for entry in after[NO_HASH] if isinstance(entry.event, Registered)]
    main: list[Entry] = []
    on_line = min(roots, key=_precedence, default=None)
    while on_line is not None:
        main.append(on_line)
        candidates = [entry for entry in after[on_line.hash] if follows(on_line, entry)]
        on_line = min(candidates, key=_precedence, default=None)
    chosen = {entry.hash for entry in main}
    rooted = _reachable(roots, after)
    late = [entry for key, entry in by_hash.items() if key in rooted and key not in chosen]
    unplaced = [entry for key, entry in by_hash.items() if key not in rooted]
    return Lines(main=tuple(main), late=_ordered(late), unplaced=_ordered(unplaced))


def _ordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.position))


def _reachable(roots: Sequence[Entry], after: dict[bytes, list[Entry]]) -> set[bytes]:
    seen: set[bytes] = set()
    waiting = list(roots)
    while waiting:
        entry = waiting.pop()
        if entry.hash in seen:
            continue
        seen.add(entry.hash)
        waiting.extend(next_entry for next_entry in after[entry.hash] if follows(entry, next_entry))
    return seen


NEVER_FILED = (LateEntryFiled, LateOutcomeAdopted, LateOverruled, Received, TakenOver)
"""A filing that is itself late is ignored; custody that lost to a takeover is settled by the takeover."""


def replay(entries: Iterable[Entry]) -> Case:
    """The state that a history comes to. Raises BrokenHistory where there is no beginning."""
    return state_of(lines(entries))


def state_of(known: Lines) -> Case:
    """The state of a main line, with the late entries that nobody has filed yet. Raises BrokenHistory.

    Whoever worked on a branch that was cut stays a participant: else it would never hear that it was cut.
    """
    if not known.main:
        raise BrokenHistory("history.no_beginning", Position(term=0, author="", seq=0))
    case = fold(known.main)
    filed = {entry.event_hash for entry in case.late_entries}
    unfiled = tuple(
        entry.hash for entry in known.late if entry.hash not in filed and not isinstance(entry.event, NEVER_FILED)
    )
    heard = {entry.position.author for entry in known.late}
    heard |= {entry.event.grant.site for entry in known.late if isinstance(entry.event, HANDOVERS)}
    highest = max((entry.position.term for entry in known.late), default=0)
    case = msgspec.structs.replace(case, unfiled_late=unfiled, highest_term=max(case.highest_term, highest))
    return with_participants(case, *heard)


def fold(main: Sequence[Entry]) -> Case:
    """The state after the entries of a main line, in order."""
    first = main[0]
    if not isinstance(first.event, Registered):
        raise BrokenHistory("history.no_beginning", first.position)
    case = begin(first.event, head_of(first))
    for entry in main[1:]:
        case = evolve(case, entry.event, head_of(entry))
    return case
