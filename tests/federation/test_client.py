"""A connection that is always being kept, also when the line goes dead without a word."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import LinkTrouble, NobodyListens, NotConnected
from tests.federation.linked_sites import eventually

if TYPE_CHECKING:
    from bancheng.runtime.local_nats import NatsServer


class Line:
    """A line to the server that can go dead: what was connected stays connected and carries nothing any more.

    The first `nonsense` connections hear a line without an end.
    """

    def __init__(self, url: str, *, nonsense: int = 0) -> None:
        self._nonsense = nonsense
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._server: asyncio.Server | None = None
        self._carriers: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        return f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def go_dead(self) -> None:
        for carrier in self._carriers:
            carrier.cancel()

    async def close(self) -> None:
        self.go_dead()
        for writer in self._writers:
            writer.close()
        if self._server is not None:
            self._server.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._nonsense:
            self._nonsense -= 1
            with suppress(OSError):
                writer.write(b"x" * 1_000_000)
                await writer.drain()
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, far_writer]
        for source, target in ((reader, far_writer), (far_reader, writer)):
            self._carriers.add(asyncio.create_task(_carry(source, target)))


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()


async def _echo(data: bytes) -> bytes:
    return data


async def test_a_line_that_went_dead_without_a_word_is_given_up_for_a_new_one(own_nats: NatsServer) -> None:
    line = Line(own_nats.url)
    near = NatsClient(
        NatsAccess(url=await line.open()), name="near", inbox="_INBOX_near", watch_seconds=0.1, ping_seconds=0.5
    )
    far = NatsClient(NatsAccess(url=own_nats.url), name="far", inbox="_INBOX_far")
    for client in (near, far):
        client.start()
        assert await client.wait_connected(10)
    await near.serve("test.near", _echo)
    await far.serve("test.far", _echo)

    async def both_answer() -> bool:
        with suppress(LinkTrouble):
            return (
                await near.request("test.far", b"1", timeout_seconds=1) == b"1"
                and await far.request("test.near", b"2", timeout_seconds=1) == b"2"
            )
        return False

    await eventually(both_answer, lambda yes: yes, "both ways work")
    before = near.generation
    line.go_dead()
    await eventually(both_answer, lambda yes: yes, "both ways work again")
    assert near.generation > before
    for client in (near, far):
        await client.stop()
    await line.close()


async def test_a_server_that_talks_nonsense_does_not_end_the_trying(own_nats: NatsServer) -> None:
    """As where something else answers at the address for a while."""
    line = Line(own_nats.url, nonsense=1)
    client = NatsClient(NatsAccess(url=await line.open()), name="test", inbox="_INBOX_test")
    client.start()
    assert await client.wait_connected(20)
    await client.stop()
    await line.close()


async def test_without_a_connection_requests_say_so_at_once(own_nats: NatsServer) -> None:
    client = NatsClient(NatsAccess(url=own_nats.url), name="test", inbox="_INBOX_test")
    with pytest.raises(NotConnected):
        await client.request("test.nobody", b"")
    client.start()
    assert await client.wait_connected(10)
    with pytest.raises(NobodyListens):
        await client.request("test.nobody", b"")
    await client.stop()
    with pytest.raises(NotConnected):
        await client.publish("test.nobody", b"")


async def test_a_seed_never_shows_in_a_log(own_nats: NatsServer) -> None:
    access = NatsAccess(url=own_nats.url, nkey_seed="SUASECRET")
    assert "SUASECRET" not in repr(access)


async def test_a_connection_that_is_stopped_while_it_is_being_made_ends(own_nats: NatsServer) -> None:
    """Cancelled after each number of steps of the loop: one of them meets the end of the library's connecting."""
    for steps in range(120):
        client = NatsClient(NatsAccess(url=own_nats.url), name="stopped early", inbox="_INBOX_test")
        client.start()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await client.stop()
        assert not client.connected
