"""Publishing from the top site: the next directory, profile or calendar, to every site below.

Owns the opening of the site and the steps of a directory. What may be published, and the way down, is federation's; a
running service finds the new edition by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date

import msgspec

from bancheng.federation.editions import (
    PublishRefused,
    document_of,
    newest_calendar,
    publish_calendar,
    publish_profile,
    published,
)
from bancheng.federation.publication import NotThePublisher, publish
from bancheng.federation.site import HostedSite
from bancheng.kernel.calendar import Calendar, CalendarYear
from bancheng.kernel.calendar_editions import next_calendar, standing_days
from bancheng.kernel.profile import Profile
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.extending import extend_tenant
from bancheng.runtime.hosted_sites import KINDS, SiteMaker
from bancheng.runtime.operator_folder import OperatorFolder
from bancheng.runtime.provisioning import SiteSpec
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile, document_texts
from bancheng.schema.documents import UnitEntry
from bancheng.store.database import Database, Transaction
from bancheng.store.document_editions import document_frames
from bancheng.store.signing import StoredFrame


@dataclasses.dataclass(frozen=True, kw_only=True)
class Publisher:
    """A tenant's top site, opened for one command."""

    database: Database
    site: HostedSite

    async def profile(self, profile: Profile) -> int:
        """Returns the edition. Raises PublishRefused, StoreError."""
        async with self.database.transaction(self.site.tenant) as tx:
            return await publish_profile(tx, self.site, profile)

    async def calendar(
        self, known: Calendar, read: Callable[[Calendar], tuple[CalendarYear, ...]], effective_on: date
    ) -> int:
        """The present days with the notices that are `known` and what `read` finds for them, as the next edition.

        Raises PublishRefused, StoreError, and whatever `read` raises.
        """
        async with self.database.transaction(self.site.tenant) as tx:
            present = await newest_calendar(tx, self.site)
            days = read(standing_days(present, known.years))
            following = next_calendar(present, known.years, days, present.edition + 1)
            return await publish_calendar(tx, self.site, following, effective_on)

    async def directory(
        self,
        sites: Sequence[SiteSpec],
        units: Sequence[UnitEntry],
        folder: OperatorFolder,
        effective_on: date,
    ) -> Sequence[str]:
        """All sites and units that there are to be. Returns what was done, in lines.

        The files of the sites that join, with the documents that they begin with, are kept in the folder before
        anything is committed: a key that was published must not be lost.
        Raises BadTenant, PlanRefused, PublishRefused, StoreError, OSError; then nothing is published.
        """
        known = folder.sites(self.site.tenant)
        extension = extend_tenant(
            self.site.jurisdiction.directory,
            sites=sites,
            units=units,
            profile=self.site.current_profile(),
            accounts=folder.accounts(self.site.tenant),
            hubs={each.site: each.hub_url for each in known},
        )
        directory = extension.directory
        async with self.database.transaction(self.site.tenant) as tx:
            if directory.edition <= max(await published(tx, "directory"), default=0):
                raise PublishRefused("publish.directory_to_come", field="effective_on")
            await publish(tx, self.site, document_of("directory", directory.edition, effective_on, directory))
            texts = document_texts(await _beginning(tx))
            files = {
                site: msgspec.structs.replace(file, documents=texts) for site, file in extension.site_files.items()
            }
            written = list(folder.keep(self.site.tenant, files, extension.accounts, sites))
        return [f"directory: edition {directory.edition} published", *written]


async def _beginning(tx: Transaction) -> tuple[StoredFrame, ...]:
    """The newest directory and calendar, and every profile, since a case keeps the edition it began with."""
    frames = await document_frames(tx, KINDS)
    newest = {known.kind: known.edition for known, _ in frames}
    return tuple(frame for known, frame in frames if known.kind == "profile" or known.edition == newest[known.kind])


@asynccontextmanager
async def publisher(settings: Settings, file: SiteFile) -> AsyncGenerator[Publisher]:
    """Raises NotThePublisher, SiteRefused, StoreError."""
    database = Database(settings.database_url, pool_size=2, application="bancheng-publish")
    try:
        site = await SiteMaker(database, file, DomainClock(settings.clock_file).now).make()
        if site.jurisdiction.depth(site.site) != 0:
            raise NotThePublisher(site.site)
        yield Publisher(database=database, site=site)
    finally:
        await database.close()
