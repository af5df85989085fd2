"""When a site must next look at a case by itself, and why.

Owns the one instant `act_at` by which passed deadlines are found: the holder's next rung, the parent's takeover,
the sender's transit. It only says when; what then happens is decided by the rules.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from bancheng.kernel.audience import concealed_site
from bancheng.kernel.case import Case
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.schema.clocks import CONCLUSION, HOLDER, TRANSIT
from bancheng.schema.documents import UnitEntry

Reason = Literal["rung", "silent_holder", "take_back", "transit_alarm"]


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """The next thing this site owes a case by itself."""

    at: datetime
    reason: Reason


def next_watch(case: Case, site: str, jurisdiction: Jurisdiction, profile: Profile) -> Watch | None:
    """None: this site has nothing to watch for in this case."""
    if case.is_closed:
        return None
    if case.in_transit is not None:
        return _transit_watch(case, site, jurisdiction)
    if case.holder_site == site:
        instants = [rung.at for clock in case.clocks.values() if clock.state != "stopped" for rung in clock.rungs]
        return Watch(at=min(instants), reason="rung") if instants else None
    until = watched_until(case, site, jurisdiction, profile)
    return Watch(at=until, reason="silent_holder") if until is not None else None


def taker(case: Case, site: str, jurisdiction: Jurisdiction) -> str | None:
    """The unit that `site` may take the case for: the sender's of a hand-down that is on its way to a child site, else
    the first above the holder that is not at the holder's own site, if it sits here and this is the direct parent of
    that site. When a site is silent, all its units are.
    """
    if case.in_transit is not None:
        sent_down = case.holder_site == site and jurisdiction.is_parent_site(site, case.in_transit.site)
        return case.holder_unit if sent_down else None
    above = unit_above(case, jurisdiction)
    for _ in jurisdiction.directory.units:
        if above is None or above.site != case.holder_site:
            break
        above = unit_above(replace(case, holder_unit=above.code), jurisdiction)
    concealed = concealed_site(case.complained_unit, jurisdiction)
    is_here = above is not None and above.site == site and jurisdiction.watcher(case.holder_site, concealed) == site
    return above.code if above is not None and is_here else None


def unit_above(case: Case, jurisdiction: Jurisdiction) -> UnitEntry | None:
    """The unit directly above the holder; above the one complained of, which never gets the case (XS-04)."""
    above = jurisdiction.parent_unit(case.holder_unit)
    if above is not None and above.code == case.complained_unit:
        return jurisdiction.parent_unit(above.code)
    return above


def _transit_watch(case: Case, site: str, jurisdiction: Jurisdiction) -> Watch | None:
    """Downward the sender takes the case back; upward it raises an alarm and stays answerable."""
    clock = case.clock(TRANSIT)
    if clock is None or case.holder_site != site:
        return None
    downward = taker(case, site, jurisdiction) is not None
    return Watch(at=clock.due_at, reason="take_back" if downward else "transit_alarm")


def watched_until(case: Case, site: str, jurisdiction: Jurisdiction, profile: Profile) -> datetime | None:
    """From when `site` may take the case: the transit's due date for what it sent down, else the holder's due date
    and the margin of the profile, if it has a unit to take it for and the profile lets it climb.
    """
    if taker(case, site, jurisdiction) is None:
        return None
    if case.in_transit is not None:
        clock = case.clock(TRANSIT)
        return clock.due_at if clock is not None else None
    margin = timedelta(minutes=profile.takeover_margin_minutes)
    dues = [
        clock.due_at + margin
        for name in (HOLDER, CONCLUSION)
        if (clock := case.clock(name)) is not None and clock.state != "stopped" and _climbs(name, profile)
    ]
    return min(dues) if dues else None


def _climbs(clock: str, profile: Profile) -> bool:
    return any(rung.action == "climb" for rung in profile.rungs(clock))
