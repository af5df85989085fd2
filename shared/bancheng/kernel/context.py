"""What a decision may look at beside the case: now, the actor, the site, the rules, the calendar, the directory.

Owns the questions asked of the directory. Everything is given; nothing is fetched.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.kernel.catalogue import Catalogue
from bancheng.kernel.entrustments import Entrustments
from bancheng.kernel.profile import Profile
from bancheng.schema.documents import Directory, SiteEntry, UnitEntry
from bancheng.schema.events import Actor


class Jurisdiction:
    """A directory with its look-ups built once. Immutable."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._units = {unit.code: unit for unit in directory.units}
        self._sites = {site.site: site for site in directory.sites}
        self._depths = {site: self._depth(site) for site in self._sites}

    def unit(self, code: str) -> UnitEntry | None:
        return self._units.get(code)

    def site(self, site: str) -> SiteEntry | None:
        return self._sites.get(site)

    def parent_unit(self, code: str) -> UnitEntry | None:
        """The unit a case climbs to from `code`; None at the top."""
        unit = self._units.get(code)
        return self._units.get(unit.parent) if unit is not None and unit.parent is not None else None

    def is_parent_site(self, parent: str, child: str) -> bool:
        site = self._sites.get(child)
        return site is not None and site.parent == parent

    def depth(self, site: str) -> int:
        """Distance from the top tier's site: 0 at the top, 1 below it. Unknown sites are deepest."""
        return self._depths.get(site, len(self._sites) + 1)

    def next_hop(self, here: str, to: str) -> str | None:
        """The neighbour of `here` on the way to `to`: a child that leads there, else the parent; None if it is here."""
        if here == to:
            return None
        walk = self._sites.get(to)
        for _ in range(len(self._sites)):
            if walk is None or walk.parent is None:
                break
            if walk.parent == here:
                return walk.site
            walk = self._sites.get(walk.parent)
        own = self._sites.get(here)
        return own.parent if own is not None else None

    def line_up(self, site: str) -> tuple[str, ...]:
        """The site and all above it, the top last."""
        line: list[str] = []
        walk: str | None = site
        while walk is not None and walk not in line:
            line.append(walk)
            entry = self._sites.get(walk)
            walk = entry.parent if entry is not None else None
        return tuple(line)

    def watcher(self, site: str, concealed: str) -> str | None:
        """The site that watches over what `site` holds: its parent, or the next above one that is concealed."""
        return next((above for above in self.line_up(site)[1:] if above != concealed), None)

    def children(self, site: str) -> tuple[str, ...]:
        return tuple(entry.site for entry in self.directory.sites if entry.parent == site)

    def _depth(self, site: str) -> int:
        depth, walk = 0, self._sites.get(site)
        while walk is not None and walk.parent is not None and depth <= len(self._sites):
            walk, depth = self._sites.get(walk.parent), depth + 1
        return depth


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `decide` may know beside the case. `now` is domain time, aware UTC."""

    now: datetime
    actor: Actor
    site: str
    profile: Profile
    calendar: Calendar
    jurisdiction: Jurisdiction
    entrustments: Entrustments = Entrustments()
    catalogue: Catalogue = Catalogue()
