"""What a site is called: its tier's name in the tenant's rules, and its window's where there is one.

Owns these names; a site's own identifier is for operators. Must not know templates.
"""

from __future__ import annotations

from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.schema.documents import SiteEntry, UnitEntry
from bancheng.window.error_texts import Language


def tier_name(jurisdiction: Jurisdiction, profile: Profile, site: str, language: Language) -> str:
    """`镇街`; the site's identifier where directory or rules do not know its tier."""
    return _tier_named(jurisdiction.site(site), profile, language) or site


def unit_tier_name(jurisdiction: Jurisdiction, profile: Profile, unit: str, site: str, language: Language) -> str:
    """Of the unit itself, which may live at a site of another tier; the site's where the unit's is not known."""
    named = _tier_named(jurisdiction.unit(unit), profile, language)
    return named or tier_name(jurisdiction, profile, site, language)


def _tier_named(entry: SiteEntry | UnitEntry | None, profile: Profile, language: Language) -> str:
    tier = profile.tier(entry.tier) if entry is not None else None
    if tier is None:
        return ""
    return tier.name.zh if language == "zh" else tier.name.en


def site_name(jurisdiction: Jurisdiction, profile: Profile, site: str, language: Language) -> str:
    """`区级 · 区中心`: the tier and the one window below no other of the site; where there are several, the tier."""
    named = tier_name(jurisdiction, profile, site, language)
    units = {unit.code: unit for unit in jurisdiction.directory.units if unit.site == site and unit.is_window}
    heads = [unit for unit in units.values() if unit.parent not in units]
    return f"{named} · {heads[0].name}" if len(heads) == 1 else named
