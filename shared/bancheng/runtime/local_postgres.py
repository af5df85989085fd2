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
from typing import TYPE_CHECKING, Self

from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.local_account import choose_account
from bancheng.runtime.local_binaries import postgres_programs
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
    from collections.abc import Mapping

_SUPERUSER = "postgres"
_SERVER = "PostgreSQL"
_INIT_TIMEOUT_SECONDS = 120
_START_TIMEOUT_SECONDS = 60  # recovery after a kill may have much to replay
_PICKED_PORT_TRIES = 5
_READY_LINE = 7  # of postmaster.pid, counted from 0; pg_ctl reads the same


class NamedPostgres(DatabaseAdmin):
    """A server that somebody else runs, named in BANCHENG_POSTGRES; starting and stopping it is not ours."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class PostgresServer(DatabaseAdmin):
    """A server of our own on `directory`, which keeps its data, password and log from one start to the next.

    It listens on 127.0.0.1 (password, SCRAM) and on a socket in a folder of its account only (no password). Port 0
    means a free one, picked at the first start and kept. `fsync=False` is for tests that need no durability.
    `settings` are further lines of postgresql.conf, for example `{"commit_delay": "6000"}`.
    """

    def __init__(
        self, *, directory: Path, port: int = 0, fsync: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self._directory = directory.absolute()
        self._port = port
        self._port_is_kept = port != 0
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
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_directory: Path | None = None
        super().__init__(admin_url="")

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start if none was given."""
        return self._port

    @property
    def admin_url(self) -> str:
        """The superuser's address; raises `ServerFailed` before the first start."""
        if not self._password_path.exists() or not self._port:
            raise ServerFailed(server=_SERVER, reason="it was never started, so it has no address yet")
        return f"postgresql://{_SUPERUSER}:{self._password_path.read_text()}@{LOOPBACK}:{self._port}/postgres"

    @property
    def socket_directory(self) -> Path:
        """The folder of the unix socket, while it runs."""
        if self._socket_directory is None:
            raise ServerFailed(server=_SERVER, reason="it does not run, so it has no socket")
        return self._socket_directory

    @property
    def log_path(self) -> Path:
        """The server's log, all starts in one file."""
        return self._directory / "postgres.log"

    @property
    def process_id(self) -> int | None:
        """The id of the server's main process, or None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Starts on the data of the last time, or makes them. Returns when connections are accepted.

        Raises `PortInUse` naming a given port, `ServerFailed` with the end of the log, also when another server of
        this data folder still runs.
        """
        if self.process_id is not None:
            return
        self._initialise()
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

    def stop(self, *, timeout_seconds: float = 30) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is kept. Harmless when stopped."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout_seconds)
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

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    @property
    def _password_path(self) -> Path:
        return self._directory / "superuser-password"

    def _initialise(self) -> None:
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
            raise ServerFailed(server=_SERVER, reason="initdb failed", log_path=self.log_path)

    def _paths(self) -> list[Path]:
        return [self._programs / "postgres", self._data / "PG_VERSION"]

    def _start_once(self) -> None:
        self._port = self._port or pick_port()
        if not port_is_free(self._port):
            raise PortInUse(server=_SERVER, port=self._port)
        self._account.own(self._data)
        self._socket_directory = Path(tempfile.mkdtemp(prefix="bancheng-pg-"))  # a socket's path may have 107 bytes
        self._account.own(self._socket_directory)
        settings = {**self._settings, "port": str(self._port), "unix_socket_directories": str(self._socket_directory)}
        arguments = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._account.command(arguments, paths=self._paths()),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
                start_new_session=True,  # Ctrl-C in a terminal goes to the one who started us, who then stops us
            )  # fmt: skip
        wait_until(lambda: self._ready() or self.process_id is None, timeout_seconds=_START_TIMEOUT_SECONDS)
        if not self._ready():
            self._failed_to_start(log_start)

    def _ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > _READY_LINE and lines[0] == str(self.process_id) and lines[_READY_LINE].strip() == "ready"

    def _failed_to_start(self, log_start: int) -> None:
        self.kill()
        self._ended()
        with self.log_path.open("rb") as log:
            log.seek(log_start)
            said = log.read().decode(errors="replace")
        if "Address already in use" in said:
            raise PortInUse(server=_SERVER, port=self._port)
        raise ServerFailed(server=_SERVER, reason="it did not become ready", log_path=self.log_path)

    def _ended(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None
        if self._socket_directory is not None:
            shutil.rmtree(self._socket_directory, ignore_errors=True)
            self._socket_directory = None


def postgres_for(directory: Path, *, port: int = 0, fsync: bool = True) -> NamedPostgres | PostgresServer:
    """The server named in BANCHENG_POSTGRES (a superuser's address), else a local one, not yet started."""
    named = os.environ.get("BANCHENG_POSTGRES")
    if named:
        return NamedPostgres(admin_url=named)
    return PostgresServer(directory=directory, port=port, fsync=fsync)
