"""What people look at: lists, one case, its history, search, links and alerts. Every one within what they may see.

Owns the reading, one transaction each, and the record of who read personal data in full. Must not know HTTP nor
pages; changes nothing but that record.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, cast
from uuid import UUID

import msgspec

from bancheng.federation.delivery import deliveries
from bancheng.kernel.case import Case
from bancheng.kernel.history import lines
from bancheng.kernel.missing import MissingStep
from bancheng.kernel.profile import Profile
from bancheng.schema.events import AskAccepted, AskRefused, CaseEvent
from bancheng.store.accounts import Staff, record_audit, staff_of_unit
from bancheng.store.alerts import NO_CASE, Alert, alerts_of_case, open_alerts
from bancheng.store.asks import OwnAsk, asks_of_case
from bancheng.store.casebook import load_cases, load_entries
from bancheng.store.changes import AuditRecord
from bancheng.store.counters import CounterValue, read_counters
from bancheng.store.database import Transaction
from bancheng.store.deliveries import deliveries_of_case
from bancheng.store.gaps import count_missing
from bancheng.store.ledger import LedgerCursor, LedgerFilter, Sort, list_cases
from bancheng.store.search import search
from bancheng.store.signing import StoredEntry
from bancheng.store.visibility import had_to_do, seen_of
from bancheng.window import cursors
from bancheng.window.acknowledging import is_for, is_shown
from bancheng.window.case_view import CaseView, case_view
from bancheng.window.command_registry import kebab
from bancheng.window.error_texts import Language, text_for
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.identity import Identity
from bancheng.window.permissions import has_the_file, is_involved, masked_command, sees_at_once
from bancheng.window.views import (
    AlertView,
    AskView,
    CaseList,
    HistoryView,
    case_row,
    entry_view,
    named_units,
    unit_view,
)

READ_AGAIN_SECONDS: Final = 600.0
"""Looking at the same case again within this time is the same reading: a page that refreshes itself is one row."""
MOST_READINGS: Final = 20_000


class ListRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases, in which order, from where on."""

    filters: LedgerFilter = LedgerFilter()
    sort: Sort = "registered_at"
    after: str = ""
    limit: int = 50


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case that may be seen. `hide_person`: its personal data is not for whoever asks."""

    case: Case
    events: tuple[CaseEvent, ...]
    hide_person: bool


class Queries:
    """The questions that a window answers, for all tenants of one process."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting
        self._readings: OrderedDict[tuple[str, str, UUID], float] = OrderedDict()

    async def cases(self, identity: Identity, asked: ListRequest) -> CaseList:
        """Raises InvalidInput for a cursor that is none, SortNotIndexed."""
        after = cursors.read(asked.after, LedgerCursor) if asked.after else None
        async with self._hosting.database.transaction(identity.tenant) as tx:
            page = await list_cases(
                tx, identity.visible, filters=asked.filters, sort=asked.sort, after=after, limit=asked.limit
            )
        jurisdiction = identity.site.jurisdiction
        return CaseList(
            cases=[case_row(row, jurisdiction) for row in page.rows],
            next=None if page.next is None else cursors.written(page.next),
        )

    async def search(self, identity: Identity, text: str, *, after: str = "", limit: int = 50) -> CaseList:
        """Raises SearchTooShort, InvalidInput."""
        below = cursors.read(after, UUID) if after else None
        async with self._hosting.database.transaction(identity.tenant) as tx:
            page = await search(tx, text, identity.visible, limit, below=below)
        jurisdiction = identity.site.jurisdiction
        return CaseList(
            cases=[case_row(row, jurisdiction) for row in page.rows],
            next=None if page.next is None else cursors.written(page.next),
        )

    async def case(self, identity: Identity, case_id: UUID, language: Language) -> CaseView:
        """Raises ApiError `api.not_found`, also for a case that may not be seen."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            case = await self._seen(tx, identity, case_id)
            hide = await self._hides_person(tx, identity, case)
            asked = await asks_of_case(tx, case_id)
            answers = await load_entries(tx, case_id) if asked else []
            alerts = await alerts_of_case(tx, case_id)
        return case_view(
            case,
            identity,
            language,
            hide_person=hide,
            asks=_ask_views(asked, answers, identity, language, hide_person=hide),
            alerts=[alert_view(each, identity) for each in alerts if is_shown(identity, each.kind)],
        )

    async def history(self, identity: Identity, case_id: UUID) -> HistoryView:
        """Raises ApiError `api.not_found`."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            case = await self._seen(tx, identity, case_id)
            hide = await self._hides_person(tx, identity, case)
            entries = await load_entries(tx, case_id)
            sent = deliveries(await deliveries_of_case(tx, case_id))
        known = lines(each.entry for each in entries)
        jurisdiction = identity.site.jurisdiction
        main, late, unplaced = (
            [entry_view(each, jurisdiction, sent, hide_person=hide) for each in part]
            for part in (known.main, known.late, known.unplaced)
        )
        return HistoryView(case_id=case_id, main=main, late=late, unplaced=unplaced)

    async def missing(self, identity: Identity) -> dict[MissingStep, int]:
        """How many open cases that somebody sees lack each step of the loop (PA-09)."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            return await count_missing(tx, identity.visible)

    async def figures(self, identity: Identity) -> list[CounterValue]:
        """The counters of the units that somebody sees."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            return await read_counters(tx, identity.visible.units)

    async def alerts(self, identity: Identity) -> list[AlertView]:
        """Those about cases that may be seen, and those about links; notices only for whom they are."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            found = [each for each in await open_alerts(tx) if is_shown(identity, each.kind)]
            about = sorted({each.case_id for each in found if each.case_id != NO_CASE})
            seen = await seen_of(tx, identity.visible, about)
        return [alert_view(each, identity) for each in found if each.case_id == NO_CASE or each.case_id in seen]

    async def colleagues(self, identity: Identity) -> list[Staff]:
        """The active staff of one's own unit, without oneself."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            found = await staff_of_unit(tx, identity.unit)
        return [each for each in found if each.staff_id != identity.staff_id]

    async def profile_of(self, identity: Identity, case_id: UUID) -> tuple[Case, Profile]:
        """The state of a case and the rules that it keeps, for a form. Raises ApiError `api.not_found`."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            case = await self._seen(tx, identity, case_id)
        return case, identity.site.profile(case.profile_edition)

    async def open_case(self, identity: Identity, case_id: UUID) -> OpenCase:
        """A case with the events of its main line, for its forms. Raises ApiError `api.not_found`."""
        async with self._hosting.database.transaction(identity.tenant) as tx:
            case = await self._seen(tx, identity, case_id)
            hide = await self._hides_person(tx, identity, case)
            entries = await load_entries(tx, case_id)
        main = lines(each.entry for each in entries).main
        return OpenCase(case=case, events=tuple(entry.event for entry in main), hide_person=hide)

    async def case_and_hiding(self, tx: Transaction, identity: Identity, case_id: UUID) -> tuple[Case, bool]:
        """The case, and whether its personal data is not for whoever asks. Raises ApiError `api.not_found`."""
        case = await self._seen(tx, identity, case_id)
        return case, await self._hides_person(tx, identity, case)

    async def _seen(self, tx: Transaction, identity: Identity, case_id: UUID) -> Case:
        case = (await load_cases(tx, [case_id])).get(case_id)
        if case is None or not (sees_at_once(identity.visible, case) or await seen_of(tx, identity.visible, [case_id])):
            raise ApiError(404, "api.not_found")
        return case

    async def _hides_person(self, tx: Transaction, identity: Identity, case: Case) -> bool:
        """Personal data is for supervisors and for the units that had to do with the case; each reading is recorded."""
        is_concerned = (
            identity.is_supervisor
            or is_involved(case, identity.unit)
            or has_the_file(case, identity.site.jurisdiction, identity.unit)
        )
        if not is_concerned and not await had_to_do(tx, identity.unit, case):
            return True
        if self._is_new_reading(identity, case.case_id):
            read = AuditRecord(
                staff_id=identity.staff_id, unit=identity.unit, action="read_personal_data", case_id=case.case_id
            )
            await record_audit(tx, [read], now=identity.site.wall_now())
        return False

    def _is_new_reading(self, identity: Identity, case_id: UUID) -> bool:
        key, now = (identity.tenant, identity.staff_id, case_id), time.monotonic()
        last = self._readings.get(key)
        if last is not None and now - last < READ_AGAIN_SECONDS:
            return False
        self._readings[key] = now
        self._readings.move_to_end(key)
        while len(self._readings) > MOST_READINGS:
            self._readings.popitem(last=False)
        return True


def _ask_views(
    asked: Sequence[OwnAsk],
    entries: Sequence[StoredEntry],
    identity: Identity,
    language: Language,
    *,
    hide_person: bool,
) -> list[AskView]:
    """What this site asked, with the answers that stand in the case. One that was cut off is none: ask again."""
    known = lines(each.entry for each in entries)
    answers = {each.ask_id: each for entry in known.main if isinstance(each := entry.event, AskAccepted | AskRefused)}
    cut_off = {each.ask_id for entry in known.late if isinstance(each := entry.event, AskAccepted | AskRefused)}
    views: list[AskView] = []
    for ask in asked:
        answer, code, parameters = answers.get(ask.ask_id), "", dict[str, str | int]()
        if isinstance(answer, AskRefused):
            code, parameters = answer.code, {"stage": answer.reason, **answer.parameters}
        elif answer is None and ask.ask_id in cut_off:
            code = "ask.cut_off"
        text = text_for(code, language, named_units(parameters, identity.site.jurisdiction)) if code else None
        command = masked_command(ask.command) if hide_person else ask.command
        said = cast("dict[str, object]", msgspec.to_builtins(command))
        view = AskView(
            ask_id=ask.ask_id,
            asked_at=ask.asked_at,
            command=kebab(str(said.pop("type"))),
            details={name: value for name, value in said.items() if value is not None},
            state="refused" if code else "sent" if answer is None else "accepted",
            code=code,
            reason=text.message if text is not None else "",
            next_step=text.next_step if text is not None else "",
        )
        views.append(view)
    return views


def alert_view(alert: Alert, identity: Identity) -> AlertView:
    unit = alert.kind.rpartition(":")[2]
    about = alert.case_id != NO_CASE and is_for(identity, alert.kind)
    named = f"{unit_view(identity.site.jurisdiction, unit).name}：{alert.detail}" if alert.kind.count(":") > 1 else ""
    return AlertView(
        case_id=None if alert.case_id == NO_CASE else alert.case_id,
        kind=alert.kind,
        raised_at=alert.raised_at,
        detail=named or alert.detail,
        is_yours=about,
    )
