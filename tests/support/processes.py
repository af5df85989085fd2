"""A service as a real process: started as an operator would, ended in order or killed.

Owns one process, its environment, port and log. Must not know what the service does.
"""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from bancheng.runtime.local_process import LOOPBACK, log_tail, pick_port, wait_until

START_SECONDS = 60.0
STOP_SECONDS = 40.0
COMMAND_SECONDS = 90.0
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Readiness is asked over plain HTTP dozens of times a second: reading all authorities each time took half a core."""


class ServiceProcess:
    """`bancheng-<name> serve` on a port that it keeps from one start to the next; or `work`, which has none."""

    def __init__(self, name: str, *, directory: Path, settings: Mapping[str, str], verb: str = "serve") -> None:
        self.name = name
        self._verb = verb
        self.port = pick_port()
        self.log_path = directory / f"{name}.log"
        self._directory = directory
        self.settings = dict(settings)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def process_id(self) -> int | None:
        """None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of ours from outside comes in."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("BANCHENG_")}
        ours = {f"BANCHENG_{name.upper()}": value for name, value in self.settings.items()}
        return outside | ours | {"BANCHENG_PORT": str(self.port), "PYTHONWARNINGS": "error"}

    def command(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Another command of the same service, with the same settings, to its end."""
        return subprocess.run(
            [sys.executable, "-m", f"bancheng_{self.name}.app", *arguments],
            env=self.environment, input=given, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False,
            cwd=self._directory,
        )  # fmt: skip

    def start(self) -> None:
        """Returns at once; see `wait_ready`."""
        if self.process_id is not None:
            return
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"bancheng_{self.name}.app", self._verb],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._directory,
                start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, timeout_seconds: float = START_SECONDS) -> None:
        """Raises AssertionError with the end of the log when it ends or does not become ready."""
        was_ready = wait_until(lambda: self.process_id is None or self.is_ready(), timeout_seconds=timeout_seconds)
        if self.process_id is None or not was_ready:
            raise AssertionError(f"{self.name} is not ready: {self.readiness()}\n{log_tail(self.log_path)}")

    def is_ready(self) -> bool:
        try:
            return self._ask_readiness().status_code == 200
        except httpx.HTTPError:
            return False

    def readiness(self) -> str:
        try:
            return self._ask_readiness().text
        except httpx.HTTPError as error:
            return type(error).__name__

    def _ask_readiness(self) -> httpx.Response:
        return httpx.get(f"{self.url}/readyz", timeout=5, verify=_NO_AUTHORITIES)

    def stop(self) -> int | None:
        """SIGTERM, and the exit code; None when it did not run. Raises when it does not end in time."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.name} did not stop\n{log_tail(self.log_path)}") from None

    def kill(self) -> None:
        """SIGKILL: nothing is finished."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8") if self.log_path.exists() else ""
