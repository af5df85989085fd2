"""设窗口、改名、合并、撤窗口: the next directory, with one unit added, renamed or closed (PA-01).

Owns what may be done to the units of a directory. A unit is never taken out: its cases name it for ever, so it is
closed and says who follows it. Sites, their keys and parents are not changed here.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from msgspec.structs import replace

from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.schema.documents import Directory, UnitEntry

_OF_A_WINDOW: Final = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}(?:-\S+)?")
_OF_A_DEPARTMENT: Final = re.compile(r"\S+")
MAX_CODE_CHARACTERS: Final = 64


def is_unit_code(code: str, *, is_window: bool) -> bool:
    """Whether a new unit may have that code. A window's is the code of its division: six digits to the county, three
    more for the town, three more for the village, and behind a hyphen what the tenant likes, where one division has
    several or the place has no code of its own. A department's is the tenant's own, without blanks.
    """
    wanted = _OF_A_WINDOW if is_window else _OF_A_DEPARTMENT
    return len(code) <= MAX_CODE_CHARACTERS and wanted.fullmatch(code) is not None


def add_unit(directory: Directory, unit: UnitEntry, profile: Profile) -> Directory:
    """With a new unit at a site that is there. Raises Rejected naming the field."""
    if any(each.code == unit.code for each in directory.units):
        raise Rejected("unit.exists", field="code", unit=unit.code)
    above = _open_unit(directory, unit.parent or "", "parent")
    if not any(site.site == unit.site for site in directory.sites):
        raise Rejected("unit.site_unknown", field="site", site=unit.site)
    if profile.tier(unit.tier) is None:
        raise Rejected("tier.unknown", field="tier", tier=unit.tier)
    if not _may_stand_below(directory, unit, above):
        raise Rejected("unit.above_elsewhere", field="parent", unit=above.code)
    if not is_unit_code(unit.code, is_window=unit.is_window):
        raise Rejected("unit.code_impossible", field="code", unit=unit.code)
    return _next(directory, (*directory.units, unit))


def change_unit(
    directory: Directory, code: str, *, name: str | None = None, serves_enterprises: bool | None = None
) -> Directory:
    """Under the name or with the flag that it is given. Raises Rejected."""
    unit = _open_unit(directory, code, "unit")
    changed = replace(
        unit,
        name=unit.name if name is None else name,
        serves_enterprises=unit.serves_enterprises if serves_enterprises is None else serves_enterprises,
    )
    return _next(directory, tuple(changed if each.code == code else each for each in directory.units))


def close_unit(directory: Directory, code: str, *, on: date, successor: str | None = None) -> Directory:
    """Closed from `on`, merged into `successor` if one is named. The units below it come under whoever follows, where
    their sites let them. Raises Rejected.
    """
    unit = _open_unit(directory, code, "unit")
    if unit.parent is None:
        raise Rejected("unit.top_stays", field="unit", unit=code)
    if successor is not None:
        heir = _open_unit(directory, successor, "into")
        if heir.code == code or heir.is_window != unit.is_window:
            raise Rejected("unit.successor_unfit", field="into", unit=successor)
    closed = replace(unit, closed_on=on, successor=successor)
    heirs = [each for each in (successor, unit.parent) if each is not None]
    units = (closed if each.code == code else _under(directory, each, code, heirs) for each in directory.units)
    return _next(directory, tuple(units))


def heir_of(directory: Directory, code: str, on: date) -> UnitEntry | None:
    """Who follows a unit that is closed on that day: its successor's successor, or the nearest open unit above. None
    for a unit that is open or unknown.
    """
    units = {unit.code: unit for unit in directory.units}
    unit = units.get(code)
    if unit is None or not is_closed(unit, on):
        return None
    for _ in range(len(units)):
        unit = units.get(unit.successor or unit.parent or "")
        if unit is None or not is_closed(unit, on):
            return unit
    return None


def open_above(jurisdiction: Jurisdiction, code: str, on: date) -> UnitEntry | None:
    """The unit directly above, or whoever follows it where it is closed on that day. None at the top.

    A closed unit may still stand above others: a site has one parent, and the heir may be elsewhere (PA-01).
    """
    above = jurisdiction.parent_unit(code)
    for _ in jurisdiction.directory.units:
        if above is None or not is_closed(above, on):
            return above
        heir = heir_of(jurisdiction.directory, above.code, on)
        # What was merged into a unit below it: that one climbs past what is closed.
        above = heir if heir is not None and heir.code != code else jurisdiction.parent_unit(above.code)
    return None


def is_closed(unit: UnitEntry, on: date) -> bool:
    return unit.closed_on is not None and unit.closed_on <= on


def _open_unit(directory: Directory, code: str, field: str) -> UnitEntry:
    unit = next((each for each in directory.units if each.code == code), None)
    if unit is None:
        raise Rejected("unit.unknown", field=field, unit=code)
    if unit.closed_on is not None:
        raise Rejected("unit.closed", field=field, unit=code)
    return unit


def _may_stand_below(directory: Directory, unit: UnitEntry, above: UnitEntry) -> bool:
    """A case climbs from unit to unit: where the unit above is elsewhere, it is at the parent site."""
    site = next((each for each in directory.sites if each.site == unit.site), None)
    return site is not None and above.site in {site.site, site.parent}


def _under(directory: Directory, unit: UnitEntry, closed: str, heirs: list[str]) -> UnitEntry:
    """The first of the heirs that the unit may stand below; where there is none, it climbs past what is closed."""
    if unit.parent != closed:
        return unit
    for each in directory.units:
        if each.code == heirs[0] and each.code != unit.code and _may_stand_below(directory, unit, each):
            return replace(unit, parent=each.code)
    return _under(directory, unit, closed, heirs[1:]) if heirs[1:] else unit


def _next(directory: Directory, units: tuple[UnitEntry, ...]) -> Directory:
    return replace(directory, edition=directory.edition + 1, units=units)
