"""`tenant found`: from a plan, the files that each site's operator is given.

Owns the form of the plan and of the folder that is written: `<site>/<tenant>.toml` for each site, and `accounts.json`,
the users of each nats-server. Must not know the database.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.profiles.loader import load_profile, shipped_profile
from bancheng.profiles.official_calendar import official_calendar
from bancheng.runtime.nats_config import TenantAccount, nats_configuration
from bancheng.runtime.provisioning import SiteSpec, TenantSpec, found_tenant
from bancheng.runtime.site_files import SiteFile, write_site_file
from bancheng.schema.documents import UnitEntry

ACCOUNTS_FILE = "accounts.json"
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
    """The plan with its profile and the official calendar around the day it begins."""
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


def found_from_plan(plan_path: Path, out: Path) -> Iterator[str]:
    """Writes the folder, which must not exist; says what it wrote. Raises PlanRefused, BadTenant."""
    plan = read_plan(plan_path)
    founded = found_tenant(spec_of(plan, plan_path.parent, datetime.now(UTC)))
    yield from write_folder(out, founded.site_files, founded.accounts)


def write_folder(out: Path, files: Mapping[str, SiteFile], accounts: Mapping[str, TenantAccount]) -> Iterator[str]:
    """One folder for each site, and the accounts; says what it wrote. Raises PlanRefused if `out` exists."""
    if out.exists():
        raise PlanRefused("plan.folder_exists", field="out", detail=out.name)
    out.mkdir(parents=True)
    for site, file in files.items():
        yield f"{write_site_file(out / site, file)}: for the sites_dir of {site}; holds secrets"
    path = out / ACCOUNTS_FILE
    path.write_bytes(msgspec.json.format(msgspec.json.encode(accounts), indent=2))
    yield f"{path}: who may enter which nats-server; `bancheng nats config` makes configurations of it"


def read_accounts(path: Path) -> dict[str, TenantAccount]:
    """By the nats-server's address. Raises PlanRefused."""
    try:
        return _accounts.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise PlanRefused("plan.accounts_unreadable", detail=path.name) from error


def configuration_for(server: str, paths: Sequence[Path]) -> str:
    """The configuration of one nats-server with every tenant of these files. Raises PlanRefused, BadNatsAccounts."""
    accounts = [found for path in paths if (found := read_accounts(path).get(server)) is not None]
    if not accounts:
        raise PlanRefused("plan.server_unknown", field="server", detail=server)
    return nats_configuration(accounts)


_accounts = msgspec.json.Decoder(dict[str, TenantAccount])
