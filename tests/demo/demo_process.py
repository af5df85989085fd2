"""`bancheng demo` as somebody at a terminal starts it: its output, its processes, its end.

Owns one process and what it said. Must not know what the demo is made of.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from bancheng.runtime.local_process import port_is_free, wait_until

READY = "ready after"
START_SECONDS = 80.0
STOP_SECONDS = 50.0


class DemoProcess:
    """`options` come after `demo`. Each start has its own output."""

    def __init__(self, *options: str, output: Path) -> None:
        self._options = options
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, *options: str) -> None:
        """Returns at once. These options, this time, go before those that it has."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bancheng.runtime.command", "demo", *self._options, *options],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def start(self, *options: str) -> None:
        """Returns when it says that it is ready."""
        self.begin(*options)
        self.wait_said(READY)

    def said(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def wait_said(self, text: str, timeout_seconds: float = START_SECONDS) -> None:
        wait_until(lambda: text in self.said() or not self.is_running, timeout_seconds=timeout_seconds)
        assert text in self.said(), self.said()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def children(self) -> list[psutil.Process]:
        """All that it started and that still runs."""
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def ended(self) -> int:
        """The exit code of one that ends by itself."""
        assert self._process is not None
        return self._process.wait(START_SECONDS)

    def kill(self) -> None:
        """SIGKILL for the demo alone, not for what it started."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run. A zombie does not: whoever adopted it has not looked yet."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def five_free_ports() -> int:
    """The first of five that are free, away from those that the system hands out."""
    first = 22_000 + time.time_ns() // 1_000_000 % 900 * 10
    for candidate in range(first, 31_900, 10):
        if all(port_is_free(candidate + offset) for offset in range(5)):
            return candidate
    raise AssertionError("no five free ports in a row")
