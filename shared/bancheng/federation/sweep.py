"""Passed deadlines: found by an index, handled in batches, by any number of workers.

Owns what a site does by itself when an instant comes: climb the ladder of what it holds, take over from a silent
child, take back what was not received, raise an alarm for what it sent up. Handled twice, it has one effect.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite, UnknownEdition
from bancheng.kernel.case import Case
from bancheng.kernel.commands import PassDeadline, TakeOver
from bancheng.kernel.duty import named
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.watch import next_watch
from bancheng.schema.events import SYSTEM_STAFF, Actor
from bancheng.store.alerts import TRANSIT_LATE, raise_alert
from bancheng.store.casebook import CaseChange, append, due_cases
from bancheng.store.database import Database, Transaction
from bancheng.store.duty_rosters import load_roster
from bancheng.store.errors import EntryErased, TooManyEntries

BATCH = 250


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch did. `found` is how many were due; `stuck` were put off because the rules refused them."""

    found: int
    changed: int
    stuck: int


async def sweep(database: Database, site: HostedSite, *, limit: int = BATCH) -> Swept:
    """One batch of what is due at this site, in one transaction. Nothing due costs one look at an index."""
    async with database.transaction(site.tenant) as tx:
        now = site.now()
        due = await due_cases(tx, now, limit)
        changes: list[CaseChange] = []
        stuck = 0
        for case in due:
            change = await _act(tx, site, case, now)
            stuck += change is None
            changes.append(change if change is not None else _put_off(case))
        if changes:
            await append(tx, changes, now=site.wall_now())
        return Swept(found=len(due), changed=len(due) - stuck, stuck=stuck)


async def _act(tx: Transaction, site: HostedSite, case: Case, now: datetime) -> CaseChange | None:
    """The change that follows from the instant; None if the rules cannot say (an edition that is not here yet)."""
    desk = Desk(site, case.case_id, case)
    try:
        watch = next_watch(case, site.site, site.jurisdiction, desk.profile())
        if watch is None or watch.at > now:
            return desk.change()
        match watch.reason:
            case "rung":
                called = await _leaders_on_duty(tx, site, case, now)
                desk.decide(PassDeadline(called=called), site.system_actor(case.holder_unit))
            case "silent_holder":
                desk.decide(TakeOver(cause="silence"), _taker(site, case))
            case "take_back":
                desk.decide(TakeOver(cause="take_back"), site.system_actor(case.holder_unit))
            case "transit_alarm":
                return await _alarm(tx, site, case)
        return await desk.concluded(tx)
    except (Rejected, UnknownEdition, EntryErased, TooManyEntries):
        return None


async def _leaders_on_duty(tx: Transaction, site: HostedSite, case: Case, now: datetime) -> str:
    """Who is called, as the roster of the holder's unit says, if a rung that is due calls the duty leader (PZ-02)."""
    rungs = (rung for clock in case.clocks.values() if clock.state != "stopped" for rung in clock.rungs)
    if not any(rung.action == "call_duty_leader" and rung.at <= now for rung in rungs):
        return ""
    roster = await load_roster(tx, case.holder_unit)
    return named(roster.on_duty(site.calendar.local_day(now), "duty_leader"))


def _taker(site: HostedSite, case: Case) -> Actor:
    above = site.jurisdiction.parent_unit(case.holder_unit)
    return Actor(staff=SYSTEM_STAFF, name="系统", unit=above.code if above is not None else case.holder_unit)


async def _alarm(tx: Transaction, site: HostedSite, case: Case) -> CaseChange:
    """Sent up and not received in time: said once here, where somebody is still answerable for it."""
    grant = case.in_transit
    detail = grant.unit if grant is not None else ""
    await raise_alert(tx, case.case_id, TRANSIT_LATE, detail=detail, at=site.now())
    return _put_off(case)


def _put_off(case: Case) -> CaseChange:
    """No instant of its own any more: the next entry of the case sets one again."""
    return CaseChange(before=case.head, case=case, entries=(), act_at=None)
