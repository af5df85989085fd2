"""The plan of a tenant: what an operator writes before it begins, and before its sites change.

Owns the form of the plan. Must not know the database, nor what is written because of it.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.profiles.loader import load_profile, shipped_profile, shipped_profiles
from bancheng.profiles.official_calendar import official_calendar
from bancheng.runtime.provisioning import SiteSpec, TenantSpec
from bancheng.schema.documents import UnitEntry

CALENDAR_YEARS_BEFORE = 1
CALENDAR_YEARS_AFTER = 2


class TenantPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator writes. `profile` is a file; without it the shipped profile of the tenant is taken."""

    tenant: str
    effective_on: date
    sites: tuple[SiteSpec, ...]
    units: tuple[UnitEntry, ...]
    profile: str = ""


class PlanRefused(Exception):
    """A plan that cannot be carried out. `code` is stable, `field` names the mistake."""

    def __init__(self, code: str, *, field: str = "", detail: str = "") -> None:
        super().__init__(": ".join(part for part in (code, field, detail) if part))
        self.code = code
        self.field = field
        self.detail = detail


def read_plan(path: Path) -> TenantPlan:
    """Raises PlanRefused."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(values, TenantPlan)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanRefused("plan.unreadable", detail=str(error)) from error
    except msgspec.ValidationError as error:
        wanted, _, place = str(error).partition(" - at ")
        raise PlanRefused("plan.invalid", field=place.strip("`").removeprefix("$."), detail=wanted) from error


def spec_of(plan: TenantPlan, folder: Path, now: datetime) -> TenantSpec:
    """The plan with its profile and the official calendar around the day it begins.

    Raises PlanRefused where there is no profile, ProfileUnreadable for one with mistakes.
    """
    if not plan.profile and plan.tenant not in shipped_profiles():
        raise PlanRefused("plan.profile_wanted", field="profile", detail=plan.tenant)
    if plan.profile and not (folder / plan.profile).is_file():
        raise PlanRefused("plan.profile_missing", field="profile", detail=plan.profile)
    profile = load_profile(folder / plan.profile) if plan.profile else shipped_profile(plan.tenant)
    calendar = official_days(plan.effective_on)
    return TenantSpec(
        tenant=plan.tenant,
        sites=plan.sites,
        units=plan.units,
        profile=profile,
        calendar=calendar,
        effective_on=plan.effective_on,
        founded_at=now,
    )


def official_days(around: date) -> Calendar:
    """The official calendar of the years around a day."""
    return official_calendar(around.year - CALENDAR_YEARS_BEFORE, around.year + CALENDAR_YEARS_AFTER, edition=1)
