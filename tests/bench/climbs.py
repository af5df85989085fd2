"""Cases that fall overdue at one moment, until all are with the tier above; and one climb pressed by hand.

Owns these figures. Each burst is warned first, in its own moment, so that what is timed is the climb alone.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tests.bench.figures import Figure, Goal, Unit
from tests.bench.household import AT_ONCE, Household
from tests.bench.load import Connection, connections, quantile
from tests.bench.seeding import Seeder
from tests.support.api import PREFIX
from tests.support.tenants import COUNTY, TOWN, XIAOSHAN

GROUP = "Climbing"
ARRIVED = """
SELECT count(*) FROM cases WHERE holder_unit = $1 AND in_transit_to IS NULL AND case_id >= $2 AND case_id <= $3"""
HANDLED = "SELECT count(*) FROM cases WHERE act_at > $1"
_NEXT = "SELECT act_at, holder_due_at FROM cases WHERE case_id = $1"
_MOMENT = timedelta(seconds=1)
_LOOK_SECONDS = 0.05
"""Counting takes time of the same cores: seldom enough to cost little, often enough for a burst of seconds."""
GOAL_CASES = 10_000


class Burst:
    """One lot of cases on its way up."""

    def __init__(self, household: Household, made: list[UUID]) -> None:
        self._household = household
        self._made = made
        self._between = (min(made), max(made))

    async def warned(self, service: str) -> list[float]:
        """Go through every instant before the limit of this tier; for each, the seconds until all were handled."""
        taken: list[float] = []
        while (act_at := await self._next(service))[0] < act_at[1]:
            began = self._advance(act_at[0])
            await self._household.until(
                service, HANDLED, act_at[0], reaches=len(self._made), every_seconds=_LOOK_SECONDS
            )
            taken.append(time.perf_counter() - began)
            await self._household.settle()
        return taken

    async def climbed(self, service: str, above: str, unit: str) -> float:
        """The limit of this tier passes; seconds until all are in the hands of the unit above."""
        began = self._advance((await self._next(service))[1])
        await self._household.until(
            above, ARRIVED, unit, *self._between, reaches=len(self._made), every_seconds=_LOOK_SECONDS
        )
        taken = time.perf_counter() - began
        await self._household.settle()
        return taken

    def _advance(self, to: datetime) -> float:
        self._household.system.clock.advance_to(to + _MOMENT)
        return time.perf_counter()

    async def _next(self, service: str) -> tuple[datetime, datetime]:
        """When these cases next want something here, and their limit: the same for all, as they are of one moment."""
        async with self._household.databases[service].transaction(XIAOSHAN) as tx:
            row = await tx.fetch_one(_NEXT, self._made[0])
        assert row is not None
        return row[0], row[1]


async def climbs(
    household: Household, seeder: Seeder, *, cases: int, repetitions: int, slower: str = ""
) -> list[Figure]:
    warned: list[float] = []
    to_town: list[float] = []
    to_county: list[float] = []
    for _ in range(repetitions):
        await household.rest_cases()
        burst = Burst(household, await seeder.register(cases))
        await household.settle()
        warned.append((await burst.warned("village"))[0])
        to_town.append(await burst.climbed("village", "town", TOWN))
        await burst.warned("town")
        to_county.append(to_town[-1] + await burst.climbed("town", "county", COUNTY))
    await household.rest_cases()
    return _figures(cases, warned, to_town, to_county, slower)


def _figures(
    cases: int, warned: list[float], to_town: list[float], to_county: list[float], slower: str
) -> list[Figure]:
    group = f"{GROUP}, {slower}" if slower else GROUP
    full = "" if cases >= GOAL_CASES else f"{GOAL_CASES:,} cases"
    goals = (
        Goal(text="≥ 5,000/s, with 1 million open", least=5_000, work="1 million open cases"),
        Goal(text="10,000 in ≤ 8 s (1,250/s)", least=1_250, work=full),
        Goal(text="10,000 in ≤ 20 s (500/s)", least=500, work=full),
    )
    works = (
        f"{cases:,} due at one moment: found, warned, signed, queued (sweep)",
        f"{cases:,} overdue at one moment: village → in the town's hands, with history",
        f"{cases:,} overdue: village → town → in the county's hands (both climbs added)",
    )
    return [
        Figure(
            group=group, work=work, unit="/s", samples=[cases / seconds for seconds in taken],
            goal=None if slower else goal,
        )
        for work, taken, goal in zip(works, (warned, to_town, to_county), goals, strict=True)
    ]  # fmt: skip


async def pressed(household: Household, seeder: Seeder, *, samples: int, slower: str = "") -> list[Figure]:
    """One after the other: the request at the village, and asking the town until its page would show the case."""
    made = await seeder.register(samples)
    await household.settle()
    taken: list[float] = []
    async with (
        connections(household.port("village"), household.tokens["village"][:1]) as (village,),
        connections(household.port("town"), household.tokens["town"]) as towns,
    ):
        for index, case_id in enumerate(made):
            began = time.perf_counter()
            reply = await village.post(f"{PREFIX}/cases/{case_id}/escalate", _PRESSED)
            assert reply.status == 200, reply
            await _held_by(towns[index % AT_ONCE], case_id, TOWN)
            taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    work = f"“climb” pressed at the village until it stands at the town, {samples} samples"
    group = f"{GROUP}, {slower}" if slower else GROUP
    unit: Unit = "ms"
    p50, p99 = Goal(text="≤ 60 ms", most=60), Goal(text="≤ 300 ms", most=300)
    return [
        Figure(group=group, work=f"{work}: p50", unit=unit, samples=[quantile(taken, 0.50)], goal=_unless(slower, p50)),
        Figure(group=group, work=f"{work}: p99", unit=unit, samples=[quantile(taken, 0.99)], goal=_unless(slower, p99)),
    ]


def _unless(slower: str, goal: Goal) -> Goal | None:
    return None if slower else goal


_PRESSED = '{"reason":"超出本级权限，请上级处理。"}'.encode()


class _Unit(msgspec.Struct, frozen=True):
    code: str


class _Case(msgspec.Struct, frozen=True):
    holder_unit: _Unit
    in_transit_to: _Unit | None


_case = msgspec.json.Decoder(_Case)


async def _held_by(connection: Connection, case_id: UUID, unit: str) -> None:
    async with asyncio.timeout(60):
        while True:
            reply = await connection.get(f"{PREFIX}/cases/{case_id}")
            if reply.status == 200:
                case = _case.decode(reply.body)
                if case.holder_unit.code == unit and case.in_transit_to is None:
                    return
            await asyncio.sleep(0.001)
