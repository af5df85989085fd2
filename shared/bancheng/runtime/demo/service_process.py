"""One service as a child process of the demo: its settings, its log, its end.

Owns the process. Must not know what the service does: it is started by the command an operator would use.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from bancheng.runtime.local_process import LOOPBACK, PortInUse, ServerFailed, kill_tree, port_is_free

STOP_SECONDS = 10
UPGRADE_SECONDS = 120
_PROBE_SECONDS = 5
_LOG_KEPT_BYTES = 8 << 20


class ServiceProcess:
    """`bancheng-<name> serve` on a port, with its log in `folder/logs`. `settings` are by their field names."""

    def __init__(self, name: str, *, port: int, folder: Path, settings: Mapping[str, str]) -> None:
        self.name = name
        self.port = port
        self.log_path = folder / "logs" / f"{name}.log"
        self._folder = folder
        self._settings = dict(settings)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def process_id(self) -> int | None:
        """None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """Of the process that ended; negative: the signal."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Returns at once. Raises PortInUse."""
        if self.process_id is not None:
            return
        if not port_is_free(self.port):
            raise PortInUse(server=f"bancheng-{self.name}", port=self.port)
        self._process = self._run("serve", {})

    def upgrade(self, owner_url: str) -> subprocess.Popen[bytes]:
        """`db upgrade`, begun; `finish_upgrade` waits for it."""
        return self._run("db upgrade", {"owner_url": owner_url})

    def finish_upgrade(self, process: subprocess.Popen[bytes]) -> None:
        """Raises ServerFailed with the end of the log."""
        try:
            code = process.wait(UPGRADE_SECONDS)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            process.wait()
            code = None
        if code != 0:
            reason = "db upgrade failed" if code is not None else f"db upgrade took more than {UPGRADE_SECONDS} s"
            raise ServerFailed(server=f"bancheng-{self.name}", reason=reason, log_path=self.log_path)

    def is_ready(self) -> bool:
        """Whether it says that it can work. Raises ServerFailed when it has ended."""
        if self.process_id is None:
            reason = f"it ended with {self.exit_code}"
            raise ServerFailed(server=f"bancheng-{self.name}", reason=reason, log_path=self.log_path)
        try:
            # Our own address on this machine, whatever proxy the environment names.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{self.url}/readyz", timeout=_PROBE_SECONDS):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def ask_to_stop(self) -> None:
        """SIGTERM: requests and workers finish."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when it takes longer than it promised. Harmless when stopped."""
        self.ask_to_stop()
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS + 5)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def _run(self, command: str, more: Mapping[str, str]) -> subprocess.Popen[bytes]:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > _LOG_KEPT_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self.log_path.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
                [sys.executable, "-m", f"bancheng_{self.name}.app", *command.split()],
                env=self._environment(more), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C in a terminal goes to the demo, which then stops us in order
            )  # fmt: skip

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Nothing of ours from outside comes in: the demo is the same everywhere."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("BANCHENG_")}
        settings = {**self._settings, "port": str(self.port), "stop_seconds": str(STOP_SECONDS), **more}
        return outside | {f"BANCHENG_{name.upper()}": value for name, value in settings.items()}
