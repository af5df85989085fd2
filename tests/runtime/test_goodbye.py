"""The end of a server whose clients hold connections that they do not look at."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn

from bancheng.runtime.certificates import AUTHORITY_FILE, SERVER_FILE, SERVER_KEY_FILE, issue
from bancheng.runtime.http_server import OrderlyServer, bind
from tests.federation.linked_sites import eventually

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

PATIENCE_SECONDS = 15
"""What is left to requests under way, and far more than an idle client gets."""
ANSWER = b"x" * 100_000


class Application:
    """Answers at once, but `/slow`, which waits until it is let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        assert scope["type"] == "http"
        if scope["path"] == "/slow":
            self.begun.set()
            await self.let_go.wait()
        headers = [(b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": ANSWER, "more_body": False})


def _asked(port: int, authority: Path, path: str) -> tuple[ssl.SSLSocket, bytes]:
    """A connection with the answer to one request; nothing reads it from then on."""
    context = ssl.create_default_context(cafile=str(authority))
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    received = b""
    while received.count(b"x") < len(ANSWER) and (part := connection.recv(65_536)):
        received += part
    return connection, received


async def test_an_idle_client_keeps_nobody_waiting_and_a_request_is_finished(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    issue(tmp_path, tmp_path, ["localhost"], now=datetime.now(UTC))
    authority, application = tmp_path / AUTHORITY_FILE, Application()
    listening = bind("127.0.0.1", 0)
    port: int = listening.getsockname()[1]
    config = uvicorn.Config(
        application, http="httptools", lifespan="off", log_config=None, timeout_graceful_shutdown=PATIENCE_SECONDS,
        ssl_certfile=tmp_path / SERVER_FILE, ssl_keyfile=tmp_path / SERVER_KEY_FILE,
    )  # fmt: skip
    server = OrderlyServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    idle, answer = await asyncio.to_thread(_asked, port, authority, "/")
    assert ANSWER in answer
    asking = asyncio.create_task(asyncio.to_thread(_asked, port, authority, "/slow"))
    await application.begun.wait()

    async def held() -> int:
        return len(server.server_state.connections)

    server.should_exit = True
    await eventually(held, lambda count: count == 1, "the idle connection is let go")
    assert not asking.done()
    application.let_go.set()
    slow, answer = await asking
    await serving
    assert ANSWER in answer
    assert "timeout graceful shutdown exceeded" not in caplog.text
    for each in (idle, slow):
        each.close()
