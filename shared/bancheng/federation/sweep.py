"""Passed deadlines: found by an index, handled in batches, by any number of workers.

Owns what a site does by itself when an instant comes: climb the ladder of what it holds, take over from a silent
child, take back what was not received, raise an alarm for what it sent up. Handled twice, it has one effect.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec

from bancheng.federation.application import PASSING
from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite, UnknownEdition
from bancheng.kernel.case import Case
from bancheng.kernel.commands import PassDeadline, TakeOver
from bancheng.kernel.duty import named
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.watch import next_watch, taker
from bancheng.store.alerts import TRANSIT_LATE, raise_alert
from bancheng.store.casebook import CaseChange, append, due_cases, look_again
from bancheng.store.database import Database, Transaction
from bancheng.store.duty_rosters import load_roster
from bancheng.store.errors import EntryErased, StoreError, TooManyEntries

BATCH = 250
PUT_OFF = timedelta(minutes=1)
"""Of domain time. What the rules refuse now they may grant soon: with an edition that another replica knows already, a
directory that is on its way, the next release.
"""

_log = logging.getLogger(__name__)


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch did. `found` is how many were due; `stuck` were put off: by a refusal or a defect."""

    found: int
    changed: int
    stuck: int


async def sweep(database: Database, site: HostedSite, *, limit: int = BATCH) -> Swept:
    """One batch of what is due at this site, in one transaction. Nothing due costs one look at an index.

    A batch that cannot be written is tried again case by case: one of them holds up no other. Raises StoreError.
    """
    try:
        return await _sweep(database, site, limit)
    except PASSING:
        raise
    except Exception:  # noqa: BLE001 - a defect met by one case must not make the others late
        _log.exception("a batch of due cases could not be handled; they one by one", extra={"site": site.site})
    found = changed = stuck = 0
    for _ in range(limit):
        one = await _sweep_alone(database, site)
        if not one.found:
            break
        found, changed, stuck = found + one.found, changed + one.changed, stuck + one.stuck
    return Swept(found=found, changed=changed, stuck=stuck)


async def _sweep(database: Database, site: HostedSite, limit: int) -> Swept:
    async with database.transaction(site.tenant) as tx:
        now = site.now()
        due = await due_cases(tx, now, limit)
        if due.unreadable:
            _log.error("states of due cases unreadable", extra={"site": site.site, "number": len(due.unreadable)})
        changes: list[CaseChange] = []
        stuck = list(due.unreadable)
        for case in due.cases:
            change = await _act(tx, site, case, now)
            if change is None:
                stuck.append(case.case_id)
            else:
                changes.append(change)
        if changes:
            await append(tx, changes, now=site.wall_now())
        if stuck:
            await look_again(tx, stuck, at=now + PUT_OFF)
        return Swept(found=len(changes) + len(stuck), changed=len(changes), stuck=len(stuck))


async def _sweep_alone(database: Database, site: HostedSite) -> Swept:
    """The case that waits longest. If it cannot be written even alone, it is put off."""
    try:
        return await _sweep(database, site, 1)
    except PASSING:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and the case is met again
        _log.exception("a due case could not be handled", extra={"site": site.site})
    async with database.transaction(site.tenant) as tx:
        due = await due_cases(tx, site.now(), 1)
        case_ids = [case.case_id for case in due.cases]
        await look_again(tx, [*case_ids, *due.unreadable], at=site.now() + PUT_OFF)
    return Swept(found=1, changed=0, stuck=1)


async def _act(tx: Transaction, site: HostedSite, case: Case, now: datetime) -> CaseChange | None:
    """The change that follows from the instant; None if the rules cannot say (an edition that is not here yet) or meet
    a defect. Raises StoreError.
    """
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
                unit = taker(case, site.site, site.jurisdiction) or case.holder_unit
                desk.decide(TakeOver(cause="silence"), site.system_actor(unit))
            case "take_back":
                desk.decide(TakeOver(cause="take_back"), site.system_actor(case.holder_unit))
            case "transit_alarm":
                return await _alarm(tx, site, case)
        return await desk.concluded(tx)
    except (Rejected, UnknownEdition, EntryErased, TooManyEntries):
        return None
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is told; the other cases of the batch go on
        _log.exception("a due case could not be decided", extra={"site": site.site})
        return None


async def _leaders_on_duty(tx: Transaction, site: HostedSite, case: Case, now: datetime) -> str:
    """Who is called, as the roster of the holder's unit says, if a rung that is due calls the duty leader (PZ-02)."""
    rungs = (rung for clock in case.clocks.values() if clock.state != "stopped" for rung in clock.rungs)
    if not any(rung.action == "call_duty_leader" and rung.at <= now for rung in rungs):
        return ""
    roster = await load_roster(tx, case.holder_unit)
    return named(roster.on_duty(site.calendar.local_day(now), "duty_leader"))


async def _alarm(tx: Transaction, site: HostedSite, case: Case) -> CaseChange:
    """Sent up and not received in time: said once here, where somebody is still answerable for it."""
    grant = case.in_transit
    detail = grant.unit if grant is not None else ""
    await raise_alert(tx, case.case_id, TRANSIT_LATE, detail=detail, at=site.now())
    # No instant of its own any more: the next entry of the case sets one again.
    return CaseChange(before=case.head, case=case, entries=(), act_at=None)
