"""One running system for the tests of a module, without fsync: they kill services and NATS, never PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.system import System, running_system


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Three services, two tenants. Each test leaves it whole and at rest."""
    with running_system(tmp_path_factory.mktemp("system")) as running:
        yield running
