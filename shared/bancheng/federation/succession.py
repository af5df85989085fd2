"""A unit was closed or merged: the open cases it holds at this site go on with the unit that follows it (PA-01).

Owns the walk; where a case goes, and its record, is the rules'. It has no cursor: a case that was handed on is not
found again, one that arrives later at a closed unit is.
"""

from __future__ import annotations

import logging
from uuid import UUID

from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite, UnknownEdition
from bancheng.kernel.case import Case
from bancheng.kernel.commands import LeaveClosedUnit
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.units import is_closed
from bancheng.store.casebook import CaseChange, append
from bancheng.store.closed_units import MAX_HELD, held_by
from bancheng.store.database import Database, Transaction
from bancheng.store.errors import EntryErased, StoreError, TooManyEntries

FROM_THE_START = UUID(int=0)

_log = logging.getLogger(__name__)


async def hand_on(database: Database, site: HostedSite, *, piece: int = MAX_HELD) -> int:
    """All of them, a transaction for each piece; how many went. A site without closed units asks nothing."""
    units = closed_units(site)
    after, gone = FROM_THE_START, 0
    while units:
        async with database.transaction(site.tenant) as tx:
            held = await held_by(tx, units, site.site, after=after, limit=piece)
            changes = [change for case in held if (change := await _handed_on(tx, site, case)) is not None]
            if changes:
                await append(tx, changes, now=site.wall_now())
        gone += len(changes)
        if len(held) < piece:
            break
        after = held[-1].case_id
    return gone


def closed_units(site: HostedSite) -> tuple[str, ...]:
    """Those of this site that are closed today."""
    today = site.calendar.local_day(site.now())
    return tuple(
        unit.code for unit in site.jurisdiction.directory.units if unit.site == site.site and is_closed(unit, today)
    )


async def _handed_on(tx: Transaction, site: HostedSite, case: Case) -> CaseChange | None:
    """The change; None where the rules cannot say, for example by an edition that is not here: its clocks go on, and
    so do the other cases. Raises StoreError.
    """
    desk = Desk(site, case.case_id, case)
    try:
        if not desk.decide(LeaveClosedUnit(), site.system_actor(case.holder_unit)):
            return None
        return await desk.concluded(tx)
    except (Rejected, UnknownEdition, EntryErased, TooManyEntries):
        return None
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and the next walk meets the case again
        _log.exception("a case of a closed unit could not be handed on", extra={"site": site.site})
        return None
