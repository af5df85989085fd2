"""A nats-server for development, demo and tests: started, stopped, killed, reloaded and wiped by us.

Owns the life of a local server, its store folder and its configuration file. Must not know accounts, subjects or
streams (nats_config.py writes the text); never used in production.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Self

from bancheng.runtime.local_binaries import nats_program
from bancheng.runtime.local_process import (
    LOOPBACK,
    PortInUse,
    ServerFailed,
    kill_tree,
    pick_port,
    port_is_free,
    wait_until,
)

if TYPE_CHECKING:
    from pathlib import Path

_SERVER = "nats-server"
_START_TIMEOUT_SECONDS = 30
_RELOAD_TIMEOUT_SECONDS = 10
_PICKED_PORT_TRIES = 5
_RELOADED = "Reloaded server configuration"
_RELOAD_FAILED = "Failed to reload server configuration"
OPEN_CONFIGURATION = "jetstream {}\n"
"""JetStream for everybody, without accounts: for tests that are not about permissions."""


class NatsServer:
    """A server of our own on `directory`, which keeps its store, configuration and log from one start to the next.

    `configuration` is the text of a configuration file; address, port and store folder are always ours. Port 0 means
    a free one, picked at the first start and kept.
    """

    def __init__(self, *, directory: Path, port: int = 0, configuration: str = OPEN_CONFIGURATION) -> None:
        self._directory = directory.absolute()
        self._port = port
        self._port_is_kept = port != 0
        self._configuration = configuration
        self._program = nats_program()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start if none was given."""
        return self._port

    @property
    def url(self) -> str:
        """Where clients connect, for example `nats://127.0.0.1:10422`; raises `ServerFailed` before the first start."""
        if not self._port:
            raise ServerFailed(server=_SERVER, reason="it was never started, so it has no address yet")
        return f"nats://{LOOPBACK}:{self._port}"

    @property
    def log_path(self) -> Path:
        """The server's log, all starts in one file."""
        return self._directory / "nats-server.log"

    @property
    def store_path(self) -> Path:
        """The folder of the streams."""
        return self._directory / "store"

    @property
    def configuration_path(self) -> Path:
        """The configuration file that was last written."""
        return self._directory / "nats-server.conf"

    @property
    def process_id(self) -> int | None:
        """The id of the server's process, or None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Starts on the streams of the last time. Returns when it takes clients.

        Raises `PortInUse` naming a given port, `ServerFailed` with the end of the log.
        """
        if self.process_id is not None:
            return
        self.store_path.mkdir(parents=True, exist_ok=True)
        self.configuration_path.write_text(self._configuration)
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
        raise ServerFailed(server=_SERVER, reason=f"{_PICKED_PORT_TRIES} picked ports were taken before it could bind")

    def stop(self, *, timeout_seconds: float = 20) -> None:
        """Ends it in order; harmless when stopped."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            kill_tree(self._process.pid)
        self._ended()

    def kill(self) -> None:
        """SIGKILL, as in a crash."""
        if self._process is None:
            return
        kill_tree(self._process.pid)
        self._ended()

    def wipe_store(self) -> None:
        """Deletes every stream on disk, as a lost disk would. Raises `ServerFailed` while it runs: kill it first."""
        if self.process_id is not None:
            raise ServerFailed(server=_SERVER, reason="its store is deleted only while it does not run")
        shutil.rmtree(self.store_path, ignore_errors=True)

    def reload(self, configuration: str) -> None:
        """Has the running server read `configuration`; clients stay connected. Returns when it has.

        Raises `ServerFailed` with what the server said when it refuses the text; it then keeps the old one.
        """
        if self._process is None or self.process_id is None:
            raise ServerFailed(server=_SERVER, reason="it does not run, so it cannot reload")
        before = self._configuration
        log_start = self.log_path.stat().st_size
        self.configuration_path.write_text(configuration)
        self._process.send_signal(signal.SIGHUP)
        wait_until(lambda: _RELOADED in self._said(log_start) or _RELOAD_FAILED in self._said(log_start),
                   timeout_seconds=_RELOAD_TIMEOUT_SECONDS)  # fmt: skip
        if _RELOADED not in self._said(log_start):
            self.configuration_path.write_text(before)
            raise ServerFailed(server=_SERVER, reason="it refused the new configuration", log_path=self.log_path)
        self._configuration = configuration

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_once(self) -> None:
        self._port = self._port or pick_port()
        if not port_is_free(self._port):
            raise PortInUse(server=_SERVER, port=self._port)
        log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._program), "--config", str(self.configuration_path), "--addr", LOOPBACK,
                    "--port", str(self._port), "--jetstream", "--store_dir", str(self.store_path),
                ],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self._directory,
                start_new_session=True,  # Ctrl-C in a terminal goes to the one who started us, who then stops us
            )  # fmt: skip
        wait_until(lambda: self._greets() or self.process_id is None, timeout_seconds=_START_TIMEOUT_SECONDS)
        if self.process_id is not None and self._greets():
            return
        self.kill()
        if "address already in use" in self._said(log_start):
            raise PortInUse(server=_SERVER, port=self._port)
        raise ServerFailed(server=_SERVER, reason="it did not become ready", log_path=self.log_path)

    def _greets(self) -> bool:
        # The listener opens after the streams are recovered, and speaks first.
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=1) as client:
                return client.recv(5) == b"INFO "
        except OSError:
            return False

    def _said(self, log_start: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(log_start)
            return log.read().decode(errors="replace")

    def _ended(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None
