"""Memory at rest and how long a service takes to be ready.

Owns these figures. Ready means that /readyz says so: database reached, migrated, sites made.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from functools import partial

from tests.bench.figures import Figure, Goal
from tests.bench.household import Household, poll
from tests.bench.load import Connection
from tests.support.system import SERVICE_NAMES

GROUP = "Each service, at rest and started"


async def _is_ready(port: int) -> bool:
    with suppress(OSError):
        connection = await Connection.open(port)
        try:
            return (await connection.get("/readyz")).status == 200
        finally:
            connection.close()
    return False


async def at_rest(household: Household, *, repetitions: int, seconds: float) -> list[Figure]:
    """`seconds` of rest before memory is read."""
    started: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, list[float]] = defaultdict(list)
    for _ in range(repetitions):
        for name in SERVICE_NAMES:
            service = household.system.services[name]
            service.stop()
            began = time.perf_counter()
            service.start()
            await poll(partial(_is_ready, service.port))
            started[name].append(time.perf_counter() - began)
        await household.settle()
        await asyncio.sleep(seconds)
        for name in SERVICE_NAMES:
            memory[name].append(household.memory_mib(name))
    return [
        *(
            Figure(
                group=GROUP, work=f"{name}: resident memory at rest", unit="MiB", samples=memory[name],
                goal=Goal(text="≤ 110 MiB", most=110),
            )
            for name in SERVICE_NAMES
        ),
        *(
            Figure(
                group=GROUP, work=f"{name}: from its start until it is ready", unit="s", samples=started[name],
                goal=Goal(text="≤ 1.5 s", most=1.5),
            )
            for name in SERVICE_NAMES
        ),
    ]  # fmt: skip
