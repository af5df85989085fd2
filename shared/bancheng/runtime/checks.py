"""`check`: is everything there that a service needs, and what is to be done if not, in words.

Owns the questions and the words. Changes nothing, and connects as the service would.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import LinkTrouble, Misconfigured, StreamMissing
from bancheng.federation.jetstream import stream_state
from bancheng.federation.site import HostedSite
from bancheng.runtime.domain_clock import ClockFileError, DomainClock
from bancheng.runtime.hosted_sites import SiteMaker, SiteRefused
from bancheng.runtime.service import Service, ServiceDefinition
from bancheng.runtime.settings import Settings, variable
from bancheng.runtime.site_files import Server, SiteFile, SiteFileError, is_readable_by_others, read_site_files
from bancheng.schema.subjects import inbox_prefix, stream_name
from bancheng.store.errors import PaperStoreUnavailable, StoreError
from bancheng.store.link_resolution import TOO_MANY_EXCEPTIONS
from bancheng.store.links import LinkRow, list_links
from bancheng.store.paper_store import PaperStore

CONNECT_SECONDS: Final = 5.0
_MEBIBYTE: Final = 1 << 20

Level = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: what is so, and what to do about it."""

    level: Level
    subject: str
    said: str
    todo: str = ""

    def lines(self) -> str:
        """For a terminal."""
        mark = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}[self.level]
        return f"{mark}  {self.subject}: {self.said}" + (f"\n         -> {self.todo}" if self.todo else "")


async def check(settings: Settings, definition: ServiceDefinition) -> list[Finding]:
    """Everything, also what comes after a failure, as far as it can be looked at."""
    findings = [_clock(settings), _disk(settings)]
    try:
        files = read_site_files(settings.sites_dir)
    except SiteFileError as error:
        todo = f"correct {error.file or 'the file'}" + (f", field {error.field}" if error.field else "")
        return [*findings, Finding(level="failed", subject="site files", said=str(error), todo=todo)]
    findings.append(_files(files, settings.sites_dir))
    findings += [_secret(settings.sites_dir, file) for file in files]
    if findings[0].level == "failed":
        return findings
    service = Service(settings, definition, works=False)
    try:
        problem = await service.database_problem()
        findings.append(_database(problem))
        place = service.settings.papers_place or "the folder `papers` beside the site files"
        findings.append(await papers_finding(service.papers, place))
        for file in files:
            findings += await _tenant(service, file, database_works=not problem)
    finally:
        await service.database.close()
    return findings


def is_fit(findings: Sequence[Finding]) -> bool:
    """Whether nothing failed; a warning is no failure."""
    return all(each.level != "failed" for each in findings)


def _clock(settings: Settings) -> Finding:
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


def _disk(settings: Settings) -> Finding:
    folder = settings.sites_dir
    if not folder.exists():
        return Finding(level="ok", subject="disk", said="not looked at, the folder of the site files is missing")
    free = shutil.disk_usage(folder).free
    said = f"{free // _MEBIBYTE} MiB free beside the site files"
    if free >= settings.disk_free_bytes:
        return Finding(level="ok", subject="disk", said=said)
    return Finding(level="warning", subject="disk", said=said, todo="make room: a full disk stops PostgreSQL and NATS")


def _files(files: Sequence[SiteFile], folder: Path) -> Finding:
    if files:
        return Finding(level="ok", subject="site files", said=", ".join(f"{f.tenant}/{f.site}" for f in files))
    todo = (
        f"give the site file that the top tier printed to `join`, or copy it into the folder of {variable('sites_dir')}"
    )
    return Finding(level="failed", subject="site files", said=f"no site file in {folder.name}", todo=todo)


def _secret(folder: Path, file: SiteFile) -> Finding:
    path = folder / f"{file.tenant}.toml"
    if not is_readable_by_others(path):
        return Finding(level="ok", subject=path.name, said="readable by its owner only")
    return Finding(
        level="warning", subject=path.name, said="others may read its secrets", todo=f"chmod 600 {path.name}"
    )


_DATABASE_TODO: Final = {
    "database.unavailable": f"start PostgreSQL, or correct {variable('database_url')}",
    "database.busy": "PostgreSQL takes no connection in time: see its load and max_connections",
    "database.not_migrated": "run `db upgrade` of this service",
    "database.role_too_powerful": "use a role that owns no table, is no superuser and has NOBYPASSRLS",
}


def _database(problem: str) -> Finding:
    if not problem:
        return Finding(level="ok", subject="database", said="reachable, migrated, and the role can bypass nothing")
    todo = _DATABASE_TODO.get(problem, f"see PostgreSQL's log, and {variable('database_url')}")
    return Finding(level="failed", subject="database", said=problem, todo=todo)


async def papers_finding(papers: PaperStore, place: str) -> Finding:
    """Whether papers can be kept at `place`, which is what `papers` was opened with."""
    try:
        await papers.probe()
    except PaperStoreUnavailable as error:
        todo = f"make it writable, or correct {variable('papers_place')}"
        return Finding(level="failed", subject="papers", said=f"{error.code}: {place}", todo=todo)
    return Finding(level="ok", subject="papers", said=f"{place} can be written and read")


