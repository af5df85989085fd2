"""What a demo is founded on: passwords, keys and documents of its tenants, made once and kept in one file.

Owns that file. It is replaced as a whole before anything is built on it, so a set-up that was killed half-way is only
done again; whatever stands in other files is written anew from here at every start.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.profiles.official_calendar import official_calendar
from bancheng.runtime.demo.folder import FolderRefused
from bancheng.runtime.demo.places import SERVICES, SITES, tenant_spec
from bancheng.runtime.nats_config import TenantAccount, nats_configuration
from bancheng.runtime.provisioning import found_tenant
from bancheng.runtime.site_files import Server, SiteFile, write_site_file
from bancheng.runtime.whole_files import write_whole

YEARS_BEFORE = 1
YEARS_AFTER = 5
_HUB = "nats://127.0.0.1:4222"
"""Stands in the kept file; each start writes the port of its own."""


class FoundedTenant(msgspec.Struct, frozen=True, kw_only=True):
    files: dict[str, SiteFile]
    account: TenantAccount


class Foundation(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is part of the names of databases and roles, so that two demos may share one PostgreSQL.

    `begins_at` is the first domain instant.
    """

    name: str
    owner_password: str
    service_password: str
    begins_at: datetime
    calendar: Calendar
    tenants: dict[str, FoundedTenant]

    def database(self, service: str) -> str:
        return f"bancheng_demo_{self.name}_{service}"

    def owner(self, service: str) -> str:
        return f"{self.database(service)}_owner"

    def nats_text(self) -> str:
        """The configuration of the one nats-server: an account for each tenant."""
        return nats_configuration([each.account for each in self.tenants.values()])

    def write_site_files(self, folder: Path, nats_url: str) -> Mapping[str, Path]:
        """Where each service's site files are."""
        for founded in self.tenants.values():
            for site, file in founded.files.items():
                write_site_file(folder / site, _with_server(file, nats_url))
        return {service: folder / service for service in SERVICES}


def read_foundation(path: Path) -> Foundation | None:
    """None before the first start. Raises FolderRefused for a file that this release cannot read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Foundation)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        detail = f"{path.name} 读不出来，请用 --reset 重新开始 · cannot be read; begin anew with --reset"
        raise FolderRefused("demo.foundation_unreadable", detail) from error


def make_foundation(path: Path, today: datetime) -> Foundation:
    """Begins at the opening of the first working day from `today` on."""
    calendar = official_calendar(today.year - YEARS_BEFORE, today.year + YEARS_AFTER, edition=1)
    first = calendar.local_day(calendar.next_business_instant(calendar.start_of_business(calendar.local_day(today))))
    begins_at = calendar.start_of_business(first).astimezone(UTC)
    made = Foundation(
        name=secrets.token_hex(3),
        owner_password=secrets.token_urlsafe(18),
        service_password=secrets.token_urlsafe(18),
        begins_at=begins_at,
        calendar=calendar,
        tenants={tenant: _found(tenant, calendar, begins_at) for tenant in SITES},
    )
    write_whole(path, msgspec.json.format(msgspec.json.encode(made), indent=1))
    return made


def _found(tenant: str, calendar: Calendar, begins_at: datetime) -> FoundedTenant:
    founded = found_tenant(tenant_spec(tenant, hub_url=_HUB, calendar=calendar, founded_at=begins_at))
    return FoundedTenant(files=dict(founded.site_files), account=founded.accounts[_HUB])


def _with_server(file: SiteFile, url: str) -> SiteFile:
    return msgspec.structs.replace(file, hub=_at(file.hub, url), uplink=_at(file.uplink, url))


def _at(server: Server | None, url: str) -> Server | None:
    return None if server is None else msgspec.structs.replace(server, url=url)
