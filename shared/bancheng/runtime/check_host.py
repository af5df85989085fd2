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
from bancheng.runtime.findings import Finding
from bancheng.runtime.measuring import kept_folders
from bancheng.runtime.settings import Settings, variable
from bancheng.runtime.site_files import SiteFile, is_readable_by_others

CERTIFICATE_DAYS: Final = 30
"""So long before its end somebody should know."""
_MEBIBYTE: Final = 1 << 20


def clock(settings: Settings) -> Finding:
    """Whether domain time is real."""
    path = settings.clock_file
    if path is None:
        return Finding(level="ok", subject="domain clock", said="real time")
    try:
        now = DomainClock(path).now()
    except ClockFileError as error:
        todo = f"give {variable('clock_file')} a file written by `bancheng demo`, or leave it out"
        return Finding(level="failed", subject="domain clock", said=str(error), todo=todo)
    return Finding(
        level="warning",
        subject="domain clock",
        said=f"driven by a file, now {now:%Y-%m-%d %H:%M} UTC",
        todo=f"for anything but a demo or a test, leave {variable('clock_file')} out",
    )


def disks(settings: Settings) -> list[Finding]:
    """The room beside the site files and beside the papers, as far as these are on a disk of this host."""
    return [_disk(name, folder, settings.disk_free_bytes) for name, folder in kept_folders(settings).items()]


def _disk(name: str, folder: Path, wanted_bytes: int) -> Finding:
    subject = "disk" if name == "sites" else f"disk of the {name}"
    if not folder.exists():
        return Finding(level="ok", subject=subject, said=f"not looked at, the folder of the {name} is missing")
    free = shutil.disk_usage(folder).free
    said = f"{free // _MEBIBYTE} MiB free beside the {'site files' if name == 'sites' else name}"
    if free >= wanted_bytes:
        return Finding(level="ok", subject=subject, said=said)
    todo = "make room: a full disk stops PostgreSQL and NATS, and takes no paper"
    return Finding(level="warning", subject=subject, said=said, todo=todo)


def files(found: Sequence[SiteFile], folder: Path) -> list[Finding]:
    """Whether there is a site file, and each is kept to its owner."""
    if not found:
        todo = f"give the site file that the top tier printed to `join`, or copy it into {variable('sites_dir')}"
        return [Finding(level="failed", subject="site files", said=f"no site file in {folder.name}", todo=todo)]
    said = ", ".join(f"{file.tenant}/{file.site}" for file in found)
    return [Finding(level="ok", subject="site files", said=said), *(_secret(folder, file) for file in found)]


def _secret(folder: Path, file: SiteFile) -> Finding:
    path = folder / f"{file.tenant}.toml"
    if not is_readable_by_others(path):
        return Finding(level="ok", subject=path.name, said="readable by its owner only")
    return Finding(
        level="warning", subject=path.name, said="others may read its secrets", todo=f"chmod 600 {path.name}"
    )


def certificate(settings: Settings, now: datetime) -> list[Finding]:
    """The service's own, if it has one: whether it can be read, fits its key, and for how long it is good."""
    path = settings.tls_certificate
    if path is None:
        return []
    subject = "certificate"
    try:
        ends_at = expires_at(path)
    except CertificateUnreadable as error:
        todo = f"put the certificate, as PEM, where {variable('tls_certificate')} points"
        return [Finding(level="failed", subject=subject, said=str(error), todo=todo)]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        said = "its key cannot be read" if not isinstance(error, ssl.SSLError) else "the key is not this certificate's"
        todo = f"put the key with which it was asked for where {variable('tls_key')} points"
        return [Finding(level="failed", subject=subject, said=said, todo=todo)]
    days = (ends_at - now).days
    renew = "have it renewed (`bancheng certificate issue`, or your authority) and put it in the same place"
    if ends_at <= now:
        said = f"it ended on {ends_at:%Y-%m-%d}"
        return [Finding(level="failed", subject=subject, said=said, todo=f"{renew}; see this host's clock too")]
    said = f"good for {days} days, to {ends_at:%Y-%m-%d}"
    if days < CERTIFICATE_DAYS:
        return [Finding(level="warning", subject=subject, said=said, todo=renew)]
    return [Finding(level="ok", subject=subject, said=said)]
