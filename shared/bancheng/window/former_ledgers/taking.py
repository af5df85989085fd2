"""Seeing a former ledger as it would come in, and taking it in: all of it, or the rows that are sound.

Owns who may, the order of the steps and the audit. A row is taken once, whoever sends it and however often. Must not
know HTTP or pages.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite
from bancheng.kernel.case import Case
from bancheng.schema.clocks import PERSON
from bancheng.schema.events import Outcome
from bancheng.store.casebook import append, load_cases
from bancheng.store.changes import AuditRecord, CaseChange, RequestRecord
from bancheng.store.database import Transaction
from bancheng.window.error_texts import Language, text_for
from bancheng.window.failures import ApiError
from bancheng.window.field_problems import FieldProblem
from bancheng.window.former_ledgers.reading import Sheet, read_sheet
from bancheng.window.former_ledgers.rows import ReadRow, RowBody, read_rows
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request
from bancheng.window.identity import Identity
from bancheng.window.permissions import Role
from bancheng.window.registers.changing import Change, admit, changed, may_change

IMPORTERS: Final[tuple[Role, ...]] = ("administrator", "coordinator")
IMPORTED: Final = "ledger-imported"
BATCH: Final = 100

Take = Literal["all", "sound"]
"""All rows, or nothing when one of them is unfit; or the sound ones, and the unfit ones stay out."""
RowState = Literal["new", "known", "repeated", "unfit"]
"""Comes in · is here already · stands in the file twice · does not fit."""


class TakeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: which file (SHA-256) and which of its rows."""

    sha256: str
    take: Take


class CellProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one cell. `column` is what the file calls it, `field` what it fills."""

    field: str
    column: str
    code: str
    message: str
    next_step: str


class LedgerRowView(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it would come in. `due_day`: by when the person is to be answered, None where the matter was ended."""

    line: int
    state: RowState
    number: str
    imported_from: str
    received_on: date | None
    person_name: str
    title: str
    kind: str
    case_type: str
    outcome: Outcome | None
    ended_on: date | None
    due_day: date | None
    is_overdue: bool
    problems: list[CellProblem]


class LedgerPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would do. Nothing was changed. `ignored_columns` are those that a case has no place for."""

    sha256: str
    counts: dict[RowState, int]
    ignored_columns: list[str]
    rows: list[LedgerRowView]


class LedgerTaken(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows became cases, were here already (or twice in the file), and stay out because they do not fit."""

    taken: int
    known: int
    left_out: int


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    sheet: Sheet
    rows: list[ReadRow]


def may_import(identity: Identity) -> bool:
    """An administrator or coordinator, of a window of this site."""
    unit = identity.site.jurisdiction.unit(identity.unit)
    return may_change(identity, IMPORTERS) and unit is not None and unit.is_window and unit.site == identity.site.site


async def preview_ledger(hosting: Hosting, identity: Identity, content: bytes, language: Language) -> LedgerPreview:
    """Every row as it would come in, and every problem by its cell. Raises ApiError, InvalidInput."""
    read = await _read(hosting, identity, content)
    async with hosting.database.transaction(identity.tenant) as tx:
        known = await _known(tx, read.rows)
    views = [_view(each, known, identity, read.sheet, language) for each in read.rows]
    states = [each.state for each in views]
    return LedgerPreview(
        sha256=read.sha256,
        counts={state: states.count(state) for state in ("new", "known", "repeated", "unfit")},
        ignored_columns=list(read.sheet.ignored),
        rows=views,
    )


