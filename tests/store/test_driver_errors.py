"""What the driver's errors mean to us. That a real full disk ends so is shown in tests/containers."""

from __future__ import annotations

import asyncpg
import pytest

from bancheng.federation.application import PASSING
from bancheng.store.errors import DatabaseBusy, DatabaseFull, DatabaseUnavailable, StoreError, typed_error


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (asyncpg.DiskFullError("could not extend file"), DatabaseFull),
        (asyncpg.PostgresIOError("could not read block"), DatabaseUnavailable),
        (asyncpg.OutOfMemoryError("out of memory"), DatabaseBusy),
        (asyncpg.TooManyConnectionsError("sorry"), DatabaseBusy),
        (ConnectionRefusedError(), DatabaseUnavailable),
    ],
)
def test_what_a_server_in_trouble_says_is_no_defect_of_ours(error: Exception, means: type[StoreError]) -> None:
    known = typed_error(error)
    assert type(known) is means
    assert isinstance(known, PASSING), "a frame is not to blame for the server's trouble: it is tried again"


def test_what_nobody_foresaw_stays_what_it_is() -> None:
    assert typed_error(RuntimeError("a defect")) is None
