"""All shipped jurisdictions as one running system hosts them: each with the tiers that its own rules name.

Owns the sites, windows, departments and staff that the two of tenants.py lack. 攀枝花's city, counties and towns run on
the services called county, town and village: a service is a place in the chain, its name no tenant's. 内乡 and 山亭
have one hall each. Names are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from bancheng.profiles.loader import shipped_profile
from bancheng.runtime.provisioning import SiteSpec, TenantSpec
from bancheng.schema.documents import UnitEntry
from tests.support.tenants import (
    COUNTY,
    HOUSEHOLDS,
    PANAN,
    PANAN_COUNTY,
    TOWN,
    XIAOSHAN,
    Account,
    Household,
    account,
    spec_of,
)  # fmt: skip

PANZHIHUA, NEIXIANG, SHANTING = "510400", "411325", "370406"
CITY_COUNTY, CITY_TOWN = "510499", "510499101"
DEPARTMENT = "-d1"
"""Ends the code of the department of a window that has one."""
_SERVICES = ("county", "town", "village")


def _department(code: str, name: str, tier: str, site: str) -> UnitEntry:
    return UnitEntry(code=code + DEPARTMENT, name=name, tier=tier, site=site, parent=code, is_window=False)


def _with(household: Household, departments: tuple[UnitEntry, ...], accounts: tuple[Account, ...]) -> Household:
    def found(hub_url: str, uplinks: Mapping[str, str]) -> TenantSpec:
        spec = household.found(hub_url, uplinks)
        return msgspec.structs.replace(spec, units=(*spec.units, *departments))

    return replace(household, accounts=(*household.accounts, *accounts), found=found)


def _chain(tenant: str, codes: tuple[str, ...]) -> Household:
    """One window a tier, from the top down, each at a site named as its tier; a department beside the top one."""
    tiers = [(each.key, each.name.zh) for each in shipped_profile(tenant).tiers]
    above = dict(zip(codes[1:], codes, strict=False))
    windows = tuple(
        UnitEntry(code=code, name=f"{name}窗口", tier=key, site=key, parent=above.get(code))
        for code, (key, name) in zip(codes, tiers, strict=True)
    )
    department = _department(tenant, "民政部门", tiers[0][0], tiers[0][0])

    def found(hub_url: str, uplinks: Mapping[str, str]) -> TenantSpec:
        sites = tuple(
            SiteSpec(
                site=key, tier=key, parent=tiers[index - 1][0] if index else None,
                hub_url=hub_url if index < len(tiers) - 1 else "", uplink_url=uplinks.get(key, ""),
            )
            for index, (key, _) in enumerate(tiers)
        )  # fmt: skip
        return spec_of(tenant, sites, (*windows, department))

    accounts = [
        account(tenant, unit.site, f"{unit.site}-{role}", unit.code, role_of)
        for unit in windows
        for role, role_of in (("clerk", "clerk"), ("leader", "duty_leader"))
    ]
    top = tiers[0][0]
    accounts.append(account(tenant, top, f"{top}-chief", tenant, "leader"))
    accounts.append(account(tenant, top, "officer", tenant + DEPARTMENT, "department_officer"))
    return Household(
        tenant=tenant,
        services={key: service for (key, _), service in zip(tiers, _SERVICES, strict=False)},
        children=tuple(key for key, _ in tiers[1:]),
        accounts=tuple(accounts),
        found=found,
    )


_BY_TENANT = {each.tenant: each for each in HOUSEHOLDS}
FIVE = (
    _with(
        _BY_TENANT[XIAOSHAN],
        (_department(TOWN, "镇农业部门", "town", "town"), _department(COUNTY, "区农业部门", "county", "county")),
        (
            account(XIAOSHAN, "town", "town-officer", TOWN + DEPARTMENT, "department_officer"),
            account(XIAOSHAN, "county", "county-officer", COUNTY + DEPARTMENT, "department_officer"),
        ),
    ),
    _with(
        _BY_TENANT[PANAN],
        (_department(PANAN_COUNTY, "县建设部门", "county", "county"),),
        (
            account(PANAN, "county", "panan-coordinator", PANAN_COUNTY, "coordinator"),
            account(PANAN, "county", "panan-officer", PANAN_COUNTY + DEPARTMENT, "department_officer"),
        ),
    ),
    _chain(PANZHIHUA, (PANZHIHUA, CITY_COUNTY, CITY_TOWN)),
    _chain(NEIXIANG, (NEIXIANG,)),
    _chain(SHANTING, (SHANTING,)),
)
"""The two of tenants.py, with departments, and the other three."""
