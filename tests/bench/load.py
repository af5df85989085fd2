"""The load: a small HTTP/1.1 client on kept-alive connections, and loops that keep them busy.

Owns bytes in and out and the time in between. It parses only what is needed to know where an answer ends, so that the
load takes little of the cores that it shares with what it measures. Must not know what is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, cast
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ANSWER_SECONDS = 60.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    status: int
    body: bytes


class BadAnswer(AssertionError):
    """An answer that the work measured must not get."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.body[:500]!r}")


class Connection(asyncio.Protocol):
    """One request at a time; answers must have a Content-Length, as ours have."""

    def __init__(self, host: str, token: str) -> None:
        self._host = f"Host: {host}\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._answer: asyncio.Future[Reply] | None = None

    @classmethod
    async def open(cls, port: int, token: str = "") -> Self:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(f"127.0.0.1:{port}", token), "127.0.0.1", port)
        return connection

    async def get(self, path: str, *, headers: str = "") -> Reply:
        return await self._send(f"GET {path} HTTP/1.1\r\n{self._host}{headers}\r\n".encode())

    async def post(self, path: str, body: bytes) -> Reply:
        """With a new idempotency key."""
        head = (
            f"POST {path} HTTP/1.1\r\n{self._host}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nIdempotency-Key: {uuid4()}\r\n\r\n"
        )
        return await self._send(head.encode() + body)

    async def _send(self, request: bytes) -> Reply:
        if self._transport is None:
            raise ConnectionError("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        begin = end + len(_HEAD_END)
        if len(self._buffer) < begin + length or self._answer is None:
            return
        answer, self._answer = self._answer, None
        answer.set_result(Reply(status=int(head[9:12]), body=bytes(self._buffer[begin : begin + length])))
        del self._buffer[: begin + length]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed by the server"))


@asynccontextmanager
async def connections(port: int, tokens: Sequence[str]) -> AsyncGenerator[list[Connection]]:
    """One for each token."""
    opened = [await Connection.open(port, token) for token in tokens]
    try:
        yield opened
    finally:
        for each in opened:
            each.close()


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a time of load came to: durations in seconds, sorted."""

    seconds: float
    durations: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return len(self.durations) / self.seconds

    def quantile_ms(self, share: float) -> float:
        return quantile(self.durations, share) * 1000


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Asks(Protocol):
    """One request on a connection."""

    async def __call__(self, connection: Connection, /) -> Reply: ...


async def steadily(using: Sequence[Connection], ask: Asks, *, seconds: float) -> Load:
    """Every connection asks the next as soon as it has its answer. Raises BadAnswer for one that is not 200 or 201."""
    durations: list[float] = []
    began = time.perf_counter()

    async def keep(connection: Connection) -> None:
        while (start := time.perf_counter()) < began + seconds:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await ask(connection)
            durations.append(time.perf_counter() - start)
            if reply.status not in {200, 201}:
                raise BadAnswer(reply)

    await asyncio.gather(*(keep(each) for each in using))
    return Load(seconds=time.perf_counter() - began, durations=tuple(sorted(durations)))
