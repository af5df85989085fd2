"""Publishing from the top site: the next directory, profile or calendar, to every site below.

Owns the steps and what they refuse. The way down is federation's; a running service finds the new edition by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date

import msgspec

from bancheng.federation.publication import NotThePublisher, publish
from bancheng.federation.site import HostedSite
from bancheng.kernel.calendar import Calendar, CalendarYear, merge_overrides
from bancheng.kernel.profile import Profile
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.extending import Accounts, extend_tenant
from bancheng.runtime.hosted_sites import KINDS, SiteMaker
from bancheng.runtime.provisioning import SiteSpec, document_of
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile, document_texts
from bancheng.schema.documents import Document, UnitEntry
from bancheng.store.database import Database, Transaction
from bancheng.store.document_editions import document_frames, known_editions
from bancheng.store.signing import StoredFrame


class PublishRefused(Exception):
    """What cannot be published. `code` is stable, `field` names the input."""

    def __init__(self, code: str, *, field: str, detail: str = "") -> None:
        super().__init__(": ".join(part for part in (code, field, detail) if part))
        self.code = code
        self.field = field
        self.detail = detail


@dataclasses.dataclass(frozen=True, kw_only=True)
class Publisher:
    """A tenant's top site, opened for one command."""

    database: Database
    site: HostedSite

    async def profile(self, profile: Profile) -> int:
        """Returns the edition. Raises PublishRefused, StoreError."""
        if profile.tenant != self.site.tenant:
            raise PublishRefused("publish.another_tenant", field="tenant", detail=profile.tenant)
        return await self._publish(document_of("profile", profile.edition, profile.effective_on, profile))

    async def calendar(self, base: Calendar, overrides: tuple[CalendarYear, ...], effective_on: date) -> int:
        """The official days with the tenant's own, as the next edition."""
        async with self.database.transaction(self.site.tenant) as tx:
            edition = await _newest(tx, "calendar") + 1
        calendar = merge_overrides(base, overrides, edition=edition)
        return await self._publish(document_of("calendar", calendar.edition, effective_on, calendar))

    async def directory(
        self,
        sites: Sequence[SiteSpec],
        units: Sequence[UnitEntry],
        accounts: Accounts,
        effective_on: date,
        *,
        keep: Callable[[Mapping[str, SiteFile], Accounts], None],
    ) -> int:
        """Returns the edition. `keep` is given the files of the sites that join, with the documents that they begin
        with, and the new accounts, before anything is committed: a key that was published must not be lost.

        Raises BadTenant, PublishRefused, StoreError, and whatever `keep` raises; then nothing is published.
        """
        extension = extend_tenant(
            self.site.jurisdiction.directory,
            sites=sites,
            units=units,
            profile=self.site.current_profile(),
            accounts=accounts,
        )
        directory = extension.directory
        async with self.database.transaction(self.site.tenant) as tx:
            if directory.edition <= await _newest(tx, "directory"):
                raise PublishRefused("publish.directory_to_come", field="effective_on")
            await publish(tx, self.site, document_of("directory", directory.edition, effective_on, directory))
            texts = document_texts(await _beginning(tx))
            files = {
                site: msgspec.structs.replace(file, documents=texts) for site, file in extension.site_files.items()
            }
            keep(files, extension.accounts)
        return directory.edition

    async def _publish(self, document: Document) -> int:
        async with self.database.transaction(self.site.tenant) as tx:
            if document.edition <= await _newest(tx, document.kind):
                raise PublishRefused("publish.edition_not_newer", field="edition", detail=str(document.edition))
            await publish(tx, self.site, document)
        return document.edition


async def _newest(tx: Transaction, kind: str) -> int:
    return max((each.edition for each in await known_editions(tx, (kind,))), default=0)


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
