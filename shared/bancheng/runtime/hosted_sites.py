"""Making a hosted site from its file and the documents in the database, and knowing when to make it anew.

Owns whom a site trusts: documents are believed because the root's key, which the operator put into the file, signed
them, or because a site that the directory names brought them. Must not know links or pages.
"""

from __future__ import annotations

import logging
from datetime import date
from typing import TypeVar

import msgspec

from bancheng.federation.site import HostedSite, Now, wall_now
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.catalogue import Catalogue
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.entrustments import Entrustments
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_checks import check_profile
from bancheng.kernel.profile_succession import MAXIMUM_EDITIONS
from bancheng.kernel.registers import Registers
from bancheng.runtime.site_files import SiteFile, bootstrap_documents
from bancheng.schema.documents import Directory, Document, SiteEntry
from bancheng.store.database import Database, Transaction
from bancheng.store.document_editions import KnownEdition, known_editions
from bancheng.store.documents import StoredDocument, editions, newest, store_document
from bancheng.store.errors import DocumentConflict
from bancheng.store.links import queue_loose_to
from bancheng.store.signing import Keyring, SignatureRefused, Signer, StoredFrame, verify_frame

KINDS = ("directory", "profile", "calendar", "entrustments", "catalogue")
"""What a site is made of; other documents change nothing here."""

Register = TypeVar("Register", Entrustments, Catalogue)

_log = logging.getLogger(__name__)
_directory = msgspec.json.Decoder(Directory)
_profile = msgspec.json.Decoder(Profile)
_calendar = msgspec.json.Decoder(Calendar)
_document = msgspec.json.Decoder(Document)


class SiteRefused(Exception):
    """A site that cannot be served as its file and documents stand. `code` is stable; trying again does not help."""

    def __init__(self, code: str, *, tenant: str, detail: str = "") -> None:
        super().__init__(": ".join(part for part in (code, tenant, detail) if part))
        self.code = code
        self.tenant = tenant
        self.detail = detail


