"""A server program on this machine for development, demo and tests: started on a port that it keeps, stopped, killed.

Owns its life and its log. Which program it is and when it is ready is its subclass's; never used in production.
"""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from typing import IO, TYPE_CHECKING, ClassVar, Final, Self

from bancheng.runtime.local_process import (
    PortInUse,
    ServerFailed,
    kill_tree,
    pick_port,
    port_is_free,
    wait_until,
)

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence
    from pathlib import Path

_PICKED_PORT_TRIES: Final = 5


class LocalServer(ABC):
    """Keeps what it needs in `directory` from one start to the next. Port 0 means a free one, picked at the first start
    and kept.
    """

    server: ClassVar[str]
    """Its name, for people."""
    end_signal: ClassVar[signal.Signals]
    """What ends it in order."""
    start_seconds: ClassVar[float]
    stop_seconds: ClassVar[float]

    def __init__(self, *, directory: Path, port: int) -> None:
        self._directory = directory.absolute()
        self._port = port
        self._port_is_kept = port != 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start if none was given."""
        return self._port

    @property
    @abstractmethod
    def log_path(self) -> Path:
        """The server's log, all starts in one file."""

    @property
    def process_id(self) -> int | None:
        """The id of the server's main process, or None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Starts on what is there from the last time. Returns when it takes clients.

        Raises `PortInUse` naming a given port, `ServerFailed` with the end of the log.
        """
        if self.process_id is not None:
            return
        self._prepare()
        for _ in range(_PICKED_PORT_TRIES):
            try:
                self._start_once()
            except PortInUse:
                if self._port_is_kept:
                    raise
                self._port = 0
            else:
                self._port_is_kept = True
                return
        reason = f"{_PICKED_PORT_TRIES} picked ports were taken before it could bind"
        raise ServerFailed(server=self.server, reason=reason)

    def stop(self) -> None:
        """Ends it in order, everything committed is kept; harmless when stopped."""
        if self._process is None:
            return
        self._process.send_signal(self.end_signal)
        try:
            self._process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            kill_tree(self._process.pid)
        self._ended()

    def kill(self) -> None:
        """SIGKILL for every process of the server at once, as in a crash of the machine's user space."""
        if self._process is None:
            return
        kill_tree(self._process.pid)
        self._ended()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> None:
        """Before a start, once for all ports that are tried."""

    @abstractmethod
    def _begin(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """The program on `self.port`."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether the process that runs takes clients."""

    def _start_once(self) -> None:
        self._port = self._port or pick_port()
        if not port_is_free(self._port):
            raise PortInUse(server=self.server, port=self._port)
        log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = self._begin(log)
        wait_until(lambda: self._is_ready() or self.process_id is None, timeout_seconds=self.start_seconds)
        if self.process_id is not None and self._is_ready():
            return
        self.kill()
        if "address already in use" in self._said(log_start).lower():
            raise PortInUse(server=self.server, port=self._port)
        raise ServerFailed(server=self.server, reason="it did not become ready", log_path=self.log_path)

    def _said(self, log_start: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(log_start)
            return log.read().decode(errors="replace")

    def _ended(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None


def launched(arguments: Sequence[str], log: IO[bytes], folder: Path | str) -> subprocess.Popen[bytes]:
    """Ctrl-C in a terminal goes to the one who started us, who then stops us."""
    return subprocess.Popen(
        arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True
    )
