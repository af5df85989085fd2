"""Ports and processes of the local servers used for development, demo and tests.

Owns picking a port, saying plainly that one is taken, waiting with a deadline, and ending a process with everything it
started. Must not know what is being started; never used in production.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOPBACK = "127.0.0.1"

# Below the range from which Linux takes client ports (32768 and up): while a server is down, a client that keeps
# dialling its port could otherwise be given that very port and connect to itself, and the server could not come back.
FIRST_PORT = 10_240
LAST_PORT = 32_000
PORTS = "BANCHENG_LOCAL_PORTS"
"""`first-last`: where ports are picked instead, so that programs that run at the same time never pick the same one."""
_PORT_TRIES = 50
_given: set[int] = set()
"""Ports that this process was given: whoever has one may not have bound it yet."""
_POLL_SECONDS = 0.02
_LOG_TAIL_BYTES = 4_000


class PortInUse(Exception):
    """Another program listens on the port that a local server was told to use."""

    def __init__(self, *, server: str, port: int) -> None:
        super().__init__(f"{server}: port {port} on {LOOPBACK} is in use by another program; choose another port")
        self.server = server
        self.port = port


class ServerFailed(Exception):
    """A local server ended or did not become ready; carries the end of its log."""

    def __init__(self, *, server: str, reason: str, log_path: Path | None = None) -> None:
        tail = log_tail(log_path) if log_path is not None else ""
        super().__init__(f"{server}: {reason}" + (f"\n{tail}" if tail else ""))
        self.server = server
        self.log_tail = tail


def log_tail(log_path: Path) -> str:
    """The last few kilobytes of a log, or nothing when there is none."""
    try:
        with log_path.open("rb") as log:
            log.seek(max(0, log_path.stat().st_size - _LOG_TAIL_BYTES))
            return log.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do; without it a port in TIME_WAIT after a restart would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def pick_port() -> int:
    """A free port outside the range that the system hands to clients, or in the one named in BANCHENG_LOCAL_PORTS.

    Not one that was given before, while there are others. Raises `ServerFailed` after 50 tries, or when what is named
    is no range.
    """
    first, last = _port_range(os.environ.get(PORTS) or f"{FIRST_PORT}-{LAST_PORT}")
    found: int | None = None
    for _ in range(_PORT_TRIES):
        port = first + secrets.randbelow(last - first + 1)
        if port_is_free(port):
            found = port
            if port not in _given:
                break
    if found is None:
        raise ServerFailed(server="local server", reason=f"no free port found in {_PORT_TRIES} tries")
    _given.add(found)
    return found


def _port_range(named: str) -> tuple[int, int]:
    first, _, last = named.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 1_024 <= int(first) <= int(last) <= 65_535):
        raise ServerFailed(server="local server", reason=f"{PORTS} is `first-last` from 1024 to 65535, not {named!r}")
    return int(first), int(last)


def wait_until(ready: Callable[[], bool], *, timeout_seconds: float) -> bool:
    """Polls `ready` until it is true or the deadline has passed; returns whether it became true."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(_POLL_SECONDS)
    return ready()


def kill_tree(pid: int, *, timeout_seconds: float = 10) -> None:
    """SIGKILL for a process and all it started, also those with a session of their own; waits until they are gone.

    PostgreSQL's backends leave their parent's process group, so a signal to the group would miss them.
    """
    try:
        parent = psutil.Process(pid)
        parent.suspend()  # so that it starts nobody between the listing and the kill
        doomed = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    if not wait_until(lambda: not any(_lives(process) for process in doomed), timeout_seconds=timeout_seconds):
        survivors = [process.pid for process in doomed if _lives(process)]
        raise ServerFailed(server="local server", reason=f"processes {survivors} survived SIGKILL")


def _lives(process: psutil.Process) -> bool:
    # A zombie holds no memory, file or port any more; who reaps it is not ours to wait for.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
