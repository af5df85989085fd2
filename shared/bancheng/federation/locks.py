"""Which replica runs the links of a site: PostgreSQL session locks, all on one connection.

Owns that connection and what its loss means. It only spares work: the fence of a stream is the real guard, so two
relays that both believe to hold a lock harm nothing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import asyncpg

from bancheng.federation.ending import end

_BEAT_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended($1, 0))"
_KEEP_ALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""So that the lock of a replica whose machine vanished is free within half a minute."""
IDLE_SECONDS = 15
"""The kernel of a replica that hangs goes on answering keep-alives: the server ends a session that asks nothing."""

_log = logging.getLogger(__name__)


class SiteLocks:
    """The locks of one process. `url` must reach PostgreSQL itself: a transaction pooler would not keep a session."""

    def __init__(self, url: str, *, idle_seconds: int = IDLE_SECONDS) -> None:
        self._url = url
        self._settings = _KEEP_ALIVE | {"application_name": "links", "idle_session_timeout": f"{idle_seconds}s"}
        self._connection: Any = None
        self._held: dict[str, asyncio.Event] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._ready = asyncio.Event()

    def start(self) -> None:
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="site locks")

    async def stop(self) -> None:
        """Gives everything up by closing the session."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await end([keeper])

    async def acquire(self, tenant: str, site: str) -> asyncio.Event:
        """Waits, for ever if need be. The event is set when the lock is lost: stop every relay then."""
        name = _lock_name(tenant, site)
        while True:
            await self._ready.wait()
            lost = await self._try(name)
            if lost is not None:
                return lost
            await asyncio.sleep(_RETRY_SECONDS)

    async def release(self, tenant: str, site: str) -> None:
        name = _lock_name(tenant, site)
        if self._held.pop(name, None) is not None:
            await self._ask(_UNLOCK, name)

    async def _try(self, name: str) -> asyncio.Event | None:
        if name in self._held:
            raise RuntimeError(f"{name} is locked by this process already")
        if await self._ask(_LOCK, name) is not True:
            return None
        lost = self._held[name] = asyncio.Event()
        return lost

    async def _ask(self, statement: str, *arguments: str) -> object:
        """The answer; None when there is no session or it is lost by asking."""
        async with self._one_at_a_time:
            connection = self._connection
            if connection is None:
                return None
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return await connection.fetchval(statement, *arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows what this session still holds
                _log.warning("lock session lost", extra={"error": str(error)})
                self._lose()
                return None

    async def _keep(self) -> None:
        try:
            while True:
                if self._connection is None:
                    await self._connect()
                await asyncio.sleep(_BEAT_SECONDS)
                await self._ask("SELECT 1")
        finally:
            self._lose()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._connection = await asyncpg.connect(  # pyright: ignore[reportUnknownMemberType]
                    _dsn(self._url), server_settings=self._settings
                )
            self._ready.set()
        except Exception as error:  # noqa: BLE001 - whatever it is, the keeper goes on: without it no link ever runs again
            _log.info("no lock session yet", extra={"error": str(error)})

    def _lose(self) -> None:
        self._ready.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
        held, self._held = self._held, {}
        for lost in held.values():
            lost.set()


def _lock_name(tenant: str, site: str) -> str:
    return f"bancheng/links/{tenant}/{site}"


def _dsn(url: str) -> str:
    """As asyncpg itself takes it, which knows no drivers but several hosts."""
    return f"postgresql://{url.partition('://')[2]}"
