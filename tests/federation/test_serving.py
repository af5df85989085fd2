"""What a site answers it goes on answering, whatever state the connection was in when it began to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import LinkTrouble
from bancheng.runtime.local_nats import NatsServer
from tests.federation.linked_sites import eventually

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_is_served_while_the_server_is_down_is_answered_when_it_is_back(tmp_path: Path) -> None:
    """The same session of the client: it reconnects by itself, and nobody makes a new one."""
    with NatsServer(directory=tmp_path) as server:
        town = NatsClient(NatsAccess(url=server.url), name="town", inbox="_INBOX_town")
        village = NatsClient(NatsAccess(url=server.url), name="village", inbox="_INBOX_village")
        town.start()
        village.start()
        try:
            assert await town.wait_connected(10)
            server.kill()

            async def connected() -> bool:
                return town.connected

            await eventually(connected, lambda each: not each, "the town has seen that the server is gone")

            async def answer(data: bytes) -> bytes:
                return data + b" heard"

            await town.serve("fed.test", answer)
            server.start()

            async def asked() -> bytes:
                try:
                    return await village.request("fed.test", b"hello", timeout_seconds=1)
                except LinkTrouble:
                    return b""

            assert await eventually(asked, bool, "the town answers") == b"hello heard"
        finally:
            await town.stop()
            await village.stop()
