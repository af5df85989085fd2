"""`status`: how a service stands right now, on one screen or as JSON, also while the service itself is down.

Owns what is gathered and what of it needs somebody. Asks the database and this host only, names nobody and changes
nothing; `check` asks the servers too. The words for a terminal are status_screen.py's.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from bancheng.federation.health import LinkStatus, is_unheard
from bancheng.federation.site import wall_now
from bancheng.runtime.hosted_sites import SiteMaker, SiteRefused
from bancheng.runtime.link_board import link_board
from bancheng.runtime.measuring import kept_folders
from bancheng.runtime.service import Service
from bancheng.runtime.service_definition import ServiceDefinition
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile, read_site_files
from bancheng.store.casebook import next_act_at
from bancheng.store.errors import StoreError
from bancheng.store.link_counts import exception_counts
from bancheng.store.open_cases import OpenFigures, open_figures
from bancheng.store.papers import waiting_papers

UNRECEIPTED_SECONDS: Final = 600.0
LATE_SECONDS: Final = 300.0
CERTIFICATE_DAYS: Final = 3
"""As the alerts have them: deploy/observability/rules.yaml."""


class DiskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The disk below a folder."""

    folder: str
    free_bytes: int
    size_bytes: int


class LinkFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One link as the database has it. `unreceipted_seconds`: age of the oldest frame not signed for, 0 if all are.

    `heard_at`: the peer's last sign of life, exact to the minute; null before the first.
    """

    peer: str
    is_parent: bool
    state: str
    reason: str
    unreceipted_seconds: float
    unreceipted_frames: int
    deferred_frames: int
    heard_at: datetime | None = None


class TenantStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant's site. `problem` is the code of why there is none; everything after it is then empty.

    `late_seconds`: how long, in domain time, a clock has been over without being met.
    """

    tenant: str
    site: str
    problem: str = ""
    directory: int = 0
    profiles: tuple[int, ...] = ()
    calendar: int = 0
    cases: OpenFigures = OpenFigures(opened=0, overdue=0, oldest_due_at=None)
    late_seconds: float = 0.0
    links: tuple[LinkFigures, ...] = ()
    papers_waiting: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. `needs` names what somebody should look at: stable codes, with where."""

    service: str
    version: str
    at: datetime
    domain_at: datetime
    is_real_time: bool
    database: str
    """The code of what is wrong with it; empty when nothing is."""
    postgres: int
    """Its release, 180001 for 18.1; 0 when it does not answer."""
    certificate_days: int | None
    disks: tuple[DiskStatus, ...]
    tenants: tuple[TenantStatus, ...]
    needs: tuple[str, ...] = ()


async def status(settings: Settings, definition: ServiceDefinition) -> Status:
    """How it stands. Raises SiteFileError, ClockFileError."""
    files = read_site_files(settings.sites_dir)
    service = Service(settings, definition, works=False)
    try:
        problem = await service.database_problem()
        gathered = Status(
            service=definition.name,
            version=service.version,
            at=wall_now(),
            domain_at=service.clock.now(),
            is_real_time=service.clock.is_real,
            database=problem,
            postgres=await _release(service),
            certificate_days=_certificate_days(settings),
            disks=_disks(settings),
            tenants=tuple([await _tenant(service, file, problem) for file in files]),
        )
    finally:
        await service.database.close()
    return msgspec.structs.replace(gathered, needs=tuple(_needs(gathered, settings)))


async def _release(service: Service) -> int:
    try:
        return (await service.database.server())[0]
    except StoreError:
        return 0


def _certificate_days(settings: Settings) -> int | None:
    if settings.tls_certificate is None:
        return None
    # A heavy library, which a service without a certificate of its own never needs.
    from bancheng.runtime.certificates import CertificateUnreadable, expires_at

    with suppress(CertificateUnreadable):
        return (expires_at(settings.tls_certificate) - wall_now()).days
    return None


def _disks(settings: Settings) -> tuple[DiskStatus, ...]:
    found: list[DiskStatus] = []
    for name, folder in kept_folders(settings).items():
        with suppress(OSError):
            usage = shutil.disk_usage(folder)
            found.append(DiskStatus(folder=name, free_bytes=usage.free, size_bytes=usage.total))
    return tuple(found)


async def _tenant(service: Service, file: SiteFile, problem: str) -> TenantStatus:
    if problem:
        return TenantStatus(tenant=file.tenant, site=file.site, problem=problem)
    try:
        site = await SiteMaker(service.database, file, service.clock.now).make()
        board = await link_board(service.database, file.tenant)
        async with service.database.transaction(file.tenant) as tx:
            cases = await open_figures(tx, service.clock.now())
            papers = await waiting_papers(tx)
            deferred = {each.peer: each.frames for each in await exception_counts(tx)}
            due_at = await next_act_at(tx)
    except (SiteRefused, StoreError) as error:
        return TenantStatus(tenant=file.tenant, site=file.site, problem=error.code)
    late = 0.0 if due_at is None else max(0.0, (service.clock.now() - due_at).total_seconds())
    return TenantStatus(
        tenant=file.tenant,
        site=file.site,
        directory=site.jurisdiction.directory.edition,
        profiles=tuple(sorted(site.profiles)),
        calendar=site.calendar.edition,
        cases=cases,
        late_seconds=late,
        links=tuple(_link(each, deferred.get(each.peer, 0)) for each in board),
        papers_waiting=papers.papers,
    )


def _link(link: LinkStatus, deferred: int) -> LinkFigures:
    oldest = link.oldest_unreceipted_at
    age = 0.0 if oldest is None else max(0.0, (wall_now() - oldest).total_seconds())
    return LinkFigures(
        peer=link.peer,
        is_parent=link.is_parent,
        state=link.state,
        reason=link.reason,
        unreceipted_seconds=age,
        unreceipted_frames=max(0, link.out_number - link.receipted_number),
        deferred_frames=deferred,
        heard_at=link.heard_at,
    )


def _needs(now: Status, settings: Settings) -> list[str]:
    needs = [now.database] if now.database else []
    if now.certificate_days is not None and now.certificate_days < CERTIFICATE_DAYS:
        needs.append("status.certificate")
    needs += [f"status.disk {each.folder}" for each in now.disks if each.free_bytes < settings.disk_free_bytes]
    for tenant in now.tenants:
        where = f"{tenant.tenant}/{tenant.site}"
        if tenant.problem and tenant.problem != now.database:
            needs.append(f"{tenant.problem} {where}")
        if tenant.late_seconds > LATE_SECONDS:
            needs.append(f"status.clocks {where}")
        for link in tenant.links:
            if link.state == "stopped":
                needs.append(f"status.link_stopped {where} {link.peer}")
            elif is_unheard(link.heard_at, now.at, is_parent=link.is_parent):
                needs.append(f"status.unheard {where} {link.peer}")
            elif link.unreceipted_seconds > UNRECEIPTED_SECONDS:
                needs.append(f"status.unreceipted {where} {link.peer}")
    return needs
