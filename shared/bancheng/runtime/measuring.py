"""The figures that are looked up when Prometheus asks: database, disk, certificate, clocks, links and papers.

Owns where each comes from. What a figure is called and what is normal is metrics.py's. Whatever is down, the others are
still given.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bancheng.federation.health import LinkStatus
from bancheng.runtime.metrics import Meters
from bancheng.store.casebook import next_act_at
from bancheng.store.errors import StoreError
from bancheng.store.link_counts import ExceptionCount, exception_counts
from bancheng.store.papers import Waiting, waiting_papers

if TYPE_CHECKING:
    from bancheng.runtime.service import Service
    from bancheng.runtime.settings import Settings
    from bancheng.runtime.tenant_service import TenantService

_LOOKED_UP = (
    "bancheng_disk_free_bytes",
    "bancheng_disk_size_bytes",
    "bancheng_link_connected",
    "bancheng_link_exceptions",
    "bancheng_link_frames_in",
    "bancheng_link_frames_out",
    "bancheng_link_frames_receipted",
    "bancheng_link_state",
    "bancheng_link_unheard_age_seconds",
    "bancheng_link_unreceipted_age_seconds",
    "bancheng_papers_copies_refused",
    "bancheng_papers_waiting",
    "bancheng_papers_waiting_age_seconds",
    "bancheng_papers_waiting_bytes",
    "bancheng_sweep_oldest_due_seconds",
    "bancheng_worker_trouble",
)


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What the database says of a tenant."""

    exceptions: Sequence[ExceptionCount]
    papers: Waiting
    next_act_at: datetime | None


def kept_folders(settings: Settings) -> dict[str, Path]:
    """The folders that a full disk would hurt, by what is in them. Papers in a bucket are on nobody's disk here."""
    folders = {"sites": settings.sites_dir}
    if "://" not in settings.papers_place:
        folders["papers"] = Path(settings.papers_place) if settings.papers_place else settings.sites_dir / "papers"
    return folders


async def measured(service: Service) -> bytes:
    """All figures, those that are looked up included, in Prometheus' form."""
    meters, tenants = service.meters, list(service.tenants.values())
    usable = not await service.database_problem()
    stored = {each.tenant: await _stored(service, each) for each in tenants if usable}
    # From here on nothing is waited for: two who ask at once must not see each other's half.
    for name in _LOOKED_UP:
        meters.forget(name)
    meters.set("bancheng_build_info", 1.0, service.definition.name, service.version)
    meters.set("bancheng_database_usable", float(usable))
    meters.set("bancheng_domain_time_seconds", service.clock.now().timestamp())
    pool = service.database.pool_status()
    for state, connections in (("size", pool.size), ("opened", pool.opened), ("in_use", pool.in_use)):
        meters.set("bancheng_database_connections", connections, state)
    waiting = sum(tenant.site is None for tenant in tenants)
    meters.set("bancheng_sites", len(tenants) - waiting, "hosted")
    meters.set("bancheng_sites", waiting, "waiting")
    for tenant in tenants:
        _measure_tenant(meters, tenant)
        _measure_stored(service, tenant, stored.get(tenant.tenant))
    meters.set("bancheng_worker_trouble", float(bool(service.joining.trouble)), "", service.joining.name)
    _measure_host(meters, service.settings)
    return meters.text()


async def _stored(service: Service, tenant: TenantService) -> _Stored | None:
    """None when the database does not say, or the site is not made yet."""
    if tenant.site is None:
        return None
    try:
        async with service.database.transaction(tenant.tenant) as tx:
            return _Stored(
                exceptions=await exception_counts(tx),
                papers=await waiting_papers(tx),
                next_act_at=await next_act_at(tx),
            )
    except StoreError:
        return None


def _measure_tenant(meters: Meters, tenant: TenantService) -> None:
    code = tenant.tenant
    for worker in tenant.workers:
        meters.set("bancheng_worker_trouble", float(bool(worker.trouble)), code, worker.name.partition(" ")[0])
    meters.set("bancheng_links_run_here", float(tenant.runs_links), code)
    if tenant.site is not None:
        for status in tenant.board:
            measure_link(meters, code, status, tenant.site.wall_now().timestamp())


def _measure_stored(service: Service, tenant: TenantService, stored: _Stored | None) -> None:
    if stored is None or tenant.site is None:
        return
    meters, code = service.meters, tenant.tenant
    for each in stored.exceptions:
        meters.set("bancheng_link_exceptions", each.frames, code, each.peer)
    measure_papers(meters, code, stored.papers, tenant.site.wall_now())
    due_at = stored.next_act_at
    late = 0.0 if due_at is None else max(0.0, (service.clock.now() - due_at).total_seconds())
    meters.set("bancheng_sweep_oldest_due_seconds", late, code)


def _measure_host(meters: Meters, settings: Settings) -> None:
    if settings.tls_certificate is not None:
        # A heavy library, which a service without a certificate of its own never needs.
        from bancheng.runtime.certificates import CertificateUnreadable, expires_at

        with suppress(CertificateUnreadable):
            meters.set("bancheng_certificate_expires_seconds", expires_at(settings.tls_certificate).timestamp())
    for name, folder in kept_folders(settings).items():
        with suppress(OSError):
            usage = shutil.disk_usage(folder)
            meters.set("bancheng_disk_free_bytes", usage.free, name)
            meters.set("bancheng_disk_size_bytes", usage.total, name)


def measure_papers(meters: Meters, tenant: str, waiting: Waiting, now: datetime) -> None:
    """The figures of what is still on its way."""
    meters.set("bancheng_papers_waiting", waiting.papers, tenant)
    meters.set("bancheng_papers_waiting_bytes", waiting.bytes, tenant)
    meters.set("bancheng_papers_copies_refused", waiting.refused_copies, tenant)
    oldest = waiting.oldest_known_at
    meters.set("bancheng_papers_waiting_age_seconds", 0.0 if oldest is None else (now - oldest).total_seconds(), tenant)


def measure_link(meters: Meters, tenant: str, status: LinkStatus, wall_seconds: float) -> None:
    """The figures of one link. `wall_seconds` is the Unix instant to which ages are counted."""
    labels = (tenant, status.peer)
    meters.set("bancheng_link_state", 1.0, *labels, status.state)
    meters.set("bancheng_link_connected", float(status.connected), *labels)
    oldest = status.oldest_unreceipted_at
    age = 0.0 if oldest is None else max(0.0, wall_seconds - oldest.timestamp())
    meters.set("bancheng_link_unreceipted_age_seconds", age, *labels)
    if status.heard_at is not None:
        unheard = max(0.0, wall_seconds - status.heard_at.timestamp())
        meters.set("bancheng_link_unheard_age_seconds", unheard, *labels)
    meters.set("bancheng_link_frames_out", status.out_number, *labels)
    meters.set("bancheng_link_frames_receipted", status.receipted_number, *labels)
    meters.set("bancheng_link_frames_in", status.in_number, *labels)
