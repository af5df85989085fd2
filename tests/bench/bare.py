"""The machine's own limits for one registration: the bare endpoint as a process, and pgbench with the same rows.

Owns their database, the template of a registration's rows, and their starting and stopping.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import create_async_engine

from bancheng.runtime.local_binaries import postgres_programs
from bancheng.runtime.local_process import pick_port
from bancheng.store import tables
from bancheng.store.database import driver_url
from tests.bench.bare_endpoint import WRITTEN, Template
from tests.bench.household import AT_ONCE, Household, poll
from tests.bench.load import Connection
from tests.support.tenants import XIAOSHAN

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "bancheng_bare"
_TPS = re.compile(r"tps = ([0-9.]+)")


@dataclass(frozen=True, kw_only=True)
class Bare:
    """A running bare endpoint, and where pgbench finds the same rows. `pgbench` is None where it is not installed."""

    port: int
    pgbench: Path | None
    script: Path
    url: str

    async def pgbench_per_second(self, seconds: float) -> float:
        """Transactions of the same inserts, prepared, from 16 clients without HTTP or Python."""
        whole_seconds = max(1, round(seconds))
        said = complained = b""
        # On a machine that is busy with other things a second may pass without a single transaction; then it says none.
        for longer in (1, 4, 16):
            said, complained = await self._run_pgbench(whole_seconds * longer)
            if found := _TPS.search(said.decode()):
                return float(found[1])
        raise AssertionError(f"pgbench: {(said + complained).decode()[-500:]}")

    async def _run_pgbench(self, seconds: int) -> tuple[bytes, bytes]:
        """What it said, and what it complained of. Raises AssertionError when it fails."""
        assert self.pgbench is not None
        arguments = [
            str(self.pgbench), "-n", "-M", "prepared", "-c", str(AT_ONCE), "-j", "1", "-T", str(seconds),
            "-f", str(self.script), self.url,
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said, complained = await process.communicate()
        if process.returncode:
            raise AssertionError(f"pgbench: {complained.decode()[-500:]}")
        return said, complained


@asynccontextmanager
async def bare_endpoint(household: Household) -> AsyncGenerator[Bare]:
    """Made from a registration that is there already at the village."""
    postgres, directory = household.system.postgres, household.system.directory
    template = await _template(household)
    path = directory / "bare-template.msgpack"
    path.write_bytes(msgspec.msgpack.encode(template))
    await postgres.create_database(DATABASE, owner="postgres")
    url = postgres.url(DATABASE)
    await _create_tables(url, template)
    script = directory / "bare.sql"
    script.write_text(_script())
    program = postgres_programs() / "pgbench"
    port = pick_port()
    with (directory / "bare.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.bare_endpoint", str(port), url, str(path),
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        await _listening(port)
        yield Bare(port=port, pgbench=program if program.exists() else None, script=script, url=url)
    finally:
        process.terminate()
        await process.wait()


async def _listening(port: int) -> None:
    async def listens() -> bool:
        with suppress(OSError):
            (await Connection.open(port)).close()
            return True
        return False

    await poll(listens)


async def _template(household: Household) -> Template:
    """One row of each table as the village wrote it. What its workers have already taken away is written out here."""
    found: Template = {
        "counter_delta": {"tenant": XIAOSHAN, "name": "registered", "unit": "330109101201", "delta": 1},
    }
    async with household.databases["village"].transaction(XIAOSHAN) as tx:
        for name in WRITTEN:
            if name in {"counter_delta", "gram_queue"}:
                continue
            columns = [column.name for column in tables.metadata.tables[name].columns if column.identity is None]
            where = "WHERE action = 'register'" if name == "audit" else ""
            row = await tx.fetch_one(f"SELECT {', '.join(columns)} FROM {name} {where} LIMIT 1")
            assert row is not None, name
            found[name] = dict(zip(columns, row, strict=True))
    found["gram_queue"] = {"tenant": XIAOSHAN, "case_id": found["cases"]["case_id"]}
    # A frame that is queued and not numbered yet, as it is written by the request.
    found["outbox"] |= {"epoch": None, "number": None, "link_hash": None}
    return found


async def _create_tables(url: str, template: Template) -> None:
    engine = create_async_engine(driver_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        for name in WRITTEN:
            await connection.execute(tables.metadata.tables[name].insert(), template[name])
    await engine.dispose()
    connection = cast("Any", await asyncpg.connect(url))  # pyright: ignore[reportUnknownMemberType]
    for name in WRITTEN:
        await connection.execute(f"CREATE TABLE template_{name} AS SELECT * FROM {name}")
        await connection.execute(f"TRUNCATE {name}")
    await connection.close()


def _script() -> str:
    """The inserts, each from its template with new keys, in one transaction."""
    new = {"case_id": "gen_random_uuid()", "key": "gen_random_uuid()::text"}
    lines = ["BEGIN;"]
    for name in WRITTEN:
        columns = [column.name for column in tables.metadata.tables[name].columns if column.identity is None]
        values = ", ".join(new.get(column, column) for column in columns)
        lines.append(f"INSERT INTO {name} ({', '.join(columns)}) SELECT {values} FROM template_{name};")
    return "\n".join([*lines, "COMMIT;", ""])
