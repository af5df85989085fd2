"""A nats-server for development, demo and tests: started, stopped, killed, reloaded and wiped by us.

Owns the life of a local server, its store folder and its configuration file. Must not know accounts, subjects or
streams (nats_config.py writes the text); never used in production.
"""

from __future__ import annotations

import shutil
import signal
import socket
from typing import IO, TYPE_CHECKING

from bancheng.runtime.local_binaries import nats_program
from bancheng.runtime.local_process import LOOPBACK, ServerFailed, wait_until
from bancheng.runtime.local_server import LocalServer, launched

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

_RELOAD_TIMEOUT_SECONDS = 10
_RELOADED = "Reloaded server configuration"
_RELOAD_FAILED = "Failed to reload server configuration"
OPEN_CONFIGURATION = "jetstream {}\n"
"""JetStream for everybody, without accounts: for tests that are not about permissions."""


class NatsServer(LocalServer):
    """A server of our own on `directory`, which keeps its store, configuration and log from one start to the next.

    `configuration` is the text of a configuration file; address, port and store folder are always ours.
    """

    server = "nats-server"
    end_signal = signal.SIGTERM
    start_seconds = 30
    stop_seconds = 20

    def __init__(self, *, directory: Path, port: int = 0, configuration: str = OPEN_CONFIGURATION) -> None:
        super().__init__(directory=directory, port=port)
        self._configuration = configuration
        self._program = nats_program()

    @property
    def url(self) -> str:
        """Where clients connect, for example `nats://127.0.0.1:10422`; raises `ServerFailed` before the first start."""
        if not self._port:
            raise ServerFailed(server=self.server, reason="it was never started, so it has no address yet")
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

    def wipe_store(self) -> None:
        """Deletes every stream on disk, as a lost disk would. Raises `ServerFailed` while it runs: kill it first."""
        if self.process_id is not None:
            raise ServerFailed(server=self.server, reason="its store is deleted only while it does not run")
        shutil.rmtree(self.store_path, ignore_errors=True)

    def reload(self, configuration: str) -> None:
        """Has the running server read `configuration`; clients stay connected. Returns when it has.

        Raises `ServerFailed` with what the server said when it refuses the text; it then keeps the old one.
        """
        if self._process is None or self.process_id is None:
            raise ServerFailed(server=self.server, reason="it does not run, so it cannot reload")
        before = self._configuration
        log_start = self.log_path.stat().st_size
        self.configuration_path.write_text(configuration)
        self._process.send_signal(signal.SIGHUP)
        wait_until(lambda: _RELOADED in self._said(log_start) or _RELOAD_FAILED in self._said(log_start),
                   timeout_seconds=_RELOAD_TIMEOUT_SECONDS)  # fmt: skip
        if _RELOADED not in self._said(log_start):
            self.configuration_path.write_text(before)
            raise ServerFailed(server=self.server, reason="it refused the new configuration", log_path=self.log_path)
        self._configuration = configuration

    def _prepare(self) -> None:
        self.store_path.mkdir(parents=True, exist_ok=True)
        self.configuration_path.write_text(self._configuration)

    def _begin(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        arguments = [
            str(self._program), "--config", str(self.configuration_path), "--addr", LOOPBACK,
            "--port", str(self._port), "--jetstream", "--store_dir", str(self.store_path),
        ]  # fmt: skip
        return launched(arguments, log, self._directory)

    def _is_ready(self) -> bool:
        # The listener opens after the streams are recovered, and speaks first.
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=1) as client:
                return client.recv(5) == b"INFO "
        except OSError:
            return False
