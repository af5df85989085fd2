"""A calendar arrived: the dates of every open case held here are counted anew, in bounded pieces.

Owns the walk; what becomes of a date, and its record, is the rules'. It goes on where it was left, in whatever replica.
"""

from __future__ import annotations

import logging

import msgspec

from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite, UnknownEdition
from bancheng.kernel.case import Case
from bancheng.kernel.commands import RecomputeDues
from bancheng.kernel.rejected import Rejected
from bancheng.store.casebook import CaseChange, append
from bancheng.store.database import Database
from bancheng.store.recomputation import advance_recomputation, take_recomputation, walk_open_cases

PIECE = 500

_log = logging.getLogger(__name__)


class Recomputed(msgspec.Struct, frozen=True, kw_only=True):
    """What one piece did. `is_elsewhere`: another replica is at it."""

    walked: int = 0
    changed: int = 0
    is_finished: bool = False
    is_elsewhere: bool = False


async def recompute_some(database: Database, site: HostedSite, *, limit: int = PIECE) -> Recomputed:
    """The next piece for the site's calendar, in one transaction."""
    edition = site.calendar.edition
    async with database.transaction(site.tenant) as tx:
        cursor = await take_recomputation(tx, edition)
        if cursor is None:
            return Recomputed(is_elsewhere=True)
        if cursor.finished_at is not None:
            return Recomputed(is_finished=True)
        piece = await walk_open_cases(tx, cursor.after_case_id, site.site, limit)
        if piece.unreadable:
            _log.error("states of cases unreadable", extra={"site": site.site, "number": piece.unreadable})
        changes = [change for change in (_recomputed(site, case) for case in piece.cases) if change is not None]
        if changes:
            await append(tx, changes, now=site.wall_now())
        is_finished = piece.walked < limit
        after = piece.last or cursor.after_case_id
        await advance_recomputation(tx, edition, after, finished_at=site.wall_now() if is_finished else None)
    return Recomputed(walked=piece.walked, changed=len(changes), is_finished=is_finished)


def _recomputed(site: HostedSite, case: Case) -> CaseChange | None:
    """The change, if any date moves. A case of an edition that is not here yet is left as it is, and so is one that
    meets a defect: the dates of the others must be counted anew all the same.
    """
    desk = Desk(site, case.case_id, case)
    try:
        desk.decide(RecomputeDues(), site.system_actor(case.holder_unit))
        return desk.change() if desk.is_changed else None
    except (Rejected, UnknownEdition):
        return None
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and the case is counted anew with its next entry
        _log.exception("dates of a case could not be counted anew", extra={"site": site.site})
        return None
