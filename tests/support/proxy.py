"""A TCP proxy in user space that a test puts between a site and its parent's server, and breaks.

Owns one listening port and how its connections behave: pass, refuse and reset, swallow everything, or crawl.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Literal, Self

from bancheng.runtime.local_process import LOOPBACK, pick_port

Mode = Literal["pass", "reset", "black_hole", "slow"]
"""`black_hole`: connections stay open and nothing comes through, as when a cable is pulled. `slow`: 1 kB/s."""

SLOW_BYTES_PER_SECOND = 1_024
_CHUNK = 64 * 1024
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Runs in a thread of its own. `mode` may be changed at any moment; what is open behaves by it from then on."""

    def __init__(self, *, to_port: int) -> None:
        self.port = pick_port()
        self._to_port = to_port
        self._mode: Mode = "pass"
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"proxy {self.port}", daemon=True)
        self._started = threading.Event()

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Returns when it is in force."""
        asyncio.run_coroutine_threadsafe(self._set_mode(mode), self._loop).result(timeout=10)

    def start(self) -> None:
        self._thread.start()
        if not self._started.wait(10):
            raise RuntimeError(f"the proxy on port {self.port} did not start")

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._set_mode("reset"), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._passing.set()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._accept, LOOPBACK, self.port))
        self._started.set()
        self._loop.run_forever()
        self._server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _set_mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "black_hole":
            self._passing.clear()
        else:
            self._passing.set()
        if mode == "reset":
            for writer in tuple(self._open):
                _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "reset":
            _reset(writer)
            return
        self._open.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            await self._passing.wait()
            back, there = await asyncio.open_connection(LOOPBACK, self._to_port)
            self._open.add(there)
            ways = [asyncio.create_task(self._carry(reader, there)), asyncio.create_task(self._carry(back, writer))]
            _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            _reset(writer)
        finally:
            for each in (writer, there):
                if each is not None:
                    self._open.discard(each)
                    each.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK):
            await self._passing.wait()
            if self._mode == "slow":
                await self._crawl(data, target)
                continue
            target.write(data)
            await target.drain()

    async def _crawl(self, data: bytes, target: asyncio.StreamWriter) -> None:
        for start in range(0, len(data), 128):
            target.write(data[start : start + 128])
            await target.drain()
            if self._mode == "slow":
                await asyncio.sleep(128 / SLOW_BYTES_PER_SECOND)


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST and not FIN: the other end sees a broken connection, not an orderly one."""
    raw: socket.socket | None = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
