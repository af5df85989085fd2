"""The real PostgreSQL and nats-server that tests run against.

Owns where they come from: local programs by default, containers when TEST_SERVERS=containers. Fault tests start their
own with `PostgresServer` and `NatsServer`, since they kill them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.local_postgres import postgres_for

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

POSTGRES_IMAGE = "postgres:18"
NATS_IMAGE = "nats:2.15"


class RunningNats(Protocol):
    """A nats-server with JetStream and no accounts."""

    @property
    def url(self) -> str:
        """Where clients connect, for example `nats://127.0.0.1:10422`."""
        ...


@dataclass(frozen=True, kw_only=True)
class NatsInContainer:
    """A `RunningNats` that a container engine holds."""

    url: str


@contextlib.contextmanager
def running_postgres(directory: Path) -> Generator[DatabaseAdmin]:
    """A server for one test run, without fsync: a test of durability starts a server of its own."""
    if _in_containers():
        with _postgres_in_container() as admin:
            yield admin
        return
    with postgres_for(directory, fsync=False) as server:
        yield server


@contextlib.contextmanager
def running_nats(directory: Path) -> Generator[RunningNats]:
    """A server with JetStream and no accounts for one test run."""
    if _in_containers():
        with _nats_in_container() as server:
            yield server
        return
    directory.mkdir(parents=True, exist_ok=True)
    with NatsServer(directory=directory) as server:
        yield server


def _in_containers() -> bool:
    # Asked for and not to be had is an error of the container engine's own, never a silent change of servers.
    chosen = os.environ.get("TEST_SERVERS", "embedded")
    if chosen not in {"embedded", "containers"}:
        raise ValueError(f"TEST_SERVERS is 'embedded' or 'containers', not {chosen!r}")
    return chosen == "containers"


@contextlib.contextmanager
def _postgres_in_container() -> Generator[DatabaseAdmin]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import ExecWaitStrategy

    password = secrets.token_urlsafe(24)
    # During its first start the image runs a server on the socket only, so ready means: answers over TCP.
    answers = ExecWaitStrategy(["pg_isready", "-h", "127.0.0.1", "-U", "postgres"])
    container = (
        DockerContainer(POSTGRES_IMAGE)
        .with_env("POSTGRES_PASSWORD", password)
        .with_command("postgres -c fsync=off -c full_page_writes=off -c max_connections=200")
        .with_exposed_ports(5432)
        .waiting_for(answers)
    )
    with container:
        where = f"{container.get_container_host_ip()}:{container.get_exposed_port(5432)}"
        yield DatabaseAdmin(admin_url=f"postgresql://postgres:{password}@{where}/postgres")


@contextlib.contextmanager
def _nats_in_container() -> Generator[NatsInContainer]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    ready = LogMessageWaitStrategy("Server is ready")
    container = DockerContainer(NATS_IMAGE).with_command("--jetstream").with_exposed_ports(4222).waiting_for(ready)
    with container:
        yield NatsInContainer(url=f"nats://{container.get_container_host_ip()}:{container.get_exposed_port(4222)}")
