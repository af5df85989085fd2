"""PostgreSQL, nats-server and the three services of one demo: set up, started, watched, stopped in order.

Owns the order. Every step of the set-up may be repeated, so one that was killed is simply done again at the next start.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bancheng.runtime.demo.accounts import enter_accounts
from bancheng.runtime.demo.foundation import Foundation
from bancheng.runtime.demo.places import SERVICES
from bancheng.runtime.demo.service_process import ServiceProcess
from bancheng.runtime.demo.telling import say, step
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.local_postgres import NamedPostgres, postgres_for
from bancheng.runtime.local_process import ServerFailed
from bancheng.runtime.whole_files import write_whole
from bancheng.store.roles import Passwords, prepare_database

READY_SECONDS = 60.0
POLL_SECONDS = 0.05


class Stopped(Exception):
    """Somebody pressed Ctrl-C while it was starting."""


class Part(Protocol):
    """What is watched: PostgreSQL, nats-server, a service."""

    @property
    def process_id(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Household:
    """All processes of the demo. `first_port` is the county's; town, village, PostgreSQL and NATS have the next."""

    def __init__(self, foundation: Foundation, folder: Path, *, first_port: int, clock_file: Path) -> None:
        self._foundation = foundation
        self._folder = folder
        self._clock_file = clock_file
        self._ports = {name: first_port + offset for offset, name in enumerate((*SERVICES, "postgres", "nats"))}
        self._postgres = postgres_for(postgres_folder(folder), port=self._ports["postgres"])
        self._nats = NatsServer(
            directory=folder / "nats", port=self._ports["nats"], configuration=foundation.nats_text()
        )
        self.services: dict[str, ServiceProcess] = {}
        self.parts: dict[str, Part] = {}
        """What was started, in that order, by name."""

    @property
    def ports(self) -> dict[str, int]:
        """Those it will listen on, by what listens there."""
        named = isinstance(self._postgres, NamedPostgres)
        return {name: port for name, port in self._ports.items() if not (named and name == "postgres")}

    def start(self, now: datetime, is_stopping: Callable[[], bool]) -> None:
        """Returns when all three services are ready. Raises Stopped, PortInUse, ServerFailed and the store's errors."""
        for begin in (self._start_postgres, self._start_nats, lambda: self._migrate(now), self._start_services):
            if is_stopping():
                raise Stopped
            begin()
        with step("等待三个服务就绪", "waiting for the three services to be ready"):
            self._wait_ready(is_stopping)

    def stop(self) -> None:
        """Services first, all at once; then the servers. Every part is tried, whatever another one does."""
        for service in self.services.values():
            service.ask_to_stop()
        for name, part in reversed(list(self.parts.items())):
            with step(f"停止 {name}", "stopped"):
                try:
                    part.stop()
                except ServerFailed:
                    part.kill()
        self.parts.clear()

    def _start_postgres(self) -> None:
        if isinstance(self._postgres, NamedPostgres):
            say("  PostgreSQL：用 BANCHENG_POSTGRES 所指的 · the one named in BANCHENG_POSTGRES")
        else:
            self.parts["PostgreSQL"] = self._postgres
            with step("启动 PostgreSQL", "starting PostgreSQL"):
                self._postgres.start()
            postgres_is_complete(self._folder, self._postgres.log_path.parent)
        with step("建三个数据库和角色", "three databases and their roles"):
            asyncio.run(self._prepare_databases())

    async def _prepare_databases(self) -> None:
        foundation = self._foundation
        passwords = Passwords(owner=foundation.owner_password, service=foundation.service_password)
        for service in SERVICES:
            database = foundation.database(service)
            await prepare_database(self._postgres.admin_url, database, foundation.owner(service), database, passwords)

    def _start_nats(self) -> None:
        self.parts["nats-server"] = self._nats
        with step("启动 nats-server", "starting nats-server"):
            self._nats.start()

    def _migrate(self, now: datetime) -> None:
        sites = self._foundation.write_site_files(self._folder / "sites", self._nats.url)
        self.services = {name: self._service(name, sites[name]) for name in SERVICES}
        with step("建表", "tables"):
            begun = [(each, each.upgrade(self._owner_url(each.name))) for each in self.services.values()]
            for service, process in begun:
                service.finish_upgrade(process)
        with step("录入人员", "staff"):
            for name in SERVICES:
                asyncio.run(enter_accounts(self._service_url(name), sites[name], now))

    def _service(self, name: str, sites: Path) -> ServiceProcess:
        settings = {
            "database_url": self._service_url(name),
            "sites_dir": str(sites),
            "clock_file": str(self._clock_file),
            "cookie_secure": "false",
        }
        return ServiceProcess(name, port=self._ports[name], folder=self._folder, settings=settings)

    def _start_services(self) -> None:
        for name, service in self.services.items():
            self.parts[f"bancheng-{name}"] = service
            service.start()

    def _wait_ready(self, is_stopping: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        waiting = list(self.services.values())
        while waiting:
            if is_stopping():
                raise Stopped
            waiting = [each for each in waiting if not each.is_ready()]
            if waiting and time.monotonic() > deadline:
                slow = waiting[0]
                raise ServerFailed(server=slow.name, reason="it did not become ready", log_path=slow.log_path)
            time.sleep(POLL_SECONDS)

    def _service_url(self, name: str) -> str:
        foundation = self._foundation
        database = foundation.database(name)
        return self._postgres.url(database, user=database, password=foundation.service_password)

    def _owner_url(self, name: str) -> str:
        foundation = self._foundation
        return self._postgres.url(
            foundation.database(name), user=foundation.owner(name), password=foundation.owner_password
        )


def postgres_folder(folder: Path) -> Path:
    """The one that was completed, or a new one: an initdb that was killed leaves a folder that looks whole."""
    kept = folder / "postgres-folder"
    name = kept.read_text(encoding="utf-8").strip() if kept.exists() else ""
    for each in folder.glob("postgres-????????"):
        if each.name != name:
            shutil.rmtree(each, ignore_errors=True)
    return folder / (name or f"postgres-{secrets.token_hex(4)}")


def postgres_is_complete(folder: Path, postgres: Path) -> None:
    """It has started once, so it is whole."""
    write_whole(folder / "postgres-folder", postgres.name.encode())