async def take_ledger(hosting: Hosting, identity: Identity, content: bytes, take: Take, request: Request) -> Answer:
    """200 with `LedgerTaken`. Raises ApiError `ledger.rows_unfit` when all were asked for and one does not fit."""
    read = await _read(hosting, identity, content)
    unfit = sum(bool(each.problems) for each in read.rows)

    async def work(tx: Transaction) -> msgspec.Struct:
        if unfit and take == "all":
            raise ApiError(422, "ledger.rows_unfit", field="file", count=unfit)
        known = await _known(tx, read.rows)
        fresh = [each for each in read.rows if _state(each, known) == "new"]
        for first in range(0, len(fresh), BATCH):
            await _store(tx, identity, fresh[first : first + BATCH])
        return LedgerTaken(taken=len(fresh), known=len(read.rows) - len(fresh) - unfit, left_out=unfit)

    detail = f"sha256 {read.sha256}, {len(read.rows)} rows, {unfit} unfit, {take}"
    change = Change(action=IMPORTED, request=request, detail=detail, roles=IMPORTERS, at_the_top=False)
    answer = await changed(hosting, identity, change, work)
    hosting.wake(identity.tenant)
    return answer


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def _read(hosting: Hosting, identity: Identity, content: bytes) -> _Read:
    await admit(hosting, identity, IMPORTED, IMPORTERS, at_the_top=False)
    if not may_import(identity):
        raise ApiError(409, "ledger.no_window")
    # A thousand rows are judged by the rules in a second or so: the process goes on serving meanwhile.
    sheet = await asyncio.to_thread(read_sheet, content)
    rows = await asyncio.to_thread(read_rows, sheet, identity.site, identity.actor)
    return _Read(sha256=digest(content), sheet=sheet, rows=rows)


async def _known(tx: Transaction, rows: Sequence[ReadRow]) -> frozenset[object]:
    asked = [each.case_id for each in rows if each.case_id is not None and not each.problems]
    return frozenset(await load_cases(tx, asked)) if asked else frozenset()


def _state(row: ReadRow, known: frozenset[object]) -> RowState:
    if row.problems:
        return "unfit"
    return "repeated" if row.is_repeated else "known" if row.case_id in known else "new"


async def _store(tx: Transaction, identity: Identity, rows: Sequence[ReadRow]) -> None:
    changes = [change for row in rows if (change := _change(identity.site, row)) is not None]
    entered = [
        AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action="import", case_id=each.case.case_id)
        for each in changes
    ]
    await append(tx, changes, now=identity.site.wall_now(), also=[RequestRecord(audit=tuple(entered))])


def _change(site: HostedSite, row: ReadRow) -> CaseChange | None:
    if row.case_id is None:
        return None
    desk = Desk(site, row.case_id, None)
    desk.record(row.events)
    return desk.change()


def _view(
    row: ReadRow, known: frozenset[object], identity: Identity, sheet: Sheet, language: Language
) -> LedgerRowView:
    body, case = row.body, _case(identity.site, row)
    clock = case.clock(PERSON) if case is not None else None
    now = identity.site.now()
    return LedgerRowView(
        line=row.line,
        state=_state(row, known),
        number=row.cells.get("number", ""),
        imported_from=row.cells.get("imported_from", ""),
        person_name=row.cells.get("person.name", ""),
        title=body.title if body is not None else row.cells.get("title", ""),
        received_on=body.received_on if body is not None else None,
        kind=_key(body, "kind"),
        case_type=_key(body, "case_type"),
        outcome=body.outcome if body is not None else None,
        ended_on=body.ended_on if body is not None else None,
        due_day=clock.due_day if clock is not None else None,
        is_overdue=clock is not None and clock.due_at <= now,
        problems=[_said(each, sheet, language) for each in row.problems],
    )


def _key(body: RowBody | None, name: str) -> str:
    return "" if body is None else str(getattr(body, name))


def _case(site: HostedSite, row: ReadRow) -> Case | None:
    if row.case_id is None or not row.events:
        return None
    desk = Desk(site, row.case_id, None)
    desk.record(row.events)
    return desk.case


def _said(found: FieldProblem, sheet: Sheet, language: Language) -> CellProblem:
    text = text_for(found.code, language, found.parameters)
    return CellProblem(
        field=found.field,
        column=sheet.headings.get(found.field, ""),
        code=found.code,
        message=text.message,
        next_step=text.next_step,
    )