async def _tenant(service: Service, file: SiteFile, *, database_works: bool) -> list[Finding]:
    site: HostedSite | None = None
    findings: list[Finding] = []
    if database_works:
        try:
            site = await SiteMaker(service.database, file, service.clock.now).make()
            edition = site.jurisdiction.directory.edition
            said = f"directory {edition}, profiles {sorted(site.profiles)}, calendar {site.calendar.edition}"
            findings.append(Finding(level="ok", subject=f"{file.tenant}/{file.site}", said=said))
            findings += await _links(service, file)
        except (SiteRefused, StoreError) as error:
            todo = "ask the top tier for a new site file, or correct this one"
            subject = f"{file.tenant}/{file.site}"
            findings.append(Finding(level="failed", subject=subject, said=str(error), todo=todo))
    for role, server in (("hub", file.hub), ("uplink", file.uplink)):
        if server is not None:
            findings += await _server(file, role, server, site)
    return findings


async def _links(service: Service, file: SiteFile) -> list[Finding]:
    """Only what is not open: a link that waits for a server is found there."""
    async with service.database.transaction(file.tenant) as tx:
        rows = [row for row in await list_links(tx) if row.state != "open"]
    return [_stopped(file, row) for row in rows]


def _stopped(file: SiteFile, row: LinkRow) -> Finding:
    subject = f"{file.tenant}/{file.site} link {row.peer}"
    if row.state == "resolving":
        todo = f"start the service of {row.peer} too; `link show {file.tenant} {row.peer}` says what it waits for"
        return Finding(level="warning", subject=subject, said=row.reason, todo=todo)
    if row.reason == TOO_MANY_EXCEPTIONS:
        todo = f"`link retry {file.tenant} {row.peer}` after an upgrade or when the rules have arrived"
    else:
        todo = f"`link show {file.tenant} {row.peer}`, then docs/ops/link-stopped.md, then `link resolve`"
    return Finding(level="warning", subject=subject, said=f"stopped: {row.reason}", todo=todo)


async def _server(file: SiteFile, role: str, server: Server, site: HostedSite | None) -> list[Finding]:
    subject = f"{file.tenant}/{file.site} {role}"
    client = NatsClient(
        NatsAccess(url=server.url, nkey_seed=server.nkey_seed, ca=server.ca),
        name=f"check {file.tenant}/{file.site}",
        inbox=inbox_prefix(file.site),
    )
    client.start()
    try:
        if not await client.wait_connected(CONNECT_SECONDS):
            return [_no_connection(subject, client)]
        return [await _stream(client, subject, stream) for stream in _streams(file, role, site)]
    finally:
        await client.stop()


_NATS_TODO: Final = {
    "nats.authorization": "the server does not know our key: reload it with the configuration that `site add` wrote",
    "nats.certificate": "see this host's clock (`date`), whether the certificate has ended or is for another name, and "
    "`ca` in the site file",
    "nats.name_unknown": "see the name in the site file's url, and this host's name resolution",
    "nats.unreachable": "start the nats-server, and let its port through on every firewall between",
}


def _no_connection(subject: str, client: NatsClient) -> Finding:
    """What the last try met."""
    fault = next(iter(client.faults), None) or client.trouble
    if fault is None:
        return Finding(level="failed", subject=subject, said="no connection", todo=_NATS_TODO["nats.unreachable"])
    todo = _NATS_TODO.get(fault.code, "see the nats-server's log")
    return Finding(level="failed", subject=subject, said=f"{fault.code}: {fault.detail}", todo=todo)


def _streams(file: SiteFile, role: str, site: HostedSite | None) -> list[str]:
    children = () if site is None or role == "uplink" else site.jurisdiction.children(file.site)
    owners = (file.site,) if role == "uplink" else children
    return [name for owner in owners for name in (stream_name(owner, "up"), stream_name(owner, "dn"))]


async def _stream(client: NatsClient, subject: str, stream: str) -> Finding:
    try:
        state = await asyncio.wait_for(stream_state(client, stream), CONNECT_SECONDS)
    except StreamMissing:
        todo = "it is made by the parent's service as soon as that runs"
        return Finding(level="warning", subject=subject, said=f"no stream {stream} yet", todo=todo)
    except Misconfigured as error:
        todo = "write the server's configuration anew from the tenant's accounts and reload it"
        return Finding(level="failed", subject=subject, said=f"{error.code} on {stream}", todo=todo)
    except (LinkTrouble, TimeoutError) as error:
        return Finding(
            level="failed", subject=subject, said=f"{stream}: {getattr(error, 'code', 'no answer')}",
            todo="see the nats-server's log",
        )  # fmt: skip
    return Finding(level="ok", subject=subject, said=f"{stream} has {state.messages} frames")
