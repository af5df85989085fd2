"""定期报备: when its day comes, each window's report is made from its own cases and sent up (PZ-04).

Owns when it is made and what stands in it: figures and numbers, no personal data. A case that complains of a unit is
left out, since that unit may read the report; a restricted one is counted and not named. Made once for window, report
and period, whatever is killed meanwhile: it is kept and queued in one transaction, or not at all. Nobody types it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bancheng.federation.reports import file_report
from bancheng.federation.site import HostedSite
from bancheng.kernel.case import Case
from bancheng.kernel.profile_parts import Report
from bancheng.kernel.reporting import Span, due_on, spans_over
from bancheng.kernel.units import is_closed
from bancheng.schema.clocks import PERSON
from bancheng.schema.documents import UnitEntry
from bancheng.schema.messages import CaseFigures, CasesReported
from bancheng.store.database import Database, Transaction
from bancheng.store.unit_reports import filed_reports, own_cases

CAUGHT_UP: Final = 3
"""Periods that are made up for where a site stood still when their day came."""
MOST_CASES: Final = 10_000
"""A window registers fewer in a period. Beyond it the report says that it is not complete."""
MOST_NUMBERS: Final = 4_000
"""What a frame can carry."""
PIECE: Final = 500
FROM_THE_START: Final = UUID(int=0)


async def make_reports(database: Database, site: HostedSite) -> int:
    """All that are wanted and not made yet, a transaction for each; how many."""
    made = 0
    for report, span in wanted_reports(site):
        async with database.transaction(site.tenant) as tx:
            filed = await filed_reports(tx, report.key, span.name)
        for unit in reporting_units(site):
            if unit.code not in filed:
                async with database.transaction(site.tenant) as tx:
                    made += await _make(tx, site, unit, report, span)
    return made


def wanted_reports(site: HostedSite) -> list[tuple[Report, Span]]:
    """Reports of the present rules whose day has come, the oldest first; none for a time before the tenant began."""
    now = site.now()
    today = site.calendar.local_day(now)
    return [
        (report, span)
        for report in site.current_profile().reports
        if report.is_case_report
        for span in reversed(spans_over(today, report.every, CAUGHT_UP, since=site.begun_on))
        if site.calendar.start_of_business(due_on(span, report, site.calendar)) <= now
    ]


def reporting_units(site: HostedSite) -> list[UnitEntry]:
    """The open windows of this site that have one above them."""
    today = site.calendar.local_day(site.now())
    return [
        unit
        for unit in site.jurisdiction.directory.units
        if unit.site == site.site and unit.is_window and unit.parent is not None and not is_closed(unit, today)
    ]


async def _make(tx: Transaction, site: HostedSite, unit: UnitEntry, report: Report, span: Span) -> bool:
    """False when another replica made it meanwhile."""
    cases = await _cases(tx, site, unit, span)
    told = [case for case in cases[:MOST_CASES] if not case.complained_unit]
    numbers = [case.number for case in told if not case.is_restricted]
    return await file_report(
        tx,
        site,
        CasesReported(
            at=site.now(),
            actor=site.system_actor(unit.code),
            report=report.key,
            unit=unit.code,
            period=span.name,
            figures=figures(told, site.now()),
            numbers=tuple(numbers[:MOST_NUMBERS]),
            is_complete=len(cases) <= MOST_CASES and len(numbers) <= MOST_NUMBERS,
        ),
    )


async def _cases(tx: Transaction, site: HostedSite, unit: UnitEntry, span: Span) -> list[Case]:
    """What the window registered in the period, in order: at most one piece more than MOST_CASES."""
    begins_at = site.calendar.start_of_day(span.first)
    ends_before = site.calendar.start_of_day(span.last + timedelta(days=1))
    cases: list[Case] = []
    while len(cases) <= MOST_CASES:
        after = (cases[-1].registered_at, cases[-1].case_id) if cases else (begins_at, FROM_THE_START)
        piece = await own_cases(tx, unit.code, after, ends_before, limit=PIECE)
        cases += piece
        if len(piece) < PIECE:
            break
    return cases


def figures(cases: Iterable[Case], now: datetime) -> CaseFigures:
    """As the cases stand now. In time or late: the answer to the person, by the person's clock."""
    kinds, types, outcomes = Counter[str](), Counter[str](), Counter[str]()
    counted = Counter[str]()
    for case in cases:
        kinds[case.kind] += 1
        types[case.case_type] += 1
        outcomes.update([case.outcome] if case.outcome is not None else [])
        counted.update(["closed" if case.is_closed else "open", *_answer(case, now)])
    return CaseFigures(
        registered=kinds.total(),
        open=counted["open"],
        closed=counted["closed"],
        in_time=counted["in_time"],
        late=counted["late"],
        overdue=counted["overdue"],
        kinds=dict(kinds),
        case_types=dict(types),
        outcomes=dict(outcomes),
    )


def _answer(case: Case, now: datetime) -> tuple[str, ...]:
    clock = case.clock(PERSON)
    if clock is None:
        return ()
    if case.answered_at is not None:
        return ("in_time" if case.answered_at <= clock.due_at else "late",)
    return ("overdue",) if not case.is_closed and clock.due_at <= now else ()
