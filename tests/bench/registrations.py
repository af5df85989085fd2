"""Registrations by API, 16 at once, beside what the machine can do with the same rows, in turns.

Owns these figures. Each repetition measures all the contenders one after the other, so that a busy machine is as
busy for each; the next begins when nothing of the one before is on its way.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import count

import msgspec

from tests.bench.bare import Bare
from tests.bench.figures import Figure, Goal, ratios
from tests.bench.household import AT_ONCE, Household, processor_seconds
from tests.bench.load import Connection, Load, Reply, connections, steadily
from tests.bench.seeding import title
from tests.support.api import PREFIX, registration
from tests.support.tenants import XIAOSHAN

GROUP = "Registration by API, 16 at once"
BARE = "the bare endpoint"
PGBENCH = "pgbench"
_WARM_SECONDS = 0.5
_numbers = count()


def body() -> bytes:
    """A registration whose text differs from the others'."""
    return msgspec.json.encode(registration(XIAOSHAN, title=title(next(_numbers))))


async def register(connection: Connection) -> Reply:
    return await connection.post(f"{PREFIX}/cases", body())


async def register_bare(connection: Connection) -> Reply:
    return await connection.post("/cases", body())


async def registrations(
    household: Household, bare: Bare, *, repetitions: int, seconds: float, slower: str = ""
) -> list[Figure]:
    """`slower` says what was added to each flush, for the second run of the same."""
    ours: list[Load] = []
    alone: list[Load] = []
    theirs: list[Load] = []
    plain: list[float] = []
    spent: dict[str, float] = defaultdict(float)
    for _ in range(repetitions):
        before = processor_seconds(household.system)
        ours.append(await _ours(household, seconds))
        for name, total in processor_seconds(household.system).items():
            spent[name] += total - before.get(name, total)
        await household.settle()
        async with connections(bare.port, [""] * AT_ONCE) as opened:
            theirs.append(await steadily(opened, register_bare, seconds=seconds))
        if bare.pgbench is not None:
            plain.append(await bare.pgbench_per_second(seconds))
        household.stop_links()
        alone.append(await _ours(household, seconds))
        household.start_links()
        await household.settle()
    made = sum(len(load.durations) for load in ours)
    return _figures(ours, alone, theirs, plain, slower, _told(spent, made))


async def warm_up(household: Household) -> None:
    """The first requests of a new process, and the registration whose rows the bare endpoint copies."""
    await _ours(household, _WARM_SECONDS)
    await household.settle()


async def _ours(household: Household, seconds: float) -> Load:
    async with connections(household.port("village"), household.tokens["village"]) as opened:
        return await steadily(opened, register, seconds=seconds)


def _told(spent: dict[str, float], made: int) -> str:
    """Processor time of each process for one registration, in ms."""
    parts = (f"{name} {seconds / made * 1000:.2f}" for name, seconds in spent.items())
    return "processor ms for each: " + ", ".join(parts)


def _figures(
    ours: list[Load], alone: list[Load], theirs: list[Load], plain: list[float], slower: str, told: str
) -> list[Figure]:
    group = f"{GROUP}, {slower}" if slower else GROUP
    their_rates = [load.per_second for load in theirs]
    rate_goal = Goal(text="≥ 1,000/s and ≥ 0.45 of the bare endpoint", least=1000, least_ratio=0.45)
    ratio_goal = Goal(text="≥ 0.45 of the bare endpoint", least_ratio=0.45)
    p95_goal = Goal(text="≤ 30 ms", most=30)
    figures = [
        _rate(group, "registered, and carried up to town and county meanwhile", ours, their_rates,
              None if slower else rate_goal, told),
        _rate(group, "registered, links down: the village alone", alone, their_rates, ratio_goal),
        *_durations(group, "registered, carried up meanwhile", ours, None if slower else p95_goal),
        *_durations(group, "registered, links down", alone, None),
        Figure(group=group, work="bare endpoint: Litestar, SQLAlchemy Core, the same rows", unit="/s",
               samples=their_rates, against=PGBENCH, ratios=ratios(their_rates, plain) if plain else ()),
        *_durations(group, "bare endpoint", theirs, None),
    ]  # fmt: skip
    if plain:
        work = "pgbench: the same inserts, prepared, 16 clients"
        figures.append(Figure(group=group, work=work, unit="/s", samples=plain))
    return figures


def _rate(group: str, work: str, loads: list[Load], bare: list[float], goal: Goal | None, note: str = "") -> Figure:
    rates = [load.per_second for load in loads]
    return Figure(
        group=group, work=work, unit="/s", samples=rates, against=BARE, ratios=ratios(rates, bare), goal=goal, note=note
    )


def _durations(group: str, work: str, loads: list[Load], p95_goal: Goal | None) -> list[Figure]:
    return [
        Figure(group=group, work=f"{work}: p50", unit="ms", samples=[load.quantile_ms(0.50) for load in loads]),
        Figure(
            group=group, work=f"{work}: p95", unit="ms", samples=[load.quantile_ms(0.95) for load in loads],
            goal=p95_goal,
        ),
    ]  # fmt: skip
