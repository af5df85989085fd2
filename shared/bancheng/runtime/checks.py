"""`check`: is everything there that a service needs, and what is to be done if not, in words.

Owns the order of the questions, and those of the sites and links. Changes nothing, and connects as the service would.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bancheng.federation.health import is_unheard
from bancheng.federation.site import HostedSite, wall_now
from bancheng.runtime import check_database, check_host, check_nats
from bancheng.runtime.findings import Finding, failed_by, ok, warning
from bancheng.runtime.hosted_sites import SiteMaker, SiteRefused
from bancheng.runtime.service import Service
from bancheng.runtime.service_definition import ServiceDefinition
from bancheng.runtime.settings import Settings, variable
from bancheng.runtime.site_files import SiteFile, SiteFileError, read_site_files
from bancheng.schema.subjects import stream_name
from bancheng.store.errors import PaperStoreUnavailable, StoreError
from bancheng.store.link_resolution import TOO_MANY_EXCEPTIONS
from bancheng.store.links import LinkRow, list_links
from bancheng.store.paper_store import PaperStore


async def check(
    settings: Settings, definition: ServiceDefinition, *, wall: Callable[[], datetime] = wall_now
) -> list[Finding]:
    """Everything, also what comes after a failure, as far as it can be looked at. `wall`: this host's clock."""
    clock = check_host.clock(settings)
    findings = [clock, *check_host.disks(settings), *check_host.certificate(settings, wall())]
    try:
        files = read_site_files(settings.sites_dir)
    except SiteFileError as error:
        return [*findings, failed_by("site_files", error)]
    findings += check_host.files(files, settings.sites_dir)
    findings += await check_nats.watched(settings.nats_watch_url)
    if clock.level == "failed":
        return findings
    service = Service(settings, definition, works=False)
    try:
        problem = await service.database_problem()
        findings.append(check_database.usable(problem))
        findings += await check_database.release_and_clock(service.database, wall)
        place = settings.papers_place or str(settings.sites_dir / "papers")
        findings.append(await papers_finding(service.papers, place))
        for file in files:
            findings += await _tenant(service, file, wall, database_works=not problem)
    finally:
        await service.database.close()
    return findings


async def papers_finding(papers: PaperStore, place: str) -> Finding:
    """Whether papers can be kept at `place`, which is what `papers` was opened with."""
    try:
        await papers.probe()
    except PaperStoreUnavailable as error:
        return failed_by("papers", error, place=place, setting=variable("papers_place"))
    return ok("papers", "papers.kept", place=place)


async def _tenant(
    service: Service, file: SiteFile, wall: Callable[[], datetime], *, database_works: bool
) -> list[Finding]:
    site: HostedSite | None = None
    findings: list[Finding] = []
    name = f"{file.tenant}/{file.site}"
    if database_works:
        try:
            site = await SiteMaker(service.database, file, service.clock.now).make()
            findings.append(_made(site, name))
            findings += await _links(service, file, wall())
        except (SiteRefused, StoreError) as error:
            findings.append(failed_by("site", error, site=name))
    for role, server in (("hub", file.hub), ("uplink", file.uplink)):
        if server is not None:
            streams = _streams(file, role, site)
            findings += await check_nats.server(role, file, server, streams, wall)
    return findings


def _made(site: HostedSite, name: str) -> Finding:
    editions = {
        "directory": site.jurisdiction.directory.edition,
        "profiles": ", ".join(str(each) for each in sorted(site.profiles)),
        "calendar": site.calendar.edition,
    }
    return ok("site", "site.made", site=name, **editions)


def _streams(file: SiteFile, role: str, site: HostedSite | None) -> list[str]:
    children = () if site is None or role == "uplink" else site.jurisdiction.children(file.site)
    owners = (file.site,) if role == "uplink" else children
    return [name for owner in owners for name in (stream_name(owner, "up"), stream_name(owner, "dn"))]


async def _links(service: Service, file: SiteFile, now: datetime) -> list[Finding]:
    """Only what is not open, or silent: a link that waits for a server is found there."""
    async with service.database.transaction(file.tenant) as tx:
        rows = await list_links(tx)
    stopped = [_stopped(file, row) for row in rows if row.state != "open"]
    going = [row for row in rows if row.state == "open"]
    silent = [row for row in going if is_unheard(row.heard_at, now, is_parent=row.role == "parent")]
    return [*stopped, *(_unheard(file, row, now) for row in silent)]


def _unheard(file: SiteFile, row: LinkRow, now: datetime) -> Finding:
    site = f"{file.tenant}/{file.site}"
    if row.heard_at is None:
        return warning("link", "link.never_heard", site=site, peer=row.peer)
    minutes = round((now - row.heard_at).total_seconds() / 60)
    return warning("link", "link.unheard", site=site, peer=row.peer, minutes=minutes)


def _stopped(file: SiteFile, row: LinkRow) -> Finding:
    text = "link.resolving" if row.state == "resolving" else "link.stopped"
    if row.state != "resolving" and row.reason == TOO_MANY_EXCEPTIONS:
        text = "link.exceptions"
    site = f"{file.tenant}/{file.site}"
    return warning("link", text, site=site, tenant=file.tenant, peer=row.peer, reason=row.reason)
