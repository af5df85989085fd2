"""下沉事项: a case in a matter that is sunk to a tier is that tier's to do; only what it cannot do climbs (XS-03).

Owns where such a case may be taken in hand. It is held up nowhere: what nobody does in time climbs by the clock.
"""

from __future__ import annotations

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case
from bancheng.kernel.catalogue import Matter
from bancheng.kernel.context import Context
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards


def require_known(key: str, context: Context) -> None:
    """A matter is one of the catalogue's, where there is a catalogue."""
    if key and context.catalogue.matters and context.catalogue.matter(key) is None:
        raise Rejected("registration.unknown_matter", field="matter", matter=key)


def require_its_tier(case: Case, context: Context) -> None:
    """Taken in hand where it is sunk to; above that only what came up from there, below it nowhere."""
    matter = _sunk(case, context)
    if matter is None:
        return
    here, wanted = _height(case.holder_unit, context), _place(matter.tier, context)
    if here > wanted:
        raise Rejected("matter.send_up", matter=matter.key, tier=matter.tier)
    came_from = _height(case.came_from[0], context) if case.came_from is not None else -1
    if here < wanted and came_from < wanted:
        raise Rejected("matter.hand_down", matter=matter.key, tier=matter.tier)


def require_cannot(command: c.Escalate, case: Case, context: Context) -> None:
    """The tier that a matter is sunk to says what keeps it from doing it, before it sends it up by hand."""
    if not guards.is_system(context) and not command.cannot_do and _is_here(case, context):
        raise Rejected("matter.cannot_do_missing", field="cannot_do", matter=case.matter)


def require_not_sunk_here(case: Case, context: Context) -> None:
    """What is the tier's own to do is not returned: it is done, or sent up with the reason."""
    if _is_here(case, context):
        raise Rejected("matter.not_returned", matter=case.matter)


def _is_here(case: Case, context: Context) -> bool:
    matter = _sunk(case, context)
    return matter is not None and _height(case.holder_unit, context) == _place(matter.tier, context)


def _sunk(case: Case, context: Context) -> Matter | None:
    """The case's matter, if it is done below the top."""
    matter = context.catalogue.matter(case.matter) if case.matter else None
    return matter if matter is not None and _place(matter.tier, context) > 0 else None


def _height(unit: str, context: Context) -> int:
    entry = context.jurisdiction.unit(unit)
    return _place(entry.tier, context) if entry is not None else -1


def _place(tier: str, context: Context) -> int:
    """0 is the top; -1 a tier that these rules do not have."""
    return next((place for place, each in enumerate(context.profile.tiers) if each.key == tier), -1)
