"""What `check` looks at on this host: the domain clock, the disks, the site files and the certificate.

Owns these questions and their words. Must not know the database or a nats-server.
"""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from bancheng.runtime.certificates import CertificateUnreadable, expires_at
from bancheng.runtime.domain_clock import ClockFileError, DomainClock
from bancheng.runtime.findings import Finding, failed, failed_by, ok, warning
from bancheng.runtime.measuring import kept_folders
from bancheng.runtime.settings import Settings, variable
from bancheng.runtime.site_files import SiteFile, is_readable_by_others

CERTIFICATE_DAYS: Final = 30
"""So long before its end somebody should know."""
_MEBIBYTE: Final = 1 << 20


def clock(settings: Settings) -> Finding:
    """Whether domain time is real."""
    path, setting = settings.clock_file, variable("clock_file")
    if path is None:
        return ok("clock", "clock.real")
    try:
        now = DomainClock(path).now()
    except ClockFileError as error:
        return failed_by("clock", error)
    return warning("clock", "clock.by_file", now=f"{now:%Y-%m-%d %H:%M}", setting=setting)


def disks(settings: Settings) -> list[Finding]:
    """The room beside the site files and beside the papers, as far as these are on a disk of this host."""
    return [
        _disk("disk" if name == "sites" else "papers_disk", folder, settings.disk_free_bytes)
        for name, folder in kept_folders(settings).items()
    ]


def _disk(subject: str, folder: Path, wanted_bytes: int) -> Finding:
    if not folder.exists():
        return ok(subject, "disk.missing", folder=str(folder))
    free = shutil.disk_usage(folder).free
    room = {"folder": str(folder), "free_mebibytes": free // _MEBIBYTE}
    return ok(subject, "disk.room", **room) if free >= wanted_bytes else warning(subject, "disk.little", **room)


def files(found: Sequence[SiteFile], folder: Path) -> list[Finding]:
    """Whether there is a site file, and each is kept to its owner."""
    if not found:
        return [failed("site_files", "site_files.none", folder=str(folder), setting=variable("sites_dir"))]
    sites = ", ".join(f"{file.tenant}/{file.site}" for file in found)
    return [ok("site_files", "site_files.found", sites=sites), *(_secret(folder, file) for file in found)]


def _secret(folder: Path, file: SiteFile) -> Finding:
    path = folder / f"{file.tenant}.toml"
    if not is_readable_by_others(path):
        return ok("site_file", "site_files.secret", file=path.name)
    return warning("site_file", "site_files.readable", file=path.name)


def certificate(settings: Settings, now: datetime) -> list[Finding]:
    """The service's own, if it has one: whether it can be read, fits its key, and for how long it is good."""
    path = settings.tls_certificate
    if path is None:
        return []
    try:
        ends_at = expires_at(path)
    except CertificateUnreadable as error:
        return [failed_by("certificate", error)]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        text = "certificate.other_key" if isinstance(error, ssl.SSLError) else "certificate.no_key"
        return [failed("certificate", text, setting=variable("tls_key"))]
    ends_on = f"{ends_at:%Y-%m-%d}"
    if ends_at <= now:
        return [failed("certificate", "certificate.ended", ends_on=ends_on)]
    days = (ends_at - now).days
    if days < CERTIFICATE_DAYS:
        return [warning("certificate", "certificate.ends_soon", days=days, ends_on=ends_on)]
    return [ok("certificate", "certificate.good", days=days, ends_on=ends_on)]
