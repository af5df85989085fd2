"""The system under measurement: three services with fsync on, staff enough that no rate limits the load, looks inside.

Owns the accounts of the load and reading the databases from outside, as a superuser. Must not know what is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import asyncpg
import psutil

from bancheng.federation.site import wall_now
from bancheng.store.accounts import Session, Staff, open_session, save_staff
from bancheng.store.database import Database
from bancheng.window.sign_in import token_hash
from tests.support.system import System
from tests.support.tenants import COUNTY, TOWN, VILLAGE, XIAOSHAN

AT_ONCE = 16
UNITS = {"village": VILLAGE, "town": TOWN, "county": COUNTY}
POLL_MOST_SECONDS = 300.0
POLL_SECONDS = 0.02
_UNSETTLED = """
SELECT (SELECT count(*) FROM outbox WHERE number IS NULL)
    + (SELECT coalesce(sum(out_next_number - 1 - receipted_number), 0) FROM link)
    + (SELECT count(*) FROM gram_queue) + (SELECT count(*) FROM cases WHERE act_at <= $1)"""


async def poll(done: Callable[[], Awaitable[bool]], *, every_seconds: float = POLL_SECONDS) -> None:
    """Asks again and again until it is done. Raises TimeoutError."""
    async with asyncio.timeout(POLL_MOST_SECONDS):
        while not await done():  # noqa: ASYNC110  other processes work, and nothing here is told when they are done
            await asyncio.sleep(every_seconds)


@dataclass(frozen=True, kw_only=True)
class Household:
    """A running system with `AT_ONCE` bearer tokens at each service, all of one tenant."""

    system: System
    tokens: Mapping[str, Sequence[str]]
    databases: Mapping[str, Database]
    """By service, as a superuser."""

    def port(self, service: str) -> int:
        return self.system.services[service].port

    async def number(self, service: str, statement: str, *arguments: object) -> int:
        """The one figure that a statement gives."""
        async with self.databases[service].transaction(XIAOSHAN) as tx:
            row = await tx.fetch_one(statement, *arguments)
        return 0 if row is None else int(row[0] or 0)

    async def until(
        self, service: str, statement: str, *arguments: object, reaches: int, every_seconds: float = POLL_SECONDS
    ) -> None:
        """Waits until the figure is at least `reaches`. Raises TimeoutError."""

        async def reached() -> bool:
            return await self.number(service, statement, *arguments) >= reaches

        await poll(reached, every_seconds=every_seconds)

    async def settle(self) -> None:
        """Waits until nothing is on its way, due or uncut: what follows is measured alone."""

        async def settled() -> bool:
            now = self.system.clock.now()
            return not any([await self.number(name, _UNSETTLED, now) for name in self.databases])

        await poll(settled)

    async def rest_cases(self) -> None:
        """No case that is there now wants anything any more, so that the next burst is its own cases only."""
        for database in self.databases.values():
            async with database.transaction(XIAOSHAN) as tx:
                await tx.execute("UPDATE cases SET act_at = NULL WHERE act_at IS NOT NULL")

    def stop_links(self) -> None:
        """No nats-server: everything is written and nothing travels."""
        self.system.nats.stop()

    def start_links(self) -> None:
        self.system.nats.start()

    def memory_mib(self, service: str) -> float:
        """Resident memory of the service's process."""
        process_id = self.system.services[service].process_id
        return psutil.Process(process_id).memory_info().rss / (1 << 20)


@asynccontextmanager
async def household(system: System) -> AsyncGenerator[Household]:
    databases = {
        name: Database(system.postgres.url(f"bancheng_{name}"), pool_size=2, application="bench") for name in UNITS
    }
    try:
        tokens = {name: [await _token(databases[name], name, index) for index in range(AT_ONCE)] for name in UNITS}
        yield Household(system=system, tokens=tokens, databases=databases)
    finally:
        for database in databases.values():
            await database.close()


async def _token(database: Database, service: str, index: int) -> str:
    """Opened beside the sign-in, whose password check is slow on purpose."""
    now = wall_now()
    secret = secrets.token_urlsafe(32)
    login = f"bench-{index}"
    staff = Staff(
        staff_id=login, login=login, name=f"测试{index}", unit=UNITS[service], roles=("clerk", "coordinator"),
        password_hash="none", active=True, created_at=now,
    )  # fmt: skip
    session = Session(
        token_hash=token_hash(secret), staff_id=login, kind="token", created_at=now,
        expires_at=now + timedelta(days=1), csrf="",
    )  # fmt: skip
    async with database.transaction(XIAOSHAN) as tx:
        await save_staff(tx, staff)
        await open_session(tx, session)
    return f"{XIAOSHAN}.{secret}"


@asynccontextmanager
async def slower_flush(admin_url: str, microseconds: int) -> AsyncGenerator[None]:
    """Every flush of the server's log takes longer by this: `commit_delay`, without `commit_siblings`."""
    await _alter(admin_url, {"commit_delay": microseconds, "commit_siblings": 0})
    try:
        yield
    finally:
        await _alter(admin_url, {"commit_delay": 0, "commit_siblings": 5})


async def _alter(admin_url: str, settings: Mapping[str, int]) -> None:
    connection = cast("Any", await asyncpg.connect(admin_url))  # pyright: ignore[reportUnknownMemberType]
    for name, value in settings.items():
        await connection.execute(f"ALTER SYSTEM SET {name} = {value}")
    await connection.execute("SELECT pg_reload_conf()")

    async def in_force() -> bool:
        shown = await connection.fetchval("SELECT setting FROM pg_settings WHERE name = 'commit_delay'")
        return int(shown) == settings["commit_delay"]

    await poll(in_force)
    await connection.close()


def processor_seconds(system: System) -> dict[str, float]:
    """What each process of the system has used so far, PostgreSQL and its backends together."""
    processes = {name: each.process_id for name, each in system.services.items()}
    processes |= {"PostgreSQL": system.postgres.process_id, "NATS": system.nats.process_id}
    return {name: _processor_seconds(process_id) for name, process_id in processes.items() if process_id is not None}


def _processor_seconds(process_id: int) -> float:
    parent = psutil.Process(process_id)
    total = 0.0
    for process in (parent, *parent.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + getattr(times, "children_user", 0.0)
    return total
