"""What the top tier's administrator does with days and rules: see what a notice or an edition would do, publish it.

Owns who may, and the record of it. Reading a text is the books'; what may be published is federation's. Looking ahead
locks and writes no case. Must not know HTTP nor pages.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Final

import msgspec

from bancheng.federation.editions import PublishRefused, newest_calendar, publish_calendar, publish_profile, succession
from bancheng.federation.site import HostedSite
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.calendar_editions import (
    changed_days,
    next_calendar,
    require_change,
    standing_days,
    years_made_official,
)
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_succession import SuccessionProblem
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.open_cases import OpenCase
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request, audit
from bancheng.window.identity import Identity
from bancheng.window.looking_ahead import CaseMoved, Counts, cases_moved, count_moved
from bancheng.window.registers.changing import Change, Published, admit, publish_once
from bancheng.window.rule_books import BookProblem, BookUnreadable, CalendarFormat, ProfileChange, RuleBooks

MOST_ROWS: Final = 200
CALENDAR_PREVIEWED: Final = "calendar-previewed"

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256 * 1024)]


class CalendarBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notice. `format` csv: rows of `first_day,last_day,休|班,name`; toml: `[[year]]` tables.

    `edition` is the one that a preview showed: refused when another was published meanwhile. `effective_on`: today.
    """

    text: Text
    format: CalendarFormat = "csv"
    effective_on: date | None = None
    edition: int | None = None


class CalendarQuestion(CalendarBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, with a page of the cases: `after` is `next` of the page before."""

    after: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROWS)] = 50


class DayChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A day that is something else. `moves_dates`: it counts where it did not, or no longer does; `provisional`: it
    is an estimate of a year without a notice.
    """

    day: date
    was: str
    was_name: str
    becomes: str
    becomes_name: str
    moves_dates: bool
    provisional: bool


class CalendarPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What the notice would do. `counts` is given with the first page only; `cases` are those with a limit that
    changes, by number and dates alone.
    """

    edition: int
    effective_on: date
    years_made_official: list[int]
    days: list[DayChangeView]
    counts: Counts | None
    cases: list[CaseMoved]
    next: str | None


class ProfileBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule profile in TOML, whole."""

    text: Text


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against it: where, and a stable code with what its message fills in."""

    line: int | None
    field: str
    code: str
    parameters: dict[str, str | int]


class ProfilePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a profile would be as the next edition. With a mistake in the text only `problems` says anything.

    `stranded` are open cases, by number, that would be left without a rule; `stranded_has_more`: not all are named.
    """

    can_publish: bool
    problems: list[ProblemView]
    edition: int | None = None
    effective_on: date | None = None
    present_edition: int | None = None
    changes: list[ProfileChange] = []
    stranded: list[OpenCase] = []
    stranded_has_more: bool = False


async def preview_calendar(
    hosting: Hosting, identity: Identity, books: RuleBooks, asked: CalendarQuestion
) -> CalendarPreview:
    """Changes nothing. Raises BookUnreadable, PublishRefused, Rejected `publish.nothing_new`, ApiError."""
    await _look(hosting, identity, CALENDAR_PREVIEWED)
    site = identity.site
    async with hosting.database.transaction(identity.tenant) as tx:
        present = await newest_calendar(tx, site)
    following = await _following(site, present, books, asked)
    counts = await count_moved(hosting.database, site, following) if not asked.after else None
    page = await cases_moved(hosting.database, site, following, after=asked.after, limit=asked.limit)
    return CalendarPreview(
        edition=following.edition,
        effective_on=asked.effective_on or _today(site),
        years_made_official=list(years_made_official(present, following)),
        days=[
            DayChangeView(
                day=each.day, was=each.was.kind.value, was_name=each.was.name, becomes=each.becomes.kind.value,
                becomes_name=each.becomes.name, moves_dates=each.moves_dates,
                provisional=each.becomes.provisional,
            )
            for each in changed_days(present, following)
        ],
        counts=counts,
        cases=page.cases,
        next=page.next,
    )  # fmt: skip


async def publish_days(
    hosting: Hosting, identity: Identity, books: RuleBooks, body: CalendarBody, request: Request
) -> Answer:
    """201 with `Published`. Raises as the preview does, and PublishRefused."""
    site, effective_on = identity.site, body.effective_on or _today(identity.site)

    async def work(tx: Transaction) -> Published:
        following = await _following(site, await newest_calendar(tx, site), books, body)
        edition = await publish_calendar(tx, site, following, effective_on)
        return Published(kind="calendar", edition=edition, effective_on=effective_on)

    return await publish_once(hosting, identity, Change(action="calendar-published", request=request), work)


async def preview_profile(hosting: Hosting, identity: Identity, books: RuleBooks, body: ProfileBody) -> ProfilePreview:
    """What is wrong with it, what it changes and whom it would strand. Changes nothing. Raises ApiError."""
    await _look(hosting, identity, "profile-previewed")
    try:
        profile = await asyncio.to_thread(books.profile, body.text)
    except BookUnreadable as unreadable:
        return ProfilePreview(can_publish=False, problems=[_problem(each) for each in unreadable.problems])
    async with hosting.database.transaction(identity.tenant) as tx:
        found = await succession(tx, identity.site, profile)
    return ProfilePreview(
        can_publish=not found.problems,
        problems=[_standing(each) for each in found.problems],
        edition=profile.edition,
        effective_on=profile.effective_on,
        present_edition=found.present.edition,
        changes=list(books.compare(found.present, profile)),
        stranded=list(found.stranded),
        stranded_has_more=found.has_more,
    )


async def publish_rules(
    hosting: Hosting, identity: Identity, books: RuleBooks, body: ProfileBody, request: Request
) -> Answer:
    """201 with `Published`. Raises BookUnreadable, PublishRefused, ApiError."""

    async def work(tx: Transaction) -> Published:
        profile: Profile = await asyncio.to_thread(books.profile, body.text)
        edition = await publish_profile(tx, identity.site, profile)
        return Published(kind="profile", edition=edition, effective_on=profile.effective_on)

    return await publish_once(hosting, identity, Change(action="profile-published", request=request), work)


async def _look(hosting: Hosting, identity: Identity, action: str) -> None:
    """Only an administrator, only at the top. Both a refusal and a look are recorded."""
    await admit(hosting, identity, action)
    await audit(hosting.database, identity, AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=action))


async def _following(site: HostedSite, present: Calendar, books: RuleBooks, body: CalendarBody) -> Calendar:
    if body.edition is not None and body.edition != present.edition + 1:
        raise PublishRefused(
            "publish.edition_moved", field="edition", detail=str(body.edition), parameters={"newest": present.edition}
        )

    def read() -> Calendar:
        known = books.known_years(_today(site))
        days = books.days(body.text, body.format, standing_days(present, known))
        return next_calendar(present, known, days, present.edition + 1)

    following = await asyncio.to_thread(read)
    require_change(present, following)
    return following


def _today(site: HostedSite) -> date:
    return site.calendar.local_day(site.now())


def _problem(found: BookProblem) -> ProblemView:
    parameters: dict[str, str | int] = {"field": found.field, "detail": found.detail}
    if found.line is not None:
        parameters["line"] = found.line
    return ProblemView(line=found.line, field=found.field, code=found.code, parameters=parameters)


def _standing(found: SuccessionProblem) -> ProblemView:
    return ProblemView(line=None, field=found.field, code=found.code, parameters=dict(found.parameters))