class SiteMaker:
    """Makes the site of one file, again and again. `calendar` objects are kept while their edition stays."""

    def __init__(self, database: Database, file: SiteFile, now: Now) -> None:
        self.tenant = file.tenant
        self._database = database
        self._file = file
        self._now = now
        self._signer = Signer.from_seed(file.site, file.signing_seed)
        self._made_from: tuple[KnownEdition, ...] | None = None
        self._site: HostedSite | None = None

    async def make(self) -> HostedSite:
        """Store what the file brings, then build from the newest. Raises SiteRefused, StoreError."""
        frames = bootstrap_documents(self._file)
        documents = [self._believed(frame) for frame in frames]
        async with self._database.transaction(self.tenant) as tx:
            for frame, document in zip(frames, documents, strict=True):
                await self._keep(tx, frame, document)
            built = await self._build(tx)
        return self._made(*built)

    async def made_anew(self) -> HostedSite | None:
        """The site, if a document arrived or came into effect since the last time. Raises SiteRefused, StoreError."""
        async with self._database.transaction(self.tenant) as tx:
            known = await known_editions(tx, KINDS)
            if self._made_from == _that_matter(known, self._today()):
                return None
            built = await self._build(tx)
        return self._made(*built)

    def _made(self, site: HostedSite, made_from: tuple[KnownEdition, ...]) -> HostedSite:
        """Only now, after the commit: what was given up half-way is made again the next time."""
        self._site, self._made_from = site, made_from
        return site

    async def _build(self, tx: Transaction) -> tuple[HostedSite, tuple[KnownEdition, ...]]:
        today = self._today()
        known = await known_editions(tx, KINDS)
        directory = self._directory(await newest(tx, "directory", today))
        calendar = self._calendar(await newest(tx, "calendar", today))
        profiles = self._profiles(await editions(tx, "profile", MAXIMUM_EDITIONS))
        site = HostedSite(
            tenant=self.tenant,
            site=self._file.site,
            signer=self._signer,
            jurisdiction=Jurisdiction(directory),
            profiles=profiles,
            calendar=calendar,
            now=self._now,
            registers=Registers(
                entrustments=self._register(await newest(tx, "entrustments", today), Entrustments),
                catalogue=self._register(await newest(tx, "catalogue", today), Catalogue),
            ),
            founded_on=min(each.effective_on for each in known if each.kind == "directory"),
        )
        return site, _that_matter(known, today)

    def _today(self) -> date:
        """By the calendar in use; before the first, by the zone that every calendar has unless it says otherwise."""
        calendar = self._site.calendar if self._site is not None else Calendar(edition=0, years=())
        return calendar.local_day(self._now())

    def _believed(self, stored: StoredFrame) -> Document:
        """A document of the file, signed by the root for this tenant."""
        root, header = self._file.root, stored.header
        trusted = SiteEntry(site=root.site, tier="", parent=None, key_id=root.key_id, public_key=root.public_key)
        keyring = Keyring(Directory(tenant=self.tenant, edition=0, sites=(trusted,), units=()))
        try:
            verify_frame(keyring, stored.frame, header)
            document = _document.decode(stored.frame.payload or b"")
        except SignatureRefused as error:
            raise SiteRefused("site.document_not_signed_by_root", tenant=self.tenant, detail=error.code) from error
        except msgspec.MsgspecError as error:
            raise SiteRefused("site.document_unreadable", tenant=self.tenant) from error
        if header.tenant != self.tenant:
            raise SiteRefused("site.document_of_another_tenant", tenant=self.tenant, detail=header.tenant)
        return document

    async def _keep(self, tx: Transaction, frame: StoredFrame, document: Document) -> None:
        now = wall_now()
        try:
            is_new = await store_document(tx, document, event_hash=frame.hash, author=frame.header.author, now=now)
        except DocumentConflict as error:
            detail = f"{document.kind} {document.edition}"
            raise SiteRefused("site.document_conflict", tenant=self.tenant, detail=detail) from error
        if is_new:
            # For nobody: the frame is kept as the evidence of who signed it.
            await queue_loose_to(tx, (), "document", frame, now=now)

    def _directory(self, stored: StoredDocument | None) -> Directory:
        """The directory, if its top site is the root and this site is in it with its own key."""
        if stored is None:
            raise SiteRefused("site.no_directory", tenant=self.tenant)
        try:
            directory = _directory.decode(stored.document.body)
        except msgspec.MsgspecError as error:
            raise SiteRefused("site.document_unreadable", tenant=self.tenant, detail="directory") from error
        root = self._file.root
        tops = [(each.site, each.key_id, each.public_key) for each in directory.sites if each.parent is None]
        if directory.tenant != self.tenant or tops != [(root.site, root.key_id, root.public_key)]:
            raise SiteRefused("site.root_differs", tenant=self.tenant)
        own = next((each for each in directory.sites if each.site == self._file.site), None)
        if own is None or own.tier != self._file.tier:
            raise SiteRefused("site.not_in_directory", tenant=self.tenant, detail=self._file.site)
        if own.key_id != self._signer.key_id:
            raise SiteRefused("site.key_differs", tenant=self.tenant, detail=self._file.site)
        return directory

    def _calendar(self, stored: StoredDocument | None) -> Calendar:
        if stored is None:
            raise SiteRefused("site.no_calendar", tenant=self.tenant)
        if self._site is not None and self._site.calendar.edition == stored.document.edition:
            return self._site.calendar  # its look-up tables are derived already
        try:
            calendar = _calendar.decode(stored.document.body)
            calendar.index  # noqa: B018 - derived now, so that an unknown zone is met here and not in a request
        except (msgspec.MsgspecError, ValueError) as error:
            raise SiteRefused("site.document_unreadable", tenant=self.tenant, detail="calendar") from error
        if calendar.edition != stored.document.edition:
            raise SiteRefused("site.document_unreadable", tenant=self.tenant, detail="calendar edition")
        return calendar

    def _register(self, stored: StoredDocument | None, kind: type[Register]) -> Register:
        """An empty one before the first edition."""
        try:
            return kind() if stored is None else msgspec.json.decode(stored.document.body, type=kind)
        except msgspec.MsgspecError as error:
            raise SiteRefused("site.document_unreadable", tenant=self.tenant, detail=kind.__name__) from error

    def _profiles(self, stored: list[StoredDocument]) -> dict[int, Profile]:
        """Every edition that this release can read; cases of another wait."""
        found: dict[int, Profile] = {}
        for each in stored:
            number = each.document.edition
            try:
                profile = _profile.decode(each.document.body)
            except msgspec.MsgspecError:
                _log.exception("profile edition unreadable", extra={"tenant": self.tenant, "edition": number})
                continue
            if profile.edition != number or profile.tenant != self.tenant or check_profile(profile):
                _log.error("profile edition unfit", extra={"tenant": self.tenant, "edition": number})
                continue
            found[number] = profile
        if not found:
            raise SiteRefused("site.no_profile", tenant=self.tenant)
        return found


def _that_matter(known: tuple[KnownEdition, ...], today: date) -> tuple[KnownEdition, ...]:
    """Every profile (a case keeps its own), and of the others those in effect."""
    return tuple(each for each in known if each.kind == "profile" or each.effective_on <= today)
