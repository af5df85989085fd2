"""A PostgreSQL for development, demo and tests: started, stopped and killed by us, or one that was named to us.

Owns the life of a local server and its data folder. Must not know roles, tables or tenants; never used in production.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.local_account import choose_account
from bancheng.runtime.local_binaries import postgres_programs
from bancheng.runtime.local_process import LOOPBACK, ServerFailed
from bancheng.runtime.local_server import LocalServer, launched

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUPERUSER = "postgres"
_INIT_TIMEOUT_SECONDS = 120
_READY_LINE = 7  # of postmaster.pid, counted from 0; pg_ctl reads the same


class NamedPostgres(DatabaseAdmin):
    """A server that somebody else runs, named in BANCHENG_POSTGRES; starting and stopping it is not ours."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class PostgresServer(LocalServer, DatabaseAdmin):
    """A server of our own on `directory`, which keeps its data, password and log from one start to the next.

    It listens on 127.0.0.1 (password, SCRAM) and on a socket in a folder of its account only (no password). Port 0
    means a free one, picked at the first start and kept. `fsync=False` is for tests that need no durability.
    `settings` are further lines of postgresql.conf, for example `{"commit_delay": "6000"}`.
    """

    server = "PostgreSQL"
    end_signal = signal.SIGINT
    """Open transactions are rolled back."""
    start_seconds = 60
    """Recovery after a kill may have much to replay."""
    stop_seconds = 30

    def __init__(
        self, *, directory: Path, port: int = 0, fsync: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        LocalServer.__init__(self, directory=directory, port=port)
        DatabaseAdmin.__init__(self, admin_url="")
        self._settings = {
            "listen_addresses": LOOPBACK,
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "fsync": "on" if fsync else "off",
            "full_page_writes": "on" if fsync else "off",
            **(settings or {}),
        }
        self._account = choose_account()
        self._programs = postgres_programs()
        self._socket_directory: Path | None = None

    @property
    def admin_url(self) -> str:
        """The superuser's address; raises `ServerFailed` before the first start."""
        if not self._password_path.exists() or not self._port:
            raise ServerFailed(server=self.server, reason="it was never started, so it has no address yet")
        return f"postgresql://{_SUPERUSER}:{self._password_path.read_text()}@{LOOPBACK}:{self._port}/postgres"

    @property
    def socket_directory(self) -> Path:
        """The folder of the unix socket, while it runs."""
        if self._socket_directory is None:
            raise ServerFailed(server=self.server, reason="it does not run, so it has no socket")
        return self._socket_directory

    @property
    def log_path(self) -> Path:
        """The server's log, all starts in one file."""
        return self._directory / "postgres.log"

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    @property
    def _password_path(self) -> Path:
        return self._directory / "superuser-password"

    def _prepare(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)  # an initdb that was killed leaves half a folder
        self._data.mkdir(parents=True)
        self._password_path.touch(mode=0o600)
        self._password_path.write_text(secrets.token_urlsafe(24))
        for path in (self._data, self._password_path):
            self._account.own(path)
        arguments = [
            str(self._programs / "initdb"), f"--pgdata={self._data}", f"--username={_SUPERUSER}",
            f"--pwfile={self._password_path}", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
        ]  # fmt: skip
        if self._settings["fsync"] == "off":
            arguments.append("--no-sync")
        with self.log_path.open("ab") as log:
            ended = subprocess.run(
                self._account.command(arguments, paths=self._paths()),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", check=False, timeout=_INIT_TIMEOUT_SECONDS,
            )  # fmt: skip
        if ended.returncode != 0:
            raise ServerFailed(server=self.server, reason="initdb failed", log_path=self.log_path)

    def _paths(self) -> list[Path]:
        return [self._programs / "postgres", self._data / "PG_VERSION"]

    def _begin(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        self._account.own(self._data)
        self._socket_directory = Path(tempfile.mkdtemp(prefix="bancheng-pg-"))  # a socket's path may have 107 bytes
        self._account.own(self._socket_directory)
        settings = {**self._settings, "port": str(self._port), "unix_socket_directories": str(self._socket_directory)}
        arguments = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        return launched(self._account.command(arguments, paths=self._paths()), log, "/")

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > _READY_LINE and lines[0] == str(self.process_id) and lines[_READY_LINE].strip() == "ready"

    def _ended(self) -> None:
        super()._ended()
        if self._socket_directory is not None:
            shutil.rmtree(self._socket_directory, ignore_errors=True)
            self._socket_directory = None


def postgres_for(directory: Path, *, port: int = 0, fsync: bool = True) -> NamedPostgres | PostgresServer:
    """The server named in BANCHENG_POSTGRES (a superuser's address), else a local one, not yet started."""
    named = os.environ.get("BANCHENG_POSTGRES")
    if named:
        return NamedPostgres(admin_url=named)
    return PostgresServer(directory=directory, port=port, fsync=fsync)
