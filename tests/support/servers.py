"""The real PostgreSQL and nats-server that tests run against.

Owns where they come from: local programs by default, containers when TEST_SERVERS=containers. Fault tests start their
own with `PostgresServer` and `NatsServer`, since they kill them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.local_postgres import postgres_for
from bancheng.runtime.local_process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from testcontainers.core.container import DockerContainer

POSTGRES_IMAGE = os.environ.get("POSTGRES_IMAGE", "postgres:18")
NATS_IMAGE = os.environ.get("NATS_IMAGE", "nats:2.15")


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
        with postgres_in_container() as admin:
            yield admin
        return
    with postgres_for(directory, fsync=False) as server:
        yield server


@contextlib.contextmanager
def running_nats(directory: Path) -> Generator[RunningNats]:
    """A server with JetStream and no accounts for one test run."""
    if _in_containers():
        with nats_in_container() as server:
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
def postgres_in_container() -> Generator[DatabaseAdmin]:
    """A server that a container engine holds, gone with all it held at the end."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import ExecWaitStrategy

    password = secrets.token_urlsafe(24)
    # During its first start the image runs a server on the socket only, so ready means: answers over TCP.
    answers = ExecWaitStrategy(["pg_isready", "-h", LOOPBACK, "-U", "postgres"])
    container = (
        DockerContainer(POSTGRES_IMAGE)
        .with_env("POSTGRES_PASSWORD", password)
        .with_command("postgres -c fsync=off -c full_page_writes=off -c max_connections=200")
        .waiting_for(answers)
    )
    with _on_loopback(container, 5432) as port:
        yield DatabaseAdmin(admin_url=f"postgresql://postgres:{password}@{LOOPBACK}:{port}/postgres")


@contextlib.contextmanager
def nats_in_container() -> Generator[NatsInContainer]:
    """As `postgres_in_container`."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    ready = LogMessageWaitStrategy("Server is ready")
    container = DockerContainer(NATS_IMAGE).with_command("--jetstream").waiting_for(ready)
    with _on_loopback(container, 4222) as port:
        yield NatsInContainer(url=f"nats://{LOOPBACK}:{port}")


@contextlib.contextmanager
def _on_loopback(container: DockerContainer, port: int) -> Generator[int]:
    """Runs it, and gives the port of this host that leads to its own, from this host alone."""
    from testcontainers.core.config import testcontainers_config

    # It would want an image of its own, which a closed network has not: we end what we start ourselves.
    testcontainers_config.ryuk_disabled = True
    bound = cast("dict[str, object]", container.ports)
    bound[f"{port}/tcp"] = (LOOPBACK, None)
    with container:
        yield container.get_exposed_port(port)
