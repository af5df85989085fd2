"""What people look at: the ledger, one case, the search, alone and 16 at once.

Owns these figures. "Alone" is one connection; the paths are those of the town, which sees all that the village sent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import quote
from uuid import UUID

from bancheng.federation.sweep import sweep
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.store.database import Database
from tests.bench.figures import Figure, Goal
from tests.bench.household import Household
from tests.bench.load import Connection, Load, Reply, connections, quantile, steadily
from tests.bench.seeding import FREQUENT_WORD, RARE_WORD
from tests.support.api import PREFIX
from tests.support.tenants import VILLAGE, XIAOSHAN

GROUP = "Looking"
GOAL_CASES = 1_000_000
_CASES = "SELECT count(*) FROM cases"
_SWEEPS = 50


@dataclass(frozen=True, kw_only=True)
class _Look:
    """`alone_ms` and `at_once` are the goals: p95 of one alone, answers a second of 16."""

    name: str
    paths: Sequence[str]
    alone_ms: float
    at_once: float | None = None


async def looking(household: Household, cases: Sequence[UUID], *, repetitions: int, seconds: float) -> list[Figure]:
    there = await household.number("town", _CASES)
    works = (
        _Look(name="ledger page of 50, newest first", paths=[f"{PREFIX}/cases"], alone_ms=10, at_once=500),
        _Look(
            name="ledger page of 50, most urgent first", paths=[f"{PREFIX}/cases?sort=holder_due_at"],
            alone_ms=10, at_once=500,
        ),
        _Look(
            name="ledger page of 50, one unit's", paths=[f"{PREFIX}/cases?registered_unit={VILLAGE}"],
            alone_ms=10, at_once=500,
        ),
        _Look(name="a case", paths=[f"{PREFIX}/cases/{each}" for each in cases[-500:]], alone_ms=10, at_once=500),
        _Look(name=f"search of a rare word ({RARE_WORD})", paths=[_search(RARE_WORD)], alone_ms=15),
        _Look(name=f"search of a frequent word ({FREQUENT_WORD})", paths=[_search(FREQUENT_WORD)], alone_ms=50),
    )  # fmt: skip
    figures: list[Figure] = []
    for work in works:
        figures.extend(await _looked(household, work, there, repetitions, seconds))
    return [*figures, await _nothing_due(household, there)]


def _search(word: str) -> str:
    return f"{PREFIX}/cases/search?q={quote(word)}"


async def _looked(household: Household, work: _Look, there: int, repetitions: int, seconds: float) -> list[Figure]:
    alone: list[Load] = []
    at_once: list[Load] = []
    paths = cycle(work.paths)

    async def look(connection: Connection) -> Reply:
        return await connection.get(next(paths))

    async with connections(household.port("town"), household.tokens["town"]) as opened:
        await steadily(opened[:1], look, seconds=seconds / 4)
        for _ in range(repetitions):
            alone.append(await steadily(opened[:1], look, seconds=seconds / 2))
            at_once.append(await steadily(opened, look, seconds=seconds))
    work_text = f"{work.name}, JSON, {there:,} cases"
    million = "" if there >= GOAL_CASES else "1 million cases"
    return [
        Figure(
            group=GROUP, work=f"{work_text}: alone, p95", unit="ms", samples=[load.quantile_ms(0.95) for load in alone],
            goal=Goal(text=f"≤ {work.alone_ms:g} ms at 1 million", most=work.alone_ms, work=million),
        ),
        Figure(
            group=GROUP, work=f"{work_text}: 16 at once", unit="/s", samples=[load.per_second for load in at_once],
            goal=None if work.at_once is None else Goal(
                text=f"≥ {work.at_once:g}/s at 1 million", least=work.at_once, work=million
            ),
        ),
    ]  # fmt: skip


async def _nothing_due(household: Household, there: int) -> Figure:
    """The sweep itself, in this process and as the service's role: it is one look at an index."""
    system = household.system
    database = Database(system.services["town"].settings["database_url"], pool_size=1, application="bench-sweep")
    site = await SiteMaker(database, system.founded[XIAOSHAN].site_files["town"], system.clock.now).make()
    taken: list[float] = []
    for _ in range(_SWEEPS):
        began = time.perf_counter()
        swept = await sweep(database, site)
        taken.append((time.perf_counter() - began) * 1000)
        assert not swept.found
    await database.close()
    return Figure(
        group=GROUP, work=f"sweep with nothing due, {there:,} cases: p50", unit="ms",
        samples=[quantile(sorted(taken), 0.5)], goal=Goal(text="≤ 5 ms at 1 million", most=5, work="1 million cases"),
    )  # fmt: skip
