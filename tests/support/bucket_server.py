"""A server that speaks S3, of our own: nanio, from its wheel, on a folder.

Owns its life. Its buckets are the folders below its own; it knows one pair of keys.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bancheng.runtime.local_process import LOOPBACK, ServerFailed, kill_tree, pick_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKET = "papers"
_START_SECONDS = 20.0


class BucketServer:
    """Started by `with`; `stop` and `start` again keep what it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "buckets"
        self._log = folder / "bucket-server.log"
        self._keys = (secrets.token_hex(8), secrets.token_hex(16))
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        (self._folder / BUCKET).mkdir(parents=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """What tells a client of S3 where the server is and who asks."""
        key, secret = self._keys
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{self._port}",
            "AWS_ALLOW_HTTP": "true",
        }

    def file_of(self, name: str) -> Path:
        """Where the server keeps an object, to look at it past the server."""
        return self._folder / BUCKET / name

    def start(self) -> None:
        self._port = self._port or pick_port()
        key, secret = self._keys
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "nanio", "serve", "--host", LOOPBACK, "--port", str(self._port),
                    "--data-dir", str(self._folder), "--log-level", "warning", "--no-access-log",
                ],
                env={**os.environ, "NANIO_ACCESS_KEY": key, "NANIO_SECRET_KEY": secret},
                stdout=log, stderr=log,
            )  # fmt: skip
        if not wait_until(self._answers, timeout_seconds=_START_SECONDS):
            raise ServerFailed(server="nanio", reason="did not start", log_path=self._log)

    def stop(self) -> None:
        if self._process is not None:
            kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self._port)) == 0
