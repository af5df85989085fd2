"""Which replica runs the links: one at a time, also when the other one hangs and does not know it."""

from __future__ import annotations

import asyncio
import secrets
import threading

from bancheng.federation.locks import SiteLocks
from tests.support.tiers import TOWN

WAIT_SECONDS = 30.0


class Replica:
    """Another process in small: a loop of its own, which can be made to hang as a stopped process does."""

    def __init__(self, url: str, tenant: str) -> None:
        self.lost: asyncio.Event | None = None
        self._held = threading.Event()
        self._go_on = threading.Event()
        self._end = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(url, tenant),))
        self._thread.start()
        assert self._held.wait(WAIT_SECONDS)

    async def _run(self, url: str, tenant: str) -> None:
        locks = SiteLocks(url, idle_seconds=3)
        locks.start()
        self.lost = await locks.acquire(tenant, TOWN)
        self._held.set()
        await self._end.wait()
        async with asyncio.timeout(WAIT_SECONDS):
            await self.lost.wait()
        await locks.stop()

    def hang(self) -> None:
        self._loop.call_soon_threadsafe(self._go_on.wait, WAIT_SECONDS)

    def go_on(self) -> None:
        """Returns when it has seen that it lost its lock."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._go_on.set()
        self._thread.join(WAIT_SECONDS * 2)
        assert not self._thread.is_alive()
        self._loop.close()


async def test_a_replica_that_hangs_loses_its_lock_to_one_that_does_not(site_addresses: dict[str, str]) -> None:
    url, tenant = site_addresses[TOWN], f"t-{secrets.token_hex(6)}"
    hanging = await asyncio.to_thread(Replica, url, tenant)
    locks = SiteLocks(url)
    locks.start()
    waiting = asyncio.create_task(locks.acquire(tenant, TOWN))
    try:
        hanging.hang()
        async with asyncio.timeout(WAIT_SECONDS):
            lost = await waiting
        assert not lost.is_set()
    finally:
        waiting.cancel()
        await asyncio.to_thread(hanging.go_on)
        await locks.stop()
    assert hanging.lost is not None
    assert hanging.lost.is_set()
