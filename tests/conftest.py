"""Fixtures for every test: one PostgreSQL and one nats-server for the whole run, or for each worker of it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from bancheng.runtime.local_process import PORTS
from tests.support import distribution
from tests.support.databases import migrated_template
from tests.support.servers import RunningNats, running_nats, running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

    from bancheng.runtime.database_admin import DatabaseAdmin


collect_ignore = [] if os.environ.get("TEST_CONTAINERS") else ["containers"]
"""`make test-containers` asks for them, since they need a container engine."""


def pytest_configure() -> None:
    """In a worker, before anything starts a server; whatever it starts goes by it as well."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ[PORTS] = distribution.port_range(worker)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> distribution.UnitScheduling:
    """Whatever `--dist` says: what shares a running system stays together."""
    return distribution.UnitScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A run without workers keeps the order of the files."""
    if hasattr(config, "workerinput"):
        distribution.order(items)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseAdmin]:
    """A PostgreSQL as its superuser; make a database of your own in it and drop it afterwards."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: DatabaseAdmin) -> str:
    """A migrated, empty database that nobody is connected to, to copy."""
    return asyncio.run(migrated_template(postgres))


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNats]:
    """A nats-server with JetStream and no accounts; use stream names of your own."""
    with running_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server
