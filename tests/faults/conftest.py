"""One running system for the tests of a module, without fsync: they kill services and NATS, never PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.system import System, running_system


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Three services, two tenants, for all tests of a module."""
    with running_system(tmp_path_factory.mktemp("system")) as system:
        yield system


@pytest.fixture
def system(running: System) -> Iterator[System]:
    """The module's system, whole again after each test: one that fails half-way leaves the next ones theirs."""
    yield running
    running.mend()
