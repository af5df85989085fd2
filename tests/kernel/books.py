"""What a simulated site keeps: its entries and its state of each case, what it sent and how far it has read."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from bancheng.kernel.case import Case
from bancheng.kernel.history import Entry


@dataclass
class Book:
    """One case as one site knows it. Entries are kept in the order in which they came."""

    entries: dict[bytes, Entry] = field(default_factory=dict[bytes, Entry])
    waiting: tuple[Entry, ...] = ()
    case: Case | None = None
    sent: dict[str, frozenset[bytes]] = field(default_factory=dict[str, frozenset[bytes]])

    def copied(self) -> Book:
        return Book(entries=dict(self.entries), waiting=self.waiting, case=self.case, sent=dict(self.sent))


@dataclass
class Site:
    """`outbox` is all that was ever sent to a peer, `read` how much of a peer's was taken in."""

    name: str
    books: dict[UUID, Book] = field(default_factory=dict[UUID, Book])
    outbox: dict[str, tuple[tuple[UUID, Entry], ...]] = field(
        default_factory=dict[str, "tuple[tuple[UUID, Entry], ...]"]
    )
    read: dict[str, int] = field(default_factory=dict[str, int])
    skew: timedelta = timedelta()

    def copied(self) -> Site:
        other = copy(self)
        other.books = {case_id: book.copied() for case_id, book in self.books.items()}
        other.outbox, other.read = dict(self.outbox), dict(self.read)
        return other
