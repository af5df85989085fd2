"""The folder in which a demo keeps everything, one demo at a time, and what a killed demo left running in it.

Owns the lock, deleting the folder, and finding left processes: those that name this very folder as their own. Each is
ended by its id. Must not know what the processes do.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import psutil

from bancheng.runtime.local_process import kill_tree, wait_until

MARK = "bancheng-demo"
"""A file that says whose folder this is: `--reset` deletes no other."""
STOP_SECONDS = 20.0


class FolderRefused(Exception):
    """The folder cannot be used. `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class DemoFolder:
    """`path` is absolute. Made when first used."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    def take(self) -> None:
        """Make it ours until `release` or the end of the process. Raises FolderRefused."""
        known = self.path / MARK
        if self.path.exists() and not known.exists() and any(self.path.iterdir()):
            raise FolderRefused("demo.not_a_demo_folder", f"{self.path} 里有别的东西 · holds something else")
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(known, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._lock, 20).decode(errors="replace").strip()
            self.release()
            detail = f"演示已在运行，进程 {holder} · a demo runs here already, process {holder}"
            raise FolderRefused("demo.runs_already", detail) from error
        os.ftruncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def empty(self) -> None:
        """Delete all but the mark, on which the lock is."""
        for each in self.path.iterdir():
            if each.name == MARK:
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()

    def left_processes(self) -> list[list[psutil.Process]]:
        """What an earlier demo on this folder started and did not stop: services, nats-server, PostgreSQL."""
        found = [(self._rank(each), each) for each in psutil.process_iter()]
        groups = [[process for rank, process in found if rank == wanted] for wanted in (1, 2, 3)]
        return [group for group in groups if group]

    def _rank(self, process: psutil.Process) -> int:
        """0: none of ours."""
        try:
            arguments = process.cmdline()
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                return 0
            if any(each.startswith("bancheng_") for each in arguments):
                return 1 if Path(process.cwd()) == self.path else 0
        except (psutil.Error, OSError):
            return 0
        options = list(pairwise(arguments))
        if any(name == "--store_dir" and self._is_inside(value) for name, value in options):
            return 2
        data = [value for name, value in options if name == "-D"]
        data += [each.removeprefix("--pgdata=") for each in arguments if each.startswith("--pgdata=")]
        return 3 if any(self._is_inside(value) for value in data) else 0

    def _is_inside(self, value: str) -> bool:
        return Path(value).is_relative_to(self.path)


def end_processes(group: Sequence[psutil.Process]) -> None:
    """SIGINT, which each of them takes as an orderly end; after STOP_SECONDS SIGKILL for it and all it started."""
    for process in group:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
    wait_until(lambda: not any(_runs(each) for each in group), timeout_seconds=STOP_SECONDS)
    for process in group:
        if _runs(process):
            kill_tree(process.pid)


def _runs(process: psutil.Process) -> bool:
    """A zombie does not: whoever adopted it may take its time."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
