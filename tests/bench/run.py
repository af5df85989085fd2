"""One run of the bench: a new system with fsync on, everything measured in it, one after the other.

Owns the order. What is compared is measured in turns; between two measurements the system comes to rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

from tests.bench.at_rest import at_rest
from tests.bench.backlog import backlog
from tests.bench.bare import bare_endpoint
from tests.bench.climbs import climbs, pressed
from tests.bench.figures import Figure
from tests.bench.household import Household, household, slower_flush
from tests.bench.images import image_sizes
from tests.bench.lists import looking
from tests.bench.registrations import registrations, warm_up
from tests.bench.seeding import Seeder
from tests.bench.sizes import Sizes
from tests.support.system import running_system

FLUSH_MICROSECONDS = 6_000
SLOWER = "6 ms added to each flush"
_READABLE_BY_ALL = 0o755

Tell = Callable[[str], None]


def measure(sizes: Sizes, tell: Tell) -> list[Figure]:
    """All figures. `tell` hears what is being measured now."""
    with tempfile.TemporaryDirectory(prefix="bancheng-bench-") as directory:
        # PostgreSQL may run as another account and must reach its folder.
        Path(directory).chmod(_READABLE_BY_ALL)
        tell("starting PostgreSQL, NATS and three services")
        with running_system(Path(directory), fsync=True, proxied=False) as system:

            async def all_figures() -> list[Figure]:
                async with household(system) as running:
                    return await _measured(running, sizes, tell)

            return uvloop.run(all_figures())


async def _measured(running: Household, sizes: Sizes, tell: Tell) -> list[Figure]:
    seeder = Seeder(running)
    fewer, some = sizes.fewer_repetitions, sizes.seconds
    tell("start-up and memory at rest")
    figures = await at_rest(running, repetitions=fewer, seconds=sizes.rest_seconds)
    figures += image_sizes()
    await warm_up(running)
    async with bare_endpoint(running) as bare:
        tell("registrations by API")
        figures += await registrations(running, bare, repetitions=sizes.repetitions, seconds=some)
        tell(f"registrations by API, {SLOWER}")
        async with slower_flush(running.system.postgres.admin_url, FLUSH_MICROSECONDS):
            figures += await registrations(running, bare, repetitions=fewer, seconds=some, slower=SLOWER)
    tell("climbs")
    figures += await climbs(running, seeder, cases=sizes.climbing_cases, repetitions=fewer)
    figures += await pressed(running, seeder, samples=sizes.pressed_samples)
    tell(f"climbs, {SLOWER}")
    async with slower_flush(running.system.postgres.admin_url, FLUSH_MICROSECONDS):
        figures += await climbs(running, seeder, cases=sizes.climbing_cases, repetitions=1, slower=SLOWER)
        figures += await pressed(running, seeder, samples=max(5, sizes.pressed_samples // 4), slower=SLOWER)
    tell("a cut link comes back")
    figures += await backlog(running, seeder, events=sizes.waiting_events, repetitions=fewer)
    tell("lists, cases and searches")
    await running.rest_cases()
    cases = await seeder.register(sizes.listed_cases)
    await running.settle()
    figures += await looking(running, cases, repetitions=fewer, seconds=some)
    return figures
