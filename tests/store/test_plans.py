"""Every hot query, planned as the service's own role under row-level security, reads its index and no whole table."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import asyncpg
import pytest

from bancheng.store import (
    accounts,
    alerts,
    asks,
    casebook,
    closed_units,
    counters,
    deliveries,
    documents,
    duty_rosters,
    gaps,
    inbox,
    link_counts,
    link_queries,
    link_resolution,
    not_done,
    open_cases,
    outbox,
    papers,
    projecting,
    recomputation,
    search,
    unit_reports,
    visibility,
)
from bancheng.store.append import APPEND
from bancheng.store.casebook import append
from bancheng.store.database import Database
from bancheng.store.ledger import LedgerCursor, LedgerFilter, Sort, page_queries
from bancheng.store.links import InboxRow, ensure_link, number_outbox, record_inbox
from bancheng.store.visibility import Visibility
from tests.store.conftest import make_database
from tests.store.stories import NOW, Village

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bancheng.runtime.database_admin import DatabaseAdmin
    from tests.store.conftest import Addresses

# asyncpg's own types are partial; a test reads plans and compares them.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

TENANT = "t-plans"
UNITS = tuple(f"unit-{number:02d}" for number in range(20))
CASES = 3_000
LATER = datetime(2027, 1, 1, tzinfo=UTC)
SOME_CASE = UUID("01900000-0000-7000-8000-000000000000")
PAGE = 51
CLEARLY = 1.5
"""By how much the plan with its index must be cheaper than without: less, and a few pages more would tip the choice."""


EVERYTHING = Visibility(tenant=TENANT, units=None, own="unit-00")
FEW = Visibility(tenant=TENANT, units=("unit-01",), own="unit-01")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One way in which a statement is carried out."""

    nodes: tuple[dict[str, Any], ...]
    cost: float

    def scanned_whole(self) -> set[str]:
        return {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"}

    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}

    def sorts(self) -> bool:
        return any("Sort" in node["Node Type"] for node in self.nodes)


@pytest.fixture(scope="module")
def filled(postgres: DatabaseAdmin) -> Addresses:
    """Two tenants with some thousands of cases, frames and pieces each, and the statistics of that."""
    return asyncio.run(_fill(postgres))


_REGISTERS = (
    (
        "INSERT INTO unit_report SELECT $1, 'zero', (2000 + n % 100)::text, 'u' || n, $2, '', '' "
        "FROM generate_series(1, 2000) n"
    ),
    "INSERT INTO duty_roster SELECT $1, 'u' || n, '', $2 FROM generate_series(1, 2000) n",
    (
        "INSERT INTO document SELECT $1, 'catalogue', n, date '2022-01-01' + n, '', '', '', $2 "
        "FROM generate_series(1, 2000) n"
    ),
    (
        "INSERT INTO alert SELECT $1, md5(n::text)::uuid, 'k', $2::timestamptz, "
        "CASE WHEN n % 200 > 0 THEN $2::timestamptz END, '' FROM generate_series(1, 6000) n"
    ),
    (
        "INSERT INTO ask SELECT $1, md5(n::text)::uuid, md5(n::text)::uuid, $2, '', '', '', 'sent', '', '' "
        "FROM generate_series(1, 2000) n"
    ),
    (
        "INSERT INTO outbox (tenant, peer, kind, event_hash, epoch, number, queued_at) "
        "SELECT $1, 'town', 'progress', convert_to(n::text, 'UTF8'), 1, n, $2 FROM generate_series(2851, 20000) n"
    ),
)
"""A little of what is kept beside the cases: $1 is the tenant, $2 an instant."""


_BY_HAND = """
DO $$ DECLARE each regclass; BEGIN
    FOR each IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', each);
    END LOOP;
END $$"""
"""A worker that analyses on its own in the midst keeps dead rows from being taken away, and with them the plans."""


