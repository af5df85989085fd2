"""One running system for the tests of this folder that kill nothing and move the clock forward only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.five_households import FIVE
from tests.support.system import System, running_system


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Three services, all five shipped tenants. Cases of other tests may be there."""
    with running_system(tmp_path_factory.mktemp("system"), households=FIVE) as running:
        yield running
