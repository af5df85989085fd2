"""What another calendar would do to the open cases: how many, which, and from which date to which.

Owns the bounded walk and what is said of a case to somebody who may not see it: its number and its dates, nothing else.
Locks nothing and writes nothing.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

import msgspec

from bancheng.federation.site import HostedSite, UnknownEdition
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.case import Case
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules.recounting import Recounted, recounted
from bancheng.store.database import Database
from bancheng.store.open_cases import OpenCursor, OpenPiece, open_cases
from bancheng.window import cursors

MOST_COUNTED: Final = 5_000
"""Open cases that are counted; beyond it the counts say that they are not complete."""
MOST_LOOKED_AT: Final = 2_000
"""Open cases that one page looks through for those that change."""
PIECE: Final = 200


class LimitMoved(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. The days are equal where it only ceases to be provisional (暂定)."""

    clock: str
    old_due_day: date
    new_due_day: date
    was_provisional: bool
    provisional: bool


class CaseMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A case with a limit that changes."""

    number: str
    limits: list[LimitMoved]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Over the first `open_cases` open cases that are known here. `is_complete` False: there are more.

    `moved`: with a date that becomes another; `confirmed`: with none that does, but one no longer provisional;
    `unknown`: by rules that have not arrived here.
    """

    open_cases: int
    moved: int
    confirmed: int
    unknown: int
    is_complete: bool


class MovedPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` None: there are no more. A page may be short, even empty, and have a next."""

    cases: list[CaseMoved]
    next: str | None


async def count_moved(database: Database, site: HostedSite, calendar: Calendar) -> Counts:
    """At most MOST_COUNTED cases, in pieces, each in a transaction of its own that only reads."""
    walked = moved = confirmed = unknown = 0
    after: OpenCursor | None = None
    while walked < MOST_COUNTED:
        piece = await _piece(database, site, after, min(PIECE, MOST_COUNTED - walked))
        for case in piece.cases:
            found = _recounted(site, case, calendar)
            unknown += found is None
            moved += bool(found) and any(each.moves for each in found)
            confirmed += bool(found) and not any(each.moves for each in found)
        walked += len(piece.cases)
        after = piece.next
        if after is None:
            break
        await asyncio.sleep(0)  # other requests come in between
    is_complete = after is None or not (await _piece(database, site, after, 1)).cases
    return Counts(open_cases=walked, moved=moved, confirmed=confirmed, unknown=unknown, is_complete=is_complete)


async def cases_moved(database: Database, site: HostedSite, calendar: Calendar, *, after: str, limit: int) -> MovedPage:
    """The next `limit` cases that change, the most urgent first. Raises InvalidInput for a cursor that is none."""
    cursor = cursors.read(after, OpenCursor) if after else None
    rows: list[CaseMoved] = []
    walked = 0
    while len(rows) < limit and walked < MOST_LOOKED_AT:
        # No more than what is still wanted: the cursor stands behind the last case that was looked at.
        piece = await _piece(database, site, cursor, min(PIECE, limit - len(rows)))
        rows += [row for row in (_row(site, case, calendar) for case in piece.cases) if row is not None]
        walked += len(piece.cases)
        cursor = piece.next
        if cursor is None:
            break
    return MovedPage(cases=rows, next=None if cursor is None else cursors.written(cursor))


async def _piece(database: Database, site: HostedSite, after: OpenCursor | None, limit: int) -> OpenPiece:
    async with database.transaction(site.tenant, durable=False) as tx:
        return await open_cases(tx, after, limit)


def _recounted(site: HostedSite, case: Case, calendar: Calendar) -> tuple[Recounted, ...] | None:
    """None for a case whose rules are not here, or that the calendar cannot count."""
    try:
        return recounted(case, calendar=calendar, profile=site.profile(case.profile_edition), at=site.now())
    except (UnknownEdition, Rejected):
        return None


def _row(site: HostedSite, case: Case, calendar: Calendar) -> CaseMoved | None:
    found = _recounted(site, case, calendar)
    if not found:
        return None
    limits = [
        LimitMoved(
            clock=each.was.name,
            old_due_day=each.was.due_day,
            new_due_day=each.becomes.due_day,
            was_provisional=each.was.provisional,
            provisional=each.becomes.provisional,
        )
        for each in sorted(found, key=lambda each: each.was.due_at)
    ]
    return CaseMoved(number=case.number, limits=limits)