def _not_done(seen: Visibility) -> tuple[str, tuple[object, ...]]:
    arguments: list[object] = [TENANT, NOW, LATER, 100]

    def place(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    return not_done.statement(seen, place), tuple(arguments)


async def _fill(postgres: DatabaseAdmin) -> Addresses:
    addresses = await make_database(postgres, "store_plans")
    admin = await asyncpg.connect(addresses.admin)
    await admin.execute(_BY_HAND)
    database = Database(addresses.service)
    for tenant in (TENANT, "t-neighbour"):
        village = Village(tenant)
        changes = [
            village.register(village.registered(at=NOW + timedelta(minutes=n), unit=UNITS[n % 20], due_workdays=n % 90))
            for n in range(CASES)
        ]
        async with database.transaction(tenant) as tx:
            for peer in ("town", *(f"child-{number}" for number in range(500))):
                await ensure_link(tx, peer, "parent")
            for start in range(0, CASES, 1_000):
                await append(tx, changes[start : start + 1_000], now=NOW)
            for _ in range(3):
                await number_outbox(tx, "town", "x", 950)
                await search.index_grams(tx, 500)
            few = [change.case.case_id for change in changes[::100]]
            await tx.execute("UPDATE cases SET gaps = gaps + 8 WHERE tenant = $1 AND case_id = ANY($2)", tenant, few)
            await tx.execute(
                "INSERT INTO case_unit (tenant, unit, registered_at, case_id) "
                "SELECT $1, 'unit-' || lpad(((n.n * 7) % 20)::text, 2, '0'), c.registered_at, c.case_id "
                "FROM cases c, generate_series(1, 2) n WHERE c.tenant = $1",
                tenant,
            )  # fmt: skip
            await tx.execute(
                "INSERT INTO loose_frame SELECT $1, convert_to(n::text, 'UTF8'), '', '', '', '', 'AddNote', $2 "
                "FROM generate_series(1, 2000) n",
                tenant, NOW,
            )  # fmt: skip
            rows = [
                InboxRow(
                    epoch=1, number=n, kind="progress", event_hash=b"e", link_hash=b"l",
                    case_id=changes[n].case.case_id, state="applied" if n % 200 else "deferred",
                    frame=None if n % 200 else b"f",
                )
                for n in range(1, 2_001)
            ]  # fmt: skip
            await record_inbox(tx, "town", rows, 2_000, b"l", now=NOW)
            await tx.execute(
                "INSERT INTO staff SELECT $1, 's' || n, 'l' || n, 'n', 'u', '{}', 'p', true, $2 "
                "FROM generate_series(1, 2000) n",
                tenant, NOW,
            )  # fmt: skip
            await tx.execute(
                "INSERT INTO session SELECT $1, convert_to(n::text, 'UTF8'), 's' || n, 'token', $2, $2, '' "
                "FROM generate_series(1, 2000) n",
                tenant, NOW,
            )  # fmt: skip
            await tx.execute(
                "INSERT INTO idempotency SELECT $1, 's', n::text, '', 200, '', $2 FROM generate_series(1, 2000) n",
                tenant, NOW,
            )  # fmt: skip
            await tx.execute(
                "INSERT INTO paper SELECT $1, sha256(convert_to(n::text, 'UTF8'))::text, md5(n::text)::uuid, "
                "CASE WHEN n % 150 = 0 THEN 'fetching' WHEN n % 150 = 1 THEN 'storing' ELSE 'complete' END, "
                "1, '', 0, 'town', 'town', 0, $2, 0, '', $2, NULL FROM generate_series(1, 9000) n",
                tenant, NOW,
            )  # fmt: skip
            for statement in _REGISTERS:
                await tx.execute(statement, tenant, NOW)
    await database.close()
    await admin.execute("VACUUM ANALYZE")
    await admin.close()
    return addresses


async def plan(
    addresses: Addresses, statement: str, *arguments: object, generic: bool = False, indexes: bool = True
) -> Plan:
    """As the service's role, in a transaction of the tenant; `generic` is the plan that is kept for any parameters."""
    connection = await asyncpg.connect(addresses.service)
    try:
        await connection.execute(f"BEGIN; SET LOCAL bancheng.tenant = '{TENANT}'; SET LOCAL jit = off")
        if not indexes:
            await connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
            await connection.execute("SET LOCAL enable_indexonlyscan = off")
        if generic:
            await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            await connection.execute(f"PREPARE kept AS {statement}")
            places = max(int(place) for place in re.findall(r"\$(\d+)", statement))
            rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE kept({', '.join(['NULL'] * places)})")
        else:
            rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    finally:
        await connection.close()
    root = cast("list[dict[str, Any]]", json.loads(rows[0][0]))[0]["Plan"]
    return Plan(nodes=tuple(_nodes(root)), cost=root["Total Cost"])


def _nodes(node: dict[str, Any]) -> Sequence[dict[str, Any]]:
    below = [each for child in node.get("Plans", ()) for each in _nodes(child)]
    return [node, *below]


HOT = {
    "load cases": (casebook.LOAD_CASES, (TENANT, [SOME_CASE] * 3), {"cases_pkey"}),
    "lock cases": (casebook.LOCK_CASES, (TENANT, [SOME_CASE]), {"cases_pkey"}),
    "entries of a case": (casebook.LOAD_ENTRIES, (TENANT, SOME_CASE, 100), {"case_event_pkey"}),
    "stored hashes": (casebook.STORED_HASHES, (TENANT, [SOME_CASE], [1], ["a"], [1]), {"case_event_pkey"}),
    "due cases": (casebook.DUE_CASES, (TENANT, NOW + timedelta(days=2), 250), {"cases_act_at"}),
    "nothing is due": (casebook.DUE_CASES, (TENANT, NOW - timedelta(days=2), 250), {"cases_act_at"}),
    "next instant": (casebook.NEXT_ACT_AT, (TENANT,), {"cases_act_at"}),
    "unnumbered": (outbox.UNNUMBERED, (TENANT, "town", 1_000), {"outbox_unnumbered"}),
    "frames to send": (outbox.READ_OUTBOX, (TENANT, "town", 1_500, 100, 1 << 20), {"outbox_number", "case_event_pkey"}),
    "oldest unreceipted": (outbox.OLDEST_UNRECEIPTED, (TENANT, "town"), {"outbox_number", "outbox_unnumbered"}),
    "deliveries of a case": (deliveries.OF_CASE, (TENANT, SOME_CASE, 10), {"outbox_case"}),
    "known numbers": (inbox.INBOX_HASH, (TENANT, "town", 1, [5, 6]), {"inbox_pkey"}),
    "deferred": (inbox.DEFERRED_OF_CASES, (TENANT, [SOME_CASE]), {"inbox_deferred"}),
    "settle": (inbox.SETTLE_INBOX, (TENANT, "town", 1, 5, "applied", "", None), {"inbox_pkey"}),
    "waiting cases": (inbox.WAITING_CASES, (TENANT, UUID(int=0), 50, ""), {"inbox_deferred"}),
    "heads of the inbox": (link_resolution.INBOX_AT, (TENANT, "town", 2, [5, 6]), {"inbox_pkey"}),
    "heads of the outbox": (link_resolution.OUTBOX_AT, (TENANT, "town", 2, [5, 6]), {"outbox_number"}),
    "number anew": (link_resolution.UNNUMBER, (TENANT, "town", 2, 18_500), {"outbox_number"}),
    "exceptions": (inbox.EXCEPTIONS, (TENANT, "town", 100), {"inbox_deferred"}),
    "signed in": (accounts.SIGNED_IN, (TENANT, b"5", NOW - timedelta(days=1)), {"session_pkey", "staff_pkey"}),
    "staff by login": (accounts.STAFF_BY_LOGIN, (TENANT, "l5"), {"staff_login"}),
    "response": (accounts.FIND_RESPONSE, (TENANT, "s", "5"), {"idempotency_pkey"}),
    "fold counters": (counters.FOLD, (TENANT, 100), {"counter_delta_pkey"}),
    "cases to cut": (search.TAKE_UNCUT, (TENANT, 100), {"gram_queue_pkey", "cases_pkey"}),
    "rarity of pieces": (search.RARITY, (TENANT, ["路灯"], 500), {"case_gram_pkey"}),
    "reported cases": (unit_reports.REPORTED, (TENANT, NOW, NOW, "another"), {"cases_reported"}),
    "a window's own cases": (
        unit_reports.OWN_CASES, (TENANT, "330109001001", NOW, SOME_CASE, NOW, 500), {"cases_registered_unit"},
    ),
    "by number": (search.BY_NUMBER, (TENANT, "x", 50), {"cases_number"}),
    "by another system's number": (search.BY_GIVEN_NUMBER, (TENANT, "number x", 50), {"case_gram_pkey", "cases_pkey"}),
    "not cut yet": (*search.uncut(EVERYTHING, SOME_CASE, 100), {"gram_queue_pkey"}),
    "papers of a case": (papers.OF_CASE, (TENANT, UUID(int=7), 1000), {"paper_pkey"}),
    "bytes of another case": (papers.IS_NAMED_ELSEWHERE, (TENANT, "a" * 64, SOME_CASE), {"paper_hash"}),
    "next paper to ask for": (papers.NEXT_WANTED, (TENANT, "town", NOW), {"paper_wanted"}),
    "when to ask again": (papers.NEXT_TRY_AT, (TENANT, "town"), {"paper_wanted"}),
    "papers on their way": (papers.WAITING, (TENANT,), {"paper_wanted"}),
    "papers put off": (papers.TRY_NOW, (TENANT, "town", NOW), {"paper_wanted"}),
    "bytes that nobody attached": (papers.UNATTACHED, (TENANT, NOW, 100), {"paper_storing"}),
    "found by a piece": (*search.candidates(FEW, SOME_CASE, 250, ["路灯"]), {"case_gram_pkey", "cases_pkey"}),
    "found by four pieces": (
        *search.candidates(EVERYTHING, SOME_CASE, 250, ["路灯", "灯不", "不亮", "村口"]),
        {"case_gram_pkey", "cases_pkey"},
    ),
    "had to do with a case": (visibility.HAD_TO_DO, (TENANT, "unit-01", NOW, SOME_CASE), {"case_unit_pkey"}),
    "which of some are seen": (
        *visibility.seen_statement(FEW, [SOME_CASE] * 3), {"cases_pkey", "case_unit_pkey"}),
    "which the unit had to do with": (
        visibility.HAD_TO_DO_WITH, (TENANT, "unit-01", [NOW] * 3, [SOME_CASE] * 3), {"case_unit_pkey"}),
    "most urgent open cases": (open_cases.DATED_FIRST, (TENANT, 200), {"cases_open_holder_due_at"}),
    "next urgent open cases": (open_cases.DATED, (TENANT, NOW, SOME_CASE, 200), {"cases_open_holder_due_at"}),
    "open cases without a date": (open_cases.UNDATED, (TENANT, SOME_CASE, 200), {"cases_open_holder_due_at"}),
    "open cases of units": (open_cases.OF_UNITS, (TENANT, ["unit-01", "unit-02"], 101), {"cases_open_holder_unit"}),
    "open cases of closed units": (
        closed_units.HELD_BY, (TENANT, ["unit-01"], "village", SOME_CASE, 500), {"cases_open_holder_unit"}),
    "what was not done": (*_not_done(EVERYTHING), {"cases_not_done"}),
    "what was not done for few": (*_not_done(FEW), {"cases_not_done"}),
    "cases to recompute": (recomputation.WALK, (TENANT, SOME_CASE, "village", 500), {"cases_pkey"}),
    "reports of a period": (unit_reports.FILED, (TENANT, "zero", "2026", 5_000), {"unit_report_pkey"}),
    "duty roster": (duty_rosters.LOAD, (TENANT, "u7"), {"duty_roster_pkey"}),
    "newest document": (documents.NEWEST, (TENANT, "catalogue", NOW.date()), {"document_pkey"}),
    "open alerts": (alerts.OPEN, (TENANT, 100), {"alert_raised"}),
    "alerts of a case": (alerts.OF_CASE, (TENANT, SOME_CASE, 100), {"alert_pkey"}),
    "asks of a case": (asks.OF_CASE, (TENANT, SOME_CASE, 100), {"ask_case"}),
    "exceptions by peer": (link_counts.EXCEPTIONS_BY_PEER, (TENANT,), {"inbox_deferred"}),
    "peers that wait for numbers": (link_queries.UNNUMBERED_PEERS, (TENANT, ["town", "x"]), {"outbox_unnumbered"}),
    "a frame that came": (
        link_queries.STORED_FRAME, (TENANT, "town", 1, 5), {"inbox_pkey", "case_event_pkey", "loose_frame_pkey"}),
    "cases of an earlier release": (projecting.BEHIND, (TENANT, 100), {"cases_behind"}),
    "values of what is missing": (gaps.VALUES, (TENANT,), {"cases_open_gaps"}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOT)
async def test_a_hot_query_reads_its_index(filled: Addresses, name: str) -> None:
    statement, arguments, wanted = HOT[name]
    found = await plan(filled, statement, *arguments)
    assert found.scanned_whole() == set()
    assert wanted <= found.indexes()
    assert found.cost * CLEARLY < (await plan(filled, statement, *arguments, indexes=False)).cost
    kept = await plan(filled, statement, generic=True)
    assert kept.scanned_whole() == set()


async def test_changing_cases_looks_each_up_by_key(filled: Addresses) -> None:
    found = await plan(filled, APPEND, generic=True)
    assert found.scanned_whole() == set()
    assert "cases_pkey" in found.indexes()


EVERY_UNIT: tuple[str, ...] | None = None
LISTS: dict[str, tuple[tuple[str, ...] | None, LedgerFilter, Sort, set[str]]] = {
    "newest": (EVERY_UNIT, LedgerFilter(), "registered_at", {"cases_registered_at"}),
    "newest open": (EVERY_UNIT, LedgerFilter(is_closed=False), "registered_at", {"cases_registered_at"}),
    "newest of the unit that holds": (
        EVERY_UNIT, LedgerFilter(holder_unit="unit-01"), "registered_at", {"cases_holder_unit"}),
    "newest of the unit that registered": (
        ("unit-01",), LedgerFilter(registered_unit="unit-01"), "registered_at", {"cases_registered_unit"}),
    "newest in a stage": (EVERY_UNIT, LedgerFilter(stage="archived"), "registered_at", {"cases_stage"}),
    "newest of what two units see": (
        ("unit-01", "unit-02"), LedgerFilter(), "registered_at",
        {"cases_registered_unit", "cases_holder_unit", "case_unit_pkey"}),
    "most urgent to answer": (EVERY_UNIT, LedgerFilter(), "person_due_at", {"cases_open_person_due_at"}),
    "most urgent held": (EVERY_UNIT, LedgerFilter(), "holder_due_at", {"cases_open_holder_due_at"}),
    "most urgent of what bears the seal": (
        EVERY_UNIT, LedgerFilter(is_sealed=True, is_closed=False), "holder_due_at", {"cases_open_sealed"}),
    "most urgent held by a unit": (
        ("unit-01",), LedgerFilter(holder_unit="unit-01"), "holder_due_at", {"cases_open_holder_unit"}),
    "due today at a unit": (
        EVERY_UNIT, LedgerFilter(holder_unit="unit-01", due_before=NOW + timedelta(days=4)), "holder_due_at",
        {"cases_open_holder_unit"}),
    "most urgent of what lacks a step": (
        EVERY_UNIT, LedgerFilter(missing="papers"), "holder_due_at", {"cases_open_gaps"}),
}  # fmt: skip


@pytest.mark.parametrize("continued", [False, True])
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_reads_a_page_of_its_index_in_order(filled: Addresses, name: str, *, continued: bool) -> None:
    units, filters, sort, wanted = LISTS[name]
    at = LATER if sort == "registered_at" else NOW
    after = LedgerCursor(at=at, case_id=SOME_CASE) if continued else None
    seen = Visibility(tenant=TENANT, units=units, own="unit-01")
    values = (271,) if filters.missing is not None else None
    first, *undated = page_queries(seen, filters, sort, after, PAGE, gaps=values)
    for query in undated:
        found = await plan(filled, query.statement, *query.arguments)
        assert found.scanned_whole() == set()
    found = await plan(filled, first.statement, *first.arguments)
    assert found.scanned_whole() == set()
    assert wanted <= found.indexes()
    # What is merged from several units is sorted, a page's worth; a single index is read in its own order.
    assert found.sorts() == (len(wanted) > 1 or wanted == {"cases_open_gaps"})


async def test_what_a_unit_holds_and_lacks_a_step_is_looked_for_among_open_cases(filled: Addresses) -> None:
    filters = LedgerFilter(missing="answer", holder_unit="unit-01")
    for query in page_queries(FEW, filters, "holder_due_at", None, PAGE, gaps=(263,)):
        found = await plan(filled, query.statement, *query.arguments)
        assert found.scanned_whole() == set()
        assert found.indexes() & {"cases_open_holder_unit", "cases_open_gaps", "cases_open_holder_due_at"}
