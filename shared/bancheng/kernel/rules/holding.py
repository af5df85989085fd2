"""The holder's clock: how long a unit may keep a case before it climbs.

Owns which clock a unit gets with a case: a new one by its tier, or its own earlier one, resumed.
"""

from __future__ import annotations

from bancheng.kernel import limits
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.rejected import Rejected
from bancheng.schema.clocks import HELD_PREFIX, HOLDER, Clock


def holder_clock(unit: str, tier_key: str, limit_workdays: int | None, context: Context) -> tuple[Clock, ...]:
    """The clock of a unit that holds a case for the first time; none where its tier has no timed climb."""
    tier = context.profile.tier(tier_key)
    if tier is None and limit_workdays is None:
        raise Rejected("tier.unknown", field="unit", tier=tier_key)
    limit = limit_workdays if limit_workdays is not None or tier is None else tier.hold_workdays
    if limit is None:
        return ()
    return (
        limits.start(
            HOLDER,
            owner=unit,
            at=context.now,
            limit_workdays=limit,
            profile=context.profile,
            calendar=context.calendar,
        ),
    )


def clock_again(case: Case, unit: str, limit_workdays: int | None, context: Context) -> tuple[Clock, ...]:
    """The clock of a unit that gets a case: one that held it before goes on with what it had left, unless the sender
    set a limit of its own.
    """
    current = case.clock(HOLDER)
    earlier = current if current is not None and current.owner == unit else case.clock(HELD_PREFIX + unit)
    if earlier is None or limit_workdays is not None:
        key = tier_key(unit, context)
        return holder_clock(unit, key, _limit_where_unnamed(key, limit_workdays, context), context)
    stopped = limits.stop(earlier, context.calendar, context.now)
    resumed = limits.come_back(stopped, name=HOLDER, at=context.now, profile=context.profile, calendar=context.calendar)
    return (resumed,)


def _limit_where_unnamed(key: str, limit_workdays: int | None, context: Context) -> int | None:
    """What arrives is received, also at a tier that came with a later edition than the case's: it may stay there as
    long as where its own edition lets it stay the shortest.
    """
    if limit_workdays is not None or context.profile.tier(key) is not None:
        return limit_workdays
    return min(
        (each.hold_workdays for each in context.profile.tiers if each.hold_workdays is not None),
        default=context.profile.transit_workdays,
    )


def tier_key(unit: str, context: Context) -> str:
    """What arrives is received, also for a unit that was closed on its way or is not in this directory yet: then
    the tier is the site's.
    """
    entry = context.jurisdiction.unit(unit)
    if entry is not None:
        return entry.tier
    site = context.jurisdiction.site(context.site)
    return site.tier if site is not None else ""
