"""The ledger: lists of cases, a page at a time, by the filters and sorts that have an index.

Owns these queries and their shapes. They page by key and never by offset, and no list has an exact total. By
registration the newest comes first; by due date the most urgent, of open cases only, those without a date last.
"""

# ruff: noqa: S608  statements of our own fragments; what a user gives is always a parameter

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.kernel.case import Stage
from bancheng.kernel.missing import MissingStep
from bancheng.store.database import Row, Transaction
from bancheng.store.errors import SortNotIndexed
from bancheng.store.gaps import values_lacking
from bancheng.store.visibility import Visibility, condition

Sort = Literal["registered_at", "holder_due_at", "person_due_at"]
MAX_PAGE = 200
FEW_UNITS = 32
"""Up to here the newest cases of each unit are merged; somebody who sees more units sees most of what comes first."""


class LedgerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `due_before` is about the date that is sorted by; `missing` is asked of open cases, by due
    date.
    """

    holder_unit: str | None = None
    registered_unit: str | None = None
    stage: Stage | None = None
    is_closed: bool | None = None
    due_before: datetime | None = None
    missing: MissingStep | None = None
    is_sealed: bool | None = None


class LedgerCursor(msgspec.Struct, frozen=True, kw_only=True):
    """The last row of a page. `at` is its value of the sort; None: a case without that date."""

    at: datetime | None
    case_id: UUID


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list: no description and nothing about the person."""

    case_id: UUID
    number: str
    title: str
    kind: str
    case_type: str
    stage: Stage
    outcome: str | None
    channel: str
    registered_unit: str
    registered_at: datetime
    holder_unit: str
    holder_site: str
    in_transit_to: str | None
    person_due_at: datetime | None
    holder_due_at: datetime | None
    round: int
    is_closed: bool
    has_open_late_decision: bool
    is_sealed: bool


class LedgerPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` continues the list; None at its end."""

    rows: tuple[LedgerRow, ...]
    next: LedgerCursor | None


COLUMNS = ", ".join(f"c.{name}" for name in LedgerRow.__struct_fields__)


def ledger_row(row: Row) -> LedgerRow:
    return LedgerRow(**dict(zip(LedgerRow.__struct_fields__, row, strict=True)))


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One statement and its parameters. Made of our own fragments only: what a user gives is a parameter."""

    statement: str
    arguments: tuple[object, ...]


class _Parts:
    """Conditions and the parameters they name, while a statement is put together."""

    def __init__(self, tenant: str) -> None:
        self.arguments: list[object] = [tenant]
        self.conditions = ["c.tenant = $1"]

    def place(self, argument: object) -> str:
        self.arguments.append(argument)
        return f"${len(self.arguments)}"

    def where(self, left: str, argument: object) -> None:
        """`left` ends in its operator."""
        self.conditions.append(f"{left} {self.place(argument)}")

    def conjunction(self) -> str:
        return " AND ".join(self.conditions)


async def list_cases(
    tx: Transaction,
    visibility: Visibility,
    *,
    filters: LedgerFilter,
    sort: Sort = "registered_at",
    after: LedgerCursor | None = None,
    limit: int = 50,
) -> LedgerPage:
    """One page, at most MAX_PAGE rows. Raises SortNotIndexed for closed cases by due date."""
    visibility.check(tx)
    size = min(max(limit, 1), MAX_PAGE)
    rows: list[LedgerRow] = []
    gaps = None if filters.missing is None else tuple(await values_lacking(tx, filters.missing))
    for query in page_queries(visibility, filters, sort, after, size + 1, gaps=gaps):
        found = await tx.fetch(query.statement, *query.arguments)
        rows.extend(ledger_row(row) for row in found[: size + 1 - len(rows)])
        if len(rows) > size:
            return LedgerPage(rows=tuple(rows[:size]), next=_cursor(rows[size - 1], sort))
    return LedgerPage(rows=tuple(rows), next=None)


def page_queries(
    visibility: Visibility,
    filters: LedgerFilter,
    sort: Sort,
    after: LedgerCursor | None,
    count: int,
    *,
    gaps: tuple[int, ...] | None = None,
) -> list[Query]:
    """The statements that give the page, to be asked in turn until it is full: two where dates may be missing. `gaps`
    are the values that bear the missing step that is asked for.
    """
    if sort == "registered_at":
        for unfit in ("due_before", "missing"):
            if getattr(filters, unfit) is not None:
                raise SortNotIndexed(sort=sort, filter=unfit)
        return [_by_registration(visibility, filters, after, count)]
    if filters.is_closed:
        raise SortNotIndexed(sort=sort, filter="is_closed")
    queries: list[Query] = []
    if after is None or after.at is not None:
        queries.append(_by_due_date(visibility, filters, sort, after, count, gaps))
    if after is not None and filters.due_before is None:
        rest = after if after.at is None else None
        queries.append(_undated(visibility, filters, sort, rest, count, gaps))
    return queries


ORDER = "ORDER BY c.registered_at DESC, c.case_id DESC"
_CASE = "CROSS JOIN LATERAL (SELECT * FROM cases x WHERE x.tenant = $1 AND x.case_id = {id} LIMIT 1) AS c"


def _by_registration(visibility: Visibility, filters: LedgerFilter, after: LedgerCursor | None, count: int) -> Query:
    units = visibility.units
    merged = units is not None and len(units) <= FEW_UNITS and not _is_settled(visibility, filters)
    parts = _filtered(visibility, filters, reach=not merged)
    older = "" if after is None else f"({parts.place(after.at)}, {parts.place(after.case_id)})"
    where = parts.conjunction() + (f" AND (c.registered_at, c.case_id) < {older}" if older else "")
    if not merged:
        statement = f"SELECT {COLUMNS} FROM cases c WHERE {where} {ORDER} LIMIT {parts.place(count)}"
        return Query(statement=statement, arguments=tuple(parts.arguments))
    place, limit = parts.place(list(units or ())), parts.place(count)
    newest = [
        f"SELECT c.registered_at, c.case_id FROM cases c WHERE {where} AND c.{column} = u.unit {ORDER} LIMIT {limit}"
        for column in ("registered_unit", "holder_unit")
    ]
    below = f" AND (k.registered_at, k.case_id) < {older}" if older else ""
    newest.append(
        f"SELECT k.registered_at, k.case_id FROM case_unit k {_CASE.format(id='k.case_id')} "
        f"WHERE k.tenant = $1 AND k.unit = u.unit{below} AND {parts.conjunction()} "
        f"ORDER BY k.registered_at DESC, k.case_id DESC LIMIT {limit}"
    )
    branches = " UNION ".join(
        f"SELECT n.registered_at, n.case_id FROM unnest({place}::text[]) AS u(unit) CROSS JOIN LATERAL ({each}) AS n"
        for each in newest
    )
    statement = (
        f"SELECT {COLUMNS} FROM ({branches} ORDER BY 1 DESC, 2 DESC LIMIT {limit}) AS newest "
        f"{_CASE.format(id='newest.case_id')} {ORDER}"
    )
    return Query(statement=statement, arguments=tuple(parts.arguments))


def _by_due_date(
    visibility: Visibility,
    filters: LedgerFilter,
    sort: Sort,
    after: LedgerCursor | None,
    count: int,
    gaps: tuple[int, ...] | None,
) -> Query:
    parts = _filtered(visibility, filters)
    if after is not None:
        parts.conditions.append(f"(c.{sort}, c.case_id) > ({parts.place(after.at)}, {parts.place(after.case_id)})")
    if filters.due_before is not None:
        parts.where(f"c.{sort} <", filters.due_before)
    if gaps is not None and sort == "holder_due_at" and filters.holder_unit is None:
        return _merged_by_gaps(parts, gaps, count)
    return _ordered_by_due_date(parts, sort, count, gaps)


def _merged_by_gaps(parts: _Parts, gaps: tuple[int, ...], count: int) -> Query:
    """The most urgent of each value, merged: the index of open cases by what they lack is read in its own order."""
    parts.conditions.append("NOT c.is_closed")
    values, limit, order = parts.place(list(gaps)), parts.place(count), "ORDER BY c.holder_due_at, c.case_id"
    statement = (
        f"SELECT {COLUMNS} FROM unnest({values}::int[]) AS g(gaps) CROSS JOIN LATERAL ("
        f"SELECT * FROM cases c WHERE {parts.conjunction()} AND c.gaps = g.gaps {order} LIMIT {limit}) AS c "
        f"{order} LIMIT {limit}"
    )
    return Query(statement=statement, arguments=tuple(parts.arguments))


def _undated(
    visibility: Visibility,
    filters: LedgerFilter,
    sort: Sort,
    after: LedgerCursor | None,
    count: int,
    gaps: tuple[int, ...] | None,
) -> Query:
    parts = _filtered(visibility, filters)
    parts.conditions.append(f"c.{sort} IS NULL")
    if after is not None:
        parts.where("c.case_id >", after.case_id)
    return _ordered_by_due_date(parts, sort, count, gaps)


def _ordered_by_due_date(parts: _Parts, sort: Sort, count: int, gaps: tuple[int, ...] | None) -> Query:
    if gaps is not None:
        parts.conditions.append(f"c.gaps = ANY({parts.place(list(gaps))}::int[])")
    # Said as the index says it: only then does the planner know that the open cases' index is enough.
    parts.conditions.append("NOT c.is_closed")
    order, limit = f"ORDER BY c.{sort}, c.case_id", parts.place(count)
    statement = f"SELECT {COLUMNS} FROM cases c WHERE {parts.conjunction()} {order} LIMIT {limit}"
    return Query(statement=statement, arguments=tuple(parts.arguments))


def _filtered(visibility: Visibility, filters: LedgerFilter, *, reach: bool = True) -> _Parts:
    """The conditions; `reach=False` where the statement asks unit by unit."""
    parts = _Parts(visibility.tenant)
    seen = condition(visibility, parts.place, reach=reach and not _is_settled(visibility, filters))
    parts.conditions[0] += seen
    if filters.holder_unit is not None:
        parts.where("c.holder_unit =", filters.holder_unit)
    if filters.registered_unit is not None:
        parts.where("c.registered_unit =", filters.registered_unit)
    if filters.stage is not None:
        parts.where("c.stage =", filters.stage)
    if filters.is_closed is not None:
        parts.conditions.append("c.is_closed" if filters.is_closed else "NOT c.is_closed")
    if filters.is_sealed is not None:
        parts.conditions.append("c.is_sealed" if filters.is_sealed else "NOT c.is_sealed")
    return parts


def _is_settled(visibility: Visibility, filters: LedgerFilter) -> bool:
    """Whether the filters themselves leave only units whose cases are seen."""
    return visibility.sees(filters.holder_unit) or visibility.sees(filters.registered_unit)


def _cursor(row: LedgerRow, sort: Sort) -> LedgerCursor:
    match sort:
        case "registered_at":
            return LedgerCursor(at=row.registered_at, case_id=row.case_id)
        case "holder_due_at":
            return LedgerCursor(at=row.holder_due_at, case_id=row.case_id)
        case "person_due_at":
            return LedgerCursor(at=row.person_due_at, case_id=row.case_id)
