"""Two invented households of windows for tests: 萧山 with three tiers, 磐安 with two.

Owns their sites, units, staff and calendar. Names are invented; the tenants' codes and rules are the shipped ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from bancheng.kernel.calendar import Calendar
from bancheng.profiles.loader import shipped_profile
from bancheng.profiles.official_calendar import official_calendar
from bancheng.runtime.provisioning import SiteSpec, TenantSpec
from bancheng.schema.documents import UnitEntry

XIAOSHAN = "330109"
PANAN = "330727"
BEGIN_AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
"""Monday, 9:30 in the morning there."""
EFFECTIVE_ON = date(2022, 1, 1)
PASSWORD = "a-test-password"

VILLAGE, OTHER_VILLAGE = "330109101201", "330109101202"
TOWN = "330109101"
COUNTY = "330109"
PANAN_TOWN = "330727101"
PANAN_COUNTY = "330727"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A member of staff of one site."""

    tenant: str
    site: str
    login: str
    name: str
    unit: str
    roles: tuple[str, ...]


def account(tenant: str, site: str, login: str, unit: str, *roles: str) -> Account:
    """Somebody with an invented name."""
    return Account(tenant=tenant, site=site, login=login, name=f"测试{login}", unit=unit, roles=roles)


ACCOUNTS = (
    account(XIAOSHAN, "village", "village-clerk", VILLAGE, "clerk"),
    account(XIAOSHAN, "village", "village-leader", VILLAGE, "duty_leader"),
    account(XIAOSHAN, "village", "other-clerk", OTHER_VILLAGE, "clerk"),
    account(XIAOSHAN, "town", "town-clerk", TOWN, "clerk"),
    account(XIAOSHAN, "town", "town-leader", TOWN, "duty_leader"),
    account(XIAOSHAN, "county", "county-clerk", COUNTY, "clerk"),
    account(XIAOSHAN, "county", "county-coordinator", COUNTY, "coordinator"),
    account(XIAOSHAN, "county", "county-supervisor", COUNTY, "supervisor"),
    account(XIAOSHAN, "county", "county-administrator", COUNTY, "administrator"),
    account(PANAN, "town", "panan-town-clerk", PANAN_TOWN, "clerk"),
    account(PANAN, "county", "panan-clerk", PANAN_COUNTY, "clerk"),
)

SERVICES: Mapping[tuple[str, str], str] = {
    (XIAOSHAN, "village"): "village",
    (XIAOSHAN, "town"): "town",
    (XIAOSHAN, "county"): "county",
    (PANAN, "town"): "town",
    (PANAN, "county"): "county",
}
"""Which service hosts which site."""


@cache
def calendar() -> Calendar:
    """The official days of 2025 to 2027, as far as they are known."""
    return official_calendar(2025, 2027, edition=1)


def xiaoshan(*, hub_url: str, uplinks: Mapping[str, str]) -> TenantSpec:
    """`uplinks` are how the children reach the hub, by site."""
    units = (
        UnitEntry(code=COUNTY, name="区中心", tier="county", site="county"),
        UnitEntry(code=TOWN, name="甲镇中心", tier="town", site="town", parent=COUNTY),
        UnitEntry(code=VILLAGE, name="甲村站", tier="village", site="village", parent=TOWN),
        UnitEntry(code=OTHER_VILLAGE, name="乙村站", tier="village", site="village", parent=TOWN),
    )
    sites = (
        SiteSpec(site="county", tier="county", hub_url=hub_url),
        SiteSpec(site="town", tier="town", parent="county", hub_url=hub_url, uplink_url=uplinks["town"]),
        SiteSpec(site="village", tier="village", parent="town", uplink_url=uplinks["village"]),
    )
    return spec_of(XIAOSHAN, sites, units)


def panan(*, hub_url: str, uplinks: Mapping[str, str]) -> TenantSpec:
    """Two tiers: the county's hall and one town."""
    units = (
        UnitEntry(code=PANAN_COUNTY, name="县中心", tier="county", site="county"),
        UnitEntry(code=PANAN_TOWN, name="丙镇中心", tier="town", site="town", parent=PANAN_COUNTY),
    )
    sites = (
        SiteSpec(site="county", tier="county", hub_url=hub_url),
        SiteSpec(site="town", tier="town", parent="county", uplink_url=uplinks["town"]),
    )
    return spec_of(PANAN, sites, units)


def spec_of(tenant: str, sites: tuple[SiteSpec, ...], units: tuple[UnitEntry, ...]) -> TenantSpec:
    """By the tenant's shipped rules and the official calendar."""
    return TenantSpec(
        tenant=tenant,
        sites=sites,
        units=units,
        profile=shipped_profile(tenant),
        calendar=calendar(),
        effective_on=EFFECTIVE_ON,
        founded_at=BEGIN_AT,
    )


@dataclass(frozen=True, kw_only=True)
class Household:
    """One tenant as a system under test hosts it.

    `services`: which service hosts which of its sites. `children`: its sites that have a parent. `found` is given the
    address of the hub and, by child, how each reaches it.
    """

    tenant: str
    services: Mapping[str, str]
    children: tuple[str, ...]
    accounts: tuple[Account, ...]
    found: Callable[[str, Mapping[str, str]], TenantSpec]


def _household(tenant: str, children: tuple[str, ...], found: Callable[..., TenantSpec]) -> Household:
    return Household(
        tenant=tenant,
        services={site: service for (of, site), service in SERVICES.items() if of == tenant},
        children=children,
        accounts=tuple(each for each in ACCOUNTS if each.tenant == tenant),
        found=lambda hub_url, uplinks: found(hub_url=hub_url, uplinks=uplinks),
    )


HOUSEHOLDS = (_household(XIAOSHAN, ("town", "village"), xiaoshan), _household(PANAN, ("town",), panan))
"""The two that every system hosts, unless a test asks for others."""
LINKS = tuple((each.tenant, child) for each in HOUSEHOLDS for child in each.children)
"""Every link of theirs by its child."""
