"""Who may read a restricted case: every site that takes part in it, and never the site of the unit it is about.

Owns that question for sites. Within one site, and for a site that itself has to act, the visibility predicate hides the
case from the unit (federation.md: audience; product.md: the unit may be the culprit).
"""

from __future__ import annotations

from bancheng.kernel.case import Case
from bancheng.kernel.context import Jurisdiction
from bancheng.schema import events as e


def concealed_site(complained_unit: str, jurisdiction: Jurisdiction) -> str:
    """The site that must not read a case about this unit; empty where there is none, or where it is the top site,
    above which nobody could act.
    """
    unit = jurisdiction.unit(complained_unit) if complained_unit else None
    return "" if unit is None or jurisdiction.depth(unit.site) == 0 else unit.site


def audience_of(event: e.CaseEvent, case: Case | None, author: str, jurisdiction: Jurisdiction) -> tuple[str, ...]:
    """The sites that an entry is sealed to, sorted; none where nothing need be sealed.

    `case` is the state before the entry, None before a registration. Whoever takes part, whoever is granted the case,
    and every site above them reads it, but for the concealed one.
    """
    concerned = {author, *(case.participants if case is not None else ())}
    if isinstance(event, e.HANDOVERS):
        concerned.add(event.grant.site)
    complained = event.complained_unit if isinstance(event, e.Registered) else case.complained_unit if case else ""
    return _without(concealed_site(complained, jurisdiction), author, concerned, jurisdiction)


def readers_of(case: Case, author: str, jurisdiction: Jurisdiction) -> tuple[str, ...]:
    """The sites that a message about the case is sealed to; none where nothing need be sealed."""
    concealed = concealed_site(case.complained_unit, jurisdiction)
    return _without(concealed, author, {author, *case.participants}, jurisdiction)


def _without(concealed: str, author: str, concerned: set[str], jurisdiction: Jurisdiction) -> tuple[str, ...]:
    if not concealed or concealed == author:
        return ()
    on_the_way = {above for site in concerned for above in jurisdiction.line_up(site)}
    return tuple(sorted(on_the_way - {concealed})) if concealed in on_the_way else ()
