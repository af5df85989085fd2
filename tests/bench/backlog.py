"""What waits after a cut: how fast it drains, what the receiver needs for it, and what others notice of it.

Owns these figures, and the bare publish and consume of messages of the same size that they are compared with.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import nats

from bancheng.runtime.local_nats import NatsServer
from tests.bench.figures import Figure, Goal, ratios
from tests.bench.household import Household
from tests.bench.load import Connection, connections
from tests.bench.seeding import Seeder
from tests.support.api import PREFIX
from tests.support.tenants import VILLAGE

GROUP = "A cut link comes back"
GOAL_EVENTS = 100_000
BARE_MESSAGES = 5_000
_FETCHED = 256
_RECEIVED = "SELECT in_number FROM link WHERE peer = 'village'"
_FRAME_BYTES = "SELECT avg(length(header) + length(signature) + length(salt) + length(payload)) FROM case_event"
_PROBE_SECONDS = 0.05


async def backlog(household: Household, seeder: Seeder, *, events: int, repetitions: int) -> list[Figure]:
    rates: list[float] = []
    again: list[float] = []
    bare: list[float] = []
    grown: list[float] = []
    slowest: list[float] = []
    size = await household.number("village", _FRAME_BYTES)
    for _ in range(repetitions):
        bare.append(await _bare(household.system.directory, size))
        await household.rest_cases()
        household.stop_links()
        await seeder.register(events)
        received = await household.number("town", _RECEIVED)
        at_rest = household.memory_mib("town")
        async with _watched(household) as seen:
            household.start_links()
            began = time.perf_counter()
            await household.until("town", _RECEIVED, reaches=received + 1)
            first = time.perf_counter()
            await household.until("town", _RECEIVED, reaches=received + events)
            rates.append(events / (time.perf_counter() - first))
            again.append(first - began)
        grown.append(seen.most_mib - at_rest)
        slowest.append(seen.slowest_ms)
        await household.settle()
    return _figures(events, size, rates, again, bare, grown, slowest)


def _figures(
    events: int,
    size: int,
    rates: list[float],
    again: list[float],
    bare: list[float],
    grown: list[float],
    slowest: list[float],
) -> list[Figure]:
    full = "" if events >= GOAL_EVENTS else f"{GOAL_EVENTS:,} events"
    return [
        Figure(
            group=GROUP, work=f"{events:,} events waiting, drained into the town (county follows meanwhile)", unit="/s",
            samples=rates, against="bare NATS", ratios=ratios(rates, bare),
            goal=Goal(text="≥ 4,000/s", least=4_000, work=full),
        ),
        Figure(
            group=GROUP, work=f"bare NATS: {size} bytes, published one by one with an answer each, then consumed",
            unit="/s", samples=bare,
        ),
        Figure(group=GROUP, work="from the server's return until the first event is stored", unit="s", samples=again),
        Figure(
            group=GROUP, work="growth of the receiver's memory meanwhile", unit="MiB", samples=grown,
            goal=Goal(text="≤ 64 MiB", most=64, work=full),
        ),
        Figure(
            group=GROUP, work="slowest of the requests that the receiver answered meanwhile", unit="ms",
            samples=slowest, goal=Goal(text="live work ≤ 1 s later", most=1_000, work=full),
        ),
    ]  # fmt: skip


class _Seen:
    def __init__(self) -> None:
        self.most_mib = 0.0
        self.slowest_ms = 0.0


@asynccontextmanager
async def _watched(household: Household) -> AsyncGenerator[_Seen]:
    """One clerk of the town goes on looking at the list, a little apart."""
    seen = _Seen()
    async with connections(household.port("town"), household.tokens["town"][:1]) as (clerk,):
        watching = asyncio.create_task(_watch(household, clerk, seen))
        try:
            yield seen
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _watch(household: Household, clerk: Connection, seen: _Seen) -> None:
    while True:
        seen.most_mib = max(seen.most_mib, household.memory_mib("town"))
        began = time.perf_counter()
        reply = await clerk.get(f"{PREFIX}/cases?registered_unit={VILLAGE}&limit=20")
        assert reply.status == 200, reply
        seen.slowest_ms = max(seen.slowest_ms, (time.perf_counter() - began) * 1000)
        await asyncio.sleep(_PROBE_SECONDS)


async def _bare(directory: Path, size: int) -> float:
    """Messages a second through a server of its own: every publish acknowledged, then all consumed and acknowledged."""
    store = directory / "bare-nats"
    store.mkdir(exist_ok=True)
    with NatsServer(directory=store) as server:
        client = cast("Any", await nats.connect(server.url))  # pyright: ignore[reportUnknownMemberType]
        stream = client.jetstream()
        await stream.add_stream(name="BARE", subjects=["bare"])
        data = bytes(size)
        began = time.perf_counter()
        for _ in range(BARE_MESSAGES):
            await stream.publish("bare", data)
        subscription = await stream.pull_subscribe("bare", "bench")
        taken = 0
        while taken < BARE_MESSAGES:
            messages = await subscription.fetch(_FETCHED, timeout=10)
            taken += len(messages)
            for message in messages:
                await message.ack()
        seconds = time.perf_counter() - began
        await stream.delete_stream("BARE")
        await client.close()
    return BARE_MESSAGES / seconds
