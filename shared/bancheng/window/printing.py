"""Forms and the ledger as people take them away: filled for one case, or for all cases of a span of days.

Owns which cases and whose personal data go on paper, and the record of it. Must not know HTTP nor pages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case
from bancheng.kernel.profile_parts import Form, FormKind
from bancheng.store.casebook import load_cases
from bancheng.store.changes import AuditRecord
from bancheng.store.ledger import MAX_PAGE, LedgerCursor, LedgerFilter, list_cases
from bancheng.store.visibility import had_to_do_with
from bancheng.window.documents.form_data import FormContext, form_data, ledger_data
from bancheng.window.documents.spreadsheet import LedgerSheet
from bancheng.window.failures import ApiError
from bancheng.window.field_problems import require_days
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import audit
from bancheng.window.identity import Identity
from bancheng.window.permissions import is_involved
from bancheng.window.queries import Queries

MOST_ROWS: Final = 100_000
"""A ledger has no more: a longer span is asked for in parts."""
_LAST_ID: Final = UUID(int=2**128 - 1)
_OF_A_CASE: Final[frozenset[FormKind]] = frozenset(
    {"registration", "acceptance", "transfer_order", "decline_notice", "guidance", "signature"}
)


class FilledForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form of the tenant's and what stands in its boxes, by the names of FORM_DATA."""

    form: Form
    number: str
    data: dict[str, str]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Local days of registration, both included."""

    first: date
    last: date


async def filled_form(
    queries: Queries, identity: Identity, case_id: UUID, key: str, *, order_number: int = 0
) -> FilledForm:
    """One form of one case, by the edition that the case keeps.

    Raises ApiError `api.not_found`, `form.unknown`, `form.unknown_order`.
    """
    seen = await queries.open_case(identity, case_id)
    profile = identity.site.profile(seen.case.profile_edition)
    form = profile.form(key)
    if form is None or form.kind not in _OF_A_CASE:
        raise ApiError(404, "form.unknown")
    if order_number > len(seen.case.record.orders):
        raise ApiError(404, "form.unknown_order", number=order_number)
    context = FormContext(
        case=seen.case, profile=profile, jurisdiction=identity.site.jurisdiction, calendar=identity.site.calendar,
        events=seen.events, order_number=order_number, hide_person=seen.hide_person,
    )  # fmt: skip
    return FilledForm(form=form, number=seen.case.number, data=form_data(context))


def forms_of_case(identity: Identity, case: Case) -> tuple[Form, ...]:
    """The forms that can be filled for the case as it stands: no "no" without one, no order form without an order."""
    profile = identity.site.profile(case.profile_edition)
    absent = set[str]()
    if case.decline is None and case.stage != "declined":
        absent.add("decline_notice")
    if not case.record.orders:
        absent.add("transfer_order")
    return tuple(form for form in profile.forms if form.kind in _OF_A_CASE and form.kind not in absent)


def ledger_form(identity: Identity) -> Form:
    """The tenant's ledger. Raises ApiError `form.unknown` where it has none."""
    found = next((form for form in identity.site.current_profile().forms if form.kind == "ledger"), None)
    if found is None:
        raise ApiError(404, "form.unknown")
    return found


async def ledger_rows(hosting: Hosting, identity: Identity, span: Span) -> AsyncIterator[list[dict[str, str]]]:
    """The rows, newest first, a page at a time, at most MOST_ROWS. Personal data is for the units concerned."""
    calendar = identity.site.calendar
    before = _midnight(span.last + timedelta(days=1), identity)
    since = _midnight(span.first, identity)
    after: LedgerCursor | None = LedgerCursor(at=before, case_id=_LAST_ID)
    given = 0
    while after is not None and given < MOST_ROWS:
        async with hosting.database.transaction(identity.tenant) as tx:
            page = await list_cases(tx, identity.visible, filters=LedgerFilter(), after=after, limit=MAX_PAGE)
            wanted = [row.case_id for row in page.rows if since <= row.registered_at < before]
            cases = await load_cases(tx, wanted)
            concerned = await had_to_do_with(tx, identity.unit, cases.values())
        yield [
            ledger_data(
                FormContext(
                    case=cases[case_id], profile=identity.site.profile(cases[case_id].profile_edition),
                    jurisdiction=identity.site.jurisdiction, calendar=calendar,
                    hide_person=not (
                        identity.is_supervisor or case_id in concerned or is_involved(cases[case_id], identity.unit)
                    ),
                )
            )
            for case_id in wanted
            if case_id in cases
        ]  # fmt: skip
        given += len(wanted)
        after = page.next if page.rows and page.rows[-1].registered_at >= since else None


async def ledger_page_rows(
    hosting: Hosting, identity: Identity, span: Span, *, limit: int
) -> tuple[list[dict[str, str]], bool]:
    """The newest rows, at most `limit`, and whether there are more. That they were looked at is recorded."""
    await _record(hosting, identity, "read_ledger", span)
    rows: list[dict[str, str]] = []
    async for page in ledger_rows(hosting, identity, span):
        rows += page
        if len(rows) > limit:
            break
    return rows[:limit], len(rows) > limit


async def ledger_workbook(hosting: Hosting, identity: Identity, span: Span) -> bytes:
    """The ledger as a spreadsheet; that it was taken is recorded. Raises ApiError `ledger.too_long`: none is cut."""
    sheet = LedgerSheet(ledger_form(identity))
    await _record(hosting, identity, "export_ledger", span)
    written = 0
    async for rows in ledger_rows(hosting, identity, span):
        sheet.add(rows)
        written += len(rows)
    if written >= MOST_ROWS:
        raise ApiError(422, "ledger.too_long", maximum=MOST_ROWS)
    return sheet.close()


async def _record(hosting: Hosting, identity: Identity, action: str, span: Span) -> None:
    detail = f"{span.first.isoformat()}..{span.last.isoformat()}"
    seen = AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=action, detail=detail)
    await audit(hosting.database, identity, seen)


def span_of(identity: Identity, first: date | None, last: date | None) -> Span:
    """The days asked for; this year until today where none are. Raises ApiError `ledger.span`, InvalidInput."""
    today = identity.site.calendar.local_day(identity.site.now())
    span = Span(first=first or date(today.year, 1, 1), last=last or today)
    require_days(first=span.first, last=span.last)
    if span.first > span.last:
        raise ApiError(422, "ledger.span")
    return span


def _midnight(day: date, identity: Identity) -> datetime:
    calendar = identity.site.calendar
    return datetime.combine(day, time(), tzinfo=calendar.local(identity.site.now()).tzinfo)
