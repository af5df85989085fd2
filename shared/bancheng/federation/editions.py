"""The next edition of a published document: what may be published, by whom, and what it stands on.

Owns the checks before a document is signed, for the command of the operator and the page of the administrator alike.
How it is signed and goes down is publication.py's; how a file becomes a profile or days is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from bancheng.federation.publication import publish
from bancheng.federation.site import HostedSite
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_checks import check_profile
from bancheng.kernel.profile_succession import SuccessionProblem, check_succession
from bancheng.schema.documents import Document, DocumentKind
from bancheng.store.database import Transaction
from bancheng.store.document_editions import known_editions
from bancheng.store.documents import edition
from bancheng.store.open_cases import OpenCase, open_cases_of

STRANDED_LISTED = 100
"""So many of the cases that an edition would strand are named; more are said to be more."""

_calendar = msgspec.json.Decoder(Calendar)
_profile = msgspec.json.Decoder(Profile)


class PublishRefused(Exception):
    """What cannot be published. `code` is stable, `field` names the input, `parameters` fill the message in."""

    def __init__(
        self, code: str, *, field: str, detail: str = "", parameters: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(": ".join(part for part in (code, field, detail) if part))
        self.code = code
        self.field = field
        self.detail = detail
        self.parameters = {"field": field, **({"detail": detail} if detail else {}), **(parameters or {})}


class Succession(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against a profile as the next edition. `stranded` are open cases, at most STRANDED_LISTED;
    `has_more`: there are others.
    """

    present: Profile
    newest_edition: int
    problems: tuple[SuccessionProblem, ...]
    stranded: tuple[OpenCase, ...] = ()
    has_more: bool = False


def document_of(kind: DocumentKind, number: int, effective_on: date, content: msgspec.Struct) -> Document:
    """The envelope of a directory, profile or calendar."""
    return Document(kind=kind, edition=number, effective_on=effective_on, body=msgspec.json.encode(content))


async def published(tx: Transaction, kind: DocumentKind) -> dict[int, date]:
    """Every edition that was published, with the day it takes effect."""
    return {each.edition: each.effective_on for each in await known_editions(tx, (kind,))}


async def newest_calendar(tx: Transaction, site: HostedSite) -> Calendar:
    """What the next edition stands on: the newest that was published, in effect or not."""
    editions = await published(tx, "calendar")
    if not editions or max(editions) <= site.calendar.edition:
        return site.calendar
    stored = await edition(tx, "calendar", max(editions))
    return site.calendar if stored is None else _calendar.decode(stored.document.body)


async def publish_calendar(tx: Transaction, site: HostedSite, calendar: Calendar, effective_on: date) -> int:
    """Returns the edition. Raises PublishRefused, NotThePublisher, DocumentConflict."""
    editions = await published(tx, "calendar")
    newest = max(editions, default=0)
    if calendar.edition <= newest:
        raise PublishRefused("publish.edition_not_newer", field="edition", detail=str(calendar.edition))
    if newest and effective_on < editions[newest]:
        parameters = {"newest": newest, "date": editions[newest].isoformat()}
        raise PublishRefused(
            "publish.effective_before_newest",
            field="effective_on",
            detail=effective_on.isoformat(),
            parameters=parameters,
        )
    await publish(tx, site, document_of("calendar", calendar.edition, effective_on, calendar))
    return calendar.edition


async def succession(tx: Transaction, site: HostedSite, following: Profile) -> Succession:
    """Whether the profile may follow, and which open cases it would strand. Locks nothing."""
    editions = await published(tx, "profile")
    editions |= {number: each.effective_on for number, each in site.profiles.items()}
    problems = check_succession(
        following,
        tenant=site.tenant,
        published=editions,
        directory=site.jurisdiction.directory,
        today=site.calendar.local_day(site.now()),
    )
    units = sorted({unit for problem in problems for unit in problem.units})
    found = await open_cases_of(tx, units, STRANDED_LISTED + 1) if units else ()
    return Succession(
        present=await _newest_profile(tx, site, max(editions, default=0)),
        newest_edition=max(editions, default=0),
        problems=problems,
        stranded=found[:STRANDED_LISTED],
        has_more=len(found) > STRANDED_LISTED,
    )


async def publish_profile(tx: Transaction, site: HostedSite, profile: Profile) -> int:
    """Returns the edition. Raises PublishRefused, NotThePublisher, DocumentConflict."""
    unfit = check_profile(profile)
    if unfit:
        # Every site below would leave it aside, and the cases registered under it with it.
        raise PublishRefused(unfit[0].code, field=unfit[0].field, detail=unfit[0].detail)
    for problem in (await succession(tx, site, profile)).problems:
        raise PublishRefused(problem.code, field=problem.field, parameters=problem.parameters)
    await publish(tx, site, document_of("profile", profile.edition, profile.effective_on, profile))
    return profile.edition


async def _newest_profile(tx: Transaction, site: HostedSite, number: int) -> Profile:
    known = site.profiles.get(number)
    if known is not None:
        return known
    stored = await edition(tx, "profile", number)
    return site.current_profile() if stored is None else _profile.decode(stored.document.body)
