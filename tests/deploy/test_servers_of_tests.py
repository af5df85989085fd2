"""The servers of the ordinary tests are the same to them, wherever they come from: programs here, or containers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.jetstream import create_stream, stream_state
from bancheng.federation.wire import StreamConfig
from tests.support.databases import migrated_database
from tests.support.servers import (
    NATS_IMAGE,
    POSTGRES_IMAGE,
    RunningNats,
    nats_in_container,
    postgres_in_container,
)

if TYPE_CHECKING:
    from bancheng.runtime.database_admin import DatabaseAdmin


def _engine_has_the_images() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = ["docker", "image", "inspect", POSTGRES_IMAGE, NATS_IMAGE]
    return subprocess.run(asked, capture_output=True, timeout=30, check=False).returncode == 0


needs_engine = pytest.mark.skipif(not _engine_has_the_images(), reason="no container engine with both images answers")


@pytest.fixture(scope="module")
def contained_postgres() -> Iterator[DatabaseAdmin]:
    with postgres_in_container() as server:
        yield server


@pytest.fixture(scope="module")
def contained_nats() -> Iterator[RunningNats]:
    with nats_in_container() as server:
        yield server


async def test_a_database_is_made_on_the_programs_of_this_machine(postgres: DatabaseAdmin) -> None:
    assert (await migrated_database(postgres)).service_url


@needs_engine
async def test_a_database_is_made_in_a_container(contained_postgres: DatabaseAdmin) -> None:
    made = await migrated_database(contained_postgres)
    assert "@127.0.0.1:" in made.service_url


async def test_a_stream_is_made_on_the_programs_of_this_machine(nats: RunningNats) -> None:
    await _makes_a_stream(nats)


@needs_engine
async def test_a_stream_is_made_in_a_container(contained_nats: RunningNats) -> None:
    await _makes_a_stream(contained_nats)


async def _makes_a_stream(server: RunningNats) -> None:
    client = NatsClient(NatsAccess(url=server.url), name="test", inbox="_INBOX_test")
    client.start()
    try:
        assert await client.wait_connected(10)
        config = StreamConfig(
            name="SAME", subjects=("same",), first_seq=1, max_bytes=1 << 20, max_msg_size=1024, metadata={}
        )
        await create_stream(client, config)
        assert (await stream_state(client, "SAME")).last_number == 0
    finally:
        await client.stop()
